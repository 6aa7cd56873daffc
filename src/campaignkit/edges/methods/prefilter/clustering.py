"""Attributes in clusters, each modality by itself: fewer dimensions, then groups."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, PlainSerializer, PlainValidator

from campaignkit.catalogue import Catalogue
from campaignkit.checks import checked_count
from campaignkit.embed import FloatArray
from campaignkit.errors import GraphError, SettingError
from campaignkit.extras import require
from campaignkit.pools import one_blas_thread, one_openmp_thread
from campaignkit.seeds import key64

Points = NDArray[np.float64]
Codes = NDArray[np.int64]
NoiseRule = Literal["nearest", "alone"]


@runtime_checkable
class Reduction(Protocol):
    """Makes short rows of long ones; what was close stays close."""

    @property
    def name(self) -> str:
        """What the points depend on: kind and numbers; kept in reports."""

    def reduce(self, rows: FloatArray, *, seed: int) -> Points:
        """float64[n, k]: a point for each of n unit rows; the same for the same seed."""


@dataclass(frozen=True, slots=True)
class PCA:
    """The directions in which the rows differ most; exact, in numpy, no seed needed.

    Parameters
    ----------
    dimensions : int
        At most; never more than there are rows to differ.

    Examples
    --------
    >>> PCA(2).reduce(np.eye(4, dtype=np.float32), seed=0).shape
    (4, 2)
    """

    dimensions: int = 15

    def __post_init__(self) -> None:
        checked_count(self.dimensions, "dimensions")

    @property
    def name(self) -> str:
        """``"PCA(dimensions=15)"``."""
        return repr(self)

    @one_blas_thread()
    def reduce(self, rows: FloatArray, *, seed: int) -> Points:
        """The rows along their main directions, the widest first."""
        wide = rows.astype(np.float64)
        wide -= wide.mean(axis=0)
        left, spread, directions = np.linalg.svd(wide, full_matrices=False)
        kept = min(self.dimensions, len(rows), rows.shape[1])
        # A direction has no sign of its own; without one the picture would turn over by chance.
        # Rounded, or two entries of nearly one size would swap places on another machine.
        widest = np.argmax(np.round(np.abs(directions), 9), axis=1)
        turn = np.where(directions[np.arange(len(spread)), widest] < 0, -1.0, 1.0)
        points: Points = (left * spread * turn)[:, :kept]
        return points


@dataclass(frozen=True, slots=True)
class UMAP:
    """The published reduction: UMAP by cosine; takes about 10 s to compile in every process.

    Needs the extra ``cluster``. Fewer rows than `min_rows` are reduced by PCA, as published.

    Parameters
    ----------
    dimensions : int
        At most.
    neighbors : int
        How many a row is compared with; fewer where there are not as many.
    min_dist : float
        How tightly points may be packed; 0 suits clustering best.
    min_rows : int
        Fewer rows go through PCA.

    Examples
    --------
    >>> UMAP().name
    'UMAP(dimensions=15, neighbors=15, min_dist=0.0, min_rows=20)'
    """

    dimensions: int = 15
    neighbors: int = 15
    min_dist: float = 0.0
    min_rows: int = 20

    def __post_init__(self) -> None:
        for name in ("dimensions", "neighbors", "min_rows"):
            checked_count(getattr(self, name), name)

    @property
    def name(self) -> str:
        """Kind and numbers."""
        return repr(self)

    def reduce(self, rows: FloatArray, *, seed: int) -> Points:
        """The rows as UMAP places them."""
        # Its first layout comes from as many eigenvectors as dimensions, of a matrix of n rows.
        if len(rows) < max(self.min_rows, 4):
            return PCA(self.dimensions).reduce(rows, seed=seed)
        with warnings.catch_warnings():
            # It tells everybody who has no tensorflow that a part nobody asked for is missing.
            warnings.filterwarnings("ignore", "Tensorflow not installed", ImportWarning)
            umap = require("umap", extra="cluster", user="UMAP")
        made = umap.UMAP(
            n_components=min(self.dimensions, len(rows) - 2),
            n_neighbors=min(self.neighbors, len(rows) - 1),
            min_dist=self.min_dist,
            metric="cosine",
            random_state=seed % 2**32,
            n_jobs=1,  # more would lose the seed
        )
        # A pool of threads adds up in another order on a busy machine, and the layout follows.
        with one_blas_thread(), one_openmp_thread():
            return np.asarray(made.fit_transform(rows), dtype=np.float64)


@runtime_checkable
class Clusterer(Protocol):
    """Groups points."""

    @property
    def name(self) -> str:
        """What the clusters depend on: kind and numbers; kept in reports."""

    def cluster(self, points: Points, *, seed: int) -> Codes:
        """int64[n]: the cluster of each point, counted from 0; -1 for noise."""


@dataclass(frozen=True, slots=True)
class HDBSCAN:
    """Clusters of differing density, by Euclidean distance; what lies alone is noise.

    Parameters
    ----------
    min_cluster_size : int
        Points in a cluster, at least; 2 as published.
    min_samples : int or None
        How many neighbours, not counting itself, make a point's surroundings dense; None: as many
        as `min_cluster_size`, as the hdbscan package has it. More of them, more noise.
    package : {"scikit-learn", "hdbscan"}
        Who computes it. scikit-learn counts a point among its own neighbours; that is seen to, and
        both give the same clusters up to ties.

    Examples
    --------
    >>> points = np.array([[0.0], [0.1], [0.2], [5.0], [5.1], [5.2]])
    >>> HDBSCAN().cluster(points, seed=0).tolist()
    [0, 0, 0, 1, 1, 1]
    """

    min_cluster_size: int = 2
    min_samples: int | None = None
    package: Literal["scikit-learn", "hdbscan"] = "scikit-learn"

    def __post_init__(self) -> None:
        checked_count(self.min_cluster_size, "min_cluster_size", least=2)
        if self.min_samples is not None:
            checked_count(self.min_samples, "min_samples")
        if self.package not in ("scikit-learn", "hdbscan"):
            raise SettingError(
                f"package is {self.package!r:.60}; expected 'scikit-learn' or 'hdbscan'"
            )

    @property
    def name(self) -> str:
        """Kind and numbers."""
        return repr(self)

    def cluster(self, points: Points, *, seed: int) -> Codes:
        """The clusters, numbered by their first point; nothing here is random."""
        samples = self.min_cluster_size if self.min_samples is None else self.min_samples
        # Neither package can do with fewer points than neighbours: then nothing is dense.
        if len(points) <= max(samples, self.min_cluster_size - 1):
            return np.full(len(points), -1, dtype=np.int64)
        is_other = self.package == "hdbscan"
        module = "hdbscan" if is_other else "sklearn.cluster"
        made = require(module, extra="cluster", user="HDBSCAN").HDBSCAN(
            min_cluster_size=self.min_cluster_size,
            min_samples=samples if is_other else samples + 1,
            metric="euclidean",
            **({"core_dist_n_jobs": 1} if is_other else {"copy": True}),
        )
        return in_order(np.asarray(made.fit_predict(points), dtype=np.int64))


def in_order(codes: Codes) -> Codes:
    """The same clusters, numbered by their first member; noise stays -1.

    Examples
    --------
    >>> in_order(np.array([3, -1, 0, 3])).tolist()
    [0, -1, 1, 0]
    """
    found = list(dict.fromkeys(codes[codes >= 0].tolist()))
    number = {code: position for position, code in enumerate(found)} | {-1: -1}
    return np.array([number[max(code, -1)] for code in codes.tolist()], dtype=np.int64)


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
        Attributes that belonged to no cluster and were put into the nearest.
    """

    number: int
    modality: str
    members: tuple[int, ...]
    noise: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.members)


