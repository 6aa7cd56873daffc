"""Edits of a settled table: each gives a new one, the old stays as it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.graph.columns import EdgeColumns, concat_columns
from campaignkit.graph.edge import Edge, Key
from campaignkit.graph.from_edges import read_edge_list
from campaignkit.graph.settle import pair_keys

NodeLike = Key | Attribute


def set_edges(catalogue: Catalogue, columns: EdgeColumns, edges: Iterable[Edge]) -> EdgeColumns:
    """The table in which these pairs are as `edges` say, whatever they were before."""
    _, new = read_edge_list(edges, catalogue, both_signs="error", neutral="keep")
    n = len(catalogue)
    replaced = np.isin(
        pair_keys(columns.source, columns.target, n), pair_keys(new.source, new.target, n)
    )
    kept = columns.take(np.flatnonzero(~replaced))
    # Each pair is now in one of the two tables only, so nothing is left to contradict.
    return _merged(catalogue, kept, new)


def drop_edges(
    catalogue: Catalogue, columns: EdgeColumns, pairs: Iterable[tuple[NodeLike, NodeLike]]
) -> EdgeColumns:
    """The table without these pairs; a pair that has no edge is left as it is."""
    ends = np.array(
        [sorted((catalogue.index(a), catalogue.index(b))) for a, b in pairs], dtype=np.int32
    ).reshape(-1, 2)
    n = len(catalogue)
    gone = pair_keys(ends[:, 0], ends[:, 1], n)
    kept = ~np.isin(pair_keys(columns.source, columns.target, n), gone)
    return columns.take(np.flatnonzero(kept)).frozen()


def drop_attributes(
    catalogue: Catalogue, columns: EdgeColumns, attributes: Iterable[NodeLike]
) -> tuple[Catalogue, EdgeColumns]:
    """Catalogue and table without these attributes and their edges; the order is kept."""
    kept = np.ones(len(catalogue), dtype=bool)
    kept[[catalogue.index(attribute) for attribute in attributes]] = False
    number = np.cumsum(kept, dtype=np.int32) - np.int32(1)
    rows = np.flatnonzero(kept[columns.source] & kept[columns.target])
    left = columns.take(rows)
    # Renumbering is monotone, so the table stays settled.
    left = replace(left, source=number[left.source], target=number[left.target])
    remaining = Catalogue(a for a, stays in zip(catalogue, kept.tolist(), strict=True) if stays)
    return remaining, left.frozen()


def row_of(columns: EdgeColumns, keys: NDArray[np.int64], key: int) -> int | None:
    """The row of a pair in a settled table whose pair keys these are, or None."""
    row = int(np.searchsorted(keys, key))
    return row if row < len(columns) and keys[row] == key else None


def _merged(catalogue: Catalogue, kept: EdgeColumns, new: EdgeColumns) -> EdgeColumns:
    both = concat_columns(kept, new)
    order = np.argsort(pair_keys(both.source, both.target, len(catalogue)), kind="stable")
    return both.take(order).frozen()
