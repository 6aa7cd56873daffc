"""Texts as points: what means nearly the same lies close together."""

from __future__ import annotations

from campaignkit.embed.cached import CachedEmbedder
from campaignkit.embed.embedder import Embedder, FloatArray, embed_texts
from campaignkit.embed.hashing import HashingEmbedder
from campaignkit.embed.minilm import MiniLMEmbedder
from campaignkit.embed.remote import GeminiEmbedder, OpenAICompatibleEmbedder

__all__ = [
    "CachedEmbedder",
    "Embedder",
    "FloatArray",
    "GeminiEmbedder",
    "HashingEmbedder",
    "MiniLMEmbedder",
    "OpenAICompatibleEmbedder",
    "embed_texts",
]
