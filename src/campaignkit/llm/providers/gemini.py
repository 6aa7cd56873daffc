"""Google's Gemini models, over the REST protocol of the Gemini API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from campaignkit.errors import SettingError
from campaignkit.llm.chat_model import Prompt, Reply, Usage, identity_of
from campaignkit.llm.errors import MalformedReply, RequestRefused
from campaignkit.llm.replies import ReplyForm, parse_reply, schema_of, with_schema
from campaignkit.llm.transport import Service, Vendor, plain_words

T = TypeVar("T")
GEMINI = Vendor(
    "Gemini",
    "https://generativelanguage.googleapis.com",
    ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "x-goog-api-key: {}",
    elsewhere=True,
    model_hint="check the model's name",
)
# Why a reply ended: as it should, or because the service will not say it to anybody.
_WHOLE = {"", "STOP", "FINISH_REASON_UNSPECIFIED"}
_BLOCKED = {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"}
# Fields of the request beside the prompt; the second group stands outside generationConfig.
_CONFIG = {
    "topP", "topK", "seed", "stopSequences", "candidateCount", "presencePenalty", "temperature",
    "frequencyPenalty", "thinkingConfig", "mediaResolution", "responseLogprobs", "logprobs",
    "maxOutputTokens", "responseModalities", "enableEnhancedCivicAnswers",
}  # fmt: skip
_BESIDE = {"safetySettings", "tools", "toolConfig", "cachedContent", "serviceTier"}


class GeminiModel:
    """A Gemini model; replies are asked for by their JSON schema.

    Parameters
    ----------
    name : str
        Such as ``"gemini-3.1-flash-lite-preview"``, the published one.
    api_key : str or None
        None reads GEMINI_API_KEY or GOOGLE_API_KEY. It is never shown or stored.
    base_url : str or None
        Another address than Google's, such as a proxy of your company.
    timeout_s : float
        For the whole of one call, in seconds.
    options : mapping or None
        More fields of Gemini's ``GenerateContentConfig``, such as
        ``{"thinking_config": {"thinking_budget": 0}}``. They are part of the cache key.

    Raises
    ------
    WrongKey
        If there is no key.
    SettingError
        If the address, the time or an option is none.
    MissingExtra
        If the HTTP library is not installed: ``pip install "campaignkit[llm]"``.

    Examples
    --------
    >>> GeminiModel("gemini-3.1-flash-lite-preview", api_key="never shown")
    Traceback (most recent call last):
        ...
    campaignkit.llm.errors.WrongKey: the API key for Gemini holds characters that no key has
      hint: copy it again, without quotes and line ends
    >>> GeminiModel("gemini-3.1-flash-lite-preview", api_key="AIza-never-shown")
    GeminiModel('gemini-3.1-flash-lite-preview', at https://generativelanguage.googleapis.com)
    """

    def __init__(
        self,
        name: str,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout_s: float = 60.0,
        options: Mapping[str, Any] | None = None,  # Any: the vendor's configuration
    ) -> None:
        self.name = name
        self.identity = identity_of(name, options)
        self._config, self._beside = _sorted_options(options or {})
        self._service = Service(
            GEMINI, model=name, base_url=base_url, api_key=api_key, timeout_s=timeout_s,
            user="GeminiModel",
        )  # fmt: skip
        self._form = ReplyForm(["json_schema", "json"])

    def __repr__(self) -> str:
        return f"GeminiModel({self.name!r}, at {self._service.where}{self._service.through})"

    def ask(self, prompt: Prompt, reply_type: type[T]) -> Reply[T]:
        """Send the prompt once."""
        form, schema = self._form.now, schema_of(reply_type)
        system = prompt.system if form == "json_schema" else with_schema(prompt, schema)
        config = {
            "temperature": prompt.temperature,
            "maxOutputTokens": prompt.max_tokens,
            "responseMimeType": "application/json",
            "responseJsonSchema": schema if form == "json_schema" else None,
        }
        body = {
            **self._beside,
            "contents": [{"role": "user", "parts": [{"text": prompt.user}]}],
            "generationConfig": {
                **self._config,
                **{name: value for name, value in config.items() if value is not None},
            },
        }
        if system:
            body["systemInstruction"] = {"role": "user", "parts": [{"text": system}]}
        sent = system + prompt.user
        with self._form.used(form):
            return self._service.post(
                f"{gemini_path(self.name)}:generateContent",
                body,
                lambda told: self._read(told, sent, reply_type),
            )

    def _read(self, told: dict[str, Any], sent: str, reply_type: type[T]) -> Reply[T]:
        counted = told.get("usageMetadata")
        candidates = told.get("candidates") or []
        if not candidates:
            feedback = told.get("promptFeedback") or {}
            if counted is None and not feedback and told.get("candidates") is None:
                raise MalformedReply(f"{self._service.where} answered with something else")
            why = feedback.get("blockReason") or "no reason given"
            usage = _usage_of(counted, sent, "")
            why = self._service.without_key(plain_words(str(why)))
            raise self._refusal(f"the prompt was blocked ({why})", usage)
        first = candidates[0]
        parts = (first.get("content") or {}).get("parts") or []
        text = self._service.without_key(
            "".join(part["text"] for part in parts if part.get("text") and not part.get("thought"))
        )
        usage = _usage_of(counted, sent, text)
        ended = str(first.get("finishReason") or "")
        if ended in _BLOCKED or ended.startswith("IMAGE_"):
            raise self._refusal(f"the reply was blocked ({ended})", usage)
        if ended not in _WHOLE:
            why = "is cut off at its longest" if ended == "MAX_TOKENS" else "ended early"
            raise MalformedReply(f"the reply {why} ({plain_words(ended)})", text=text, usage=usage)
        return Reply(parse_reply(text, reply_type, usage=usage), text, usage)

    def _refusal(self, why: str, usage: Usage) -> RequestRefused:
        return RequestRefused(f"{self.name} does not answer this: {why}", usage=usage)


def gemini_path(model: str) -> str:
    """Where a model is asked, below the address.

    Examples
    --------
    >>> gemini_path("gemini-3.1-flash-lite-preview"), gemini_path("tunedModels/mine")
    ('v1/models/gemini-3.1-flash-lite-preview', 'v1/tunedModels/mine')
    """
    full = model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"
    return f"v1/{quote(full)}"


def _sorted_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that belong into generationConfig, and those that stand beside it."""
    spelled = {_camel(name): _spelled(value) for name, value in options.items()}
    strange = sorted(spelled.keys() - _CONFIG - _BESIDE)
    if strange:
        raise SettingError(
            f"options {strange} do not suit Gemini; expected some of "
            f"{', '.join(sorted(_CONFIG | _BESIDE))}",
            hint="see the fields of Gemini's GenerateContentConfig",
        )
    return (
        {name: value for name, value in spelled.items() if name in _CONFIG},
        {name: value for name, value in spelled.items() if name in _BESIDE},
    )


def _spelled(value: Any) -> Any:  # Any: JSON
    """Field names as the protocol spells them, at every depth."""
    if isinstance(value, Mapping):
        return {_camel(name): _spelled(inner) for name, inner in value.items()}
    return [_spelled(inner) for inner in value] if isinstance(value, list | tuple) else value


def _camel(name: object) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), str(name))


def _usage_of(counted: Any, sent: str, text: str) -> Usage:  # Any: JSON
    told = counted if isinstance(counted, dict) else {}
    out = told.get("candidatesTokenCount")
    thought = told.get("thoughtsTokenCount")
    if isinstance(out, int) and isinstance(thought, int) and thought >= 0:
        out += thought  # thinking is paid for like what is said
    return Usage.of_counts(told.get("promptTokenCount"), out, prompt=sent, reply=text)
