"""Dots on one common axis, each in a cell of a table: the column is the plot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from campaignkit.show.axes import Scale, extent, tick_text
from campaignkit.show.palette import GRID, INK, MUTED
from campaignkit.show.svg import element, tooltip

_HEIGHT = 26.0


@dataclass(frozen=True, slots=True)
class Strip:
    """The axis of a column; places are percentages of the column's width, whatever that is.

    Examples
    --------
    >>> strip = Strip.over([0.2, 0.8])
    >>> "0.4" in strip.axis(), 'cx="50.00%"' in strip.dot(0.5, said="a: 0.5")
    (True, True)
    """

    scale: Scale

    @classmethod
    def over(cls, values: Iterable[float]) -> Strip:
        """The axis that all these values lie on."""
        lo, hi = extent(values)
        return cls(Scale(lo, hi, 5, 95))

    def axis(self) -> str:
        """The ticks, for the head of the column."""
        texts = (
            element("text", tick_text(tick), x=self._at(tick), y=12, text_anchor="middle",
                    font_size=12, fill=MUTED)
            for tick in self.scale.ticks(5)
        )  # fmt: skip
        return _cell(16, *texts)

    def dot(
        self,
        value: float,
        low: float | None = None,
        high: float | None = None,
        *,
        said: str,
        colour: str = INK,
        best: float | None = None,
    ) -> str:
        """One value with its interval; `best` is where a dashed line runs through all rows."""
        middle = _HEIGHT / 2
        parts = [self._line(tick, GRID) for tick in self.scale.ticks(5)]
        if best is not None:
            parts.append(self._line(best, MUTED, stroke_dasharray="3 3"))
        if low is not None and high is not None:
            parts.append(
                element(
                    "line", x1=self._at(low), x2=self._at(high), y1=middle, y2=middle,
                    stroke=colour, stroke_width=8, stroke_opacity=0.35, stroke_linecap="round",
                )
            )  # fmt: skip
        at = self._at(value)
        parts.append(element("circle", tooltip(said), cx=at, cy=middle, r=5.5, fill=colour))
        return _cell(_HEIGHT, *parts)

    def _line(self, value: float, colour: str, **look: str) -> str:
        at = self._at(value)
        return element("line", x1=at, x2=at, y1=0, y2=_HEIGHT, stroke=colour, **look)

    def _at(self, value: float) -> str:
        return f"{self.scale(value):.2f}%"


def _cell(height: float, *parts: str) -> str:
    # The numbers stand in the cells beside it, so a screen reader passes over the picture.
    return element("svg", *parts, width="100%", height=height, aria_hidden="true")
