"""Scales, ticks and the frame of a plot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from campaignkit.show.palette import GRID, MUTED
from campaignkit.show.svg import element, label, text_width

MARGIN_LEFT, MARGIN_RIGHT, MARGIN_BOTTOM = 68.0, 20.0, 48.0
ONE_LINE = 56.0  # where a plot begins below a legend of one line; more lines make it taller


@dataclass(frozen=True, slots=True)
class Scale:
    """From numbers in [lo, hi] to pixels from `start` to `stop`; logarithmic on demand.

    Examples
    --------
    >>> Scale(0, 10, 100, 200)(5), Scale(1, 100, 0, 200, log=True)(10)
    (150.0, 100.0)
    """

    lo: float
    hi: float
    start: float
    stop: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        lo, hi, at = self.lo, self.hi, value
        if self.log:
            lo, hi, at = math.log(lo), math.log(hi), math.log(value)
        share = (at - lo) / (hi - lo) if hi > lo else 0.5
        return self.start + share * (self.stop - self.start)

    def ticks(self, count: int = 6) -> list[float]:
        """About `count` round values within the range."""
        return log_ticks(self.lo, self.hi) if self.log else round_ticks(self.lo, self.hi, count)


def round_ticks(lo: float, hi: float, count: int = 6) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten within [lo, hi].

    Examples
    --------
    >>> round_ticks(0, 1), round_ticks(0, 37, 5)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 10.0, 20.0, 30.0])
    """
    # Ranges below the resolution of floats have no round numbers inside.
    if hi - lo <= 1e-12 * max(abs(lo), abs(hi), 1e-290):
        return [lo]
    rough = (hi - lo) / max(count - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first, last = math.ceil(lo / step - 1e-9), math.floor(hi / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def log_ticks(lo: float, hi: float) -> list[float]:
    """Powers of ten within [lo, hi], thinned to about eight; with twos and fives if they are few.

    Examples
    --------
    >>> log_ticks(1, 1000), log_ticks(1, 20)
    ([1.0, 10.0, 100.0, 1000.0], [1.0, 2.0, 5.0, 10.0, 20.0])
    """
    first, last = math.ceil(math.log10(lo) - 1e-9), math.floor(math.log10(hi) + 1e-9)
    if last - first < 2:
        fine = [m * 10.0**i for i in range(first - 1, last + 1) for m in (1, 2, 5)]
        return [tick for tick in fine if lo * 0.999 <= tick <= hi * 1.001] or [lo, hi]
    every = max(1, (last - first) // 7)
    return [10.0**i for i in range(first, last + 1, every)] or [lo, hi]


def extent(values: Iterable[float], *, log: bool = False) -> tuple[float, float]:
    """The range of the finite values, widened where it is a point; (0, 1) of none.

    Examples
    --------
    >>> extent([3, 1, float("nan")]), extent([]), extent([2, 2])
    ((1, 3), (0.0, 1.0), (1.5, 2.5))
    """
    finite = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
    if not finite:
        return (1.0, 10.0) if log else (0.0, 1.0)
    lo, hi = min(finite), max(finite)
    if lo == hi:
        return (max(lo / 2, 5e-324), hi * 2) if log else (lo - 0.5, hi + 0.5)
    return lo, hi


def tick_text(value: float) -> str:
    """A tick's number, short.

    Examples
    --------
    >>> [tick_text(v) for v in (0.25, 1000, 2_500_000, 1e-6, 0)]
    ['0.25', '1,000', '2.5M', '1e-06', '0']
    """
    if abs(value) >= 1e6:
        return f"{value / 1e6:g}M"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def frame(x: Scale, y: Scale, *, title: str, x_label: str, y_label: str, drop: float = 0.0) -> str:
    """Title, grid, ticks and axis labels of a plot whose scales are given.

    `drop` leaves so much room between the axis and its numbers.
    """
    left, right = x.start, x.stop
    bottom, top = y.start, y.stop
    parts = [label(title, 0, 16, size=14, font_weight=600)]
    for tick in apart(y.ticks(), y, [16.0] * 20):
        at = y(tick)
        parts.append(element("line", x1=left, x2=right, y1=at, y2=at, stroke=GRID))
        parts.append(label(tick_text(tick), left - 8, at + 4, anchor="end", fill=MUTED))
    ticks = x.ticks()
    for tick in apart(ticks, x, [text_width(tick_text(tick)) + 10 for tick in ticks]):
        at = x(tick)
        parts.append(element("line", x1=at, x2=at, y1=bottom, y2=bottom + 4, stroke=MUTED))
        parts.append(label(tick_text(tick), at, bottom + drop + 18, anchor="middle", fill=MUTED))
    parts.append(element("line", x1=left, x2=right, y1=bottom, y2=bottom, stroke=MUTED))
    parts.append(
        label(x_label, (left + right) / 2, bottom + drop + 38, anchor="middle", fill=MUTED)
    )
    middle = (top + bottom) / 2
    turned = f"rotate(-90 14 {middle:.1f})"
    parts.append(label(y_label, 14, middle, anchor="middle", fill=MUTED, transform=turned))
    return "".join(parts)


def apart(ticks: Sequence[float], scale: Scale, widths: Sequence[float]) -> list[float]:
    """Every n-th tick, n so large that no two of their texts touch.

    Examples
    --------
    >>> apart([0, 1, 2, 3], Scale(0, 3, 0, 60), [30] * 4)
    [0, 2]
    """
    for every in range(1, len(ticks) + 1):
        held = list(ticks[::every])
        needed = max(widths[: len(ticks)][::every])
        gaps = [abs(scale(b) - scale(a)) for a, b in pairwise(held)]
        if not gaps or min(gaps) >= needed:
            return held
    return list(ticks)


def legend(names: Sequence[str], colours: Sequence[str], width: float) -> tuple[str, float]:
    """Names with their colours below the title, in as many lines as they need.

    Returns
    -------
    (str, float)
        The markup, and where the plot may begin below it.

    Examples
    --------
    >>> legend([], [], 640)
    ('', 40.0)
    """
    if not names:
        return "", 40.0
    parts, x, y = [], 0.0, 34.0
    for name, colour in zip(names, colours, strict=False):
        text = shorten(name, width - 40)
        if x and x + 18 + text_width(text) > width:
            x, y = 0.0, y + 19
        parts.append(element("rect", x=x, y=y - 7, width=11, height=11, fill=colour, rx=2))
        parts.append(label(text, x + 17, y + 3))
        x += 36 + text_width(text)
    return "".join(parts), y + ONE_LINE - 34


def shorten(name: str, width: float, size: float = 12) -> str:
    """A name cut to about this many pixels.

    Examples
    --------
    >>> shorten("Nike", 100), shorten("a very long name", 60)
    ('Nike', 'a very …')
    """
    room = max(int(width / text_width("x", size)), 2)
    return name if len(name) <= room else name[: room - 1] + "…"
