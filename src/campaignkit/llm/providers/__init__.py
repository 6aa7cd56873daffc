"""One file for each way to a model: Gemini, OpenAI's protocol, transformers, a function."""

from __future__ import annotations

from campaignkit.llm.providers.gemini import GeminiModel
from campaignkit.llm.providers.openai import OpenAICompatibleModel
from campaignkit.llm.providers.scripted import ScriptedModel
from campaignkit.llm.providers.transformers import TransformersModel

__all__ = ["GeminiModel", "OpenAICompatibleModel", "ScriptedModel", "TransformersModel"]
