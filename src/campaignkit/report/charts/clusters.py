"""A map of attributes, each with its cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from campaignkit.errors import SettingError
from campaignkit.report.charts.theme import (
    SHAPES,
    drawing,
    finished,
    named,
    rows_of,
)
from campaignkit.show.palette import NEUTRAL, SERIES

_SIZE = 620, 460
_OUTSIDE = "no cluster"
_MARKS = tuple(mark for mark in SHAPES if mark != "cross")  # which is for what is in no cluster


def cluster_chart(
    points: ArrayLike,
    clusters: ArrayLike,
    names: Sequence[str],
    *,
    cluster_names: Sequence[str] = (),
) -> Any:
    """Attributes on a plane, coloured and shaped by cluster.

    Parameters
    ----------
    points : float[n, 2]
        Where each attribute lies; the axes have no unit.
    clusters : int[n]
        The cluster of each, from 0; -1 where it is in none.
    names : sequence of str
        What each is called; shown next to the point where there is room, on hover always.
    cluster_names : sequence of str, optional
        What cluster 0, 1, ... is called.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    SettingError
        If the three do not speak of the same number of attributes.

    Examples
    --------
    >>> from campaignkit.report.charts import chart_rows
    >>> chart = cluster_chart([[0, 0], [1, 1]], [0, -1], ["Nike", "Rolex"])
    >>> [row["cluster"] for row in chart_rows(chart)]
    ['1', 'no cluster']
    """
    alt = drawing()
    at = np.asarray(points, dtype=np.float64)
    held = np.asarray(clusters, dtype=np.int64)
    if at.shape != (len(names), 2) or held.shape != (len(names),):
        raise SettingError(
            f"points of shape {at.shape}, clusters of shape {held.shape} and {len(names)} names; "
            "expected float[n, 2], int[n] and n names"
        )
    found = int(held.max(initial=-1)) + 1
    called = [*cluster_names[:found], *(str(i + 1) for i in range(len(cluster_names), found))]
    rows = [
        {"x": x, "y": y, "name": name, "cluster": called[code] if code >= 0 else _OUTSIDE}
        for (x, y), code, name in zip(at.tolist(), held.tolist(), names, strict=True)
    ]
    outside = int((held < 0).sum())
    order = [*called, *([_OUTSIDE] if outside else [])]
    hues = [SERIES[i % len(SERIES)] for i in range(found)] + [NEUTRAL] * bool(outside)
    # Eight colours and five shapes: forty clusters before two look the same.
    marks = [_MARKS[(i // len(SERIES) + i) % len(_MARKS)] for i in range(found)]
    marks += ["cross"] * bool(outside)
    alone = alt.Axis(labels=False, ticks=False, grid=False, title=None, domain=False)
    flat = alt.Scale(zero=False, nice=True, padding=20)
    chart = alt.Chart(rows_of(rows), width=_SIZE[0], height=_SIZE[1])
    place = {"x": alt.X("x:Q", axis=alone, scale=flat), "y": alt.Y("y:Q", axis=alone, scale=flat)}
    dots = chart.mark_point(filled=True, size=70, opacity=0.85).encode(
        **place,
        color=alt.Color("cluster:N", scale=alt.Scale(domain=order, range=hues), title="cluster"),
        shape=alt.Shape("cluster:N", scale=alt.Scale(domain=order, range=marks), title="cluster"),
        tooltip=["name:N", "cluster:N"],
    )
    layers = [dots, *named(rows, ("x", "y"), size=_SIZE, **place)]
    said = f"{len(names)} attributes, {found} clusters, {outside} in none"
    return finished(alt.layer(*layers), title="Clusters of attributes", subtitle=said)
