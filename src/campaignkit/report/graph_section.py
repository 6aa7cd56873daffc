"""The signed graph that the campaigns stand on."""

from __future__ import annotations

from campaignkit.report.graph_page import ring_of_edges, signs_by_modality
from campaignkit.report.subject import Subject
from campaignkit.show.page import Section, paragraph, table

_REASONS = 5  # edges of each sign told in words


def graph_section(subject: Subject) -> Section:
    """The heat map of signs, a few edges with their reasons, and all of them on a ring.

    Examples
    --------
    >>> graph_section.__name__
    'graph_section'
    """
    body = signs_by_modality(subject.graph) + _reasons(subject) + ring_of_edges(subject.graph)
    return Section("The signed graph", body)


def _reasons(subject: Subject) -> str:
    told: dict[int, list[list[object]]] = {1: [], -1: []}
    seen: set[tuple[int, str, str]] = set()
    for edge in subject.graph.edges(neutrals=False):
        # One edge of each kind of pair first: five of one brand would teach little.
        kind = (edge.sign, edge.source[0], edge.target[0])
        if edge.reason and kind not in seen and len(told[edge.sign]) < _REASONS:
            seen.add(kind)
            sign = "+" if edge.sign > 0 else "−"
            pair = f"{edge.source[1]} × {edge.target[1]}"
            told[edge.sign].append([sign, pair, edge.reason])
    rows = told[1] + told[-1]
    if not rows:
        return ""
    return paragraph("Every edge has its reason. Some of them:") + table(
        ["sign", "pair", "reason"], rows
    )
