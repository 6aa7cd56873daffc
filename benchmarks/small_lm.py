"""A small causal language model trained from nothing on campaigns in words: which step helps?

``python -m benchmarks small_lm`` takes some CPU minutes; ``python -m benchmarks.small_lm --full``
the 42,000 and 18,000 rows of the published runs; ``--smoke`` tries the script.

One model a seed and data set learns the texts and the label words behind them, with the causal
LM loss over all tokens. From there it goes two ways of the same number of epochs: on with the same
loss, or with the loss of the label tokens alone.
"""

from __future__ import annotations

import json
import sys
import tempfile
import textwrap
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import campaignkit as ck
from benchmarks.classifier_worlds import BALANCED, IMBALANCED, labelled, low_rank_graph
from benchmarks.pages import markdown, put
from benchmarks.record import record
from campaignkit.classify import (
    LABELS,
    OneHotLogistic,
    PairwiseOrdinalClassifier,
    label_codes,
)
from campaignkit.classify.llm.trainer import plan_epoch
from campaignkit.dataset import CampaignDataset
from campaignkit.dataset.text import render_briefs
from campaignkit.metrics import macro_f1
from campaignkit.seeds import key64

WORDS = ("0", "1", "2")
NAMES = np.array(LABELS)
HEAD = "How will this campaign do?\n"
CUE = "\nAnswer:"
_HEAD_WORDS = ("How", "will", "this", "campaign", "do", "Answer")
RANGES = {
    "brand": (1, 1), "audience": (2, 4), "creative": (1, 3), "platform": (1, 2), "geo": (1, 4),
}  # fmt: skip
SHAPE = {
    "hidden_size": 64,
    "intermediate_size": 192,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
}
RATE, BATCH = 1.5e-3, 32


@dataclass(frozen=True)
class Size:
    """How much is done."""

    train: int
    validation: int
    test: int
    epochs: int
    seeds: int


STATED = Size(train=6_000, validation=1_500, test=4_000, epochs=6, seeds=3)
FULL = Size(train=42_000, validation=6_000, test=18_000, epochs=6, seeds=3)
SMOKE = Size(train=200, validation=100, test=100, epochs=1, seeds=1)


def main(size: Size = STATED, *, keep: bool = True) -> None:
    """Measure, print and record."""
    import torch

    torch.set_num_threads(1)
    start = time.process_time()
    parts = {
        name: _parts(
            labelled(
                low_rank_graph(share=0.9, seed=0),
                num=size.train + size.validation + size.test,
                shares=shares,
                cuts="sampler",
                ranges=RANGES,
                seed=0,
            ),
            size,
        )
        for name, shares in (("imbalanced", IMBALANCED), ("balanced", BALANCED))
    }
    others = {name: _others(part) for name, part in parts.items()}
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in parts}
    for seed in range(size.seeds):
        for name, part in parts.items():
            runs[name].append(_run(part, size, seed))
            spent = time.process_time() - start
            print(name, seed, f"{spent:.0f} CPU s", json.dumps(runs[name][-1]), flush=True)
        # After each seed: what is done so far stands, whatever comes.
        done = Size(**{**asdict(size), "seeds": seed + 1})
        _tell(runs, others, done, cpu_s=time.process_time() - start, keep=keep)


def _tell(
    runs: dict[str, Any], others: dict[str, Any], size: Size, *, cpu_s: float, keep: bool
) -> None:
    figures: dict[str, Any] = {
        name: {**_summary(told), "no language model, same rows": others[name]}
        for name, told in runs.items()
    }
    figures["cpu_min"] = round(cpu_s / 60, 1)
    page = _page(figures, size)
    print(page, flush=True)
    if keep:
        put("training.md", "<!-- small_lm -->", page)
        record("small_lm", figures, about=_about(size))


def _about(size: Size) -> str:
    return (
        f"A causal language model of {SHAPE['num_hidden_layers']} layers, hidden "
        f"{SHAPE['hidden_size']}, trained from scratch on {size.train:,} simulated campaigns in "
        f"words (412 values, sampler-like cuts, 90% low rank). It takes {size.epochs} epochs of "
        f"causal LM loss, then {size.epochs} more of the same or of the label tokens' loss alone. "
        f"Mean and range over {size.seeds} seeds, on {size.test:,} test rows; rules tuned on "
        f"{size.validation:,} validation rows."
    )


