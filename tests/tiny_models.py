"""Language models of a few thousand random weights, with a tokenizer trained on the spot."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np

HEAD = "You judge campaigns. Answer 0, 1 or 2.\n"
_BRANDS = ("Rolex", "Nike", "Sephora", "Dior")
_PEOPLE = ("Budget Shoppers", "Athletes", "K-pop fans")
_SIZES = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 128,
}


def prompts(num: int, *, seed: int = 0) -> tuple[list[str], list[int]]:
    """Whole prompts of different lengths that begin with HEAD, and labels that follow a rule."""
    rng = np.random.default_rng(seed)
    texts, codes = [], []
    for _ in range(num):
        brand = rng.integers(len(_BRANDS))
        people = rng.choice(len(_PEOPLE), size=rng.integers(1, 4), replace=False)
        told = ", ".join(_PEOPLE[one] for one in people)
        texts.append(f"{HEAD}Brand: {_BRANDS[brand]}. Audience: {told}.\nAnswer:")
        codes.append(int(min(brand, 2)))
    codes[:3] = [0, 1, 2]
    return texts, codes


def write_model(folder: Path, kind: str = "gemma3", **changes: Any) -> Path:
    """A folder with config, weights and tokenizer, such as from_pretrained reads."""
    import torch
    import transformers

    torch.set_num_threads(1)
    tokenizer = _tokenizer()
    configs = {
        "gemma3": (
            transformers.Gemma3TextConfig,
            {
                "num_hidden_layers": 4,
                "sliding_window": 24,
                "query_pre_attn_scalar": 8,
                "layer_types": ["sliding_attention", "full_attention"] * 2,
            },
        ),
        "qwen3": (transformers.Qwen3Config, {"num_hidden_layers": 3}),
        "llama": (
            transformers.LlamaConfig,
            {"num_hidden_layers": 3, "tie_word_embeddings": False},
        ),
    }
    make, own = configs[kind]
    ids = {
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    config = make(vocab_size=len(tokenizer), **{**_SIZES, **own, **ids, **changes})
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():  # as they come, biases and norms of a fresh model are all alike
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.1)
    with quiet():
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_multimodal(folder: Path) -> Path:
    """A Gemma 3 of text and images, as it comes from 4b on."""
    import torch
    import transformers

    tokenizer = _tokenizer()
    text = {**_SIZES, "vocab_size": len(tokenizer) + 3, "num_hidden_layers": 3,
            "query_pre_attn_scalar": 8, "sliding_window": 24}  # fmt: skip
    vision = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1,
              "num_attention_heads": 2, "image_size": 28, "patch_size": 14}  # fmt: skip
    config = transformers.Gemma3Config(
        text_config=text, vision_config=vision, mm_tokens_per_image=4,
        boi_token_index=len(tokenizer), eoi_token_index=len(tokenizer) + 1,
        image_token_index=len(tokenizer) + 2,
    )  # fmt: skip
    torch.manual_seed(0)
    with quiet():
        transformers.Gemma3ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@contextlib.contextmanager
def quiet() -> Any:
    """Without transformers' bars."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.enable_progress_bar()


def _tokenizer() -> Any:
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE(unk_token=None))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<pad>", "<eos>", "<bos>"]
    texts = [*prompts(200)[0], *(f"Answer: {n} or {n}" for n in range(3))] + ["0 1 2 0 1 2"] * 50
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=380,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", 2)]
    )
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>"
    )
    fast.chat_template = (
        "{{ bos_token }}{% for message in messages %}{{ message['role'] }}: "
        "{{ message['content'] }}<eos>\n{% endfor %}"
        "{% if add_generation_prompt %}model:{% endif %}"
    )
    return fast
