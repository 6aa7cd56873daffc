"""Tiny language models, written once for all tests of a process."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of config, weights and tokenizer for each kind of model."""
    from tiny_models import write_model, write_multimodal

    place = tmp_path_factory.mktemp("models")
    made = {kind: write_model(place / kind, kind) for kind in ("gemma3", "qwen3", "llama")}
    made["untied"] = write_model(place / "untied", "gemma3", tie_word_embeddings=False)
    made["tied"] = write_model(place / "tied", "llama", tie_word_embeddings=True)
    made["multimodal"] = write_multimodal(place / "multimodal")
    wide = {"hidden_size": 64, "intermediate_size": 128, "head_dim": 16}  # blocks of 4-bit weights
    made["wide"] = write_model(place / "wide", "qwen3", **wide)
    return made
