"""The parts of an active build at 5,000 and 20,000 attributes: CPU time and memory.

``python -m benchmarks graph_large``. Each size has a process of its own, so that the peak of
memory is that of the size. Measured are the pair table, the columns of the cards, ten sweeps of a
fit, the prediction of some pairs, and the graph of all pairs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import RESULTS, cpu_min, peak_memory_mb, record, show_table
from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges import PairTable
from campaignkit.edges.build import graph_of
from campaignkit.edges.methods.active import ordinal_probit
from campaignkit.edges.methods.active.ordinal_probit import OrdinalProbit
from campaignkit.edges.methods.active.rounds import likeliest
from campaignkit.edges.pairs import PairStates, chunks
from campaignkit.seeds import stream
from campaignkit.simulation.traits import draw_traits

BUDGETS = {5_000: 30_000, 20_000: 120_000}  # calls of 25 pairs
SHARES = {"brand": 60, "audience": 60, "platform": 10, "geo": 30}
SWEEPS = 10
PREDICTED = 2_000_000
Ints = NDArray[np.int64]


def main() -> None:
    """Measure each size that is lacking in a process of its own, and record it."""
    path = RESULTS / "graph_large.json"
    figures = json.loads(path.read_text(encoding="utf-8"))["figures"] if path.exists() else {}
    for size in BUDGETS:
        if str(size) in figures:
            continue
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.graph_large", str(size)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        figures[str(size)] = json.loads(done.stdout.splitlines()[-1])
        show_table({f"{size:,} attributes": figures[str(size)]})
        record(
            "graph_large",
            figures,
            cpu=sum(one["cpu_min"] for one in figures.values()),
            about=(
                "Simulated: signs by laws of card entries, a hidden part of rank 2 and each "
                "pair's own, computed as they are asked for; perfect cards. Answers are those of "
                f"30,000 and 120,000 calls, about pairs by chance. The fit has {SWEEPS} sweeps; "
                "a build has 48 at first and 8 in each later round. Peaks of memory are of the "
                "process up to the end of each part."
            ),
        )


class LargeWorld:
    """Signs that are computed as they are asked for; no array of all pairs."""

    def __init__(self, size: int) -> None:
        numbers = {name: size * share // 160 for name, share in SHARES.items()}
        numbers["brand"] += size - sum(numbers.values())
        self._of = of = draw_traits(size, stream(1, "large world"))
        rng = stream(1, "large world", "laws")
        self._hidden = rng.normal(size=(size, 2))
        self._bias = rng.normal(size=size)
        names = [(name, at) for name, number in numbers.items() for at in range(number)]
        self.catalogue = Catalogue(
            Attribute(name, f"{name} {at}", traits=of.card(row))
            for row, (name, at) in enumerate(names)
        )
        self.modality = np.repeat(range(4), list(numbers.values()))
        some = rng.integers(size, size=(200_000, 2))
        low, high = np.quantile(self.score(*some[some[:, 0] != some[:, 1]].T), [0.09, 0.5])
        self._low, self._high = float(low), float(high)

    def score(self, one: Ints, other: Ints, *, rerun: int = 0) -> NDArray[np.float64]:
        from scipy.special import ndtri

        of = self._of
        first, second = np.minimum(one, other), np.maximum(one, other)
        shared = (of.categories[one] & of.categories[other]).sum(axis=1)
        shunned = (of.shuns[one] & of.categories[other]).sum(axis=1)
        shunned = shunned + (of.categories[one] & of.shuns[other]).sum(axis=1)
        agreed = (of.values[one] & of.values[other]).sum(axis=1)
        seen = 0.5 * np.sqrt(shared) - 0.6 * np.sqrt(shunned) + 0.4 * np.sqrt(agreed)
        seen = seen - 0.3 * np.abs(of.price[one] - of.price[other])
        seen = seen + 0.3 * (self._bias[one] + self._bias[other])
        hidden = 0.25 * (self._hidden[one] * self._hidden[other]).sum(axis=1)
        own = ndtri(_uniform(first * len(self._bias) + second, 0))
        flips = ndtri(_uniform(first * len(self._bias) + second, 1 + rerun))
        return np.asarray(seen + hidden + 0.35 * own + 0.1 * flips)

    def signs(self, one: Ints, other: Ints, *, rerun: int = 0) -> NDArray[np.int8]:
        score = self.score(one, other, rerun=rerun)
        return (score > self._high).astype(np.int8) - (score < self._low).astype(np.int8)


def _uniform(key: Ints, salt: int) -> NDArray[np.float64]:
    """A number in (0, 1) for each key; splitmix64."""
    mixed = key.astype(np.uint64) * np.uint64(8) + np.uint64(salt)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return np.asarray((mixed >> np.uint64(11)).astype(float) + 0.5) / 2**53


class Timer:
    """CPU seconds and the peak of memory after each part."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}
        self._start = time.process_time()

    def part(self, name: str) -> None:
        self.told[f"{name}_cpu_s"] = round(time.process_time() - self._start, 1)
        self.told[f"peak_mb_after_{name}"] = peak_memory_mb()
        self._start = time.process_time()


def parts(size: int) -> dict[str, Any]:
    """The parts of a build that answers and pairs make dear."""
    timer, world = Timer(), LargeWorld(size)
    timer.part("world")
    table = PairTable(world.catalogue)
    timer.part("pair_table")
    rng = stream(1, "asked")
    asked = np.unique(rng.integers(len(table), size=25 * BUDGETS[size]))
    signs, known = np.zeros(len(table), dtype=np.int8), np.zeros(len(table), dtype=np.bool_)
    signs[asked] = world.signs(*table.pairs[asked].T.astype(np.int64))
    known[asked] = True
    timer.part("answers")
    learner = OrdinalProbit(world.catalogue, seed=1, table=table)
    timer.part("columns")
    with mock.patch.object(ordinal_probit, "_SWEEPS", SWEEPS):
        learner.learn(signs, known)
    timer.part("sweeps")
    right = []
    for pairs in chunks(rng.integers(len(table), size=PREDICTED), 500_000):
        found = likeliest(learner.probabilities(pairs))[0]
        rerun = world.signs(*table.pairs[pairs[::20]].T.astype(np.int64), rerun=1)
        right.append(float((found[::20] == rerun).mean()))
    timer.part("prediction")
    states = PairStates.of(len(table))
    states.decide(slice(None), signs, by="predicted", probability=0.5)
    graph = graph_of(table, states)
    timer.part("graph")
    told = {"num_pairs": len(table), "num_answers": len(asked), "num_predicted": PREDICTED}
    if len(table) < 20_000_000:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "edges.csv"
            graph.write_csv(path, neutrals=True)
            told["edges_csv_mb"] = round(path.stat().st_size / 2**20)
        timer.part("edges_csv")
    return timer.told | told | {"three_way_of_predicted": round(float(np.mean(right)), 4)}


if __name__ == "__main__":
    print(json.dumps(parts(int(sys.argv[1])) | {"cpu_min": round(cpu_min(), 2)}))
