"""Any model behind OpenAI's protocol: vLLM, Ollama, llama.cpp, OpenAI itself, many services."""

from __future__ import annotations

import re
from typing import Any

from campaignkit.llm.chat_model import Prompt
from campaignkit.llm.errors import CallError, MalformedReply, RequestRefused, ServerFailed
from campaignkit.llm.providers.served import Json, Said, ServedModel
from campaignkit.llm.replies import is_strict
from campaignkit.llm.transport import Vendor

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


class OpenAICompatibleModel(ServedModel):
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

    vendor = OPENAI
    forms = ("json_schema", "json_object", "text")

    def _forms_for(self, schema: Json) -> tuple[str, ...]:
        # The formats of the protocol speak of objects alone.
        is_object = schema.get("type") == "object" or "$ref" in schema
        return self.forms if is_object else self.forms[-1:]

    def _request(self, sent: Prompt, form: str, schema: Json) -> tuple[str, Json]:
        messages = [{"role": "system", "content": sent.system}] if sent.system else []
        messages.append({"role": "user", "content": sent.user})
        asked: Json = {**self._options, "model": self.name, "messages": messages}
        if sent.temperature is not None:
            asked["temperature"] = sent.temperature
        if sent.max_tokens is not None:
            # OpenAI renamed the limit; the other servers know the old name.
            is_openais = self._service.where == OPENAI.url
            asked["max_completion_tokens" if is_openais else "max_tokens"] = sent.max_tokens
        if form == "json_schema":
            told = {"name": "reply", "schema": schema, "strict": is_strict(schema)}
            asked["response_format"] = {"type": "json_schema", "json_schema": told}
        elif form == "json_object":
            asked["response_format"] = {"type": "json_object"}
        return "chat/completions", asked

    def _said(self, told: Json) -> Said:
        choice = told["choices"][0]
        message = choice["message"]
        text = _text_of(message.get("content"))
        ended, refusal = choice.get("finish_reason"), message.get("refusal")
        fault: tuple[type[CallError], str] | None = None
        if ended == "content_filter" or (refusal and not text):
            fault = RequestRefused, str(refusal or "the content filter blocked the reply")
        elif ended == "error":
            fault = ServerFailed, f"{self._service.where} broke off the reply"
        elif isinstance(ended, str) and _CUT.search(ended):
            fault = MalformedReply, f"the reply is cut off at its longest ({ended[:40]})"
        counted = told.get("usage")
        counted = counted if isinstance(counted, dict) else {}
        return Said(text, counted.get("prompt_tokens"), counted.get("completion_tokens"), fault)


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
