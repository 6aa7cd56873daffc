"""Fit a classifier, score it, time it, and write both down."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify import LABELS, Classifier, UnseenValues
from campaignkit.classify.labels import label_positions
from campaignkit.dataset import CampaignDataset
from campaignkit.evaluation.judged_rows import JudgedRows, judge_rows
from campaignkit.evaluation.rows_with_labels import LabelledRows
from campaignkit.evaluation.scores import Scores, score_rows
from campaignkit.metrics import Floats
from campaignkit.runs import RunDataset, RunLog, RunModel, RunRecord, RunTime, machine_facts
from campaignkit.store import origin_digest

TASK = "outcome"


@dataclass(frozen=True, eq=False)
class FittedRun:
    """A classifier's predictions of some rows, and what they took.

    Attributes
    ----------
    classifier : Classifier
        Fitted.
    rows : JudgedRows
        Truth, predictions and probabilities.
    fit_s, predict_s : float
        CPU seconds of this process.
    notes : tuple of str
        Values that were in no training row.

    Examples
    --------
    >>> from campaignkit.classify import MajorityClassifier
    >>> from campaignkit.evaluation.rows_with_labels import labelled_rows
    >>> rows = labelled_rows(([{"geo": "Peru"}] * 4, ["neg", "avg", "avg", "pos"]))
    >>> fit_and_predict(MajorityClassifier(), rows, rows).rows.predicted.tolist()
    [1, 1, 1, 1]
    """

    classifier: Classifier
    rows: JudgedRows
    fit_s: float
    predict_s: float
    notes: tuple[str, ...] = ()


def fit_and_predict(classifier: Classifier, train: LabelledRows, test: LabelledRows) -> FittedRun:
    """Fit on one set of rows and predict another."""
    started = time.process_time()
    classifier.fit(train.records, train.labels)
    fit_s = time.process_time() - started
    started = time.process_time()
    told, notes = predict_quietly(classifier, test)
    predict_s = time.process_time() - started
    rows = judge_rows(test.labels, probabilities=told)
    return FittedRun(classifier, rows, fit_s, predict_s, notes)


def predict_quietly(classifier: Classifier, rows: LabelledRows) -> tuple[Floats, tuple[str, ...]]:
    """The probabilities of avg, neg, pos, with the warnings of unseen values as texts."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UnseenValues)
        told = np.zeros((len(rows), len(LABELS)))
        # A label that no training row had gets 0.
        told[:, label_positions(classifier.classes_, sorted(LABELS))] = np.asarray(
            classifier.predict_proba(rows.records), np.float64
        )
    notes = []
    for warning in caught:
        if issubclass(warning.category, UnseenValues):
            notes.append(str(warning.message))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return told, tuple(notes)


def plain_parameters(classifier: Classifier) -> dict[str, Any]:
    """The classifier's parameters as JSON values; objects by digest where they have one."""
    ask = getattr(classifier, "get_params", None)
    return {name: _plain(value) for name, value in ask().items()} if ask else {}


@dataclass(frozen=True)
class RunWriter:
    """Writes a comparison's runs into a log; a log of None takes none.

    Attributes
    ----------
    log : RunLog or None
    dataset : RunDataset
        What the runs are scored on.
    train : RunDataset
        What they are fitted on.
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
        cls, log: RunLog | Path | str | None, train: LabelledRows, test: LabelledRows, *,
        name: str, seed: int | None, lineage: dict[str, str] | None = None,
    ) -> RunWriter:  # fmt: skip
        """A writer for these rows; digests are taken only where there is a log."""
        if isinstance(log, Path | str):
            log = RunLog(log)
        kept = log is not None
        made = {}
        if isinstance(test.records, CampaignDataset):
            origin = test.records.provenance
            drawn = origin_digest(origin.to_inputs(), origin.seed)
            made = {"campaigns": drawn} if drawn else {}
        told, known = (
            RunDataset(name=what, digest=rows.digest() if kept else None, num_rows=len(rows))
            for what, rows in ((name, test), (f"{name}, training rows", train))
        )
        return cls(log, told, known, seed, {**made, **(lineage or {})})

    def write_both(self, name: str, run: FittedRun) -> None:
        """Append the fit and the evaluation of the most probable labels."""
        if self.log is None:
            return
        family = type(run.classifier).__name__
        ids = np.arange(len(run.rows)).astype(str)
        fit = self.write_fit(name, family, run)
        scores = score_rows(run.rows, seed=self.seed or 0)
        self.write_scores(name, family, run, scores, rows=run.rows, ids=ids, fit=fit)

    def write_fit(self, name: str, family: str, run: FittedRun) -> str | None:
        """Append the fit; its run id, or None without a log."""
        if self.log is None:
            return None
        record = RunRecord(
            kind="fit",
            task=TASK,
            dataset=self.train,
            model=RunModel(name=name, family=family),
            parameters=plain_parameters(run.classifier),
            seed=self.seed,
            time=RunTime(fit_s=run.fit_s),
            machine=machine_facts(),
            lineage=self.lineage,
        )
        self.log.append(record)
        return record.run_id

    def write_scores(
        self, name: str, family: str, run: FittedRun, scores: Scores,
        *, rows: JudgedRows, ids: NDArray[np.str_], fit: str | None, rule: str = "argmax",
    ) -> str | None:  # fmt: skip
        """Append the evaluation with its predictions; its run id, or None without a log."""
        if self.log is None:
            return None
        record = scores.to_record(
            dataset=self.dataset,
            model=RunModel(name=name, family=family),
            parameters={**plain_parameters(run.classifier), "decision": rule},
            seed=self.seed,
            time=RunTime(fit_s=run.fit_s, predict_s=run.predict_s),
            lineage={**self.lineage, **({"fit": fit} if fit else {})},
            notes="; ".join([*run.notes, *scores.notes]),
        )
        names = np.array(rows.labels)
        path = self.log.write_predictions(
            record.run_id,
            ids.tolist(),
            names[rows.truth].tolist(),
            predicted=names[rows.predicted].tolist(),
            probabilities=None if rows.probabilities is None else rows.probabilities.tolist(),
            labels=rows.labels,
        )
        self.log.append(record.model_copy(update={"predictions": path}))
        return record.run_id


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    digest = getattr(value, "digest", None)
    told = digest() if callable(digest) else digest
    return f"{type(value).__name__} {told}" if told else type(value).__name__
