"""edges.csv, the interchange form: ``source,target,rel,sign``; every fault has its line."""

from __future__ import annotations

import re
from array import array
from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.errors import CatalogueError, Fault, GraphError, UnknownAttribute
from campaignkit.graph.columns import IMPORTED, EdgeColumns, modality_codes, say
from campaignkit.graph.edge import Edge, folded_mark, mark_of, read_sign
from campaignkit.store import (
    TextFileKind,
    atomic_file,
    csv_records,
    csv_text,
    escape_cell,
    read_cell,
    read_text,
)

_MARKED = 2  # no sign: a mark of the caller's
HEADER = ("source", "target", "rel", "sign")
_EDGES_FILE = TextFileKind(
    GraphError,
    "edges",
    "start it with source,target,rel,sign",
    "a folder that graph.save made is read with SignedGraph.load",
)
_TO = "_to_"
_ROWS_AT_A_TIME = 200_000  # of edges.csv: 15 MB of text


def write_edges(path: Path, catalogue: Catalogue, columns: EdgeColumns, *, neutrals: bool) -> None:
    """Write a settled table as edges.csv; see :meth:`SignedGraph.write_csv`."""
    rows = np.arange(len(columns)) if neutrals else np.flatnonzero(columns.sign)
    values = [escape_cell(attribute.value) for attribute in catalogue]
    modalities, codes = catalogue.modalities, modality_codes(catalogue)
    kinds = np.zeros((len(modalities), len(modalities)), dtype=np.bool_)
    for some in _parts(rows):
        kinds[codes[columns.source[some]], codes[columns.target[some]]] = True
    relations = {
        (a, b): f"{modalities[a]}{_TO}{modalities[b]}" for a, b in np.argwhere(kinds).tolist()
    }
    faults = [
        Fault(rel, "splits in several ways at '_to_', and could not be read back")
        for rel in sorted(relations.values())
        if len(split_relation(rel)) > 1
    ]
    if faults:
        raise GraphError(
            f"{path} was not written: edges.csv cannot name these modalities",
            hint="graph.save(folder) can; or give the modalities names without '_to_'",
            faults=faults,
        )
    cells = {pair: escape_cell(rel) for pair, rel in relations.items()}
    of = codes.tolist()
    with atomic_file(path) as partial, partial.open("wb") as file:
        file.write(csv_text([HEADER]).encode())
        for some in _parts(rows):
            ends = columns.source[some].tolist(), columns.target[some].tolist()
            lines = (
                (values[a], values[b], cells[of[a], of[b]], mark_of(sign))
                for a, b, sign in zip(*ends, columns.sign[some].tolist(), strict=True)
            )
            file.write(csv_text(lines).encode())


