"""Campaigns a CPU-second, with what they are samples of, against annealing in Python.

``python -m benchmarks sampler`` measures everything in one run on one core: the ratios decide.
The boxes are named by the share of unconstrained draws they accept. Quality is the mean squared z
of node frequencies and of sizes against rejection (soft, hard) or a run whose chains are watched
six times as long (tails): 1 is noise.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.python_annealers import (
    Problem,
    anneal_incremental,
    anneal_recount,
    simanneal_drawer,
)
from benchmarks.record import record, show_table
from campaignkit.errors import SamplingFailed
from campaignkit.sample import Annealing, AnnealingSampler, HeatBath, Rejection, Strategy
from campaignkit.sample.arrays import Rows
from campaignkit.sample.chunks import Chunk, LabelJob, draw_chunk
from campaignkit.sample.moves import DEFAULT_MOVES
from campaignkit.simulation import PUBLISHED_TYPE_RANGES, published_graph
from campaignkit.spec import SamplingSpec

# 17.5 attributes a campaign on average.
RANGES = {**PUBLISHED_TYPE_RANGES, "gender-generation": (4, 6)}
BOXES = {
    "soft": ((0.2, 1.0), (0.0, 0.215)),
    "hard": ((0.3055, 1.0), (0.0, 1.0)),
    "tail .42/.09": ((0.42, 1.0), (0.0, 0.09)),
    "tail .60/.05": ((0.60, 1.0), (0.0, 0.05)),
}
REPEATS = 3


@dataclass
class Measured:
    """Rows of a run, and the best of its rates in rows a CPU-second."""

    rows: Rows
    rate: float


def sampler_of(
    box: str, strategy: Strategy | None = None, *, num_rows: int = 1
) -> AnnealingSampler:
    """A sampler of one box."""
    pos, neg = BOXES[box]
    label = {"pos_frac_range": pos, "neg_frac_range": neg, "num_samples": num_rows}
    spec = SamplingSpec.model_validate({"type_ranges": RANGES, "label_params": {"x": label}})
    return AnnealingSampler(published_graph(), spec, seed=5, strategy=strategy)


def job_of(box: str, strategy: Strategy | None = None) -> LabelJob:
    """The sampler's own job for one box."""
    (job,) = sampler_of(box, strategy)._jobs()
    return job


def measure(job: LabelJob, num_rows: int, *, repeats: int = REPEATS) -> Measured:
    """Draw rows on this core; the first, uncounted call compiles."""
    draw_chunk(Chunk(job, 0, 64))
    best = 0.0
    for _ in range(repeats):
        start = time.process_time()
        rows = draw_chunk(Chunk(job, 0, num_rows))
        best = max(best, num_rows / (time.process_time() - start))
    return Measured(rows, best)


