"""Which labels are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from campaignkit.errors import SettingError
from campaignkit.report.charts.theme import SIGNS, drawing, finished, rows_of
from campaignkit.show.palette import GRID, INK


def confusion_chart(matrix: ArrayLike, labels: Sequence[str], *, title: str = "Confusion") -> Any:
    """Rows are true labels, columns predicted ones; a cell's colour is its share of the row.

    Parameters
    ----------
    matrix : int[c, c]
        Counts.
    labels : sequence of str
        Their names, in the order of rows and columns.
    title : str

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    SettingError
        If the matrix is not square, has another size than the labels, or a negative count.

    Examples
    --------
    >>> from campaignkit.report.charts import chart_rows
    >>> cells = chart_rows(confusion_chart([[8, 2], [1, 9]], ["pos", "neg"]))
    >>> [cell["share"] for cell in cells]
    [0.8, 0.2, 0.1, 0.9]
    """
    alt = drawing()
    counts = np.asarray(matrix)
    if counts.shape != (len(labels), len(labels)) or (counts < 0).any():
        raise SettingError(
            f"a confusion matrix of shape {counts.shape} for {len(labels)} labels; "
            "expected counts of shape [labels, labels], none below 0"
        )
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows = [
        {
            "truth": truth, "predicted": predicted, "count": int(counts[i, j]),
            "share": float(shares[i, j]),
            "percent": f"{shares[i, j]:.1%}",
            "number": f"{counts[i, j]:,}",
        }
        for i, truth in enumerate(labels)
        for j, predicted in enumerate(labels)
    ]  # fmt: skip
    names = list(labels)
    chart = alt.Chart(rows_of(rows), width={"step": 84}, height={"step": 60}).encode(
        x=alt.X("predicted:N", sort=names, axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y("truth:N", sort=names),
    )
    scale = alt.Scale(domain=[0, 1], range=list(SIGNS[1:]), interpolate="rgb")
    cells = chart.mark_rect(stroke=GRID).encode(
        color=alt.Color("share:Q", scale=scale, title="share of the row",
                        legend=alt.Legend(format="~%")),
        tooltip=["truth:N", "predicted:N", "count:Q", "share:Q"],
    )  # fmt: skip
    percents = chart.mark_text(fontSize=13, dy=-8, color=INK).encode(text="percent:N")
    numbers = chart.mark_text(fontSize=13, dy=9, color=INK).encode(text="number:N")
    return finished(
        alt.layer(cells, percents, numbers), title=title, subtitle=f"{int(counts.sum()):,} rows"
    )
