"""The active builder from 160 to 1,600 attributes, in two worlds, with good and bad cards.

``python -m benchmarks graph_scale`` measures all cells and records after each one;
``python -m benchmarks.graph_scale 320`` one size alone.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import campaignkit as ck
from benchmarks.graph_building import RERUN, agreement
from benchmarks.record import RESULTS, record, show_table
from benchmarks.second_graph_world import SecondWorld
from campaignkit.edges import LLMEdgeScorer
from campaignkit.llm import Budget
from campaignkit.simulation import RehearsalModel, RehearsalWorld

SIZES = {160: 260, 320: 750, 800: 2960, 1600: 8400}  # the published numbers of calls
SEEDS = (21, 22)
WRONG_CARDS = {"cards perfect": 0.0, "15% wrong": 0.15}
WORLDS: dict[str, Callable[..., RehearsalWorld]] = {
    "first world": RehearsalWorld,
    "second world": SecondWorld,
    "second world, no low rank": lambda size, **given: SecondWorld(
        size, rest="own tastes", **given
    ),
}


def main(sizes: Sequence[int] = tuple(SIZES)) -> None:
    """Measure each cell, print it and record what is measured so far."""
    path = RESULTS / "graph_scale.json"
    held = json.loads(path.read_text(encoding="utf-8"))["figures"] if path.exists() else {}
    for size in sizes:
        for name, world in WORLDS.items():
            for cards, wrong in WRONG_CARDS.items():
                rows = [cell(world(size, seed=seed, wrong_cards=wrong), size) for seed in SEEDS]
                row = f"{size} attributes, {name}, {cards}"
                held[row] = {key: _told([one[key] for one in rows]) for key in rows[0]}
                show_table({row: {"three_way": held[row]["three_way"]["mean"]}})
                _keep(held)


def cell(world: RehearsalWorld, size: int) -> dict[str, float]:
    """One build with a simulated model: cards, repeats and keys asked again are all paid for."""
    model = RehearsalModel(world)
    start = time.process_time()
    build = ck.build_graph(
        world.catalogue,
        scorer=LLMEdgeScorer(model),
        method=ck.ActiveBuilder(target_disagreement=None, card_model=model),
        budget=Budget(calls=SIZES[size]),
        seed=world.seed,
    )
    cpu_s = time.process_time() - start
    assert build.states is not None
    signs, reference = build.states.sign, world.answers(rerun=RERUN)
    predicted = build.states.is_decided(by="predicted")
    wrong = float((signs != world.answers())[predicted].mean())
    bound = build.report.details["active"]["disagreement is at most"]
    return {
        "calls": float(build.report.calls or 0),
        **agreement(signs, reference),
        "negative_precision": float((reference == -1)[signs == -1].mean()),
        "rerun_ceiling": float((world.answers() == reference).mean()),
        "bound": bound,
        "bound_holds": float(wrong <= bound),
        "cpu_s": cpu_s,
    }


def _told(found: list[float]) -> dict[str, float]:
    """Mean, least and most of the seeds."""
    told = {"mean": np.mean(found), "least": min(found), "most": max(found)}
    return {name: round(float(value), 4) for name, value in told.items()}


def _keep(figures: dict[str, Any]) -> None:
    record(
        "graph_scale",
        figures,
        about=(
            "Simulated: a model with 5% flips and 1% malformed answers in two worlds of different "
            "laws, two seeds each, the active builder within the published numbers of calls. "
            "Agreement is with an independent brute-force run of the same model. cpu_s is this "
            "library's and the simulated model's together."
        ),
    )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or tuple(SIZES))
