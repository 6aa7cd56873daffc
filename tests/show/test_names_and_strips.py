"""Names beside dots cover nothing; dots in a column share one axis."""

from __future__ import annotations

import re

from hypothesis import given, strategies as st

from campaignkit.show.dot_plot import Dot, dot_plot
from campaignkit.show.name_sides import name_sides
from campaignkit.show.strip import Strip
from campaignkit.show.svg import text_width

ROOM = (0.0, 0.0, 300.0, 200.0)
SIZE, RADIUS = 11.0, 5.5


def box_of(x: float, y: float, name: str, anchor: str) -> tuple[float, float, float, float]:
    wide = text_width(name, SIZE)
    left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
    return left, y - SIZE + 1, left + wide, y + 3


places = st.tuples(st.floats(0, 300), st.floats(0, 200))


@given(st.lists(st.tuples(places, st.text("ab ", max_size=12)), max_size=14))
def test_no_name_covers_another_name_or_a_dot(dots: list[tuple[tuple[float, float], str]]) -> None:
    points, names = [place for place, _ in dots], [name for _, name in dots]

    sides = name_sides(points, names, inside=ROOM, size=SIZE, radius=RADIUS)

    boxes = [
        box_of(x + side.dx, y + side.dy, name, side.anchor)
        for (x, y), name, side in zip(points, names, sides, strict=True)
        if side is not None
    ]
    marks = [(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for x, y in points]
    for number, one in enumerate(boxes):
        assert one[0] >= 0 and one[2] <= 300 and one[1] >= 0 and one[3] <= 200
        for other in [*boxes[:number], *marks]:
            apart = (one[2] <= other[0] or other[2] <= one[0]
                     or one[3] <= other[1] or other[3] <= one[1])  # fmt: skip
            assert apart


def test_a_lone_dot_has_its_name_at_its_right() -> None:
    (side,) = name_sides([(100, 100)], ["rank 8"], inside=ROOM)

    assert side is not None and side.anchor == "start"


def test_every_dot_is_drawn_and_the_legend_lists_what_occurs() -> None:
    few = [Dot(f"model {i}", "ab"[i % 2], i, i / 40) for i in range(40)]
    many = few * 30
    looks = {"title": "t", "x_label": "x", "y_label": "y",
             "colours": {"a": "#0072B2", "b": "#E69F00", "absent": "#009E73"}}  # fmt: skip

    drawn, crowd = dot_plot(few, log_x=True, **looks), dot_plot(many, **looks)

    assert drawn.count("<circle") == 40
    assert "absent" not in drawn
    assert "#009E73" not in drawn
    assert crowd.count("h0") == len(many)
    assert len(crowd) < 60_000


def test_dots_of_a_column_share_one_axis() -> None:
    strip = Strip.over([0.2, 0.4, 0.8])

    cells = [strip.dot(value, said=str(value)) for value in (0.2, 0.4, 0.8)]

    at = [float(re.search(r'cx="([\d.]+)%"', cell)[1]) for cell in cells]  # type: ignore[index]
    assert at[0] < at[1] < at[2]
    assert (at[1] - at[0]) * 2 == at[2] - at[1]
    assert all("aria-hidden" in cell for cell in cells)
