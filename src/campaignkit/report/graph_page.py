"""A page on a graph: its nodes on a circle with their edges, its signs by modality, its counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from campaignkit.graph import SignedGraph
from campaignkit.show.escape import escape
from campaignkit.show.heat_map import heat_map
from campaignkit.show.page import Section, columns, figure, page, paragraph, table
from campaignkit.show.palette import INK, MUTED, diverging, series_colour
from campaignkit.show.svg import element, label, number, picture, text_width, tooltip
from campaignkit.show.words import counted
from campaignkit.store import atomic_file

_BETWEEN = 0.035  # radians between two modalities
SIZE, RADIUS = 1080.0, 350.0
MAX_EDGES = 8_000  # beyond that a browser stutters and the eye sees one grey disc
MAX_LABELS = 260  # beyond that names overlap
_BAND, _GAP = 15.0, 7.0


def write_graph(path: Path | str, graph: SignedGraph) -> Path:
    """Write the page of a graph: one HTML file that loads nothing and runs nothing.

    Parameters
    ----------
    path : path
        Where to write; there whole or not at all.
    graph : SignedGraph

    Returns
    -------
    Path
        Where it is.

    Examples
    --------
    >>> import tempfile
    >>> from campaignkit.simulation import synthetic_graph
    >>> graph = synthetic_graph({"brand": 3, "geo": 2}, num_positive=3, num_negative=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_graph(Path(folder, "graph.html"), graph).name
    'graph.html'
    """
    with atomic_file(path) as partial:
        partial.write_bytes(graph_page(graph).encode())
    return Path(path)


def graph_page(graph: SignedGraph) -> str:
    """The page as HTML: both pictures and the counts.

    Examples
    --------
    >>> from campaignkit.simulation import synthetic_graph
    >>> graph = synthetic_graph({"brand": 3, "geo": 2}, num_positive=3, num_negative=2)
    >>> "Signs by modality" in graph_page(graph)
    True
    """
    sections = [
        Section("Signs by modality", signs_by_modality(graph)),
        Section("Every edge", ring_of_edges(graph)),
        Section("Identity", paragraph(f"Digest of attributes and signs: {graph.digest}")),
    ]
    lead = (
        f"{counted(graph.num_nodes, 'attribute')}, {graph.num_positive:,} pairs that help (+), "
        f"{graph.num_negative:,} that harm (−), {graph.num_neutral:,} judged neutral"
    )
    return page("Signed graph", sections, lead=lead)


def signs_by_modality(graph: SignedGraph) -> str:
    """The heat map of signs with its counts, as markup."""
    rows = [
        [a, b, held.num_pairs, held.num_positive, held.num_negative, held.num_neutral]
        for (a, b), held in graph.by_modality_pair().items()
    ]
    head = ["modality", "modality", "pairs", "+", "−", "judged neutral"]
    caption = "In each cell, the share of all pairs of the two that is + or −."
    return columns(figure(draw_signs(graph), caption), table(head, rows))


def ring_of_edges(graph: SignedGraph) -> str:
    """The ring with its caption, as markup."""
    return figure(
        draw_ring(graph),
        "Attributes by modality on a ring. Rest the pointer on a name to see its edges alone. "
        "+ is blue and solid, − vermillion and dashed.",
    )


def draw_ring(graph: SignedGraph, *, max_edges: int = MAX_EDGES) -> str:
    """The nodes on a circle by modality, edges as curves coloured by sign; as SVG.

    Resting the pointer on a node shows its edges alone. Positive edges are solid and blue,
    negative ones dashed and vermillion, so they differ without colour too.

    Parameters
    ----------
    max_edges : int
        Of more than that, evenly chosen ones are drawn, and the picture states this.
    """
    ring = _ring_of(graph, radius=RADIUS, centre=SIZE / 2)
    rows, all_rows = _chosen(graph, max_edges)
    named = graph.num_nodes <= MAX_LABELS
    body = [_arc(graph, ring, modality, i, named=named) for i, modality in enumerate(ring.spans)]
    body.append(_edges(graph, ring, rows))
    touching: dict[int, list[int]] = {}
    for row in rows:
        touching.setdefault(int(graph.columns.source[row]), []).append(row)
        touching.setdefault(int(graph.columns.target[row]), []).append(row)
    body += [
        _node(graph, ring, node, touching.get(node, []), named=named)
        for node in range(graph.num_nodes)
    ]
    body.append(_key(graph, len(rows), all_rows))
    title = f"Signed graph: {graph.num_nodes} attributes, {graph.num_edges:,} edges"
    look = (files("campaignkit.report") / "graph_ring.css").read_text(encoding="utf-8")
    ring_of_nodes = element("g", *body, class_="ck-ring")
    return picture(SIZE, SIZE, title, element("style", look), ring_of_nodes)


def draw_signs(graph: SignedGraph) -> str:
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
        colour=diverging,
    )


def _chosen(graph: SignedGraph, max_edges: int) -> tuple[list[int], int]:
    """Rows of the edges to draw, and how many there are in all."""
    rows = [row for row, sign in enumerate(graph.columns.sign.tolist()) if sign]
    if len(rows) <= max_edges:
        return rows, len(rows)
    # Evenly spaced in node order: every node keeps about its share.
    step = len(rows) / max_edges
    return [rows[int(i * step)] for i in range(max_edges)], len(rows)


def _edges(graph: SignedGraph, ring: _Ring, rows: list[int]) -> str:
    """One path per node and sign, so that crossing edges grow darker but the file stays small."""
    paths: dict[str, dict[int, list[str]]] = {"p": {}, "m": {}}
    for row in rows:
        sign = "p" if graph.columns.sign[row] > 0 else "m"
        source = int(graph.columns.source[row])
        paths[sign].setdefault(source, []).append(_curve(graph, ring, row))
    parts = []
    # The rarer sign is drawn last and stronger: it would drown otherwise.
    for sign in sorted(paths, key=lambda s: -sum(map(len, paths[s].values()))):
        num_curves = sum(map(len, paths[sign].values()))
        curves = [element("path", d="".join(c), class_=f"e {sign}") for c in paths[sign].values()]
        opacity = min(0.65, max(0.05, 240 / (num_curves + 1)))
        parts.append(element("g", *curves, stroke_opacity=opacity))
    return element("g", *parts, class_="all")


def _curve(graph: SignedGraph, ring: _Ring, row: int) -> str:
    ends = int(graph.columns.source[row]), int(graph.columns.target[row])
    inner = RADIUS - _BAND - 2 * _GAP
    (x1, y1), (x2, y2) = (ring.point(ring.angles[end], inner) for end in ends)
    # The nearer the ends, the flatter the curve: the control point is pulled to the centre.
    pull = 0.36
    cx = ring.centre + (x1 + x2 - 2 * ring.centre) * pull
    cy = ring.centre + (y1 + y2 - 2 * ring.centre) * pull
    return f"M{x1:.0f} {y1:.0f}Q{cx:.0f} {cy:.0f} {x2:.0f} {y2:.0f}"


def _node(graph: SignedGraph, ring: _Ring, node: int, rows: list[int], *, named: bool) -> str:
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


def _name(ring: _Ring, angle: float, value: str, size: float) -> str:
    x, y = ring.point(angle, RADIUS + 11)
    degrees = math.degrees(angle)
    left = math.cos(angle) < 0
    turn = f"rotate({number(degrees + 180 if left else degrees)} {number(x)} {number(y)})"
    room = int((SIZE / 2 - RADIUS - 14) / text_width("x", size))
    short = value if len(value) <= room else value[: room - 1] + "…"
    return label(
        short, x, y, anchor="end" if left else "start", size=size, transform=turn, dy=".35em"
    )


def _arc(graph: SignedGraph, ring: _Ring, modality: str, position: int, *, named: bool) -> str:
    """The band of a modality inside the ring, with its name: along it where there is room, or
    outside where no attributes' names stand in the way.
    """
    start, stop = ring.spans[modality]
    r = RADIUS - _GAP - _BAND / 2
    hue = series_colour(position)
    band = element(
        "path",
        tooltip(modality),
        d=_arc_path(ring, start, stop, r),
        fill="none", stroke=hue, stroke_width=_BAND, stroke_opacity=0.28,
    )  # fmt: skip
    if not named:
        middle = (start + stop) / 2
        x, y = ring.point(middle, RADIUS + 16)
        anchor = "end" if math.cos(middle) < 0 else "start"
        return band + label(modality, x, y, anchor=anchor, size=12.5, dy=".35em")
    if text_width(modality, 12) > (stop - start) * r * 0.95:
        return band
    # Below the middle the name runs the other way round, or it would stand on its head.
    below = math.sin((start + stop) / 2) > 0
    base = r + 4 if below else r - 4
    ends = (stop, start) if below else (start, stop)
    # Two pictures on a page may differ; the same graph draws the same arc twice.
    name = f"ck-arc-{graph.digest[7:15]}-{position}"
    along = element("path", id=name, d=_arc_path(ring, *ends, base), fill="none")
    text = element("textPath", escape(modality), href=f"#{name}", startOffset="50%")
    written = element(
        "text", text, text_anchor="middle", font_size=12, font_weight=600, fill=INK,
        pointer_events="none",
    )  # fmt: skip
    return band + along + written


def _arc_path(ring: _Ring, start: float, stop: float, radius: float) -> str:
    (x1, y1), (x2, y2) = ring.point(start, radius), ring.point(stop, radius)
    large = 1 if abs(stop - start) > math.pi else 0
    sweep = 1 if stop > start else 0
    r = number(radius)
    end = f"{number(x2)} {number(y2)}"
    return f"M{number(x1)} {number(y1)}A{r} {r} 0 {large} {sweep} {end}"


def _key(graph: SignedGraph, num_drawn: int, num_all: int) -> str:
    lines = [
        (f"+ helps: {graph.num_positive:,}", "p"),
        (f"− harms: {graph.num_negative:,}", "m"),
    ]
    parts = []
    for row, (text, sign) in enumerate(lines):
        y = 22 + 20 * row
        parts.append(element("path", d=f"M8 {y - 4}h34", class_=f"e k {sign}"))
        parts.append(label(text, 50, y, size=13))
    if num_drawn < num_all:
        text = f"{num_drawn:,} of {num_all:,} edges drawn"
        parts.append(label(text, 8, 62, size=12, fill=MUTED))
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class _Ring:
    """Angles in radians, clockwise from the top as screens count them.

    Attributes
    ----------
    centre, radius : float
        In pixels; the centre has the same x and y.
    angles : list of float
        Of each node, by node number.
    spans : dict of str to (start, stop)
        The arc of each modality.
    positions : list of int
        Each node's modality, as a position among the modalities.

    """

    centre: float
    radius: float
    angles: list[float]
    spans: dict[str, tuple[float, float]]
    positions: list[int]

    def point(self, angle: float, radius: float) -> tuple[float, float]:
        """The pixel at an angle and a distance from the centre."""
        return self.centre + radius * math.cos(angle), self.centre + radius * math.sin(angle)

    def colour(self, node: int) -> str:
        """The colour of a node's modality."""
        return series_colour(self.positions[node])


def _ring_of(graph: SignedGraph, *, radius: float, centre: float) -> _Ring:
    """Place the nodes evenly, in catalogue order within their modality, with gaps between."""
    modalities = graph.catalogue.modalities
    sizes = {modality: len(graph.catalogue.of(modality)) for modality in modalities}
    gap = _BETWEEN if len(modalities) > 1 else 0.0
    step = (2 * math.pi - gap * len(modalities)) / max(graph.num_nodes, 1)
    spans, at = {}, -math.pi / 2
    for modality in modalities:
        spans[modality] = (at, at + sizes[modality] * step)
        at += sizes[modality] * step + gap
    placed = dict.fromkeys(modalities, 0)
    angles = []
    for attribute in graph.catalogue:
        start = spans[attribute.modality][0]
        angles.append(start + (placed[attribute.modality] + 0.5) * step)
        placed[attribute.modality] += 1
    return _Ring(centre, radius, angles, spans, graph.modality_codes.tolist())
