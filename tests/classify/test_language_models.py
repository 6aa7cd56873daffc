"""What comes in and goes out of a language model: hub arguments, prompts, messages, labels."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import campaignkit as ck
from campaignkit.dataset.text import PromptTemplate, render_prompts
from campaignkit.errors import ArtifactError, ClassifierError, NotFitted
from campaignkit.testing import check_classifier

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from campaignkit.classify.llm.forward import LabelModel  # noqa: E402
from campaignkit.classify.llm.labels import LabelMask, LabelTokens  # noqa: E402
from tiny_models import HEAD, prompts  # noqa: E402

TEXTS, CODES = prompts(24)
ANSWERS = np.array(["bad", "fair", "fine"])[CODES]
FAST = ck.FullFineTune(freeze_layers=1, epochs=1, learning_rate=1e-2)


def opened(folder: Any, **settings: Any) -> ck.ConstrainedClassifier:
    return ck.ConstrainedClassifier.from_pretrained(folder, **settings)


def tokens(llm: ck.ConstrainedClassifier, asked: Any) -> list[list[int]]:
    rows = llm._tokens(llm._prompts(asked), share_prompt=False)
    return [part.tolist() for part in np.split(rows.tokens, rows.offsets[1:-1])]


def told(llm: ck.ConstrainedClassifier, num: int = 12, **options: Any) -> list[str]:
    llm.tokenizer_.padding_side = "left"
    batch = llm.tokenizer_(TEXTS[:num], padding=True, return_tensors="pt")
    with torch.no_grad():
        found = llm.model_.generate(
            **batch, logits_processor=[llm.label_mask()], max_new_tokens=12, **options
        )
    return llm.tokenizer_.batch_decode(  # type: ignore[no-any-return]
        found[:, batch["input_ids"].shape[1] :], skip_special_tokens=True
    )


@pytest.mark.parametrize("beams", [1, 2, 3, 5])
@pytest.mark.parametrize("words", [("0", "1", "2"), ("poor", "average", "great")])
def test_a_masked_generation_tells_what_is_predicted_with_any_number_of_beams(
    folders: dict[str, Path], words: tuple[str, ...], beams: int
) -> None:
    for kind in ("qwen3", "llama"):
        llm = opened(folders[kind], method="mask", labels=words)

        expected = [llm.words_[place] for place in llm.predict_proba(TEXTS[:12]).argmax(1)]

        assert told(llm, num_beams=beams, do_sample=False) == expected


def test_one_mask_serves_generations_of_any_length(folders: dict[str, Path]) -> None:
    labels = LabelTokens(("a", "b"), ((5,), (6,)))
    mask = LabelMask(labels, end_token=1, pad_token=0)
    scores = torch.zeros(1, 9)

    def allowed(*ids: int) -> list[int]:
        return torch.isfinite(mask(torch.tensor([ids]), scores)[0]).nonzero().flatten().tolist()

    assert allowed(2, 3) == [5, 6]
    assert allowed(2, 3, 6) == [1]
    assert allowed(2, 3, 6) == [5, 6]  # the same tokens once more are a prompt of their own
    assert allowed(2, 3, 6, 5) == [1]
    assert allowed(2) == [5, 6]
    mask = LabelMask(labels, end_token=None, pad_token=0)
    assert (allowed(2, 3), allowed(2, 3, 6)) == ([5, 6], [6])


def test_sampling_draws_labels_by_their_probabilities(folders: dict[str, Path]) -> None:
    llm = opened(folders["llama"], method="mask")
    proba = llm.predict_proba(TEXTS[:1])[0]

    mask = llm.label_mask()
    ids = llm.tokenizer_(TEXTS[:1], return_tensors="pt")["input_ids"]
    with torch.no_grad():
        shares = mask(ids, llm.model_(ids).logits[:, -1]).softmax(-1)[0]

    shares = [float(shares[llm.tokenizer_.convert_tokens_to_ids(one)]) for one in llm.words_]
    assert shares == pytest.approx(proba.tolist(), abs=1e-6)


def test_words_that_beams_could_not_compare_are_refused() -> None:
    labels = LabelTokens(("a", "b c"), ((5,), (6, 7)))

    with pytest.raises(ClassifierError, match="different numbers of tokens"):
        LabelMask(labels, end_token=1, pad_token=1)


def test_the_language_model_of_text_and_images_is_taken(folders: dict[str, Path]) -> None:
    with torch.no_grad():
        whole = transformers.AutoModelForCausalLM.from_pretrained(folders["multimodal"]).eval()
    masked = opened(folders["multimodal"], method="mask")
    ids = torch.tensor([masked.tokenizer_(TEXTS[0])["input_ids"]])
    first = [masked.tokenizer_.convert_tokens_to_ids(word) for word in masked.words_]
    with torch.no_grad():
        expected = whole(ids).logits[0, -1, first].double().softmax(-1).numpy()

    assert type(masked.model_).__name__ == "Gemma3ForCausalLM"
    for llm in (masked, opened(folders["multimodal"])):
        assert llm.predict_proba(TEXTS[:1])[0] == pytest.approx(expected, abs=1e-6)
    assert ck.ConstrainedClassifier(folders["multimodal"], training=FAST).fit(TEXTS, CODES)


def test_a_model_that_is_loaded_already_is_taken_and_left_as_it_is(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    model = transformers.AutoModelForCausalLM.from_pretrained(folders["qwen3"])
    tokenizer = transformers.AutoTokenizer.from_pretrained(folders["qwen3"])
    before = copy.deepcopy(model.state_dict())
    by_name = ck.ConstrainedClassifier(folders["qwen3"], training=FAST).fit(TEXTS, CODES)

    llm = ck.ConstrainedClassifier(model, tokenizer=tokenizer, training=FAST)
    for _ in range(2):  # each fit begins anew
        llm.fit(TEXTS, CODES)
        assert (llm.predict_proba(TEXTS) == by_name.predict_proba(TEXTS)).all()
    assert all(torch.equal(model.state_dict()[name], value) for name, value in before.items())
    llm.save(tmp_path / "saved")
    again = ck.ConstrainedClassifier.load(tmp_path / "saved")
    assert (again.predict_proba(TEXTS) == llm.predict_proba(TEXTS)).all()
    with pytest.raises(ClassifierError, match="its tokenizer is not given"):
        opened(model)


def test_a_classifier_is_cloned_and_shows_no_token(folders: dict[str, Path]) -> None:
    sklearn = pytest.importorskip("sklearn.base", reason="scikit-learn is not installed")
    llm = opened(folders["llama"], training=FAST, token="hf_secret")

    again = sklearn.clone(llm)

    assert again.get_params() == llm.get_params()
    assert "hf_secret" not in repr(llm) + str(again)
    with pytest.raises(NotFitted, match="from_pretrained"):
        again.predict(TEXTS)
    assert (again.fit(TEXTS, CODES).predict(TEXTS) == llm.fit(TEXTS, CODES).predict(TEXTS)).all()


@pytest.mark.parametrize(
    ("answers", "labels", "words"),
    [
        (ANSWERS, None, None),
        (np.array(["no", "yes"])[np.minimum(CODES, 1)], {"yes": "1", "no": "0"}, ("0", "1")),
        (np.minimum(CODES, 1), ("0", "1"), ("0", "1")),
        (np.array(["a", "b", "c", "d"])[np.arange(24) % 4], ("d", "c", "b", "a"), tuple("abcd")),
        (np.array(["neg", "avg", "pos"])[CODES], None, ("1", "0", "2")),
        (np.array(["neg", "pos"])[np.minimum(CODES, 1)], None, ("0", "2")),
        (np.array(ck.classify.PUBLISHED_WORDS)[CODES], None, ("1", "2", "0")),
    ],
    ids=["unknown", "mapping", "two", "four", "published", "two-of-three", "long"],
)
def test_labels_of_any_name_and_number_come_back_as_they_were_given(
    folders: dict[str, Path], tmp_path: Path, answers: Any, labels: Any, words: Any
) -> None:
    llm = ck.ConstrainedClassifier(folders["qwen3"], labels=labels, training=FAST)
    if words is None:
        with pytest.raises(ClassifierError, match=r"no word is known for 'bad', 'fair', 'fine'"):
            llm.fit(TEXTS, answers)
        return

    llm.fit(TEXTS, answers)

    assert llm.classes_.tolist() == sorted({*answers.tolist()})
    assert llm.words_ == words
    assert {*llm.predict(TEXTS).tolist()} <= {*answers.tolist()}
    assert llm.predict_proba(TEXTS).shape == (24, len(words))
    llm.save(tmp_path / "saved")
    again = ck.ConstrainedClassifier.load(tmp_path / "saved")
    assert again.classes_.tolist() == llm.classes_.tolist()
    assert (again.predict_proba(TEXTS) == llm.predict_proba(TEXTS)).all()


def test_it_keeps_the_contract_of_classifiers(folders: dict[str, Path]) -> None:
    names = [("neg", "zeta", 7), ("avg", "alpha", 3), ("pos", "mid", 5)]
    labels = {name: str(code) for code, alike in enumerate(names) for name in alike}
    style = PromptTemplate("short", 1, "Judge.\n", "\nAnswer:", ("0", "1", "2"))

    check_classifier(
        ck.ConstrainedClassifier(
            folders["llama"], style=style, labels={**labels, "never met": "x"},
            training=ck.FullFineTune(freeze_layers=2, epochs=1), batch_size=72,
        ),
        tolerance=1e-5,
    )  # fmt: skip


def test_texts_come_in_a_column_of_any_index(folders: dict[str, Path]) -> None:
    llm = opened(folders["llama"])
    frame = pandas.DataFrame({"text": TEXTS, "code": CODES})
    some = frame[frame.code != 1]

    found = llm.predict_proba(some.text)

    assert (found == llm.predict_proba(some.text.tolist())).all()
    assert (found == llm.predict_proba(some.text.to_numpy())).all()


def test_campaigns_are_written_as_prompts_inside(folders: dict[str, Path]) -> None:
    records = [{"brand": "Nike", "geo": ["Peru", "Chile"]}, {"brand": "Rolex", "geo": ["Peru"]}]
    longer = {"max_position_embeddings": 2048}
    model = transformers.AutoModelForCausalLM.from_pretrained(folders["qwen3"], **longer)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folders["qwen3"])
    for style in (1, 2, 3):
        llm = opened(model, tokenizer=tokenizer, style=style)
        expected = llm.predict_proba(render_prompts(records, style=style))

        assert (llm.predict_proba(records) == expected).all()
        assert (llm.predict_proba(pandas.DataFrame(records)) == expected).all()
    fitted = ck.ConstrainedClassifier(model, tokenizer=tokenizer, style=3, training=FAST)
    fitted.fit(records * 3, ["neg", "pos"] * 3)
    assert fitted.predict_proba(records).shape == (2, 2)


def test_the_beginning_token_stands_once_however_a_prompt_comes(
    folders: dict[str, Path],
) -> None:
    llm = opened(folders["gemma3"])
    plain = [{"role": "user", "content": "Brand: Nike."}]
    text = llm.tokenizer_.apply_chat_template(plain, tokenize=False, add_generation_prompt=True)
    begin = llm.tokenizer_.bos_token_id
    assert text.startswith("<bos>user: Brand: Nike.<eos>")

    once = tokens(llm, ["user: Brand: Nike.<eos>\nmodel:"])

    assert tokens(llm, [plain]) == tokens(llm, [text]) == once
    assert once[0].count(begin) == 1
    asked = opened(folders["gemma3"], chat=True)
    assert tokens(asked, ["Brand: Nike."]) == once
    assert (llm.predict_proba([plain]) == asked.predict_proba(["Brand: Nike."])).all()


def test_special_tokens_inside_values_and_messages_are_plain_text(
    folders: dict[str, Path],
) -> None:
    record = {"brand": "Ni<eos>ke <bos>", "geo": "<pad>Peru"}
    for chat in (False, True):
        llm = opened(folders["gemma3"], chat=chat)
        llm.model_.config.max_position_embeddings = 4096
        special = {llm.tokenizer_.pad_token_id, llm.tokenizer_.eos_token_id}

        (found,) = tokens(llm, [record])
        (told,) = tokens(llm, [[{"role": "user", "content": "<eos><bos>a"}]])

        assert [token for token in found if token in special] == [1] * chat  # the template's own
        assert found.count(llm.tokenizer_.bos_token_id) == 1
        assert "Ni<eos>ke <bos>" in llm.tokenizer_.decode(found)
        assert (told.count(llm.tokenizer_.bos_token_id), told.count(1)) == (1, 1)


def test_messages_that_the_template_cannot_write_are_told(folders: dict[str, Path]) -> None:
    llm = opened(folders["llama"])
    with pytest.raises(ClassifierError, match=r"2 of 3 rows .* row 0"):
        llm.predict([[{"content": "no role"}], [{"role": "user", "content": "a"}], "a text"])
    llm.tokenizer_.chat_template = None
    with pytest.raises(ClassifierError, match="chat template cannot write"):
        llm.predict([[{"role": "user", "content": HEAD}]])


@pytest.mark.parametrize("kind", ["gemma3", "qwen3", "llama"])
def test_a_top_layer_that_is_run_whole_gives_the_same(
    folders: dict[str, Path], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is one run whose attention is built otherwise."""
    expected = opened(folders[kind]).predict_proba(TEXTS)
    own = LabelModel._keys_values
    monkeypatch.setattr(LabelModel, "_keys_values", lambda *a: [-one for one in own(*a)])

    llm = opened(folders[kind])

    assert llm._ready().runs_whole_top
    assert llm.predict_proba(TEXTS) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(ClassifierError, match="batch_size is -1"):
        llm.set_params(batch_size=-1).predict(TEXTS)


