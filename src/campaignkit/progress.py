"""Progress of long calls: the library reports, the caller decides where it goes.

A long call takes ``progress: Progress | None``. The library never prints and never configures
logging; the command line passes a bar, a service may pass :class:`LogProgress`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol


class Progress(Protocol):
    """Told how far a long call has come."""

    def update(self, stage: str, done: int, total: int) -> None:
        """Say that `done` of `total` units of `stage` are finished; called from one thread.

        Raising an exception from here stops the call cleanly, with nothing half-written.
        """


class Silent:
    """Says nothing; what ``progress=None`` means.

    Examples
    --------
    >>> Silent().update("sampling", 1, 2)
    """

    def update(self, stage: str, done: int, total: int) -> None:
        """Do nothing."""


class LogProgress:
    """Writes a line to a standard logger each time another tenth of a stage is done.

    Examples
    --------
    >>> LogProgress(logging.getLogger("demo")).update("sampling", 1, 2)
    """

    def __init__(self, logger: logging.Logger, *, level: int = logging.INFO) -> None:
        self._logger = logger
        self._level = level
        self._seen: dict[str, int] = {}

    def update(self, stage: str, done: int, total: int) -> None:
        """Log the stage when it has passed another tenth."""
        tenth = 10 * done // max(total, 1)
        if self._seen.get(stage) != tenth:
            self._seen[stage] = tenth
            self._logger.log(self._level, "%s: %d of %d", stage, done, total)


class CallProgress:
    """Passes every report to a function of (stage, done, total).

    Examples
    --------
    >>> CallProgress(print).update("sampling", 1, 2)
    sampling 1 2
    """

    def __init__(self, tell: Callable[[str, int, int], object]) -> None:
        self._tell = tell

    def update(self, stage: str, done: int, total: int) -> None:
        """Pass the report on."""
        self._tell(stage, done, total)
