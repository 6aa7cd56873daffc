"""Fine-tuning at the shape of Gemma-3-1b on a GPU: seconds an epoch, and memory.

``python -m benchmarks.gpu_training`` needs a GPU of about 80 GB (the full loss does) and does
nothing without one; ``--smoke`` tries the same code on a processor, at a size at which figures
mean nothing.

Weights are random: speed needs no others. Each way runs in a process of its own, on a part of the
rows; an epoch of all rows is reckoned from its second epoch, which no warm-up and no filling of
the cache is in. The limit is what the arithmetic of the way would take at the stated rate.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.llm_shapes import GEMMA_1B, LABELS, prompts, write_model
from benchmarks.record import peak_memory_mb, record, show_table

ROWS = 42_000
SHARED, OWN = 200, (40, 260)
FROZEN, BATCH = 14, 32
RATE = 790e12  # FLOP/s in bf16, measured on an H200 with large matrices
WAYS: dict[str, dict[str, Any]] = {
    "full loss": {},
    "trimmed": {"freeze": 0, "cache": False, "shared": False},
    "frozen": {"freeze": FROZEN, "cache": False, "shared": False},
    "cached": {"freeze": FROZEN, "cache": True, "shared": False},
    "shared": {"freeze": FROZEN, "cache": True, "shared": True},
}
SMOKE_SHAPE = {
    **GEMMA_1B,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 16,
    "head_dim": 8,
    "vocab_size": 512,
    "query_pre_attn_scalar": 8,
}


def main(*, smoke: bool = False) -> None:
    """Measure, print and record; say so where there is no GPU."""
    if not smoke and not _has_gpu():
        print("gpu_training: no GPU is at hand; nothing was measured")
        return
    with tempfile.TemporaryDirectory() as folder:
        _run("write", folder, smoke=smoke)
        figures = {way: _run(way, folder, smoke=smoke) for way in WAYS}
    slowest = figures["full loss"]["s_per_epoch"]
    for way, told in figures.items():
        told["times_full_loss"] = round(slowest / told["s_per_epoch"], 2)
        if not smoke:
            told["limit_s"] = round(_flop_per_epoch(way) / RATE, 1)
            told["times_limit"] = round(told["s_per_epoch"] / told["limit_s"], 2)
    show_table(figures)
    if not smoke:
        record(
            "gpu_training",
            figures,
            about=(
                f"Random weights in the shape of Gemma-3-1b, bf16 arithmetic, batches of {BATCH}, "
                f"an epoch of {ROWS:,} rows of {SHARED} shared and {OWN[0]}-{OWN[1]} own tokens, "
                f"reckoned from {_num_rows(smoke=False):,} rows; limits at {RATE / 1e12:.0f} "
                "TFLOP/s."
            ),
        )


def _num_rows(*, smoke: bool) -> int:
    return 8 if smoke else 2_048


def _has_gpu() -> bool:
    try:
        import torch
    except ModuleNotFoundError:
        return False
    return bool(torch.cuda.is_available())


def _flop_per_epoch(way: str) -> float:
    """Two a weight and token forwards, four backwards; attention's own left out (under 2%)."""
    shape = GEMMA_1B
    heads = 2 * shape["num_attention_heads"] + 2 * shape["num_key_value_heads"]
    layer = shape["hidden_size"] * (shape["head_dim"] * heads + 3 * shape["intermediate_size"])
    own = sum(OWN) / 2
    frozen, trained = FROZEN, shape["num_hidden_layers"] - FROZEN
    everything = layer * shape["num_hidden_layers"] * (SHARED + own)
    head = shape["vocab_size"] * shape["hidden_size"] * (SHARED + own)
    a_row = {
        "full loss": 6 * (everything + head),
        "trimmed": 6 * everything,
        "frozen": (2 * frozen + 6 * trained) * layer * (SHARED + own),
        # The top layer is run for one token.
        "cached": 6 * (trained - 1) * layer * (SHARED + own),
        "shared": 6 * (trained - 1) * layer * (own + SHARED / BATCH),
    }[way]
    return ROWS * a_row


def _run(way: str, folder: str, *, smoke: bool) -> dict[str, Any]:
    if smoke:  # no figure means anything, so no process of its own
        return _part(way, folder, smoke=True)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu_training", "part", way, folder],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(way, told, flush=True)
    return told


