"""Progress handed to a function."""

from __future__ import annotations

from collections.abc import Callable


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
