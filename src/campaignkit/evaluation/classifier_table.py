"""Several classifiers on the same rows: fitted, tuned, scored, timed, compared, written down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from campaignkit.errors import EvaluationError, Fault
from campaignkit.evaluation.copies import check_classifiers
from campaignkit.evaluation.fitted_run import (
    AnyClassifier,
    FittedRun,
    Log,
    RunWriter,
    fit_and_predict,
    naming,
    predict_quietly,
)
from campaignkit.evaluation.paired_test import PairedTest, paired_test
from campaignkit.evaluation.rows import JudgedRows, LabelledRows, read_together
from campaignkit.evaluation.scores import Scores, score_rows
from campaignkit.evaluation.tabular import Cells, Tabular, figure
from campaignkit.evaluation.yardsticks import Yardsticks
from campaignkit.graph import SignedGraph
from campaignkit.progress import Progress, listener

_SHOWN = 8  # classifiers in a repr, labels in a table
_RESAMPLES = 2000  # of the tests against the best that the table shows


class Tuner(Protocol):
    """A decision rule that is fitted on validation rows, such as a ``DecisionTuner``."""

    def fit(self, probabilities: Any, labels: Any) -> Any:
        """Learn the rule from float[rows, labels], sorted as in `classes_`, and as many labels."""

    def predict(self, probabilities: Any) -> Any:
        """Labels, one a row."""


@dataclass(frozen=True, eq=False, repr=False)
class ClassifierResult:
    """One line of the table.

    Attributes
    ----------
    name, family : str
    run : FittedRun
        The fitted classifier with its predictions, times and cost.
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

    def __repr__(self) -> str:
        return f"ClassifierResult({self.name}, {self.scores!r})"


