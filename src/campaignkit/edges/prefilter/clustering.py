"""Attributes in clusters, each modality by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue
from campaignkit.edges.prefilter.clusterer import Clusterer, in_order
from campaignkit.edges.prefilter.reduction import PCA, Points, Reduction
from campaignkit.embed import FloatArray
from campaignkit.errors import GraphError
from campaignkit.seeds import key64

NoiseRule = Literal["nearest", "alone"]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Some attributes of one modality.

    Attributes
    ----------
    number : int
        Among all clusters of the catalogue, from 0.
    modality : str
    members : tuple of int
        Positions in the catalogue, ascending.
    noise : tuple of int
        Those of them that belong to no cluster by themselves and were put to the nearest.

    Examples
    --------
    >>> len(Cluster(0, "brand", (0, 3), noise=(3,)))
    2
    """

    number: int
    modality: str
    members: tuple[int, ...]
    noise: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.members)


@dataclass(frozen=True, slots=True)
class Clustering:
    """The clusters of a catalogue; every attribute is in exactly one.

    Attributes
    ----------
    catalogue : Catalogue
    clusters : tuple of Cluster
        By modality, in the order of the catalogue.
    places : float64[n, 2]
        A place of each attribute in the plane, for pictures: each modality has its own.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute
    >>> catalogue = Catalogue([Attribute("brand", "Nike"), Attribute("geo", "Peru")])
    >>> alone = Cluster(0, "brand", (0,)), Cluster(1, "geo", (1,))
    >>> Clustering(catalogue, alone, np.zeros((2, 2))).of_attribute.tolist()
    [0, 1]
    """

    catalogue: Catalogue
    clusters: tuple[Cluster, ...]
    places: Points

    @property
    def of_attribute(self) -> NDArray[np.int32]:
        """int32[n]: the number of each attribute's cluster."""
        numbers = np.full(len(self.catalogue), -1, dtype=np.int32)
        for cluster in self.clusters:
            numbers[list(cluster.members)] = cluster.number
        return numbers

    @property
    def is_noise(self) -> NDArray[np.bool_]:
        """bool[n]: whether an attribute was put to its cluster as noise."""
        flags = np.zeros(len(self.catalogue), dtype=np.bool_)
        for cluster in self.clusters:
            flags[list(cluster.noise)] = True
        return flags

    def of(self, modality: str) -> tuple[Cluster, ...]:
        """The clusters of a modality."""
        return tuple(cluster for cluster in self.clusters if cluster.modality == modality)

    def to_dict(self) -> dict[str, Any]:
        """JSON values; :meth:`from_dict` reads them."""
        return {
            "clusters": [
                {"modality": c.modality, "members": list(c.members), "noise": list(c.noise)}
                for c in self.clusters
            ],
            "places": np.round(self.places, 5).tolist(),
        }

    @classmethod
    def from_dict(cls, held: Mapping[str, Any], *, catalogue: Catalogue) -> Clustering:
        """What `to_dict` wrote, of the same catalogue."""
        clusters = tuple(
            Cluster(number, one["modality"], tuple(one["members"]), tuple(one["noise"]))
            for number, one in enumerate(held["clusters"])
        )
        return cls(catalogue, clusters, np.array(held["places"]).reshape(len(catalogue), 2))

    def _repr_svg_(self) -> str:
        from campaignkit.edges.prefilter.picture import draw_clusters

        return draw_clusters(self)


def cluster_catalogue(
    catalogue: Catalogue,
    rows: FloatArray,
    *,
    reduction: Reduction,
    clusterer: Clusterer,
    min_attributes: int,
    noise: NoiseRule,
    seed: int,
) -> Clustering:
    """Cluster each modality that is large enough; elsewhere each attribute is its own cluster.

    Parameters
    ----------
    rows : float32[n, d]
        Unit rows, one an attribute.
    min_attributes : int
        Fewer attributes of a modality are not clustered.
    noise : {"nearest", "alone"}
        Whether noise goes to the cluster with the nearest centroid and is flagged, or is each a
        cluster of its own.

    Raises
    ------
    GraphError
        If a reduction or clusterer of yours gives another number of points.

    Examples
    --------
    >>> from campaignkit.edges.prefilter import HDBSCAN, PCA
    >>> from campaignkit.embed import HashingEmbedder
    >>> starter = Catalogue.bundled("starter-27")
    >>> rows = HashingEmbedder().embed([attribute.value for attribute in starter])
    >>> found = cluster_catalogue(
    ...     starter, rows, reduction=PCA(), clusterer=HDBSCAN(), min_attributes=50,
    ...     noise="alone", seed=0)
    >>> len(found.clusters)  # no modality is that large: each attribute is its own cluster
    27
    """
    clusters: list[Cluster] = []
    places = np.zeros((len(catalogue), 2))
    for modality in catalogue.modalities:
        members = np.array([i for i, a in enumerate(catalogue) if a.modality == modality])
        places[members] = _in_the_plane(rows[members])
        if len(members) < min_attributes:
            codes, flags = np.arange(len(members)), np.zeros(len(members), dtype=np.bool_)
        else:
            step = key64(seed, "prefilter", "cluster", modality)
            points = _finite(reduction.reduce(rows[members], seed=step), members, reduction.name)
            found = _numbered(clusterer.cluster(points, seed=step), members, clusterer.name)
            codes, flags = _place_noise(found, points, noise=noise)
        for code in range(int(codes.max()) + 1):
            inside = codes == code
            clusters.append(
                Cluster(
                    number=len(clusters),
                    modality=modality,
                    members=tuple(members[inside].tolist()),
                    noise=tuple(members[inside & flags].tolist()),
                )
            )
    return Clustering(catalogue, tuple(clusters), places)


def _place_noise(
    found: NDArray[np.int64], points: Points, *, noise: NoiseRule
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """A cluster for every point, and which were noise."""
    flags = found < 0
    num_clusters = int(found.max(initial=-1)) + 1
    codes = found.copy()
    if noise == "alone" or not num_clusters:
        codes[flags] = num_clusters + np.arange(int(flags.sum()))
        return in_order(codes), np.zeros(len(found), dtype=np.bool_)
    centroids = np.array([points[found == code].mean(axis=0) for code in range(num_clusters)])
    apart = ((points[flags][:, None, :] - centroids[None]) ** 2).sum(axis=2)
    codes[flags] = np.argmin(apart, axis=1)
    return codes, flags


def _in_the_plane(rows: FloatArray) -> Points:
    flat = PCA(2).reduce(rows, seed=0)
    return np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))


def _finite(points: Points, members: NDArray[np.int64], name: str) -> Points:
    made = np.asarray(points, dtype=np.float64)
    if made.ndim != 2 or len(made) != len(members) or not np.isfinite(made).all():
        raise GraphError(
            f"{name} gave an array of shape {made.shape} for {len(members)} rows, or what is no "
            "number; expected one finite point for each"
        )
    return made


def _numbered(
    found: NDArray[np.int64], members: NDArray[np.int64], name: str
) -> NDArray[np.int64]:
    codes = np.asarray(found)
    if codes.shape != (len(members),) or codes.dtype.kind not in "iu":
        raise GraphError(
            f"{name} gave {codes.dtype} of shape {codes.shape} for {len(members)} points; "
            "expected one integer for each, -1 for noise"
        )
    return in_order(codes.astype(np.int64))
