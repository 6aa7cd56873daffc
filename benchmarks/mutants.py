"""Would the sampler's tests notice? Breaks one thing at a time and runs them.

``python -m benchmarks mutants``; ``python -m benchmarks.mutants NUMBER ...`` runs some of them.
Each mutant is a copy of ``src`` with one place changed, in its own folder and with its own
compiled kernels. The first is unchanged: it has to survive.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.record import record

_HOME = Path(__file__).parent.parent
_SAMPLE, _GRAPH = "sample/kernels/", "graph/kernels/"
# The statistical tests first: which of them fails is told.
_TESTS = (
    "test_law.py", "test_steps.py", "test_priorities.py", "test_sampler.py", "test_edges.py",
)  # fmt: skip
_LEFT_OUT = "bytes_are_those or processes or killed or 16_bits"  # slow, or not about the law


@dataclass(frozen=True)
class Mutant:
    """One change: what it breaks, where, and the text before and after."""

    breaks: str
    file: str
    old: str = ""
    new: str = ""


MUTANTS = (
    Mutant("nothing", ""),
    Mutant(
        "weight: a hole counts without the free slots",
        _SAMPLE + "slots.py",
        "hole_weight = (box.high[t] - others) * (",
        "hole_weight = 1 * (",
    ),
    Mutant(
        "weight: a hole counts without the free nodes",
        _SAMPLE + "slots.py",
        "            graph.type_start[t + 1] - graph.type_start[t] - others\n",
        "            graph.type_start[t + 1] - graph.type_start[t]\n",
    ),
    Mutant(
        "weight: a node counts without the other nodes",
        _SAMPLE + "slots.py",
        "hole_weight, (others + 1) * num_fit,",
        "hole_weight, num_fit,",
    ),
    Mutant(
        "counts: the low end of a type range is never taken",
        _SAMPLE + "slots.py",
        "others >= box.low[t]",
        "others > box.low[t]",
    ),
    Mutant(
        "wall: no rise, so the islands of a narrow box stay apart",
        _SAMPLE + "heat_bath.py",
        "plan.order[place], e + rise,",
        "plan.order[place], e + 0 * rise,",
    ),
    Mutant(
        "wall: its rises are not geometric",
        "sample/chances.py",
        "rho ** (j + 1)",
        "rho ** (j + 1) / (j + 1)",
    ),
    Mutant(
        "wall: a hole may lie one edge beyond it",
        _SAMPLE + "slots.py",
        "k_rest, box.bounds) <= wall:",
        "k_rest, box.bounds) <= wall + 1:",
    ),
    Mutant(
        "wall: states one edge outside count as visits",
        _SAMPLE + "heat_bath.py",
        "visits += e == 0",
        "visits += e <= 1",
    ),
    Mutant(
        "mixing: the arrival itself is emitted",
        "sample/strategies/heat_bath.py",
        "first_visits=self.first_visits or first",
        "first_visits=1",
    ),
    Mutant(
        "mixing: the rows of a block follow at once",
        "sample/strategies/heat_bath.py",
        "next_visits=self.next_visits or round(_NEXT_OF_BLOCK * visits)",
        "next_visits=1",
    ),
    Mutant(
        "mixing: proposals stop at the first visit",
        "sample/strategies/annealing.py",
        "_VISITS = 500",
        "_VISITS = 1",
    ),
    Mutant(
        "step: the node that was there cannot come back",
        _SAMPLE + "slots.py",
        "if scratch.slots[j] >= 0 and j != slot:",
        "if scratch.slots[j] >= 0:",
    ),
    Mutant(
        "step: a node of another slot can be drawn again",
        _SAMPLE + "slots.py",
        "fitting[at >> 6] &= ~(_ONE << np.uint64(at & 63))",
        "fitting[at >> 6] &= ~np.uint64(0)",
    ),
    Mutant(
        "degrees: the node that leaves is not taken away",
        _GRAPH + "vectors.py",
        "pass_over([(new, True), (old, False)])",
        "pass_over([(new, True)])",
    ),
    Mutant(
        "move: adding is proposed more often than removing",
        "sample/moves/defaults.py",
        "(add_node, 0.2), (remove_node, 0.2)",
        "(add_node, 0.25), (remove_node, 0.15)",
    ),
    Mutant(
        "move: the last free node never joins",
        "sample/moves/pick.py",
        "rank = start + pick(word, num_free)",
        "rank = start + pick(word, max(num_free - 1, 1))",
    ),
    Mutant(
        "move: a swap forgets the edge between the two",
        _SAMPLE + "proposals.py",
        "p_new -= sign > 0",
        "p_new -= sign > 1",
    ),
    Mutant(
        "rejection: only positive edges are tested",
        _SAMPLE + "rejection.py",
        "if g >= box.bounds[2, k] and g <= box.bounds[3, k]:",
        "if g >= 0:",
    ),
    Mutant(
        "Q: the high end of a type range is never drawn",
        _GRAPH + "draw.py",
        "high[t] - count + 1)",
        "high[t] - count)",
    ),
    Mutant(
        "box: the lower bound is one edge too low",
        "graph/node_set.py",
        "np.ceil(low * pairs - BOX_EPSILON)",
        "np.ceil(low * pairs - 1)",
    ),
    Mutant(
        "seeds: a chain that starts again draws the same",
        _SAMPLE + "heat_bath.py",
        "key ^ mix64(np.uint64(attempt) * ATTEMPT), chain",
        "key ^ mix64(np.uint64(0) * ATTEMPT), chain",
    ),
    Mutant(
        "seeds: a row depends on its place in the chunk",
        _SAMPLE + "rejection.py",
        "np.uint64(first + row)",
        "np.uint64(row)",
    ),
    Mutant(
        "priorities: a swap may leave the box",
        _SAMPLE + "priorities.py",
        "if is_taken or outside(",
        "if is_taken or False and outside(",
    ),
)


def run_mutant(mutant: Mutant) -> dict[str, object]:
    """Run the tests against one mutant: killed or survived, by which test, in how long."""
    with tempfile.TemporaryDirectory() as place:
        src = Path(place, "src")
        shutil.copytree(_HOME / "src", src, ignore=shutil.ignore_patterns("__pycache__"))
        if mutant.file:
            path = src / "campaignkit" / mutant.file
            text = path.read_text(encoding="utf-8")
            if mutant.old not in text:
                raise ValueError(f"{mutant.file} does not hold {mutant.old!r}; update the mutant")
            path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
             "-k", f"not ({_LEFT_OUT})", *(str(_HOME / "tests/sample" / name) for name in _TESTS)],
            cwd=_HOME,
            env={**os.environ, "PYTHONPATH": str(src), "NUMBA_CACHE_DIR": str(Path(place, "c"))},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
    if done.returncode not in (0, 1):
        raise RuntimeError(f"the tests could not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    failed = re.findall(r"^FAILED \S+::(\S+)", done.stdout, re.MULTILINE)
    return {
        "file": mutant.file,
        "verdict": "killed" if failed else "survived",
        "by": failed[0] if failed else "",
        "wall_s": round(time.monotonic() - start, 1),
    }


def main(wanted: tuple[int, ...] = ()) -> None:
    """Run all mutants and record the verdicts, or those of some numbers without recording."""
    told = {}
    for number, mutant in enumerate(MUTANTS):
        if wanted and number not in wanted:
            continue
        verdict = told[mutant.breaks] = run_mutant(mutant)
        print(f"  {number:2} {mutant.breaks}: {verdict['verdict']} {verdict['by']}", flush=True)
    survivors = [
        name for name, verdict in told.items()
        if (verdict["verdict"] == "survived") != (name == "nothing")
    ]  # fmt: skip
    if survivors:
        raise SystemExit(f"the tests do not tell: {'; '.join(survivors)}")
    if not wanted:
        record(
            "mutants",
            {"mutants": told},
            about="One thing of the sampler broken at a time, with the first test that notices.",
        )


if __name__ == "__main__":
    main(tuple(int(word) for word in sys.argv[1:]))
