"""The verdict on a data set: whether it is what was asked for, a line for each check."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from campaignkit.report.subject import Subject
from campaignkit.show import Check, counted, in_words, percent, verdict
from campaignkit.show.page import State

_SAME = 3.0  # standard errors between shares that are the same: one label in 370 strays further
_SIGNED = 0.05  # share of the graph's pairs below which signs say little of a campaign
_ALIKE = 0.05  # share of repeated campaigns above which a person should look


def verdict_band(subject: Subject) -> str:
    """PASS, or what failed, and every check with its figure; as markup.

    Examples
    --------
    >>> verdict_band.__name__
    'verdict_band'
    """
    checks = list(_checks(subject))
    failed = [check.name for check in checks if check.state == "error"]
    doubtful = [check.name for check in checks if check.state == "warning"]
    tried = counted(sum(check.state != "info" for check in checks), "check")
    if failed:
        reason = f"{len(failed)} of {tried}: {in_words(failed)}."
        return verdict("FAIL", reason, checks, state="error")
    if doubtful:
        return verdict("PASS", f"with a doubt: {in_words(doubtful)}.", checks, state="warning")
    return verdict("PASS", f"All {tried} passed.", checks, state="good")


def near_bound_errors(told: Mapping[str, Any]) -> tuple[float, float] | None:
    """Standard errors of the observed and of the expected share near a bound; None if unknown.

    Examples
    --------
    >>> near_bound_errors({"near_bound_expected": None})
    """
    if told.get("near_bound_expected") is None or told.get("near_bound_error") is None:
        return None
    share, rows = told["near_bound_frac"], max(told["rows"], 1)
    return math.sqrt(share * (1 - share) / rows), told["near_bound_error"]


def _checks(subject: Subject) -> Iterator[Check]:
    yield _same_graph(subject)
    yield _signed(subject)
    if subject.spec:
        yield _asked_for(subject)
        yield from _in_range(subject)
    else:
        yield Check("Labels", "from outcomes or as given, without a spec: no ranges", "info")
    yield from _repeats(subject)
    yield from _split(subject)
    yield from _mixing(subject)
    yield from _learnable(subject)


def _same_graph(subject: Subject) -> Check:
    name, drawn = "Drawn from this graph", subject.dataset.provenance.graph_digest
    if drawn is None:
        return Check(name, "not known", "info")
    same = drawn == subject.graph.digest
    return Check(name, "yes") if same else Check(name, "no, from another graph", "error")


def _signed(subject: Subject) -> Check:
    graph = subject.graph
    signed = graph.num_positive + graph.num_negative
    pairs = sum(of.num_pairs for of in graph.by_modality_pair().values())
    share = signed / max(pairs, 1)
    figure = f"{signed:,} of {pairs:,} ({percent(share)})"
    state: State = "warning" if share < _SIGNED else "good"
    return Check("Pairs of the graph with a sign", figure, state)


def _asked_for(subject: Subject) -> Check:
    found = subject.evaluation.labels
    short = [name for name, label in found.items() if label.rows != label.requested]
    asked = sum(label.requested or 0 for label in found.values())
    name, figure = "As many campaigns as asked for", f"{subject.evaluation.rows:,} of {asked:,}"
    if short:
        return Check(name, f"{figure}; differs: {in_words(short, 3)}", "error")
    return Check(name, figure)


def _in_range(subject: Subject) -> Iterator[Check]:
    found, rows = subject.evaluation.labels.values(), subject.evaluation.rows
    for name, counts in (
        ("Campaigns in their label's range", [label.in_range for label in found]),
        ("Attributes of each modality as asked for", [label.type_counts_legal for label in found]),
    ):
        inside = sum(count or 0 for count in counts)
        yield Check(name, f"{inside:,} of {rows:,}", "good" if inside == rows else "error")


def _repeats(subject: Subject) -> Iterator[Check]:
    found = subject.evaluation
    across = sum(label.duplicates_across for label in found.labels.values())
    many = found.duplicates > _ALIKE * found.rows
    figure = f"{found.duplicates:,} of {found.rows:,}"
    yield Check("Campaigns that repeat an earlier one", figure, "warning" if many else "good")
    if len(found.labels) > 1:
        figure = f"{across:,} of {found.rows:,}"
        yield Check("Campaigns under several labels", figure, "warning" if across else "good")


def _split(subject: Subject) -> Iterator[Check]:
    from campaignkit.dataset.row_hash import hash_rows

    parts = [np.unique(hash_rows(part.block)) for part in subject.splits.values()]
    if len(parts) > 1:
        both = sum(len(np.intersect1d(one, other)) for one, other in combinations(parts, 2))
        name = f"Campaigns in more than one of {in_words(list(subject.splits))}"
        yield Check(name, f"{both:,}", "error" if both else "good")


def _mixing(subject: Subject) -> Iterator[Check]:
    labels: Mapping[str, Any] = subject.dataset.provenance.quality.get("labels", {})
    errors = {name: near_bound_errors(told) for name, told in labels.items()}
    known = {name: math.hypot(*pair) for name, pair in errors.items() if pair}
    if not known:
        return
    strays = [
        name
        for name, error in known.items()
        if abs(labels[name]["near_bound_frac"] - labels[name]["near_bound_expected"])
        > _SAME * error
    ]
    figure = f"{len(known) - len(strays)} of {counted(len(known), 'label')}"
    name = "As near to their bounds as exact draws are"
    yield Check(name, figure, "warning" if strays else "good")


def _learnable(subject: Subject) -> Iterator[Check]:
    table, leakage = subject.classifiers, subject.evaluation.leakage
    if table is None or table.yardsticks.one_hot is None:
        if leakage is not None:
            name = "Macro F1 of single attributes, which a model must beat"
            figure = f"{leakage.macro_f1:.3f} on {leakage.num_rows:,} campaigns of this report"
            yield Check(name, figure, "info")
        return
    floor, best = table.yardsticks.one_hot.macro_f1, table.best
    ahead = best.scores.macro_f1 > floor
    figure = f"macro F1 {best.scores.macro_f1:.3f} against {floor:.3f}"
    figure += f", both on the classifiers' {table.num_test:,} test campaigns"
    name = "A model beats single attributes"
    yield Check(name, figure, "good" if ahead else "warning")
