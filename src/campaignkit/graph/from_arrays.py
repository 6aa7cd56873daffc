"""Edges given as arrays of node numbers, as a settled table."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from campaignkit.catalogue import Catalogue
from campaignkit.errors import Fault, GraphError
from campaignkit.graph.columns import EdgeColumns
from campaignkit.graph.edge import DECIDED_BY
from campaignkit.graph.settle import BothSigns, Neutral, check_option, say, settle

_SHOWN = 1000  # faults; an array can hold millions


def read_arrays(
    catalogue: Catalogue,
    source: ArrayLike,
    target: ArrayLike,
    sign: ArrayLike,
    *,
    decided_by: str,
    both_signs: BothSigns,
    neutral: Neutral,
) -> EdgeColumns:
    """The settled table of some arrays; see :meth:`SignedGraph.from_arrays`."""
    check_option("decided_by", decided_by, DECIDED_BY)
    low, high, signs = (
        _integers(name, given)
        for name, given in (("source", source), ("target", target), ("sign", sign))
    )
    if not len(low) == len(high) == len(signs):
        raise GraphError(
            f"source, target and sign hold {len(low)}, {len(high)} and {len(signs)} numbers; "
            "expected as many of each"
        )
    _check_rows(catalogue, low, high, signs)
    columns = EdgeColumns(
        low.astype(np.int32),
        high.astype(np.int32),
        signs.astype(np.int8),
        np.full(len(low), DECIDED_BY.index(decided_by), dtype=np.uint8),
    )
    return settle(
        columns, catalogue, both_signs=both_signs, neutral=neutral, where=lambda row: f"row {row}"
    )


def modality_codes(catalogue: Catalogue) -> NDArray[np.int32]:
    """int32[n]: position in ``catalogue.modalities`` of each node's modality."""
    code_of = {modality: code for code, modality in enumerate(catalogue.modalities)}
    return np.array([code_of[a.modality] for a in catalogue], dtype=np.int32)


def check_settled(catalogue: Catalogue, columns: EdgeColumns) -> None:
    """Refuse a table that is not in range for this catalogue: a file may hold anything.

    Raises
    ------
    GraphError
        With one fault per row.
    """
    _check_rows(catalogue, columns.source, columns.target, columns.sign)


def _integers(name: str, given: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(given)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and len(array)):
        raise GraphError(
            f"{name} is of type {array.dtype} with {array.ndim} dimensions; "
            "expected whole numbers in one"
        )
    return array.astype(np.int64)


def _check_rows(
    catalogue: Catalogue,
    low: NDArray[np.integer],
    high: NDArray[np.integer],
    sign: NDArray[np.integer],
) -> None:
    n = len(catalogue)
    faults = []
    outside = (low < 0) | (low >= n) | (high < 0) | (high >= n)
    for row in np.flatnonzero(outside)[:_SHOWN].tolist():
        found = f"joins nodes {low[row]} and {high[row]}; expected 0 to {n - 1}"
        faults.append(Fault(f"row {row}", found))
    faults += [
        Fault(f"row {row}", f"sign is {sign[row]}; expected -1, 0 or 1")
        for row in np.flatnonzero((sign < -1) | (sign > 1))[:_SHOWN].tolist()
    ]
    if not faults and len(low):
        codes = modality_codes(catalogue)
        for row in np.flatnonzero(codes[low] == codes[high])[:_SHOWN].tolist():
            a, b = catalogue[int(low[row])], catalogue[int(high[row])]
            found = f"joins {say(a.key)} and {say(b.key)}; edges join different modalities"
            faults.append(Fault(f"row {row}", found))
    if faults:
        raise GraphError("these rows are no edges of this catalogue", faults=faults)
