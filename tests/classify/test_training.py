"""Fine-tuning: the plain gradient, whatever is shared, frozen, cached or resumed."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import campaignkit as ck
from campaignkit.errors import ArtifactError, ClassifierError

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from campaignkit.classify.llm import states  # noqa: E402
from campaignkit.classify.llm.labels import Prompts  # noqa: E402
from campaignkit.classify.llm.trainer import Trainer, plan_epoch, rows_of  # noqa: E402
from tiny_models import HEAD, prompts, quiet  # noqa: E402

KINDS = ("gemma3", "qwen3", "llama")
TEXTS, CODES = prompts(24)
CHECKED = prompts(12, seed=1)


TWO_PROCESSES = """
import sys
import accelerate
import numpy
import campaignkit as ck
from tiny_models import prompts

def train(model, out):
    from accelerate import PartialState
    texts, codes = prompts(24)
    full = ck.FullFineTune(
        freeze_layers=1, epochs=3, batch_size=6, accumulate=2, learning_rate=1e-3
    )
    lora = ck.LoRA(epochs=2, batch_size=6, accumulate=2, learning_rate=1e-3)
    for name, config in (("full", full), ("lora", lora)):
        llm = ck.ConstrainedClassifier(model, training=config)
        llm.fit(texts, codes, validation=(texts, codes))
        weights = {name: w.detach().numpy() for name, w in llm.model_.named_parameters()}
        numpy.savez(f"{out}/{name}-{PartialState().process_index}", **weights)

