"""What a terminal shows while a command works: a bar after two seconds."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from campaignkit.progress import reporting

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress, TaskID

_PATIENCE_S = 2.0  # shorter work shows nothing


class TerminalBar:
    """A progress bar on stderr for work that lasts; silent where stderr is no terminal.

    Examples
    --------
    >>> with working("counting") as bar:
    ...     bar.update("counting", 1, 2)
    """

    def __init__(self, stage: str) -> None:
        self._lock = threading.Lock()
        self._stage, self._done, self._total = stage, 0, 0
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._timer = threading.Timer(_PATIENCE_S, self._show)
        self._timer.daemon = True

    def start(self) -> None:
        """Begin to wait for the moment when a bar is worth showing."""
        if sys.stderr.isatty():
            self._timer.start()

    def stop(self) -> None:
        """Take the bar away."""
        self._timer.cancel()
        with self._lock:
            if self._bar is not None:
                self._bar.stop()

    def update(self, stage: str, done: int, total: int) -> None:
        """Take down how far the work has come; see :class:`campaignkit.progress.Progress`."""
        with self._lock:
            self._stage, self._done, self._total = stage, done, total
            self._draw()

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        with self._lock:
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.fields[count]}", markup=False),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task(self._stage, total=None, count="")
            self._draw()
            self._bar.start()

    def _draw(self) -> None:
        if self._bar is None or self._task is None:
            return
        known = self._total > 1  # of one unit there is nothing to see: let the bar pulse
        self._bar.update(
            self._task,
            description=self._stage,
            completed=self._done,
            total=self._total if known else None,
            count=f"{self._done:,} of {self._total:,}" if known else "",
        )


@contextmanager
def working(stage: str) -> Iterator[TerminalBar]:
    """Show progress of the work inside, that of calls without an argument for it too."""
    bar = TerminalBar(stage)
    bar.start()
    try:
        with reporting(bar):
            yield bar
    finally:
        bar.stop()