def _page(figures: dict[str, Any], size: Size) -> str:
    parts = [textwrap.fill(_about(size), 100)]
    for name in ("imbalanced", "balanced"):
        rows = []
        for way, steps in figures[name].items():
            for step, told in steps.items():
                if not isinstance(told, dict):
                    if "difference" not in step:
                        rows.append([way, step, f"{told:.3f}", "", ""])
                    continue
                low, high = told["macro_f1_range"]
                shares = " / ".join(f"{100 * share:.0f}" for share in told["predicted_shares"])
                rows.append(
                    [way, step, f"{told['macro_f1']:.3f}", f"{low:.3f} to {high:.3f}", shares]
                )
        head = ["trained with", "answers by", "macro F1", "range", "predicted neg / avg / pos, %"]
        parts.append(f"{name.capitalize()}:\n\n" + markdown(head, rows))
    parts.append(f"(`python -m benchmarks small_lm`, {figures['cpu_min']:.0f} CPU minutes.)")
    return "\n\n".join(parts)


def _parts(whole: CampaignDataset, size: Size) -> list[tuple[list[str], NDArray[np.int64], Any]]:
    texts = [f"{HEAD}{brief}{CUE}" for brief in render_briefs(whole)]
    codes = whole.block.labels.astype(np.int64)
    ends = np.cumsum([0, size.train, size.validation, size.test])
    parts = []
    for first, stop in pairwise(ends.tolist()):
        rows = np.arange(first, stop)
        records = CampaignDataset(whole.block.take(rows), whole.vocabulary, ("neg", "avg", "pos"))
        parts.append((texts[first:stop], codes[first:stop], records))
    return parts


def _run(parts: Any, size: Size, seed: int) -> dict[str, Any]:
    texts, codes, _ = parts[0]
    with tempfile.TemporaryDirectory() as place:
        tokenizer, model = _fresh(parts, seed)
        _learn_texts(model, tokenizer, texts, codes, epochs=size.epochs, seed=seed, begin=0)
        _keep(model, tokenizer, Path(place, "first"))
        _learn_texts(
            model, tokenizer, texts, codes, epochs=size.epochs, seed=seed, begin=size.epochs
        )
        _keep(model, tokenizer, Path(place, "second"))
        told = {
            f"LM loss, {size.epochs} epochs": _answers(Path(place, "first"), parts),
            f"LM loss, {2 * size.epochs} epochs": _answers(Path(place, "second"), parts),
        }
        config = ck.FullFineTune(
            epochs=size.epochs, learning_rate=RATE / 2, batch_size=BATCH, seed=seed
        )
        llm = ck.ConstrainedClassifier(Path(place, "first"), labels=WORDS, training=config)
        llm.fit(texts, NAMES[codes])
    told[f"LM loss, {size.epochs} epochs, then label tokens' loss, {size.epochs}"] = _scores(
        llm, parts
    )
    return told


def _fresh(parts: Any, seed: int) -> tuple[Any, Any]:
    """A tokenizer that has a token for every value, and a model that knows nothing."""
    import torch
    import transformers
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

    keys = parts[0][2].vocabulary.keys
    known = ["<pad>", "<eos>", "<bos>", "<unk>", *WORDS, "\n", ":", ";", "[", "]", ",", "?"]
    words = [*_HEAD_WORDS, *dict.fromkeys(m for m, _ in keys)]
    numbers = sorted({value.rpartition(" ")[2] for _, value in keys})
    tokens = dict.fromkeys([*known, *words, *numbers, *(value for _, value in keys)])
    tokenizer = Tokenizer(
        models.WordLevel({word: place for place, word in enumerate(tokens)}, unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[a-z]+ \d\d\d|\w+|[^\w ]"), "removed", invert=True),
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", 2)]
    )
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
        unk_token="<unk>",
    )
    lengths = [len(row) for row in fast(parts[2][0])["input_ids"]]
    assert max(lengths) <= 80, max(lengths)
    assert fast.unk_token_id not in {
        one for row in fast(parts[2][0][:50])["input_ids"] for one in row
    }
    torch.manual_seed(key64(seed, "small_lm", "weights") % 2**63)
    config = transformers.LlamaConfig(
        **SHAPE, vocab_size=len(tokens), max_position_embeddings=96, tie_word_embeddings=True,
        pad_token_id=0, eos_token_id=1, bos_token_id=2,
    )  # fmt: skip
    return fast, transformers.AutoModelForCausalLM.from_config(config)