accelerate.debug_launcher(train, sys.argv[1:], num_processes=2)
"""


def fitted(folder: Path, training: Any, **options: Any) -> ck.ConstrainedClassifier:
    own = {name: options.pop(name) for name in ("method", "torch_dtype") if name in options}
    llm = ck.ConstrainedClassifier(folder, training=training, **own)
    return llm.fit(TEXTS, CODES, **options)


def weights(llm: ck.ConstrainedClassifier) -> dict[str, Any]:
    return {name: weight.detach() for name, weight in llm.model_.named_parameters()}


def furthest(one: ck.ConstrainedClassifier, other: ck.ConstrainedClassifier) -> float:
    theirs = weights(other)
    return max(float((w - theirs[n]).abs().max()) for n, w in weights(one).items())


@functools.cache
def plain_gradients(folder: Path, freeze: int) -> dict[str, Any]:
    """Row by row through the whole model of transformers; the loss of the label tokens alone."""
    with quiet():
        model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    first = [tokenizer.encode(word, add_special_tokens=False)[0] for word in ("0", "1", "2")]
    rows = model.get_output_embeddings().weight[first].detach().clone().requires_grad_()
    for text, code in zip(TEXTS, CODES, strict=True):
        hidden = model.model(torch.tensor([tokenizer(text)["input_ids"]])).last_hidden_state
        logits = hidden[:, -1] @ rows.T
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor([code]))
        (loss / len(TEXTS)).backward()
    found = {f"model.model.{n}": w.grad for n, w in model.model.named_parameters()}
    below = ["embed_tokens.", *(f"layers.{number}." for number in range(freeze))]
    frozen = {
        n for n in found if freeze and n.startswith(tuple(f"model.model.{b}" for b in below))
    }
    return {"model.score.weight": rows.grad, **{n: g for n, g in found.items() if n not in frozen}}


def gradients(folder: Path, freeze: int, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Any:
    """Of the first step, as the optimiser is handed them."""
    seen: list[dict[str, Any]] = []

    def looked_at(self: Any, batches: Any, rows: Any, at: int) -> float:
        told = sum(self._add_gradient(batch, rows) for batch in batches)
        seen.append({name: weight.grad.clone() for name, weight in self._weights.items()})
        return float(told)

    monkeypatch.setattr(Trainer, "_train_step", looked_at)
    fitted(folder, ck.FullFineTune(freeze_layers=freeze, epochs=1, **options))
    return seen[0]


WAYS = {
    "plain": {"batch_size": 24, "share_prompt": False, "cache_frozen": False},
    "shared": {"batch_size": 24, "cache_frozen": False},
    "accumulated": {"batch_size": 5, "accumulate": 5, "gradient_checkpointing": True},
    "cached": {"batch_size": 24},
    "disk": {"batch_size": 5, "accumulate": 5, "bucket_lengths": False, "cache_place": "disk"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("freeze", "way"), [*((0, way) for way in list(WAYS)[:3]), *((2, way) for way in WAYS)]
)
def test_gradients_are_those_of_the_plain_model(
    folders: dict[str, Path],
    kind: str,
    freeze: int,
    way: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = plain_gradients(folders[kind], freeze)

    found = gradients(folders[kind], freeze, monkeypatch, **WAYS[way])

    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        scale = float(gradient.abs().max())
        assert float((found[name] - gradient).abs().max()) <= 1e-5 * max(scale, 1e-3), name


@pytest.mark.slow
@pytest.mark.parametrize("method", ["mask", "trim"])
@pytest.mark.parametrize("training", [ck.FullFineTune, ck.LoRA])
@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_in_the_text_is_learned(
    folders: dict[str, Path], kind: str, training: Any, method: str
) -> None:
    config = training(epochs=20, learning_rate=1e-2, freeze_layers=1, batch_size=8)

    llm = fitted(folders[kind], config, method=method)

    assert (llm.predict(TEXTS) == llm.classes_[CODES]).mean() > 0.9
    assert llm.training_ is not None
    assert llm.training_.epochs[-1].loss < 0.5 * llm.training_.epochs[0].loss
    assert llm.training_.steps == 60


@pytest.mark.parametrize("training", [ck.FullFineTune, ck.LoRA])
def test_frozen_layers_and_embeddings_stay_as_they_were(
    folders: dict[str, Path], training: Any
) -> None:
    before = weights(ck.ConstrainedClassifier.from_pretrained(folders["gemma3"]))

    after = weights(fitted(folders["gemma3"], training(freeze_layers=2, epochs=1)))

    moved = {name for name in before if not torch.equal(before[name], after[name])}
    below = ("model.embed_tokens", "model.layers.0.", "model.layers.1.")
    assert after.keys() == before.keys()
    assert [name for name in moved if name.startswith(below)] == []
    assert {"model.layers.2.mlp.up_proj.weight", "score.weight"} <= moved


@pytest.mark.parametrize("place", ["memory", "disk", "device"])
def test_a_cache_changes_no_weight_beyond_rounding(folders: dict[str, Path], place: str) -> None:
    config = {"freeze_layers": 2, "epochs": 2, "learning_rate": 1e-3, "batch_size": 8}
    without = fitted(folders["gemma3"], ck.FullFineTune(**config, cache_frozen=False))

    cached = fitted(folders["gemma3"], ck.FullFineTune(**config, cache_place=place))

    assert cached.training_ and cached.training_.cache_bytes > 0
    assert without.training_ and without.training_.cache_bytes == 0
    assert furthest(cached, without) < 1e-5


def test_a_cache_on_disk_is_used_again_and_never_for_anything_else(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    kept = tmp_path / "kept"

    def run(**changes: Any) -> ck.ConstrainedClassifier:
        config = {"freeze_layers": 2, "epochs": 1, "cache_place": "disk", "cache_folder": kept}
        options = changes.pop("options", {})
        kind = changes.pop("kind", "gemma3")
        return fitted(folders[kind], ck.FullFineTune(**{**config, **changes}), **options)

    first = run()
    written = (kept / "train" / "states.bin").stat().st_mtime_ns

    again = run(epochs=1)

    assert furthest(first, again) == 0
    assert (kept / "train" / "states.bin").stat().st_mtime_ns == written
    for told, changes in {
        "number of frozen layers": {"freeze_layers": 1},
        "shared prompt": {"share_prompt": False},
        "type of the states": {"cache_dtype": "bfloat16"},
        "precision": {"precision": "bf16"},
        "frozen weights": {"kind": "llama"},
    }.items():
        with pytest.raises(ArtifactError, match=told):
            run(**changes)
    states = kept / "train" / "states.bin"
    states.write_bytes(b"\0" + states.read_bytes()[1:])
    with pytest.raises(ArtifactError, match=r"states\.bin"):
        run()


def test_half_precision_and_a_cache_of_halves_stay_near(folders: dict[str, Path]) -> None:
    config = {"freeze_layers": 2, "epochs": 2, "learning_rate": 1e-3, "batch_size": 8}
    exact = fitted(folders["qwen3"], ck.FullFineTune(**config)).predict_proba(TEXTS)

    for changes in ({"cache_dtype": "bfloat16"}, {"precision": "bf16"}):
        near = fitted(folders["qwen3"], ck.FullFineTune(**config, **changes))
        assert near.predict_proba(TEXTS) == pytest.approx(exact, abs=0.05)
        assert {weight.dtype for weight in weights(near).values()} == {torch.float32}


@pytest.mark.parametrize("training", [ck.FullFineTune, ck.LoRA])
def test_weights_in_halves_are_trained_in_full_and_come_back_as_halves(
    folders: dict[str, Path], training: Any
) -> None:
    for precision in ("fp32", "bf16"):
        config = training(freeze_layers=1, epochs=1, precision=precision)
        llm = fitted(folders["llama"], config, torch_dtype="bfloat16")

        assert {weight.dtype for weight in weights(llm).values()} == {torch.bfloat16}
        assert np.isfinite(llm.predict_proba(TEXTS)).all()


class Cut(Exception):
    """Stops a run at a step."""


class CutAt:
    def __init__(self, step: int) -> None:
        self._step = step

    def update(self, stage: str, done: int, total: int) -> None:
        if stage == "training" and done == self._step:
            raise Cut


@pytest.mark.parametrize(
    ("config", "step"),
    [
        (ck.FullFineTune(freeze_layers=1, epochs=4, batch_size=8, learning_rate=1e-3), 9),
        (ck.FullFineTune(freeze_layers=1, epochs=2, batch_size=8, optimizer="adafactor"), 4),
        (ck.LoRA(epochs=3, batch_size=8, learning_rate=1e-2, dropout=0.2), 7),
        (ck.LoRA(freeze_layers=1, epochs=2, batch_size=8, optimizer="sgd"), 4),
    ],
    ids=["full", "adafactor", "lora", "sgd"],
)
def test_a_resumed_run_ends_with_the_same_weights(
    folders: dict[str, Path], tmp_path: Path, config: Any, step: int
) -> None:
    whole = fitted(folders["qwen3"], config, validation=CHECKED)
    place = tmp_path / "run"
    with pytest.raises(Cut):
        fitted(
            folders["qwen3"],
            config,
            validation=CHECKED,
            checkpoint=place,
            checkpoint_steps=2,
            progress=CutAt(step),
        )

    resumed = fitted(folders["qwen3"], config, validation=CHECKED, checkpoint=place, resume=True)

    assert furthest(whole, resumed) == 0
    assert resumed.training_ == whole.training_


def test_a_checkpoint_of_another_training_is_refused(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    config = ck.FullFineTune(freeze_layers=1, epochs=1)
    place = tmp_path / "run"
    fitted(folders["qwen3"], config, checkpoint=place)

    def resume(kind: str = "qwen3", config: Any = config, **options: Any) -> None:
        fitted(folders[kind], config, checkpoint=place, resume=True, **options)

    resume()
    with pytest.raises(ArtifactError, match="is not empty"):
        fitted(folders["qwen3"], config, checkpoint=place)
    with pytest.raises(ArtifactError, match="the model: "):
        resume("llama")
    with pytest.raises(ArtifactError, match="the shared prompt: "):
        resume(config=ck.FullFineTune(freeze_layers=1, epochs=1, share_prompt=False))
    with pytest.raises(ArtifactError, match=r"settings .*: epochs 1 kept, 2"):
        resume(config=ck.FullFineTune(freeze_layers=1, epochs=2))
    with pytest.raises(ArtifactError, match="method 'trim' kept, 'mask'"):
        resume(method="mask")
    manifest = json.loads((place / "manifest.json").read_text())
    assert manifest["kind"] == "training-checkpoint"
    with pytest.raises(ClassifierError, match="no checkpoint folder"):
        fitted(folders["qwen3"], config, resume=True)


@pytest.mark.parametrize("is_learned", [True, False], ids=["rises", "falls"])
def test_the_best_epoch_on_validation_rows_is_kept(
    folders: dict[str, Path], is_learned: bool
) -> None:
    """Rows of the rule: the score rises with the epochs. Rows of its reverse: it falls."""
    texts, codes = prompts(24, seed=1)
    truth = codes if is_learned else [2 - code if code != 1 else 0 for code in codes[:-1]] + [1]
    config = ck.FullFineTune(epochs=9, learning_rate=1e-2, patience=4, freeze_layers=1)

    llm = fitted(folders["llama"], config, validation=(texts, truth))

    report = llm.training_
    assert report is not None
    scores = [told.validation_macro_f1 or 0 for told in report.epochs]
    assert max(scores) > min(scores) + 0.05
    assert report.best_epoch == int(np.argmax(scores)) + 1
    assert (report.best_epoch > 4) == is_learned
    assert report.stopped_early == (len(scores) == report.best_epoch + 4 < 9)
    again = _macro_f1(np.array(truth), llm.predict(texts))
    assert again == pytest.approx(max(scores))


def _macro_f1(truth: Any, found: Any) -> float:
    told = []
    for code in range(3):
        hit = ((truth == code) & (found == code)).sum()
        told.append(2 * hit / max((truth == code).sum() + (found == code).sum(), 1))
    return float(np.mean(told))


@pytest.mark.parametrize("method", ["mask", "trim"])
@pytest.mark.parametrize("training", [ck.FullFineTune, ck.LoRA])
def test_what_predicts_is_the_epoch_that_was_reported(
    folders: dict[str, Path], training: Any, method: str
) -> None:
    config = training(epochs=6, learning_rate=2e-2, freeze_layers=1, batch_size=8)

    llm = fitted(folders["gemma3"], config, validation=CHECKED, method=method)

    assert llm.training_ is not None
    best = llm.training_.epochs[llm.training_.best_epoch - 1]
    told = llm.predict_proba(CHECKED[0])[np.arange(12), CHECKED[1]]
    assert -np.log(told).mean() == pytest.approx(best.validation_log_loss, abs=1e-4)


def test_a_fit_writes_one_line_into_a_run_log(folders: dict[str, Path], tmp_path: Path) -> None:
    log = ck.RunLog(tmp_path / "runs.jsonl")
    config = ck.FullFineTune(epochs=2, batch_size=6, seed=5)

    llm = fitted(folders["llama"], config, validation=CHECKED, run_log=log)

    (record,) = log.read().records
    assert llm.training_ is not None
    best = llm.training_.epochs[llm.training_.best_epoch - 1]
    assert (record.kind, record.seed, record.dataset.num_rows) == ("fit", 5, len(TEXTS))
    assert record.scores["macro_f1"] == best.validation_macro_f1
    assert record.parameters["epochs"] == 2
    assert record.time is not None
    assert HEAD not in record.model_dump_json()  # prompts are named by digest


def test_trainings_that_cannot_begin_say_all_that_is_wrong(folders: dict[str, Path]) -> None:
    with pytest.raises(ClassifierError) as caught:
        fitted(
            folders["llama"],
            ck.FullFineTune(freeze_layers=3, precision="fp16", patience=1),
        )
    for told in ("the model has 3 layers", "fp32 or bf16", "no validation rows"):
        assert told in str(caught.value)
    llm = ck.ConstrainedClassifier(folders["llama"])
    with pytest.raises(ClassifierError, match="all training rows are 1"):
        llm.fit(TEXTS, [1] * 24)
    with pytest.raises(ClassifierError, match="no word is known for 7"):
        llm.fit(TEXTS, [*CODES[:-1], 7])
    with pytest.raises(ClassifierError, match=r"24 .* 23"):
        llm.fit(TEXTS, CODES[:-1])
    with pytest.raises(ClassifierError, match="expected a config"):
        fitted(folders["llama"], "full")
    with pytest.raises(ClassifierError, match="no layer for adapters"):
        fitted(folders["llama"], ck.LoRA(target_modules=("nonsense",)))


def test_a_loss_that_is_no_number_ends_the_training(folders: dict[str, Path]) -> None:
    with pytest.raises(ClassifierError, match="lower learning_rate"):
        fitted(folders["llama"], ck.FullFineTune(learning_rate=1e30, max_grad_norm=0))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"epochs": 0, "batch_size": True}, "epochs: is 0"),
        ({"learning_rate": float("nan")}, "a number above 0"),
        ({"freeze_layers": -1}, "at least 0"),
        ({"cache_place": "tape"}, "one of"),
        ({"cache_folder": "x"}, "'disk' where a cache_folder"),
        ({"warmup_frac": 1.0}, r"\[0, 1\)"),
        ({"patience": 0}, "at least 1"),
    ],
)
def test_a_config_with_faults_is_refused_when_it_is_written(
    wrong: dict[str, Any], told: str
) -> None:
    with pytest.raises(ClassifierError, match=told):
        ck.FullFineTune(**wrong)


def test_the_learning_rate_rises_and_falls() -> None:
    config = ck.FullFineTune(warmup_frac=0.2)

    rates = [config.rate(step, 10) for step in range(10)]

    assert rates[:2] == pytest.approx([1 / 3, 2 / 3])
    assert rates[2] == max(rates) == 1.0
    assert np.diff(rates[2:]) == pytest.approx([-1 / 8] * 7)
    assert ck.FullFineTune(schedule="constant").rate(9, 10) == 1.0
    assert ck.FullFineTune(schedule="cosine").rate(5, 10) == pytest.approx(0.5)
    assert ck.FullFineTune(schedule=lambda step, num_steps: 0.25).rate(9, 10) == 0.25


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("bucket", [True, False])
def test_every_row_is_trained_on_once_an_epoch(size: int, bucket: bool) -> None:
    lengths = np.random.default_rng(0).integers(1, 90, size=101)

    config = ck.FullFineTune(batch_size=4, accumulate=3, bucket_lengths=bucket, seed=1)
    plans = [plan_epoch(lengths, config, epoch=3, rank=rank, size=size) for rank in range(size)]
    rows = [
        rows_of(101, rank=rank, size=size)[batch.rows]
        for rank, plan in enumerate(plans)
        for step in plan
        for batch in step
        if batch.scale
    ]

    assert sorted(np.concatenate(rows).tolist()) == list(range(101))
    assert len({len(plan) for plan in plans}) == 1
    for step in zip(*plans, strict=True):
        assert sum(b.scale * len(b.rows) for part in step for b in part) == pytest.approx(1)
        assert len({len(part) for part in step}) == 1


def test_a_cache_that_does_not_fit_is_refused_before_it_is_filled(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "_free_bytes", lambda *_: 100)

    with pytest.raises(ClassifierError, match=r"GB are free in memory[\s\S]*bfloat16"):
        fitted(folders["llama"], ck.FullFineTune(freeze_layers=1))


def test_tokens_are_read_back_as_they_were(folders: dict[str, Path]) -> None:
    llm = ck.ConstrainedClassifier.from_pretrained(folders["llama"])
    assert llm._words is not None
    rows = Prompts(TEXTS).tokenised(llm.tokenizer_, llm._words)
    chosen = np.array([3, 0])

    own, lengths, prompt = rows.batch(chosen)

    assert llm.tokenizer_.decode(prompt[0]).startswith("<bos>" + HEAD)
    for place, number in enumerate(chosen):
        whole = [*prompt[0].tolist(), *own[place, : lengths[place]].tolist()]
        assert whole == llm.tokenizer_(TEXTS[number])["input_ids"]


@pytest.mark.slow
def test_two_processes_train_as_one_does(folders: dict[str, Path], tmp_path: Path) -> None:
    """On accelerate's launcher, two gloo processes."""
    subprocess.run(
        [sys.executable, "-c", TWO_PROCESSES, folders["gemma3"], tmp_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
             "OMP_NUM_THREADS": "1"},
        check=True,
        timeout=600,
    )  # fmt: skip

    same = {"batch_size": 12, "accumulate": 2}
    for name, config in (
        ("full", ck.FullFineTune(freeze_layers=1, epochs=3, learning_rate=1e-3, **same)),
        ("lora", ck.LoRA(epochs=2, learning_rate=1e-3, **same)),
    ):
        alone = fitted(folders["gemma3"], config, validation=(TEXTS, CODES))
        first, second = (np.load(tmp_path / f"{name}-{rank}.npz") for rank in range(2))
        for weight_name, weight in weights(alone).items():
            assert (first[weight_name] == second[weight_name]).all()
            assert first[weight_name] == pytest.approx(weight.numpy(), abs=1e-5)


