"""What a status of HTTP means, in our errors; the vendors' clients share it."""

from __future__ import annotations

from collections.abc import Callable

from campaignkit.llm.model_errors import (
    CallError,
    QuotaSpent,
    RateLimited,
    RequestRefused,
    ServerFailed,
    UnknownModel,
    WrongKey,
)
from campaignkit.llm.transport import SLOWER


def refusal(
    code: int,
    said: str,
    *,
    where: str,
    model: str,
    is_wrong_key: bool,
    is_quota: bool,
    key_variable: str,
    model_hint: str,
    wait_s: Callable[[], float | None],
) -> CallError:
    """The error for a status; what only a vendor can tell of it is told by the arguments.

    Parameters
    ----------
    said : str
        The service's own words, without the key.
    where, model : str
        As they may be shown.
    is_wrong_key, is_quota : bool
        Whether the vendor's reply means one of these.
    key_variable : str
        The environment variable of the key.
    wait_s : function
        Seconds the service asks to wait, where it does.

    Examples
    --------
    >>> refusal(503, "busy", where="Gemini", model="m", is_wrong_key=False, is_quota=False,
    ...         key_variable="K", model_hint="", wait_s=lambda: None)
    ServerFailed('Gemini answered 503: busy')
    """
    told = f"{where} answered {code}: {said}"
    if is_wrong_key:
        return WrongKey(
            f"{where} does not accept the API key: {said}",
            hint=f"check {key_variable}, or pass api_key=",
        )
    if code == 404:
        return UnknownModel(f"{where} does not know the model {model!r}: {said}", hint=model_hint)
    if is_quota:
        return QuotaSpent(
            f"the quota for {model!r} is used up: {said}",
            hint="what was answered is stored: run the same line again when there is quota",
        )
    if code == 429:
        return RateLimited(told, hint=SLOWER, retry_after_s=wait_s())
    if code >= 500 or code == 408:
        return ServerFailed(told, retry_after_s=wait_s())
    return RequestRefused(told)
