"""What a pre-filter did, to look at: clusters, labels, scores, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges.graph_build import GraphBuild
from campaignkit.edges.prefilter.bands import Bands, Route
from campaignkit.edges.prefilter.clustering import Cluster, Clustering
from campaignkit.edges.prefilter.labels import ClusterLabel
from campaignkit.edges.prefilter.scores import ClusterScore
from campaignkit.errors import GraphError
from campaignkit.show import Section, facts, figure, page, paragraph, table
from campaignkit.store import atomic_file

DETAIL = "prefilter"  # its name among a report's details
_SHOWN = 200  # rows of a table on a page


@dataclass(frozen=True, slots=True)
class Prefiltering:
    """The steps of a pre-filter as they went.

    Attributes
    ----------
    clustering : Clustering
        Every attribute in one cluster, noise flagged.
    labels : tuple of ClusterLabel
        By cluster number.
    scores : tuple of ClusterScore
        Of every two clusters of different modalities.
    bands : Bands
        What the scores were cut by.
    pairs_by_route : mapping of str to int
        What became of the pairs: adds up to all of them. "noise" are those that would have
        inherited, but for a member flagged as noise, and were classified instead.
    settings : mapping of str to str
        Embedder, reduction, clusterer and the other parameters.
    described : mapping of int to str
        The descriptions that the model gave, by catalogue position; see `catalogue`.
    not_described : mapping of int to str
        Why attributes have no description though the model was asked.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> import numpy as np
    >>> empty = Clustering(Catalogue([]), (), np.zeros((0, 2)))
    >>> Prefiltering(empty, (), (), Bands(), {}, {}, {}, {}).discarded
    []
    """

    clustering: Clustering
    labels: tuple[ClusterLabel, ...]
    scores: tuple[ClusterScore, ...]
    bands: Bands
    pairs_by_route: Mapping[str, int]
    settings: Mapping[str, str]
    described: Mapping[int, str]
    not_described: Mapping[int, str]

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue with the descriptions that the model gave: paid for, so keep them."""
        return Catalogue(
            Attribute(a.modality, a.value, self.described.get(position, a.description), a.traits)
            for position, a in enumerate(self.clustering.catalogue)
        )

    def route(self, score: ClusterScore) -> Route:
        """What a score meant for the pairs of its two clusters."""
        return self.bands.route(score.score) if score.is_answered else Route.UNSCORED

    def members(self, cluster: Cluster | int) -> tuple[Attribute, ...]:
        """The attributes of a cluster."""
        held = self.clustering.clusters[cluster] if isinstance(cluster, int) else cluster
        return tuple(self.clustering.catalogue[position] for position in held.members)

    def num_pairs(self, score: ClusterScore) -> int:
        """How many pairs a score decides."""
        clusters = self.clustering.clusters
        return len(clusters[score.source]) * len(clusters[score.target])

    @property
    def discarded(self) -> list[tuple[str, str, int | None, str, int]]:
        """Whose pairs nobody judged: two labels, the score, why, and how many pairs.

        Not viable ones, whose score was null, stand apart from those between the bands.
        """
        return [
            (
                self.labels[one.source].label,
                self.labels[one.target].label,
                one.score,
                self.route(one).word,
                self.num_pairs(one),
            )
            for one in self.scores
            if self.route(one) in (Route.DISCARD, Route.NOT_VIABLE)
        ]

    def to_dict(self) -> dict[str, Any]:
        """JSON values; :meth:`from_dict` reads them."""
        bands = self.bands
        return {
            **self.clustering.to_dict(),
            "labels": [
                [one.label, one.summary, list(one.characteristics), one.failure]
                for one in self.labels
            ],
            "scores": [[s.source, s.target, s.score, s.failure] for s in self.scores],
            "bands": [
                bands.positive,
                bands.negative,
                bands.inherit_positive,
                bands.inherit_negative,
            ],
            "pairs_by_route": dict(self.pairs_by_route),
            "settings": dict(self.settings),
            "described": {str(at): text for at, text in self.described.items()},
            "not_described": {str(at): why for at, why in self.not_described.items()},
        }

    @classmethod
    def from_dict(cls, held: Mapping[str, Any], *, catalogue: Catalogue) -> Prefiltering:
        """What `to_dict` wrote, of the same catalogue."""
        return cls(
            clustering=Clustering.from_dict(held, catalogue=catalogue),
            labels=tuple(
                ClusterLabel(label, summary, tuple(three), failure)
                for label, summary, three, failure in held["labels"]
            ),
            scores=tuple(ClusterScore(*one) for one in held["scores"]),
            bands=Bands(*held["bands"]),
            pairs_by_route=dict(held["pairs_by_route"]),
            settings=dict(held["settings"]),
            described={int(at): text for at, text in held["described"].items()},
            not_described={int(at): why for at, why in held["not_described"].items()},
        )

    @classmethod
    def of(cls, build: GraphBuild) -> Prefiltering:
        """What the pre-filter of a build did.

        Raises
        ------
        GraphError
            If the build was made by another method.
        """
        held = build.report.details.get(DETAIL)
        if not isinstance(held, Mapping):
            raise GraphError(
                "this build was not made by ClusterPrefilter",
                hint="build_graph(..., method=ClusterPrefilter(...)) makes one",
            )
        return cls.from_dict(held, catalogue=build.graph.catalogue)

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write a self-contained page: picture, clusters, scores, what was left out."""
        with atomic_file(Path(path)) as partial:
            partial.write_bytes(self._page().encode())

    def __str__(self) -> str:
        clusters = self.clustering.clusters
        noise = sum(len(cluster.noise) for cluster in clusters)
        routes = Counter(self.route(one).word for one in self.scores)
        scored = ", ".join(f"{count:,} {word}" for word, count in routes.most_common())
        pairs = ", ".join(f"{count:,} {word}" for word, count in self.pairs_by_route.items())
        return (
            f"{len(self.clustering.catalogue):,} attributes in {len(clusters):,} clusters, "
            f"{noise:,} of them noise\n"
            f"  {len(self.scores):,} scores: {scored}\n  pairs: {pairs}"
        )

    def _repr_svg_(self) -> str:
        from campaignkit.edges.prefilter.picture import draw_clusters

        return draw_clusters(self.clustering, self.labels)

    def _page(self) -> str:
        clusters = self.clustering.clusters
        numbers = {
            "attributes": len(self.clustering.catalogue),
            "clusters": len(clusters),
            "noise": sum(len(cluster.noise) for cluster in clusters),
            "scores": len(self.scores),
            **{f"pairs: {word}": count for word, count in self.pairs_by_route.items()},
        }
        caption = (
            "Each dot is an attribute; the axes are the two directions in which the descriptions "
            "of a modality differ most. Hollow dots were noise and went to the nearest cluster."
        )
        told = [
            [labels.label, cluster.modality, len(cluster), len(cluster.noise), labels.summary,
             ", ".join(labels.characteristics),
             ", ".join(a.value for a in self.members(cluster))]
            for cluster, labels in zip(clusters, self.labels, strict=True)
            if len(cluster) > 1
        ]  # fmt: skip
        scored = [
            [self.labels[s.source].label, self.labels[s.target].label,
             "null" if s.score is None else s.score, self.route(s).word, self.num_pairs(s)]
            for s in self.scores
        ]  # fmt: skip
        heads = ["cluster", "against", "score", "route", "pairs"]
        return page(
            "Cluster pre-filter",
            [
                Section("Overview", facts(numbers) + _settings(self.settings)),
                Section("Clusters", figure(self._repr_svg_(), caption)),
                Section(
                    "What they are",
                    table(
                        [
                            "label",
                            "modality",
                            "members",
                            "noise",
                            "summary",
                            "characteristics",
                            "who",
                        ],
                        told,
                    ),
                ),
                Section("Scores", table(heads, scored[:_SHOWN]) + _rest(len(scored))),
                Section(
                    "Left out",
                    paragraph("Pairs that nobody judged, by the scores of their clusters.")
                    + table(
                        heads,
                        [
                            [a, b, "null" if score is None else score, why, count]
                            for a, b, score, why, count in self.discarded[:_SHOWN]
                        ],
                    )
                    + _rest(len(self.discarded)),
                ),
            ],
        )


def _settings(settings: Mapping[str, str]) -> str:
    return table(["parameter", "value"], [[name, value] for name, value in settings.items()])


def _rest(count: int) -> str:
    return paragraph(f"and {count - _SHOWN:,} more") if count > _SHOWN else ""