def test_a_file_where_the_cache_is_to_be_is_refused(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file")
    config = ck.FullFineTune(
        freeze_layers=2, epochs=1, cache_place="disk", cache_folder=tmp_path / "cache"
    )
    with pytest.raises(ArtifactError, match=r"cache_folder .* cannot be made"):
        fitted(folders["gemma3"], config)


def test_a_rows_weight_counts_as_so_many_rows(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    again = [place for place, code in enumerate(CODES) if code == 2]
    config = ck.FullFineTune(epochs=1, batch_size=64)
    seen: list[dict[str, Any]] = []

    def looked_at(self: Any, batches: Any, rows: Any, at: int) -> float:
        told = sum(self._add_gradient(batch, rows) for batch in batches)
        seen.append({name: weight.grad.clone() for name, weight in self._weights.items()})
        return float(told)

    monkeypatch.setattr(Trainer, "_train_step", looked_at)
    llm = ck.ConstrainedClassifier(folders["llama"], training=config)
    llm.fit([*TEXTS, *(TEXTS[row] for row in again)], [*CODES, *[2] * len(again)])
    llm.fit(TEXTS, CODES, sample_weight=[2 if code == 2 else 1 for code in CODES])
    weighted = ck.FullFineTune(
        epochs=1, batch_size=5, accumulate=9, class_weight={0: 1, 1: 1, 2: 2}
    )
    fitted(folders["llama"], weighted)

    first, *others = seen
    for other in others:
        for name, gradient in first.items():
            assert torch.allclose(other[name], gradient, atol=1e-6), name


def test_balanced_classes_weigh_the_same() -> None:
    codes = np.array([0, 0, 0, 1])

    weights = ck.FullFineTune(class_weight="balanced").row_weights(np.array(["a", "b"]), codes)

    assert weights.tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])
    with pytest.raises(ClassifierError, match="class_weight has none for 'b'"):
        ck.FullFineTune(class_weight={"a": 1}).row_weights(np.array(["a", "b"]), codes)


