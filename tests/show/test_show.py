"""Charts and pages: well-formed, escaped, self-contained, and true to their numbers."""

from __future__ import annotations

import doctest
import importlib
import math
import pkgutil
import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from hypothesis import given, strategies as st

import campaignkit.show
from campaignkit.show import (
    Box,
    Section,
    bar_chart,
    escape,
    facts,
    figure,
    heat_map,
    histogram,
    line_plot,
    page,
    paragraph,
    scatter,
    stacked_bars,
    table,
)
from campaignkit.show.axes import Scale, round_ticks

MODULES = [m.name for m in pkgutil.walk_packages(campaignkit.show.__path__, "campaignkit.show.")]
SVG = "{http://www.w3.org/2000/svg}"
NUMBERS = st.lists(st.floats(), max_size=6)

CHARTS: dict[str, Callable[[str, list[float]], str]] = {
    "bars": lambda name, v: bar_chart({name: abs(v[0]) if v else 0.0}, title=name),
    "stacked": lambda name, v: stacked_bars({name: [1, 2]}, [name, "b"], title=name),
    "heat map": lambda name, v: heat_map([name], [name], [[0.5]], title=name),
    "histogram": lambda name, v: histogram({name: v}, title=name, x_label=name),
    "scatter": lambda name, v: scatter(
        {name: (v, v)}, title=name, x_label=name, y_label=name, boxes={name: Box((0, 1), (0, 1))}
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


@pytest.mark.parametrize("chart", ["histogram", "scatter", "lines"])
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


def test_every_point_is_drawn_or_the_legend_says_how_many_are_not() -> None:
    xs = [i / 100 for i in range(100)]

    svg = scatter({"a": (xs, xs)}, title="t", x_label="x", y_label="y", max_points=40)

    assert svg.count("h0") == 34
    assert "a (34 of 100)" in svg


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
