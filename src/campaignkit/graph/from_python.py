"""Edges given in Python, as objects or as arrays of node numbers, as a settled table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.errors import CatalogueError, Fault, GraphError, UnknownAttribute
from campaignkit.graph.columns import (
    BothSigns,
    EdgeColumns,
    Neutral,
    say,
    settle,
)
from campaignkit.graph.edge import Edge, Key

_SHOWN = 1000  # faults; an array can hold millions


def read_edge_list(
    edges: Iterable[Edge],
    catalogue: Catalogue | None,
    *,
    both_signs: BothSigns = "error",
    neutral: Neutral = "keep",
    after: EdgeColumns | None = None,
) -> tuple[Catalogue, EdgeColumns]:
    """The catalogue and the settled table of some edges; see :meth:`SignedGraph.from_edges`.

    Parameters
    ----------
    after : EdgeColumns, optional
        A settled table whose rows come first, numbered by `catalogue`.
    """
    listed = list(edges)
    for position, edge in enumerate(listed):
        if not isinstance(cast(object, edge), Edge):
            raise GraphError(
                f"edges[{position}] is of type {type(edge).__name__}; expected Edge",
                hint="write Edge(source, target, sign)",
            )
    if catalogue is None:
        catalogue = _catalogue_of(listed)
    columns = EdgeColumns.of(listed, *_numbers(listed, catalogue))
    before = 0 if after is None else len(after)
    settled = settle(
        columns if after is None else after.then(columns),
        catalogue,
        both_signs=both_signs,
        neutral=neutral,
        where=lambda row: "this graph" if row < before else f"edges[{row - before}]",
    )
    return catalogue, settled


def check_rows(
    catalogue: Catalogue,
    source: NDArray[np.integer],
    target: NDArray[np.integer],
    sign: NDArray[np.integer],
) -> None:
    """Refuse rows that are no edges of this catalogue, with one fault per row.

    Raises
    ------
    GraphError
        If a number or a sign is out of range, or an edge lies within one modality.
    """
    n = len(catalogue)
    outside = (np.minimum(source, target) < 0) | (np.maximum(source, target) >= n)
    faults = [
        Fault(f"row {row}", f"joins nodes {source[row]} and {target[row]}; expected 0 to {n - 1}")
        for row in np.flatnonzero(outside)[:_SHOWN].tolist()
    ]
    faults += [
        Fault(f"row {row}", f"sign is {sign[row]}; expected -1, 0 or 1")
        for row in np.flatnonzero((sign < -1) | (sign > 1))[:_SHOWN].tolist()
    ]
    if not faults and len(source):
        codes = modality_codes(catalogue)
        for row in np.flatnonzero(codes[source] == codes[target])[:_SHOWN].tolist():
            a, b = catalogue[int(source[row])], catalogue[int(target[row])]
            found = f"joins {say(a.key)} and {say(b.key)}; edges join different modalities"
            faults.append(Fault(f"row {row}", found))
    if faults:
        raise GraphError("these rows are no edges of this catalogue", faults=faults)


def modality_codes(catalogue: Catalogue) -> NDArray[np.int32]:
    """int32[n]: position in ``catalogue.modalities`` of each node's modality."""
    code_of = {modality: code for code, modality in enumerate(catalogue.modalities)}
    return np.array([code_of[a.modality] for a in catalogue], dtype=np.int32)


def _catalogue_of(edges: list[Edge]) -> Catalogue:
    """The attributes that the edges name, in code-point order."""
    first: dict[Key, int] = {}
    for position, edge in enumerate(edges):
        first.setdefault(edge.source, position)
        first.setdefault(edge.target, position)
    attributes, faults = [], []
    for key in sorted(first):
        try:
            attributes.append(Attribute(*key))
        except CatalogueError as err:
            where = f"edges[{first[key]}]"
            faults += [Fault(where, f"{f.where} {f.found}", f.fix) for f in err.faults]
    if faults:
        raise GraphError("the edges cannot be read", faults=faults)
    return Catalogue(attributes)


def _numbers(edges: list[Edge], catalogue: Catalogue) -> NDArray[np.int32]:
    """int32[2, m]: the node numbers of sources and targets."""
    number_of = {attribute.key: number for number, attribute in enumerate(catalogue)}
    faults = []
    for position, edge in enumerate(edges):
        for key in (edge.source, edge.target):
            if key not in number_of:
                try:
                    catalogue.index(key)
                except UnknownAttribute as err:
                    found = f"{say(key)} is not in the catalogue"
                    faults.append(Fault(f"edges[{position}]", found, err.hint))
    if faults:
        raise GraphError("the edges name attributes that are not there", faults=faults)
    ends = [[number_of[edge.source], number_of[edge.target]] for edge in edges]
    return np.array(ends, dtype=np.int32).reshape(-1, 2).T


def whole_numbers(name: str, given: ArrayLike) -> NDArray[np.int64]:
    """An argument of arrays as int64[m].

    Raises
    ------
    GraphError
        If it holds anything but whole numbers, or has not one dimension.
    """
    array = np.asarray(given)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and len(array)):
        raise GraphError(
            f"{name} is of type {array.dtype} with {array.ndim} dimensions; "
            "expected whole numbers in one"
        )
    return array.astype(np.int64)
