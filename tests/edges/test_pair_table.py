"""The pair table and the states: every pair once, every pair one outcome."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

import strategies
from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges import Outcome, PairStates, PairTable
from campaignkit.edges.pairs import NOBODY
from campaignkit.errors import GraphError, UnknownAttribute

RETAIL = Catalogue.bundled("retail-160")


@given(strategies.catalogues(min_size=2))
def test_every_pair_of_different_modalities_is_a_row_once_and_in_order(
    catalogue: Catalogue,
) -> None:
    expected = [
        [i, j]
        for i in range(len(catalogue))
        for j in range(i + 1, len(catalogue))
        if catalogue[i].modality != catalogue[j].modality
    ]
    if not expected:
        with pytest.raises(GraphError, match="no pair of different modalities"):
            PairTable(catalogue)
        return

    table = PairTable(catalogue)

    assert table.pairs.tolist() == expected
    assert len(table) == len(expected)


def test_a_pair_is_found_from_either_end() -> None:
    table = PairTable(RETAIL)
    numbers = np.random.default_rng(3).permutation(len(table))[:500]
    ends = table.pairs[numbers]

    assert table.indices(ends[:, 0], ends[:, 1]).tolist() == numbers.tolist()
    assert table.indices(ends[:, 1], ends[:, 0]).tolist() == numbers.tolist()
    one, other = table.pair(7)
    assert table.index(one, other) == table.index(other.key, one.key) == 7


def test_pairs_that_are_none_are_refused() -> None:
    table = PairTable(RETAIL)

    with pytest.raises(GraphError, match="both are of one modality"):
        table.index(RETAIL.of("brand")[0], RETAIL.of("brand")[1])
    with pytest.raises(UnknownAttribute):
        table.index(("brand", "Nobody"), RETAIL.of("geo")[0])


def test_fifty_thousand_attributes_are_refused_with_what_they_cost() -> None:
    large = Catalogue(Attribute(("brand", "geo")[i % 2], f"v{i}") for i in range(50_000))

    with pytest.raises(GraphError, match=r"50,000 attributes make 625,000,000 pairs: 25,000,000"):
        PairTable(large)


@given(st.lists(st.sampled_from(list(Outcome)), min_size=1, max_size=60))
def test_the_counts_of_the_states_add_up(outcomes: list[Outcome]) -> None:
    states = PairStates.of(len(outcomes))
    for pair, outcome in enumerate(outcomes):
        if outcome is Outcome.DECIDED:
            states.decide(np.array([pair]), np.array([pair % 3 - 1]), by="scored")
        elif outcome is not Outcome.UNDECIDED:
            states.set_outcome(np.array([pair]), outcome, reason=outcome.name)

    assert sum(states.counts().values()) == len(outcomes)
    if Outcome.UNDECIDED in outcomes:
        with pytest.raises(GraphError, match=f"{outcomes.count(Outcome.UNDECIDED)} of"):
            states.check_complete()
    else:
        states.check_complete()


def test_states_that_make_no_sense_are_refused() -> None:
    signs, nobody = PairStates.of(2), PairStates.of(2)
    for states in (signs, nobody):
        states.decide(np.arange(2), np.ones(2), by="rule")
    signs.sign[1] = 2
    nobody.decided_by[0] = NOBODY

    with pytest.raises(GraphError, match=r"1 of 2 pairs have an unknown sign.* number 1"):
        signs.check_complete()
    with pytest.raises(GraphError, match="decided, but by nobody"):
        nobody.check_complete()
