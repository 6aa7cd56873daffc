"""Fewer dimensions before clustering: PCA at hand, UMAP where it is asked for."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from campaignkit.embed import FloatArray
from campaignkit.errors import Fault, GraphError
from campaignkit.extras import require

Points = NDArray[np.float64]


@runtime_checkable
class Reduction(Protocol):
    """Makes short rows of long ones; what was close stays close.

    Examples
    --------
    >>> isinstance(PCA(), Reduction)
    True
    """

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
        _check_numbers(self, "dimensions")

    @property
    def name(self) -> str:
        """``"PCA(15)"``."""
        return f"PCA({self.dimensions})"

    def reduce(self, rows: FloatArray, *, seed: int) -> Points:
        """The rows along their main directions, the widest first."""
        wide = rows.astype(np.float64)
        wide -= wide.mean(axis=0)
        left, spread, directions = np.linalg.svd(wide, full_matrices=False)
        kept = min(self.dimensions, len(rows), rows.shape[1])
        # A direction has no sign of its own; without one the picture would turn over by chance.
        turn = np.where(directions[np.arange(len(spread)), _widest(directions)] < 0, -1.0, 1.0)
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
    'UMAP(15, neighbors=15, min_dist=0.0, min_rows=20)'
    """

    dimensions: int = 15
    neighbors: int = 15
    min_dist: float = 0.0
    min_rows: int = 20

    def __post_init__(self) -> None:
        _check_numbers(self, "dimensions", "neighbors", "min_rows")

    @property
    def name(self) -> str:
        """Kind and numbers."""
        return (
            f"UMAP({self.dimensions}, neighbors={self.neighbors}, min_dist={self.min_dist}, "
            f"min_rows={self.min_rows})"
        )

    def reduce(self, rows: FloatArray, *, seed: int) -> Points:
        """The rows as UMAP places them."""
        # Its first layout comes from as many eigenvectors as dimensions, of a matrix of n rows.
        if len(rows) < max(self.min_rows, 4):
            return PCA(self.dimensions).reduce(rows, seed=seed)
        made = _umap().UMAP(
            n_components=min(self.dimensions, len(rows) - 2),
            n_neighbors=min(self.neighbors, len(rows) - 1),
            min_dist=self.min_dist,
            metric="cosine",
            random_state=seed % 2**32,
            n_jobs=1,  # more would lose the seed
        )
        return np.asarray(made.fit_transform(rows), dtype=np.float64)


def _umap() -> ModuleType:
    with warnings.catch_warnings():
        # It tells everybody who has no tensorflow that a part nobody asked for is missing.
        warnings.filterwarnings("ignore", "Tensorflow not installed", ImportWarning)
        return require("umap", extra="cluster", user="UMAP")


def _widest(directions: NDArray[np.float64]) -> NDArray[np.int64]:
    # Rounded, or two entries of nearly one size would swap places on another machine.
    widest: NDArray[np.int64] = np.argmax(np.round(np.abs(directions), 9), axis=1)
    return widest


def _check_numbers(settings: PCA | UMAP, *names: str) -> None:
    given = {name: getattr(settings, name) for name in names}
    faults = [
        Fault(name, f"is {number!r}; expected an integer from 1 on")
        for name, number in given.items()
        if isinstance(number, bool) or not isinstance(number, int) or number < 1
    ]
    if faults:
        raise GraphError(f"{type(settings).__name__} cannot reduce like this", faults=faults)