@dataclass(frozen=True, slots=True, repr=False)
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

    catalogue: Annotated[Catalogue, Field(exclude=True)]
    clusters: tuple[Cluster, ...]
    places: Annotated[
        Points,
        PlainValidator(lambda held: np.array(held, dtype=np.float64).reshape(-1, 2)),
        PlainSerializer(lambda held: np.round(held, 5).tolist()),
    ]
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(arbitrary_types_allowed=True)

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

    def __repr__(self) -> str:
        noise = int(self.is_noise.sum())
        return (
            f"Clustering({len(self.catalogue):,} attributes in {len(self.clusters):,} clusters, "
            f"{noise:,} of them noise)"
        )


def cluster_catalogue(
    catalogue: Catalogue,
    rows: FloatArray,
    *,
    reduction: Reduction,
    clusterer: Clusterer,
    min_attributes: int = 15,
    max_cluster_frac: float | None = 0.25,
    noise: NoiseRule = "nearest",
    seed: int = 0,
) -> Clustering:
    """Cluster each modality that is large enough; elsewhere each attribute is its own cluster.

    Parameters
    ----------
    rows : float32[n, d]
        Unit rows, one an attribute.
    min_attributes : int
        Fewer attributes of a modality are not clustered.
    max_cluster_frac : float or None
        No cluster contains more of its modality: a larger one is clustered again by itself, and
        what cannot be distinguished then is noise. None takes what the clusterer gives, as
        published.
    noise : {"nearest", "alone"}
        Whether noise goes to the cluster with the nearest centroid that has room and is flagged,
        or is each a cluster of its own.

    Raises
    ------
    GraphError
        If a reduction or clusterer of yours gives another number of points.

    Examples
    --------
    >>> from campaignkit.edges.methods.prefilter import HDBSCAN, PCA
    >>> from campaignkit.embed import HashingEmbedder
    >>> starter = Catalogue.bundled("starter-27")
    >>> rows = HashingEmbedder().embed([attribute.value for attribute in starter])
    >>> found = cluster_catalogue(
    ...     starter, rows, reduction=PCA(), clusterer=HDBSCAN(), min_attributes=50)
    >>> len(found.clusters)  # no modality is that large: each attribute is its own cluster
    27
    """
    clusters: list[Cluster] = []
    places = np.zeros((len(catalogue), 2))
    for modality in catalogue.modalities:
        members = np.array([i for i, a in enumerate(catalogue) if a.modality == modality])
        flat = PCA(2).reduce(rows[members], seed=0)
        places[members] = np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))
        if len(members) < min_attributes:
            codes, flags = np.arange(len(members)), np.zeros(len(members), dtype=np.bool_)
        else:
            most = len(members)
            if max_cluster_frac is not None:
                most = max(int(max_cluster_frac * most), 2)
            step = key64(seed, "prefilter", "cluster", modality)
            points = np.asarray(reduction.reduce(rows[members], seed=step), dtype=np.float64)
            if points.ndim != 2 or len(points) != len(members) or not np.isfinite(points).all():
                raise GraphError(
                    f"{reduction.name} gave an array of shape {points.shape} for {len(members)} "
                    "rows, or something that is not a number; expected one finite point for each"
                )
            found = _clustered(points, clusterer, most=most, seed=step)
            codes, flags = _place_noise(found, points, noise=noise, most=most)
        for code in range(int(codes.max()) + 1):
            inside = codes == code
            held, flagged = members[inside].tolist(), members[inside & flags].tolist()
            clusters.append(Cluster(len(clusters), modality, tuple(held), tuple(flagged)))
    return Clustering(catalogue, tuple(clusters), places)


