"""Progress of long calls: the library reports, the caller decides where it goes.

A long call takes ``progress: Progress | None``. The library never prints and never configures
logging; the command line passes a bar, a notebook :class:`ProgressBar`, a service perhaps
:class:`LogProgress`.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the progress of a long call.

    Examples
    --------
    >>> class Lines:
    ...     def update(self, stage: str, done: int, total: int) -> None:
    ...         print(f"{stage}: {done} of {total}")
    >>> Lines().update("sampling", 1, 2)
    sampling: 1 of 2
    """

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
