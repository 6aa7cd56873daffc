"""edges.csv, the interchange form: ``source,target,rel,sign``; every fault has its line."""

from __future__ import annotations

from array import array
from collections.abc import Container
from pathlib import Path

import numpy as np

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.errors import CatalogueError, Fault, GraphError, UnknownAttribute
from campaignkit.graph.columns import IMPORTED, EdgeColumns, say
from campaignkit.graph.edge import Edge, Key
from campaignkit.graph.sign import folded_mark, mark_of, read_sign
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


def write_edges(path: Path, catalogue: Catalogue, columns: EdgeColumns, *, neutrals: bool) -> None:
    """Write a settled table as edges.csv; see :meth:`SignedGraph.write_csv`."""
    kept = columns if neutrals else columns.take(columns.sign != 0)
    source, target = kept.source.tolist(), kept.target.tolist()
    values = [escape_cell(attribute.value) for attribute in catalogue]
    modalities = [attribute.modality for attribute in catalogue]
    pairs = {(modalities[a], modalities[b]) for a, b in zip(source, target, strict=True)}
    relations = {pair: _TO.join(pair) for pair in pairs}
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
    rows = (
        (values[a], values[b], cells[modalities[a], modalities[b]], mark_of(sign))
        for a, b, sign in zip(source, target, kept.sign.tolist(), strict=True)
    )
    with atomic_file(path) as partial:
        partial.write_bytes(csv_text([HEADER, *rows]).encode())


def split_relation(rel: str) -> list[tuple[str, str]]:
    """Every way to read a rel as two modalities; one where it is well-formed.

    Examples
    --------
    >>> split_relation("audience_to_brand"), split_relation("audience")
    ([('audience', 'brand')], [])
    >>> split_relation("path_to_buy_to_brand")
    [('path', 'buy_to_brand'), ('path_to_buy', 'brand')]
    """
    ways = []
    at = rel.find(_TO)
    while at >= 0:
        source, target = rel[:at], rel[at + len(_TO) :]
        if source and target:
            ways.append((source, target))
        # Overlapping ones count: "a_to_to_b" has two readings.
        at = rel.find(_TO, at + 1)
    return ways


