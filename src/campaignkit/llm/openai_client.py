"""Servers that speak OpenAI's protocol, through the openai client; its errors in our words.

The only file, with `openai_compatible_model`, that knows openai; embedders build on it too.
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
_NO_KEY = "no-key-needed"  # what local servers are sent: the client insists on one


class OpenAIClient:
    """A client of OpenAI's protocol that tries once and raises our errors.

    Parameters
    ----------
    model : str
        The model's name, for the errors.
    base_url : str or None
        The server, such as ``"http://localhost:8000/v1"``; None is OpenAI's own.
    api_key : str or None
        None reads OPENAI_API_KEY for OpenAI's own server; another server is never sent that key,
        and gets one only if it is given here.
    timeout_s : float
        For one call.
    user : str
        Who needs it, in the words of the error where openai is not installed.

    Raises
    ------
    WrongKey
        If OpenAI's own server is asked and there is no key.
    MissingExtra
        If openai is not installed.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        user: str = "OpenAICompatibleModel",
    ) -> None:
        openai = require("openai", extra="llm", user=user)
        self._model = model
        self.is_openai = base_url is None
        if base_url is None or api_key is not None:
            self._key = find_key(api_key, ("OPENAI_API_KEY",), service="OpenAI")
        else:
            self._key = _NO_KEY
        self._where = shown_url(base_url) if base_url else "OpenAI"
        self._timeout_s = timeout_s
        self._client: Any = openai.OpenAI(  # Any: the vendor's types stay in this file
            api_key=self._key, base_url=base_url, timeout=timeout_s, max_retries=0
        )
        weakref.finalize(self, self._client.close)

    def __repr__(self) -> str:
        return f"OpenAIClient({self._model!r}, at {self._where})"

    @property
    def where(self) -> str:
        """The server, as it may be shown."""
        return self._where

    def call(self, ask: Callable[[Any], R]) -> R:
        """Run ``ask(client)``; what it raises is one of our errors.

        Raises
        ------
        CallError
            One of its kinds.
        """
        try:
            return ask(self._client)
        except Exception as err:
            told = self._translated(err)
            if told is None:
                raise
            # A vendor's error that mentions the key is not shown, not even as a cause.
            raise told from (None if without_key(str(err), self._key) != str(err) else err)

    def _translated(self, err: Exception) -> CallError | None:
        code = getattr(err, "status_code", None)
        if type(err).__name__ == "APIResponseValidationError" or isinstance(err, ValueError):
            return MalformedReply(f"{self._where} answered with something that is no reply")
        if isinstance(code, int):
            return self._of_status(err, code)
        return transport_error(err, where=self._where, timeout_s=self._timeout_s)

    def _of_status(self, err: Any, code: int) -> CallError:  # Any: the vendor's APIStatusError
        said = without_key(str(err.message), self._key)[:500]
        return refusal(
            code,
            said,
            where=self._where,
            model=self._model,
            is_wrong_key=code in (401, 403),
            is_quota=code == 402 or (code == 429 and err.code == "insufficient_quota"),
            key_variable="OPENAI_API_KEY",
            model_hint="check the model's name, and that the address ends in /v1",
            wait_s=lambda: retry_after_s(err.response.headers),
        )
