"""Building a graph from a scorer: nothing left out, nothing counted twice, bad scorers refused."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, strategies as st

import strategies
from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges import EdgeScorer, Judgement, Pair, TraitScorer, build_graph
from campaignkit.errors import CampaignkitError, GraphError, NoEdges, SettingError
from campaignkit.progress import CallProgress

STARTER = Catalogue.bundled("starter-27")
SMALL = Catalogue([Attribute("brand", "A"), Attribute("brand", "B"), Attribute("geo", "C")])


def by_length(pairs: Sequence[Pair]) -> list[int]:
    return [(len(a.value) * len(b.value)) % 3 - 1 for a, b in pairs]


@given(strategies.catalogues(min_size=2), st.integers(1, 9))
def test_every_pair_of_different_modalities_is_judged_once(
    catalogue: Catalogue, batch_size: int
) -> None:
    expected = {
        (a.key, b.key): by_length([(a, b)])[0]
        for i, a in enumerate(catalogue)
        for b in list(catalogue)[i + 1 :]
        if a.modality != b.modality
    }
    if not expected:
        with pytest.raises(GraphError, match="no pair of different modalities"):
            build_graph(catalogue, scorer=by_length)
        return
    if not any(expected.values()):
        with pytest.raises(NoEdges, match=f"by_length gave none of {len(expected):,} pairs"):
            build_graph(catalogue, scorer=by_length, batch_size=batch_size)
        return

    build = build_graph(catalogue, scorer=by_length, batch_size=batch_size)

    assert {(e.source, e.target): e.sign for e in build.graph.edges()} == expected
    report = build.report
    assert report.num_pairs == len(expected)
    assert report.num_pairs == report.num_positive + report.num_negative + report.num_neutral
    counts = report.by_modality_pair.values()
    assert sum(c.num_pairs for c in counts) == report.num_pairs
    assert sum(c.num_positive for c in counts) == report.num_positive
    assert sum(c.num_negative for c in counts) == report.num_negative
    assert sum(c.num_neutral for c in counts) == report.num_neutral


def test_the_size_of_batches_changes_nothing() -> None:
    whole = build_graph(STARTER, scorer=TraitScorer())

    for batch_size in (1, 7, 252, 10_000):
        build = build_graph(STARTER, scorer=TraitScorer(), batch_size=batch_size)
        assert build.graph.digest == whole.graph.digest
        assert build.report == whole.report


def test_no_batch_is_larger_than_asked_for() -> None:
    sizes = []

    def counting(pairs: Sequence[Pair]) -> list[int]:
        sizes.append(len(pairs))
        return [1] * len(pairs)

    build_graph(STARTER, scorer=counting, batch_size=25)

    assert sizes == [25] * 10 + [2]


def test_neutral_judgements_stay_unless_sent_away() -> None:
    kept = build_graph(STARTER, scorer=TraitScorer())
    sent = build_graph(STARTER, scorer=TraitScorer(), keep_neutral=False)

    assert kept.graph.num_neutral == kept.report.num_neutral > 0
    assert sent.graph.num_neutral == 0
    assert sent.report == kept.report
    assert sent.graph.digest == kept.graph.digest
    assert sent.graph.catalogue == STARTER


def test_progress_rises_to_the_number_of_calls() -> None:
    told = []

    build_graph(
        STARTER,
        scorer=TraitScorer(),
        batch_size=50,
        progress=CallProgress(lambda *said: told.append(said)),
    )

    assert {(stage, total) for stage, _, total in told} == {("scoring pairs", told[-1][1])}
    assert all(one < other for (_, one, _), (_, other, _) in pairwise(told))


def test_a_scorer_with_reasons_puts_them_on_the_edges() -> None:
    class Explaining:
        def score(self, pairs: Sequence[Pair]) -> list[int]:
            return [1] * len(pairs)

        def explain(self, pairs: Sequence[Pair]) -> list[str]:
            return [f"{a.value} likes {b.value}" for a, b in pairs]

    edge = build_graph(SMALL, scorer=Explaining()).graph.edge(("brand", "B"), ("geo", "C"))

    assert isinstance(Explaining(), EdgeScorer)
    assert edge is not None
    assert (edge.reason, edge.decided_by) == ("B likes C", "scored")


def test_a_scorer_that_judges_is_asked_for_judgements() -> None:
    class Judging:
        def score(self, pairs: Sequence[Pair]) -> list[int]:
            raise AssertionError

        def judge(self, pairs: Sequence[Pair]) -> list[Judgement]:
            return [Judgement(-1, "why", "predicted", -2.5, 0.75) for _ in pairs]

    edge = build_graph(SMALL, scorer=Judging()).graph.edge(("brand", "A"), ("geo", "C"))

    assert edge is not None
    assert (edge.sign, edge.reason, edge.decided_by) == (-1, "why", "predicted")
    assert (edge.strength, edge.probability) == (-2.5, 0.75)


def test_signs_of_numpy_and_of_a_generator_are_signs() -> None:
    array = build_graph(SMALL, scorer=lambda pairs: np.array([1, -1], dtype=np.int8))
    lazy = build_graph(SMALL, scorer=lambda pairs: (s for s in (1, -1)))

    assert array.graph.digest == lazy.graph.digest
    assert array.report.num_negative == 1


def test_whole_floats_are_signs_as_numpy_gives_them() -> None:
    floats = build_graph(SMALL, scorer=lambda pairs: np.sign([0.7, -3.0]))
    halves = build_graph(SMALL, scorer=lambda pairs: np.array([1, -1], dtype=np.float16))

    assert [edge.sign for edge in floats.graph.edges()] == [1, -1]
    assert floats.graph.digest == halves.graph.digest
    assert all(type(edge.sign) is int for edge in floats.graph.edges())


def test_marks_are_signs_at_a_scorers_door_as_in_files() -> None:
    plain = build_graph(SMALL, scorer=lambda pairs: [1, -1])
    for marks in (["+", "-"], ["\uff0b", "\u2014"], ["+1", "\u22121"]):
        assert (
            build_graph(SMALL, scorer=lambda pairs, m=marks: m).graph.digest == plain.graph.digest
        )


def test_judgements_that_edges_cannot_hold_are_refused() -> None:
    for said, expected in (
        (Judgement("+-"), "sign is '\\+-'"),  # type: ignore[arg-type]
        (Judgement(1, decided_by="guessed"), "decided_by is 'guessed'; expected one of "),  # type: ignore[arg-type]
        (Judgement(1, probability=1.5), "probability is 1.5; expected 0 to 1 or None"),
        (Judgement(1, strength="high"), "strength is 'high'; expected a number or None"),  # type: ignore[arg-type]
    ):
        scorer = SimpleNamespace(score=by_length, judge=lambda pairs, s=said: [s, s])
        with pytest.raises(GraphError, match=expected):
            build_graph(SMALL, scorer=scorer)


BAD_SCORERS = {
    "too few": (lambda pairs: [1], "gave 1 signs for 2 pairs; expected one for each"),
    "too many": (lambda pairs: [1, 1, 1], "gave 3 signs for 2 pairs"),
    "out of range": (lambda pairs: [2, -1], r"brand: A - geo: C: sign is 2; expected 1, -1 or 0"),
    "text": (lambda pairs: ["yes", "no"], "gave 2 answers that are not signs"),
    "one text": (lambda pairs: "+-", "gave a str; expected signs"),
    "true": (lambda pairs: [True, False], "sign is True"),
    "fraction": (lambda pairs: [0.5, 1.0], "sign is 0.5"),
    "nan": (lambda pairs: [float("nan"), 1.0], "sign is nan"),
    "numpy's true": (lambda pairs: np.array([True, False]), "sign is "),
    "nothing": (lambda pairs: None, "gave a NoneType; expected signs"),
    "none each": (lambda pairs: [None, None], "sign is None"),
}


@pytest.mark.parametrize("name", BAD_SCORERS)
def test_answers_that_are_no_signs_are_refused(name: str) -> None:
    scorer, expected = BAD_SCORERS[name]

    with pytest.raises(GraphError, match=expected):
        build_graph(SMALL, scorer=scorer)  # type: ignore[arg-type]


def test_bad_reasons_and_judgements_are_refused() -> None:
    class ShortOfReasons:
        def score(self, pairs: Sequence[Pair]) -> list[int]:
            return [1] * len(pairs)

        def explain(self, pairs: Sequence[Pair]) -> list[str]:
            return ["one"]

    class JudgesInNumbers:
        def score(self, pairs: Sequence[Pair]) -> list[int]:
            return [1] * len(pairs)

        def judge(self, pairs: Sequence[Pair]) -> list[int]:
            return [1] * len(pairs)

    with pytest.raises(GraphError, match="ShortOfReasons gave 1 reasons for 2 pairs"):
        build_graph(SMALL, scorer=ShortOfReasons())
    with pytest.raises(GraphError, match="is a int; expected a Judgement"):
        build_graph(SMALL, scorer=JudgesInNumbers())


@pytest.mark.parametrize(
    ("scorer", "expected"),
    [
        (None, "scorer is a NoneType"),
        ("traits", "scorer is a str"),
        (TraitScorer, "with the br"),
        (lambda one, other: 0, r"cannot be called as .*\(pairs\); expected a function of one arg"),
        (SimpleNamespace(score=lambda: [0]), "cannot be called as "),
        (SimpleNamespace(score=by_length, judge=lambda a, b: []), "cannot be called as "),
        (SimpleNamespace(score=by_length, explain=lambda a, b: []), "cannot be called as "),
    ],
)
def test_what_is_no_scorer_is_refused(scorer: object, expected: str) -> None:
    with pytest.raises(SettingError, match=expected):
        build_graph(SMALL, scorer=scorer)  # type: ignore[arg-type]


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "25", True, None])
def test_a_batch_size_that_is_no_count_is_refused(batch_size: object) -> None:
    with pytest.raises(CampaignkitError, match="batch_size is"):
        build_graph(SMALL, scorer=by_length, batch_size=batch_size)  # type: ignore[arg-type]


def test_an_error_of_the_scorer_passes_through_as_it_is() -> None:
    def failing(pairs: Sequence[Pair]) -> list[int]:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        build_graph(SMALL, scorer=failing)


def test_the_report_reads_well() -> None:
    text = str(build_graph(STARTER, scorer=TraitScorer()).report)

    assert text.splitlines()[0].startswith("252 pairs judged by TraitScorer")
    assert "brand - audience:" in text
    assert "rule price_meets_income:" in text


# Arguments of build_graph, and what the error must say.
WRONG_ARGUMENTS = {
    "a name for a catalogue": ({"catalogue": "starter-27"}, "catalogue is 'starter-27'"),
    "no catalogue": ({"catalogue": None}, "catalogue is None; expected a Catalogue"),
    "a number for a budget": ({"budget": 5}, "budget is 5; expected a Budget"),
    "a number for a store": ({"store": 3}, "3 is not a path"),
    "a text for a seed": ({"seed": "7"}, "seed is '7'; expected an integer"),
}


@pytest.mark.parametrize("name", WRONG_ARGUMENTS)
def test_arguments_of_another_kind_are_refused_before_a_pair_is_asked(name: str) -> None:
    given, expected = WRONG_ARGUMENTS[name]
    asked: list[int] = []

    def counted(pairs: Sequence[Pair]) -> list[int]:
        asked.append(len(pairs))
        return by_length(pairs)

    arguments = {"catalogue": SMALL, "scorer": counted, **given}
    with pytest.raises(CampaignkitError, match=expected):
        build_graph(**arguments)  # type: ignore[arg-type]
    assert asked == []


def test_fifty_thousand_attributes_are_refused_for_a_function_too() -> None:
    sides = (("brand", "geo")[i % 2] for i in range(50_000))
    many = Catalogue([Attribute(side, f"v{i}") for i, side in enumerate(sides)])
    with pytest.raises(GraphError, match="25,000,000 calls of 25"):
        build_graph(many, scorer=by_length)
