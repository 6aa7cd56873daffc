"""How far models come as data sets grow hard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from campaignkit.report.charts.theme import (
    HEIGHT,
    WIDTH,
    drawing,
    finished,
    lines_and_dots,
    named,
    rows_of,
)
from campaignkit.show.palette import MUTED


class _Point(Protocol):
    @property
    def dataset(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def difficulty(self) -> float: ...
    @property
    def score(self) -> float: ...


def difficulty_chart(points: Sequence[_Point]) -> Any:
    """The best macro F1 of each family against the difficulty of the data set.

    Parameters
    ----------
    points : sequence of DifficultyPoint
        See :func:`campaignkit.report.leaderboard.difficulty_of`.

    Returns
    -------
    altair.LayerChart
        The dashed line is what single attributes reach alone: a model on it has learned nothing
        beyond them.

    Examples
    --------
    >>> from campaignkit.report.charts import chart_rows
    >>> from campaignkit.report.leaderboard import DifficultyPoint
    >>> point = DifficultyPoint("test", "pairwise", "rank 8", "r1", 0.6, 0.9)
    >>> chart_rows(difficulty_chart([point]), 1)[0]["score"]
    0.9
    """
    alt = drawing()
    rows = [
        {"dataset": p.dataset, "family": p.family, "name": p.model,
         "difficulty": p.difficulty, "score": p.score}
        for p in points
    ]  # fmt: skip
    families = list(dict.fromkeys(p.family for p in points))
    ends = alt.Scale(domain=[0, 1])
    floor = (
        alt.Chart(rows_of([{"a": 0, "b": 1}]), width=WIDTH, height=HEIGHT)
        .mark_rule(color=MUTED, strokeDash=[2, 3])
        .encode(
            x=alt.X("a:Q", scale=ends, title="difficulty: 1 less F1 of single attributes alone"),
            y=alt.Y("b:Q", scale=ends, title="best macro F1"),
            x2="b:Q",
            y2="a:Q",
        )
    )
    place: dict[str, Any] = {"x": "difficulty:Q", "y": "score:Q"}
    told = ["dataset:N", "name:N", "family:N", "difficulty:Q", "score:Q"]
    chart = alt.Chart(rows_of(rows)).encode(**place)
    layers = lines_and_dots(chart, "family:N", families, title="family", tooltip=told)
    # The names are placed as if on a plot of [0, 1], which this one is.
    corners = [{"name": "", "difficulty": end, "score": end} for end in (0, 1)]
    names = named([*rows, *corners], ("difficulty", "score"), **place)
    return finished(alt.layer(floor, *layers, *names), title="F1 by difficulty of the data")
