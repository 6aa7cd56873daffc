"""edges.csv, the interchange form: ``source,target,rel,sign``; every fault has its line."""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Container, Iterator
from pathlib import Path

import numpy as np

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.errors import CatalogueError, Fault, GraphError, UnknownAttribute
from campaignkit.graph.columns import (
    IMPORTED,
    BothSigns,
    EdgeColumns,
    Neutral,
    check_options,
    say,
    settle,
)
from campaignkit.graph.edge import Key
from campaignkit.graph.sign import mark_of, read_sign
from campaignkit.store import TextFileKind, atomic_file, escape_cell, read_cell, read_text

HEADER = ("source", "target", "rel", "sign")
_EDGES_FILE = TextFileKind(
    GraphError,
    "edges",
    "start it with source,target,rel,sign",
    "a folder that graph.save made is read with SignedGraph.load",
)
_TO = "_to_"


def read_edges(
    path: Path, catalogue: Catalogue | None, *, both_signs: BothSigns, neutral: Neutral
) -> tuple[Catalogue, EdgeColumns]:
    """The catalogue and the settled edges of an edges.csv; see :meth:`SignedGraph.read_csv`."""
    check_options(both_signs, neutral)
    rows = _Rows(path, catalogue)
    rows.read(read_text(path, _EDGES_FILE))
    if rows.faults:
        count = "1 fault" if len(rows.faults) == 1 else f"{len(rows.faults):,} faults"
        raise GraphError(f"{path} cannot be read as edges: {count}", faults=rows.faults)
    found, columns = rows.columns()
    settled = settle(
        columns,
        found,
        both_signs=both_signs,
        neutral=neutral,
        where=lambda row: f"{path}:{rows.lines[row]}",
        what=str(path),
    )
    return found, settled


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
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(
        (values[a], values[b], cells[modalities[a], modalities[b]], mark_of(sign))
        for a, b, sign in zip(source, target, kept.sign.tolist(), strict=True)
    )
    with atomic_file(path) as partial:
        partial.write_bytes(text.getvalue().encode())


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


class _Rows:
    """What was read so far. Each rel, attribute and mark is judged once, then looked up."""

    def __init__(self, path: Path, catalogue: Catalogue | None) -> None:
        self.path = path
        self.catalogue = catalogue
        self.faults: list[Fault] = []
        self.lines = array("q")
        self._source, self._target, self._sign = array("i"), array("i"), array("b")
        self._attributes: list[Attribute] = []
        self._numbers: dict[Key, int] = {}
        self._relations: dict[str, Key] = {}
        self._marks: dict[str, int] = {}
        self._modalities = None if catalogue is None else set(catalogue.modalities)

    def read(self, text: str) -> None:
        """Read header and rows; the faults of a bad header are the only ones told."""
        records = self._records(text)
        line, header = next(records, (1, []))
        order = None if self.faults else self._columns_at(line, header)
        if order is None:
            return
        at_source, at_target, at_rel, at_sign = order
        relations, numbers, marks = self._relations, self._numbers, self._marks
        for place, row in records:
            try:
                if len(row) != len(HEADER):
                    raise KeyError
                modalities = relations[row[at_rel]]
                source = numbers[modalities[0], row[at_source]]
                target = numbers[modalities[1], row[at_target]]
                sign = marks[row[at_sign]]
            except KeyError:
                # Met for the first time, or wrong: the slow way tells which.
                known = self._judge(place, row, order)
                if known is None:
                    continue
                source, target, sign = known
            self._source.append(source)
            self._target.append(target)
            self._sign.append(sign)
            self.lines.append(place)
        if not (self.lines or self.faults or self.catalogue):
            self._fault(line, "no edges follow the header", "give one row an edge")

    def columns(self) -> tuple[Catalogue, EdgeColumns]:
        """The catalogue, and the rows with its node numbers."""
        source = np.array(self._source, dtype=np.int32)
        target = np.array(self._target, dtype=np.int32)
        catalogue = self.catalogue
        if catalogue is None:
            attributes = self._attributes
            order = sorted(range(len(attributes)), key=lambda i: attributes[i].key)
            catalogue = Catalogue(attributes[i] for i in order)
            ranks = np.empty(len(order), dtype=np.int32)
            ranks[order] = np.arange(len(order), dtype=np.int32)
            source, target = ranks[source], ranks[target]
        sign = np.array(self._sign, dtype=np.int8)
        decided = np.full(len(sign), IMPORTED, dtype=np.uint8)
        return catalogue, EdgeColumns(source, target, sign, decided)

    def _columns_at(self, line: int, header: list[str]) -> tuple[int, int, int, int] | None:
        titles = [title.strip().lower() for title in header]
        if sorted(titles) == sorted(HEADER):
            return tuple(titles.index(name) for name in HEADER)  # type: ignore[return-value]
        found = f"the header is {','.join(header)[:80]!r}; expected 'source,target,rel,sign'"
        fix = "make these four columns the first line"
        if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
            fix = "save the file with commas between the cells"
        elif set(HEADER) <= set(titles):
            extra = [title for title in header if title.strip().lower() not in HEADER]
            fix = f"remove {', '.join(map(repr, extra))}" if extra else "name each column once"
        self.faults.append(Fault(f"{self.path}:{line}", found, fix))
        return None

    def _judge(
        self, line: int, row: list[str], order: tuple[int, int, int, int]
    ) -> tuple[int, int, int] | None:
        before = len(self.faults)
        if len(row) != len(HEADER):
            found = f"holds {len(row)} cells; expected 4"
            self._fault(line, found, 'put quotes (") around a cell with a comma')
            return None
        source, target, rel, mark = (row[at] for at in order)
        sign = read_sign(mark)
        if sign is None:
            self._fault(line, f"sign {mark[:40]!r} is not + or -", "write + or - (or 0)")
        else:
            self._marks[mark] = sign
        modalities, found, fix = read_relation(read_cell(rel), self._modalities)
        if modalities is None:
            self._fault(line, found, fix)
            return None
        self._relations[rel] = modalities
        low = self._number(line, "source", (modalities[0], source))
        high = self._number(line, "target", (modalities[1], target))
        if sign is None or len(self.faults) > before:
            return None
        return low, high, sign

    def _number(self, line: int, field: str, cell: Key) -> int:
        key = cell[0], read_cell(cell[1])
        if key in self._numbers:
            self._numbers[cell] = self._numbers[key]
            return self._numbers[key]
        try:
            attribute = Attribute(*key)
            if self.catalogue is not None:
                number = self.catalogue.index(attribute)
            else:
                number = len(self._attributes)
                self._attributes.append(attribute)
        except CatalogueError as err:
            # Which of the two the fault is of: a modality comes from rel, a value from its cell.
            for fault in err.faults:
                name = "rel: modality" if fault.where == "modality" else field
                self._fault(line, f"{name} {fault.found}", fault.fix)
            return -1
        except UnknownAttribute as err:
            self._fault(line, f"{field} {say(key)} is not in the catalogue", err.hint)
            return -1
        self._numbers[key] = self._numbers[cell] = number
        return number

    def _records(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Each record with the line it starts on; blank lines are passed over."""
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        line = 1
        try:
            for row in reader:
                if row:
                    yield line, row
                line = reader.line_num + 1
        except csv.Error as err:
            fix = 'close the quotes, and double a quote inside a cell ("")'
            self._fault(line, f"is not CSV from here on: {err}", fix)

    def _fault(self, line: int, found: str, fix: str) -> None:
        self.faults.append(Fault(f"{self.path}:{line}", found, fix))
