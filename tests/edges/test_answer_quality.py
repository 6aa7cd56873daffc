"""What a build says about its judge: flips, the pull of position, answers without information;
comparison with another build, and with pairs that are beyond doubt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges import (
    GraphBuild,
    KnownPairs,
    LLMEdgeScorer,
    TraitScorer,
    build_graph,
    check_known_pairs,
    compare_builds,
    published_pairs,
)
from campaignkit.edges.methods.brute_force import InOrder
from campaignkit.edges.report import measure_answers
from campaignkit.edges.scorers.llm import every_pair
from campaignkit.edges.scorers.protocols import Answer, Asking, Judgement
from campaignkit.errors import GraphError
from campaignkit.graph import Edge, SignedGraph, compare
from campaignkit.simulation import RehearsalModel, RehearsalWorld

STARTER = Catalogue.bundled("starter-27")
WORLD = RehearsalWorld(
    {"brand": 24, "audience": 24, "platform": 4, "geo": 12}, seed=4, position_bias=0.0
)


def rehearse(world: RehearsalWorld, *, seed: int = 0, **settings: Any) -> GraphBuild:
    scorer = LLMEdgeScorer(RehearsalModel(world), **settings)
    return build_graph(world.catalogue, scorer=scorer, seed=seed)


def test_dashes_and_full_width_marks_of_known_pairs_are_read_as_the_plain_ones(
    tmp_path: Path,
) -> None:
    read = []
    for marks in ("-+0?", "\u2014\uff0b\uff10\uff1f", "\u2212+0?"):
        rows = "".join(f"Nike,v{i},brand_to_geo,{mark}\n" for i, mark in enumerate(marks))
        file = tmp_path / "known.csv"
        file.write_text("source,target,rel,sign\n" + rows, encoding="utf-8")
        read.append(KnownPairs.read_csv(file))

    assert read[0] == read[1] == read[2]
    assert [edge.sign for edge in read[0].clear] == [-1, 1, 0]
    assert len(read[0].ambiguous) == 1


def test_the_flip_rate_foretells_how_far_a_second_run_agrees() -> None:
    first = rehearse(WORLD, seed=1, repeat_frac=0.5)
    second = rehearse(WORLD, seed=2)

    found = compare_builds(first, second)

    quality = first.report.quality
    assert quality.num_repeats > 400
    low, high = quality.flip_interval
    assert low <= 1 - found.overall.three_way_agreement <= high
    assert found.rerun_ceiling == quality.rerun_ceiling == 1 - quality.flip_rate
    assert "rerun ceiling" in str(found)
    assert "flip rate" in str(first.report)


def test_a_pull_of_position_is_measured_and_warned_of() -> None:
    swayed = RehearsalWorld(
        {"brand": 24, "audience": 24, "platform": 4, "geo": 12}, seed=4, position_bias=0.8
    )

    calm, pulled = rehearse(WORLD).report, rehearse(swayed).report

    assert abs(calm.quality.position_slope) < 3 * calm.quality.position_slope_se
    assert pulled.quality.position_slope < -3 * pulled.quality.position_slope_se
    assert not any("position in a call" in warning for warning in calm.warnings)
    assert any("position in a call" in warning for warning in pulled.warnings)


def test_a_judge_that_says_plus_to_everything_is_warned_of() -> None:
    build = build_graph(STARTER, scorer=Yes())
    by_method = build_graph(STARTER, scorer=Yes(), method=InOrder())

    assert build.report.warnings == by_method.report.warnings
    assert by_method.report.warnings == (
        "all 252 judged pairs are +: the answers contain no information",
    )
    assert "warning: all 252" in str(by_method.report)


class Yes:
    def score(self, pairs: object) -> list[int]:
        return [1] * len(pairs)  # type: ignore[arg-type]


def test_a_second_vote_on_every_pair_is_righter_at_about_twice_the_calls() -> None:
    world = RehearsalWorld(
        {"brand": 24, "audience": 24, "geo": 12}, seed=9, flip_rate=0.1, position_bias=0.0
    )
    once, voted = rehearse(world), rehearse(world, second_vote=every_pair)

    def right(build: GraphBuild) -> float:
        return compare(world.truth_graph(), build.graph).overall.three_way_agreement or 0.0

    assert right(voted) > right(once) + 0.015
    assert 2.0 <= voted.report.calls / once.report.calls < 2.6


def test_repeats_are_counted_against_first_answers_alone() -> None:
    def pair(number: int) -> tuple[tuple[str, str], tuple[str, str]]:
        return ("brand", "A"), ("geo", str(number))

    answers = [Answer(pair(i), Judgement(i % 2), place=i / 9) for i in range(10)]
    answers += [Answer(pair(i), Judgement(1), Asking.REPEAT) for i in range(4)]
    answers += [Answer(pair(i), Judgement(-1), Asking.SECOND) for i in range(10)]
    answers += [Answer(pair(99), Judgement(1), Asking.REPEAT)]

    quality = measure_answers(answers)

    assert (quality.num_repeats, quality.num_flips) == (4, 2)


def test_comparing_builds_shows_what_no_call_at_all_would_reach() -> None:
    reference = build_graph(STARTER, scorer=TraitScorer())

    found = compare_builds(reference, build_graph(STARTER, scorer=Yes()))

    assert found.overall == found.all_positive
    assert found.all_positive.edge_recall == 1.0
    assert found.all_positive.negative_recall == 0.0
    share = reference.report.pos_frac
    assert found.all_positive.three_way_agreement == pytest.approx(share)


def test_known_pairs_are_looked_up_by_name_and_counted_once() -> None:
    graph = SignedGraph.from_edges(
        [
            Edge(("brand", "Nike"), ("audience", "Athletes"), 1),
            Edge(("brand", "Rolex"), ("audience", "Budget Shoppers"), 1),
        ],
        catalogue=Catalogue(
            [Attribute("brand", "Nike"), Attribute("brand", "Rolex"), Attribute("brand", "Dior"),
             Attribute("audience", "Athletes"), Attribute("audience", "Budget Shoppers"),
             Attribute("audience", "Fitness Enthusiasts")]
        ),
    )  # fmt: skip

    check = check_known_pairs(graph, published_pairs())

    assert (len(check.right), len(check.wrong), check.num_checked) == (2, 1, 3)
    assert check.correct_frac == pytest.approx(2 / 3)
    assert len(check.not_there) == len(published_pairs()) - 3
    assert "audience: Budget Shoppers - brand: Rolex: expected -, is +" in str(check)


def test_a_graph_of_obvious_pairs_may_be_an_edge_list_of_ones_own() -> None:
    graph = build_graph(STARTER, scorer=TraitScorer()).graph

    assert check_known_pairs(graph, graph).correct_frac == 1.0
    with pytest.raises(GraphError, match="none of the 1 known pairs"):
        check_known_pairs(graph, [Edge(("x", "y"), ("z", "w"), 1)])


def test_a_report_is_made_of_json_values() -> None:
    report = rehearse(WORLD).report

    told = json.loads(json.dumps(report.to_dict()))

    assert told["num_pairs"] == sum(row["num_pairs"] for row in told["by_modality_pair"])
    assert told["calls"] == sum(told["calls_by_stage"].values())
    assert told["quality"]["rerun_ceiling"] == 1 - told["quality"]["flip_rate"]
    assert told["edges_per_call"] == report.edges_per_call


def test_ambiguous_pairs_are_told_apart_and_never_wrong(tmp_path: Path) -> None:
    file = tmp_path / "known.csv"
    file.write_text(
        "source,target,rel,sign\nNike,Athletes,brand_to_audience,+\n"
        "Rolex,Budget Shoppers,brand_to_audience,+\nNike,Brazil,brand_to_geo,?\n"
        "Nowhere,Brazil,brand_to_geo, ?\n"
    )
    graph = build_graph(STARTER, scorer=TraitScorer()).graph

    check = check_known_pairs(graph, KnownPairs.read_csv(file))

    assert (len(check.right), len(check.wrong), len(check.not_there)) == (1, 1, 1)
    assert check.correct_frac == 0.5
    sign = graph.sign(("brand", "Nike"), ("geo", "Brazil"))
    assert check.ambiguous == (((("brand", "Nike"), ("geo", "Brazil")), sign),)
    assert "1 ambiguous pairs, none of them wrong" in str(check)
    file.write_text("source,target,rel,sign\nNike,Athletes,brand_to_audience,!\n")
    with pytest.raises(GraphError, match=r"known.csv:2: sign '!' is not \+ or -"):
        KnownPairs.read_csv(file)


@pytest.mark.parametrize("given", ["obvious.csv", None, [("brand", "Nike")]])
def test_known_pairs_that_are_no_edges_are_refused(given: object) -> None:
    graph = build_graph(Catalogue.bundled("starter-27"), scorer=TraitScorer()).graph
    with pytest.raises(GraphError, match="expected edges or a graph"):
        check_known_pairs(graph, given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "again", ["Nike,Athletes,brand_to_audience,-", "Athletes,Nike,audience_to_brand,?"]
)
def test_a_known_pair_that_is_there_twice_is_refused(tmp_path: Path, again: str) -> None:
    file = tmp_path / "known.csv"
    file.write_text(f"source,target,rel,sign\nNike,Athletes,brand_to_audience,?\n{again}\n")

    with pytest.raises(GraphError, match="more than once"):
        KnownPairs.read_csv(file)
