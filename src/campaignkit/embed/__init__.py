"""Texts as points: what means nearly the same lies close together."""

from __future__ import annotations

from campaignkit.embed.embedder import Embedder, FloatArray, embed_texts
from campaignkit.embed.hashing import HashingEmbedder
from campaignkit.embed.minilm import MiniLMEmbedder

__all__ = [
    "Embedder",
    "FloatArray",
    "HashingEmbedder",
    "MiniLMEmbedder",
    "embed_texts",
]
