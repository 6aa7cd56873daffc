"""The data set: labelled campaigns, to look at, to split and to write."""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from campaignkit.dataset.block import Block
from campaignkit.dataset.campaign import Campaign
from campaignkit.dataset.evaluation import DatasetEvaluation
from campaignkit.dataset.frame import to_frame
from campaignkit.dataset.numbering import renumber
from campaignkit.dataset.provenance import Provenance
from campaignkit.dataset.reading import read_files
from campaignkit.dataset.split import split_rows
from campaignkit.dataset.vocabulary import RESERVED, Vocabulary, checked_label_names
from campaignkit.dataset.writer import DatasetWriter, Format
from campaignkit.errors import DatasetError
from campaignkit.show import escape
from campaignkit.store import checked_path

_WRITTEN_ROWS = 100_000  # rows handed to a writer at a time
_SHOWN_ROWS = 2  # of each label: a data set's first rows are all of one
_SHOWN_LABELS = 5
_SHOWN_VALUES = 6


class CampaignDataset(Sequence[Campaign]):
    """Labelled campaigns in order, with where they came from.

    Parameters
    ----------
    block : Block
        The rows.
    vocabulary : Vocabulary
        What node numbers stand for.
    label_names : sequence of str
        What label codes stand for.
    provenance : Provenance or None
        Graph, spec, seed and steps, for the manifest.
    evaluation : DatasetEvaluation or None
        Written with the rows where known.

    Raises
    ------
    DatasetError
        If the block does not fit the vocabulary or the label names.

    Examples
    --------
    >>> vocabulary = Vocabulary.of([("brand", "Nike"), ("geo", "Chile"), ("geo", "Peru")])
    >>> block = Block.of_rows([[0, 1, 2], [0, 2]], labels=[0, 1])
    >>> dataset = CampaignDataset(block, vocabulary, ["pos", "neg"])
    >>> dataset
    CampaignDataset(2 campaigns: 1 pos, 1 neg; 3 attributes in 2 modalities)
    >>> dataset[0]
    Campaign(pos: brand Nike; geo Chile, Peru)
    >>> len(dataset), [campaign.label for campaign in dataset]
    (2, ['pos', 'neg'])
    """

    def __init__(
        self,
        block: Block,
        vocabulary: Vocabulary,
        label_names: Sequence[str],
        *,
        provenance: Provenance | None = None,
        evaluation: DatasetEvaluation | None = None,
    ) -> None:
        self.label_names = checked_label_names(label_names)
        block.check(num_nodes=len(vocabulary), num_labels=len(self.label_names))
        self.block = block
        self.vocabulary = vocabulary
        self.provenance = provenance or Provenance()
        self.evaluation = evaluation

    @classmethod
    def read(cls, path: Path | str) -> CampaignDataset:
        """Read a folder that :meth:`write` made, or a bare ``.jsonl`` or ``.parquet`` file.

        A folder is checked against its manifest and gives back what was written, origin and
        evaluation included. A bare file gives its rows and the attributes that occur in them.

        Raises
        ------
        ArtifactError
            If the folder has no manifest, or a file is not the one that was written.
        DatasetError
            If the file contains something else: every fault with its line.
        """
        files = read_files(checked_path(path, error=DatasetError))
        return cls(
            files.rows.block,
            files.rows.vocabulary,
            files.rows.label_names,
            provenance=files.provenance,
            evaluation=files.evaluation,
        )

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        label: str | None = None,
        outcome: str | None = None,
        exposure: str | None = None,
        quantiles: Sequence[float] = (1 / 3, 2 / 3),
        labels: Sequence[str] = ("neg", "avg", "pos"),
        higher_is_better: bool = True,
        separator: str | None = ",",
        leave_out: Collection[str] = (),
        keep: Collection[str] = (),
    ) -> CampaignDataset:
        """Campaigns of your own: a row each, a column per modality, and a label or an outcome.

        Columns of measures, dates and identifiers are left out and named in a
        :class:`~campaignkit.catalogue.ColumnsLeftOut` warning; rows without an outcome, exposure
        or attribute are left out and counted in a `RowsLeftOut` warning.

        Parameters
        ----------
        frame : data frame, path, or whatever else :func:`campaignkit.tables.open_table` opens
            pandas, polars, pyarrow or another that narwhals reads; cells are texts, lists, or
            empty. Paths need the extra ``tables``, which reads numbers written as text, too.
        label : str, optional
            Column of labels; ``"label"`` by default.
        outcome : str, optional
            Column of numbers to cut into labels instead, such as a click-through rate.
        exposure : str, optional
            Column of what the outcome is a mean over, such as impressions: rows of little
            exposure are drawn towards the mean before the cut, so that they are no extremes.
        quantiles : sequence of float
            Shares of the rows below each cut, ascending, in (0, 1).
        labels : sequence of str
            Names from the worst to the best, one more than quantiles.
        higher_is_better : bool
            False for costs.
        separator : str or None
            What divides the values of a text cell; None takes cells whole.
        leave_out, keep : collection of str
            Columns that are no attributes, and columns that are whatever they look like.

        Raises
        ------
        CatalogueError
            If the frame or its attribute columns cannot be read.
        DatasetError
            If there is no label, both label and outcome are given, or outcomes cannot be cut.

        Examples
        --------
        >>> import pyarrow as pa
        >>> frame = pa.table({"brand": ["Nike", "Puma"] * 3, "ctr": [0.3, 0.1] * 3})
        >>> CampaignDataset.from_frame(
        ...     frame, outcome="ctr", quantiles=[0.5], labels=["low", "high"])
        CampaignDataset(6 campaigns: 3 low, 3 high; 2 attributes in 1 modalities)
        """
        from campaignkit.dataset import measured

        if label is not None and outcome is not None:
            raise DatasetError(
                f"both label={label!r} and outcome={outcome!r} are given; expected one of them"
            )
        options: dict[str, Any] = {"separator": separator, "leave_out": leave_out, "keep": keep}
        if outcome is not None:
            told = measured.measured_rows(frame, outcome=outcome, exposure=exposure, **options)
            codes = measured.outcome_labels(
                told.outcome, exposure=told.exposure, quantiles=quantiles, labels=labels,
                higher_is_better=higher_is_better,
            )  # fmt: skip
            return cls(told.rows.labelled(codes), told.rows.vocabulary, labels)
        rows, codes, names = measured.labelled_rows(frame, label=label or RESERVED, **options)
        return cls(rows.labelled(codes), rows.vocabulary, names)

    def write(
        self, folder: Path | str, *, format: Format = "jsonl", replace: bool = False
    ) -> Path:
        """Write the rows, the vocabulary and a manifest into a new folder.

        Parameters
        ----------
        folder : Path or str
            Made whole or not at all.
        format : {"jsonl", "parquet"}
            Parquet needs the extra ``tables``.
        replace : bool
            Whether a folder that is not empty may be replaced.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        ArtifactError
            If the folder cannot be made, or is not empty and `replace` is false.

        Examples
        --------
        >>> import tempfile
        >>> dataset = CampaignDataset(
        ...     Block.of_rows([[0]], labels=[0]), Vocabulary.of([("brand", "Nike")]), ["pos"]
        ... )
        >>> with tempfile.TemporaryDirectory() as place:
        ...     folder = dataset.write(Path(place, "out"))
        ...     CampaignDataset.read(folder) == dataset
        True
        """
        with DatasetWriter(
            folder,
            self.vocabulary,
            self.label_names,
            format=format,
            replace=replace,
            provenance=self.provenance,
        ) as writer:
            for start in range(0, len(self), _WRITTEN_ROWS):
                writer.append(self.block[start : start + _WRITTEN_ROWS])
            writer.describe(evaluation=self.evaluation)
        return writer.folder

    def split(
        self, *, test: float = 0.3, seed: int = 0
    ) -> tuple[CampaignDataset, CampaignDataset]:
        """A train and a test data set: by label, identical node sets on one side, rows in order.

        Parameters
        ----------
        test : float
            Share of each label's rows for the test side, between 0 and 1.
        seed : int
            The same rows and seed give the same split.

        Raises
        ------
        DatasetError
            If the share is out of range or a side would be empty.

        Examples
        --------
        >>> block = Block.of_rows([[0], [1], [0], [1]], labels=[0, 0, 0, 0])
        >>> vocabulary = Vocabulary.of([("geo", "Chile"), ("geo", "Peru")])
        >>> train, test = CampaignDataset(block, vocabulary, ["pos"]).split(test=0.5)
        >>> test[0] == test[1], train[0] == test[0]
        (True, False)
        """
        train_rows, test_rows = split_rows(self.block, test=test, seed=seed)
        step = f"split(test={test}, seed={seed})"
        return self._part(train_rows, f"{step}: train"), self._part(test_rows, f"{step}: test")

    def select(self, rows: ArrayLike) -> CampaignDataset:
        """The rows at these positions, or where a mask is true, in the order given.

        Raises
        ------
        DatasetError
            If a position is out of range, or a mask has another length.

        Examples
        --------
        >>> block = Block.of_rows([[0], [1]], labels=[0, 1])
        >>> vocabulary = Vocabulary.of([("geo", "Chile"), ("geo", "Peru")])
        >>> dataset = CampaignDataset(block, vocabulary, ["pos", "neg"])
        >>> dataset.select(dataset.labels == "neg")[0].attributes
        {'geo': ('Peru',)}
        """
        positions = np.asarray(rows)
        if positions.dtype == bool:
            if positions.shape != (len(self),):
                raise DatasetError(
                    f"the mask has shape {positions.shape}; expected ({len(self)},)"
                )
            positions = np.flatnonzero(positions)
        if positions.size == 0:
            positions = np.zeros(0, np.int64)
        if positions.ndim != 1 or not np.issubdtype(positions.dtype, np.integer):
            raise DatasetError("rows are not a list of positions or a mask")
        if len(positions) and not (-len(self) <= positions.min() <= positions.max() < len(self)):
            raise DatasetError(
                f"row positions run from {positions.min()} to {positions.max()}; "
                f"expected {-len(self)} to {len(self) - 1}"
            )
        return self._part(positions % max(len(self), 1), f"select: {len(positions)} rows")

    def with_evaluation(self, evaluation: DatasetEvaluation) -> CampaignDataset:
        """The same rows with an evaluation to be written with them."""
        return CampaignDataset(
            self.block,
            self.vocabulary,
            self.label_names,
            provenance=self.provenance,
            evaluation=evaluation,
        )

    def to_frame(self, *, backend: str | None = None) -> Any:  # a frame of the chosen library
        """A data frame with a list column per modality, and ``label``.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"} or None
            None takes the first of them that is installed.

        Examples
        --------
        >>> dataset = CampaignDataset(
        ...     Block.of_rows([[0]], labels=[0]), Vocabulary.of([("brand", "Nike")]), ["pos"]
        ... )
        >>> list(dataset.to_frame(backend="pandas").columns)
        ['brand', 'label']
        """
        return to_frame(self.block, self.vocabulary, self.label_names, backend=backend)

    @property
    def labels(self) -> NDArray[np.str_]:
        """str[rows], the label of every campaign."""
        return np.array(self.label_names)[self.block.labels]

    @property
    def label_counts(self) -> dict[str, int]:
        """Campaigns by label, in the order of the label names."""
        counts = np.bincount(self.block.labels, minlength=len(self.label_names))
        return dict(zip(self.label_names, counts.tolist(), strict=True))

    @property
    def type_ranges(self) -> dict[str, tuple[int, int]]:
        """The fewest and the most attributes of each modality that a campaign of this set has.

        Examples
        --------
        >>> vocabulary = Vocabulary.of([("brand", "Nike"), ("geo", "Chile"), ("geo", "Peru")])
        >>> block = Block.of_rows([[0, 1, 2], [0, 2]], labels=[0, 1])
        >>> CampaignDataset(block, vocabulary, ["pos", "neg"]).type_ranges
        {'brand': (1, 1), 'geo': (1, 2)}
        """
        names, starts = self.vocabulary.modalities, self.vocabulary.starts
        rows = np.repeat(np.arange(len(self)), self.block.sizes)
        kinds = np.searchsorted(starts, self.block.nodes, side="right") - 1
        cells = np.bincount(rows * len(names) + kinds, minlength=len(self) * len(names))
        counts = cells.reshape(len(self), len(names))
        low, high = counts.min(axis=0, initial=255), counts.max(axis=0, initial=0)
        return {
            name: (min(int(a), int(b)), int(b))
            for name, a, b in zip(names, low, high, strict=True)
        }

    def __len__(self) -> int:
        return len(self.block)

    @overload
    def __getitem__(self, index: int) -> Campaign: ...
    @overload
    def __getitem__(self, index: slice) -> CampaignDataset: ...
    def __getitem__(self, index: int | slice) -> Campaign | CampaignDataset:
        if isinstance(index, slice):
            return self._part(np.arange(len(self))[index], f"rows {index.start}:{index.stop}")
        position = operator.index(index)
        if not -len(self) <= position < len(self):
            raise IndexError(f"row {position} of a data set of {len(self)}")
        return self._campaign(position % len(self))

    def __iter__(self) -> Iterator[Campaign]:
        return map(self._campaign, range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether both contain the same campaigns in the same order; origin does not matter."""
        if not isinstance(other, CampaignDataset):
            return NotImplemented
        if len(self) != len(other) or self.vocabulary.modalities != other.vocabulary.modalities:
            return False
        if not np.array_equal(self.labels, other.labels):
            return False
        shared = Vocabulary.of({*self.vocabulary.keys, *other.vocabulary.keys})
        one, two = (
            renumber(d.block, np.array([shared.node_of[k] for k in d.vocabulary.keys], np.int32))
            for d in (self, other)
        )
        same = (one.nodes, two.nodes), (one.offsets, two.offsets)
        return all(np.array_equal(a, b) for a, b in same)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        counts = ", ".join(f"{num} {name}" for name, num in self.label_counts.items())
        return (
            f"CampaignDataset({len(self)} campaigns: {counts}; {len(self.vocabulary)} attributes "
            f"in {len(self.vocabulary.modalities)} modalities)"
        )

    def _repr_html_(self) -> str:
        names = self.vocabulary.modalities
        head = "".join(f"<th>{escape(name)}</th>" for name in (*names, "label"))
        rows = []
        shown = [
            position
            for code in range(min(len(self.label_names), _SHOWN_LABELS))
            for position in np.flatnonzero(self.block.labels == code)[:_SHOWN_ROWS].tolist()
        ]
        for campaign in map(self._campaign, shown):
            cells = [_cell(campaign.attributes[name]) for name in names]
            cells.append(escape(campaign.label))
            rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
        found = self.evaluation
        inside = (
            ""
            if found is None or found.in_range_frac is None
            else (
                f"<p>{found.in_range_frac:.2%} in the range of their label; "
                f"{found.duplicates:,} duplicates</p>"
            )
        )
        return (
            f"<p>{escape(repr(self))}</p>{inside}<table><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table>"
        )

    def _part(self, rows: NDArray[np.integer], step: str) -> CampaignDataset:
        return CampaignDataset(
            self.block.take(rows),
            self.vocabulary,
            self.label_names,
            provenance=self.provenance.then(step),
        )

    def _campaign(self, position: int) -> Campaign:
        found: dict[str, list[str]] = {modality: [] for modality in self.vocabulary.modalities}
        for node in self.block.row(position).tolist():
            modality, value = self.vocabulary.keys[node]
            found[modality].append(value)
        label = self.label_names[self.block.labels[position]]
        return Campaign({modality: tuple(values) for modality, values in found.items()}, label)


def _cell(values: tuple[str, ...]) -> str:
    more = f", ... ({len(values)})" if len(values) > _SHOWN_VALUES else ""
    return escape(", ".join(values[:_SHOWN_VALUES]) + more)
