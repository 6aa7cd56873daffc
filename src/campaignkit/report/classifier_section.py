"""Classifiers on the data set: what each learns of it, with the floor and the ceiling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from campaignkit.report.subject import Subject
from campaignkit.show import Interval, heat_map, interval_plot
from campaignkit.show.page import Section, columns, figure, paragraph, table, terms
from campaignkit.show.palette import POSITIVE

if TYPE_CHECKING:
    from campaignkit.evaluation import ClassifierResult, ClassifierTable


def classifier_section(subject: Subject) -> Section | None:
    """A table of scores, a confusion matrix each, and whether the best one's lead is luck.

    Examples
    --------
    >>> classifier_section.__name__
    'classifier_section'
    """
    found = subject.classifiers
    if found is None:
        return None
    body = paragraph(
        f"Trained on {found.num_train:,} campaigns and scored on {found.num_test:,} others, whose "
        f"labels took no part. All scores here are of those {found.num_test:,} test campaigns; "
        f"the data set of this report has {len(subject.dataset):,}. Intervals are 95%, over test "
        "rows."
    )
    read = "".join(paragraph(text) for text in _reading(found))
    body += columns(_intervals(found), read) + table(*_scores(found))
    body += terms(
        {
            "macro F1": "the mean of the labels' F1, each the balance of precision and recall",
            "log-loss": "how far the probabilities are off; lower is better",
            "calibration error": "how far stated probabilities are from how often they are right",
            "p": "how often chance alone would give the distance to the best one",
        }
    )
    body += figure(
        [_confusion(result) for result in found],
        "True labels in rows, predicted ones in columns; the colour is the share of the true "
        "label's campaigns.",
    )
    return Section("What a classifier learns", body)


def _intervals(found: ClassifierTable) -> str:
    rows = []
    for result in found:
        low, high = result.scores.intervals["macro_f1"]
        score = result.scores.macro_f1
        rows.append(Interval(result.name, score, low, high, POSITIVE, f"{score:.3f}"))
    sticks = found.yardsticks
    marks = {
        name: scored.macro_f1
        for name, scored in (
            ("single attributes alone", sticks.one_hot),
            ("the graph itself", sticks.oracle),
        )
        if scored is not None
    }
    drawn = interval_plot(
        rows, title="Macro F1, with 95% intervals", x_label="macro F1", references=marks, width=440
    )
    return figure(drawn)


def _scores(found: ClassifierTable) -> tuple[list[str], list[list[str]]]:
    # Times stand in the run log: this page is the same whenever it is made.
    head, rows = found.cells()
    kept = [i for i, name in enumerate(head) if "CPU" not in name]
    return [head[i] for i in kept], [[row[i] for i in kept] for row in rows]


def _reading(found: ClassifierTable) -> list[str]:
    said = []
    if found.yardsticks.one_hot is not None:
        said.append(
            f"Single attributes alone reach {found.yardsticks.one_hot.macro_f1:.3f} on the test "
            "campaigns: what lies above it is learned from pairs."
        )
    oracle = found.yardsticks.oracle
    if oracle is not None:
        told = f"The graph that made the labels scores {oracle.macro_f1:.3f} with their boxes"
        if oracle.num_ambiguous:
            told += (
                f"; {oracle.num_ambiguous:,} of {oracle.num_rows:,} campaigns lie in the boxes of "
                "several labels, so no model can be expected to score 1"
            )
        said.append(told + ".")
    ranked = sorted(found, key=lambda result: -result.scores.macro_f1)
    if len(ranked) > 1:
        first, second = ranked[:2]
        test = found.paired(first.name, second.name)
        low, high = test.interval
        said.append(
            f"{first.name} is ahead of {second.name} by {test.difference:.3f} "
            f"[{low:.3f}, {high:.3f}] on the same campaigns (p {test.p_value:.2g}, approximate "
            "randomisation)."
        )
    return [*said, *(f"Note: {remark}" for remark in found.remarks)]


def _confusion(result: ClassifierResult) -> str:
    scores = result.scores
    shares = [[cell / max(sum(row), 1) for cell in row] for row in scores.confusion]
    texts = [[f"{cell:,}" for cell in row] for row in scores.confusion]
    names = list(scores.labels)
    return heat_map(names, names, shares, title=result.name, texts=texts, cell=(74, 40))
