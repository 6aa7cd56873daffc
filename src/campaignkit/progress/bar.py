"""A bar for a notebook or a terminal, for those who ask for one."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from html import escape
from typing import Any, Protocol, Self, TextIO

from campaignkit.progress.listening import reporting

_EVERY_S = 0.1  # a bar drawn more often costs more than it tells
_CELLS = 24


class ProgressBar:
    """Shows how far a long call has come, where somebody can see it.

    In a notebook it is a bar under the cell, in a terminal a line on stderr; where the output is
    neither (a file, a pipe) it shows nothing. One bar serves any number of calls: as their
    argument ``progress``, or in a ``with`` around them, also for fits of classifiers. Interrupting
    a call (Ctrl-C, the stop button) ends it cleanly: nothing is left half-written, and with
    ``checkpoint=`` or ``store=`` the same call continues where it stopped.

    Parameters
    ----------
    patience_s : float
        Work shorter than this shows nothing, in seconds.
    stream : text stream, optional
        Where the line goes if there is no notebook; stderr by default.

    Examples
    --------
    >>> import campaignkit as ck
    >>> bar = ck.ProgressBar()
    >>> catalogue = ck.Catalogue.bundled("starter-27")
    >>> graph = ck.build_graph(catalogue, scorer=ck.TraitScorer(), progress=bar).graph
    >>> with bar:
    ...     model = ck.OneHotLogistic().fit([{"geo": "Peru"}, {"geo": "Chile"}], ["good", "bad"])
    """

    def __init__(self, *, patience_s: float = 0.5, stream: TextIO | None = None) -> None:
        self._patience_s = patience_s
        self._stream = stream
        self._surface: _Surface | None = None
        self._stage = ""
        self._began = self._drawn = 0.0
        self._shown = False
        self._around = ExitStack()

    def __enter__(self) -> Self:
        self._around.enter_context(reporting(self))
        return self

    def __exit__(self, *error: object) -> None:
        self._around.close()
        self._finish()

    def update(self, stage: str, done: int, total: int) -> None:
        """Take down how far the work has come; see :class:`Progress`."""
        now = time.monotonic()
        if stage != self._stage:
            self._finish()
            self._stage, self._began, self._drawn = stage, now, 0.0
        is_over = done >= total
        is_due = now - self._began >= self._patience_s and now - self._drawn >= _EVERY_S
        if is_due or (is_over and self._shown):
            if self._surface is None:
                self._surface = _surface(self._stream)
            self._drawn, self._shown = now, True
            self._surface.draw(stage, done, total, now - self._began)
        if is_over:
            self._finish()
            self._stage = ""

    def _finish(self) -> None:
        if self._shown and self._surface is not None:
            self._surface.end()
        self._shown = False
        self._surface = None


class _Surface(Protocol):
    def draw(self, stage: str, done: int, total: int, passed_s: float) -> None:
        """Show one state."""

    def end(self) -> None:
        """Leave the last state behind."""


class _Nowhere:
    def draw(self, stage: str, done: int, total: int, passed_s: float) -> None:
        """Nobody looks."""

    def end(self) -> None:
        """Nothing was shown."""


class _Line:
    """One line of a terminal, drawn over itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def draw(self, stage: str, done: int, total: int, passed_s: float) -> None:
        full = round(_CELLS * _share(done, total))
        bar = "#" * full + "." * (_CELLS - full)
        # \x1b[K clears what a longer line left; control characters of a stage stay out.
        plain = "".join(c if c.isprintable() else "?" for c in stage)
        self._stream.write(f"\r{plain} [{bar}] {_words(done, total, passed_s)}\x1b[K")
        self._stream.flush()

    def end(self) -> None:
        self._stream.write("\n")
        self._stream.flush()


class _Cell:
    """An output of a notebook's cell, updated in place."""

    def __init__(self, display: Any) -> None:  # Any: IPython's display module
        self._display = display
        self._handle: Any = None  # Any: IPython's display handle

    def draw(self, stage: str, done: int, total: int, passed_s: float) -> None:
        words = escape(f"{stage}: {_words(done, total, passed_s)}")
        share = _share(done, total)
        shown = self._display.HTML(
            f'<progress value="{share:.3f}" max="1" style="width:18em"></progress> {words}'
        )
        if self._handle is None:
            self._handle = self._display.display(shown, display_id=True)
        else:
            self._handle.update(shown)

    def end(self) -> None:
        """The output stays as it is."""


def _surface(stream: TextIO | None) -> _Surface:
    if stream is None and _in_notebook():
        import IPython.display

        return _Cell(IPython.display)
    out = stream or sys.stderr
    return _Line(out) if out.isatty() else _Nowhere()


def _in_notebook() -> bool:
    # IPython is asked only where it runs already: it is not a dependency.
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return shell is not None and hasattr(shell, "kernel")


def _share(done: int, total: int) -> float:
    return min(max(done / total, 0.0), 1.0) if total > 0 else 1.0


def _words(done: int, total: int, passed_s: float) -> str:
    said = f"{done:,} of {total:,}"
    if done >= total:
        return f"{said}, {passed_s:.1f} s"
    if done > 0:
        return f"{said}, about {passed_s * (total - done) / done:.0f} s left"
    return said
