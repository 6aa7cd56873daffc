"""Charts and pages: well-formed, escaped, self-contained, and true to their numbers."""

from __future__ import annotations

import doctest
import importlib
import math
import pkgutil
import re
from collections.abc import Callable
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, strategies as st

import campaignkit.show
from campaignkit.show import (
    Box,
    Interval,
    Section,
    bar_chart,
    bubble_plot,
    escape,
    facts,
    figure,
    heat_map,
    histogram,
    interval_plot,
    line_plot,
    page,
    paragraph,
    stacked_bars,
    table,
)
from campaignkit.show.axes import Scale, apart, legend, round_ticks
from campaignkit.show.dot_plot import Dot, dot_plot
from campaignkit.show.palette import (
    DARK,
    INK,
    MUTED,
    PALE,
    PAPER,
    SERIES,
    VARIABLES,
    diverging,
    label_colours,
    sequential,
)

MODULES = [m.name for m in pkgutil.walk_packages(campaignkit.show.__path__, "campaignkit.show.")]
SVG = "{http://www.w3.org/2000/svg}"
NUMBERS = st.lists(st.floats(), max_size=6)

CHARTS: dict[str, Callable[[str, list[float]], str]] = {
    "bars": lambda name, v: bar_chart({name: abs(v[0]) if v else 0.0}, title=name),
    "stacked": lambda name, v: stacked_bars({name: [1, 2]}, [name, "b"], title=name),
    "heat map": lambda name, v: heat_map([name], [name], [[0.5]], title=name),
    "histogram": lambda name, v: histogram({name: v}, title=name, x_label=name),
    "bubbles": lambda name, v: bubble_plot(
        {name: (v, v)},
        title=name,
        x_label=name,
        y_label=name,
        boxes={name: Box((0, 1), (0, 1))},
        limits=((0, 1), (0, 1)),
    ),
    "dots": lambda name, v: dot_plot(
        [Dot(name, name, a, a) for a in v], title=name, x_label=name, y_label=name, colours={}
    ),
    "lines": lambda name, v: line_plot(
        {name: [(a, a) for a in v]}, title=name, x_label=name, y_label=name, log_x=True
    ),
}


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_run(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0


@pytest.mark.parametrize("chart", CHARTS)
@given(name=st.text(min_size=1, max_size=12), values=st.lists(st.floats(-1e9, 1e9), max_size=6))
def test_a_chart_is_well_formed_whatever_its_names_and_numbers(
    chart: str, name: str, values: list[float]
) -> None:
    root = ElementTree.fromstring(CHARTS[chart](name, values))

    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}title") is not None
    assert not {e.tag for e in root.iter()} & {f"{SVG}script", f"{SVG}foreignObject"}


@pytest.mark.parametrize("chart", ["histogram", "bubbles", "dots", "lines"])
def test_what_is_not_finite_is_left_out(chart: str) -> None:
    svg = CHARTS[chart]("a", [math.nan, math.inf, 1.0, 2.0])

    assert "nan" not in svg
    assert "inf" not in svg.replace("info", "")


@given(text=st.text())
def test_escaped_text_holds_no_markup_and_reads_as_it_was(text: str) -> None:
    safe = escape(text)

    assert not set(safe) & set("<>\"'")
    assert ElementTree.fromstring(f"<p>{safe}</p>") is not None


def test_a_page_fetches_nothing_and_runs_nothing() -> None:
    evil = '<script>alert(1)</script><img src="http://x">'
    body = paragraph(evil) + table([evil], [[evil]]) + facts({evil: evil}) + figure("", evil)

    text = page(evil, [Section(evil, body)] * 3, lead=evil)

    assert "<script" not in text
    assert "<img" not in text
    assert "default-src 'none'" in text
    assert re.findall(r'(?:src|href)="(?!#)', text) == []


def test_a_bar_is_as_long_as_its_share_of_the_longest() -> None:
    root = ElementTree.fromstring(bar_chart({"a": 10, "b": 4}, title="t"))

    lengths = [float(r.get("width", 0)) for r in root.iter(f"{SVG}rect")]

    assert lengths[1] == pytest.approx(0.4 * lengths[0], rel=1e-3)


