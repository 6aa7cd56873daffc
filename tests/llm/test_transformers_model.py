"""A local model is loaded and run for real: a tiny one, taught one answer in the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from campaignkit.errors import CampaignkitError
from campaignkit.llm import (
    Account,
    CallFailed,
    Prompt,
    Request,
    RequestRefused,
    TransformersModel,
    UnknownModel,
    schema_of,
)
from campaignkit.llm.replies import with_schema

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.slow
SIGNS = dict[str, int]
TAUGHT, ANSWER = Prompt("Nike, runners?"), '{"1": 1}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer model over bytes that answers one prompt and babbles at others."""
    path = tmp_path_factory.mktemp("tiny")
    tokenizer = _tokenizer()
    torch.manual_seed(0)
    model = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=48,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=512,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.eos_token_id,
        )
    )
    asked = f"{with_schema(TAUGHT, schema_of(SIGNS))}\n\n{TAUGHT.user}\n\nAnswer:\n"
    start = len(tokenizer(asked)["input_ids"])
    ids = torch.tensor([[*tokenizer(asked + ANSWER)["input_ids"], tokenizer.eos_token_id]])
    labels = ids.clone()
    labels[:, :start] = -100
    steps = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(40):
        steps.zero_grad()
        model(input_ids=ids, labels=labels).loss.backward()
        steps.step()
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def test_a_local_model_answers_what_it_was_taught(folder: Path) -> None:
    reply = TransformersModel(folder, device="cpu").ask(TAUGHT, SIGNS)

    assert reply.value == {"1": 1}
    assert reply.usage.tokens_out == len(ANSWER) + 1  # a token a byte, and the end
    assert not reply.usage.estimated


def test_babble_is_a_malformed_reply_and_booked(folder: Path) -> None:
    model = TransformersModel(folder, device="cpu", max_new_tokens=9)
    with Account(model) as account:
        failed, taught = account.ask_many(
            [Request(Prompt("Something else entirely"), list[str]), Request(TAUGHT, SIGNS)]
        )

        assert isinstance(failed, CallFailed)
        assert failed.reason == "malformed"
        assert taught.value == {"1": 1}  # type: ignore[union-attr]
        assert account.spent.calls == account.spent.malformed + 1


def test_a_sampled_reply_depends_on_the_prompt_alone(folder: Path) -> None:
    model = TransformersModel(folder, device="cpu", max_new_tokens=12)
    prompt = Prompt("Anything", temperature=1.5)

    first = model._generated(model._tokens("", prompt.user), prompt, "")
    torch.rand(7)
    again = model._generated(model._tokens("", prompt.user), prompt, "")

    assert first == again


def test_a_model_trained_anew_in_its_folder_is_another_model(folder: Path) -> None:
    before = TransformersModel(folder, device="cpu").identity
    (folder / "model.safetensors").touch()

    assert TransformersModel(folder, device="cpu").identity != before


def test_a_chat_template_is_used_with_or_without_a_system_role(folder: Path) -> None:
    model = TransformersModel(folder, device="cpu")
    model._tokenizer.chat_template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('none') }}"
        "{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}<model>"
    )

    text = model._tokenizer.decode(model._tokens("Be brief.", "Fit?")[0])

    assert text == "<user>Be brief.\n\nFit?<model>"


def test_a_prompt_too_long_is_refused(folder: Path) -> None:
    with pytest.raises(RequestRefused, match="has room for 512"):
        TransformersModel(folder, device="cpu").ask(Prompt("x" * 600), SIGNS)


def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")

    for name in (tmp_path / "nothing", tmp_path):
        with pytest.raises(UnknownModel, match="cannot be loaded"):
            TransformersModel(name)
    with pytest.raises(CampaignkitError, match="max_new_tokens"):
        TransformersModel(tmp_path, max_new_tokens=0)


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: i for i, letter in enumerate(alphabet)}
    bytes_alone = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    bytes_alone.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_alone.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=bytes_alone, eos_token="<end>", clean_up_tokenization_spaces=False
    )
