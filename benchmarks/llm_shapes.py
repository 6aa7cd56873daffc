"""Random models and prompts of a given shape: speed asks for no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

LABELS = ("0", "1", "2")
GEMMA_1B = {
    "hidden_size": 1152,
    "intermediate_size": 6912,
    "num_hidden_layers": 26,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 256,
    "vocab_size": 262_144,
    "query_pre_attn_scalar": 256,
}
# The same ratios at a ninth of the width: vocabulary to hidden, MLP to hidden, heads.
GEMMA_128 = {
    **GEMMA_1B,
    "hidden_size": 128,
    "intermediate_size": 768,
    "head_dim": 32,
    "vocab_size": 29_127,
    "query_pre_attn_scalar": 32,
}


def prompts(
    num: int, *, shared: int, own: tuple[int, int], vocab: int, seed: int = 0
) -> tuple[str, list[str], list[int]]:
    """A shared beginning, whole prompts and labels; a word is a token.

    Parameters
    ----------
    shared : int
        Tokens of the shared beginning.
    own : (int, int)
        Fewest and most tokens of a row's own.
    """
    rng = np.random.default_rng(seed)
    words = vocab - _NUM_OTHER
    head = _text(rng, shared - 1, words)  # the first token is the tokenizer's own
    texts = [
        head + _text(rng, int(num_own) - 2, words) + "answer:"
        for num_own in rng.integers(own[0], own[1] + 1, size=num)
    ]
    return head, texts, [*range(3), *rng.integers(3, size=num - 3).tolist()]


def write_model(folder: Path, shape: dict[str, Any], *, dtype: str = "float32") -> Path:
    """A folder with a random Gemma 3 of this shape and a tokenizer of whole words."""
    import torch
    import transformers

    tokenizer = word_tokenizer(shape["vocab_size"])
    config = transformers.Gemma3TextConfig(
        **shape,
        sliding_window=512,
        max_position_embeddings=2048,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=2,
    )
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def word_tokenizer(vocab: int) -> Any:
    """A tokenizer that knows ``w0``, ``w1``, ... and what prompts end with."""
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    known = ["<pad>", "<eos>", "<bos>", "<unk>", "answer", ":", *LABELS]
    assert len(known) == _NUM_OTHER
    known += [f"w{number}" for number in range(vocab - _NUM_OTHER)]
    tokenizer = Tokenizer(
        models.WordLevel({word: place for place, word in enumerate(known)}, unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", 2)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
        unk_token="<unk>",
    )


_NUM_OTHER = 9


def _text(rng: np.random.Generator, num: int, words: int) -> str:
    return "".join(f"w{number} " for number in rng.integers(words, size=num))