def _parts(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Rows, so many at a time that their texts need little memory."""
    for start in range(0, len(rows), _ROWS_AT_A_TIME):
        yield rows[start : start + _ROWS_AT_A_TIME]


def split_relation(rel: str) -> list[tuple[str, str]]:
    """Every way to read a rel as two modalities; one where it is well-formed.

    Examples
    --------
    >>> split_relation("audience_to_brand"), split_relation("audience")
    ([('audience', 'brand')], [])
    >>> split_relation("path_to_buy_to_brand")
    [('path', 'buy_to_brand'), ('path_to_buy', 'brand')]
    """
    # Overlapping ones count: "a_to_to_b" has two readings.
    places = [match.start() for match in re.finditer(f"(?={_TO})", rel)]
    return [(rel[:at], rel[at + len(_TO) :]) for at in places if 0 < at < len(rel) - len(_TO)]


def read_relation(
    rel: str, modalities: Container[str] | None
) -> tuple[tuple[str, str] | None, str, str]:
    """A rel's two modalities, or what is wrong with it and how to correct it.

    Parameters
    ----------
    rel : str
        As it stands in the file.
    modalities : container of str or None
        Those of the catalogue, where there is one: it decides between several readings.

    Returns
    -------
    (modalities or None, found, fix)

    Examples
    --------
    >>> read_relation("audience_to_brand", None)
    (('audience', 'brand'), '', '')
    """
    ways = split_relation(rel)
    if len(ways) > 1 and modalities is not None:
        ways = [way for way in ways if way[0] in modalities and way[1] in modalities] or ways
    if not ways:
        fix = "write the two modalities, such as audience_to_brand"
        return None, f"rel {rel!r} does not name two modalities", fix
    if len(ways) > 1:
        readings = " or ".join(f"{source} + {target}" for source, target in ways)
        fix = "pass the catalogue, or give the modalities names without '_to_'"
        return None, f"rel {rel!r} splits in {len(ways)} ways at '_to_': {readings}", fix
    source, target = ways[0]
    if source == target:
        found = f"rel {rel!r} joins modality {source!r} with itself"
        return None, found, "edges join different modalities; remove the line"
    return ways[0], "", ""


def read_marked_edges(path: Path, *, mark: str) -> tuple[tuple[Edge, ...], tuple[Edge, ...]]:
    """The edges of an edges.csv, neutral ones too, and those whose sign is `mark`, as neutral.

    Raises
    ------
    GraphError
        With every fault at its line.

    Examples
    --------
    >>> import tempfile
    >>> rows = "source,target,rel,sign\\nNike,Athletes,brand_to_audience,?\\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "known.csv")
    ...     _ = path.write_text(rows)
    ...     edges, doubtful = read_marked_edges(path, mark="?")
    >>> len(edges), doubtful[0].source
    (0, ('brand', 'Nike'))
    """
    catalogue, columns, _ = read_rows(path, None, mark=mark)
    keys = [attribute.key for attribute in catalogue]
    ends = zip(columns.source.tolist(), columns.target.tolist(), strict=True)
    marked: tuple[list[Edge], list[Edge]] = [], []
    for (one, other), sign in zip(ends, columns.sign.tolist(), strict=True):
        is_marked = sign == _MARKED
        marked[is_marked].append(Edge(keys[one], keys[other], 0 if is_marked else sign))
    return tuple(marked[False]), tuple(marked[True])


def read_rows(
    path: Path, catalogue: Catalogue | None, *, mark: str = ""
) -> tuple[Catalogue, EdgeColumns, array[int]]:
    """The catalogue of an edges.csv, its rows with the catalogue's node numbers, and their lines.

    Raises
    ------
    GraphError
        With every fault at its line; the faults of a bad header are the only ones reported.
    """
    lines, rows = array("q"), array("i")  # source, target and sign, row after row
    faults: list[Fault] = []

    def fault(line: int, found: str, fix: str) -> None:
        faults.append(Fault(f"{path}:{line}", found, fix))

    cells = _Cells(catalogue, mark)
    records = csv_records(path, read_text(path, _EDGES_FILE), error=GraphError)
    try:
        first, header = next(records, (1, []))
        order, fix = _order_of(header)
        if fix:
            found = f"the header is {','.join(header)[:80]!r}; expected 'source,target,rel,sign'"
            fault(first, found, fix)
        for line, row in () if fix else records:
            if len(row) != len(HEADER):
                fix = 'put quotes (") around a cell with a comma'
                fault(line, f"contains {len(row)} cells; expected 4", fix)
                continue
            source, target, rel, sign = (row[at] for at in order)
            (modalities, found, fix), said = cells.relation(rel), cells.sign(sign)
            if said is None:
                fault(line, f"sign {sign[:40]!r} is not + or -", "write + or - (or 0)")
            if modalities is None:
                fault(line, found, fix)
                continue
            low, high = cells.node(modalities[0], source), cells.node(modalities[1], target)
            if said is not None and isinstance(low, int) and isinstance(high, int):
                rows.extend((low, high, said))
                lines.append(line)
                continue
            for name, wrong in (("source", low), ("target", high)):
                # Which of the two the fault is of: a modality comes from rel, a value from a cell.
                for of in () if isinstance(wrong, int) else wrong:
                    where = "rel: modality" if of.where == "modality" else name
                    fault(line, f"{where} {of.found}", of.fix)
        if not (lines or faults or catalogue):
            fault(first, "no edges follow the header", "give one row an edge")
    except GraphError as err:
        faults += err.faults
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults):,} faults"
        raise GraphError(f"{path} cannot be read as edges: {count}", faults=faults)
    one, other, signs = np.array(rows, dtype=np.int32).reshape(-1, 3).T
    if catalogue is None:
        keys = sorted(cells.number_of)
        catalogue = Catalogue(Attribute(*key) for key in keys)
        rank = np.argsort([cells.number_of[key] for key in keys]).astype(np.int32)
        one, other = rank[one], rank[other]
    decided = np.full(len(signs), IMPORTED, dtype=np.uint8)
    return catalogue, EdgeColumns(one, other, signs.astype(np.int8), decided), lines


def _order_of(header: list[str]) -> tuple[list[int], str]:
    """The positions of edges.csv's columns in a header, or how to correct the header."""
    titles = [title.strip().lower() for title in header]
    if sorted(titles) == sorted(HEADER):
        return [titles.index(name) for name in HEADER], ""
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        return [], "save the file with commas between the cells"
    if set(HEADER) <= set(titles):
        extra = [repr(title) for title in header if title.strip().lower() not in HEADER]
        return [], f"remove {', '.join(extra)}" if extra else "name each column once"
    return [], "make these four columns the first line"


class _Cells:
    """What the cells of an edges.csv say; each is judged once, and then found by its text."""

    def __init__(self, catalogue: Catalogue | None, mark: str) -> None:
        self.number_of = {attribute.key: at for at, attribute in enumerate(catalogue or ())}
        self._catalogue, self._mark = catalogue, mark
        self.sign, self.node = cache(self._sign), cache(self._node)
        known = None if catalogue is None else catalogue.modalities
        self.relation = cache(lambda cell: read_relation(read_cell(cell), known))

    def _sign(self, cell: str) -> int | None:
        return _MARKED if folded_mark(cell) == self._mark != "" else read_sign(cell)

    def _node(self, modality: str, cell: str) -> int | tuple[Fault, ...]:
        key = modality, read_cell(cell)
        if key not in self.number_of:
            try:
                attribute = Attribute(*key)
                if self._catalogue is not None:
                    self._catalogue.index(attribute)
            except CatalogueError as err:
                return err.faults
            except UnknownAttribute as err:
                return (Fault("value", f"{say(key)} is not in the catalogue", err.hint),)
            self.number_of[key] = len(self.number_of)
        return self.number_of[key]
