"""From a graph to campaigns on disk, a cold start, and a graph of 100,000 nodes.

``python -m benchmarks end_to_end``. Each figure is that of a fresh process: user and system time,
and the most memory it held.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.record import record, show_table

_ROOT = Path(__file__).parent.parent
_WORLD = """
import sys, time, resource
sys.path.insert(0, {root!r})
from benchmarks.record import peak_memory_mb
def spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
def system():
    return resource.getrusage(resource.RUSAGE_SELF).ru_stime
"""
_COLD = (
    _WORLD
    + """
import campaignkit as ck
graph = ck.SignedGraph.read_csv({edges!r})
spec = ck.SamplingSpec.read({spec!r})
dataset = ck.AnnealingSampler(graph, spec, seed=7)
rows = []
from campaignkit.sample.chunks import Chunk, draw_chunk
for job in dataset._jobs():
    rows.append(draw_chunk(Chunk(job, 0, 1000)))
print(spent(), peak_memory_mb())
"""
)
_DISK = (
    _WORLD
    + """
import campaignkit as ck
graph = ck.SignedGraph.read_csv({edges!r})
spec = ck.SamplingSpec.read({spec!r})
sampler = ck.AnnealingSampler(graph, spec, seed=7)
labels = {{
    name: {{**box.model_dump(), "num_samples": 1000}} for name, box in spec.label_params.items()
}}
small = ck.SamplingSpec.model_validate({{**spec.model_dump(), "label_params": labels}})
ck.AnnealingSampler(graph, small, seed=7).write({out!r} + "-warm", format={format!r})
sampler.plans
before, system_before = spent(), system()
sampler.write({out!r}, format={format!r})
print(spent() - before, peak_memory_mb(), system() - system_before)
"""
)
_LARGE = (
    _WORLD
    + """
import campaignkit as ck
graph = ck.simulation.synthetic_graph(
    {{"brand": 20000, "audience": 30000, "creative": 40000, "geo": 10000}},
    num_positive=400_000, num_negative=300_000, seed=1)
built = spent()
spec = ck.SamplingSpec.model_validate({{
    "type_ranges": {{"brand": (1, 2), "audience": (2, 4), "creative": (1, 4), "geo": (1, 3)}},
    "label_params": {{
        "pos": {{"pos_frac_range": (0.2, 1), "neg_frac_range": (0, 0.1), "num_samples": 2000}},
        "neg": {{"pos_frac_range": (0, 0.1), "neg_frac_range": (0.2, 1), "num_samples": 2000}},
        "none": {{"pos_frac_range": (0, 0.01), "neg_frac_range": (0, 0.01), "num_samples": 6000}},
    }}}})
dataset = ck.AnnealingSampler(graph, spec, seed=7).sample()
modes = [quality["strategy"] for quality in dataset.provenance.quality["labels"].values()]
print(built, spent() - built, len(dataset), dataset.evaluation.in_range_frac, peak_memory_mb(),
      *modes)
"""
)


def run(code: str, *, cache: Path) -> list[str]:
    """The words a script prints, run in a fresh process with this compile cache."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=_ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.split()


def main(*, num_rows: int = 1_000_000) -> None:
    """Measure, print and record."""
    from benchmarks.sampler import BOXES, RANGES
    from campaignkit.simulation import published_graph
    from campaignkit.spec import SamplingSpec

    figures: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        edges, cache = str(folder / "edges.csv"), folder / "cache"
        published_graph().write_csv(edges)

        def spec(box: str, rows: int) -> str:
            pos, neg = BOXES[box]
            label = {"pos_frac_range": pos, "neg_frac_range": neg, "num_samples": rows}
            path = folder / f"{box.split(maxsplit=1)[0]}-{rows}.json"
            SamplingSpec.model_validate(
                {"type_ranges": RANGES, "label_params": {"x": label}}
            ).write(path)
            return str(path)

        for box in ("soft", "hard"):
            code = _COLD.format(root=str(_ROOT), edges=edges, spec=spec(box, 1000))
            for state in ("absent", "present"):
                runs = [run(code, cache=cache) for _ in range(1 if state == "absent" else 5)]
                least = min(float(words[0]) for words in runs)
                figures[f"cold start, {box}, cache {state}"] = {"cpu_s": least}
            for path in cache.rglob("*"):
                if path.is_file():
                    path.unlink()
        for format, rows, attempts in (
            ("jsonl", num_rows, 9),
            ("parquet", num_rows, 5),
            ("jsonl", 10 * num_rows, 1),
        ):
            runs = []
            for _ in range(attempts):
                out = folder / "out"
                code = _DISK.format(
                    root=str(_ROOT), edges=edges, spec=spec("soft", rows), format=format,
                    out=str(out),
                )  # fmt: skip
                runs.append(run(code, cache=cache))
                for made in (out, folder / "out-warm"):
                    shutil.rmtree(made)
            spent = sorted(float(words[0]) for words in runs)
            figures[f"soft to {format}, {rows:,} rows"] = {
                "cpu_s": spent[0],
                "cpu_s_median": statistics.median(spent),
                "of_it_system_s": min((float(words[0]), float(words[2])) for words in runs)[1],
                "system_s_median": statistics.median(float(words[2]) for words in runs),
                "rows_per_cpu_s": rows / spent[0],
                "peak_mb": max(int(words[1]) for words in runs),
                "runs": attempts,
            }
        start = time.perf_counter()
        words = run(_LARGE.format(root=str(_ROOT)), cache=cache)
        figures["100,000 nodes, 700,000 edges, 10,000 campaigns"] = {
            "build_cpu_s": float(words[0]),
            "sample_cpu_s": float(words[1]),
            "rows": int(words[2]),
            "in_range_frac": float(words[3]),
            "peak_mb": int(words[4]),
            "wall_s": time.perf_counter() - start,
            "modes": ", ".join(words[5:]),
        }
    show_table(figures)
    record(
        "end_to_end",
        figures,
        about=(
            "Fresh processes on the 746-node graph of the published size. Cold start: from the "
            "interpreter's first instruction to 1,000 campaigns, reading edges.csv included. To "
            "disk: sampling, evaluating, digesting and writing, after a warm-up; least and median "
            "of the runs, which differ in the system's write()."
        ),
    )


if __name__ == "__main__":
    main()
