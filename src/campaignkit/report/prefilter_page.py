"""What a cluster pre-filter did, for people to read: a picture of the clusters, and a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from campaignkit.edges.methods.prefilter.asking import ClusterLabel, own_label
from campaignkit.edges.methods.prefilter.clustering import Cluster, Clustering
from campaignkit.edges.methods.prefilter.routing import Prefiltering
from campaignkit.show.page import Section, facts, figure, page, paragraph, table
from campaignkit.show.palette import GRID, MUTED, PAPER, series_colour
from campaignkit.show.svg import element, label, picture, text_width, tooltip
from campaignkit.store import atomic_file

_PANEL, _GAP, _TOP, _LINE = 340.0, 24.0, 52.0, 15.0
_SHAPES = 3  # colours repeat after eight, so shapes change with every round of them
_NAMED = 14  # clusters of a modality that are named beside the picture; the others in tooltips
_SHOWN = 200  # rows of a table on a page
_CAPTION = (
    "Each dot is an attribute; the axes are the two directions in which the descriptions of a "
    "modality differ most. Hollow dots were noise and went to the nearest cluster."
)


def write_prefilter(path: Path | str, found: Prefiltering) -> Path:
    """Write the page of a pre-filter: one HTML file that loads nothing and runs nothing.

    Parameters
    ----------
    path : path
        Where to write; there whole or not at all.
    found : Prefiltering
        What ``ClusterPrefilter.inspect(build)`` gives.

    Returns
    -------
    Path
        Where it is.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from campaignkit.catalogue import Attribute, Catalogue
    >>> from campaignkit.edges.methods.prefilter import Bands
    >>> nike = Catalogue([Attribute("brand", "Nike")])
    >>> clusters = Clustering(nike, (Cluster(0, "brand", (0,)),), np.zeros((1, 2)))
    >>> held = Prefiltering(clusters, (ClusterLabel("Nike"),), (), Bands(), {}, {}, {})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     "Left out" in write_prefilter(Path(folder, "clusters.html"), held).read_text("utf-8")
    True
    """
    with atomic_file(path) as partial:
        partial.write_bytes(prefilter_page(found).encode())
    return Path(path)


def prefilter_page(found: Prefiltering) -> str:
    """The page as HTML: settings, a picture, clusters, scores, and what was left out.

    Examples
    --------
    >>> import numpy as np
    >>> from campaignkit.catalogue import Attribute, Catalogue
    >>> from campaignkit.edges.methods.prefilter import Bands
    >>> nike = Catalogue([Attribute("brand", "Nike")])
    >>> clusters = Clustering(nike, (Cluster(0, "brand", (0,)),), np.zeros((1, 2)))
    >>> held = Prefiltering(clusters, (ClusterLabel("Nike"),), (), Bands(), {}, {}, {})
    >>> "Left out" in prefilter_page(held)
    True
    """
    clusters, labels = found.clustering.clusters, found.labels
    numbers = {
        "attributes": len(found.clustering.catalogue),
        "clusters": len(clusters),
        "noise": sum(len(cluster.noise) for cluster in clusters),
        "scores": len(found.scores),
        **{f"pairs: {word}": count for word, count in found.pairs_by_route.items()},
    }
    named = [
        [told.label, cluster.modality, len(cluster), len(cluster.noise), told.summary,
         ", ".join(told.characteristics), ", ".join(a.value for a in found.members(cluster))]
        for cluster, told in zip(clusters, labels, strict=True)
        if len(cluster) > 1
    ]  # fmt: skip
    scored = [
        [labels[s.source].label, labels[s.target].label, s.score, found.route(s).word,
         found.num_pairs(s)]
        for s in found.scores
    ]  # fmt: skip
    heads = ["label", "modality", "members", "noise", "summary", "characteristics", "who"]
    settings = [[name, value] for name, value in found.settings.items()]
    left_out = paragraph("Pairs that nobody judged, by the scores of their clusters.")
    return page(
        "Cluster pre-filter",
        [
            Section("Overview", facts(numbers) + table(["parameter", "value"], settings)),
            Section("Clusters", figure(draw_clusters(found.clustering, labels), _CAPTION)),
            Section("What they are", table(heads, named)),
            Section("Scores", _score_table(scored)),
            Section("Left out", left_out + _score_table(found.discarded)),
        ],
    )


def _score_table(rows: Sequence[Sequence[object]]) -> str:
    shown = [
        [one, other, "null" if score is None else score, why, pairs]
        for one, other, score, why, pairs in rows[:_SHOWN]
    ]
    more = len(rows) - _SHOWN
    drawn = table(["cluster", "against", "score", "route", "pairs"], shown)
    return drawn + (paragraph(f"and {more:,} more") if more > 0 else "")


def draw_clusters(clustering: Clustering, labels: Sequence[ClusterLabel] | None = None) -> str:
    """One panel a modality: dots coloured by cluster, hollow where noise; as SVG.

    Parameters
    ----------
    clustering : Clustering
        What is drawn; its places are the two directions in which descriptions differ most.
    labels : sequence of ClusterLabel, optional
        Names of the clusters; those of their first members without it.

    Examples
    --------
    >>> import numpy as np
    >>> from campaignkit.catalogue import Attribute, Catalogue
    >>> names = Catalogue(Attribute("brand", value) for value in ("Nike", "<Puma>"))
    >>> drawn = draw_clusters(
    ...     Clustering(names, (Cluster(0, "brand", (0, 1), noise=(1,)),), np.eye(2)))
    >>> "&lt;Puma&gt; in Nike, &lt;Puma&gt; (noise)" in drawn
    True
    """
    catalogue = clustering.catalogue
    named = labels or [own_label(catalogue, cluster) for cluster in clustering.clusters]
    modalities = list(catalogue.modalities)
    columns = 2 if len(modalities) > 1 else 1
    rows = -(-len(modalities) // columns) or 1
    height = _PANEL + _TOP + _LINE * (min(_longest(clustering), _NAMED) + 2)
    parts = []
    for number, modality in enumerate(modalities):
        left = (number % columns) * (_PANEL + _GAP)
        top = (number // columns) * height
        drawn = _panel(clustering, modality, named)
        parts.append(element("g", drawn, transform=f"translate({left:.0f} {top:.0f})"))
    width = columns * (_PANEL + _GAP)
    return picture(width, rows * height, "Attributes by cluster", *parts)


def _longest(clustering: Clustering) -> int:
    sizes = [
        sum(len(c) > 1 for c in clustering.of(modality))
        for modality in clustering.catalogue.modalities
    ]
    return max(sizes, default=0)


def _panel(clustering: Clustering, modality: str, named: Sequence[ClusterLabel]) -> str:
    clusters = clustering.of(modality)
    many = [cluster for cluster in clusters if len(cluster) > 1]
    look = {cluster.number: position for position, cluster in enumerate(many)}
    num = sum(len(cluster) for cluster in clusters)
    noise = sum(len(cluster.noise) for cluster in clusters)
    told = f"{num} attributes, {len(clusters)} clusters, {noise} noise"
    parts = [
        label(modality, 4, 18, size=15, font_weight=600),
        label(told, 4, 36, size=11, fill=MUTED),
        element(
            "rect", x=1, y=_TOP - 6, width=_PANEL - 2, height=_PANEL, fill="none", stroke=GRID
        ),
    ]
    for cluster in clusters:
        parts += _dots(clustering, cluster, look.get(cluster.number), named[cluster.number].label)
    line = _TOP + _PANEL + 12
    for cluster in many[:_NAMED]:
        position = look[cluster.number]
        parts.append(_mark(10, line - 4, position, hollow=False, said=""))
        parts.append(
            label(_short(f"{named[cluster.number].label} ({len(cluster)})"), 22, line, size=11)
        )
        line += _LINE
    if len(many) > _NAMED:
        parts.append(label(f"and {len(many) - _NAMED} more", 22, line, size=11, fill=MUTED))
    return "".join(parts)


def _dots(
    clustering: Clustering, cluster: Cluster, look: int | None, name: str
) -> list[str]:  # fmt: skip
    places = clustering.places
    inside = [i for c in clustering.of(cluster.modality) for i in c.members]
    low, high = places[inside].min(axis=0), places[inside].max(axis=0)
    spread = [max(float(s), 1e-9) for s in high - low]
    drawn = []
    for member in cluster.members:
        x = 14 + (_PANEL - 28) * float(places[member, 0] - low[0]) / spread[0]
        y = _TOP + 8 + (_PANEL - 28) * float(high[1] - places[member, 1]) / spread[1]
        hollow = member in cluster.noise
        said = clustering.catalogue[member].value
        if look is not None:
            said += f" in {name}" + (" (noise)" if hollow else "")
        drawn.append(_mark(x, y, look, hollow=hollow, said=said))
    return drawn


def _mark(x: float, y: float, look: int | None, *, hollow: bool, said: str) -> str:
    hue = MUTED if look is None else series_colour(look)
    fill: dict[str, str | float] = {
        "fill": PAPER if hollow else hue,
        "stroke": hue,
        "stroke_width": 1.5,
    }
    if look is None:
        fill |= {"fill_opacity": 0.35, "stroke_opacity": 0.35}
    title = [tooltip(said)] if said else []
    shape = 0 if look is None else look // 8 % _SHAPES
    if shape == 1:
        return element("rect", *title, **{"x": x - 4, "y": y - 4, "width": 8, "height": 8} | fill)
    if shape == 2:
        points = f"{x:.1f},{y - 5:.1f} {x - 5:.1f},{y + 4:.1f} {x + 5:.1f},{y + 4:.1f}"
        return element("polygon", *title, **{"points": points} | fill)
    return element("circle", *title, **{"cx": x, "cy": y, "r": 4.5} | fill)


def _short(text: str) -> str:
    room = int((_PANEL - 26) / text_width("m", 11))
    return text if len(text) <= room else text[: room - 3] + "..."
