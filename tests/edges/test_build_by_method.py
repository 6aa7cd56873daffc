"""Building by a method: within the budget, nothing asked twice, every pair accounted for."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import campaignkit as ck
from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges import (
    BuildSession,
    GraphMethod,
    Judgement,
    Outcome,
    Pair,
    PairStates,
    TraitScorer,
    build_graph,
)
from campaignkit.edges.methods.brute_force import InOrder
from campaignkit.errors import ArtifactError, CampaignkitError, GraphError, SettingError
from campaignkit.llm import Budget

STARTER = Catalogue.bundled("starter-27")


class Counting:
    """Signs by the lengths of the names; keeps what it was asked."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.asked: list[list[Pair]] = []
        self._fail_at = fail_at

    def score(self, pairs: Sequence[Pair]) -> list[int]:
        if len(self.asked) == self._fail_at:
            raise KeyboardInterrupt
        self.asked.append(list(pairs))
        return [(len(a.value) * len(b.value)) % 3 - 1 for a, b in pairs]

    @property
    def pairs(self) -> list[frozenset[tuple[str, str]]]:
        return [frozenset((a.key, b.key)) for call in self.asked for a, b in call]


def test_a_method_gives_the_graph_of_plain_asking() -> None:
    plain = build_graph(STARTER, scorer=TraitScorer())
    by_method = build_graph(STARTER, scorer=TraitScorer(), method=InOrder(25))

    assert by_method.graph.digest == plain.graph.digest
    assert list(by_method.graph.edges()) == list(plain.graph.edges())
    assert by_method.report.by_modality_pair == plain.report.by_modality_pair
    assert by_method.report.by_rule == plain.report.by_rule
    assert by_method.report.calls == 11


def test_a_budget_is_never_exceeded_and_the_rest_has_failed_with_that_reason() -> None:
    scorer = Counting()

    build = build_graph(STARTER, scorer=scorer, method=InOrder(25), budget=Budget(calls=4))

    report = build.report
    assert len(scorer.asked) == report.calls == 4
    assert report.num_failed == 152
    assert report.failures == {"the budget was spent before it was asked": 152}
    assert report.num_pairs == 252
    assert report.num_positive + report.num_negative + report.num_neutral == 100
    assert "152 failed" in str(report)


def test_a_build_with_a_larger_budget_goes_on_where_the_first_stopped(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    whole = build_graph(STARTER, scorer=Counting())

    build_graph(
        STARTER, scorer=first, method=InOrder(25), budget=Budget(calls=4), store=tmp_path / "b"
    )
    build = build_graph(
        STARTER, scorer=second, method=InOrder(25), budget=Budget(calls=11), store=tmp_path / "b"
    )

    assert (len(first.asked), len(second.asked)) == (4, 7)
    assert set(first.pairs) & set(second.pairs) == set()
    assert build.report.calls == 11
    assert list(build.graph.edges()) == list(whole.graph.edges())


def test_a_call_that_was_cut_short_is_spent_and_asked_again(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        build_graph(STARTER, scorer=Counting(fail_at=3), method=InOrder(25), store=tmp_path / "b")

    again = Counting()
    build = build_graph(STARTER, scorer=again, method=InOrder(25), store=tmp_path / "b")

    assert len(again.asked) == 8
    assert (build.report.calls, build.report.unconfirmed) == (12, 1)
    assert build.report.num_failed == 0


def test_a_grown_catalogue_has_only_its_new_pairs_judged(tmp_path: Path) -> None:
    build_graph(STARTER, scorer=Counting(), store=tmp_path / "b", batch_size=25)
    new = Attribute("brand", "Newcomer")
    grown = Catalogue([new, *reversed(list(STARTER))])  # other numbers, the same identities
    scorer = Counting()

    build = build_graph(grown, scorer=scorer, store=tmp_path / "b", batch_size=25)

    assert all(new.key in pair for pair in scorer.pairs)
    assert len(scorer.pairs) == sum(a.modality != "brand" for a in STARTER)
    assert len(scorer.asked) == build.report.calls == 1
    assert list(build.graph.edges()) == list(build_graph(grown, scorer=Counting()).graph.edges())


def test_reasons_strengths_and_votes_survive_the_store(tmp_path: Path) -> None:
    once = build_graph(STARTER, scorer=TraitScorer(), store=tmp_path / "b")
    again = build_graph(STARTER, scorer=TraitScorer(), store=tmp_path / "b")

    assert list(again.graph.edges()) == list(once.graph.edges())
    assert again.report == once.report
    assert again.report.by_rule == build_graph(STARTER, scorer=TraitScorer()).report.by_rule


def test_two_scorers_of_different_identity_share_a_folder(tmp_path: Path) -> None:
    class Named(Counting):
        def __init__(self, identity: str) -> None:
            super().__init__()
            self.identity = identity

    one, other = Named("one"), Named("other")
    for scorer in (one, other):
        build_graph(STARTER, scorer=scorer, store=tmp_path / "b")

    assert len(one.pairs) == len(other.pairs) == 252


def test_a_method_may_predict_discard_and_give_details() -> None:
    class Mixed:
        batch_size = 10

        def build(self, session: BuildSession) -> PairStates:
            judged = session.judge([np.arange(10), np.arange(5, 15)], stage="seed", round=2)
            assert judged[5:10].tolist() == judged[10:15].tolist()
            states = session.states
            states.decide(
                np.arange(15, 200), np.ones(185), by="predicted", probability=0.9, round=3
            )
            states.set_outcome(np.arange(200, 250), Outcome.DISCARDED, reason="between the bands")
            states.set_outcome(np.arange(250, 252), Outcome.NOT_VIABLE)
            session.details["seen"] = [1, 2]
            return states

    scorer = Counting()
    build = build_graph(STARTER, scorer=scorer, method=Mixed())

    report = build.report
    assert isinstance(Mixed(), GraphMethod)
    assert [len(call) for call in scorer.asked] == [10, 5]
    assert report.decided_by == {"scored": 15, "predicted": 185}
    assert (report.num_discarded, report.num_not_viable, report.method) == (50, 2, "Mixed")
    assert report.calls_by_stage == {"seed": 2}
    assert report.details == {"seen": [1, 2]}
    edges = list(build.graph.edges())
    assert len(edges) == 200
    assert {(e.decided_by, e.round, e.probability) for e in edges} == {
        ("scored", 2, None),
        ("predicted", 3, 0.9),
    }


def test_neutrals_can_be_sent_away_from_a_methods_graph() -> None:
    kept = build_graph(STARTER, scorer=Counting(), method=InOrder())
    sent = build_graph(STARTER, scorer=Counting(), method=InOrder(), keep_neutral=False)

    assert kept.graph.num_neutral == kept.report.num_neutral > 0
    assert sent.graph.num_neutral == 0
    assert sent.report == kept.report


def test_a_judgement_keeps_its_context() -> None:
    class Informed:
        def score(self, pairs: Sequence[Pair]) -> list[int]:
            return [1] * len(pairs)

        def judge(self, pairs: Sequence[Pair]) -> list[Judgement]:
            return [Judgement(1, context=f"sold in {b.value}") for _, b in pairs]

    graph = build_graph(STARTER, scorer=Informed(), method=InOrder()).graph

    assert next(iter(graph.edges())).context.startswith("sold in ")
    plain = build_graph(STARTER, scorer=Informed()).graph
    assert list(plain.edges()) == list(graph.edges())


class LeavesAHole:
    def build(self, session: BuildSession) -> PairStates:
        session.judge([np.arange(25)], stage="some")
        return session.states


class AsksTooMuch:
    def build(self, session: BuildSession) -> PairStates:
        session.judge([np.arange(26)], stage="some")
        return session.states


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (LeavesAHole(), "227 of 252 pairs have no outcome"),
        (AsksTooMuch(), "asks about 26 pairs; expected 25 at most"),
        (InOrder, "method is the class InOrder"),
        ("brute force", "method is a str"),
    ],
)
def test_a_method_that_does_not_keep_the_rules_is_refused(method: object, expected: str) -> None:
    with pytest.raises((GraphError, SettingError), match=expected):
        build_graph(STARTER, scorer=Counting(), method=method)  # type: ignore[arg-type]


