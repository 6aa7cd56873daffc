"""Fine-tuning and inference against transformers' own, on a processor: CPU time and memory.

``python -m benchmarks llm_training``; every way runs in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.llm_shapes import GEMMA_128, LABELS, prompts, write_model
from benchmarks.pages import markdown, put
from benchmarks.record import peak_memory_mb, record, show_table

NUM_ROWS = 64
EPOCHS = 8
BATCH = 16
FROZEN = 14
SHARED = 200
OWN = (40, 260)
TRAINER = ("Trainer, 14 layers frozen", "Trainer, embeddings frozen too")
OURS = {
    "label rows only": {"share_prompt": False, "cache_frozen": False},
    "and cached": {"share_prompt": False},
    "and the prompt shared": {},
    "all, cache on disk": {"cache_place": "disk"},
}
INFERENCE = ("all logits", "label rows, last token", "and the prompt shared")


def main() -> None:
    """Measure, print and record."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.llm_training", "write", folder], check=True
        )
        training: dict[str, Any] = {}
        for bucket in (False, True):
            for name in [*TRAINER, *OURS]:
                if bucket and name not in {*TRAINER, "and the prompt shared"}:
                    continue
                told = name + (", rows of like length together" if bucket else "")
                training[told] = _measured("train", folder, name, str(int(bucket)))
        inference = {name: _measured("infer", folder, name, "1") for name in INFERENCE}
    proba = {name: np.array(told.pop("proba")) for name, told in inference.items()}
    for name, told in inference.items():
        told["largest_difference"] = float(np.abs(proba[name] - proba[INFERENCE[0]]).max())
    _add_ratios(training)
    slowest = inference[INFERENCE[0]]["cpu_s_per_example"]
    for told in inference.values():
        told["times_all_logits"] = round(slowest / told["cpu_s_per_example"], 2)
    put("training.md", "<!-- llm_training -->", _training_page(training))
    put("constrained-llm.md", "<!-- llm_inference -->", _inference_page(inference))
    show_table({**training, **{f"inference: {k}": v for k, v in inference.items()}})
    record(
        "llm_training",
        {"training": training, "inference": inference},
        about=(
            f"A random Gemma 3 of 26 layers, hidden 128 and the real ratio of vocabulary to "
            f"hidden; {NUM_ROWS} rows of {SHARED} shared and {OWN[0]}-{OWN[1]} own tokens, "
            f"batches of {BATCH}, fp32, one thread. Ours: {EPOCHS} epochs with filling the cache; "
            "Trainer, causal LM loss over all tokens: one epoch of the same batches, as all "
            "of its epochs are alike. Seconds are CPU time of the call, with tokenising."
        ),
    )


def _training_page(training: dict[str, Any]) -> str:
    rows = [
        [
            name,
            f"{told['cpu_s_per_example']:.3f}",
            f"{told['times_trainer']:.1f}",
            f"{told['times_trainer_embeddings_frozen']:.1f}",
            f"{told['peak_mb']:,}",
        ]
        for name, told in training.items()
    ]
    head = ["way", "CPU s per example", "times Trainer", "times Trainer, all frozen", "peak MB"]
    text = (
        f"Simulated prompts of {SHARED} shared and {OWN[0]} to {OWN[1]} other tokens, in batches "
        f"of {BATCH}. The model is a random Gemma 3 of 26 layers and hidden 128 with the real "
        "ratio of vocabulary to hidden, in fp32 on one thread. Our runs freeze "
        f"{FROZEN} layers and the embeddings. They take {EPOCHS} epochs, with the time to fill "
        "the cache. transformers' `Trainer` runs one epoch of the same batches with the causal LM "
        "loss. Its first form freezes the layers but not the embeddings, which are the head too; "
        "the second freezes both. Memory is that of the whole process, of which some 450 MB are "
        "libraries and weights."
    )
    return (
        f"{textwrap.fill(text, 100)}\n\n{markdown(head, rows)}\n\n"
        "(`python -m benchmarks llm_training`)"
    )


def _inference_page(inference: dict[str, Any]) -> str:
    rows = [
        [
            name,
            f"{1 / told['cpu_s_per_example']:.1f}",
            f"{told['times_all_logits']:.1f}",
            f"{told['largest_difference']:.0e}",
        ]
        for name, told in inference.items()
    ]
    head = ["inference", "examples a CPU s", "times", "largest difference of probabilities"]
    return markdown(head, rows) + "\n\n(`python -m benchmarks llm_training`; random weights.)"


def _add_ratios(training: dict[str, Any]) -> None:
    for bucket in ("", ", rows of like length together"):
        for name in [*TRAINER, *OURS]:
            told = training.get(name + bucket)
            if told is None:
                continue
            for number, other in enumerate(TRAINER):
                theirs = training[other + bucket]
                key = ("trainer", "trainer_embeddings_frozen")[number]
                told[f"times_{key}"] = round(
                    theirs["cpu_s_per_example"] / told["cpu_s_per_example"], 2
                )
                told[f"memory_of_{key}"] = round(theirs["peak_mb"] / told["peak_mb"], 2)


