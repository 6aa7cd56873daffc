"""Rows in any form: records with labels, predictions against labels, labels of any names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify import LABELS, PUBLISHED_WORDS, label_codes
from campaignkit.classify.encoding import own_labels
from campaignkit.classify.labels import read_labels
from campaignkit.dataset import Block, CampaignDataset, Vocabulary
from campaignkit.dataset.numbering import renumber
from campaignkit.dataset.records import read_records
from campaignkit.dataset.vocabulary import RESERVED
from campaignkit.errors import ClassifierError, EvaluationError, Fault
from campaignkit.metrics import Counts, Floats, count_confusion

_SLACK = 1e-3  # of a row's sum: half-precision softmaxes are off by some 1e-4
_SHOWN = 5
_DIGITS = ("0", "1", "2")
_WORDS = {word.casefold() for word in (*LABELS, *PUBLISHED_WORDS)}


@dataclass(frozen=True)
class LabelNames:
    """The labels of some rows in the order of their codes, and how they are read.

    Attributes
    ----------
    names : tuple of str
        neg, avg, pos where labels are the published ones, in any of their writings; else as they
        are given, sorted, or in the order that was asked for.
    columns : tuple of int
        Which code each column of unnamed probabilities is of, in the order that `classes_` has:
        sorted as the labels are written.
    is_published : bool

    Examples
    --------
    >>> LabelNames.of(["pos", "neg"]).names, LabelNames.of([1, 0]).names
    (('neg', 'avg', 'pos'), ('0', '1'))
    >>> LabelNames.of(["pos", "neg"]).columns  # avg, neg, pos
    (1, 0, 2)
    """

    names: tuple[str, ...]
    columns: tuple[int, ...]
    is_published: bool = False

    @classmethod
    def of(
        cls, *given: Any, labels: Sequence[Any] | None = None, num_codes: int = 0
    ) -> LabelNames:
        """The names of all labels in some columns; those of `labels`, in its order, if given.

        Labels that are whole numbers below `num_codes` are codes, of which there are so many.

        Raises
        ------
        EvaluationError
            If labels cannot be read, or there are fewer than two in `labels`.
        """
        if labels is not None:
            names = tuple(map(_text, labels)) if not isinstance(labels, str) else ()
            if len(names) < 2 or len({*names}) < len(names):
                raise EvaluationError(
                    f"labels are {labels!r}; expected two or more different ones"
                )
            return cls(names, tuple(range(len(names))))
        found: dict[Any, None] = {}
        for column in given:
            found |= dict.fromkeys(_read(column).tolist())
        if all(isinstance(code, int) and 0 <= code < num_codes for code in found):
            found |= dict.fromkeys(range(num_codes))
        texts = {_text(label) for label in found}
        if _are_published(found):
            written = next(
                (w for w in (LABELS, PUBLISHED_WORDS, _DIGITS) if texts <= {*w}), LABELS
            )
            return cls(LABELS, tuple(np.argsort(written).tolist()), is_published=True)
        is_mixed = len({isinstance(label, str) for label in found}) > 1
        ordered = sorted(texts) if is_mixed else [_text(label) for label in sorted(found)]
        return cls(tuple(dict.fromkeys(ordered)), tuple(range(len(texts))))

    def __len__(self) -> int:
        return len(self.names)

    def codes(
        self, values: Any, where: str, faults: list[Fault], *, ids: Sequence[str] | None = None
    ) -> Counts | None:
        """int64[rows]; None where `faults` got what is wrong, by `ids` where rows have them."""
        try:
            read = _read(values)
            if self.is_published:
                return label_codes(read)
        except (ClassifierError, EvaluationError) as err:
            for fault in err.faults[:_SHOWN] or (Fault("", err.message, err.hint),):
                place = fault.where.removeprefix("labels")
                if ids is not None and place[1:-1].isdigit():
                    place = f" of id {ids[int(place[1:-1])]!r}"
                faults.append(Fault(where + place, fault.found, fault.fix or err.hint))
            return None
        code_of = {name: code for code, name in enumerate(self.names)}
        codes = np.array([code_of.get(_text(value), -1) for value in read.tolist()], np.int64)
        wrong = np.flatnonzero(codes < 0).tolist()
        for row in wrong[:_SHOWN]:
            place = f"[{row}]" if ids is None else f" of id {ids[row]!r}"
            found = f"{ascii(read[row].item())[:60]} is not a label"
            faults.append(Fault(where + place, found, f"labels are {', '.join(self.names)}"))
        if len(wrong) > _SHOWN:
            faults.append(Fault(where, f"{len(wrong) - _SHOWN:,} more rows with other values"))
        return None if wrong else codes

    def shares(
        self,
        given: Any,
        faults: list[Fault],
        *,
        ids: Sequence[str] | None = None,
        columns: Sequence[int] | None = None,
    ) -> Floats | None:
        """float64[rows, labels] that add up to 1; None where `faults` got what is wrong.

        The columns of a data frame are read by name; those of an array are the codes `columns`,
        by default those of :attr:`columns`.
        """
        name, order = "probabilities", self.columns if columns is None else tuple(columns)
        if hasattr(given, "columns"):
            frame = _frame(given)
            wanted = f"a column for each of {', '.join(self.names)}"
            told: list[Fault] = []
            titles = list(frame.columns)
            codes = self.codes(titles, name, told)
            # Numbers that a frame gave its columns are no codes where labels are words.
            are_numbers = self.columns != (0, 1, 2) and not any(isinstance(t, str) for t in titles)
            is_named = codes is not None and sorted(codes.tolist()) == list(range(len(self)))
            if codes is None or not is_named or (self.is_published and are_numbers):
                found = f"have the columns {', '.join(map(str, titles))[:200]}"
                faults.append(Fault(name, found, wanted))
                return None
            given, order = frame.to_numpy(), tuple(codes.tolist())
        try:
            shares: Floats = np.asarray(given, np.float64)
        except (TypeError, ValueError, OverflowError):  # the last: whole numbers such as 10^400
            faults.append(Fault(name, "are not a table of numbers", "float[rows, labels]"))
            return None
        if shares.ndim != 2 or shares.shape[1] != len(self):
            wanted = f"(rows, {len(self)}), a column a label"
            hint = "" if self.is_published else "name all labels: labels=[...]"
            faults.append(Fault(name, f"have shape {shares.shape}; expected {wanted}", hint))
            return None
        checks = {
            "contain NaN or infinity": ~np.isfinite(shares).all(axis=1),
            "are not between 0 and 1": ((shares < -_SLACK) | (shares > 1 + _SLACK)).any(axis=1),
            "do not add up to 1": np.abs(shares.sum(axis=1) - 1) > _SLACK,
        }
        for problem, is_wrong in checks.items():
            if is_wrong.any():
                row = int(np.argmax(is_wrong))
                told_shares = ", ".join(f"{share:.4g}" for share in shares[row])
                of = f"in {int(is_wrong.sum()):,} of {len(shares):,} rows, first: {told_shares}"
                place = f"[{row}]" if ids is None else f" of id {ids[row]!r}"
                fix = "give what predict_proba gave"
                faults.append(Fault(name + place, f"{problem} {of}", fix))
                return None
        placed = np.empty_like(shares)
        placed[:, order] = np.clip(shares, 0, 1)
        return np.asarray(placed / placed.sum(axis=1, keepdims=True))


@dataclass(frozen=True, eq=False, repr=False)
class JudgedRows:
    """Codes of true and predicted labels, and probabilities where there are any.

    Attributes
    ----------
    labels : tuple of str
    truth, predicted : int64[rows]
        Positions in `labels`.
    probabilities : float64[rows, labels] or None
        In the order of `labels`.

    Examples
    --------
    >>> rows = judge_rows(["neg", "pos"], [[0.2, 0.6, 0.2], [0.3, 0.1, 0.6]])  # avg, neg, pos
    >>> rows.predicted.tolist(), rows.confusion.tolist()
    ([0, 2], [[1, 0, 0], [0, 0, 0], [0, 0, 1]])
    """

    labels: tuple[str, ...]
    truth: Counts
    predicted: Counts
    probabilities: Floats | None = None

    @property
    def confusion(self) -> Counts:
        """int64[labels, labels], true labels in rows."""
        return count_confusion(self.truth, self.predicted, num_labels=len(self.labels))

    def take(self, rows: NDArray[Any]) -> JudgedRows:
        """The rows at these positions, or where a mask is true."""
        shares = None if self.probabilities is None else self.probabilities[rows]
        return JudgedRows(self.labels, self.truth[rows], self.predicted[rows], shares)

    def __len__(self) -> int:
        return len(self.truth)

    def __repr__(self) -> str:
        beside = " with probabilities" if self.probabilities is not None else ""
        return f"JudgedRows({len(self):,} rows{beside}, labels {', '.join(self.labels[:_SHOWN])})"


def judge_rows(
    y_true: Any,
    y_pred: Any = None,
    *,
    probabilities: Any = None,
    labels: Sequence[Any] | None = None,
    names: LabelNames | None = None,
) -> JudgedRows:
    """Check labels and predictions, and turn them into codes.

    Parameters
    ----------
    y_true : sequence
        Labels of any names: texts or whole numbers.
    y_pred : sequence or table, optional
        Predicted labels; a table of numbers is taken as `probabilities`.
    probabilities : float[rows, labels] or data frame, optional
        As `predict_proba` gives them, a column a label, sorted as the labels are written; or in
        the order of `labels`; those of a data frame are read by name. Without `y_pred` the most
        probable label is predicted.
    labels : sequence, optional
        All labels, in the order to show them.
    names : LabelNames, optional
        The same where they are read already.

    Raises
    ------
    EvaluationError
        If labels are unknown, numbers of rows differ, or probabilities are no probabilities.

    Examples
    --------
    >>> judge_rows(["neg", "pos"], ["neg"])
    Traceback (most recent call last):
        ...
    campaignkit.errors.EvaluationError: predictions that cannot be scored
      y_pred: has 1 row; expected 2, as y_true
    """
    if probabilities is None and y_pred is not None and _is_table(y_pred):
        y_pred, probabilities = None, y_pred
    if y_pred is None and probabilities is None:
        raise EvaluationError("there are no predictions", hint="give y_pred or probabilities=")
    if names is None:
        names = names_of(y_true, y_pred, probabilities, labels=labels)
    faults: list[Fault] = []
    truth = names.codes(y_true, "y_true", faults)
    told = None if y_pred is None else names.codes(y_pred, "y_pred", faults)
    shares = None if probabilities is None else names.shares(probabilities, faults)
    if truth is not None:
        for name, part in (("y_pred", told), ("probabilities", shares)):
            if part is not None and len(part) != len(truth):
                rows = f"has {len(part):,} row{'s' if len(part) != 1 else ''}"
                faults.append(Fault(name, f"{rows}; expected {len(truth):,}, as y_true"))
        if not len(truth) and not faults:
            faults.append(Fault("y_true", "has no rows", "score one row or more"))
    if faults:
        raise EvaluationError("predictions that cannot be scored", faults=faults)
    assert truth is not None
    if told is None:
        assert shares is not None
        told = shares.argmax(axis=1).astype(np.int64)
    return JudgedRows(names.names, truth, told, shares)


def names_of(*columns: Any, labels: Sequence[Any] | None = None) -> LabelNames:
    """The names of all labels in columns of labels and tables of probabilities; None is neither.

    Raises
    ------
    EvaluationError
        If labels cannot be read.

    Examples
    --------
    >>> names_of([0, 1], [[0.2, 0.6, 0.2], [0.3, 0.1, 0.6]]).names
    ('neg', 'avg', 'pos')
    """
    given, widths = [], []
    for column in columns:
        if hasattr(column, "columns"):
            given.append(list(column.columns))
        elif column is not None and _is_table(column):
            widths.append(len(column[0]) if len(column) else 0)
        elif column is not None:
            given.append(column)
    try:
        return LabelNames.of(*given, labels=labels, num_codes=max(widths, default=0))
    except ClassifierError as err:
        raise EvaluationError(err.message, hint=err.hint, faults=err.faults) from err


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Records and as many labels, both as they were given.

    Attributes
    ----------
    records : CampaignDataset, data frame, or list of mappings or texts
    labels : array
        As the caller writes them.
    names : LabelNames

    Examples
    --------
    >>> rows = labelled_rows(([{"geo": ["Peru"]}, {"geo": ["Chile"]}], ["pos", "neg"]))
    >>> len(rows), rows.codes.tolist(), rows.dataset.label_names
    (2, [2, 0], ('neg', 'avg', 'pos'))
    """

    records: Any
    labels: NDArray[Any]
    names: LabelNames

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def codes(self) -> Counts:
        """int64[rows], positions in the names."""
        faults: list[Fault] = []
        codes = self.names.codes(self.labels, "labels", faults)
        if codes is None:
            raise EvaluationError("labels that cannot be used", faults=faults)
        return codes

    @property
    def are_texts(self) -> bool:
        """Whether the records are texts, which only models of text can read."""
        first = next(iter(self.records), None) if isinstance(self.records, list) else None
        return isinstance(first, str)

    @cached_property
    def dataset(self) -> CampaignDataset:
        """The rows as campaigns, with the names as labels.

        Raises
        ------
        EvaluationError
            If the rows are texts.
        """
        if self.are_texts:
            raise EvaluationError(
                "these rows are texts, but this needs their attributes",
                hint="give a CampaignDataset, a data frame or records with the labels",
            )
        found = read_records(self.records)
        block = Block(found.block.nodes, found.block.offsets, self.codes.astype(np.uint8))
        own = self.records if isinstance(self.records, CampaignDataset) else None
        origin = None if own is None else own.provenance
        return CampaignDataset(block, found.vocabulary, self.names.names, provenance=origin)

    def take(self, rows: NDArray[np.integer]) -> LabelledRows:
        """The rows at these positions."""
        records = self.records
        if isinstance(records, CampaignDataset):
            records = records.select(rows)
        elif isinstance(records, list | tuple):
            records = [records[row] for row in rows.tolist()]
        else:
            records = _frame(records)[rows.tolist()].to_native()
        return LabelledRows(records, self.labels[rows], self.names)

    def without(self, modality: str) -> LabelledRows:
        """The rows with all values of one modality taken out."""
        records = self.records
        if isinstance(records, list | tuple) and all(isinstance(row, Mapping) for row in records):
            records = [{k: v for k, v in row.items() if k != modality} for row in records]
        elif hasattr(records, "columns") and modality in list(records.columns):
            records = _frame(records).drop(modality).to_native()
        else:
            records = _without(self.dataset, modality)
        return LabelledRows(records, self.labels, self.names)

    def digest(self) -> str:
        """``"sha256:..."`` of what the rows hold, however they were given."""
        hasher = hashlib.sha256(b"campaignkit.rows.1")
        if self.are_texts:
            hasher.update(json.dumps(self.records).encode())
        else:
            block, vocabulary = self.dataset.block, self.dataset.vocabulary
            used, nodes = np.unique(block.nodes, return_inverse=True)
            hasher.update(json.dumps([vocabulary.keys[node] for node in used.tolist()]).encode())
            for array in (nodes, block.offsets):
                hasher.update(array.astype("<i8").tobytes())
        hasher.update(self.codes.astype("<i8").tobytes())
        if not self.names.is_published:
            hasher.update(json.dumps(self.names.names).encode())
        return "sha256:" + hasher.hexdigest()


