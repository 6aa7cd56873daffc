"""Fit a classifier, score it, time it, add up what it cost, and write it all down."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Protocol, Self, TypeGuard, runtime_checkable

import numpy as np

from campaignkit.classify import UnseenValues
from campaignkit.dataset import CampaignDataset
from campaignkit.errors import CampaignkitError, EvaluationError, Fault
from campaignkit.evaluation.rows import JudgedRows, LabelledRows
from campaignkit.evaluation.scores import Scores, score_rows
from campaignkit.llm import Spent
from campaignkit.metrics import Counts, Floats, log_loss
from campaignkit.progress import Silent, reporting
from campaignkit.runs import (
    RunCost,
    RunDataset,
    RunLog,
    RunModel,
    RunRecord,
    RunTime,
    machine_facts,
)
from campaignkit.store import origin_digest

Log = RunLog | Path | str | None
_SECRET = {"token", "api_key", "credentials"}  # parameters that no log may hold


class AnyClassifier(Protocol):
    """What can be compared: any object with scikit-learn's protocol.

    Examples
    --------
    >>> from campaignkit.classify import MajorityClassifier
    >>> classifier: AnyClassifier = MajorityClassifier()
    """

    def fit(self, X: Any, y: Any, /) -> Any:
        """Learn from records and labels, as the caller of the comparison gave them."""

    def predict(self, X: Any, /) -> Any:
        """The label of each row."""


class GivesProbabilities(Protocol):
    """A classifier with probabilities; without them there is no log-loss and no tuned decision."""

    def predict_proba(self, X: Any, /) -> Any:
        """float[rows, classes], in the order of `classes_`, or of the sorted training labels."""


def gives_probabilities(classifier: AnyClassifier) -> TypeGuard[GivesProbabilities]:
    """Whether this very object does: a pipeline of scikit-learn has what its last step has.

    Examples
    --------
    >>> from campaignkit.classify import MajorityClassifier
    >>> gives_probabilities(MajorityClassifier())
    True
    """
    return hasattr(classifier, "predict_proba")


@runtime_checkable
class PaysForCalls(Protocol):
    """A classifier that asks a paid service, and knows what it has spent."""

    @property
    def spent_(self) -> Spent:
        """Of the calls of the last prediction."""


@dataclass(frozen=True, eq=False, repr=False)
class FittedRun:
    """A classifier's predictions of some rows, and what they took.

    Attributes
    ----------
    classifier : AnyClassifier
        Fitted.
    rows : JudgedRows
        Truth, predictions and probabilities.
    fit_s, predict_s : float
        CPU seconds of this process.
    cost : RunCost or None
        Of calls to a paid service.
    notes : tuple of str
        Values that were in no training row, labels that none had.

    Examples
    --------
    >>> from campaignkit.classify import MajorityClassifier
    >>> from campaignkit.evaluation.rows import labelled_rows
    >>> rows = labelled_rows(([{"geo": "Peru"}] * 4, ["neg", "avg", "avg", "pos"]))
    >>> fit_and_predict(MajorityClassifier(), rows, rows).rows.predicted.tolist()
    [1, 1, 1, 1]
    """

    classifier: AnyClassifier
    rows: JudgedRows
    fit_s: float
    predict_s: float
    cost: RunCost | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"FittedRun({self.family}, {self.rows!r}, fit {self.fit_s:.2f} CPU s)"

    @property
    def family(self) -> str:
        """The group unless another is given: the class."""
        return type(self.classifier).__name__

    @property
    def log_loss(self) -> float | None:
        """Of its probabilities, where it gives them."""
        shares = self.rows.probabilities
        return None if shares is None else log_loss(self.rows.truth, shares)


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Whatever goes wrong inside says which classifier it was.

    Examples
    --------
    >>> with naming("one-hot"):
    ...     raise EvaluationError("no rows")
    Traceback (most recent call last):
        ...
    campaignkit.errors.EvaluationError: one-hot: no rows
    """
    try:
        yield
    except CampaignkitError as err:
        err.message = f"{name}: {err.message}"
        raise
    except Exception as err:  # of a foreign classifier
        err.add_note(f"classifier: {name}")
        raise


def fit_and_predict(
    classifier: AnyClassifier, train: LabelledRows, test: LabelledRows
) -> FittedRun:
    """Fit on one set of rows and predict another; both number their labels alike.

    Raises
    ------
    EvaluationError
        If what it predicts is no label, or its probabilities are none.
    """
    started = time.process_time()
    with reporting(Silent()):  # whoever fits many counts the fits
        classifier.fit(train.records, train.labels)
    fit_s = time.process_time() - started
    started = time.process_time()
    predicted, shares, notes = predict_quietly(classifier, train, test)
    predict_s = time.process_time() - started
    unknown = np.setdiff1d(test.codes, train.codes)
    if len(unknown):
        told = ", ".join(test.names.names[code] for code in unknown.tolist())
        notes += (f"no training row is {told}",)
    cost = None
    if isinstance(classifier, PaysForCalls):
        spent = classifier.spent_
        tokens = spent.tokens_in + spent.tokens_out
        cost = RunCost(calls=spent.calls, tokens=tokens, money=spent.money)
    rows = JudgedRows(test.names.names, test.codes, predicted, shares)
    return FittedRun(classifier, rows, fit_s, predict_s, cost, notes)


