"""How scores grow with the number of training rows, or of epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from campaignkit.report.charts.theme import (
    HEIGHT,
    WIDTH,
    colour,
    drawing,
    finished,
    lines_and_dots,
    rows_of,
)


def learning_chart(
    curves: Mapping[str, Sequence[Sequence[float]]],
    *,
    score: str = "macro F1",
    steps: str = "training rows",
    log: bool = True,
) -> Any:
    """A line a model, with its interval where there is one.

    Parameters
    ----------
    curves : mapping of str to sequence of (step, score) or (step, score, low, high)
        Step is a number of rows (or of epochs, see `steps`), above 0 where `log`.
    score, steps : str
        What the axes say.
    log : bool
        Whether the steps lie on a logarithmic axis.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from campaignkit.report.charts import chart_rows
    >>> chart = learning_chart({"pairwise": [(100, .5, .45, .55), (1000, .8, .78, .82)]})
    >>> chart_rows(chart)[0]["low"]
    0.45
    """
    alt = drawing()
    rows: list[dict[str, object]] = []
    for name, points in curves.items():
        for point in sorted(map(tuple, points)):
            row = {"model": name, "step": point[0], "score": point[1]}
            if len(point) > 3:
                row |= {"low": point[2], "high": point[3]}
            row["interval"] = f"{point[2]:.3f} to {point[3]:.3f}" if len(point) > 3 else "none"
            rows.append(row)
    names = list(curves)
    sure = [row for row in rows if "low" in row]
    across = alt.Scale(type="log" if log else "linear", zero=False, padding=14)
    place = {
        "x": alt.X("step:Q", scale=across, title=f"{steps} (log)" if log else steps),
        "color": colour("model:N", names, title="model"),
    }  # fmt: skip
    chart = alt.Chart(rows_of(rows), width=WIDTH, height=HEIGHT).encode(
        **place, y=alt.Y("score:Q", title=score, scale=alt.Scale(zero=False))
    )
    bars = (
        alt.Chart(rows_of(sure))
        .mark_rule(strokeWidth=1.5, opacity=0.7)
        .encode(**place, y=alt.Y("low:Q", title=score), y2="high:Q")
    )
    told = ["model:N", "step:Q", "score:Q", "interval:N"]
    layers = lines_and_dots(chart, "model:N", names, title="model", tooltip=told)
    held = [*layers, bars] if sure else layers
    return finished(alt.layer(*held), title=f"{score} by {steps}")