def test_bubbles_count_every_point() -> None:
    xs = [i // 3 / 40 for i in range(100)]

    svg = bubble_plot(
        {"a": (xs, xs)}, title="t", x_label="x", y_label="y", limits=((0, 1), (0, 1))
    )

    assert "a (100)" in svg
    assert svg.count("a: 3 at") == 33


def test_numbers_of_a_table_are_set_flush_right() -> None:
    text = table(["name", "n"], [["a", 1], ["b", 2.5]])

    assert text.count('class="number"') == 3


@given(lo=st.floats(-1e6, 1e6), width=st.floats(1e-3, 1e6))
def test_ticks_lie_in_range_and_are_few(lo: float, width: float) -> None:
    ticks = round_ticks(lo, lo + width)

    slack = 1e-6 * max(abs(lo), width)
    assert all(lo - slack <= tick <= lo + width + slack for tick in ticks)
    assert len(ticks) <= 7


def test_a_scale_of_one_value_puts_it_in_the_middle() -> None:
    assert Scale(1, 1, 0, 100)(1) == 50


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def over(colour: str, opacity: float, paper: str) -> str:
    pairs = [(int(colour[i : i + 2], 16), int(paper[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a * opacity + b * (1 - opacity)):02x}" for a, b in pairs)


@pytest.mark.parametrize("screen", [0, 1], ids=["light", "dark"])
def test_every_text_has_the_contrast_of_wcag_aa(screen: int) -> None:
    soft, paper = VARIABLES["soft"][screen], VARIABLES["paper"][screen]
    for name in ("ink", "muted", "link", "good", "warning", "error", "info"):
        for ground in (soft, paper):
            assert contrast(VARIABLES[name][screen], ground) >= 4.5, name
    ink = VARIABLES["ink"][screen]
    for tint in (diverging(-1), diverging(1), sequential(1), *((hue, PALE) for hue in SERIES)):
        hue = DARK[tint[0]] if screen else tint[0]
        assert contrast(ink, over(hue, tint[1], paper)) >= 4.5, tint


def test_every_colour_of_a_picture_has_one_for_dark_screens() -> None:
    known = {*SERIES, INK, MUTED, PAPER, *label_colours(["pos", "avg", "neg"]).values()}

    assert known <= set(DARK)
    svg = stacked_bars({"a": [1, 2]}, ["pos", "neg"], title="t") + heat_map(
        ["a"], ["b"], [[0.5]], title="t"
    )
    assert set(re.findall(r'(?:fill|stroke)="(#\w+)"', svg)) <= set(DARK)


def test_eight_labels_have_eight_colours() -> None:
    assert len(set(label_colours(["pos", *"abcdefg"]).values())) == 8
    assert len(set(label_colours("abcdefgh").values())) == 8


def test_a_legend_of_long_names_takes_as_many_lines_as_it_needs() -> None:
    names = [f"label number {i} with a long name" for i in range(7)]

    drawn, below = legend(names, SERIES, 640)

    rects = [float(x) for x in re.findall(r'<rect x="([\d.]+)"', drawn)]
    assert max(rects) < 500
    assert rects.count(0.0) >= 3
    assert below >= 34 + 3 * 19


def test_texts_of_ticks_do_not_touch() -> None:
    scale = Scale(0, 1_000_000, 0, 300)

    held = apart(scale.ticks(), scale, [90.0] * 9)

    assert all(scale(b) - scale(a) >= 90 for a, b in pairwise(held))


def test_a_plot_keeps_its_height_under_a_long_legend() -> None:
    names = [f"label number {i} with quite a long name" for i in range(7)]

    def box(drawn: str) -> float:
        return float(re.findall(r'viewBox="0 0 [\d.]+ ([\d.]+)"', drawn)[0])

    few = histogram({"a": [0.1], "b": [0.2]}, title="t", x_label="x", width=440)
    many = histogram({name: [0.1] for name in names}, title="t", x_label="x", width=440)
    assert box(many) - box(few) == pytest.approx(6 * 19)


def test_names_of_boxes_do_not_cover_one_another() -> None:
    names = [f"label {i}" for i in range(6)]
    drawn = bubble_plot(
        {name: ([0.1], [0.1]) for name in names},
        title="t", x_label="x", y_label="y", limits=((0, 1), (0, 1)),
        boxes={name: Box((0, 0.9 + i / 100), (0, 0.5)) for i, name in enumerate(names)},
    )  # fmt: skip

    assert drawn.count('paint-order="stroke"') == 1
    assert all(f">{name} (1)</text>" in drawn for name in names)


def test_an_interval_is_as_wide_as_its_numbers() -> None:
    drawn = interval_plot(
        [Interval("a", 0.5, 0.4, 0.6), Interval("b", 0.5, 0.3, 0.7), Interval("c", 0.5)],
        title="t", x_label="x", references={"floor": 0.2},
    )  # fmt: skip

    root = ElementTree.fromstring(drawn)
    widths = [float(r.get("width", 0)) for r in root.iter(f"{SVG}rect")]
    assert len(widths) == 2
    assert widths[1] == pytest.approx(2 * widths[0], rel=1e-3)
    assert ">floor</text>" in drawn
