"""Edges given in Python, as a settled table with node numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.errors import CatalogueError, Fault, GraphError, UnknownAttribute
from campaignkit.graph.columns import EdgeColumns, columns_of, concat_columns, empty_columns
from campaignkit.graph.edge import Edge, Key
from campaignkit.graph.settle import BothSigns, Neutral, say, settle


def read_edge_list(
    edges: Iterable[Edge],
    catalogue: Catalogue | None,
    *,
    both_signs: BothSigns,
    neutral: Neutral,
    after: EdgeColumns | None = None,
) -> tuple[Catalogue, EdgeColumns]:
    """The catalogue and the settled table of some edges; see :meth:`SignedGraph.from_edges`.

    Parameters
    ----------
    after : EdgeColumns, optional
        A settled table whose rows come first, numbered by `catalogue`.
    """
    listed = list(edges)
    if catalogue is None:
        catalogue = _catalogue_of(listed)
    columns = _numbered(listed, catalogue)
    before = empty_columns() if after is None else after
    settled = settle(
        concat_columns(before, columns),
        catalogue,
        both_signs=both_signs,
        neutral=neutral,
        where=lambda row: "this graph" if row < len(before) else f"edges[{row - len(before)}]",
    )
    return catalogue, settled


def _catalogue_of(edges: list[Edge]) -> Catalogue:
    """The attributes that the edges name, in code-point order."""
    keys: dict[Key, int] = {}
    for position, edge in enumerate(edges):
        if not isinstance(cast(object, edge), Edge):
            raise _not_an_edge(position, edge)
        keys.setdefault(edge.source, position)
        keys.setdefault(edge.target, position)
    attributes, faults = [], []
    for key in sorted(keys):
        try:
            attributes.append(Attribute(*key))
        except CatalogueError as err:
            where = f"edges[{keys[key]}]"
            faults += [Fault(where, f"{f.where} {f.found}", f.fix) for f in err.faults]
    if faults:
        raise GraphError("the edges cannot be read", faults=faults)
    return Catalogue(attributes)


def _numbered(edges: list[Edge], catalogue: Catalogue) -> EdgeColumns:
    number_of = {attribute.key: number for number, attribute in enumerate(catalogue)}
    ends: tuple[list[int], list[int]] = ([], [])
    faults = []
    for position, edge in enumerate(edges):
        if not isinstance(cast(object, edge), Edge):
            raise _not_an_edge(position, edge)
        for key, numbers in zip((edge.source, edge.target), ends, strict=True):
            number = number_of.get(key)
            if number is None:
                faults.append(_unknown(catalogue, key, f"edges[{position}]"))
            else:
                numbers.append(number)
    if faults:
        raise GraphError("the edges name attributes that are not there", faults=faults)
    source, target = (np.array(numbers, dtype=np.int32) for numbers in ends)
    return columns_of(edges, source, target)


def _unknown(catalogue: Catalogue, key: Key, where: str) -> Fault:
    try:
        catalogue.index(key)
    except UnknownAttribute as err:
        return Fault(where, f"{say(key)} is not in the catalogue", err.hint)
    raise AssertionError(f"{key} is there after all")


def _not_an_edge(position: int, edge: object) -> GraphError:
    return GraphError(
        f"edges[{position}] is of type {type(edge).__name__}; expected Edge",
        hint="write Edge(source, target, sign)",
    )