def _learn_texts(
    model: Any,
    tokenizer: Any,
    texts: Sequence[str],
    codes: NDArray[np.int64],
    *,
    epochs: int,
    seed: int,
    begin: int,
) -> None:
    """The causal LM loss over prompt and label word, as in plain supervised fine-tuning."""
    import torch

    told = [text + WORDS[code] for text, code in zip(texts, codes, strict=True)]
    rows = [np.array(row) for row in tokenizer(told)["input_ids"]]
    lengths = np.array([len(row) for row in rows])
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    model.train()
    for epoch in range(begin, begin + epochs):
        plan = plan_epoch(lengths, ck.FullFineTune(batch_size=BATCH, seed=seed), epoch=epoch)
        for number, (batch,) in enumerate(plan):
            done = (epoch - begin + number / len(plan)) / epochs
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1.0, 0.02 + 10 * done) * (1 - 0.9 * done)
            ids = np.zeros((len(batch.rows), lengths[batch.rows].max()), dtype=np.int64)
            labels = np.full_like(ids, -100)
            for place, row in enumerate(batch.rows):
                ids[place, : lengths[row]] = labels[place, : lengths[row]] = rows[row]
            loss = model(
                input_ids=torch.from_numpy(ids), labels=torch.from_numpy(labels), use_cache=False
            ).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
    model.eval()


def _keep(model: Any, tokenizer: Any, folder: Path) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _answers(folder: Path, parts: Any) -> dict[str, Any]:
    """Free generation, mask, trim and tuned rules of a model that learned whole texts."""
    masked = ck.ConstrainedClassifier.from_pretrained(folder, labels=WORDS, method="mask")
    trimmed = ck.ConstrainedClassifier.from_pretrained(folder, labels=WORDS, method="trim")
    texts, truth, _ = parts[2]
    told = {"free generation": _told(truth, _generated(masked, texts))}
    apart = np.abs(masked.predict_proba(texts) - trimmed.predict_proba(texts)).max()
    scores = _scores(trimmed, parts)
    told["mask"] = told["trim"] = scores.pop("argmax")
    return {**told, **scores, "mask_trim_difference": float(apart)}


def _scores(llm: Any, parts: Any) -> dict[str, Any]:
    (checked, known, _), (texts, truth, _) = parts[1], parts[2]
    before, after = llm.predict_proba(checked), llm.predict_proba(texts)
    cuts = ck.DecisionTuner("cuts").fit(before, NAMES[known]).predict(after)
    after = after[:, [llm.classes_.tolist().index(name) for name in NAMES]]
    loss = -np.log(np.maximum(after[np.arange(len(truth)), truth], 1e-15)).mean()
    return {
        "argmax": {**_told(truth, after.argmax(1)), "log_loss": round(float(loss), 4)},
        "tuned cuts": _told(truth, label_codes(cuts)),
    }


def _generated(llm: Any, texts: Sequence[str]) -> NDArray[np.int64]:
    """Codes of the words that the model says of itself; -1 for any other."""
    import torch

    llm.tokenizer_.padding_side = "left"
    ids = llm.tokenizer_.convert_tokens_to_ids(list(WORDS))
    out = []
    for at in range(0, len(texts), 200):
        batch = llm.tokenizer_(list(texts[at : at + 200]), padding=True, return_tensors="pt")
        with torch.inference_mode():
            said = llm.model_.generate(
                input_ids=batch["input_ids"], attention_mask=batch["attention_mask"],
                max_new_tokens=1, do_sample=False,
            )[:, -1]  # fmt: skip
        out += [ids.index(one) if one in ids else -1 for one in said.tolist()]
    return np.array(out)


def _told(truth: NDArray[np.int64], found: NDArray[np.int64]) -> dict[str, Any]:
    f1 = []
    for code in range(3):
        hits = ((truth == code) & (found == code)).sum()
        f1.append(2 * hits / max((truth == code).sum() + (found == code).sum(), 1))
    shares = [float((found == code).mean()) for code in range(3)]
    told = {"macro_f1": float(np.mean(f1)), "f1": f1, "predicted_shares": shares}
    return {key: np.round(value, 4).tolist() for key, value in told.items()}


def _others(parts: Any) -> dict[str, Any]:
    told = {}
    for model in (OneHotLogistic(), PairwiseOrdinalClassifier(seed=0)):
        model.fit(parts[0][2], NAMES[parts[0][1]])
        found = label_codes(model.predict(parts[2][2]))
        told[type(model).__name__] = round(macro_f1(parts[2][1], found), 4)
    return told


def _summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for way in runs[0]:
        told[way] = {}
        for step, first in runs[0][way].items():
            if not isinstance(first, dict):
                told[way][step] = max(run[way][step] for run in runs)
                continue
            scores = [run[way][step]["macro_f1"] for run in runs]
            told[way][step] = {
                key: np.round(np.mean([run[way][step][key] for run in runs], axis=0), 4).tolist()
                for key in first
            }
            told[way][step]["macro_f1_range"] = [min(scores), max(scores)]
    return told


if __name__ == "__main__":
    if "--smoke" in sys.argv:
        main(SMOKE, keep=False)
    else:
        main(FULL if "--full" in sys.argv else STATED)