def python_rate(draw: Callable[[random.Random], object], *, seconds: float) -> float | None:
    """Campaigns a CPU-second of a Python annealer; None if not one was drawn in the time."""
    rng = random.Random(1)
    done, start = 0, time.process_time()

    def give_up(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(int(4 * seconds) + 1)
    try:
        while time.process_time() - start < seconds:
            draw(rng)
            done += 1
    except (TimeoutError, RuntimeError):
        pass
    finally:
        signal.alarm(0)
    return done / (time.process_time() - start) if done else None


def z_squared(rows: Rows, reference: Rows) -> dict[str, float]:
    """Mean squared z of node frequencies and of sizes, between two independent runs."""
    told = {}
    for what, length in (("nodes", 746), ("sizes", 64)):
        a, b = (np.bincount(getattr(side, what), minlength=length) for side in (rows, reference))
        mean, spread = _z2(a, b, len(rows.sizes), len(reference.sizes))
        told |= {f"z2_{what}": mean, f"z2_{what}_sd": spread}
    return told


def _z2(a: NDArray[np.int64], b: NDArray[np.int64], num_a: int, num_b: int) -> tuple[float, float]:
    """The mean, and the standard deviation that chance alone gives it."""
    shared = (a + b) / (num_a + num_b)
    used = shared * min(num_a, num_b) > 20
    variance = shared * (1 - shared) * (1 / num_a + 1 / num_b)
    mean = ((a / num_a - b / num_b)[used] ** 2 / variance[used]).mean()
    return float(mean), float((2 / used.sum()) ** 0.5)


def reference_of(box: str) -> Rows:
    """Rows to compare with: exact by rejection, else of chains watched six times as long."""
    if box in ("soft", "hard"):
        job = job_of(box, Rejection())
        return draw_chunk(Chunk(replace(job, key=99), 0, 400_000))
    job = job_of(box, HeatBath())
    assert isinstance(job.strategy, HeatBath)
    longer = replace(job.strategy, first_visits=6 * (job.strategy.first_visits or 1))
    return draw_chunk(Chunk(replace(job, key=99, strategy=longer), 0, 150_000))


def our_rows(box: str) -> dict[str, dict[str, float]]:
    """Every way of this library: rate and quality."""
    reference = reference_of(box)
    ways: dict[str, tuple[Strategy, int]] = {
        "heat-bath": (HeatBath(), 60_000),
        "heat-bath, blocks of 32": (HeatBath(chain_block=32), 60_000),
        "annealing, mixed": (Annealing(stop="mixed"), 60_000),
        "annealing, moves as in Python": (Annealing(moves=list(DEFAULT_MOVES)), 60_000),
        "annealing": (Annealing(), 60_000),
    }
    if box in ("soft", "hard"):
        ways = {"rejection": (Rejection(), 300_000 if box == "soft" else 60_000)} | ways
    told: dict[str, dict[str, float]] = {}
    for way, (strategy, num_rows) in ways.items():
        try:
            measured = measure(job_of(box, strategy), num_rows)
        except SamplingFailed:  # swaps keep the numbers of a start, some of which fit no box
            told[way] = {}
            continue
        told[way] = {"rows_per_cpu_s": measured.rate, **z_squared(measured.rows, reference)}
    return told


def python_rows(box: str) -> dict[str, dict[str, float]]:
    """The Python annealers: rate."""
    problem = Problem(published_graph().to_networkx(), RANGES, BOXES[box])
    ways = {
        "networkx annealer": lambda rng: anneal_recount(problem, rng),
        "networkx annealer, incremental": lambda rng: anneal_incremental(problem, rng),
        "simanneal, early exit": simanneal_drawer(problem, stops_early=True),
        "simanneal, stock": simanneal_drawer(problem, stops_early=False),
    }
    told = {}
    for way, draw in ways.items():
        rate = python_rate(draw, seconds=4.0)
        told[way] = {} if rate is None else {"rows_per_cpu_s": rate}
    return told


_RATES = (
    "rejection",
    "heat-bath",
    "heat-bath, blocks of 32",
    "annealing, mixed",
    "annealing",
    "annealing, moves as in Python",
    "networkx annealer",
    "simanneal, early exit",
)
_QUALITIES = _RATES[:6]


def rate_table(figures: dict[str, Any]) -> str:
    """Campaigns a CPU-second by box, as Markdown, from the recorded figures."""
    lines = ["| box (share of draws in it) | " + " | ".join(_RATES) + " |"]
    lines.append("|---" * (len(_RATES) + 1) + "|")
    for box, told in figures.items():
        cells = [told["rows"].get(way, {}).get("rows_per_cpu_s") for way in _RATES]
        shown = ["-" if cell is None else f"{cell:,.3g}" if cell < 100 else f"{cell:,.0f}"
                 for cell in cells]  # fmt: skip
        lines.append(f"| {box} ({told['acceptance']:.2g}) | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def quality_table(figures: dict[str, Any]) -> str:
    """Mean squared z of nodes and sizes by box, as Markdown, from the recorded figures."""
    lines = ["| box | by chance | " + " | ".join(_QUALITIES) + " |"]
    lines.append("|---" * (len(_QUALITIES) + 2) + "|")
    for box, told in figures.items():
        some = told["rows"]["heat-bath"]
        chance = f"1 ± {some['z2_nodes_sd']:.2f}, 1 ± {some['z2_sizes_sd']:.2f}"
        cells = [told["rows"].get(way) for way in _QUALITIES]
        shown = ["-" if not cell else f"{cell['z2_nodes']:.2f}, {cell['z2_sizes']:.2f}"
                 for cell in cells]  # fmt: skip
        lines.append(f"| {box} | {chance} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def told_in_docs(page: str, table: str) -> str:
    """A page of the docs with the table between its markers."""
    head, _, rest = page.partition("<!-- benchmarks.sampler -->\n")
    _, _, tail = rest.partition("<!-- end -->")
    return f"{head}<!-- benchmarks.sampler -->\n{table}\n<!-- end -->{tail}"


def write_docs(figures: dict[str, Any]) -> None:
    """Put the recorded figures into the pages that quote them."""
    for name, table in (("sampling", rate_table), ("what-is-a-sample", quality_table)):
        path = Path(__file__).parent.parent / "docs" / f"{name}.md"
        page = told_in_docs(path.read_text(encoding="utf-8"), table(figures))
        path.write_text(page, encoding="utf-8")


def main() -> None:
    """Measure, print and record."""
    figures: dict[str, Any] = {}
    for box in BOXES:
        rows: dict[str, dict[str, float]] = our_rows(box) | python_rows(box)
        usual = rows["networkx annealer"]["rows_per_cpu_s"]
        for told in rows.values():
            if told:
                told["times_networkx"] = told["rows_per_cpu_s"] / usual
        acceptance = sampler_of(box).plans[0].acceptance
        print(f"{box}: acceptance {acceptance:.4f}")
        show_table(rows)
        figures[box] = {"acceptance": acceptance, "rows": rows}
    record(
        "sampler",
        figures,
        about=(
            "Campaigns a CPU-second of one core on the 746-node graph of the published size, "
            "17.5 attributes a campaign; best of three runs of this library, four CPU-seconds of "
            "each Python annealer. z2: mean squared z of node frequencies and of sizes, 1 is "
            "noise, its spread by chance is given. 'annealing' (swaps, as published), 'annealing, "
            "moves as in Python' and the Python annealers stop at the first feasible state; the "
            "last three share moves, schedule and stop."
        ),
    )
    write_docs(figures)


if __name__ == "__main__":
    main()