def _part(way: str, folder: str, *, smoke: bool) -> dict[str, Any]:
    import torch

    if smoke:
        torch.set_num_threads(1)
    shape = SMOKE_SHAPE if smoke else GEMMA_1B
    if way == "write":
        write_model(Path(folder), shape)
        return {}
    device = "cpu" if smoke else "cuda"
    shared, own = (20, (4, 16)) if smoke else (SHARED, OWN)
    texts = prompts(_num_rows(smoke=smoke), shared=shared, own=own, vocab=shape["vocab_size"])
    if way == "full loss":
        watch = _full_loss(folder, texts[1], texts[2], device)
    else:
        watch = _ours(folder, *texts[1:], device, **WAYS[way])
    first, second = watch.epochs()
    scale = ROWS / len(texts[1])
    memory = peak_memory_mb() / 1e3 if smoke else torch.cuda.max_memory_allocated() / 1e9
    return {
        "s_per_epoch": round(second * scale, 2),
        "s_filling": round(watch.filling() * scale, 2),
        "s_first_epoch": round(first * scale, 2),
        "peak_gb": round(memory, 2),
    }


class _Watch:
    """Notes when steps end; each step ends with its loss read back, so the device is done."""

    def __init__(self, begin: float) -> None:
        self._begin = begin
        self._filled = begin
        self._steps: list[float] = []

    def update(self, stage: str, done: int, total: int) -> None:
        del done, total
        if stage == "training":
            self._steps.append(time.perf_counter())
        else:
            self._filled = time.perf_counter()

    def filling(self) -> float:
        return self._filled - self._begin

    def epochs(self) -> tuple[float, float]:
        half = len(self._steps) // 2 - 1
        return self._steps[half] - self._filled, self._steps[-1] - self._steps[half]


def _ours(
    folder: str,
    texts: list[str],
    codes: list[int],
    device: str,
    *,
    freeze: int,
    cache: bool,
    shared: bool,
) -> _Watch:
    import campaignkit as ck

    config = ck.FullFineTune(
        freeze_layers=freeze, epochs=2, batch_size=BATCH, precision="bf16", cache_frozen=cache,
        cache_place="device", cache_dtype="bfloat16" if cache else None, bucket_lengths=True,
        share_prompt=shared,
    )  # fmt: skip
    llm = ck.ConstrainedClassifier.from_pretrained(
        folder, labels=LABELS, device_map=device, training=config
    )
    watch = _Watch(time.perf_counter())
    llm.fit(texts, codes, progress=watch)
    return watch


def _full_loss(folder: str, texts: list[str], codes: list[int], device: str) -> _Watch:
    """The causal LM loss over all tokens and the whole vocabulary, in the same batches."""
    import numpy as np
    import torch
    import transformers

    import campaignkit as ck
    from campaignkit.classify.llm.trainer import plan_epoch

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).to(device).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-4)
    told = [text + LABELS[code] for text, code in zip(texts, codes, strict=True)]
    rows = [np.array(row) for row in tokenizer(told)["input_ids"]]
    lengths = np.array([len(row) for row in rows])
    watch = _Watch(time.perf_counter())
    for epoch in range(2):
        for (batch,) in plan_epoch(lengths, ck.FullFineTune(batch_size=BATCH), epoch=epoch):
            ids = np.zeros((len(batch.rows), lengths[batch.rows].max()), dtype=np.int64)
            labels = np.full_like(ids, -100)
            for place, row in enumerate(batch.rows):
                ids[place, : lengths[row]] = labels[place, : lengths[row]] = rows[row]
            with torch.autocast(device, dtype=torch.bfloat16):
                loss = model(
                    input_ids=torch.from_numpy(ids).to(device),
                    labels=torch.from_numpy(labels).to(device),
                    use_cache=False,
                ).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            float(loss.detach())
            watch.update("training", 0, 0)
    return watch


if __name__ == "__main__":
    if sys.argv[1:2] == ["part"]:
        print(json.dumps(_part(sys.argv[2], sys.argv[3], smoke=False)))
    else:
        main(smoke="--smoke" in sys.argv)
