"""The clients that embedders build on: embeddings by both protocols, errors in our words."""

from __future__ import annotations

import pytest

from campaignkit.llm import UnknownModel, WrongKey
from campaignkit.llm.gemini_client import GeminiClient
from campaignkit.llm.openai_client import OpenAIClient
from campaignkit.testing import ModelServer

TEXTS = ["running shoes", "sneakers"]


def letters(text: str) -> list[float]:
    return [float(len(text)), float(text.count("s"))]


def test_gemini_embeds_one_text_or_many() -> None:
    with ModelServer(lambda prompt, schema: "", embed=letters) as server:
        client = GeminiClient("e-1", api_key="some-key", base_url=server.gemini_url)
        reply = client.call(lambda models: models.embed_content(model="e-1", contents=TEXTS))

    assert [row.values for row in reply.embeddings] == [[13.0, 2.0], [8.0, 2.0]]


def test_openai_embeds_one_text_or_many() -> None:
    with ModelServer(lambda prompt, schema: "", embed=letters) as server:
        client = OpenAIClient("e-1", base_url=server.openai_url)
        reply = client.call(lambda api: api.embeddings.create(model="e-1", input=TEXTS))

    assert [row.embedding for row in reply.data] == [[13.0, 2.0], [8.0, 2.0]]


def test_their_errors_are_ours() -> None:
    with ModelServer(lambda prompt, schema: "", keys=["right"], models=["e-1"]) as server:
        gemini = GeminiClient("e-1", api_key="wrong", base_url=server.gemini_url)
        openai = OpenAIClient("e-2", api_key="right", base_url=server.openai_url)
        with pytest.raises(WrongKey):
            gemini.call(lambda models: models.embed_content(model="e-1", contents=TEXTS))
        with pytest.raises(UnknownModel):
            openai.call(lambda api: api.embeddings.create(model="e-2", input=TEXTS))
