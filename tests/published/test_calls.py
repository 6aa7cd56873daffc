"""The published numbers of calls and what could be planned instead: all of it is counting."""

from __future__ import annotations

import inspect
from math import ceil

import pytest

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges import Bands, BruteForce, LLMEdgeScorer, PairTable, pack, plan_graph

SIZES = {"brand": 10, "audience": 10, "geo": 4, "platform": 3}
LARGER = {"brand": 60, "audience": 60, "geo": 30, "platform": 10}


def a_catalogue(sizes: dict[str, int]) -> Catalogue:
    return Catalogue(
        Attribute(modality, f"{modality} {at}") for modality, n in sizes.items() for at in range(n)
    )


def test_27_attributes_have_252_pairs_and_160_have_8_700() -> None:
    assert len(PairTable(a_catalogue(SIZES))) == 252 == 147 + 44 + 61
    assert len(PairTable(a_catalogue(LARGER))) == 8_700


@pytest.mark.parametrize(("sizes", "calls"), [(SIZES, 54), (LARGER, 570)])
def test_the_call_rule_by_name_gives_54_and_570(sizes: dict[str, int], calls: int) -> None:
    assert len(pack(PairTable(a_catalogue(sizes)), "published")) == calls


@pytest.mark.parametrize(("sizes", "calls"), [(SIZES, 53), (LARGER, 560)])
def test_the_call_rule_in_the_order_brand_audience_platform_geo_gives_53_and_560(
    sizes: dict[str, int], calls: int
) -> None:
    order = ["brand", "audience", "platform", "geo"]
    ordered = {f"{at} {name}": sizes[name] for at, name in enumerate(order)}

    assert len(pack(PairTable(a_catalogue(ordered)), "published")) == calls


@pytest.mark.parametrize(
    ("sizes", "oriented", "mixed", "least"), [(SIZES, 27, 17, 11), (LARGER, 440, 348, 348)]
)
def test_the_best_way_round_takes_27_and_440_calls_and_mixed_targets_17_and_348(
    sizes: dict[str, int], oriented: int, mixed: int, least: int
) -> None:
    table = PairTable(a_catalogue(sizes))

    assert len(pack(table, "oriented")) == oriented
    assert len(pack(table, "mixed")) == mixed
    assert len(pack(table, "pairs")) == least == ceil(len(table) / 25)


@pytest.mark.parametrize(
    ("factor", "published", "printed", "least"),
    [(2, 1_620, 2_280, 1_392), (5, 8_700, 14_250, 8_700), (10, 34_800, 57_000, 34_800)],
)
def test_the_printed_projections_are_570_times_k_squared_and_not_the_rules_own_count(
    factor: int, published: int, printed: int, least: int
) -> None:
    larger = {name: n * factor for name, n in LARGER.items()}
    names = sorted(larger)
    by_rule = sum(
        larger[one] * ceil(larger[other] / 25)
        for at, one in enumerate(names)
        for other in names[at + 1 :]
    )

    assert by_rule == published
    assert printed == 570 * factor**2
    assert ceil(8_700 * factor**2 / 25) == least


def test_the_plan_of_570_calls_takes_the_published_553_seconds() -> None:
    plan = plan_graph(Catalogue.bundled("retail-160"), method=BruteForce(packing="published"))

    assert (plan.calls, round(plan.time_s)) == (570, 553)


def test_a_scorer_asks_for_25_pairs_at_temperature_0_15_as_published() -> None:
    given = inspect.signature(LLMEdgeScorer).parameters

    assert (given["batch_size"].default, given["temperature"].default) == (25, 0.15)


def test_bands_inherit_at_8_and_3_as_in_the_printed_table_or_at_9_and_2_as_in_the_text() -> None:
    table, text = Bands(), Bands.stricter()

    assert (table.inherit_positive, table.inherit_negative) == (8, 3)
    assert (text.inherit_positive, text.inherit_negative) == (9, 2)
    assert (table.positive, table.negative) == (text.positive, text.negative) == (7, 4)


def test_a_score_of_4_is_neutral_to_the_published_prompt_and_negative_to_its_threshold() -> None:
    # The prompt: 0-3 negative, 4-6 neutral, 7-10 positive. The threshold, which holds: <= 4.0.
    words = [Bands().route(score).word for score in range(11)]

    assert [score for score, word in enumerate(words) if word == "discard"] == [5, 6]
    assert words[4] == "classify"
