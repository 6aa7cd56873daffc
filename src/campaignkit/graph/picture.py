"""Pictures of a graph: its nodes on a circle with their edges, and its signs by modality."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from campaignkit.graph.ring import Ring, ring_of
from campaignkit.show.heat_map import heat_map
from campaignkit.show.page import Section, facts, figure, page, paragraph, table
from campaignkit.show.palette import INK, MUTED, NEGATIVE, POSITIVE, diverging, series_colour
from campaignkit.show.svg import element, label, number, picture, text_width, tooltip

if TYPE_CHECKING:
    from campaignkit.graph.questions import GraphQuestions

SIZE, RADIUS = 1080.0, 350.0
MAX_EDGES = 8_000  # beyond that a browser stutters and the eye sees one grey disc
MAX_LABELS = 260  # beyond that names overlap
_BAND, _GAP = 15.0, 7.0

_STYLE = f"""
.p{{stroke:{POSITIVE}}}.m{{stroke:{NEGATIVE};stroke-dasharray:5 2.5}}
.e{{fill:none;stroke-width:.9;pointer-events:none}}
.n .e{{stroke-opacity:0;stroke-width:1.5}}
.n:hover .e{{stroke-opacity:1}}.n:hover text{{font-weight:700}}
.n{{cursor:default}}
"""


def draw_ring(graph: GraphQuestions, *, max_edges: int = MAX_EDGES) -> str:
    """The nodes on a circle by modality, edges as curves coloured by sign; as SVG.

    Resting the pointer on a node shows its edges alone. Positive edges are solid and blue,
    negative ones dashed and vermillion, so they differ without colour too.

    Parameters
    ----------
    max_edges : int
        Of more than that, evenly chosen ones are drawn, and the picture says so.
    """
    ring = ring_of(graph, radius=RADIUS, centre=SIZE / 2)
    rows, all_rows = _chosen(graph, max_edges)
    drawn = sorted(rows, key=lambda row: -int(graph.columns.sign[row]))
    opacity = min(0.6, max(0.05, 42 / math.sqrt(len(rows) + 1) / 10))
    body = [element("style", _STYLE)]
    body += [_arc(ring, modality, i) for i, modality in enumerate(ring.spans)]
    body += [_edges(graph, ring, drawn, opacity)]
    touching: dict[int, list[int]] = {}
    for row in rows:
        touching.setdefault(int(graph.columns.source[row]), []).append(row)
        touching.setdefault(int(graph.columns.target[row]), []).append(row)
    named = graph.num_nodes <= MAX_LABELS
    body += [
        _node(graph, ring, node, touching.get(node, []), named=named)
        for node in range(graph.num_nodes)
    ]
    body.append(_key(graph, len(rows), all_rows))
    title = f"Signed graph: {graph.num_nodes} attributes, {graph.num_edges:,} edges"
    return picture(SIZE, SIZE, title, *body)


def draw_signs(graph: GraphQuestions) -> str:
    """Share of + and - pairs between each two modalities, as a heat map; as SVG."""
    modalities = graph.catalogue.modalities
    counts = graph.by_modality_pair()
    rows, columns = modalities[:-1], modalities[1:]
    values: list[list[float | None]] = [[None] * len(columns) for _ in rows]
    texts = [[""] * len(columns) for _ in rows]
    for (a, b), held in counts.items():
        i, j = rows.index(a), columns.index(b)
        values[i][j] = held.pos_frac - held.neg_frac
        texts[i][j] = f"+ {held.pos_frac:.0%}\n− {held.neg_frac:.0%}"
    if not columns:
        return picture(400, 40, "One modality", label("One modality: no pairs", 0, 20))
    return heat_map(
        rows,
        columns,
        values,
        texts=texts,
        title="Share of pairs that are + and −, by modality",
        colour=lambda value: diverging(value * 0.85),
    )


def draw_page(graph: GraphQuestions) -> str:
    """A self-contained HTML page with both pictures and the counts."""
    rows = [
        [a, b, held.num_pairs, held.num_positive, held.num_negative, held.num_neutral]
        for (a, b), held in graph.by_modality_pair().items()
    ]
    head = ["modality", "modality", "pairs", "+", "−", "judged neutral"]
    caption = "Rest the pointer on a name to see its edges alone. + solid, − dashed."
    sections = [
        Section("The graph", figure(draw_ring(graph), caption)),
        Section("Signs by modality", figure(draw_signs(graph)) + table(head, rows)),
        Section("Identity", paragraph(f"Digest of attributes and signs: {graph.digest}")),
    ]
    return page("Signed graph", sections, lead=repr(graph)[len("SignedGraph(") : -1])


def draw_card(graph: GraphQuestions) -> str:
    """A few numbers and the heat map: what a notebook shows."""
    named = {
        "attributes": graph.num_nodes,
        "positive": graph.num_positive,
        "negative": graph.num_negative,
        "judged neutral": graph.num_neutral,
    }
    return facts(named) + (draw_signs(graph) if len(graph.catalogue.modalities) <= 16 else "")


def _chosen(graph: GraphQuestions, max_edges: int) -> tuple[list[int], int]:
    """Rows of the edges to draw, and how many there are in all."""
    rows = [row for row, sign in enumerate(graph.columns.sign.tolist()) if sign]
    if len(rows) <= max_edges:
        return rows, len(rows)
    # Evenly spaced in node order: every node keeps about its share.
    step = len(rows) / max_edges
    return [rows[int(i * step)] for i in range(max_edges)], len(rows)


def _edges(graph: GraphQuestions, ring: Ring, rows: list[int], opacity: float) -> str:
    """One path per node and sign, so that crossing edges grow darker but the file stays small."""
    paths: dict[tuple[int, str], list[str]] = {}
    for row in rows:
        sign = "p" if graph.columns.sign[row] > 0 else "m"
        paths.setdefault((int(graph.columns.source[row]), sign), []).append(
            _curve(graph, ring, row)
        )
    # Positive ones first: the fewer negative ones lie on top.
    parts = [
        element("path", d="".join(curves), class_=f"e {sign}")
        for (_, sign), curves in sorted(paths.items(), key=lambda item: item[0][1] == "m")
    ]
    return element("g", *parts, stroke_opacity=opacity) if parts else ""


def _curve(graph: GraphQuestions, ring: Ring, row: int) -> str:
    ends = int(graph.columns.source[row]), int(graph.columns.target[row])
    inner = RADIUS - _BAND - 2 * _GAP
    (x1, y1), (x2, y2) = (ring.point(ring.angles[end], inner) for end in ends)
    # The nearer the ends, the flatter the curve: the control point is pulled to the centre.
    pull = 0.28
    cx = ring.centre + (x1 + x2 - 2 * ring.centre) * pull
    cy = ring.centre + (y1 + y2 - 2 * ring.centre) * pull
    return f"M{x1:.0f} {y1:.0f}Q{cx:.0f} {cy:.0f} {x2:.0f} {y2:.0f}"


def _node(graph: GraphQuestions, ring: Ring, node: int, rows: list[int], *, named: bool) -> str:
    attribute, angle = graph.catalogue[node], ring.angles[node]
    signs = [int(graph.columns.sign[row]) for row in rows]
    said = f"{attribute.modality}: {attribute.value} ({signs.count(1)} +, {signs.count(-1)} −)"
    curves: dict[str, list[str]] = {}
    for row, sign in zip(rows, signs, strict=True):
        curves.setdefault("p" if sign > 0 else "m", []).append(_curve(graph, ring, row))
    x, y = ring.point(angle, RADIUS + 4)
    parts = [tooltip(said)]
    parts += [element("path", d="".join(c), class_=f"e {s}") for s, c in curves.items()]
    parts.append(element("circle", cx=x, cy=y, r=2.6 if named else 1.8, fill=ring.colour(node)))
    if named:
        size = min(12.5, max(7.5, 2 * math.pi * RADIUS / max(graph.num_nodes, 1) * 0.82))
        parts.append(_name(ring, angle, attribute.value, size))
    return element("g", *parts, class_="n")


def _name(ring: Ring, angle: float, value: str, size: float) -> str:
    x, y = ring.point(angle, RADIUS + 11)
    degrees = math.degrees(angle)
    left = math.cos(angle) < 0
    turn = f"rotate({number(degrees + 180 if left else degrees)} {number(x)} {number(y)})"
    room = int((SIZE / 2 - RADIUS - 14) / text_width("x", size))
    short = value if len(value) <= room else value[: room - 1] + "…"
    return label(
        short, x, y, anchor="end" if left else "start", size=size, transform=turn, dy=".35em"
    )


def _arc(ring: Ring, modality: str, position: int) -> str:
    """The band of a modality inside the ring, with its name along it where there is room."""
    start, stop = ring.spans[modality]
    middle = (start + stop) / 2
    r = RADIUS - _GAP - _BAND / 2
    (x1, y1), (x2, y2) = ring.point(start, r), ring.point(stop, r)
    large = 1 if stop - start > math.pi else 0
    path = f"M{x1:.1f} {y1:.1f}A{r:.1f} {r:.1f} 0 {large} 1 {x2:.1f} {y2:.1f}"
    hue = series_colour(position)
    band = element(
        "path",
        tooltip(modality),
        d=path, fill="none", stroke=hue, stroke_width=_BAND, stroke_opacity=0.28,
    )  # fmt: skip
    if text_width(modality, 11) > (stop - start) * r * 0.9:
        return band
    letters = []
    # Letter by letter: a text along a path would need ids that clash on a page with two pictures.
    below = math.sin(middle) > 0
    step = text_width("x", 11.5) / r
    for i, letter in enumerate(modality):
        away = (i - (len(modality) - 1) / 2) * step
        at = middle - away if below else middle + away
        x, y = ring.point(at, r)
        degrees = math.degrees(at) + (-90 if below else 90)
        turn = f"rotate({degrees:.1f} {x:.1f} {y:.1f})"
        letters.append(
            label(letter, x, y, anchor="middle", size=11, fill=INK, transform=turn, dy=".35em")
        )
    return band + element("g", *letters, aria_hidden="true", font_weight=600)


def _key(graph: GraphQuestions, num_drawn: int, num_all: int) -> str:
    lines = [
        (f"+ helps: {graph.num_positive:,}", "p"),
        (f"− harms: {graph.num_negative:,}", "m"),
    ]
    parts = []
    for row, (text, sign) in enumerate(lines):
        y = 22 + 20 * row
        parts.append(element("path", d=f"M8 {y - 4}h34", class_=f"e {sign}", stroke_width=2.4))
        parts.append(label(text, 50, y, size=13))
    if num_drawn < num_all:
        text = f"{num_drawn:,} of {num_all:,} edges drawn"
        parts.append(label(text, 8, 62, size=12, fill=MUTED))
    return "".join(parts)
