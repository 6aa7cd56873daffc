"""Gemini through google-genai: the client, and its errors in our words.

The only file, with `gemini_model`, that knows google-genai; embedders build on it too.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from campaignkit.extras import require
from campaignkit.llm.model_errors import CallError, MalformedReply
from campaignkit.llm.refusals import refusal
from campaignkit.llm.secret import find_key, shown_url, without_key
from campaignkit.llm.transport import retry_after_s, transport_error

R = TypeVar("R")
_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")


class GeminiClient:
    """A client of the Gemini API that tries once and raises our errors.

    Parameters
    ----------
    model : str
        The model's name, for the errors.
    api_key : str or None
        None reads GEMINI_API_KEY or GOOGLE_API_KEY.
    base_url : str or None
        Another address than Google's.
    timeout_s : float
        For one call.
    user : str
        Who needs it, in the words of the error where google-genai is not installed.

    Raises
    ------
    WrongKey
        If there is no key.
    MissingExtra
        If google-genai is not installed.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str | None,
        base_url: str | None = None,
        timeout_s: float = 60.0,
        user: str = "GeminiModel",
    ) -> None:
        genai = require("google.genai", extra="llm", user=user)
        self._model = model
        self._key = find_key(api_key, _VARIABLES, service="Gemini")
        self._where = shown_url(base_url) if base_url else "Gemini"
        self._timeout_s = timeout_s
        # No retry_options: the client then tries once; the account decides about the next try.
        self._client: Any = genai.Client(  # Any: the vendor's types stay in this file
            api_key=self._key,
            vertexai=False,
            http_options=genai.types.HttpOptions(
                base_url=base_url, timeout=max(1, round(timeout_s * 1000))
            ),
        )
        self.types: Any = genai.types
        weakref.finalize(self, self._client.close)

    def __repr__(self) -> str:
        return f"GeminiClient({self._model!r}, at {self._where})"

    def call(self, ask: Callable[[Any], R]) -> R:
        """Run ``ask(client.models)``; what it raises is one of our errors.

        Raises
        ------
        CallError
            One of its kinds.
        """
        try:
            return ask(self._client.models)
        except Exception as err:
            told = self._translated(err)
            if told is None:
                raise
            # A vendor's error that mentions the key is not shown, not even as a cause.
            raise told from (None if without_key(str(err), self._key) != str(err) else err)

    def _translated(self, err: Exception) -> CallError | None:
        code = getattr(err, "code", None)
        if type(err).__module__.startswith("google.genai") and isinstance(code, int):
            return self._of_status(err, code)
        if isinstance(err, ValueError) and not isinstance(err, CallError):
            # The body was no reply of the protocol (a proxy's page, half a JSON).
            return MalformedReply(f"{self._where} answered with something that is no reply")
        return transport_error(err, where=self._where, timeout_s=self._timeout_s)

    def _of_status(self, err: Any, code: int) -> CallError:  # Any: the vendor's APIError
        said = without_key(str(err.message or err.status or ""), self._key)[:500]
        details = str(err.details)
        return refusal(
            code,
            said,
            where=self._where,
            model=self._model,
            is_wrong_key=code in (401, 403) or "API_KEY_INVALID" in details or "API key" in said,
            is_quota=code == 429 and ("PerDay" in details or "credits are depleted" in said),
            key_variable=_VARIABLES[0],
            model_hint="check the model's name",
            wait_s=lambda: _asked_wait(err),
        )


def _asked_wait(err: Any) -> float | None:  # Any: the vendor's APIError
    by_header = retry_after_s(getattr(err.response, "headers", None))
    if by_header is not None:
        return by_header
    details = err.details.get("error", {}) if isinstance(err.details, dict) else {}
    for part in details.get("details", []) if isinstance(details, dict) else []:
        delay = part.get("retryDelay") if isinstance(part, dict) else None
        if isinstance(delay, str):
            return retry_after_s({"retry-after": delay.removesuffix("s")})
    return None