def test_callbacks_are_told_of_steps_and_epochs_and_can_end_a_training(
    folders: dict[str, Path],
) -> None:
    class Watch(ck.classify.TrainerCallback):
        def __init__(self, *, step: int, epoch: int) -> None:
            self.ends, self.steps, self.losses = (step, epoch), [], []

        def on_step_end(self, state: Any) -> bool:
            self.steps.append((state.num_steps, state.learning_rate))
            return state.num_steps == self.ends[0]

        def on_epoch_end(self, state: Any) -> bool:
            self.losses.append(state.epochs[-1].loss)
            return state.epoch == self.ends[1]

    config = ck.FullFineTune(epochs=5, batch_size=8, learning_rate=1e-3, schedule="constant")
    for step, epoch, steps in ((0, 2, 6), (4, 0, 4)):
        watch = Watch(step=step, epoch=epoch)
        llm = fitted(folders["llama"], config, callbacks=[ck.classify.TrainerCallback(), watch])

        assert watch.steps == [(number + 1, 1e-3) for number in range(steps)]
        assert llm.training_ is not None
        assert (llm.training_.steps, llm.training_.stopped_early) == (steps, True)
        assert watch.losses == [figures.loss for figures in llm.training_.epochs]


def test_an_optimiser_of_ones_own_is_used_with_its_rates(folders: dict[str, Path]) -> None:
    made: list[Any] = []

    def own(weights: list[Any]) -> Any:
        made.append(torch.optim.RMSprop(weights, lr=1e-3))
        return made[0]

    config = ck.FullFineTune(epochs=1, batch_size=8, optimizer=own, schedule=lambda *_: 0.5)
    llm = fitted(folders["llama"], config)

    assert made[0].param_groups[0]["lr"] == 5e-4
    assert llm.training_ is not None
    assert config.to_dict()["optimizer"].endswith("own")