def labelled_rows(
    data: Any, *, name: str = "rows", names: LabelNames | None = None
) -> LabelledRows:
    """Read a data set, or records with their labels.

    Parameters
    ----------
    data : CampaignDataset, LabelledRows or (records, labels)
        Records as classifiers take them: a data set, a data frame, a list of
        ``{modality: [values]}``, or a list or column of texts.
    name : str
        What errors call it.
    names : LabelNames, optional
        Of the labels; by default those that there are.

    Raises
    ------
    EvaluationError
        If it is neither, labels cannot be read, or numbers of rows differ.

    Examples
    --------
    >>> len(labelled_rows(([{"geo": "Peru"}, {"geo": "Chile"}], ["neg", "pos"])))
    2
    """
    if isinstance(data, LabelledRows):
        return data if names is None else LabelledRows(data.records, data.labels, names)
    if isinstance(data, tuple) and len(data) == 2:
        records, labels = data
    else:
        try:
            records, labels = _unlabelled(data), own_labels(data)
        except ClassifierError as err:
            raise EvaluationError(
                f"{name}: {type(data).__name__} without labels; expected a CampaignDataset or "
                "(records, labels)",
                hint=f"a data frame may have the labels in a column {RESERVED!r}",
            ) from err
    try:
        read = _read(labels)
        rows = LabelledRows(records, read, names or LabelNames.of(read))
    except (ClassifierError, EvaluationError) as err:
        raise EvaluationError(f"{name}: {err.message}", hint=err.hint, faults=err.faults) from err
    if hasattr(records, "to_list") and not hasattr(records, "columns"):  # a column of texts
        rows = LabelledRows(records.to_list(), read, rows.names)
    faults: list[Fault] = []
    if rows.names.codes(read, f"{name}: labels", faults) is None:
        raise EvaluationError(f"{name}: labels that cannot be used", faults=faults)
    num = len(rows.records) if hasattr(rows.records, "__len__") else len(rows.dataset)
    if num != len(rows):
        raise EvaluationError(
            f"{name}: {num:,} records and {len(rows):,} labels; expected the same number of each"
        )
    if not len(rows):
        raise EvaluationError(f"{name}: no rows", hint="give one row or more")
    return rows


