"""The ways a call to a language model goes wrong, whosever model it is.

::

    ModelError
    ├── WrongKey         no key, a wrong one, or one that may not do this     stops all
    ├── UnknownModel     the service does not know the model                  stops all
    ├── QuotaSpent       the account's money or daily quota is gone           stops all
    ├── WrongAddress     the address sends elsewhere; redirects are never followed  stops all
    ├── NotReached       nobody listens there; nothing was sent     retried,  stops all
    ├── RateLimited      too many requests for now                  retried,  stops all
    ├── ServerFailed     the service broke down (500, 503, ...)     retried
    ├── CallTimedOut     sent, and no reply came in time            retried,  unconfirmed
    ├── ConnectionCut    sent, and the reply broke off              retried,  unconfirmed
    ├── MalformedReply   a reply came, but not of the form asked    retried a few times
    └── RequestRefused   this prompt is not answered (too long, blocked)

*Stops all*: the next request would end the same way, so the run stops and can be resumed.
*Unconfirmed*: the request may have been charged though its reply never arrived.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from campaignkit.errors import Fault, ModelError

if TYPE_CHECKING:
    from campaignkit.llm.chat_model import Usage


class CallError(ModelError):
    """One call's failure; the class attributes say what may be done about it.

    A kind gives its own after its name: ``class Busy(CallError, reason="busy", retryable=True)``.

    Attributes
    ----------
    reason : str
        One word for tables.
    retryable : bool
        Whether sending the same request again can help.
    stops_all : bool
        Whether every other request would fail alike (once the retries are used up).
    state : str
        What the ledger books: ``"rejected"``, ``"malformed"``, ``"unconfirmed"`` where the request
        may have been charged though no reply arrived, ``"unsent"`` where it never left.
    retry_after_s : float or None
        How long the service asks to wait.
    usage : Usage or None
        What the call cost all the same, where that is known.
    text : str
        The reply as it came, where there was one.
    """

    reason: ClassVar[str] = "failed"
    retryable: ClassVar[bool] = False
    stops_all: ClassVar[bool] = False
    state: ClassVar[str] = "rejected"

    def __init_subclass__(cls, **about: str | bool) -> None:
        super().__init_subclass__()
        for name, value in about.items():
            assert hasattr(CallError, name), name
            setattr(cls, name, value)

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        faults: Iterable[Fault] = (),
        retry_after_s: float | None = None,
        usage: Usage | None = None,
        text: str = "",
    ) -> None:
        super().__init__(message, hint=hint, faults=faults)
        self.retry_after_s = retry_after_s
        self.usage = usage
        self.text = text

    def __reduce__(self) -> tuple[object, ...]:
        # What a kind adds to the message crosses a process boundary as its state.
        return (*super().__reduce__()[:2], dict(self.__dict__))


class WrongKey(CallError, reason="wrong_key", stops_all=True):
    """There is no API key, or the service does not accept it for this."""


class UnknownModel(CallError, reason="unknown_model", stops_all=True):
    """The service, or the disk, does not know the model."""


class QuotaSpent(CallError, reason="quota", stops_all=True):
    """The account's money or its quota for the day is used up; waiting a minute does not help."""


class WrongAddress(CallError, reason="wrong_address", stops_all=True):
    """The address answers with a redirect: it is not followed, and nor is the key."""


class NotReached(CallError, reason="not_reached", retryable=True, stops_all=True, state="unsent"):
    """Nobody listens at the address; the request was not sent and is not charged."""


class RateLimited(CallError, reason="rate_limited", retryable=True, stops_all=True):
    """Too many requests for now; `retry_after_s` says how long to wait, where the service does."""


class ServerFailed(CallError, reason="server_failed", retryable=True):
    """The service answered with a failure of its own (500, 502, 503, 529)."""


class CallTimedOut(CallError, reason="timed_out", retryable=True, state="unconfirmed"):
    """The request was sent and no reply came within the time allowed."""


class ConnectionCut(CallError, reason="cut", retryable=True, state="unconfirmed"):
    """The request was sent and the connection broke before the reply was complete."""


class RequestRefused(CallError, reason="refused"):
    """The service does not answer this request: too long, blocked, or not understood."""


class FormFallback(CallError, reason="format", retryable=True):
    """The server knows no such reply format; the next try asks in a way that it may know."""


class MalformedReply(CallError, reason="malformed", retryable=True, state="malformed"):
    """A reply arrived whole, but it is not what was asked for; `text` is the reply as it came."""
