"""The vendors' own clients as witnesses: what they send to a server, ours send too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from campaignkit.embed import GeminiEmbedder, OpenAICompatibleEmbedder
from campaignkit.llm import GeminiModel, OpenAICompatibleModel, Prompt, schema_of
from campaignkit.testing import ModelServer

KEY = "some-key"
TEXTS = ["running shoes", "sneakers"]
ASKED = Prompt("Fit?", system="Be brief.", temperature=0.5, max_tokens=50)


class Signs(BaseModel):
    first: int


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(lambda prompt, schema: '{"first": 1}', keys=[KEY]) as running:
        yield running


@pytest.fixture
def seen(server: ModelServer) -> list[Any]:
    found: list[Any] = []
    serve = server._http.serve

    def noted(path: str, headers: Any, body: Any) -> Any:
        found.append((path, body))
        return serve(path, headers, body)

    server._http.serve = noted
    return found


def test_a_prompt_to_gemini_is_what_googles_client_sends(
    server: ModelServer, seen: list[Any]
) -> None:
    genai = pytest.importorskip("google.genai")
    options = {"top_p": 0.5, "seed": 7}
    client = genai.Client(
        api_key=KEY,
        vertexai=False,
        http_options=genai.types.HttpOptions(base_url=server.gemini_url),
    )
    config = genai.types.GenerateContentConfig(
        system_instruction=ASKED.system,
        temperature=ASKED.temperature,
        max_output_tokens=ASKED.max_tokens,
        response_mime_type="application/json",
        response_json_schema=schema_of(Signs),
        safety_settings=[
            {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"},
        ],
        **options,
    )
    theirs = client.models.generate_content(model="g-1", contents=ASKED.user, config=config)
    client.close()
    safety = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    model = GeminiModel(
        "g-1",
        api_key=KEY,
        base_url=server.gemini_url,
        options={**options, "safety_settings": safety},
    )
    ours = model.ask(ASKED, Signs)

    assert seen[0] == seen[1]
    assert theirs.text == ours.text
    assert theirs.usage_metadata.prompt_token_count == ours.usage.tokens_in


def test_a_prompt_to_openai_is_what_its_client_sends(server: ModelServer, seen: list[Any]) -> None:
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(api_key=KEY, base_url=server.openai_url, max_retries=0)
    schema = {"name": "reply", "schema": schema_of(Signs), "strict": False}
    theirs = client.chat.completions.create(
        model="o-1",
        messages=[
            {"role": "system", "content": ASKED.system},
            {"role": "user", "content": ASKED.user},
        ],
        temperature=ASKED.temperature,
        max_tokens=ASKED.max_tokens,
        response_format={"type": "json_schema", "json_schema": schema},
        seed=7,
    )
    client.close()
    ours = OpenAICompatibleModel(
        "o-1", api_key=KEY, base_url=server.openai_url, options={"seed": 7}
    ).ask(ASKED, Signs)

    assert seen[0] == seen[1]
    assert theirs.choices[0].message.content == ours.text
    assert theirs.usage.completion_tokens == ours.usage.tokens_out


def test_texts_are_embedded_as_the_vendors_clients_do(
    server: ModelServer, seen: list[Any]
) -> None:
    genai, openai = pytest.importorskip("google.genai"), pytest.importorskip("openai")
    types = genai.types
    google = genai.Client(
        api_key=KEY, vertexai=False, http_options=types.HttpOptions(base_url=server.gemini_url)
    )
    contents = [types.Content(parts=[types.Part(text=text)]) for text in TEXTS]
    config = types.EmbedContentConfig(task_type="CLUSTERING", output_dimensionality=8)
    google.models.embed_content(model="e-1", contents=contents, config=config)
    google.close()
    GeminiEmbedder("e-1", api_key=KEY, base_url=server.gemini_url, dimensions=8).embed(TEXTS)
    other = openai.OpenAI(api_key=KEY, base_url=server.openai_url, max_retries=0)
    other.embeddings.create(model="e-1", input=TEXTS, dimensions=8, encoding_format="float")
    other.close()
    OpenAICompatibleEmbedder("e-1", api_key=KEY, base_url=server.openai_url, dimensions=8).embed(
        TEXTS
    )

    assert seen[0] == seen[1]
    assert seen[2] == seen[3]