def read_together(labels: Sequence[Any] | None = None, **parts: Any) -> tuple[LabelledRows, ...]:
    """Several parts of one comparison, their labels numbered alike.

    Examples
    --------
    >>> train, test = read_together(
    ...     train=([{"geo": "Peru"}], ["good"]), test=([{"geo": "Peru"}], ["bad"]))
    >>> train.names.names, test.codes.tolist()
    (('bad', 'good'), [0])
    """
    read = [labelled_rows(data, name=name) for name, data in parts.items()]
    names = LabelNames.of(*(rows.labels for rows in read), labels=labels)
    return tuple(
        rows if rows.names == names
        else labelled_rows((rows.records, rows.labels), name=name, names=names)
        for name, rows in zip(parts, read, strict=True)
    )  # fmt: skip


def on_one_vocabulary(*parts: CampaignDataset) -> tuple[Vocabulary, list[Block]]:
    """The blocks of some data sets, numbered alike.

    Examples
    --------
    >>> rows = labelled_rows(([{"geo": ["Peru"]}], ["pos"])).dataset
    >>> len(on_one_vocabulary(rows, rows)[0])
    1
    """
    if len({id(part.vocabulary) for part in parts}) == 1:
        return parts[0].vocabulary, [part.block for part in parts]
    shared = Vocabulary.of({key for part in parts for key in part.vocabulary.keys})
    blocks = []
    for part in parts:
        numbers = [shared.node_of[key] for key in part.vocabulary.keys]
        blocks.append(renumber(part.block, np.array(numbers, np.int32)))
    return shared, blocks


