"""What a row costs on its way to disk: this library's writers against the usual ways.

``python -m benchmarks writers``; ``python -m benchmarks.writers --large`` also streams ten million
campaigns (about 6 GB of JSONL) and reads the memory that takes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import RESULTS, cpu_s, peak_memory_mb, record, show_table
from campaignkit.dataset import Block, CampaignDataset, DatasetWriter, Vocabulary
from campaignkit.seeds import stream
from campaignkit.simulation import published_graph

# Attributes of a modality in a campaign, 1 elsewhere: 16 to 20 in all, near the published record.
QUOTAS = {"gender-generation": (5, 6), "interest-and-other-attributes": (3, 5), "geo": (1, 2)}
LABELS = ("pos", "avg", "neg")
_LARGE_ROWS = 10_000_000
_CHUNK_ROWS = 50_000


def campaigns(num_rows: int, *, seed: int = 0) -> CampaignDataset:
    """Unconstrained draws from the graph of published size."""
    vocabulary = Vocabulary.of(attribute.key for attribute in published_graph().catalogue)
    rng = stream(seed, "benchmark", "writers")
    columns, kept = [], []
    for m, modality in enumerate(vocabulary.modalities):
        first, last = vocabulary.starts[m : m + 2]
        low, high = QUOTAS.get(modality, (1, 1))
        drawn = _draws(rng, num_rows, int(last - first), high)
        columns.append(drawn + first)
        kept.append(np.arange(high) < rng.integers(low, high + 1, size=num_rows)[:, None])
    table, mask = np.concatenate(columns, axis=1), np.concatenate(kept, axis=1)
    table = np.sort(np.where(mask, table, len(vocabulary)), axis=1)
    offsets = np.concatenate([[0], np.cumsum(mask.sum(axis=1))]).astype(np.int64)
    nodes = table[table < len(vocabulary)].astype(np.int32)
    labels = rng.integers(0, len(LABELS), num_rows).astype(np.uint8)
    return CampaignDataset(Block(nodes, offsets, labels), vocabulary, LABELS)


def main(*, large: bool = False) -> None:
    """Measure, print and record."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    num_rows = 200_000
    dataset, few = campaigns(num_rows), campaigns(num_rows // 10)
    records = [campaign.to_dict() for campaign in few]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        dataset.write(folder / "warm")  # compiles the kernel

        def dumps() -> None:
            with (folder / "dumps.jsonl").open("w", encoding="utf-8") as file:
                for row in records:
                    file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")

        def arrow() -> None:
            pq.write_table(pa.Table.from_pylist(records), folder / "arrow.parquet")

        frame = few.to_frame(backend="polars")
        seconds = {
            "json.dumps of ready dicts": cpu_s(dumps) / len(few),
            "polars ndjson of a ready frame": cpu_s(lambda: frame.write_ndjson(folder / "p.jsonl"))
            / len(few),
            "pyarrow Parquet from ready dicts": cpu_s(arrow) / len(few),
            "campaignkit JSONL": cpu_s(lambda: dataset.write(folder / "j", replace=True))
            / num_rows,
            "campaignkit Parquet": cpu_s(
                lambda: dataset.write(folder / "q", format="parquet", replace=True)
            )
            / num_rows,
            "of JSONL: fragments into a buffer": cpu_s(lambda: fill_buffers(dataset)) / num_rows,
        }
        row_bytes = (folder / "j" / "campaigns.jsonl").stat().st_size / num_rows
    slow = seconds["json.dumps of ready dicts"]
    rows = {
        name: {
            "microseconds_per_row": round(1e6 * cost, 3),
            "rows_per_cpu_s": round(1 / cost),
            "times_json_dumps": round(slow / cost, 1),
        }
        for name, cost in seconds.items()
    }
    show_table(rows)
    figures: dict[str, object] = {"bytes_per_row": round(row_bytes, 1), "writers": rows}
    older = RESULTS / "writers.json"
    if large:
        figures["ten_million"] = {form: _in_own_process(form) for form in ("jsonl", "parquet")}
        show_table(figures["ten_million"])  # type: ignore[arg-type]
    elif older.exists():
        told = json.loads(older.read_text(encoding="utf-8"))["figures"].get("ten_million")
        figures |= {"ten_million": told} if told else {}
    record(
        "writers",
        figures,
        about="Campaigns of 16 to 20 attributes over 746, to disk. CPU seconds of all threads, "
        "digest and manifest included for campaignkit; the others start from ready records and "
        "compute no digest.",
    )


def fill_buffers(dataset: CampaignDataset) -> None:
    """The kernel alone: every line into one buffer again and again."""
    from campaignkit.dataset.jsonl_writer import JsonlFragments
    from campaignkit.dataset.kernels.jsonl import write_lines

    parts = JsonlFragments.of(dataset.vocabulary, dataset.label_names)
    buffer = np.empty(1 << 20, np.uint8)
    block, row = dataset.block, 0
    while row < len(block):
        row, _ = write_lines(
            block.nodes,
            block.offsets,
            block.labels,
            row,
            parts.arena,
            parts.values,
            parts.heads,
            parts.tails,
            dataset.vocabulary.starts,
            buffer,
        )


def stream_large(form: str) -> None:
    """Write ten million campaigns in chunks and print what it took."""
    dataset = campaigns(_CHUNK_ROWS)
    with tempfile.TemporaryDirectory() as place:
        start, busy = time.perf_counter(), time.process_time()
        folder = Path(place, "out")
        with DatasetWriter(folder, dataset.vocabulary, LABELS, format=form) as writer:  # type: ignore[arg-type]
            for _ in range(_LARGE_ROWS // _CHUNK_ROWS):
                writer.append(dataset.block)
        told = {
            "rows": _LARGE_ROWS,
            "wall_s": round(time.perf_counter() - start, 1),
            "cpu_s": round(time.process_time() - busy, 1),
            "peak_memory_mb": peak_memory_mb(),
            "file_mb": round((folder / f"campaigns.{form}").stat().st_size / 1e6),
        }
    print(json.dumps(told))


def _in_own_process(form: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.writers", "--stream", form],
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _draws(rng: np.random.Generator, num_rows: int, size: int, num: int) -> NDArray[np.int64]:
    """int64[rows, num], different numbers below `size` in every row."""
    if num == 1:
        return rng.integers(0, size, (num_rows, 1))
    words = rng.random((num_rows, size), dtype=np.float32)
    return np.argpartition(words, num - 1, axis=1)[:, :num]


if __name__ == "__main__":
    if "--stream" in sys.argv:
        stream_large(sys.argv[-1])
    else:
        main(large="--large" in sys.argv)
