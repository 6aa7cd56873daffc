"""What a sample is a sample of: every strategy against the law itself, enumerated.

The distance is total variation to Q given the label's box, over all node sets of a graph of 20
nodes. Each bound is the sampling noise of an exact sampler of the same size, plus .01.
"""

from __future__ import annotations

import numpy as np
import pytest
from worlds import enumerated, spec_of

from campaignkit.sample import Annealing, AnnealingSampler, HeatBath, Rejection, Strategy

ROWS = 40_000
BOXES = {
    "soft": ((0.25, 1.0), (0.0, 0.3)),
    "hard": ((0.4, 1.0), (0.0, 0.15)),
    "tail": ((0.53, 1.0), (0.0, 0.05)),
    "narrow": ((0.24, 0.27), (0.19, 0.22)),
}


def distance(box: str, strategy: Strategy) -> tuple[float, float]:
    """Total variation of a run to the law, and that of exact samples of the same size."""
    world = enumerated()
    law = world.law(BOXES[box])
    number = {members: i for i, members in enumerate(world.sets)}
    spec = spec_of({box: BOXES[box]}, ROWS)
    sampler = AnnealingSampler(world.graph, spec, seed=5, strategy=strategy)
    block = sampler.sample().block
    seen = np.zeros(len(law))
    for row in range(ROWS):
        seen[number[tuple(block.row(row).tolist())]] += 1
    exact = np.random.default_rng(0).multinomial(ROWS, law, size=8)
    noise = np.abs(exact / ROWS - law).sum(axis=1).mean() / 2
    return float(np.abs(seen / ROWS - law).sum() / 2), float(noise)


@pytest.mark.slow
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize(
    "strategy",
    [
        Rejection(),
        HeatBath(),
        HeatBath(chain_block=32),
        Annealing(stop="mixed"),
    ],
    ids=["rejection", "heat_bath", "blocks", "proposals"],
)
def test_every_strategy_draws_from_the_law(box: str, strategy: Strategy) -> None:
    found, noise = distance(box, strategy)

    assert found <= noise + 0.01


@pytest.mark.slow
@pytest.mark.parametrize(("box", "at_least"), [("soft", 0.02), ("hard", 0.04), ("tail", 0.06)])
def test_the_first_feasible_state_is_biased_as_documented(box: str, at_least: float) -> None:
    found, noise = distance(box, Annealing())

    assert found > noise + at_least


@pytest.mark.slow
def test_best_of_several_proposals_adds_bias() -> None:
    world = enumerated()
    law = world.law(BOXES["hard"])
    number = {members: i for i, members in enumerate(world.sets)}
    found = []
    for best_of in (1, 16):
        spec = spec_of({"x": BOXES["hard"]}, ROWS, proposals_per_step=best_of)
        block = AnnealingSampler(world.graph, spec, strategy=Annealing()).sample().block
        seen = np.zeros(len(law))
        for row in range(ROWS):
            seen[number[tuple(block.row(row).tolist())]] += 1
        found.append(np.abs(seen / ROWS - law).sum() / 2)

    assert found[1] > found[0] + 0.01, found
