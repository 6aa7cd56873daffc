"""What a pre-filter did, to look at: clusters, labels, scores, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges.methods.prefilter.asking import ClusterLabel, ClusterScore
from campaignkit.edges.methods.prefilter.clustering import Cluster, Clustering
from campaignkit.edges.methods.prefilter.routing import Bands, Route
from campaignkit.edges.report import GraphBuild
from campaignkit.errors import GraphError

DETAIL = "prefilter"  # its name among a report's details


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
    by_fallback : tuple of str
        Modalities that were described by the fallback's points: no guide has their name.

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
    by_fallback: tuple[str, ...] = ()

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue with the descriptions that the model gave: paid for, so keep them."""
        return Catalogue(
            replace(a, description=self.described.get(position, a.description))
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
        return {
            **self.clustering.to_dict(),
            "labels": [
                [one.label, one.summary, list(one.characteristics), one.failure]
                for one in self.labels
            ],
            "scores": [list(astuple(score)) for score in self.scores],
            "bands": list(astuple(self.bands)),
            "pairs_by_route": dict(self.pairs_by_route),
            "settings": dict(self.settings),
            "described": {str(at): text for at, text in self.described.items()},
            "not_described": {str(at): why for at, why in self.not_described.items()},
            "by_fallback": list(self.by_fallback),
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
            by_fallback=tuple(held["by_fallback"]),
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
        if isinstance(held, str):
            raise GraphError(
                f"the pre-filter was not used: {held}",
                hint="ClusterPrefilter(brute_force_from=None) uses it all the same",
            )
        if not isinstance(held, Mapping):
            raise GraphError(
                "this build was not made by ClusterPrefilter",
                hint="build_graph(..., method=ClusterPrefilter(...)) makes one",
            )
        return cls.from_dict(held, catalogue=build.graph.catalogue)

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
            + "".join(
                f"\n  no guide for modality {modality!r}: described by the fallback's points"
                for modality in self.by_fallback
            )
        )
