"""The listener of a long call without a progress argument: the one that listens around it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from campaignkit.progress.protocol import Progress, Silent

_AROUND: ContextVar[Progress | None] = ContextVar("progress", default=None)


@contextmanager
def reporting(progress: Progress) -> Iterator[None]:
    """Every long call inside reports to `progress`, fits of classifiers among them.

    A call with an argument ``progress`` reports to that one. ``with ProgressBar():`` is short for
    it.

    Examples
    --------
    >>> from campaignkit.classify import OneHotLogistic
    >>> from campaignkit.progress import CallProgress
    >>> rows = [{"geo": "Peru"}, {"geo": "Chile"}] * 40
    >>> with reporting(CallProgress(lambda stage, done, total: print(stage, done, total))):
    ...     model = OneHotLogistic(penalty=1.0).fit(rows, ["good", "bad"] * 40)
    fitting 1 1
    """
    token = _AROUND.set(progress)
    try:
        yield
    finally:
        _AROUND.reset(token)


def listener(progress: Progress | None = None) -> Progress:
    """The listener of a call: its own argument, the listener around it, or none.

    Examples
    --------
    >>> type(listener()).__name__
    'Silent'
    """
    return progress or _AROUND.get() or Silent()
