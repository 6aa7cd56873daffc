"""The numbers behind a chart."""

from __future__ import annotations

from typing import Any


def chart_rows(chart: Any, table: int = 0) -> list[dict[str, Any]]:  # Any: an altair chart
    """The rows that a chart carries, for a table next to it or a check of it.

    Parameters
    ----------
    chart : altair chart
    table : int
        Charts of several layers may hold several tables, in order of their layers.

    Examples
    --------
    >>> from campaignkit.report.charts import confusion_chart
    >>> [cell["count"] for cell in chart_rows(confusion_chart([[8, 2], [1, 9]], ["pos", "neg"]))]
    [8, 2, 1, 9]
    """
    told: dict[str, Any] = chart.to_dict()
    tables = list(told.get("datasets", {}).values())
    held = [part["values"] for part in _data(told) if "values" in part]
    rows: list[dict[str, Any]] = [*tables, *held][table]
    return rows


def _data(told: Any) -> list[dict[str, Any]]:
    if isinstance(told, list):
        return [data for part in told for data in _data(part)]
    if not isinstance(told, dict):
        return []
    own = [told["data"]] if isinstance(told.get("data"), dict) else []
    return own + [
        data
        for name in ("layer", "hconcat", "vconcat", "concat", "spec")
        for data in _data(told.get(name))
    ]
