"""To and from networkx and scipy."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.errors import CatalogueError, Fault, GraphError
from campaignkit.graph.edge import PROVENANCE, Edge, read_edge

if TYPE_CHECKING:
    import networkx


def to_networkx(catalogue: Catalogue, edges: Iterable[Edge]) -> networkx.Graph:
    """A ``networkx.Graph`` over (modality, value) nodes; see :meth:`SignedGraph.to_networkx`."""
    import networkx as nx

    made = nx.Graph()
    for a in catalogue:
        # Texts and numbers only: GraphML, GEXF and GML hold nothing else.
        traits = json.dumps(dict(a.traits), ensure_ascii=False) if a.traits else ""
        held = {"description": a.description, "traits": traits}
        given = {name: text for name, text in held.items() if text}
        made.add_node(a.key, modality=a.modality, value=a.value, **given)
    for edge in edges:
        held = {name: getattr(edge, name) for name in PROVENANCE}
        given = {name: value for name, value in held.items() if value not in (None, "")}
        made.add_edge(edge.source, edge.target, sign=edge.sign, **given)
    return made


def read_networkx(network: networkx.Graph) -> tuple[Catalogue, list[Edge]]:
    """Catalogue and edges of a networkx graph; see :meth:`SignedGraph.from_networkx`."""
    faults: list[Fault] = []
    attributes: dict[object, Attribute] = {}
    for node, held in network.nodes(data=True):
        try:
            attributes[node] = _attribute(node, held)
        except CatalogueError as err:
            faults += [Fault(f"node {node!r}", f"{f.where} {f.found}", f.fix) for f in err.faults]
    edges = []
    for source, target, held in network.edges(data=True):
        known = source in attributes and target in attributes
        ends = (attributes[source].key, attributes[target].key) if known else None
        edge = read_edge(ends, held, f"edge {source!r} - {target!r}", faults)
        edges += [edge] if edge else []
    if faults:
        raise GraphError("the networkx graph cannot be read", faults=faults)
    try:
        return Catalogue(attributes.values()), edges
    except CatalogueError as err:
        raise GraphError("the networkx graph cannot be read", faults=err.faults) from err


def _attribute(node: object, held: dict[str, Any]) -> Attribute:
    modality, value = held.get("modality"), held.get("value")
    if isinstance(node, tuple) and len(node) == 2:
        modality = node[0] if modality is None else modality
        value = node[1] if value is None else value
    if modality is None:
        fault = Fault("modality", "is missing", "name nodes (modality, value), or set it")
        raise CatalogueError("no attribute", faults=[fault])
    return Attribute(
        modality,
        str(node) if value is None else value,
        held.get("description") or "",
        _traits(held.get("traits") or {}),
    )


def _traits(held: Any) -> Any:  # a mapping, or what `to_networkx` made of one
    if not isinstance(held, str):
        return held
    try:
        return json.loads(held)
    except ValueError as err:
        fault = Fault("traits", f"is {held[:40]!r}; expected a mapping, or one as JSON")
        raise CatalogueError("no attribute", faults=[fault]) from err
