"""Specs that cannot work: each is an error or a warning before any work, in words that help."""

from __future__ import annotations

import warnings
from itertools import combinations
from typing import Any

import pytest

import campaignkit as ck
from campaignkit.errors import InfeasibleSpec, SpecError
from campaignkit.sample.sampler import AnnealingSampler

SIZES = {"brand": 1, "audience": 5, "geo": 3}
BOX = {"pos_frac_range": (0, 1), "neg_frac_range": (0, 1), "num_samples": 4}


def graph(sign: int = 1) -> ck.SignedGraph:
    keys = [(m, f"{m} {i}") for m, n in SIZES.items() for i in range(n)]
    return ck.SignedGraph.from_edges(
        ck.Edge(a, b, sign) for a, b in combinations(keys, 2) if a[0] != b[0]
    )


def spec(ranges: dict[str, Any] | None = None, **labels: dict[str, Any]) -> ck.SamplingSpec:
    return ck.SamplingSpec(
        type_ranges={"brand": (1, 1), "audience": (1, 3)} if ranges is None else ranges,
        label_params={name: {**BOX, **box} for name, box in (labels or {"x": {}}).items()},
    )


@pytest.mark.parametrize(
    ("ranges", "box", "words"),
    [
        ({"a": (100, 200), "b": (56, 56)}, {}, "at most 255"),
        ({"a": (0, 1), "b": (0, 1)}, {}, "at least 2"),
        ({"a": (1, 0), "b": (1, 1)}, {}, "low 1 above high 0"),
        ({"a": (-1, 1), "b": (1, 1)}, {}, "type_ranges.a"),
        ({}, {}, "type_ranges"),
        ({"a": (0, 0), "b": (0, 0)}, {}, "at least 2"),
        ({"a": (1, 1), "b": (1, 1)}, {"num_samples": 0}, "num_samples"),
        ({"a": (1, 1), "b": (1, 1)}, {"num_samples": -3}, "num_samples"),
        ({"a": (1, 1), "b": (1, 1)}, {"pos_frac_range": (0.6, 0.2)}, "low 0.6 above high 0.2"),
        (
            {"a": (1, 1), "b": (1, 1)},
            {"pos_frac_range": (0.6, 1), "neg_frac_range": (0.6, 1)},
            "more than 1",
        ),
        ({"a": (1, 1), "b": (1, 1)}, {"pos_frac_range": (0, 1.2)}, "pos_frac_range"),
    ],
)
def test_a_spec_with_faults_is_refused_when_it_is_written(
    ranges: dict[str, Any], box: dict[str, Any], words: str
) -> None:
    with pytest.raises(SpecError) as caught:
        spec(ranges, x=box)

    assert words in str(caught.value)


def test_a_spec_without_labels_is_refused() -> None:
    with pytest.raises(SpecError, match="label_params"):
        ck.SamplingSpec(type_ranges={"a": (1, 1), "b": (1, 1)}, label_params={})


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ({"brand": (1, 1), "audiense": (1, 2)}, "did you mean audience?"),
        ({"brand": (1, 2), "audience": (1, 1)}, "asks for up to 2, but the graph has 1"),
        ({"brand": (1, 1), "audience": (9, 9)}, "lower the high to 5"),
    ],
)
def test_a_spec_that_does_not_fit_the_graph_is_refused_at_every_door(
    ranges: dict[str, Any], words: str
) -> None:
    for door in (
        lambda: AnnealingSampler(graph(), spec(ranges)),
        lambda: ck.feasible(graph(), spec(ranges)),
        lambda: ck.diagnose(graph(), type_ranges=ranges),
    ):
        with pytest.raises(SpecError) as caught:
            door()
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("sign", "ranges", "box", "words"),
    [
        (1, None, {"neg_frac_range": (0.1, 1)}, "no negative edge"),
        (-1, None, {"pos_frac_range": (0.1, 1)}, "no positive edge"),
        (1, {"brand": (1, 1), "audience": (3, 3)}, {"pos_frac_range": (0.6, 1)}, "at most 0.500"),
        (1, {"audience": (2, 4)}, {"pos_frac_range": (0.1, 1)}, "no positive edge"),
        (1, {"brand": (1, 1), "geo": (1, 1)}, {"pos_frac_range": (0.3, 0.7)}, "pos_frac"),
    ],
)
def test_a_label_no_campaign_can_carry_is_refused_before_sampling(
    sign: int, ranges: dict[str, Any] | None, box: dict[str, Any], words: str
) -> None:
    sampler = AnnealingSampler(graph(sign), spec(ranges, x=box))

    with pytest.raises(InfeasibleSpec) as caught:
        sampler.sample()

    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ({}, "have the same box"),
        ({"pos_frac_range": (0.2, 0.9)}, "is completely inside"),
    ],
)
def test_labels_that_overlap_wholly_are_warned_of(inner: dict[str, Any], words: str) -> None:
    with pytest.warns(UserWarning, match=words):
        AnnealingSampler(graph(), spec(None, outer={}, inner=inner))


def test_a_modality_that_may_hold_nothing_is_warned_of() -> None:
    ranges = {"brand": (1, 1), "audience": (1, 3), "geo": (0, 0)}

    with pytest.warns(UserWarning, match=r"type_ranges\.geo is \(0, 0\)"):
        sampler = AnnealingSampler(graph(), spec(ranges))

    assert len(sampler.sample()) == 4


def test_a_modality_of_one_attribute_is_no_fault() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = AnnealingSampler(graph(), spec()).sample()

    assert {campaign.attributes["brand"] for campaign in dataset} == {("brand 0",)}
