"""To and from networkx, and data frames of any library that narwhals knows."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.errors import CatalogueError, Fault, GraphError
from campaignkit.extras import frame_library
from campaignkit.graph.edge import PROVENANCE, Edge, Key, read_edge
from campaignkit.graph.edges_csv import read_relation

if TYPE_CHECKING:
    from collections.abc import Iterable

    import networkx

    from campaignkit.graph.columns import EdgeColumns


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
    traits = held.get("traits") or {}
    if isinstance(traits, str):  # what `to_networkx` made of a mapping
        try:
            traits = json.loads(traits)
        except ValueError as err:
            fault = Fault("traits", f"is {traits[:40]!r}; expected a mapping, or one as JSON")
            raise CatalogueError("no attribute", faults=[fault]) from err
    value = str(node) if value is None else value
    return Attribute(modality, value, held.get("description") or "", traits)


def to_frame(catalogue: Catalogue, columns: EdgeColumns, backend: str) -> Any:  # a frame of it
    """One row an edge; see :meth:`SignedGraph.to_frame`."""
    library = frame_library(backend, error=GraphError)
    import narwhals as nw

    keys, data = [a.key for a in catalogue], dict[str, list[Any]]()
    for end, numbers in (("source", columns.source), ("target", columns.target)):
        data[f"{end}_modality"] = [keys[number][0] for number in numbers.tolist()]
        data[end] = [keys[number][1] for number in numbers.tolist()]
    data |= columns.told()
    schema: dict[str, nw.dtypes.DType] = dict.fromkeys(data, nw.String())
    schema |= {"sign": nw.Int8(), "probability": nw.Float64(), "strength": nw.Float64()}
    if backend == "pandas":
        # pandas' integers have no missing value without its own nullable types.
        data["round"] = [math.nan if r is None else float(r) for r in data["round"]]
    schema["round"] = nw.Float64() if backend == "pandas" else nw.Int32()
    return nw.from_dict(data, schema=schema, backend=library).to_native()


def read_frame(frame: Any) -> list[Edge]:  # a frame of any library
    """The edges of a frame; see :meth:`SignedGraph.from_frame`."""
    import narwhals as nw

    try:
        table = nw.from_native(frame, eager_only=True)
    except TypeError as err:
        kind = type(frame).__name__
        raise GraphError(
            f"a {kind} is not a data frame; expected pandas, polars or pyarrow",
            hint="collect a lazy frame first",
        ) from err
    held = {str(name): table[name].to_list() for name in table.columns}
    faults = _column_faults(set(held))
    edges = []
    for row in range(0 if faults else len(table)):
        said = {name: cells[row] for name, cells in held.items()}
        edge = read_edge(_ends(said, f"row {row}", faults), said, f"row {row}", faults)
        edges += [edge] if edge else []
    if faults:
        raise GraphError("the frame cannot be read as edges", faults=faults)
    return edges


def _column_faults(held: set[str]) -> list[Fault]:
    expected = {"source", "target", "sign"}
    missing = sorted(expected - held)
    if not missing and not ({"source_modality", "target_modality"} <= held or "rel" in held):
        missing = ["rel (or source_modality and target_modality)"]
    known = {*expected, "rel", "source_modality", "target_modality", *PROVENANCE}
    return [
        *(Fault("columns", f"{name} is missing") for name in missing),
        *(Fault("columns", f"{name!r} is unknown", "drop it") for name in sorted(held - known)),
    ]


def _ends(said: dict[str, Any], where: str, faults: list[Fault]) -> tuple[Key, Key] | None:
    if "source_modality" in said:
        modalities = said["source_modality"], said["target_modality"]
    else:
        found, wrong, fix = read_relation(str(said["rel"]), None)
        if found is None:
            faults.append(Fault(where, wrong, fix))
            return None
        modalities = found
    return (modalities[0], said["source"]), (modalities[1], said["target"])