def _frame(given: Any) -> Any:  # Any: a data frame of any library, behind one interface
    import narwhals as nw

    return nw.from_native(given, eager_only=True)


def _unlabelled(records: Any) -> Any:
    """The records without a column of labels, which foreign classifiers would read."""
    if isinstance(records, list) and all(isinstance(row, Mapping) for row in records):
        return [{k: v for k, v in row.items() if k != RESERVED} for row in records]
    if RESERVED in list(getattr(records, "columns", ())):
        return _frame(records).drop(RESERVED).to_native()
    return records


def _without(dataset: CampaignDataset, modality: str) -> CampaignDataset:
    vocabulary, block = dataset.vocabulary, dataset.block
    kept = vocabulary.modality_of != vocabulary.modalities.index(modality)
    is_kept = kept[block.nodes]
    before = np.append(0, np.cumsum(is_kept)).astype(np.int64)
    new_number = (np.cumsum(kept) - 1).astype(np.int32)
    left = Block(new_number[block.nodes[is_kept]], before[block.offsets], block.labels)
    keys = Vocabulary(tuple(vocabulary.keys[node] for node in np.flatnonzero(kept)))
    return CampaignDataset(left, keys, dataset.label_names)


def _read(values: Any) -> NDArray[Any]:
    try:
        return read_labels(values)
    except ClassifierError:
        # Numbers beside published words are their codes.
        listed = values.tolist() if hasattr(values, "tolist") else values
        if not isinstance(listed, list | tuple) or not _are_published(listed):
            raise
        return np.array(listed, object)


def _text(label: Any) -> str:
    if isinstance(label, float | np.floating) and float(label).is_integer():
        return str(int(label))
    return str(label)


def _are_published(labels: Iterable[Any]) -> bool:
    """Whether some are published words; the other labels are then compared with these.

    Codes alone are the published ones where there are all three.
    """
    given = [label for label in labels if isinstance(label, str | int | float | np.generic)]
    texts = {_text(label).casefold() for label in given if not isinstance(label, bool | np.bool_)}
    return not texts.isdisjoint(_WORDS) or texts == {*_DIGITS}


def _is_table(values: Any) -> bool:
    if isinstance(values, str | bytes):
        return False
    if hasattr(values, "columns"):
        return True
    if hasattr(values, "ndim"):
        return int(values.ndim) == 2
    first = next(iter(values), None) if isinstance(values, Sequence) else None
    return isinstance(first, Sequence | np.ndarray) and not isinstance(first, str)
