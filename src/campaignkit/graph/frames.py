"""To and from data frames of any library that narwhals knows."""

from __future__ import annotations

import math
from typing import Any

from campaignkit.catalogue import Catalogue
from campaignkit.errors import Fault, GraphError
from campaignkit.extras import require
from campaignkit.graph.columns import OPTIONAL, EdgeColumns
from campaignkit.graph.edge import DECIDED_BY, PROVENANCE, Edge, Key, read_edge
from campaignkit.graph.edges_csv import read_relation

BACKENDS = {"pandas": "frames", "polars": "polars", "pyarrow": "tables"}  # name -> extra


def to_frame(catalogue: Catalogue, columns: EdgeColumns, backend: str) -> Any:  # of that library
    """One row an edge; see :meth:`SignedGraph.to_frame`."""
    if backend not in BACKENDS:
        listed = ", ".join(map(repr, BACKENDS))
        raise GraphError(f"backend is {backend!r}; expected one of {listed}")
    require(backend, extra=BACKENDS[backend], user=f"a frame of {backend}")
    import narwhals as nw

    keys = [attribute.key for attribute in catalogue]
    source = [keys[number] for number in columns.source.tolist()]
    target = [keys[number] for number in columns.target.tolist()]
    arrays = columns.arrays()
    data = {
        "source_modality": [key[0] for key in source],
        "source": [key[1] for key in source],
        "target_modality": [key[0] for key in target],
        "target": [key[1] for key in target],
        "sign": columns.sign.tolist(),
        "decided_by": [DECIDED_BY[code] for code in columns.decided_by.tolist()],
    }
    for name, (kind, missing) in OPTIONAL.items():
        nothing = "" if kind is object else None
        held = arrays[name].tolist() if name in arrays else [missing] * len(columns)
        data[name] = [nothing if v == missing or v != v else v for v in held]  # noqa: PLR0124  # NaN
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
