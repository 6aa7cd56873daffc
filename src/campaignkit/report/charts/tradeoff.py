"""Scores against what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from campaignkit.report.charts.theme import (
    HEIGHT,
    WIDTH,
    colour,
    drawing,
    finished,
    named,
    rows_of,
    shape,
)


def tradeoff_chart(
    runs: Sequence[Mapping[str, object]],
    *,
    score: str = "macro F1",
    cost: str = "fit, CPU s",
    log: bool = True,
) -> Any:
    """A named point a run: its score against its cost, by family, with its interval.

    Parameters
    ----------
    runs : sequence of mapping
        With ``model``, ``family``, ``cost`` and ``score``; ``low`` and ``high`` where known.
    score, cost : str
        What the axes say.
    log : bool
        Whether costs lie on a logarithmic axis; runs that cost nothing lie at its left end.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from campaignkit.report.charts import chart_rows
    >>> run = {"model": "rank 8", "family": "pairwise", "cost": 4.2, "score": 0.9}
    >>> chart_rows(tradeoff_chart([run]))[0]["cost"]
    4.2
    """
    alt = drawing()
    paid = [float(str(run["cost"])) for run in runs if float(str(run["cost"])) > 0]
    # A log axis has no zero: what is free stands half a decade left of the cheapest.
    free = min(paid, default=1.0) / 3
    rows = []
    for run in runs:
        at = float(str(run["cost"]))
        rows.append({**run, "name": run["model"], "at": at if at > 0 or not log else free})
    families = list(dict.fromkeys(str(run["family"]) for run in runs))
    kind = "log" if log else "linear"
    x = alt.X("at:Q", scale=alt.Scale(type=kind, padding=14), title=f"{cost}{' (log)' * log}")
    hue = colour("family:N", families, title="family")
    dots = (
        alt.Chart(rows_of(rows), width=WIDTH, height=HEIGHT)
        .mark_point(filled=True, size=80, opacity=0.8)
        .encode(
            x=x,
            y=alt.Y("score:Q", title=score, scale=alt.Scale(zero=False, padding=10)),
            color=hue,
            shape=shape("family:N", families, title="family"),
            tooltip=["model:N", "family:N", "cost:Q", "score:Q"],
        )
    )
    names = named(rows, ("at", "score"), log=log, x=x, y="score:Q")
    sure = [row for row in rows if row.get("low") is not None]
    if not sure:
        return finished(alt.layer(dots, *names), title=f"{score} against {cost}")
    bars = (
        alt.Chart(rows_of(sure))
        .mark_rule(opacity=0.6)
        .encode(x=x, y=alt.Y("low:Q", title=score), y2="high:Q", color=hue)
    )
    return finished(alt.layer(dots, bars, *names), title=f"{score} against {cost}")
