"""Whether a model is as sure as it is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from campaignkit.errors import SettingError
from campaignkit.report.charts.theme import (
    area,
    drawing,
    finished,
    lines_and_dots,
    percent,
    rows_of,
)
from campaignkit.show.palette import MUTED


def calibration_chart(
    models: Mapping[str, tuple[ArrayLike, ArrayLike]], *, num_bins: int = 10
) -> Any:
    """Share right against the probability given, in bins of equally many rows.

    Parameters
    ----------
    models : mapping of str to (float[n], bool[n])
        The probability that a model gave its own answer, and whether the answer was right.
    num_bins : int
        At most so many bins; their edges are quantiles.

    Returns
    -------
    altair.LayerChart
        The subtitle gives each model's expected calibration error: the mean gap over rows.

    Raises
    ------
    SettingError
        If the two are not of one length, or a probability is outside [0, 1].

    Examples
    --------
    >>> chart = calibration_chart({"sure": ([.9, .9, .9, .9], [1, 1, 1, 0])}, num_bins=1)
    >>> chart.to_dict()["title"]["subtitle"]
    'expected calibration error: sure 0.150'
    """
    alt = drawing()
    rows: list[dict[str, object]] = []
    errors = []
    for name, (given, right) in models.items():
        held, error = _bins(name, given, right, num_bins)
        rows += held
        errors.append(f"{name} {error:.3f}")
    ends = alt.Scale(domain=[0, 1])
    chart = alt.Chart(rows_of(rows), width=380, height=380).encode(
        x=alt.X(**percent("probability:Q", "probability given"), scale=ends),
        y=alt.Y(**percent("right:Q", "share right"), scale=ends),
    )
    diagonal = (
        alt.Chart(rows_of([{"a": 0, "b": 1}]))
        .mark_rule(color=MUTED, strokeDash=[2, 3])
        .encode(x="a:Q", y="a:Q", x2="b:Q", y2="b:Q")
    )
    layers = lines_and_dots(
        chart, "model:N", list(models), title="model",
        size=area("rows:Q", (int(str(row["rows"])) for row in rows), title="rows", most=140),
        tooltip=["model:N", "probability:Q", "right:Q", "rows:Q"],
    )  # fmt: skip
    return finished(
        alt.layer(diagonal, *layers),
        title="Calibration",
        subtitle=f"expected calibration error: {', '.join(errors)}",
    )


def _bins(
    name: str, given: ArrayLike, right: ArrayLike, num_bins: int
) -> tuple[list[dict[str, object]], float]:
    at, hit = np.asarray(given, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if at.ndim != 1 or at.shape != hit.shape:
        raise SettingError(
            f"model {name!r}: probabilities of shape {at.shape} and answers of shape {hit.shape}; "
            "expected two arrays of one length"
        )
    if at.size and not ((at >= 0) & (at <= 1)).all():
        raise SettingError(
            f"model {name!r}: probabilities from {at.min()} to {at.max()}; expected [0, 1]"
        )
    order = np.argsort(at, kind="stable")
    parts = [p for p in np.array_split(order, max(1, min(num_bins, at.size))) if p.size]
    rows = [
        {
            "model": name, "rows": int(part.size), "probability": float(at[part].mean()),
            "right": float(hit[part].mean()),
        }
        for part in parts
    ]  # fmt: skip
    gaps = [abs(at[part].mean() - hit[part].mean()) * part.size for part in parts]
    return rows, float(sum(gaps) / max(at.size, 1))
