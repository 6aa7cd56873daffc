"""What groups points into clusters, and the one that is used: HDBSCAN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from campaignkit.edges.prefilter.reduction import Points
from campaignkit.errors import Fault, GraphError
from campaignkit.extras import require


@runtime_checkable
class Clusterer(Protocol):
    """Groups points.

    Examples
    --------
    >>> isinstance(HDBSCAN(), Clusterer)
    True
    """

    @property
    def name(self) -> str:
        """What the clusters depend on: kind and numbers; kept in reports."""

    def cluster(self, points: Points, *, seed: int) -> NDArray[np.int64]:
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
        faults = []
        if not _is_count(self.min_cluster_size, least=2):
            found = f"is {self.min_cluster_size!r}; expected an integer from 2 on"
            faults.append(Fault("min_cluster_size", found))
        if self.min_samples is not None and not _is_count(self.min_samples, least=1):
            found = f"is {self.min_samples!r}; expected None or an integer from 1 on"
            faults.append(Fault("min_samples", found))
        if self.package not in ("scikit-learn", "hdbscan"):
            found = f"is {self.package!r}; expected 'scikit-learn' or 'hdbscan'"
            faults.append(Fault("package", found))
        if faults:
            raise GraphError("HDBSCAN cannot cluster like this", faults=faults)

    @property
    def name(self) -> str:
        """``"HDBSCAN(min_cluster_size=2, min_samples=2, scikit-learn)"``."""
        return (
            f"HDBSCAN(min_cluster_size={self.min_cluster_size}, "
            f"min_samples={self._samples}, {self.package})"
        )

    def cluster(self, points: Points, *, seed: int) -> NDArray[np.int64]:
        """The clusters, numbered by their first point; nothing here is random."""
        # Neither package can do with fewer points than neighbours: then nothing is dense.
        if len(points) <= max(self._samples, self.min_cluster_size - 1):
            return np.full(len(points), -1, dtype=np.int64)
        if self.package == "hdbscan":
            made = require("hdbscan", extra="cluster", user="HDBSCAN").HDBSCAN(
                min_cluster_size=self.min_cluster_size,
                min_samples=self._samples,
                metric="euclidean",
                core_dist_n_jobs=1,
            )
        else:
            made = require("sklearn.cluster", extra="cluster", user="HDBSCAN").HDBSCAN(
                min_cluster_size=self.min_cluster_size,
                min_samples=self._samples + 1,
                metric="euclidean",
                copy=True,
            )
        return in_order(np.asarray(made.fit_predict(points), dtype=np.int64))

    @property
    def _samples(self) -> int:
        return self.min_cluster_size if self.min_samples is None else self.min_samples


def in_order(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same clusters, numbered by their first member; noise stays -1.

    Examples
    --------
    >>> in_order(np.array([3, -1, 0, 3])).tolist()
    [0, -1, 1, 0]
    """
    found = list(dict.fromkeys(codes[codes >= 0].tolist()))
    number = {code: position for position, code in enumerate(found)} | {-1: -1}
    return np.array([number[max(code, -1)] for code in codes.tolist()], dtype=np.int64)


def _is_count(value: object, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
