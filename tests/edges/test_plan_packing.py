"""Packings: every pair in one call, no call too large, no call too many."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges.methods.packing import PACKINGS, fewest_calls, pack
from campaignkit.edges.pairs import PairTable
from campaignkit.errors import GraphError

PUBLISHED_NUMBERS = [
    ("starter-27", {"published": 54, "oriented": 27, "mixed": 17, "pairs": 11}),
    ("retail-160", {"published": 570, "oriented": 440, "mixed": 348, "pairs": 348}),
]


def table_of(*sizes: int) -> PairTable:
    return PairTable(
        Catalogue(
            Attribute(f"modality {m}", f"value {v}")
            for m, size in enumerate(sizes)
            for v in range(size)
        )
    )


some_sizes = st.lists(st.integers(1, 12), min_size=2, max_size=5)


@pytest.mark.parametrize(("name", "numbers"), PUBLISHED_NUMBERS)
def test_call_counts_are_the_stated_ones(name: str, numbers: dict[str, int]) -> None:
    table = PairTable(Catalogue.bundled(name))

    assert {packing: len(pack(table, packing)) for packing in PACKINGS} == numbers


@pytest.mark.parametrize(
    ("factor", "published", "oriented", "least"),
    [(2, 1620, 1460, 1392), (5, 8700, 8700, 8700)],
)
def test_call_counts_of_larger_catalogues(
    factor: int, published: int, oriented: int, least: int
) -> None:
    table = table_of(*(factor * size for size in (60, 60, 10, 30)))

    counts = [len(pack(table, packing)) for packing in ("oriented", "mixed", "pairs")]
    assert counts == [oriented, least, least]
    # Modalities here are named in catalogue order; the published rule goes by names.
    named = PairTable(
        Catalogue(
            Attribute(m, str(v))
            for m, size in (("audience", 60), ("brand", 60), ("geo", 30), ("platform", 10))
            for v in range(factor * size)
        )
    )
    assert len(pack(named, "published")) == published


@given(some_sizes, st.integers(1, 30), st.sampled_from(PACKINGS))
def test_every_pair_is_in_one_call_and_no_call_is_too_large(
    sizes: list[int], batch_size: int, packing: str
) -> None:
    table = table_of(*sizes)

    calls = pack(table, packing, batch_size=batch_size)

    assert sorted(np.concatenate(calls).tolist()) == list(range(len(table)))
    assert all(0 < len(call) <= batch_size for call in calls)


@given(some_sizes, st.integers(1, 30))
def test_a_call_of_mixed_targets_has_one_primary(sizes: list[int], batch_size: int) -> None:
    table = table_of(*sizes)

    for call in pack(table, "mixed", batch_size=batch_size):
        shared = set.intersection(*(set(ends) for ends in table.pairs[call].tolist()))
        assert shared


@given(some_sizes, st.integers(1, 30), st.sampled_from(["published", "oriented"]))
def test_a_call_by_modality_has_one_primary_and_one_modality_of_targets(
    sizes: list[int], batch_size: int, packing: str
) -> None:
    table = table_of(*sizes)

    for call in pack(table, packing, batch_size=batch_size):
        ends = table.pairs[call]
        assert set.intersection(*(set(pair) for pair in ends.tolist()))
        assert len({tuple(codes) for codes in table.codes[ends].tolist()}) == 1


@given(some_sizes, st.integers(1, 30))
def test_each_packing_needs_no_more_calls_than_the_one_before(
    sizes: list[int], batch_size: int
) -> None:
    table = table_of(*sizes)

    published, oriented, mixed, pairs = (
        len(pack(table, packing, batch_size=batch_size)) for packing in PACKINGS
    )

    assert published >= oriented >= mixed >= pairs
    assert pairs == fewest_calls(table, batch_size=batch_size)
    assert mixed >= fewest_calls(table, batch_size=batch_size, one_primary=True)


def least_by_trying_all(table: PairTable, batch_size: int) -> int:
    nodes = len(table.codes)
    return min(
        sum(-(-load // batch_size) for load in np.bincount(primary, minlength=nodes).tolist())
        for primary in product(*table.pairs.tolist())
    )


@settings(max_examples=40)
@given(
    st.sampled_from([(1, 1), (1, 5), (2, 2), (2, 4), (3, 3), (1, 1, 1), (1, 2, 3), (2, 2, 2)]),
    st.integers(1, 5),
)
def test_mixed_targets_need_the_fewest_calls_of_all_ways(
    sizes: tuple[int, ...], batch_size: int
) -> None:
    table = table_of(*sizes)

    found = len(pack(table, "mixed", batch_size=batch_size))

    assert found == least_by_trying_all(table, batch_size)


@given(st.lists(st.integers(3, 40), min_size=3, max_size=4))
@settings(max_examples=25)
def test_calls_of_25_are_all_but_as_few_as_can_be(sizes: list[int]) -> None:
    table = table_of(*sizes)

    found = len(pack(table, "mixed"))

    # Proved minimal where the two are equal; a search by flow finds it but for a few calls.
    assert found <= 1.1 * fewest_calls(table, one_primary=True) + 2


@pytest.mark.parametrize(
    ("packing", "batch_size", "said"),
    [("best", 25, "expected one of 'published'"), ("pairs", 0, "batch_size is 0")],
)
def test_what_is_no_packing_is_refused(packing: str, batch_size: int, said: str) -> None:
    with pytest.raises(GraphError, match=said):
        pack(table_of(2, 2), packing, batch_size=batch_size)