def test_a_store_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    text = tmp_path / "text"
    text.mkdir()
    (text / "calls.sqlite").write_text("this is no database, however long it may be " * 50)
    newer = tmp_path / "newer"
    newer.mkdir()
    rows = sqlite3.connect(newer / "calls.sqlite")
    rows.execute("PRAGMA user_version = 9")
    rows.close()

    for store, expected in (
        (file, "is a file"),
        (text, "is not a ledger of calls"),
        (newer, "is of layout 9"),
    ):
        with pytest.raises(ArtifactError, match=expected):
            build_graph(STARTER, scorer=Counting(), store=store)


def test_a_seed_that_is_none_is_refused() -> None:
    with pytest.raises(CampaignkitError, match="seed is"):
        build_graph(STARTER, scorer=Counting(), method=InOrder(), seed="seven")  # type: ignore[arg-type]


def test_a_store_serves_one_build_at_a_time(tmp_path: Path) -> None:
    session = BuildSession(STARTER, Counting(), store=tmp_path)
    session.judge([np.arange(3)], stage="some")

    with pytest.raises(ArtifactError, match="in use by another"):
        build_graph(STARTER, scorer=Counting(), store=tmp_path)
    session.close()

    assert build_graph(STARTER, scorer=Counting(), store=tmp_path).report.num_pairs == 252


def test_a_budget_holds_over_all_builds_of_a_store(tmp_path: Path) -> None:
    eleven = Budget(calls=11)
    build_graph(STARTER, scorer=Counting(), method=InOrder(), store=tmp_path, budget=eleven)
    grown = STARTER.add([Attribute("geo", "Peru")])

    build = build_graph(grown, scorer=Counting(), store=tmp_path, budget=eleven)

    assert (build.report.num_failed, build.report.calls) == (len(grown) - 1 - 4, 0)


def test_pairs_that_are_not_there_are_refused() -> None:
    session = BuildSession(STARTER, Counting())

    for number in (-1, 252):
        with pytest.raises(GraphError, match="unknown pairs; expected numbers from 0 to 251"):
            session.judge([np.array([0, number])], stage="some")
    session.close()


def test_the_promised_lines_work_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    world = ck.simulation.RehearsalWorld(160, seed=1)
    catalogue, scorer = world.carded(), world.scorer()

    plan = ck.plan_graph(catalogue, method=ck.BruteForce(batch_size=25, packing="mixed"))
    assert (plan.calls, plan.judgements, plan.cost) == (348, 8700, None)
    build = ck.build_graph(catalogue, scorer=scorer, method=ck.ActiveBuilder(target_disagreement=0.1), budget=ck.Budget(calls=260), store="build/", seed=7)  # fmt: skip  # noqa: E501

    assert build.graph.num_nodes == 160
    assert build.report.calls <= 260
    assert Path("build", "calls.sqlite").is_file()
    assert sum(build.report.decided_by.values()) == 8700
