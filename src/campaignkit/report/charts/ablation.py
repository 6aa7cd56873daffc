"""What a score loses when a part is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from campaignkit.report.charts.theme import WIDTH, drawing, finished, rows_of
from campaignkit.show.palette import INK, MUTED, NEGATIVE, POSITIVE


def ablation_chart(
    drops: Mapping[str, float | Sequence[float]],
    *,
    score: str = "macro F1",
    whole: float | None = None,
) -> Any:
    """A bar for each part left out: by how much the score falls, the largest fall first.

    Parameters
    ----------
    drops : mapping of str to float, or to (drop, low, high)
        Score of the whole less score without the part. A negative one is a gain, drawn in the
        other colour.
    score : str
    whole : float, optional
        The score with all parts, for the subtitle.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from campaignkit.report.charts import chart_rows
    >>> chart = ablation_chart({"geo": 0.004, "brand": (0.065, 0.05, 0.08)}, whole=0.9097)
    >>> [row["part"] for row in chart_rows(chart)]
    ['brand', 'geo']
    """
    alt = drawing()
    rows = []
    for name, held in drops.items():
        drop, *ends = held if isinstance(held, Sequence) else (held,)
        row: dict[str, Any] = {
            "part": name,
            "drop": float(drop),
            "text": f"{drop:+.4f}",
            "end": max(drop, 0.0),
        }
        if len(ends) == 2:
            row |= {"low": float(ends[0]), "high": float(ends[1])}
        rows.append(row)
    rows.sort(key=lambda row: -row["drop"])
    y = alt.Y("part:N", sort=[row["part"] for row in rows], title=None)
    chart = alt.Chart(rows_of(rows), width=WIDTH, height={"step": 30}).encode(y=y)
    hue = alt.condition("datum.drop < 0", alt.value(NEGATIVE), alt.value(POSITIVE))
    bars = chart.mark_bar(size=18).encode(
        x=alt.X("drop:Q", title=f"{score} lost without it"),
        color=hue,
        tooltip=["part:N", "drop:Q"],
    )
    sure = alt.Chart(rows_of(row for row in rows if "low" in row))
    reach = sure.mark_rule(color=INK, strokeWidth=1.5).encode(
        x="low:Q", x2="high:Q", y=y, tooltip=["part:N", "low:Q", "high:Q"]
    )
    texts = chart.mark_text(align="left", dx=6, dy=-9, fontSize=10, color=MUTED).encode(
        x="end:Q", text="text:N"
    )
    layers = [bars, reach, texts] if any("low" in row for row in rows) else [bars, texts]
    said = f"{whole:.4f} with all parts" if whole is not None else ""
    return finished(alt.layer(*layers), title="Ablation", subtitle=said)