@pytest.mark.slow
def test_the_forward_compiles_in_one_graph(folders: dict[str, Path]) -> None:
    llm = opened(folders["gemma3"])
    model = llm._ready()
    rows = llm._tokens(llm._prompts(TEXTS)).batch(np.arange(6))

    compiled = torch.compile(model, backend="eager", fullgraph=True)

    with torch.no_grad():
        assert torch.allclose(compiled(*rows), model(*rows), atol=1e-6)


def flash(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any,
    scaling: float, sliding_window: int | None = None, **_: Any,
) -> tuple[Any, None]:  # fmt: skip
    """What flash attention does of a mask of keys: row by row, the queries at the keys' end."""
    out = torch.zeros(query.shape[0], query.shape[2], query.shape[1], value.shape[3])
    groups = query.shape[1] // key.shape[1]
    for row in range(len(query)):
        seen = slice(None) if attention_mask is None else attention_mask[row].bool()
        keys, values = (one[row][:, seen].repeat_interleave(groups, 0) for one in (key, value))
        places = torch.arange(keys.shape[1])
        back = places[-query.shape[2] :, None] - places
        hidden = (back < 0) | (back >= (sliding_window or 1 << 30))
        scores = (query[row] @ keys.transpose(1, 2) * scaling).masked_fill(hidden, -torch.inf)
        out[row] = (scores.softmax(-1) @ values).transpose(0, 1)
    return out, None


