"""Where each node stands on a circle, modality by modality."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from campaignkit.show.palette import series_colour

if TYPE_CHECKING:
    from campaignkit.graph.questions import GraphQuestions

_GAP = 0.035  # radians between two modalities


@dataclass(frozen=True, slots=True)
class Ring:
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

    Examples
    --------
    >>> Ring(10, 5, [0.0], {"brand": (0.0, 1.0)}, [0]).point(0.0, 5)
    (15.0, 10.0)
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


def ring_of(graph: GraphQuestions, *, radius: float, centre: float) -> Ring:
    """Place the nodes evenly, in catalogue order within their modality, with gaps between."""
    modalities = graph.catalogue.modalities
    sizes = {modality: len(graph.catalogue.of(modality)) for modality in modalities}
    gap = _GAP if len(modalities) > 1 else 0.0
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
    return Ring(centre, radius, angles, spans, graph.modality_codes.tolist())