def predict_quietly(
    classifier: AnyClassifier, train: LabelledRows, rows: LabelledRows
) -> tuple[Counts, Floats | None, tuple[str, ...]]:
    """Codes of predicted labels, probabilities or None, and warnings of unseen values as texts."""
    names, faults = rows.names, list[Fault]()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if gives_probabilities(classifier):
            told = np.asarray(classifier.predict_proba(rows.records), np.float64)
        else:
            told = classifier.predict(rows.records)
    notes = tuple(str(w.message) for w in caught if issubclass(w.category, UnseenValues))
    for other in caught:
        if not issubclass(other.category, UnseenValues):
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    shares, codes = None, None
    if gives_probabilities(classifier):
        classes = getattr(classifier, "classes_", np.unique(train.labels))
        columns = names.codes(classes, "classes_", faults)
        if columns is not None and told.shape != (len(rows), len(columns)):
            found = f"have shape {told.shape}; expected ({len(rows):,}, {len(columns)})"
            faults.append(Fault("predict_proba", found))
        elif columns is not None:
            given = np.zeros((len(rows), len(names)))  # a label of no training row gets 0
            given[:, columns] = told
            shares = names.shares(given, faults, columns=range(len(names)))
            codes = None if shares is None else shares.argmax(axis=1).astype(np.int64)
    else:
        codes = names.codes(told, "predict", faults)
        if codes is not None and len(codes) != len(rows):
            found = f"gave {len(codes):,} labels for {len(rows):,} rows"
            faults.append(Fault("predict", found))
    if faults or codes is None:
        told_of = f"{type(classifier).__name__} gave predictions that cannot be scored"
        raise EvaluationError(told_of, faults=faults)
    return codes, shares, notes


@dataclass(frozen=True)
class RunWriter:
    """Writes a comparison's runs into a log; a log of None takes none.

    Attributes
    ----------
    log : RunLog or None
    dataset, train : RunDataset
        What the runs are scored on, and fitted on.
    seed : int or None
    lineage : dict of str to str
        Digests of what the rows were made from.

    Examples
    --------
    >>> RunWriter(None, RunDataset(name="test"), RunDataset(name="train"), None).log is None
    True
    """

    log: RunLog | None
    dataset: RunDataset
    train: RunDataset
    seed: int | None
    lineage: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, log: Log, train: LabelledRows, test: LabelledRows, *, name: str, seed: int | None,
        lineage: dict[str, str] | None = None,
    ) -> Self:  # fmt: skip
        """A writer for these rows; digests are taken only where there is a log."""
        log = RunLog(log) if isinstance(log, Path | str) else log
        told, known = (
            RunDataset(name=what, digest=rows.digest() if log else None, num_rows=len(rows))
            for what, rows in ((name, test), (f"{name}, training rows", train))
        )
        made = {}
        if isinstance(test.records, CampaignDataset):
            origin = test.records.provenance
            drawn = origin_digest(origin.to_inputs(), origin.seed)
            made = {"campaigns": drawn} if drawn else {}
        return cls(log, told, known, seed, {**made, **(lineage or {})})

    def write(
        self, name: str, run: FittedRun, scored: Sequence[tuple[str, Scores, JudgedRows]] = (),
        *, family: str = "",
    ) -> list[str]:  # fmt: skip
        """Append the fit, and an evaluation with its predictions for each decision; their run ids.

        Parameters
        ----------
        name : str
        run : FittedRun
        scored : sequence of (str, Scores, JudgedRows)
            The decision in words, and what it scores; by default the most probable labels.
        family : str
            What the model is grouped as; its class by default.
        """
        if self.log is None:
            return []
        parameters = plain_parameters(run.classifier)
        model = RunModel(name=name, family=family or run.family)
        fit = RunRecord(
            kind="fit", task="outcome", dataset=self.train, model=model, parameters=parameters,
            seed=self.seed, time=RunTime(fit_s=run.fit_s), machine=machine_facts(),
            lineage=self.lineage,
        )  # fmt: skip
        self.log.append(fit)
        ids = [fit.run_id]
        default = (
            [] if scored else [("argmax", score_rows(run.rows, seed=self.seed or 0), run.rows)]
        )
        for rule, scores, rows in [*scored, *default]:
            record = scores.to_record(
                dataset=self.dataset, model=model, seed=self.seed, cost=run.cost,
                parameters={**parameters, "decision": rule},
                time=RunTime(fit_s=run.fit_s, predict_s=run.predict_s),
                lineage={**self.lineage, "fit": fit.run_id},
                notes="; ".join([*run.notes, *scores.notes]),
            )  # fmt: skip
            names, shares = np.array(rows.labels), rows.probabilities
            path = self.log.write_predictions(
                record.run_id, [str(row) for row in range(len(rows))],
                names[rows.truth].tolist(), predicted=names[rows.predicted].tolist(),
                probabilities=None if shares is None else shares.tolist(), labels=rows.labels,
            )  # fmt: skip
            self.log.append(record.model_copy(update={"predictions": path}))
            ids.append(record.run_id)
        return ids


def plain_parameters(classifier: AnyClassifier) -> dict[str, Any]:
    """The classifier's parameters as JSON values; objects by digest where they have one."""
    ask = getattr(classifier, "get_params", None)
    told = ask() if ask else {}
    return {name: _plain(value) for name, value in told.items() if name not in _SECRET}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    digest = getattr(value, "digest", None)
    told = digest() if callable(digest) else digest
    return f"{type(value).__name__} {told}" if told else type(value).__name__
