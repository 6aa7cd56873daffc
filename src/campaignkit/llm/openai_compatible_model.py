"""Any model behind OpenAI's protocol: vLLM, Ollama, llama.cpp, OpenAI itself, many services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from campaignkit.llm.identity import identity_of
from campaignkit.llm.model_errors import MalformedReply, RequestRefused
from campaignkit.llm.openai_client import OpenAIClient
from campaignkit.llm.prompt import Prompt
from campaignkit.llm.reply import Reply, Usage
from campaignkit.llm.reply_form import ReplyForm, is_strict, with_schema
from campaignkit.llm.reply_text import parse_reply, schema_of

T = TypeVar("T")


class OpenAICompatibleModel:
    """A model behind a server that speaks OpenAI's chat protocol.

    Replies are asked for by their JSON schema; a server that does not know such a format is asked
    for any JSON, and then in plain words. Each such try is a call like any other, made once.

    Parameters
    ----------
    name : str
        The model's name at the server.
    base_url : str or None
        ``"http://localhost:8000/v1"`` (vLLM), ``"http://localhost:11434/v1"`` (Ollama), ...; None
        is OpenAI's own server.
    api_key : str or None
        None reads OPENAI_API_KEY for OpenAI's own server, and sends no key to any other. It is
        never shown or stored.
    timeout_s : float
        For one call.
    options : mapping or None
        More fields of the request, such as ``{"seed": 7}``. They are part of the cache key.

    Raises
    ------
    WrongKey
        If OpenAI's own server is asked and there is no key.
    MissingExtra
        If openai is not installed: ``pip install "campaignkit[llm]"``.

    Examples
    --------
    >>> OpenAICompatibleModel("qwen3:4b", base_url="http://localhost:11434/v1")
    OpenAICompatibleModel('qwen3:4b', at http://localhost:11434/v1)
    """

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        options: Mapping[str, Any] | None = None,  # Any: the vendor's parameters
    ) -> None:
        self.name = name
        self.identity = identity_of(name, options)
        self._options = dict(options or {})
        self._client = OpenAIClient(name, base_url=base_url, api_key=api_key, timeout_s=timeout_s)
        self._form = ReplyForm(["json_schema", "json_object", "text"])

    def __repr__(self) -> str:
        return f"OpenAICompatibleModel({self.name!r}, at {self._client.where})"

    def ask(self, prompt: Prompt, reply_type: type[T]) -> Reply[T]:
        """Send the prompt once."""
        schema = schema_of(reply_type)
        # The formats of the protocol speak of objects alone.
        form = self._form.now if _is_object(schema) else "text"
        asked = self._request(prompt, schema, form)
        try:
            completion = self._client.call(lambda client: client.chat.completions.create(**asked))
        except RequestRefused as err:
            if (fallback := self._form.refused(form, err.message)) is not None:
                raise fallback from err
            raise
        choices = getattr(completion, "choices", None)
        if not choices or getattr(choices[0], "message", None) is None:
            raise MalformedReply(f"{self._client.where} answered with something that is no reply")
        text = choices[0].message.content or ""
        usage = _usage_of(completion, prompt, text)
        refusal = getattr(choices[0].message, "refusal", None)
        if not text and (refusal or choices[0].finish_reason == "content_filter"):
            why = refusal or "the content filter blocked the reply"
            raise RequestRefused(f"{self.name} does not answer this: {why}", usage=usage)
        return Reply(parse_reply(text, reply_type, usage=usage), text, usage)

    def _request(self, prompt: Prompt, schema: dict[str, Any], form: str) -> dict[str, Any]:
        system = prompt.system if form == "json_schema" else with_schema(prompt, schema)
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": prompt.user})
        asked: dict[str, Any] = {"model": self.name, "messages": messages}
        if prompt.temperature is not None:
            asked["temperature"] = prompt.temperature
        if prompt.max_tokens is not None:
            # OpenAI renamed the limit; the other servers know the old name.
            limit = "max_completion_tokens" if self._client.is_openai else "max_tokens"
            asked[limit] = prompt.max_tokens
        if form == "json_schema":
            told = {"name": "reply", "schema": schema, "strict": is_strict(schema)}
            asked["response_format"] = {"type": "json_schema", "json_schema": told}
        elif form == "json_object":
            asked["response_format"] = {"type": "json_object"}
        return {**self._options, **asked}


def _is_object(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "object" or "$ref" in schema


def _usage_of(completion: Any, prompt: Prompt, text: str) -> Usage:  # Any: the vendor's reply
    counted = getattr(completion, "usage", None)
    if counted is None or counted.prompt_tokens is None:
        return Usage.of_text(prompt.text, text)
    return Usage(counted.prompt_tokens, counted.completion_tokens or 0)