@pytest.mark.parametrize("kind", ["gemma3", "llama"])
def test_flash_attention_is_handed_what_it_reads(
    folders: dict[str, Path], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = opened(folders[kind]).predict_proba(TEXTS)
    registry = transformers.modeling_utils.ALL_ATTENTION_FUNCTIONS
    monkeypatch.setitem(registry._global_mapping, "flash_stand_in", flash)
    llm = opened(folders[kind])
    llm._ready().decoder.config._attn_implementation = "flash_stand_in"

    assert llm.predict_proba(TEXTS) == pytest.approx(expected, abs=1e-5)


FOUR_BIT = ck.LoRA.published(learning_rate=1e-2, rank=4)


@pytest.mark.parametrize("method", ["mask", "trim"])
def test_four_bit_weights_keep_their_additions_and_what_was_learned(
    folders: dict[str, Path], tmp_path: Path, method: str
) -> None:
    """The published recipe of Qwen3: 4 bits, LoRA, a trimmed head."""
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed")
    llm = ck.ConstrainedClassifier(folders["wide"], method=method, training=FOUR_BIT)

    llm.fit(TEXTS, CODES, validation=(TEXTS, CODES))

    assert llm.training_ is not None
    losses = -np.log(llm.predict_proba(TEXTS)[np.arange(24), CODES])
    best = llm.training_.epochs[llm.training_.best_epoch - 1]
    assert losses.mean() == pytest.approx(best.validation_log_loss, abs=1e-6)
    kinds = {type(module).__name__ for module in llm.model_.modules()}
    assert {"Linear4bit", "lora.Linear4bit"} & kinds == {"Linear4bit"}
    assert any("lora_A" in name for name, _ in llm.model_.named_parameters())
    llm.save(tmp_path / "saved")
    sizes = {file.name: file.stat().st_size for file in (tmp_path / "saved").iterdir()}
    assert "adapter_model.safetensors" in sizes
    assert "model.safetensors" not in sizes
    again = ck.ConstrainedClassifier.load(tmp_path / "saved")
    assert (again.predict_proba(TEXTS) == llm.predict_proba(TEXTS)).all()
    with pytest.raises(ArtifactError, match="adapters of another model"):
        ck.ConstrainedClassifier.load(tmp_path / "saved", model=folders["untied"])


def test_merging_into_four_bits_is_refused(folders: dict[str, Path]) -> None:
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed")
    for config, told in (
        (ck.LoRA(four_bit=True, merge=True), "rounding would change the predictions"),
        (ck.FullFineTune(), "quantised weights cannot be trained"),
    ):
        llm = ck.ConstrainedClassifier(folders["wide"], training=config, four_bit=True)
        with pytest.raises(ClassifierError, match=told):
            llm.fit(TEXTS, CODES)


def test_additions_stay_beside_whole_weights_where_that_is_asked(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    merged, kept = (
        ck.ConstrainedClassifier(
            folders["qwen3"], training=ck.LoRA(epochs=1, learning_rate=1e-2, merge=merge)
        ).fit(TEXTS, CODES)
        for merge in (True, False)
    )

    assert kept.predict_proba(TEXTS) == pytest.approx(merged.predict_proba(TEXTS), abs=1e-5)
    kept.save(tmp_path / "kept")
    again = ck.ConstrainedClassifier.load(tmp_path / "kept", model=folders["qwen3"])
    assert (again.predict_proba(TEXTS) == kept.predict_proba(TEXTS)).all()
    peft = pytest.importorskip("peft", reason="peft is not installed")
    assert peft.PeftConfig.from_pretrained(tmp_path / "kept").r == 16
