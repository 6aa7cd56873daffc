"""The labels' boxes over a plot of both fractions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from campaignkit.report.charts.theme import DASHES, drawing, rows_of
from campaignkit.show.palette import INK, label_colours

if TYPE_CHECKING:
    from campaignkit.spec import SamplingSpec


def box_layers(spec: SamplingSpec, *, top: tuple[float, float]) -> list[Any]:
    """A frame with its name for each label's box, cut at the plot's `top` (x, y).

    Frames differ by dash as well as by colour.

    Examples
    --------
    >>> from campaignkit.report.charts import chart_rows
    >>> from campaignkit.spec import SamplingSpec
    >>> spec = SamplingSpec(type_ranges={"a": (1, 1), "b": (1, 1)}, label_params={
    ...     "pos": {"pos_frac_range": (.2, 1), "neg_frac_range": (0, .3), "num_samples": 1}})
    >>> frame, name = box_layers(spec, top=(0.5, 0.5))
    >>> chart_rows(frame)[0]["high"]
    0.5
    """
    alt = drawing()
    hues = label_colours(spec.label_params)
    layers = []
    for position, (name, box) in enumerate(spec.label_params.items()):
        low, high = (min(end, top[0]) for end in box.pos_frac_range)
        low_neg, high_neg = (min(end, top[1]) for end in box.neg_frac_range)
        row = {
            "label": name, "low": low, "high": high, "low_neg": low_neg, "high_neg": high_neg,
            "range": _said(box.pos_frac_range, box.neg_frac_range),
        }  # fmt: skip
        chart = alt.Chart(rows_of([row]))
        # A layer each: rectangles take their dash from the mark, not from a channel.
        frame = chart.mark_rect(
            fillOpacity=0,
            stroke=hues[name],
            strokeWidth=2,
            strokeDash=list(DASHES[(position + 1) % len(DASHES)]),
        ).encode(x="low:Q", x2="high:Q", y="low_neg:Q", y2="high_neg:Q", tooltip="range:N")
        word = chart.mark_text(
            align="right", baseline="top", dx=-4, dy=4, fontWeight=700, color=INK
        ).encode(x="high:Q", y="high_neg:Q", text="label:N")
        layers += [frame, word]
    return layers


def _said(positive: tuple[float, float], negative: tuple[float, float]) -> str:
    return f"+ from {positive[0]:g} to {positive[1]:g}, − from {negative[0]:g} to {negative[1]:g}"
