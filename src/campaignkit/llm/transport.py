"""What a broken connection means for a call: was it sent, may it have been charged?

Both vendors' clients sit on one HTTP library or its fork of another name; the exceptions are told
apart by their class names, so that neither has to be installed.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from math import isfinite
from time import time

from campaignkit.llm.model_errors import CallError, CallTimedOut, ConnectionCut, NotReached

SLOWER = "set requests_per_minute to what the service allows, or a smaller concurrency"
_NEVER_SENT = {
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "UnsupportedProtocol",
    "InvalidURL",
    "ProxyError",
}


def transport_error(err: BaseException, *, where: str, timeout_s: float) -> CallError | None:
    """The kind of a connection's failure; None if it is something else.

    Parameters
    ----------
    err : exception
        As raised by the HTTP library, or with it as its cause.
    where : str
        The address, as it may be shown.
    timeout_s : float
        How long was waited.

    Examples
    --------
    >>> class ReadTimeout(Exception):
    ...     pass
    >>> transport_error(ReadTimeout(), where="http://localhost", timeout_s=60).reason
    'timed_out'
    """
    seen: BaseException | None = err
    names: set[str] = set()
    while seen is not None:
        names |= {kind.__name__ for kind in type(seen).__mro__}
        seen = seen.__cause__
    if names & _NEVER_SENT:
        return NotReached(
            f"nobody answers at {where}", hint="is the server running, and the address right?"
        )
    if names & {"TimeoutException", "ReadTimeout", "WriteTimeout", "APITimeoutError"}:
        return CallTimedOut(
            f"{where} sent no reply within {timeout_s:g} s",
            hint="raise timeout_s for long replies",
        )
    if names & {"TransportError", "RequestError", "APIConnectionError", "ConnectionError"}:
        return ConnectionCut(f"the connection to {where} broke before the reply was whole")
    return None


def retry_after_s(headers: object) -> float | None:
    """How long a reply's headers ask to wait: seconds, or a date.

    Examples
    --------
    >>> retry_after_s({"retry-after": "2.5"}), retry_after_s({"retry-after": "soon"})
    (2.5, None)
    """
    get = getattr(headers, "get", None)
    if get is None:
        return None
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        told = get(name)
        if told is None:
            continue
        try:
            wait = float(told) * unit
        except ValueError:
            try:
                wait = parsedate_to_datetime(told).timestamp() - time()
            except (TypeError, ValueError):
                continue
        if isfinite(wait):
            return max(0.0, wait)
    return None