@dataclass(frozen=True, eq=False, repr=False)
class ClassifierTable(Tabular):
    """The results in the order the classifiers were given, by name; prints as a short table.

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
        return paired_test(self[first].run.rows, self[second].run.rows, seed=seed)

    @cached_property
    def against_best(self) -> dict[str, PairedTest]:
        """The best one's paired test against each other one, by the other's name."""
        best = self.best
        return {
            of.name: paired_test(
                best.run.rows, of.run.rows, num_resamples=_RESAMPLES, with_losses=False
            )
            for of in self.results
            if of is not best
        }

    @property
    def lead(self) -> str:
        """Rows to train and to test on, and what p is."""
        rows = f"{self.num_train:,} training rows, {self.num_test:,} test rows"
        return f"{rows}; p of the paired test against {self.best.name}"

    @property
    def remarks(self) -> Sequence[str]:
        """What a reader must know of the scores, and of which classifier."""
        names: dict[str, list[str]] = {}
        for of in self.results:
            for note in (*of.run.notes, *of.scores.notes):
                names.setdefault(note, []).append(of.name)
        return [
            note if len(told) == len(self) else f"{', '.join(told)}: {note}"
            for note, told in names.items()
        ]

    def cells(self) -> Cells:
        """A row a classifier, the yardsticks last; columns of which there is anything to show."""
        columns: dict[str, list[str]] = {}
        tests = self.against_best if len(self) > 1 else {}
        for of in self.results:
            scores, cost = of.scores, of.run.cost
            low, high = scores.intervals["macro_f1"]
            p = tests[of.name].p_value if of.name in tests else None
            labels = list(scores.f1.items()) if len(scores.f1) <= _SHOWN else []
            for name, cell in (
                ("classifier", of.name),
                ("macro F1", figure(scores.macro_f1)),
                ("from", figure(low)),
                ("to", figure(high)),
                *((f"F1 {label}", figure(f1)) for label, f1 in labels),
                ("accuracy", figure(scores.accuracy)),
                ("log-loss", figure(scores.log_loss)),
                ("calibration error", figure(scores.calibration_error)),
                ("tuned macro F1", figure(of.tuned.macro_f1 if of.tuned else None)),
                ("p", "<0.001" if p is not None and p < 0.001 else figure(p)),
                ("fit, CPU s", figure(of.run.fit_s, 2)),
                ("predict, CPU s", figure(of.run.predict_s, 2)),
                ("calls", "" if cost is None else f"{cost.calls:,}"),
                ("money", figure(cost.money if cost else None, 4)),
            ):
                columns.setdefault(name, []).append(cell)
        shown = {name: cells for name, cells in columns.items() if any(cells)}
        rows = [list(row) for row in zip(*shown.values(), strict=True)]
        for title, found in (
            ("(single attributes alone)", self.yardsticks.one_hot),
            ("(the graph itself)", self.yardsticks.oracle),
        ):
            if found is not None:
                told = {"classifier": title, "macro F1": figure(found.macro_f1)}
                told["accuracy"] = figure(found.accuracy)
                rows.append([told.get(name, "") for name in shown])
        return list(shown), rows


def compare_classifiers(
    classifiers: Mapping[str, AnyClassifier],
    train: Any,
    test: Any,
    *,
    validation: Any = None,
    tuner: Tuner | None = None,
    graph: SignedGraph | None = None,
    yardsticks: Yardsticks | None = None,
    labels: Sequence[Any] | None = None,
    families: Mapping[str, str] | None = None,
    run_log: Log = None,
    dataset_name: str = "campaigns",
    seed: int = 0,
    progress: Progress | None = None,
) -> ClassifierTable:
    """Fit, tune, score and time each classifier on the same rows, and log every run.

    Parameters
    ----------
    classifiers : mapping of str to classifier
        By the name they are shown under: any objects with ``fit`` and ``predict``, with
        ``predict_proba`` where they have probabilities, of this library or of any other. They are
        fitted in place, on records and labels as they are given here.
    train, test : CampaignDataset, or (records, labels)
        Labels of any names and number.
    validation : CampaignDataset, or (records, labels), optional
        Rows that only `tuner` sees; needed with it.
    tuner : DecisionTuner, optional
        Fitted again for each classifier with probabilities, on validation rows alone.
    graph : SignedGraph, optional
        What made the rows, for the ceiling, with the spec that the test data set carries.
    yardsticks : Yardsticks, optional
        Measured already; by default they are measured here.
    labels : sequence, optional
        All labels, in the order to show them; neg, avg, pos, or those that are there, sorted, by
        default.
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
        If what is given are no classifiers by name, rows cannot be read, a tuner has no validation
        rows, or predictions cannot be scored. Errors of a fit or a prediction name the classifier.

    Examples
    --------
    >>> from campaignkit.classify import MajorityClassifier
    >>> rows = ([{"geo": "Peru"}] * 3, ["bad", "good", "good"])
    >>> print(len(compare_classifiers({"majority": MajorityClassifier()}, rows, rows)))
    1
    """
    tell = listener(progress)
    check_classifiers(classifiers)
    if tuner is not None and validation is None:
        raise EvaluationError(
            "a tuner needs validation rows", hint="give validation=, never the test rows"
        )
    parts = {"train": train, "test": test} | ({"validation": validation} if tuner else {})
    known, rows, *held = read_together(labels, **parts)
    if yardsticks is None:
        texts = known.are_texts or rows.are_texts  # they have no attributes to count
        measured = Yardsticks() if texts else Yardsticks.measure(rows, train=known, graph=graph)
        yardsticks = measured
    lineage = {"graph": graph.digest} if graph is not None else {}
    writer = RunWriter.of(run_log, known, rows, name=dataset_name, seed=seed, lineage=lineage)
    bench = _Bench(known, rows, held[0] if held else None, tuner, yardsticks, writer, seed)
    results = []
    for done, (name, classifier) in enumerate(classifiers.items()):
        tell.update("training classifiers", done, len(classifiers))
        with naming(name):
            run = fit_and_predict(classifier, known, rows)
            results.append(bench.score(name, (families or {}).get(name, run.family), run))
    tell.update("training classifiers", len(classifiers), len(classifiers))
    return ClassifierTable(tuple(results), yardsticks, len(known), len(rows))


@dataclass(frozen=True, eq=False)
class _Bench:
    """What every classifier of a table is scored with."""

    train: LabelledRows
    test: LabelledRows
    held: LabelledRows | None
    tuner: Tuner | None
    yardsticks: Yardsticks
    writer: RunWriter
    seed: int

    def score(self, name: str, family: str, run: FittedRun) -> ClassifierResult:
        """Score, tune and log one fitted classifier."""
        scores = score_rows(run.rows, yardsticks=self.yardsticks, seed=self.seed)
        scored, tuned, rows = [("argmax", scores, run.rows)], None, self._tuned(run)
        if rows is not None:
            tuned = score_rows(rows, yardsticks=self.yardsticks, seed=self.seed)
            scored.append((repr(self.tuner), tuned, rows))
        ids = self.writer.write(name, run, scored, family=family)
        return ClassifierResult(name, family, run, scores, tuned, rows, ids[1] if ids else None)

    def _tuned(self, run: FittedRun) -> JudgedRows | None:
        """The test rows as the rule decides that was tuned on the validation rows."""
        tested = run.rows.probabilities
        if self.tuner is None or self.held is None or tested is None:
            return None
        names = self.test.names
        _, held, _ = predict_quietly(run.classifier, self.train, self.held)
        assert held is not None
        columns, faults = np.array(names.columns), list[Fault]()
        with naming("the tuner"):
            self.tuner.fit(held[:, columns], self.held.labels)
        told = names.codes(self.tuner.predict(tested[:, columns]), "tuner", faults)
        if told is None:
            raise EvaluationError("the tuner gave labels that cannot be scored", faults=faults)
        return JudgedRows(run.rows.labels, run.rows.truth, told, tested)
