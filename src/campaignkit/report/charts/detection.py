"""How many of the injected errors an audit finds, by the rate of faults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from campaignkit.report.charts.theme import drawing, finished, lines_and_dots, percent, rows_of

if TYPE_CHECKING:
    from campaignkit.evaluation import DetectionSweep

_LEVELS = ("which kinds (tables)", "which rows")


def detection_chart(sweeps: DetectionSweep | Sequence[DetectionSweep]) -> Any:
    """F1 against the rate of faults: of naming the kinds, and of naming the rows.

    Parameters
    ----------
    sweeps : DetectionSweep, or several
        See :func:`campaignkit.evaluation.sweep_detection`; each is a line, named by its mode.

    Returns
    -------
    altair.FacetChart

    Examples
    --------
    >>> from campaignkit.evaluation import DetectionSweep
    >>> from campaignkit.evaluation.detection import DetectionScore
    >>> from campaignkit.report.charts import chart_rows
    >>> chart = detection_chart(DetectionSweep({0.05: DetectionScore({})}, "pack only"))
    >>> [row["f1"] for row in chart_rows(chart)]
    [1.0, 1.0]
    """
    alt = drawing()
    held = list(sweeps) if isinstance(sweeps, Sequence) else [sweeps]
    rows = [
        {"mode": sweep.mode, "rate": rate, "level": level, "f1": hits.f1,
         "precision": hits.precision, "recall": hits.recall}
        for sweep in held
        for rate in sweep.rates
        for level, hits in zip(
            _LEVELS, (sweep.scores[rate].table, sweep.scores[rate].rows), strict=True
        )
    ]  # fmt: skip
    names = [sweep.mode for sweep in held]
    chart = alt.Chart(width=250, height=230).encode(
        x=alt.X(
            **percent("rate:Q", "rate of faults (log)"),
            scale=alt.Scale(type="log", nice=False, padding=10),
        ),
        y=alt.Y("f1:Q", title="F1", scale=alt.Scale(domain=[0, 1])),
    )
    told = ["mode:N", "level:N", "rate:Q", "f1:Q", "precision:Q", "recall:Q"]
    layers = lines_and_dots(chart, "mode:N", names, title="rules", tooltip=told)
    whole = alt.layer(*layers, data=rows_of(rows)).facet(
        column=alt.Column("level:N", sort=list(_LEVELS), title=None)
    )
    return finished(whole, title="What an audit finds")