def _clustered(points: Points, clusterer: Clusterer, *, most: int, seed: int) -> Codes:
    """int64[n]: clusters of at most so many points, -1 for noise.

    A larger one is a crowd with outskirts: the clusterer is asked again within it, as long as it
    finds anything smaller.
    """
    codes = np.full(len(points), -1, dtype=np.int64)
    num_clusters = 0
    waiting = [np.arange(len(points))]
    while waiting:
        rows = waiting.pop(0)
        given = np.asarray(clusterer.cluster(points[rows], seed=seed))
        if given.shape != (len(rows),) or given.dtype.kind not in "iu":
            raise GraphError(
                f"{clusterer.name} gave {given.dtype} of shape {given.shape} for {len(rows)} "
                "points; expected one integer for each, -1 for noise"
            )
        found = in_order(given.astype(np.int64))
        parts = [rows[found == code] for code in range(int(found.max(initial=-1)) + 1)]
        for part in parts:
            if len(part) <= most:
                codes[part] = num_clusters
                num_clusters += 1
        waiting += [part for part in parts if most < len(part) < len(rows)]
    return in_order(codes)


def _place_noise(
    found: Codes, points: Points, *, noise: NoiseRule, most: int
) -> tuple[Codes, NDArray[np.bool_]]:
    """A cluster for every point, and which were noise."""
    flags = found < 0
    codes, alone = found.copy(), int(found.max(initial=-1)) + 1
    if noise == "nearest" and alone:
        centroids = np.array([points[found == code].mean(axis=0) for code in range(alone)])
        apart = ((points[:, None, :] - centroids[None]) ** 2).sum(axis=2)
        room = most - np.bincount(found[~flags], minlength=alone)
        rows = np.flatnonzero(flags)
        for row in rows[np.argsort(apart[rows].min(axis=1), kind="stable")].tolist():
            near = int(np.argmin(np.where(room > 0, apart[row], np.inf)))
            if room[near] > 0:
                codes[row] = near
                room[near] -= 1
    left = codes < 0
    codes[left] = alone + np.arange(int(left.sum()))
    return in_order(codes), flags & ~left