def read_relation(
    rel: str, modalities: Container[str] | None
) -> tuple[tuple[str, str] | None, str, str]:
    """A rel's two modalities, or what is wrong with it and how to mend it.

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
    catalogue, columns = EdgeRows(path, None, mark=mark).columns()
    keys = [attribute.key for attribute in catalogue]
    ends = zip(columns.source.tolist(), columns.target.tolist(), strict=True)
    marked: tuple[list[Edge], list[Edge]] = [], []
    for (one, other), sign in zip(ends, columns.sign.tolist(), strict=True):
        is_marked = sign == _MARKED
        marked[is_marked].append(Edge(keys[one], keys[other], 0 if is_marked else sign))
    return tuple(marked[False]), tuple(marked[True])


class EdgeRows:
    """The rows of an edges.csv. Each rel, name and mark is judged once, then found by its cell.

    Raises
    ------
    GraphError
        With every fault at its line; the faults of a bad header are the only ones told.
    """

    def __init__(self, path: Path, catalogue: Catalogue | None, *, mark: str = "") -> None:
        self.path = path
        self.catalogue = catalogue
        self.lines = array("q")
        self._faults: list[Fault] = []
        self._rows = array("i")  # source, target and sign, row after row
        self._numbers = {attribute.key: at for at, attribute in enumerate(catalogue or ())}
        self._number_of_cell: dict[Key, int] = {}
        self._relations: dict[str, Key] = {}
        self._marks: dict[str, int] = {}
        self._mark = mark
        records = csv_records(path, read_text(path, _EDGES_FILE), error=GraphError)
        try:
            line, header = next(records, (1, []))
            if order := self._columns_at(line, header):
                for place, row in records:
                    self._take(place, row, order)
                if not (self.lines or self._faults or catalogue):
                    self._fault(line, "no edges follow the header", "give one row an edge")
        except GraphError as err:
            self._faults += err.faults
        if self._faults:
            count = "1 fault" if len(self._faults) == 1 else f"{len(self._faults):,} faults"
            raise GraphError(f"{path} cannot be read as edges: {count}", faults=self._faults)

    def columns(self) -> tuple[Catalogue, EdgeColumns]:
        """The catalogue, and the rows with its node numbers."""
        source, target, sign = np.array(self._rows, dtype=np.int32).reshape(-1, 3).T
        catalogue = self.catalogue
        if catalogue is None:
            keys = sorted(self._numbers)
            catalogue = Catalogue(Attribute(*key) for key in keys)
            rank = np.argsort([self._numbers[key] for key in keys]).astype(np.int32)
            source, target = rank[source], rank[target]
        decided = np.full(len(sign), IMPORTED, dtype=np.uint8)
        return catalogue, EdgeColumns(source, target, sign.astype(np.int8), decided)

    def _columns_at(self, line: int, header: list[str]) -> tuple[int, ...]:
        titles = [title.strip().lower() for title in header]
        if sorted(titles) == sorted(HEADER):
            return tuple(titles.index(name) for name in HEADER)
        found = f"the header is {','.join(header)[:80]!r}; expected 'source,target,rel,sign'"
        fix = "make these four columns the first line"
        if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
            fix = "save the file with commas between the cells"
        elif set(HEADER) <= set(titles):
            extra = [title for title in header if title.strip().lower() not in HEADER]
            fix = f"remove {', '.join(map(repr, extra))}" if extra else "name each column once"
        self._fault(line, found, fix)
        return ()

    def _take(self, line: int, row: list[str], order: tuple[int, ...]) -> None:
        if len(row) != len(HEADER):
            found = f"holds {len(row)} cells; expected 4"
            self._fault(line, found, 'put quotes (") around a cell with a comma')
            return
        source, target, rel, mark = (row[at] for at in order)
        try:
            one, other = self._relations[rel]
            low, high = self._number_of_cell[one, source], self._number_of_cell[other, target]
            sign = self._marks[mark]
        except KeyError:
            # Met for the first time, or wrong: the slow way tells which.
            before = len(self._faults)
            low, high, sign = self._judge(line, source, target, rel=rel, mark=mark)
            if len(self._faults) > before:
                return
        self._rows.extend((low, high, sign))
        self.lines.append(line)

    def _judge(
        self, line: int, source: str, target: str, *, rel: str, mark: str
    ) -> tuple[int, int, int]:
        sign = _MARKED if folded_mark(mark) == self._mark != "" else read_sign(mark)
        if sign is None:
            self._fault(line, f"sign {mark[:40]!r} is not + or -", "write + or - (or 0)")
        else:
            self._marks[mark] = sign
        known = None if self.catalogue is None else self.catalogue.modalities
        modalities, found, fix = read_relation(read_cell(rel), known)
        if modalities is None:
            self._fault(line, found, fix)
            return -1, -1, 0
        self._relations[rel] = modalities
        low = self._number(line, "source", modalities[0], source)
        high = self._number(line, "target", modalities[1], target)
        return low, high, sign or 0

    def _number(self, line: int, field: str, modality: str, cell: str) -> int:
        key = modality, read_cell(cell)
        if key not in self._numbers:
            try:
                attribute = Attribute(*key)
                if self.catalogue is not None:
                    self.catalogue.index(attribute)
            except CatalogueError as err:
                # Which of the two the fault is of: a modality comes from rel, a value from a cell.
                for fault in err.faults:
                    name = "rel: modality" if fault.where == "modality" else field
                    self._fault(line, f"{name} {fault.found}", fault.fix)
                return -1
            except UnknownAttribute as err:
                self._fault(line, f"{field} {say(key)} is not in the catalogue", err.hint)
                return -1
            self._numbers[key] = len(self._numbers)
        self._number_of_cell[modality, cell] = self._numbers[key]
        return self._numbers[key]

    def _fault(self, line: int, found: str, fix: str) -> None:
        self._faults.append(Fault(f"{self.path}:{line}", found, fix))
