"""To and from data frames of any library that narwhals knows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from campaignkit.errors import Fault, GraphError
from campaignkit.extras import require
from campaignkit.graph.edge import DECIDED_BY, Edge, Key
from campaignkit.graph.relation import read_relation
from campaignkit.graph.sign import read_sign

if TYPE_CHECKING:
    from campaignkit.graph.signed_graph import SignedGraph

BACKENDS = {"pandas": "frames", "polars": "polars", "pyarrow": "tables"}  # name -> extra
_OPTIONAL = ("decided_by", "probability", "strength", "round", "reason", "context")


def to_frame(graph: SignedGraph, backend: str) -> Any:  # a frame of the library asked for
    """One row an edge; see :meth:`SignedGraph.to_frame`."""
    if backend not in BACKENDS:
        listed = ", ".join(map(repr, BACKENDS))
        raise GraphError(f"backend is {backend!r}; expected one of {listed}")
    require(backend, extra=BACKENDS[backend], user=f"a frame of {backend}")
    import narwhals as nw

    columns, catalogue = graph.columns, graph.catalogue
    keys = [attribute.key for attribute in catalogue]
    source = [keys[number] for number in columns.source.tolist()]
    target = [keys[number] for number in columns.target.tolist()]
    rounds = None if columns.round is None else columns.round.tolist()
    data = {
        "source_modality": [key[0] for key in source],
        "source": [key[1] for key in source],
        "target_modality": [key[0] for key in target],
        "target": [key[1] for key in target],
        "sign": columns.sign.tolist(),
        "decided_by": [DECIDED_BY[code] for code in columns.decided_by.tolist()],
        "probability": _known(columns.probability, len(columns)),
        "strength": _known(columns.strength, len(columns)),
        "round": [None if r is None or r < 0 else r for r in rounds or [None] * len(columns)],
        "reason": columns.reason.decoded(len(columns)),
        "context": columns.context.decoded(len(columns)),
    }
    schema: dict[str, nw.dtypes.DType] = dict.fromkeys(data, nw.String())
    schema |= {"sign": nw.Int8(), "probability": nw.Float64(), "strength": nw.Float64()}
    if backend == "pandas":
        # pandas' integers have no missing value without its own nullable types.
        data["round"] = [math.nan if r is None else float(r) for r in data["round"]]
    schema["round"] = nw.Float64() if backend == "pandas" else nw.Int32()
    library: Any = backend  # one of BACKENDS
    return nw.from_dict(data, schema=schema, backend=library).to_native()


def read_frame(frame: Any) -> list[Edge]:  # a frame of any library
    """The edges of a frame; see :meth:`SignedGraph.from_frame`."""
    import narwhals as nw

    try:
        table = nw.from_native(frame, eager_only=True)
    except TypeError as err:
        kind = type(frame).__name__
        raise GraphError(
            f"a {kind} is no data frame; expected pandas, polars or pyarrow",
            hint="collect a lazy frame first",
        ) from err
    held = {str(name): table[name].to_list() for name in table.columns}
    _check_columns(held)
    faults: list[Fault] = []
    edges = []
    for row in range(len(table)):
        where = f"row {row}"
        ends = _ends(held, row, where, faults)
        sign = read_sign(held["sign"][row])
        if sign is None:
            found = f"sign is {held['sign'][row]!r}; expected 1, -1 or 0, or '+' or '-'"
            faults.append(Fault(where, found))
        if ends is None or sign is None:
            continue
        given = {name: _clean(name, held[name][row]) for name in _OPTIONAL if name in held}
        try:
            kept = {name: value for name, value in given.items() if value is not None}
            edges.append(Edge(*ends, sign, **kept))
        except GraphError as err:
            faults.append(Fault(where, err.message))
    if faults:
        raise GraphError("the frame cannot be read as edges", faults=faults)
    return edges


def _check_columns(held: dict[str, list[Any]]) -> None:
    expected = {"source", "target", "sign"}
    missing = sorted(expected - set(held))
    if not missing and not ({"source_modality", "target_modality"} <= set(held) or "rel" in held):
        missing = ["rel (or source_modality and target_modality)"]
    known = {*expected, "rel", "source_modality", "target_modality", *_OPTIONAL}
    faults = [Fault("columns", f"{name} is missing") for name in missing]
    faults += [
        Fault("columns", f"{name!r} is unknown", "drop it") for name in sorted(set(held) - known)
    ]
    if faults:
        raise GraphError("the frame cannot be read as edges", faults=faults)


def _ends(
    held: dict[str, list[Any]], row: int, where: str, faults: list[Fault]
) -> tuple[Key, Key] | None:
    source, target = held["source"][row], held["target"][row]
    if "source_modality" in held:
        return (held["source_modality"][row], source), (held["target_modality"][row], target)
    modalities, found, fix = read_relation(str(held["rel"][row]), None)
    if modalities is None:
        faults.append(Fault(where, found, fix))
        return None
    return (modalities[0], source), (modalities[1], target)


def _known(column: Any, num_rows: int) -> list[float | None]:  # float64[m] or None
    if column is None:
        return [None] * num_rows
    return [None if math.isnan(value) else value for value in column.tolist()]


def _clean(name: str, value: Any) -> Any:  # a cell of any library
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return int(value) if name == "round" else value
