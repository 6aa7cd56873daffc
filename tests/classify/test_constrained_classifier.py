"""A language model held to three answers: the same numbers by every way, or a clear error."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import campaignkit as ck
from campaignkit.classify import Classifier
from campaignkit.dataset.text import PROMPT_STYLES, prompt_template, render_prompts
from campaignkit.errors import ArtifactError, ClassifierError, NotFitted

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from tiny_models import HEAD, prompts, quiet, write_model  # noqa: E402

KINDS = ("gemma3", "qwen3", "llama")
TEXTS, CODES = prompts(12)
ORDER = [1, 0, 2]  # the words of avg, neg, pos: labels stand sorted


def reference(folder: Path, texts: list[str]) -> np.ndarray:
    """Row by row, without padding, all of the vocabulary: what transformers itself says."""
    with quiet():
        model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    first = [tokenizer.encode(word, add_special_tokens=False)[0] for word in ("0", "1", "2")]
    with torch.inference_mode():
        logits = [
            model(torch.tensor([tokenizer(text)["input_ids"]])).logits[0, -1, first]
            for text in texts
        ]
    return torch.stack(logits).double().softmax(-1).numpy()[:, ORDER]


@pytest.mark.parametrize("method", ["mask", "trim"])
@pytest.mark.parametrize("name", [*KINDS, "untied", "tied"])
def test_probabilities_are_those_of_the_plain_model(
    folders: dict[str, Path], name: str, method: str
) -> None:
    llm = ck.ConstrainedClassifier.from_pretrained(folders[name], method=method, batch_size=5)
    expected = reference(folders[name], TEXTS)

    rows = [llm.predict_proba([text])[0] for text in TEXTS[:3]]  # all but a token is shared

    assert llm.predict_proba(TEXTS) == pytest.approx(expected, abs=1e-5)
    assert np.array(rows) == pytest.approx(expected[:3], abs=1e-5)
    assert llm.predict(TEXTS).tolist() == llm.classes_[expected.argmax(1)].tolist()
    assert llm.classes_.tolist() == ["avg", "neg", "pos"]
    assert isinstance(llm, Classifier)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", KINDS)
def test_padding_on_either_side_changes_nothing(
    folders: dict[str, Path], name: str, side: str
) -> None:
    llm = ck.ConstrainedClassifier.from_pretrained(folders[name])
    expected = llm.predict_proba(TEXTS)
    llm.tokenizer_.padding_side = side
    padded = llm.tokenizer_(TEXTS, padding=True, return_tensors="pt")

    with torch.inference_mode():
        logits = llm.model_(**padded).logits

    assert (padded["attention_mask"] == 0).any()
    assert logits.double().softmax(-1).numpy() == pytest.approx(expected, abs=1e-5)
    assert llm.predict_proba(TEXTS) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("method", ["mask", "trim"])
def test_what_is_saved_predicts_the_same(
    folders: dict[str, Path], tmp_path: Path, method: str
) -> None:
    llm = ck.ConstrainedClassifier.from_pretrained(folders["gemma3"], method=method, batch_size=7)
    llm.save(tmp_path / "saved")

    again = ck.ConstrainedClassifier.load(tmp_path / "saved")

    assert again.predict_proba(TEXTS).tolist() == llm.predict_proba(TEXTS).tolist()
    assert (again.words_, again.method, again.batch_size) == (("1", "0", "2"), method, 7)


def test_a_trimmed_model_that_was_saved_is_a_classifier_of_transformers(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    llm = ck.ConstrainedClassifier.from_pretrained(folders["qwen3"])
    llm.save(tmp_path / "saved")
    with quiet():
        model = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "saved")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "saved")

    with torch.inference_mode():
        logits = model(**tokenizer(TEXTS, padding=True, return_tensors="pt")).logits

    assert model.config.id2label == {0: "avg", 1: "neg", 2: "pos"}
    assert logits.double().softmax(-1).numpy() == pytest.approx(llm.predict_proba(TEXTS), abs=1e-5)


def test_a_masked_generation_answers_with_the_most_probable_label(
    folders: dict[str, Path],
) -> None:
    llm = ck.ConstrainedClassifier.from_pretrained(folders["llama"], method="mask")
    llm.tokenizer_.padding_side = "left"
    padded = llm.tokenizer_(TEXTS, padding=True, return_tensors="pt")

    told = llm.model_.generate(
        input_ids=padded["input_ids"],
        attention_mask=padded["attention_mask"],
        logits_processor=[llm.label_mask()],
        do_sample=False,
        max_new_tokens=3,
    )
    words = llm.tokenizer_.batch_decode(
        told[:, padded["input_ids"].shape[1] :], skip_special_tokens=True
    )

    expected = [llm.words_[place] for place in llm.predict_proba(TEXTS).argmax(1)]
    assert words == expected


def test_words_of_several_tokens_are_generated_whole(folders: dict[str, Path]) -> None:
    words = ("poor", "average", "great")
    llm = ck.ConstrainedClassifier.from_pretrained(folders["qwen3"], labels=words, method="mask")
    padded = llm.tokenizer_(TEXTS[:1], return_tensors="pt")

    told = llm.model_.generate(
        input_ids=padded["input_ids"],
        attention_mask=padded["attention_mask"],
        logits_processor=[llm.label_mask()],
        do_sample=False,
        max_new_tokens=20,
    )
    word = llm.tokenizer_.decode(told[0, padded["input_ids"].shape[1] :], skip_special_tokens=True)

    assert word == llm.words_[llm.predict_proba(TEXTS[:1]).argmax()]


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (("0",), "at least two"),
        (("0", "1", "1"), "no word is known|share a word"),
        (("0", "", "2"), "none of them empty"),
        ("012", "at least two"),
        (5, "at least two"),
        (("average one", "average two", "good"), "begin with the same token"),
    ],
)
def test_label_words_that_cannot_be_told_apart_are_refused(
    folders: dict[str, Path], labels: object, told: str
) -> None:
    with pytest.raises(ClassifierError, match=told):
        ck.ConstrainedClassifier.from_pretrained(folders["qwen3"], labels=labels)  # type: ignore[arg-type]


def test_texts_that_cannot_be_classified_are_refused_with_their_numbers(
    folders: dict[str, Path],
) -> None:
    llm = ck.ConstrainedClassifier.from_pretrained(folders["qwen3"])

    with pytest.raises(ClassifierError, match="row 1: is blank"):
        llm.predict([TEXTS[0], " "])
    with pytest.raises(ClassifierError, match="one string"):
        llm.predict(TEXTS[0])
    with pytest.raises(ClassifierError, match="at least one"):
        llm.predict([])
    with pytest.raises(ClassifierError, match=r"1 of 2 texts are longer .* context of 128"):
        llm.predict([TEXTS[0], HEAD * 40 + "Answer:"])
    with pytest.raises(ClassifierError, match="cannot generate"):
        llm.label_mask()
    with pytest.raises(ClassifierError, match="prompts' end") as caught:
        llm.predict([TEXTS[0], TEXTS[1] + " "])
    assert "no space after it" in str(caught.value)


def test_what_prompts_share_is_shared_in_tokens(folders: dict[str, Path]) -> None:
    """A text that all begin with may end within a token of one of them."""
    texts = [f"{HEAD}Bra{more}. Audience: Athletes.\nAnswer:" for more in ("nd: Nike", "x", "")]
    llm = ck.ConstrainedClassifier.from_pretrained(folders["qwen3"])

    assert llm.predict_proba(texts) == pytest.approx(reference(folders["qwen3"], texts), abs=1e-5)


def test_a_model_that_is_not_whole_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    def opened(path: Path) -> None:
        ck.ConstrainedClassifier.from_pretrained(path)

    with pytest.raises(ClassifierError, match="no language model can be read"):
        opened(tmp_path / "nothing")
    with quiet():
        model = transformers.AutoModelForCausalLM.from_pretrained(folders["llama"])
    shutil.copytree(folders["llama"], tmp_path / "nan")
    with torch.no_grad():
        model.model.layers[1].mlp.up_proj.weight[0, 0] = torch.nan
    with quiet():
        model.save_pretrained(tmp_path / "nan")
    with pytest.raises(ClassifierError, match=r"layers\.1\.mlp\.up_proj\.weight: .*not finite"):
        opened(tmp_path / "nan")
    ck.ConstrainedClassifier.from_pretrained(folders["llama"]).save(tmp_path / "saved")
    with pytest.raises(ClassifierError, match=r"ConstrainedClassifier\.load"):
        opened(tmp_path / "saved")
    (tmp_path / "saved" / "manifest.json").unlink()
    with pytest.raises(ClassifierError, match=r"lacks weights[\s\S]*lm_head"):
        opened(tmp_path / "saved")


def test_files_that_are_no_model_are_told_in_a_sentence(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    def broken(name: str, data: bytes | None) -> Path:
        folder = tmp_path / name.replace(".", "-")
        shutil.copytree(folders["llama"], folder)
        if data is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(data)
        return folder

    damaged = {
        "config.json": [b"\xff\xfe{", b"{", b"[]", b'{"model_type": "nonsense"}'],
        "model.safetensors": [b"", b"\0" * 99, None],
        "tokenizer.json": [b"{", None],
    }
    for name, contents in damaged.items():
        for data in contents:
            folder = broken(name, data)
            with pytest.raises(ClassifierError, match="can be read from"):
                ck.ConstrainedClassifier.from_pretrained(folder)
            shutil.rmtree(folder)
    with pytest.raises(ClassifierError, match="can be read from"):
        ck.ConstrainedClassifier.from_pretrained(folders["llama"] / "config.json")
    for wrong in ({"torch_dtype": "int7"}, {"device_map": "nonsense"},
                  {"attn_implementation": "nonsense"}):  # fmt: skip
        with pytest.raises(ClassifierError, match="can be read from"):
            ck.ConstrainedClassifier.from_pretrained(folders["llama"], **wrong)
    with pytest.raises(ClassifierError, match="folder brings is never run"):
        ck.ConstrainedClassifier.from_pretrained(folders["llama"], trust_remote_code=True)
    with pytest.raises(ClassifierError, match="expected 'mask' or 'trim'"):
        ck.ConstrainedClassifier.from_pretrained(folders["llama"], method="cut")  # type: ignore[arg-type]


def test_a_saved_folder_that_was_changed_is_refused(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    ck.ConstrainedClassifier.from_pretrained(folders["llama"]).save(tmp_path / "saved")
    weights = tmp_path / "saved" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)

    with pytest.raises(ArtifactError, match=r"model\.safetensors: is not the file"):
        ck.ConstrainedClassifier.load(tmp_path / "saved")
    with pytest.raises(ArtifactError, match=r"manifest\.json"):
        ck.ConstrainedClassifier.load(folders["llama"])


def test_a_training_that_was_cut_short_leaves_no_classifier(folders: dict[str, Path]) -> None:
    class Enough(Exception):
        pass

    class Interrupting:
        def update(self, stage: str, done: int, total: int) -> None:
            if stage == "training":
                raise Enough

    llm = ck.ConstrainedClassifier.from_pretrained(folders["llama"])
    with pytest.raises(Enough):
        llm.fit(TEXTS, CODES, progress=Interrupting())

    with pytest.raises(NotFitted, match="interrupted"):
        llm.predict(TEXTS)


def test_four_bits_need_bitsandbytes(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transformers.utils, "is_bitsandbytes_available", lambda: False)

    with pytest.raises(ck.errors.MissingExtra, match="bitsandbytes"):
        ck.ConstrainedClassifier.from_pretrained(folders["llama"], four_bit=True)


def test_the_librarys_own_prompts_end_where_a_label_can_follow(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = write_model(tmp_path / "long", "qwen3", max_position_embeddings=2048)
    records = [{"brand": brand, "geo": ["90210"]} for brand in ("Nike", "Rolex")]
    for style in PROMPT_STYLES:
        template = prompt_template(style)
        llm = ck.ConstrainedClassifier.from_pretrained(folder, style=style)

        proba = llm.predict_proba(render_prompts(records, style=style))

        assert proba.sum(1) == pytest.approx([1, 1])
        assert llm.words_ == tuple(template.label_texts[place] for place in ORDER)
        assert (llm.predict_proba(records) == proba).all()


def test_texts_and_validation_of_another_kind_are_refused(folders: dict[str, Path]) -> None:
    llm = ck.ConstrainedClassifier.from_pretrained(folders["llama"])
    with pytest.raises(ClassifierError, match="texts are None; expected a list"):
        llm.predict(None)
    for validation in (TEXTS, (TEXTS,)):
        with pytest.raises(ClassifierError, match="expected a pair"):
            llm.fit(TEXTS, CODES, validation=validation)  # type: ignore[arg-type]
    with pytest.raises(ClassifierError, match=r"12 labels, 1 of them in no training row"):
        llm.fit(TEXTS, CODES, validation=(TEXTS, [*CODES[:-1], 7]))
