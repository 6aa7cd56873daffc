"""Long calls report how far they are: by argument, or to whoever listens around them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import campaignkit as ck
from campaignkit.embed import HashingEmbedder
from campaignkit.progress import CallProgress, reporting
from campaignkit.tables import synthetic_table

Told = list[tuple[str, int, int]]
BRANDS, PLACES = [f"b{i % 7}" for i in range(210)], [f"g{i % 5}" for i in range(210)]
ROWS = [{"brand": brand, "geo": place} for brand, place in zip(BRANDS, PLACES, strict=True)]
LABELS = [("neg", "avg", "pos")[i % 3] for i in range(210)]
CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "OneHotLogistic": ck.OneHotLogistic,
    "OneHotLogistic, penalty": lambda: ck.OneHotLogistic(penalty=1.0),
    "PairLogistic": ck.PairLogistic,
    "PairwiseOrdinalClassifier": lambda: ck.PairwiseOrdinalClassifier(rank=1, max_iterations=3),
    "BoostedTrees": lambda: ck.BoostedTrees(max_rounds=3),
    "TfidfLogistic": ck.TfidfLogistic,
    "EmbeddingLogistic": lambda: ck.EmbeddingLogistic(HashingEmbedder(dimensions=8)),
}


def heard(call: Callable[[], object]) -> Told:
    told: Told = []
    with reporting(CallProgress(lambda *said: told.append(said))):
        call()
    return told


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_classifier_that_learns_reports_its_fit(name: str) -> None:
    told = heard(lambda: CLASSIFIERS[name]().fit(ROWS, LABELS))

    assert told
    assert all(0 < done <= total for _, done, total in told)
    assert told[-1][1] == told[-1][2]


@pytest.mark.filterwarnings("ignore::campaignkit.evaluation.FewEdges")
def test_graphs_and_rules_that_are_learned_report_too() -> None:
    outcome = np.sin(np.arange(210.0))
    table = {"brand": BRANDS, "geo": PLACES, "ctr": outcome}
    import pyarrow as pa

    learned = heard(
        lambda: ck.graph_from_outcomes(pa.table(table), outcome="ctr", min_campaigns=5)
    )
    mined = heard(lambda: ck.mine_rules(synthetic_table(300)))

    assert learned[-1] == ("fitting effects", learned[-1][2], learned[-1][2])
    assert mined[-1] == ("mining rules", 7, 7)


def test_whoever_fits_many_counts_the_fits_alone() -> None:
    told = heard(
        lambda: ck.compare_classifiers(
            {"one": ck.OneHotLogistic(), "two": ck.PairLogistic()}, (ROWS, LABELS), (ROWS, LABELS)
        )
    )

    assert {stage for stage, *_ in told} == {"training classifiers"}


def test_an_argument_is_heard_before_who_listens_around() -> None:
    own: Told = []
    catalogue = ck.Catalogue.bundled("starter-27")

    around = heard(
        lambda: ck.build_graph(
            catalogue, scorer=ck.TraitScorer(),
            progress=CallProgress(lambda *said: own.append(said)),
        )
    )  # fmt: skip

    assert own
    assert around == []


def test_a_bar_around_calls_shows_them_and_ends_its_line() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    with ck.ProgressBar(patience_s=0.0, stream=screen):
        ck.OneHotLogistic().fit(ROWS, LABELS)
    after = len(screen.getvalue())
    ck.OneHotLogistic().fit(ROWS, LABELS)

    assert "fitting [" in screen.getvalue()
    assert screen.getvalue().endswith("\n")
    assert len(screen.getvalue()) == after
