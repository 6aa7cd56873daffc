"""Google's Gemini models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from campaignkit.errors import CampaignkitError
from campaignkit.llm.gemini_client import GeminiClient
from campaignkit.llm.identity import identity_of
from campaignkit.llm.model_errors import RequestRefused
from campaignkit.llm.prompt import Prompt
from campaignkit.llm.reply import Reply, Usage
from campaignkit.llm.reply_form import ReplyForm, with_schema
from campaignkit.llm.reply_text import parse_reply, schema_of

T = TypeVar("T")


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
        For one call.
    options : mapping or None
        More fields of google-genai's ``GenerateContentConfig``, such as
        ``{"thinking_config": {"thinking_budget": 0}}``. They are part of the cache key.

    Raises
    ------
    WrongKey
        If there is no key.
    MissingExtra
        If google-genai is not installed: ``pip install "campaignkit[llm]"``.

    Examples
    --------
    >>> GeminiModel("gemini-3.1-flash-lite-preview", api_key="never shown")
    Traceback (most recent call last):
        ...
    campaignkit.llm.model_errors.WrongKey: the API key for Gemini holds characters that no key has
      hint: copy it again, without quotes and line ends
    >>> GeminiModel("gemini-3.1-flash-lite-preview", api_key="AIza-never-shown")
    GeminiModel('gemini-3.1-flash-lite-preview')
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
        self._options = dict(options or {})
        self._client = GeminiClient(name, api_key=api_key, base_url=base_url, timeout_s=timeout_s)
        self._config({})  # told here, not at the first call, if an option is none
        self._form = ReplyForm(["json_schema", "json"])

    def __repr__(self) -> str:
        return f"GeminiModel({self.name!r})"

    def ask(self, prompt: Prompt, reply_type: type[T]) -> Reply[T]:
        """Send the prompt once."""
        form, schema = self._form.now, schema_of(reply_type)
        system = prompt.system if form == "json_schema" else with_schema(prompt, schema)
        config = self._config(
            {
                "system_instruction": system or None,
                "temperature": prompt.temperature,
                "max_output_tokens": prompt.max_tokens,
                "response_mime_type": "application/json",
                "response_json_schema": schema if form == "json_schema" else None,
            }
        )
        try:
            response = self._client.call(
                lambda models: models.generate_content(
                    model=self.name, contents=prompt.user, config=config
                )
            )
        except RequestRefused as err:
            if (fallback := self._form.refused(form, err.message)) is not None:
                raise fallback from err
            raise
        text = _text_of(response)
        usage = _usage_of(response, prompt, text)
        if not text and (why := _blocked(response)):
            raise RequestRefused(f"{self.name} does not answer this: {why}", usage=usage)
        return Reply(parse_reply(text, reply_type, usage=usage), text, usage)

    def _config(self, ours: dict[str, Any]) -> Any:  # Any: the vendor's configuration
        given = {name: value for name, value in ours.items() if value is not None}
        try:
            return self._client.types.GenerateContentConfig(**{**self._options, **given})
        except (TypeError, ValueError) as err:
            raise CampaignkitError(
                f"options {sorted(self._options)} do not suit Gemini: {str(err)[:300]}",
                hint="see the fields of google-genai's GenerateContentConfig",
            ) from err


def _text_of(response: Any) -> str:  # Any: the vendor's response
    candidates = response.candidates or []
    content = candidates[0].content if candidates else None
    parts = (content.parts or []) if content is not None else []
    return "".join(part.text for part in parts if part.text and not part.thought)


def _usage_of(response: Any, prompt: Prompt, text: str) -> Usage:  # Any: the vendor's response
    counted = response.usage_metadata
    if counted is None or counted.prompt_token_count is None:
        return Usage.of_text(prompt.text, text)
    # Thinking is paid for like what is said.
    out = (counted.candidates_token_count or 0) + (counted.thoughts_token_count or 0)
    return Usage(counted.prompt_token_count, out)


def _blocked(response: Any) -> str:  # Any: the vendor's response
    feedback = response.prompt_feedback
    if feedback is not None and feedback.block_reason:
        return f"the prompt was blocked ({_word(feedback.block_reason)})"
    ended = response.candidates[0].finish_reason if response.candidates else None
    word = _word(ended) if ended else ""
    return f"the reply was blocked ({word})" if word not in ("", "STOP", "MAX_TOKENS") else ""


def _word(value: Any) -> str:  # Any: an enum of the vendor's, or a new word it does not know
    return str(getattr(value, "value", value))
