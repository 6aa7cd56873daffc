"""Google's Gemini models, over the REST protocol of the Gemini API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from campaignkit.errors import SettingError
from campaignkit.llm.chat_model import Prompt
from campaignkit.llm.errors import CallError, MalformedReply, RequestRefused
from campaignkit.llm.providers.served import Json, Said, ServedModel
from campaignkit.llm.transport import Vendor

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
_MOST_CACHED = 10_000_000  # tokens of a cached document, which count as the prompt's
_BESIDE = {"safetySettings", "tools", "toolConfig", "cachedContent", "serviceTier"}


class GeminiModel(ServedModel):
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
    campaignkit.llm.errors.WrongKey: the API key for Gemini contains characters that no key has
      hint: copy it again, without quotes and line ends
    >>> GeminiModel("gemini-3.1-flash-lite-preview", api_key="AIza-never-shown")
    GeminiModel('gemini-3.1-flash-lite-preview', at https://generativelanguage.googleapis.com)
    """

    vendor = GEMINI
    forms = ("json_schema", "json")

    def _checked_options(self, options: Mapping[str, Any]) -> Json:
        spelled: Json = _spelled(options)
        if strange := sorted(spelled.keys() - _CONFIG - _BESIDE):
            raise SettingError(
                f"options {strange} do not suit Gemini; expected some of "
                f"{', '.join(sorted(_CONFIG | _BESIDE))}",
                hint="see the fields of Gemini's GenerateContentConfig",
            )
        return spelled

    def _request(self, sent: Prompt, form: str, schema: Json) -> tuple[str, Json]:
        config = {
            "temperature": sent.temperature,
            "maxOutputTokens": sent.max_tokens,
            "responseMimeType": "application/json",
            "responseJsonSchema": schema if form == "json_schema" else None,
        }
        told = {name: value for name, value in config.items() if value is not None}
        body: Json = {name: self._options[name] for name in self._options.keys() & _BESIDE}
        body["contents"] = [{"role": "user", "parts": [{"text": sent.user}]}]
        options = {name: self._options[name] for name in self._options.keys() & _CONFIG}
        body["generationConfig"] = options | told
        if sent.system:
            body["systemInstruction"] = {"role": "user", "parts": [{"text": sent.system}]}
        return f"{gemini_path(self.name)}:generateContent", body

    def _said(self, told: Json) -> Said:
        counted = told.get("usageMetadata")
        counted = counted if isinstance(counted, dict) else {}
        num_out, thought = counted.get("candidatesTokenCount"), counted.get("thoughtsTokenCount")
        if isinstance(num_out, int) and isinstance(thought, int) and thought >= 0:
            num_out += thought  # thinking is paid for like what is said
        text = ""
        fault: tuple[type[CallError], str] | None
        candidates = told.get("candidates") or []
        if not candidates:
            feedback = told.get("promptFeedback") or {}
            if not counted and not feedback and told.get("candidates") is None:
                raise KeyError("candidates")
            why = feedback.get("blockReason") or "no reason given"
            fault = RequestRefused, f"the prompt was blocked ({why})"
        else:
            first = candidates[0]
            parts = (first.get("content") or {}).get("parts") or []
            text = "".join(p["text"] for p in parts if p.get("text") and not p.get("thought"))
            fault = _fault_of(str(first.get("finishReason") or ""))
        cached = _MOST_CACHED if "cachedContent" in self._options else 0
        return Said(text, counted.get("promptTokenCount"), num_out, fault, cached)


def _fault_of(ended: str) -> tuple[type[CallError], str] | None:
    """What the reason for which a reply ended means."""
    if ended in _BLOCKED or ended.startswith("IMAGE_"):
        return RequestRefused, f"the reply was blocked ({ended})"
    if ended in _WHOLE:
        return None
    why = "is cut off at its longest" if ended == "MAX_TOKENS" else "ended early"
    return MalformedReply, f"the reply {why} ({ended})"


def gemini_path(model: str) -> str:
    """Where a model is asked, below the address.

    Examples
    --------
    >>> gemini_path("gemini-3.1-flash-lite-preview"), gemini_path("tunedModels/mine")
    ('v1/models/gemini-3.1-flash-lite-preview', 'v1/tunedModels/mine')
    """
    full = model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"
    return f"v1/{quote(full)}"


def _spelled(value: Any) -> Any:  # Any: JSON
    """Field names as the protocol spells them, at every depth."""
    if isinstance(value, Mapping):
        return {_camel(name): _spelled(inner) for name, inner in value.items()}
    return [_spelled(inner) for inner in value] if isinstance(value, list | tuple) else value


def _camel(name: object) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), str(name))
