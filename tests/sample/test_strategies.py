"""Strategies as objects: their warnings, their checkpoints, and that annealing cools."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from worlds import SIZES, spec_of, structured_graph

from campaignkit.errors import SettingError
from campaignkit.graph import SignedGraph
from campaignkit.report.annealing_trace import trace_annealing
from campaignkit.sample import Annealing, AnnealingSampler, HeatBath, Rejection, Strategy
from campaignkit.sample.arrays import LabelWorld, Rows
from campaignkit.sample.chances import metropolis_chances
from campaignkit.sample.moves import DEFAULT_MOVES, add_node, remove_node, swap_node
from campaignkit.sample.strategies import ALL_STRATEGIES
from campaignkit.testing import check_strategy

RARE = ((0.5, 1.0), (0.0, 0.1))
SOFT = ((0.2, 1.0), (0.0, 0.4))
ALL = {
    "start_temp": 3.0, "end_temp": 0.5, "patience": 50, "proposals_per_step": 2, "max_iters": 900,
}  # fmt: skip


def world() -> SignedGraph:
    return structured_graph(SIZES, pos=38, neg=33)


@pytest.mark.parametrize(
    ("strategy", "unused"),
    [
        (None, ["start_temp", "end_temp", "patience", "proposals_per_step"]),
        (HeatBath(), ["start_temp", "end_temp", "patience", "proposals_per_step"]),
        (Rejection(), ["start_temp", "end_temp", "patience", "proposals_per_step", "max_iters"]),
        (Annealing(), []),
    ],
    ids=repr,
)
def test_parameters_that_a_strategy_does_not_use_are_warned_of_by_name(
    strategy: Strategy | None, unused: list[str]
) -> None:
    spec = spec_of({"x": SOFT}, 5, **ALL)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        AnnealingSampler(world(), spec, strategy=strategy)
        AnnealingSampler(world(), spec_of({"x": SOFT}, 5), strategy=strategy)  # gives none

    told = [str(warning.message) for warning in caught]
    assert len(told) == bool(unused)
    for name in ALL:
        assert any(name in words for words in told) == (name in unused)


def test_a_spec_written_and_read_back_gives_no_parameter_it_did_not_give(tmp_path: Path) -> None:
    spec_of({"x": SOFT}, 5).write(tmp_path / "spec.json")
    spec = type(spec_of({"x": SOFT}, 5)).read(tmp_path / "spec.json")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AnnealingSampler(world(), spec)


def test_a_parameter_given_with_its_default_value_is_given() -> None:
    spec = spec_of({"x": SOFT}, 5, patience=2_000)

    with pytest.warns(UserWarning, match="^patience: not used by HeatBath"):
        AnnealingSampler(world(), spec, strategy=HeatBath())
    with pytest.warns(UserWarning, match="^patience: not used by HeatBath"):
        # A dump gives everything: what is said with it are the values that are no defaults.
        dumped = type(spec).model_validate(spec.model_dump() | {"patience": 50})
        AnnealingSampler(world(), dumped, strategy=HeatBath())


def test_chances_fall_with_the_temperature_from_start_to_end() -> None:
    chances = metropolis_chances(2.0, 0.1) / 2.0**64

    assert np.allclose(chances[0, :4], np.exp(-np.arange(4) / 2.0))
    assert np.allclose(chances[255, :4], np.exp(-np.arange(4) / 0.1))
    assert (np.diff(chances[:256, 1]) < 0).all()


def steps_to_the_box(temperatures: tuple[float, float], rows: int, moves: object) -> float:
    """Mean steps of chains of 1,000 steps until a box is reached that one draw in 10,000 hits."""
    graph = structured_graph({"a": 12, "b": 15, "c": 25}, pos=220, neg=200)
    start, end = temperatures
    spec = spec_of(
        {"x": RARE}, rows, {"a": (2, 2), "b": (3, 3), "c": (3, 3)},
        max_iters=1_000, patience=10_000, start_temp=start, end_temp=end,
    )  # fmt: skip
    sampler = AnnealingSampler(graph, spec, seed=4, strategy=Annealing(moves=moves))
    return float(sampler.sample().provenance.quality["labels"]["x"]["arrival_steps"]) / rows


HOT, COOLING, COLD = (50.0, 50.0), (50.0, 0.02), (0.4, 0.4)


@pytest.mark.filterwarnings("ignore:.*not compiled:UserWarning")
@pytest.mark.parametrize(
    ("rows", "moves"), [(60, None), (8, [swap_node.py_func])], ids=["kernel", "reference"]
)
def test_annealing_cools(rows: int, moves: object) -> None:
    """Cold chains find the box at once; those that cool down have to wait until they are cold.

    Chains that heated up instead would begin cold, and find it at once.
    """
    cooling, cold = (steps_to_the_box(temps, rows, moves) for temps in (COOLING, COLD))

    assert cold < 150
    assert cooling > 200


def test_what_lies_nearer_to_the_box_is_taken_rather_than_what_lies_further() -> None:
    """With the sign of the acceptance turned, cold chains would keep away from the box."""
    hot, cold = (steps_to_the_box(temps, 60, None) for temps in (HOT, COLD))

    assert 5 * cold < hot


def test_a_chain_that_has_cooled_down_climbs_no_more() -> None:
    spec = spec_of(
        {"x": ((0.99, 1.0), (0.0, 0.0))}, 1, max_iters=800, patience=10_000,
        start_temp=20.0, end_temp=0.02,
    )  # fmt: skip

    climbs = [
        np.diff(trace_annealing(world(), spec, "x", seed=1, index=i).energy) > 0 for i in range(4)
    ]

    early, late = (sum(int(c[part].sum()) for c in climbs) for part in (np.s_[:200], np.s_[-200:]))
    assert early > 50
    assert late == 0


def test_an_early_stop_ends_the_chain_and_another_begins() -> None:
    spec = spec_of({"x": RARE}, 200, patience=20)

    dataset = AnnealingSampler(world(), spec, strategy=Annealing()).sample()

    assert dataset.evaluation is not None
    assert dataset.evaluation.in_range_frac == 1.0
    assert dataset.provenance.quality["labels"]["x"]["restarts"] > 100


def test_by_default_annealing_swaps_and_nothing_else() -> None:
    spec = spec_of({"x": SOFT}, 40)
    swaps = Annealing(moves=[swap_node])

    given, default = (
        AnnealingSampler(world(), spec, strategy=one).sample() for one in (swaps, Annealing())
    )

    assert given == default
    assert default != AnnealingSampler(world(), spec, strategy=Annealing("mixed")).sample()


class _Stop:
    def update(self, stage: str, done: int, total: int) -> None:
        if stage == "sampling" and done >= 20:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    "other",
    [
        Annealing("mixed", [(swap_node, 0.2), (add_node, 0.4), (remove_node, 0.4)]),
        Annealing("first_feasible", list(DEFAULT_MOVES)),
        HeatBath(),
        HeatBath(chain_block=2),
    ],
    ids=repr,
)
def test_a_checkpoint_of_another_strategy_is_not_taken(other: Strategy, tmp_path: Path) -> None:
    """Of other shares of the same moves, another stop, another block."""
    one = AnnealingSampler(
        world(), spec_of({"x": SOFT}, 40), strategy=Annealing("mixed", list(DEFAULT_MOVES))
    )
    two = AnnealingSampler(world(), spec_of({"x": SOFT}, 40), strategy=other)
    with pytest.raises(KeyboardInterrupt):
        one.sample(checkpoint=tmp_path, chunk_rows=10, progress=_Stop())
    kept = sorted(path.name for path in tmp_path.iterdir())

    assert two.sample(checkpoint=tmp_path, chunk_rows=10) == two.sample()
    assert sorted(path.name for path in tmp_path.iterdir()) == kept
    assert one.sample(checkpoint=tmp_path, chunk_rows=10) == one.sample()


EXACT = [kind() for kind in ALL_STRATEGIES if kind is not Annealing]  # as published it is biased
EXACT += [HeatBath(chain_block=32), Annealing(stop="mixed")]


@pytest.mark.parametrize("strategy", EXACT, ids=repr)
def test_every_strategy_keeps_the_contract(strategy: Strategy) -> None:
    check_strategy(strategy)


def test_the_published_algorithm_keeps_all_of_the_contract_but_the_law() -> None:
    check_strategy(Annealing(), max_bias=1)

    with pytest.raises(AssertionError, match="total variation to the law"):
        check_strategy(Annealing())


@dataclass(frozen=True)
class Broken(Rejection):
    """Rejection with one fault."""

    fault: str = ""

    def draw(self, world: LabelWorld, rows: Rows, *, first: int, effort: NDArray[np.int64]) -> int:
        if self.fault == "place":
            first = 0
        if self.fault == "seed":
            world = replace(world, key=np.uint64(1))
        if self.fault == "box":
            free = world.box._replace(bounds=np.array([[0], [999], [0], [999]]).repeat(256, 1))
            world = replace(world, box=free)
        written = super().draw(world, rows, first=first, effort=effort)
        if self.fault == "counts":
            rows.counts[0, 0] += 1
        return written


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("place", "depends on how many"),
        ("seed", "the seed changes nothing"),
        ("box", "is not in the box"),
        ("counts", "has other pairs than"),
    ],
)
def test_a_broken_strategy_is_caught(fault: str, words: str) -> None:
    check_strategy(Broken(), rows=500, max_bias=1)

    with pytest.raises(AssertionError, match=words):
        check_strategy(Broken(fault), rows=500, max_bias=1)


def test_a_strategy_says_what_it_is() -> None:
    moves = [(swap_node, 0.5), (add_node, 0.25)]

    assert repr(Annealing("mixed", moves)) == (
        "Annealing(stop='mixed', moves=[(swap_node, 0.5), (add_node, 0.25)])"
    )
    assert repr(HeatBath(chain_block=4)).startswith("HeatBath(chain_block=4")
    assert Annealing().moves is None


def test_a_class_where_a_strategy_belongs_is_refused_in_words() -> None:
    graph = structured_graph(SIZES, pos=38, neg=33)
    spec = spec_of({"x": ((0.0, 1.0), (0.0, 1.0))}, 1)

    with pytest.raises(SettingError, match="expected a Strategy"):
        AnnealingSampler(graph, spec, strategy=Rejection)  # type: ignore[arg-type]
