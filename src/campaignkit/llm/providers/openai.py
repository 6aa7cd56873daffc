"""Any model behind OpenAI's protocol: vLLM, Ollama, llama.cpp, OpenAI itself, many services."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from campaignkit.llm.chat_model import Prompt, Reply, Usage, identity_of
from campaignkit.llm.errors import MalformedReply, RequestRefused, ServerFailed
from campaignkit.llm.replies import ReplyForm, is_strict, parse_reply, schema_of, with_schema
from campaignkit.llm.transport import Service, Vendor, plain_words

T = TypeVar("T")
# Servers have many words for it; what is none of them ended by itself.
_CUT = re.compile("length|max|limit|incomplete|abort|timeout|cancel", re.IGNORECASE)
OPENAI = Vendor(
    "OpenAI",
    "https://api.openai.com/v1",
    ("OPENAI_API_KEY",),
    "Authorization: Bearer {}",
    elsewhere=False,
    model_hint="check the model's name, and that the address ends in /v1",
)


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
        For the whole of one call, in seconds.
    options : mapping or None
        More fields of the request, such as ``{"seed": 7}``. They are part of the cache key.

    Raises
    ------
    WrongKey
        If OpenAI's own server is asked and there is no key.
    SettingError
        If the address or the time is none.
    MissingExtra
        If the HTTP library is not installed: ``pip install "campaignkit[llm]"``.

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
        # OpenAI renamed the limit; the other servers know the old name.
        self._limit = "max_completion_tokens" if base_url is None else "max_tokens"
        self._service = Service(
            OPENAI, model=name, base_url=base_url, api_key=api_key, timeout_s=timeout_s,
            user="OpenAICompatibleModel",
        )  # fmt: skip
        self._form = ReplyForm(["json_schema", "json_object", "text"])

    def __repr__(self) -> str:
        where = f"{self._service.where}{self._service.through}"
        return f"OpenAICompatibleModel({self.name!r}, at {where})"

    def ask(self, prompt: Prompt, reply_type: type[T]) -> Reply[T]:
        """Send the prompt once."""
        schema = schema_of(reply_type)
        # The formats of the protocol speak of objects alone.
        form = self._form.now if _is_object(schema) else "text"
        system = prompt.system if form == "json_schema" else with_schema(prompt, schema)
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": prompt.user})
        asked: dict[str, Any] = {**self._options, "model": self.name, "messages": messages}
        if prompt.temperature is not None:
            asked["temperature"] = prompt.temperature
        if prompt.max_tokens is not None:
            asked[self._limit] = prompt.max_tokens
        if form == "json_schema":
            told = {"name": "reply", "schema": schema, "strict": is_strict(schema)}
            asked["response_format"] = {"type": "json_schema", "json_schema": told}
        elif form == "json_object":
            asked["response_format"] = {"type": "json_object"}
        sent = system + prompt.user
        with self._form.used(form):
            return self._service.post(
                "chat/completions",
                asked,
                lambda told: self._read(told, sent, reply_type),
            )

    def _read(self, told: dict[str, Any], sent: str, reply_type: type[T]) -> Reply[T]:
        choice = told["choices"][0]
        message = choice["message"]
        text = self._service.without_key(_text_of(message.get("content")))
        counted = told.get("usage")
        counted = counted if isinstance(counted, dict) else {}
        usage = Usage.of_counts(
            counted.get("prompt_tokens"), counted.get("completion_tokens"), prompt=sent, reply=text
        )
        ended, refusal = choice.get("finish_reason"), message.get("refusal")
        if ended == "content_filter" or (refusal and not text):
            why = plain_words(str(refusal or "the content filter blocked the reply"))
            raise RequestRefused(f"{self.name} does not answer this: {why}", usage=usage)
        if ended == "error":
            raise ServerFailed(f"{self._service.where} broke off the reply", usage=usage)
        if isinstance(ended, str) and _CUT.search(ended):
            why = f"the reply is cut off at its longest ({plain_words(ended)[:40]})"
            raise MalformedReply(why, text=text, usage=usage)
        return Reply(parse_reply(text, reply_type, usage=usage), text, usage)


def _is_object(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "object" or "$ref" in schema


def _text_of(content: Any) -> str:  # Any: JSON
    """The text of a message: as it is, or in parts; what is neither raises."""
    if isinstance(content, list):
        return "".join(
            part if isinstance(part, str) else part["text"]
            for part in content
            if isinstance(part, str) or part.get("type", "text") in ("text", "output_text")
        )
    if content is not None and not isinstance(content, str):
        raise TypeError("content is neither text nor parts")
    return content or ""