def _measured(*words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.llm_training", *words],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(words[2:], {k: v for k, v in told.items() if k != "proba"}, flush=True)
    return told


def _data() -> tuple[str, list[str], list[int]]:
    return prompts(NUM_ROWS, shared=SHARED, own=OWN, vocab=GEMMA_128["vocab_size"])


def _train(folder: str, name: str, bucket: bool) -> dict[str, Any]:
    import torch

    import campaignkit as ck

    torch.set_num_threads(1)
    _, texts, codes = _data()
    if name in TRAINER:
        return _trainer(folder, texts, codes, freeze_embeddings=name == TRAINER[1], bucket=bucket)
    given: dict[str, Any] = {"batch_size": BATCH, "bucket_lengths": bucket, **OURS[name]}
    config = ck.FullFineTune(freeze_layers=FROZEN, epochs=EPOCHS, **given)
    llm = ck.ConstrainedClassifier.from_pretrained(folder, labels=LABELS, training=config)
    before = peak_memory_mb()
    start = time.process_time()
    llm.fit(texts, codes)
    cpu_s = time.process_time() - start
    return _told(cpu_s / (EPOCHS * NUM_ROWS), before)


def _trainer(
    folder: str, texts: list[str], codes: list[int], *, freeze_embeddings: bool, bucket: bool
) -> dict[str, Any]:
    import torch
    import transformers

    import campaignkit as ck
    from campaignkit.classify.llm.trainer import plan_epoch

    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    for layer in model.model.layers[:FROZEN]:
        layer.requires_grad_(False)
    if freeze_embeddings:
        model.model.embed_tokens.requires_grad_(False)
    before = peak_memory_mb()
    start = time.process_time()
    rows = [tokenizer(t + LABELS[c])["input_ids"] for t, c in zip(texts, codes, strict=True)]
    lengths = np.array([len(row) for row in rows])
    config = ck.FullFineTune(batch_size=BATCH, bucket_lengths=bucket)
    plan = plan_epoch(lengths, config, epoch=0)

    def padded(numbers: list[int]) -> dict[str, Any]:
        longest = max(len(rows[n]) for n in numbers)
        ids = torch.zeros((len(numbers), longest), dtype=torch.long)
        labels = torch.full_like(ids, -100)
        for place, n in enumerate(numbers):
            ids[place, : len(rows[n])] = labels[place, : len(rows[n])] = torch.tensor(rows[n])
        return {"input_ids": ids, "attention_mask": (labels >= 0).long(), "labels": labels}

    class SameBatches(transformers.Trainer):  # type: ignore[misc]
        def get_train_dataloader(self) -> Any:
            order = [batch.rows.tolist() for (batch,) in plan]
            return torch.utils.data.DataLoader(
                list(range(len(rows))), batch_sampler=order, collate_fn=padded
            )

    with tempfile.TemporaryDirectory() as out:
        SameBatches(
            model=model,
            args=transformers.TrainingArguments(
                output_dir=out, num_train_epochs=1, per_device_train_batch_size=BATCH,
                learning_rate=2e-4, use_cpu=True, report_to=[], save_strategy="no",
                logging_strategy="no", disable_tqdm=True,
            ),
            train_dataset=rows,
        ).train()  # fmt: skip
    return _told((time.process_time() - start) / NUM_ROWS, before)


def _infer(folder: str, name: str) -> dict[str, Any]:
    import torch

    import campaignkit as ck

    torch.set_num_threads(1)
    _, texts, _ = _data()
    codes = dict(enumerate(LABELS))
    llm = ck.ConstrainedClassifier.from_pretrained(
        folder, labels=codes, method="mask", batch_size=BATCH
    )
    before = peak_memory_mb()
    start = time.process_time()
    if name == INFERENCE[0]:
        proba = _all_logits(llm, texts)
    elif name == INFERENCE[1]:
        rows = llm._tokens(llm._prompts(texts), share_prompt=False)
        proba = llm._ready().proba(rows, batch_size=BATCH)
    else:
        proba = llm.predict_proba(texts)
    told = _told((time.process_time() - start) / NUM_ROWS, before)
    return {**told, "proba": proba.tolist()}


def _all_logits(llm: Any, texts: list[str]) -> Any:
    """What a model of transformers gives that is asked for its logits, and no more cleverly."""
    import torch

    first = llm.tokenizer_.convert_tokens_to_ids(list(LABELS))
    order = np.argsort([len(text.split()) for text in texts], kind="stable")
    proba = np.empty((len(texts), 3))
    for at in range(0, len(texts), BATCH):
        chosen = order[at : at + BATCH]
        batch = llm.tokenizer_([texts[n] for n in chosen], padding=True, return_tensors="pt")
        with torch.inference_mode():
            logits = llm.model_(
                input_ids=batch["input_ids"], attention_mask=batch["attention_mask"],
                use_cache=False,
            ).logits  # fmt: skip
        last = batch["attention_mask"].sum(1) - 1
        chosen_logits = logits[torch.arange(len(chosen)), last][:, first]
        proba[chosen] = chosen_logits.double().softmax(-1).numpy()
    return proba


def _told(cpu_s_per_example: float, before_mb: int) -> dict[str, Any]:
    peak = peak_memory_mb()
    return {
        "cpu_s_per_example": round(cpu_s_per_example, 4),
        "peak_mb": peak,
        "peak_mb_before": before_mb,
    }


def _part(words: list[str]) -> None:
    import torch

    torch.set_num_threads(1)
    kind, folder, *rest = words
    if kind == "write":
        write_model(Path(folder), GEMMA_128)
        return
    name, bucket = rest[0], rest[1] == "1"
    print(json.dumps(_train(folder, name, bucket) if kind == "train" else _infer(folder, name)))


if __name__ == "__main__":
    _part(sys.argv[1:]) if len(sys.argv) > 1 else main()
