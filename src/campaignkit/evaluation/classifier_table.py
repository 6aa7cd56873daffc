"""Several classifiers on the same rows: fitted, tuned, scored, timed, compared, written down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from campaignkit.classify import LABELS, Classifier
from campaignkit.errors import EvaluationError
from campaignkit.evaluation.fitted_run import (
    FittedRun,
    RunWriter,
    fit_and_predict,
    predict_quietly,
)
from campaignkit.evaluation.judged_rows import JudgedRows, judge_rows
from campaignkit.evaluation.paired_test import PairedTest, compare_predictions
from campaignkit.evaluation.rows_with_labels import LabelledRows, labelled_rows
from campaignkit.evaluation.scores import Scores, score_rows
from campaignkit.evaluation.yardsticks import Yardsticks
from campaignkit.graph import SignedGraph
from campaignkit.progress import Progress, Silent
from campaignkit.runs import RunLog
from campaignkit.show import escape
from campaignkit.show.page import table

_SHOWN = 8  # classifiers
_HEAD = (
    "classifier", "macro F1", "from", "to", *(f"F1 {name}" for name in LABELS),
    "accuracy", "log-loss", "calibration error", "tuned macro F1", "fit, CPU s", "predict, CPU s",
)  # fmt: skip


class Tuner(Protocol):
    """A decision rule that is fitted on validation rows, such as a ``DecisionTuner``."""

    def fit(self, probabilities: Any, labels: Any) -> Any:
        """Learn the rule from float[rows, 3] and as many labels."""

    def predict(self, probabilities: Any) -> Any:
        """Labels, one a row."""


@dataclass(frozen=True, eq=False)
class ClassifierResult:
    """One line of the table.

    Attributes
    ----------
    name, family : str
    run : FittedRun
        The fitted classifier with its predictions and times.
    scores : Scores
        Of the most probable labels.
    tuned : Scores or None
        Of the labels that the tuned decision gives.
    tuned_rows : JudgedRows or None
        Those predictions.
    run_id : str or None
        Of the evaluation in the run log.

    Examples
    --------
    >>> ClassifierResult.__name__
    'ClassifierResult'
    """

    name: str
    family: str
    run: FittedRun
    scores: Scores
    tuned: Scores | None = None
    tuned_rows: JudgedRows | None = None
    run_id: str | None = None


@dataclass(frozen=True, eq=False)
class ClassifierTable:
    """The results in the order the classifiers were given, by name.

    Attributes
    ----------
    results : tuple of ClassifierResult
    yardsticks : Yardsticks
        What single attributes and the graph itself score on the same rows.
    num_train, num_test : int

    Examples
    --------
    >>> from campaignkit.classify import MajorityClassifier
    >>> rows = ([{"geo": "Peru"}, {"geo": "Chile"}, {"geo": "China"}] * 20,
    ...         ["neg", "avg", "pos"] * 20)
    >>> found = compare_classifiers({"majority": MajorityClassifier()}, rows, rows)
    >>> round(found["majority"].scores.accuracy, 3), found.yardsticks.one_hot.macro_f1
    (0.333, 1.0)
    """

    results: tuple[ClassifierResult, ...]
    yardsticks: Yardsticks
    num_train: int
    num_test: int

    def __repr__(self) -> str:
        scored = ", ".join(f"{of.name} {of.scores.macro_f1:.3f}" for of in self.results[:_SHOWN])
        return f"ClassifierTable(macro F1 on {self.num_test:,} rows: {scored})"

    def __getitem__(self, name: str) -> ClassifierResult:
        for result in self.results:
            if result.name == name:
                return result
        known = ", ".join(result.name for result in self.results)
        raise EvaluationError(f"there is no classifier {name!r} in the table", hint=known)

    def __iter__(self) -> Iterator[ClassifierResult]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    @property
    def best(self) -> ClassifierResult:
        """The one with the largest macro F1; of equal ones the first."""
        return max(self.results, key=lambda result: result.scores.macro_f1)

    def paired(self, first: str, second: str, *, seed: int = 0) -> PairedTest:
        """Whether two of them differ by more than luck, on these rows."""
        one, two = self[first].run.rows, self[second].run.rows
        assert one.probabilities is not None and two.probabilities is not None
        names = np.array(one.labels)
        order = np.argsort(names)
        return compare_predictions(
            names[one.truth], one.probabilities[:, order], two.probabilities[:, order], seed=seed
        )

    def to_markdown(self) -> str:
        """The table, with the two yardsticks below."""
        lines = [f"| {' | '.join(_HEAD)} |", "|" + "---|" * len(_HEAD)]
        lines += [f"| {' | '.join(row)} |" for row in self.rows()]
        return "\n".join(lines) + "\n"

    def rows(self) -> list[list[str]]:
        """The table's cells as texts; the yardsticks' rows last."""
        cells = [_cells(result) for result in self.results]
        beside = self.yardsticks
        if beside.one_hot is not None:
            cells.append(_beside("(single attributes alone)", beside.one_hot))
        if beside.oracle is not None:
            cells.append(_beside("(the graph itself)", beside.oracle))
        return cells

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns of :meth:`rows`."""
        return _HEAD

    def _repr_html_(self) -> str:
        lead = f"{self.num_train:,} training rows, {self.num_test:,} test rows"
        return f"<p>{escape(lead)}</p>" + table(_HEAD, self.rows())


