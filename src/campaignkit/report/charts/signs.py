"""Signs as a heat map: shares by modality, or every pair of two modalities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from campaignkit.errors import GraphError
from campaignkit.report.charts.theme import SIGNS, drawing, finished, rows_of
from campaignkit.show.palette import GRID, INK

if TYPE_CHECKING:
    from campaignkit.graph import SignedGraph

_MOST = 200  # attributes of a side: beyond that a cell is less than a pixel wide


def sign_chart(
    graph: SignedGraph, modalities: tuple[str, str] | None = None, *, max_side: int = _MOST
) -> Any:
    """Shares of + and - by pair of modalities; of two modalities, the sign of every pair.

    Parameters
    ----------
    graph : SignedGraph
    modalities : (str, str), optional
        Rows and columns of a map of single pairs. Each cell has its sign as a character too.
    max_side : int
        The map of single pairs refuses modalities of more attributes.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    GraphError
        If a modality is not there, the two are the same, or one has too many attributes.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> from campaignkit.report.charts import chart_rows
    >>> len(chart_rows(sign_chart(graph)))  # of 4 modalities
    6
    >>> len(chart_rows(sign_chart(graph, ("brand", "platform"))))  # 10 brands and 3 platforms
    30
    """
    if modalities is None:
        return _by_modality(graph)
    return _by_attribute(graph, modalities, max_side)


def _by_modality(graph: SignedGraph) -> Any:
    alt = drawing()
    rows = [
        {
            "row": a, "column": b, "balance": held.pos_frac - held.neg_frac,
            "plus": f"+ {held.pos_frac:.0%}", "minus": f"− {held.neg_frac:.0%}",
            "pairs": held.num_pairs, "positive": held.num_positive, "negative": held.num_negative,
        }
        for (a, b), held in graph.by_modality_pair().items()
    ]  # fmt: skip
    names = list(graph.catalogue.modalities)
    step = {"step": 74}
    chart = alt.Chart(rows_of(rows), width=step, height={"step": 52}).encode(
        x=alt.X("column:N", sort=names, title=None, axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y("row:N", sort=names, title=None),
    )
    scale = alt.Scale(domain=[-1, 0, 1], range=list(SIGNS), interpolate="rgb")
    cells = chart.mark_rect(stroke=GRID).encode(
        color=alt.Color("balance:Q", scale=scale, title="share of + less share of −"),
        tooltip=["row:N", "column:N", "pairs:Q", "positive:Q", "negative:Q"],
    )
    plus = chart.mark_text(fontSize=12, color=INK, dy=-7).encode(text="plus:N")
    minus = chart.mark_text(fontSize=12, color=INK, dy=8).encode(text="minus:N")
    return finished(
        alt.layer(cells, plus, minus),
        title="Signs by modality",
        subtitle=f"{graph.num_positive:,} + and {graph.num_negative:,} − edges",
    )


def _by_attribute(graph: SignedGraph, modalities: tuple[str, str], max_side: int) -> Any:
    alt = drawing()
    sides = [_attributes(graph, name, max_side) for name in modalities]
    if modalities[0] == modalities[1]:
        raise GraphError(
            f"both modalities are {modalities[0]!r}; attributes of one modality share no edge"
        )
    marks = {1: "+", -1: "−", 0: ""}
    rows = [
        {"row": a.value, "column": b.value, "sign": sign, "text": marks[sign]}
        for a in sides[0]
        for b in sides[1]
        for sign in [graph.sign(a.key, b.key)]
    ]
    across, down = [a.value for a in sides[1]], [a.value for a in sides[0]]
    step = 15 if max(len(across), len(down)) <= 80 else 6
    chart = alt.Chart(rows_of(rows), width={"step": step}, height={"step": step}).encode(
        x=alt.X("column:N", sort=across, title=modalities[1],
                axis=alt.Axis(labelAngle=-60, orient="top", labelLimit=160)),
        y=alt.Y("row:N", sort=down, title=modalities[0], axis=alt.Axis(labelLimit=160)),
    )  # fmt: skip
    hues = {1: SIGNS[2], -1: SIGNS[0], 0: SIGNS[1]}
    met = [sign for sign in hues if any(row["sign"] == sign for row in rows)]
    scale = alt.Scale(domain=met, range=[hues[sign] for sign in met])
    words = "{'1': '+', '-1': '−', '0': 'no edge'}[datum.label]"
    cells = chart.mark_rect(stroke=GRID).encode(
        color=alt.Color(
            "sign:O", scale=scale, title="sign", sort=met, legend=alt.Legend(labelExpr=words)
        ),
        tooltip=["row:N", "column:N", "sign:Q"],
    )
    texts = chart.mark_text(fontSize=11, fontWeight=700, color=INK).encode(text="text:N")
    layers = [cells, texts] if step == 15 else [cells]
    return finished(alt.layer(*layers), title=f"Signs of {modalities[0]} and {modalities[1]}")


def _attributes(graph: SignedGraph, modality: str, max_side: int) -> list[Any]:
    held = [a for a in graph.catalogue if a.modality == modality]
    if not held:
        raise GraphError(
            f"the graph has no modality {modality!r}",
            hint=f"its modalities are {', '.join(graph.catalogue.modalities)}",
        )
    if len(held) > max_side:
        raise GraphError(
            f"modality {modality!r} has {len(held):,} attributes; at most {max_side} are drawn",
            hint="call it without modalities, for shares by modality",
        )
    return held
