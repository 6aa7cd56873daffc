"""A whole run of the sampler, evaluation included, against a plain networkx annealer.

``python -m benchmarks whole_run``: 400,000 soft rows through ``sample()``, drawn, counted, hashed
and evaluated, and the annealer over networkx right after it, on the same graph and box. The ratio
decides.
"""

from __future__ import annotations

import time

from benchmarks.python_annealers import Problem, anneal_recount
from benchmarks.record import record, show_table
from benchmarks.sampler import BOXES, RANGES, python_rate, sampler_of
from campaignkit.simulation import published_graph

ROWS = 400_000
REPEATS = 5


def main() -> None:
    """Measure, print and record."""
    run = sampler_of("soft", num_rows=ROWS)
    sampler_of("soft", num_rows=2_000).sample()  # compiles
    _ = run.plans
    best = float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        run.sample()
        best = min(best, time.process_time() - start)
    problem = Problem(published_graph().to_networkx(), RANGES, BOXES["soft"])
    usual = python_rate(lambda rng: anneal_recount(problem, rng), seconds=4.0)
    assert usual is not None
    figures = {
        "sample(), evaluated": {
            "cpu_s": best, "rows_per_cpu_s": ROWS / best, "times_networkx": ROWS / best / usual,
        },
        "networkx annealer": {"rows_per_cpu_s": usual},
    }  # fmt: skip
    show_table(figures)
    record(
        "whole_run",
        figures,
        about=f"{ROWS:,} soft rows through sample(), evaluation included, best of {REPEATS} runs, "
        "against four CPU-seconds of a plain annealer over networkx, in one process.",
    )


if __name__ == "__main__":
    main()
