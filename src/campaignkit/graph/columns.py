"""The edge table of a graph: one array a field, made of edges or arrays, and settled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.errors import CatalogueError, Fault, GraphError, UnknownAttribute
from campaignkit.graph.edge import DECIDED_BY, Edge, Key

IMPORTED = DECIDED_BY.index("imported")
_SHOWN = 1000  # faults; an array can hold millions
BothSigns = Literal["error", "drop", "first"]
Neutral = Literal["keep", "drop", "error"]

# The columns that may be left out, the type of each, and what stands where nothing is known.
OPTIONAL: dict[str, tuple[DTypeLike, object]] = {
    "probability": (np.float64, np.nan),
    "strength": (np.float64, np.nan),
    "round": (np.int32, -1),
    "reason": (object, ""),
    "context": (object, ""),
}


@dataclass(frozen=True, slots=True)
class EdgeColumns:
    """The edges of a graph, as arrays of one length m.

    Attributes
    ----------
    source, target : int32[m]
        Node numbers; once settled, source < target, each pair once, in ascending order.
    sign : int8[m]
        -1, 0 or 1.
    decided_by : uint8[m]
        Position in ``edge.DECIDED_BY``.
    probability, strength : float64[m] or None
        NaN where unknown; None where unknown for all.
    round : int32[m] or None
        -1 where unknown; None where unknown for all.
    reason, context : object[m] or None
        Texts, empty where there is none; None where all are empty.
    """

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    sign: NDArray[np.int8]
    decided_by: NDArray[np.uint8]
    probability: NDArray[np.float64] | None = None
    strength: NDArray[np.float64] | None = None
    round: NDArray[np.int32] | None = None
    reason: NDArray[np.object_] | None = None
    context: NDArray[np.object_] | None = None

    @classmethod
    def of(
        cls, edges: Sequence[Edge], source: NDArray[np.int32], target: NDArray[np.int32]
    ) -> EdgeColumns:
        """The table of some edges whose node numbers are known."""
        decided = [DECIDED_BY.index(edge.decided_by) for edge in edges]
        told = {name: column(name, [getattr(edge, name) for edge in edges]) for name in OPTIONAL}
        return cls(
            source,
            target,
            np.array([edge.sign for edge in edges], dtype=np.int8),
            np.array(decided, dtype=np.uint8),
            **told,
        )

    def __len__(self) -> int:
        return len(self.source)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The columns that are there, by name."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: array for name, array in named.items() if array is not None}

    def equals(self, other: EdgeColumns) -> bool:
        """Whether the two tables say the same of the same edges."""
        ours, theirs = self.arrays(), other.arrays()
        return ours.keys() == theirs.keys() and all(
            np.array_equal(array, theirs[name], equal_nan=array.dtype.kind == "f")
            for name, array in ours.items()
        )

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> EdgeColumns:
        """The table of these rows, in this order."""
        return EdgeColumns(**{name: array[rows] for name, array in self.arrays().items()})

    def then(self, other: EdgeColumns) -> EdgeColumns:
        """These rows, then those of `other`."""
        ours, theirs = self.arrays(), other.arrays()
        for name, (kind, missing) in OPTIONAL.items():
            if name in ours or name in theirs:
                ours.setdefault(name, np.full(len(self), missing, dtype=kind))
                theirs.setdefault(name, np.full(len(other), missing, dtype=kind))
        return EdgeColumns(**{name: np.concatenate([ours[name], theirs[name]]) for name in ours})

    def frozen(self) -> EdgeColumns:
        """The same table with read-only arrays."""
        for array in self.arrays().values():
            array.setflags(write=False)
        return self

    def keys(self, num_nodes: int) -> NDArray[np.int64]:
        """One number a pair, ascending once the table is settled."""
        return self.source.astype(np.int64) * num_nodes + self.target

    def told(self) -> dict[str, list[Any]]:
        """The fields of each edge, by the names of `Edge`; None or "" where nothing is known."""
        said: dict[str, list[Any]] = {
            "sign": self.sign.tolist(),
            "decided_by": [DECIDED_BY[code] for code in self.decided_by.tolist()],
        }
        for name, (kind, missing) in OPTIONAL.items():
            held, nothing = getattr(self, name), "" if kind is object else None
            values = [missing] * len(self) if held is None else held.tolist()
            # NaN, which stands for an unknown number, differs from itself.
            said[name] = [nothing if v == missing or v != v else v for v in values]  # noqa: PLR0124
        return said


def column(name: str, values: Sequence[object]) -> Any:  # an array of the column's own type
    """An optional column; None where nothing is known of any row.

    Examples
    --------
    >>> column("round", [None, 3]).tolist(), column("reason", ["", ""])
    ([-1, 3], None)
    """
    kind, missing = OPTIONAL[name]
    if all(value is None or value == "" for value in values):
        return None
    return np.array([missing if value is None else value for value in values], dtype=kind)


def settle(
    columns: EdgeColumns,
    catalogue: Catalogue,
    *,
    both_signs: BothSigns,
    neutral: Neutral,
    where: Callable[[int], str],
    what: str = "the edges",
) -> EdgeColumns:
    """Apply the neutral policy, orient, sort and merge; both directions of a pair are one.

    Parameters
    ----------
    columns : EdgeColumns
        Rows as they came, with node numbers of `catalogue`.
    both_signs : {"error", "drop", "first"}
        What becomes of a pair that comes with two different signs.
    neutral : {"keep", "drop", "error"}
        What becomes of rows of sign 0. "drop" is applied before contradictions are looked for.
    where : callable
        Says where row i came from, for faults.
    what : str
        What is being read, for the message.

    Raises
    ------
    GraphError
        With one fault per contradictory pair, or per neutral row that is not allowed.
    """
    check_options(both_signs, neutral)
    if neutral == "error" and not columns.sign.all():
        faults = [
            Fault(where(row), "sign 0 (neutral) is not allowed here", "remove the line")
            for row in np.flatnonzero(columns.sign == 0).tolist()
        ]
        raise GraphError(
            f"{what}: {len(faults)} neutral judgements",
            hint='pass neutral="drop" or neutral="keep"',
            faults=faults,
        )
    rows = np.flatnonzero(columns.sign) if neutral != "keep" else np.arange(len(columns))
    ends = np.sort(np.stack([columns.source[rows], columns.target[rows]]), axis=0)
    key = ends[0].astype(np.int64) * len(catalogue) + ends[1]
    order = np.argsort(key, kind="stable")
    rows, ends, key = rows[order], ends[:, order], key[order]
    first = np.ones(len(key), dtype=bool)
    first[1:] = key[1:] != key[:-1]
    # Within a run of one pair every sign equals its neighbour's unless the run contradicts itself.
    sign = columns.sign[rows]
    run = np.cumsum(first) - 1
    clashes = 1 + np.flatnonzero(~first[1:] & (sign[1:] != sign[:-1]))
    if len(clashes) and both_signs == "error":
        _, one_a_run = np.unique(run[clashes], return_index=True)
        starts = np.flatnonzero(first)[run]
        faults = [
            _clash(columns, catalogue, where, int(rows[at]), int(rows[starts[at]]))
            for at in clashes[one_a_run].tolist()
        ]
        pairs = "1 pair" if len(faults) == 1 else f"{len(faults):,} pairs"
        raise GraphError(
            f"{what}: {pairs} with two signs; expected one sign a pair",
            hint='correct them, or pass both_signs="drop" (neither) or both_signs="first"',
            faults=faults,
        )
    if both_signs == "drop":
        first &= ~np.isin(run, run[clashes])
    kept = columns.take(rows[first])
    return replace(kept, source=ends[0][first], target=ends[1][first]).frozen()


def check_options(both_signs: object, neutral: object) -> None:
    """Refuse a word that is no option of `both_signs` or of `neutral`."""
    check_option("both_signs", both_signs, ("error", "drop", "first"))
    check_option("neutral", neutral, ("keep", "drop", "error"))


def check_option(name: str, value: object, allowed: Sequence[str]) -> None:
    """Refuse a word that is no option of `name`.

    Examples
    --------
    >>> check_option("neutral", "maybe", ("keep", "drop"))
    Traceback (most recent call last):
        ...
    campaignkit.errors.GraphError: neutral is 'maybe'; expected one of 'keep', 'drop'
    """
    if value not in allowed:
        raise GraphError(f"{name} is {value!r}; expected one of {', '.join(map(repr, allowed))}")


def say(key: Key) -> str:
    """An attribute in a message: its modality and its quoted value.

    Examples
    --------
    >>> say(("brand", "Rolex"))
    "brand 'Rolex'"
    """
    return f"{key[0]} {key[1]!r}"


def _clash(
    columns: EdgeColumns, catalogue: Catalogue, where: Callable[[int], str], here: int, there: int
) -> Fault:
    a, b = catalogue[int(columns.source[there])], catalogue[int(columns.target[there])]
    return Fault(
        where(here),
        f"{say(a.key)} and {say(b.key)} have sign {columns.sign[here]:+d} here and "
        f"{columns.sign[there]:+d} at {where(there)}",
        "keep one of them",
    )


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
    return catalogue, settle(
        columns if after is None else after.then(columns),
        catalogue,
        both_signs=both_signs,
        neutral=neutral,
        where=lambda row: "this graph" if row < before else f"edges[{row - before}]",
    )


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
        raise GraphError("these rows are not edges of this catalogue", faults=faults)


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
        If it contains anything but whole numbers, or has not one dimension.
    """
    array = np.asarray(given)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and len(array)):
        raise GraphError(
            f"{name} is of type {array.dtype} with {array.ndim} dimensions; "
            "expected whole numbers in one"
        )
    return array.astype(np.int64)
