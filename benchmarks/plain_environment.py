"""What a notebook pays: the first steps as they come, against one thread for each library.

``python -m benchmarks plain_environment``. Each figure is the CPU time, user and system, of one
step in a fresh process: once in an environment that sets no numbers of threads, once in one that
 library one thread. Both kinds of process take turns, so that a busy machine slows both.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.record import THREAD_VARIABLES, plain, record, show_table

_ROOT = Path(__file__).parent.parent
# The steps of the quickstart, on its catalogue, its ranges and its numbers of campaigns.
_STEPS = """
import json, resource

import campaignkit as ck
from campaignkit.report.quickstart import CATALOGUE, NUM_SAMPLES, TEST_SHARE, TYPE_RANGES

graph = ck.build_graph(ck.Catalogue.bundled(CATALOGUE), scorer=ck.TraitScorer()).graph
spec = ck.diagnose(graph, type_ranges=TYPE_RANGES).suggest(NUM_SAMPLES)


def spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


start = spent()
dataset = ck.AnnealingSampler(graph, spec, seed=7).sample()
sampled = spent()
train, test = dataset.split(test=TEST_SHARE)
ck.PairwiseOrdinalClassifier(seed=7).fit(train).predict(test)
fitted = spent()
print(json.dumps({"sample": sampled - start, "fit": fitted - sampled}))
"""


def cpu_by_step(*, one_thread: bool) -> dict[str, float]:
    """CPU seconds of each step in a fresh process."""
    env = plain(os.environ)
    if one_thread:
        env |= dict.fromkeys(THREAD_VARIABLES, "1")
    done = subprocess.run(
        [sys.executable, "-c", _STEPS],
        cwd=_ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds: dict[str, float] = json.loads(done.stdout)
    return seconds


def main(*, num_runs: int = 5) -> None:
    """Measure, print and record."""
    runs: dict[str, list[dict[str, float]]] = {"plain": [], "one thread each": []}
    cpu_by_step(one_thread=True)  # compiles the kernels for all that follow
    for _ in range(num_runs):
        for name, seen in runs.items():
            seen.append(cpu_by_step(one_thread=name != "plain"))
    figures: dict[str, dict[str, float]] = {}
    for step in ("sample", "fit"):
        ours, least = (statistics.median(run[step] for run in seen) for seen in runs.values())
        figures[f"{step}, 13,000 campaigns"] = {
            "plain_cpu_s": ours,
            "one_thread_cpu_s": least,
            "ratio": ours / least,
        }
    show_table(figures)
    record(
        "plain_environment",
        {"runs": num_runs, **figures},
        about=(
            "Sampling, evaluation included, and the pairwise ordinal fit of `campaignkit "
            "quickstart`: medians of fresh processes in an environment that sets no number of "
            "threads, and in one that gives numba, OpenMP and BLAS one thread each."
        ),
    )


if __name__ == "__main__":
    main()
