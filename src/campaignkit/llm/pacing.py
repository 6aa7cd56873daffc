"""When the next request may be sent: so many a minute, and not while the service asks to wait."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

_MINUTE_S = 60.0
_SLICE_S = 0.5  # how soon a rest notices that it is no longer wanted


class Clock(Protocol):
    """Tells and passes time; tests hand in one that does not wait."""

    def now(self) -> float:
        """Seconds, from any moment on."""

    def sleep(self, seconds: float) -> None:
        """Let that much time pass."""


class SystemClock:
    """The computer's own time."""

    def now(self) -> float:
        """Seconds since the machine started, or thereabouts."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


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
        self._per_minute = per_minute
        self._clock = clock
        self._sent: deque[float] = deque()
        self._held_until = float("-inf")
        self._lock = threading.Lock()

    def hold(self, seconds: float) -> None:
        """Let nothing go for so long: what one request was told holds for all."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock.now() + seconds)

    def turn(self, over: Callable[[], bool]) -> None:
        """Wait until a request may go, and count it; or until none is wanted any more."""
        while not over():
            with self._lock:
                wait = self._wait_s()
                if wait <= 0:
                    if self._per_minute is not None:
                        self._sent.append(self._clock.now())
                    return
            rest(wait, self._clock, over)

    def _wait_s(self) -> float:
        now = self._clock.now()
        held = self._held_until - now
        if self._per_minute is None:
            return held
        while self._sent and self._sent[0] <= now - _MINUTE_S:
            self._sent.popleft()
        full = len(self._sent) >= self._per_minute
        return max(held, self._sent[0] + _MINUTE_S - now if full else 0.0)
