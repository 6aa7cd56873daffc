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


@dataclass(frozen=True, slots=True)
class _Linear:
    """A layer ``x @ weight + bias``; weight float32[in, out], bias float32[out]."""

    weight: FloatArray
    bias: FloatArray

    def __call__(self, x: FloatArray) -> FloatArray:
        out: FloatArray = x @ self.weight
        out += self.bias
        return out


@dataclass(frozen=True, slots=True)
class _Norm:
    """Layer normalisation over the last axis."""

    weight: FloatArray
    bias: FloatArray
    epsilon: float

    def __call__(self, x: FloatArray) -> FloatArray:
        centred: FloatArray = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + self.epsilon)
        centred /= spread
        centred *= self.weight
        centred += self.bias
        return centred


@dataclass(frozen=True, slots=True)
class _Layer:
    attend: _Linear  # queries, keys and values side by side
    attended: _Linear
    attention_norm: _Norm
    widen: _Linear
    narrow: _Linear
    output_norm: _Norm


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
        self._words = weights["embeddings.word_embeddings.weight"]
        # Every token is of the first segment: one text a row.
        self._places = (
            weights["embeddings.position_embeddings.weight"]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = _norm(weights, "embeddings.LayerNorm", shape)
        self._layers = [_layer(weights, i, shape) for i in range(shape.num_layers)]
        self._heads = shape.num_heads

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
        x: FloatArray = self._words[tokens] + self._places[:length]
        x = self._norm(x).reshape(num_texts * length, -1)
        for layer in self._layers:
            x = layer.attention_norm(x + layer.attended(self._attention(layer, x, num_texts)))
            x = layer.output_norm(x + layer.narrow(_gelu(layer.widen(x))))
        mean: FloatArray = x.reshape(num_texts, length, -1).mean(axis=1)
        return mean

    def _attention(self, layer: _Layer, x: FloatArray, num_texts: int) -> FloatArray:
        rows, width = x.shape
        length, per_head = rows // num_texts, width // self._heads
        mixed = layer.attend(x).reshape(num_texts, length, 3, self._heads, per_head)
        queries, keys, values = (mixed[:, :, i].transpose(0, 2, 1, 3) for i in range(3))
        scores: FloatArray = queries @ keys.transpose(0, 1, 3, 2)
        scores *= np.float32(per_head**-0.5)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        heads: FloatArray = (scores @ values).transpose(0, 2, 1, 3).reshape(rows, width)
        return heads


def _gelu(x: FloatArray) -> FloatArray:
    from scipy.special import erf

    out: FloatArray = erf(x * np.float32(0.5**0.5))
    out += np.float32(1)
    out *= x
    out *= np.float32(0.5)
    return out


def _layer(weights: Mapping[str, FloatArray], number: int, shape: BertShape) -> _Layer:
    at = f"encoder.layer.{number}."
    parts = [_linear(weights, f"{at}attention.self.{part}") for part in ("query", "key", "value")]
    attend = _Linear(
        np.concatenate([part.weight for part in parts], axis=1),
        np.concatenate([part.bias for part in parts]),
    )
    return _Layer(
        attend=attend,
        attended=_linear(weights, at + "attention.output.dense"),
        attention_norm=_norm(weights, at + "attention.output.LayerNorm", shape),
        widen=_linear(weights, at + "intermediate.dense"),
        narrow=_linear(weights, at + "output.dense"),
        output_norm=_norm(weights, at + "output.LayerNorm", shape),
    )


def _linear(weights: Mapping[str, FloatArray], name: str) -> _Linear:
    # The file holds [out, in]; turned once here and laid out for x @ weight.
    return _Linear(np.ascontiguousarray(weights[f"{name}.weight"].T), weights[f"{name}.bias"])


def _norm(weights: Mapping[str, FloatArray], name: str, shape: BertShape) -> _Norm:
    return _Norm(weights[f"{name}.weight"], weights[f"{name}.bias"], shape.norm_epsilon)