def compare_classifiers(
    classifiers: Mapping[str, Classifier],
    train: Any,
    test: Any,
    *,
    validation: Any = None,
    tuner: Tuner | None = None,
    graph: SignedGraph | None = None,
    yardsticks: Yardsticks | None = None,
    families: Mapping[str, str] | None = None,
    run_log: RunLog | Path | str | None = None,
    dataset_name: str = "campaigns",
    seed: int = 0,
    progress: Progress | None = None,
) -> ClassifierTable:
    """Fit, tune, score and time each classifier on the same rows, and log every run.

    Parameters
    ----------
    classifiers : mapping of str to Classifier
        By the name they are shown under. They are fitted in place.
    train, test : CampaignDataset or (records, labels)
    validation : CampaignDataset or (records, labels), optional
        Rows that only `tuner` sees; needed with it.
    tuner : DecisionTuner, optional
        Fitted anew for each classifier, on validation rows alone.
    graph : SignedGraph, optional
        What made the rows, for the ceiling, with the spec that the test data set carries.
    yardsticks : Yardsticks, optional
        Measured already; by default they are measured here.
    families : mapping of str to str, optional
        What a run log groups each classifier as; its class by default.
    run_log : RunLog or path, optional
        Takes a fit and an evaluation a classifier, with the predictions.
    dataset_name : str
        What the log calls the test rows.
    seed : int
        Of the bootstrap intervals.
    progress : Progress, optional

    Returns
    -------
    ClassifierTable

    Raises
    ------
    EvaluationError
        If there is no classifier, rows cannot be read, or a tuner has no validation rows.

    Examples
    --------
    >>> from campaignkit.classify import MajorityClassifier
    >>> rows = ([{"geo": "Peru"}] * 3, ["neg", "avg", "pos"])
    >>> print(len(compare_classifiers({"majority": MajorityClassifier()}, rows, rows)))
    1
    """
    tell = progress or Silent()
    if not classifiers:
        raise EvaluationError("there is no classifier", hint='give {"name": classifier}')
    if tuner is not None and validation is None:
        raise EvaluationError(
            "a tuner needs validation rows", hint="give validation=, never the test rows"
        )
    known, rows = labelled_rows(train, name="train"), labelled_rows(test, name="test")
    held = labelled_rows(validation, name="validation") if tuner is not None else None
    if yardsticks is None:
        yardsticks = _measure(known, rows, graph)
    lineage = {"graph": graph.digest} if graph is not None else {}
    writer = RunWriter.of(run_log, known, rows, name=dataset_name, seed=seed, lineage=lineage)
    bench = _Bench(rows, held, tuner, yardsticks, writer, seed)
    results = []
    for done, (name, classifier) in enumerate(classifiers.items()):
        tell.update("training classifiers", done, len(classifiers))
        family = (families or {}).get(name, type(classifier).__name__)
        run = fit_and_predict(classifier, known, rows)
        results.append(bench.score(name, family, run))
    tell.update("training classifiers", len(classifiers), len(classifiers))
    return ClassifierTable(tuple(results), yardsticks, len(known), len(rows))


@dataclass(frozen=True, eq=False)
class _Bench:
    """What every classifier of a table is scored with."""

    test: LabelledRows
    held: LabelledRows | None
    tuner: Tuner | None
    yardsticks: Yardsticks
    writer: RunWriter
    seed: int

    def score(self, name: str, family: str, run: FittedRun) -> ClassifierResult:
        """Score, tune and log one fitted classifier."""
        ids = np.arange(len(self.test)).astype(str)
        fit = self.writer.write_fit(name, family, run)
        scores = score_rows(run.rows, yardsticks=self.yardsticks, seed=self.seed)
        kept = self.writer.write_scores(name, family, run, scores, rows=run.rows, ids=ids, fit=fit)
        if self.tuner is None or self.held is None:
            return ClassifierResult(name, family, run, scores, run_id=kept)
        self.tuner.fit(predict_quietly(run.classifier, self.held)[0], self.held.labels)
        assert run.rows.probabilities is not None
        shares = run.rows.probabilities[:, np.argsort(run.rows.labels)]
        rows = judge_rows(self.test.labels, self.tuner.predict(shares), probabilities=shares)
        tuned = score_rows(rows, yardsticks=self.yardsticks, seed=self.seed)
        rule = repr(self.tuner)
        self.writer.write_scores(name, family, run, tuned, rows=rows, ids=ids, fit=fit, rule=rule)
        return ClassifierResult(name, family, run, scores, tuned, rows, kept)


def _measure(train: LabelledRows, test: LabelledRows, graph: SignedGraph | None) -> Yardsticks:
    if isinstance(train.records, list) or isinstance(test.records, list):
        return Yardsticks()  # texts have no attributes to count
    return Yardsticks.measure(test, train=train, graph=graph)


def _cells(result: ClassifierResult) -> list[str]:
    scores = result.scores
    low, high = scores.intervals["macro_f1"]
    shown: list[float | None] = [scores.macro_f1, low, high, *scores.f1.values(), scores.accuracy]
    shown += [scores.log_loss, scores.calibration_error]
    shown.append(result.tuned.macro_f1 if result.tuned else None)
    times = [f"{result.run.fit_s:.2f}", f"{result.run.predict_s:.2f}"]
    return [result.name, *("" if x is None else f"{x:.3f}" for x in shown), *times]


def _beside(name: str, found: Any) -> list[str]:
    return [name, f"{found.macro_f1:.3f}", "", "", "", "", "", f"{found.accuracy:.3f}"] + [""] * 5
