"""When a request is sent: so many a minute, not while the service asks to wait, again or never."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Protocol

from campaignkit.checks import checked_count, checked_share
from campaignkit.llm.errors import CallError, MalformedReply
from campaignkit.seeds import key64

_MINUTE_S = 60.0
_SLICE_S = 0.5  # how soon a rest notices that it is no longer wanted


class Clock(Protocol):
    """Tells and passes time; tests hand in one that does not wait."""

    def now(self) -> float:
        """Seconds, from any moment on."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        time.sleep(seconds)


class SystemClock(Clock):
    """The computer's own time."""


def rest(seconds: float, clock: Clock, over: Callable[[], bool]) -> None:
    """Let time pass, in slices, until it has passed or is no longer wanted."""
    while seconds > 0 and not over():
        clock.sleep(min(seconds, _SLICE_S))
        seconds -= _SLICE_S


class Pacer:
    """Lets requests go, at most so many in any minute, and none while all are held.

    Parameters
    ----------
    per_minute : int or None
        None for no limit.
    clock : Clock
        Whose minutes.

    Examples
    --------
    >>> pacer = Pacer(None, SystemClock())
    >>> pacer.turn(lambda: False)
    """

    def __init__(self, per_minute: int | None, clock: Clock) -> None:
        if per_minute is not None:
            checked_count(per_minute, "requests_per_minute")
        self._clock = clock
        self._last_sent: deque[float] = deque(maxlen=per_minute)
        self._held_until = -inf
        self._lock = threading.Lock()

    def hold(self, seconds: float) -> None:
        """Send nothing for so long: the answer to one request applies to all."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock.now() + seconds)

    def turn(self, over: Callable[[], bool]) -> None:
        """Wait until a request may go, and count it; or until none is wanted any more."""
        while not over():
            with self._lock:
                now, last = self._clock.now(), self._last_sent
                is_full = len(last) == last.maxlen
                wait = max(self._held_until, last[0] + _MINUTE_S if is_full else now) - now
                if wait <= 0:
                    if last.maxlen is not None:
                        last.append(now)
                    return
            rest(wait, self._clock, over)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The one retry policy: the services' own are off.

    Parameters
    ----------
    attempts : int
        How often a request is sent at most, the first time included.
    malformed_attempts : int
        How many replies of the wrong form are paid for; each costs as much as a good one.
    first_wait_s, longest_wait_s : float
        The wait doubles from the first to the longest.
    patience_s : float
        The longest wait that a service may ask for (Retry-After); beyond it the run stops.
    failures_in_a_row : int or None
        So many replies of the wrong form or refusals, one after another, stop the run: the next
        would be alike, and each costs a call. None never stops.
    seed : int
        Of the jitter, which keeps many workers from coming back at the same moment.

    Raises
    ------
    SettingError
        If a number is out of range.

    Examples
    --------
    >>> from campaignkit.llm import RateLimited, ServerFailed
    >>> policy = RetryPolicy()
    >>> [round(policy.wait_s(ServerFailed("no answer"), failed, "key")) for failed in (1, 2, 3, 4)]
    [1, 2, 3, 5]
    >>> round(policy.wait_s(RateLimited("slow down", retry_after_s=30), 1, "key"))  # not before
    36
    """

    attempts: int = 6
    malformed_attempts: int = 3
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    patience_s: float = 600.0
    failures_in_a_row: int | None = 25
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("attempts", "malformed_attempts"):
            checked_count(getattr(self, name), name)
        for name in ("first_wait_s", "longest_wait_s", "patience_s"):
            checked_share(getattr(self, name), name, high=inf)
        if self.failures_in_a_row is not None:
            checked_count(self.failures_in_a_row, "failures_in_a_row")

    def wait_s(
        self, error: CallError, failed: int, key: str, *, malformed: int = 0
    ) -> float | None:
        """Seconds to wait before the next try, or None to give up.

        Parameters
        ----------
        error : CallError
            How the last try ended.
        failed : int
            Tries so far, this one included.
        key : str
            Of the request: each has its own jitter.
        malformed : int
            How many of the tries brought a reply of the wrong form.
        """
        if not error.retryable or failed >= self.attempts:
            return None
        jitter = key64(self.seed, "retry", key, failed) / 2**64
        if isinstance(error, MalformedReply):
            return 0.0 if malformed < self.malformed_attempts else None
        if error.retry_after_s is not None:
            if error.retry_after_s > self.patience_s:
                return None
            # Never sooner than asked; up to a quarter later.
            return error.retry_after_s * (1 + jitter / 4)
        if error.reason == "format":
            return 0.0
        wait = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (failed - 1))
        return wait * (0.5 + jitter / 2)
