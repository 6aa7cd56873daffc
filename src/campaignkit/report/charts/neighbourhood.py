"""One attribute and all it has an edge to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from campaignkit.report.charts.theme import drawing, finished, rows_of
from campaignkit.show.palette import INK, NEGATIVE, PAPER, POSITIVE, label_colours

if TYPE_CHECKING:
    from campaignkit.catalogue import Attribute
    from campaignkit.graph import SignedGraph

_SIZE, _RADIUS = 620, 0.62
_SIGNS = {1: "+", -1: "−"}


def neighbourhood_chart(
    graph: SignedGraph, attribute: Attribute | tuple[str, str], *, max_shown: int = 72
) -> Any:
    """An attribute in the middle and its neighbours around it: + solid, - dashed.

    Parameters
    ----------
    graph : SignedGraph
    attribute : Attribute or (modality, value)
    max_shown : int
        Of more neighbours, evenly chosen ones are drawn, and the subtitle says of how many.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    UnknownAttribute
        If the graph has no such attribute; says what is spelled nearly so.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.SignedGraph.from_edges([ck.Edge(("brand", "Nike"), ("geo", "Brazil"), 1)])
    >>> from campaignkit.report.charts import chart_rows
    >>> chart = neighbourhood_chart(graph, ("brand", "Nike"))
    >>> chart_rows(chart)[0]["name"]
    'Brazil'
    """
    alt = drawing()
    centre = graph.catalogue[graph.catalogue.index(attribute)]
    found = list(graph.neighbors(centre.key).items())
    modalities = [name for name in graph.catalogue.modalities if name != centre.modality]
    # By modality and sign, so that what belongs together lies together on the circle.
    found.sort(key=lambda pair: (modalities.index(pair[0][0]), -pair[1]))
    kept = found
    if len(found) > max_shown:
        step = len(found) / max_shown
        kept = [found[int(i * step)] for i in range(max_shown)]
    rows = [_row(i, len(kept), key, sign) for i, (key, sign) in enumerate(kept)]
    flat = alt.Scale(domain=[-1, 1])
    x, y = alt.X("x:Q", scale=flat, axis=None), alt.Y("y:Q", scale=flat, axis=None)
    # Legends of what is drawn, no more.
    signs = [sign for sign in _SIGNS if any(found == sign for _, found in kept)]
    shown = [_SIGNS[sign] for sign in signs]
    hues_of, dashes_of = {1: POSITIVE, -1: NEGATIVE}, {1: [1, 0], -1: [5, 3]}
    hue = alt.Scale(domain=shown, range=[hues_of[sign] for sign in signs])
    dashes = alt.Scale(domain=shown, range=[dashes_of[sign] for sign in signs])
    chart = alt.Chart(rows_of(rows), width=_SIZE, height=_SIZE)
    told = ["name:N", "modality:N", "sign:N"]
    spokes = chart.mark_rule(strokeWidth=1.4, opacity=0.8).encode(
        x=x, y=y, x2="zero:Q", y2="zero:Q",
        color=alt.Color("sign:N", scale=hue, title="edge"),
        strokeDash=alt.StrokeDash("sign:N", scale=dashes, title="edge"),
        tooltip=told,
    )  # fmt: skip
    met = {modality for (modality, _), _ in kept}
    hues = {name: hue for name, hue in label_colours(modalities).items() if name in met}
    dots = chart.mark_circle(size=60).encode(
        x=x, y=y, tooltip=told,
        fill=alt.Fill("modality:N", title="modality",
                      scale=alt.Scale(domain=list(hues), range=list(hues.values()))),
    )  # fmt: skip
    middle = alt.Chart(rows_of([{"x": 0, "y": 0, "name": centre.value}]))
    name = middle.mark_text(fontSize=15, fontWeight=700, color=INK, stroke=PAPER,
                            strokeWidth=0.4).encode(x=x, y=y, text="name:N")  # fmt: skip
    hub = middle.mark_circle(size=1500, color=PAPER, opacity=0.85).encode(x=x, y=y)
    layers = [spokes, dots, *_names(rows, x, y), hub, name]
    helps = sum(sign > 0 for _, sign in found)
    said = f"{helps} +, {len(found) - helps} −"
    if len(kept) < len(found):
        said += f"; {len(kept)} of {len(found)} drawn"
    return finished(alt.layer(*layers), title=f"{centre.value} ({centre.modality})", subtitle=said)


def _row(position: int, count: int, key: tuple[str, str], sign: int) -> dict[str, object]:
    angle = 2 * math.pi * position / max(count, 1)
    x, y = _RADIUS * math.cos(angle), _RADIUS * math.sin(angle)
    degrees = -math.degrees(angle)
    is_left = math.cos(angle) < -1e-9
    return {
        "x": round(x, 4), "y": round(y, 4), "zero": 0, "name": key[1], "modality": key[0],
        "sign": _SIGNS[sign], "side": "left" if is_left else "right",
        "turn": round(degrees + 180 if is_left else degrees, 2),
    }  # fmt: skip


def _names(rows: list[dict[str, object]], x: Any, y: Any) -> list[Any]:
    """Names along the spokes; those on the left are turned, or stand on their heads."""
    alt = drawing()
    layers = []
    for side, align, shift in (("right", "left", 8), ("left", "right", -8)):
        held = [row for row in rows if row["side"] == side]
        if held:
            # The angle is a channel: one layer a side, however many names.
            mark = alt.Chart(rows_of(held)).mark_text(
                align=align, baseline="middle", dx=shift, fontSize=11, color=INK, limit=150
            )
            turn = alt.Angle("turn:Q", scale=None)
            layers.append(mark.encode(x=x, y=y, text="name:N", angle=turn))
    return layers
