"""What a graph cost in calls of a model, against how good it became."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from campaignkit.errors import SettingError
from campaignkit.report.charts.theme import (
    HEIGHT,
    WIDTH,
    drawing,
    finished,
    lines_and_dots,
    percent,
    rows_of,
)


def calls_chart(
    methods: Mapping[str, Sequence[tuple[int, float]]],
    *,
    quality: str = "agreement with the full build",
    title: str = "Calls against quality",
) -> Any:
    """A line a method: its quality after so many calls.

    Parameters
    ----------
    methods : mapping of str to sequence of (calls, quality)
        Calls are counts from 1; quality lies in [0, 1]. In any order; drawn by calls. A method of
        one point is a point.
    quality : str
        What the quality is, in the reader's words.
    title : str

    Returns
    -------
    altair.LayerChart
        Calls on a logarithmic axis.

    Raises
    ------
    SettingError
        If a number of calls is below 1.

    Examples
    --------
    >>> from campaignkit.report.charts import chart_rows
    >>> chart = calls_chart({"brute force": [(54, 1.0)], "active": [(10, 0.7), (30, 0.93)]})
    >>> len(chart_rows(chart))
    3
    """
    alt = drawing()
    rows = [
        {"method": name, "calls": int(calls), "quality": float(value)}
        for name, held in methods.items()
        for calls, value in sorted(held)
    ]
    if wrong := [row for row in rows if int(str(row["calls"])) < 1]:
        raise SettingError(
            f"method {wrong[0]['method']!r} has {wrong[0]['calls']} calls; expected 1 or more"
        )
    chart = alt.Chart(rows_of(rows), width=WIDTH, height=HEIGHT).encode(
        x=alt.X("calls:Q", scale=alt.Scale(type="log", padding=14), title="calls (log)"),
        y=alt.Y(**percent("quality:Q", quality), scale=alt.Scale(zero=False, padding=10)),
        tooltip=["method:N", "calls:Q", "quality:Q"],
    )
    layers = lines_and_dots(chart, "method:N", list(methods), title="method")
    return finished(alt.layer(*layers), title=title)
