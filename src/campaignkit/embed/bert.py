"""The forward pass of a small BERT encoder in numpy: token numbers in, sentence rows out.

References
----------
Devlin et al. 2019 (BERT); Wang et al. 2020 (MiniLM). The steps are those of ``BertModel`` with
post-layer normalisation and the exact GELU, then the mean over tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.embed.embedder import FloatArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BertShape:
    """The numbers of a BERT that its weights alone do not tell."""

    num_layers: int
    num_heads: int
    norm_epsilon: float


class Bert:
    """A BERT encoder with mean pooling.

    Parameters
    ----------
    weights : mapping of str to float32 array
        By the names of the ``safetensors`` file of a ``BertModel``.
    shape : BertShape
        Layers, heads, epsilon.

    Raises
    ------
    KeyError
        If a weight is missing.
    """

    def __init__(self, weights: Mapping[str, FloatArray], shape: BertShape) -> None:
        # The file holds [out, in]; turned once here and laid out for x @ weight.
        self._weights = {
            name: np.ascontiguousarray(held.T) if _is_dense(name) else held
            for name, held in weights.items()
        }
        self._shape = shape
        self.mean_rows(np.zeros((1, 1), dtype=np.int64))  # uses every weight once

    def mean_rows(self, tokens: IntArray) -> FloatArray:
        """The mean of the last layer over the tokens of each text.

        Parameters
        ----------
        tokens : int64[n, t]
            Texts of one length, so nothing has to be masked.

        Returns
        -------
        float32[n, d]
            Not scaled.
        """
        num_texts, length = tokens.shape
        at = "embeddings."
        x: FloatArray = self._weights[f"{at}word_embeddings.weight"][tokens]
        # Every token is of the first segment: one text a row.
        x = x + (
            self._weights[f"{at}position_embeddings.weight"][:length]
            + self._weights[f"{at}token_type_embeddings.weight"][0]
        )
        x = self._norm(x, f"{at}LayerNorm").reshape(num_texts * length, -1)
        for number in range(self._shape.num_layers):
            at = f"encoder.layer.{number}."
            heads = self._attention(x, f"{at}attention.self.", num_texts)
            attended = self._linear(heads, f"{at}attention.output.dense")
            x = self._norm(x + attended, f"{at}attention.output.LayerNorm")
            wide = _gelu(self._linear(x, f"{at}intermediate.dense"))
            x = self._norm(x + self._linear(wide, f"{at}output.dense"), f"{at}output.LayerNorm")
        mean: FloatArray = x.reshape(num_texts, length, -1).mean(axis=1)
        return mean

    def _attention(self, x: FloatArray, at: str, num_texts: int) -> FloatArray:
        rows, width = x.shape
        parts = (num_texts, rows // num_texts, self._shape.num_heads, -1)
        queries, keys, values = (
            self._linear(x, at + part).reshape(parts).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores: FloatArray = queries @ keys.transpose(0, 1, 3, 2)
        scores *= np.float32(queries.shape[-1] ** -0.5)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        heads: FloatArray = (scores @ values).transpose(0, 2, 1, 3).reshape(rows, width)
        return heads

    def _linear(self, x: FloatArray, name: str) -> FloatArray:
        out: FloatArray = x @ self._weights[f"{name}.weight"]
        out += self._weights[f"{name}.bias"]
        return out

    def _norm(self, x: FloatArray, name: str) -> FloatArray:
        """Layer normalisation over the last axis."""
        centred: FloatArray = x - x.mean(axis=-1, keepdims=True)
        variance = (centred * centred).mean(axis=-1, keepdims=True)
        centred /= np.sqrt(variance + self._shape.norm_epsilon)
        centred *= self._weights[f"{name}.weight"]
        centred += self._weights[f"{name}.bias"]
        return centred


def _gelu(x: FloatArray) -> FloatArray:
    from scipy.special import erf

    out: FloatArray = erf(x * np.float32(0.5**0.5))
    out += np.float32(1)
    out *= x
    out *= np.float32(0.5)
    return out


def _is_dense(name: str) -> bool:
    return name.startswith("encoder.") and name.endswith(".weight") and "LayerNorm" not in name
