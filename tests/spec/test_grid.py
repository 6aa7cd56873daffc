"""A grid is every combination of its settings, each a spec that was checked."""

from __future__ import annotations

import doctest
from itertools import product

import pytest
from hypothesis import given, strategies as st

from campaignkit.errors import SpecError
from campaignkit.spec import SamplingSpec, sampling

BOX = {"pos_frac_range": (0.2, 1), "neg_frac_range": (0, 0.3), "num_samples": 9}
SPEC = SamplingSpec(
    type_ranges={"brand": (1, 1), "audience": (2, 4), "a.b": (0, 1)},
    label_params={"pos": BOX, "v1.2": BOX},
)


@given(
    st.lists(st.integers(1, 99), min_size=1, max_size=4),
    st.lists(st.integers(2, 9), min_size=1, max_size=4),
)
def test_a_grid_is_the_product_of_its_settings_in_order(
    counts: list[int], highs: list[int]
) -> None:
    ranges = [(1, high) for high in highs]

    points = SPEC.grid({"label_params.pos.num_samples": counts, "type_ranges.audience": ranges})

    made = [
        (point.spec.label_params["pos"].num_samples, point.spec.type_ranges["audience"])
        for point in points
    ]
    assert made == list(product(counts, ranges))
    assert [tuple(point.settings.values()) for point in points] == made


def test_what_is_not_named_stays_and_the_first_spec_is_not_touched() -> None:
    before = SPEC.digest

    (point,) = SPEC.grid({"max_iters": [5]})

    assert point.spec == SPEC.model_copy(update={"max_iters": 5})
    assert SPEC.digest == before


def test_a_grid_of_nothing_is_the_spec_itself() -> None:
    assert [point.spec for point in SPEC.grid({})] == [SPEC]


def test_paths_reach_one_bound_and_names_with_dots() -> None:
    path, dotted = "label_params.v1.2.pos_frac_range.0", "type_ranges.a.b"

    (point,) = SPEC.grid({path: [0.25], dotted: [(1, 1)]})

    assert point.spec.label_params["v1.2"].pos_frac_range == (0.25, 1)
    assert point.spec.label_params["pos"].pos_frac_range == (0.2, 1)
    assert point.spec.type_ranges["a.b"] == (1, 1)


def test_all_unknown_paths_and_bad_lists_are_told_at_once() -> None:
    wrong = {
        "label_params.pso.num_samples": [1],
        "max_iters": "12",
        "start_temp": [],
        "patience.x": [1],
        "label_params.pos.pos_frac_range.2": [1],
    }

    with pytest.raises(SpecError) as caught:
        SPEC.grid(wrong)

    assert {fault.where for fault in caught.value.faults} == set(wrong)
    assert "did you mean label_params.pos.num_samples?" in str(caught.value)


def test_a_setting_within_another_is_refused() -> None:
    with pytest.raises(SpecError, match="lies within type_ranges"):
        SPEC.grid({"type_ranges": [{"brand": (1, 2)}], "type_ranges.brand": [(1, 1)]})


def test_a_value_that_does_not_fit_is_told_with_its_path_and_its_settings() -> None:
    with pytest.raises(SpecError) as caught:
        SPEC.grid({"type_ranges.audience": [(2, 4), (6, 4)], "max_iters": [1, 0]})

    assert len(caught.value.faults) == 4  # (6, 4) twice, 0 twice
    assert "type_ranges.audience=(6, 4)" in str(caught.value)
    assert {fault.where for fault in caught.value.faults} == {
        "type_ranges.audience",
        "max_iters",
    }


def test_a_grid_too_large_is_refused_before_it_is_made() -> None:
    many = list(range(1, 1001))

    with pytest.raises(SpecError, match="1,000,000 specs"):
        SPEC.grid({"max_iters": many, "patience": many})


def test_the_example_runs() -> None:
    assert doctest.testmod(sampling).failed == 0
