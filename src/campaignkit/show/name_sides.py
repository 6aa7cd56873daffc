"""Positions of names next to their dots so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from campaignkit.show.svg import text_width

Anchor = Literal["start", "middle", "end"]
_Box = tuple[float, float, float, float]  # left, top, right, bottom


class Side(NamedTuple):
    """Where a name's anchor stands, seen from its dot, in pixels.

    Examples
    --------
    >>> SIDES[0].anchor
    'start'
    """

    anchor: Anchor
    dx: float
    dy: float


# In the order in which they are tried.
SIDES = (
    Side("start", 9, 4), Side("end", -9, 4), Side("middle", 0, -10), Side("middle", 0, 18),
    Side("start", 7, -7), Side("start", 7, 15), Side("end", -7, -7), Side("end", -7, 15),
)  # fmt: skip


def name_sides(
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    *,
    inside: _Box,
    size: float = 11,
    radius: float = 5.5,
) -> list[Side | None]:
    """The side of each dot that its name stands on; None where there is no room for it.

    Parameters
    ----------
    points : sequence of (float, float)
        In pixels; names of earlier ones are placed first.
    names : sequence of str
        Of the first points; dots without a name are not covered either.
    inside : (left, top, right, bottom)
        What names must stay within.

    Examples
    --------
    >>> sides = name_sides([(50, 50), (60, 50)], ["a", "b"], inside=(0, 0, 100, 100))
    >>> [side.anchor for side in sides]
    ['end', 'start']
    """
    taken = [(x - radius, y - radius, x + radius, y + radius) for x, y in points]
    found: list[Side | None] = []
    for (x, y), name in zip(points, names, strict=False):
        boxes = ((side, _box(x, y, side, text_width(name, size), size)) for side in SIDES)
        free = (
            (side, box)
            for side, box in boxes
            if _holds(inside, box) and not any(_overlap(box, other) for other in taken)
        )
        side, box = next(free, (None, None))
        found.append(side)
        if box is not None:
            taken.append(box)
    return found


def _box(x: float, y: float, side: Side, width: float, size: float) -> _Box:
    start = {"start": 0.0, "middle": width / 2, "end": width}[side.anchor]
    left, base = x + side.dx - start, y + side.dy
    return left, base - size + 1, left + width, base + 3


def _holds(outer: _Box, inner: _Box) -> bool:
    return all(a <= b for a, b in zip(outer[:2], inner[:2], strict=True)) and all(
        b <= a for a, b in zip(outer[2:], inner[2:], strict=True)
    )


def _overlap(one: _Box, two: _Box) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
