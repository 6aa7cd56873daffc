"""The signed graph that the campaigns stand on."""

from __future__ import annotations

from campaignkit.report.graph_page import draw_ring, draw_signs
from campaignkit.report.subject import Subject
from campaignkit.show.page import Section, figure, paragraph, table

_REASONS = 5  # edges of each sign told in words


def graph_section(subject: Subject) -> Section:
    """The ring, the heat map of signs, and a few edges with their reasons.

    Examples
    --------
    >>> graph_section.__name__
    'graph_section'
    """
    graph = subject.graph
    ring = figure(
        draw_ring(graph),
        "Attributes by modality on a ring. Rest the pointer on a name to see its edges alone. "
        "+ is blue and solid, − vermillion and dashed.",
    )
    signs = figure(
        draw_signs(graph),
        "In each cell, the share of all pairs of the two that is + or −.",
    )
    return Section("The signed graph", ring + signs + _reasons(subject))


def _reasons(subject: Subject) -> str:
    told: dict[int, list[list[object]]] = {1: [], -1: []}
    seen: set[tuple[int, str, str]] = set()
    for edge in subject.graph.edges(neutrals=False):
        # One edge of each kind of pair first: five of one brand would teach little.
        kind = (edge.sign, edge.source[0], edge.target[0])
        if edge.reason and kind not in seen and len(told[edge.sign]) < _REASONS:
            seen.add(kind)
            sign = "+" if edge.sign > 0 else "−"
            told[edge.sign].append([sign, edge.source[1], edge.target[1], edge.reason])
    rows = told[1] + told[-1]
    if not rows:
        return ""
    return paragraph("Every edge has its reason. Some of them:") + table(
        ["sign", "attribute", "attribute", "reason"], rows
    )
