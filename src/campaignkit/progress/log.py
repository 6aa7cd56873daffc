"""Progress as lines of a standard logger."""

from __future__ import annotations

import logging


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
