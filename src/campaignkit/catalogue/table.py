"""From the rows of any table to attributes: which column is what, and every fault at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from campaignkit.catalogue.attribute import FIELDS, Attribute, Key
from campaignkit.errors import CatalogueError, Fault
from campaignkit.store import TextFileKind

REQUIRED = ("modality", "value")
LIST_SEPARATOR = "|"
CATALOGUE_FILE = TextFileKind(CatalogueError, "a catalogue", "give one row an attribute")


def attributes_of_table(
    name: str,
    header: Sequence[str],
    rows: Iterable[tuple[str, Sequence[object]]],
    *,
    header_at: str,
    columns: Mapping[str, str] | None = None,
) -> tuple[Attribute, ...]:
    """Turn rows into attributes; columns beyond the attribute's own fields become traits.

    Parameters
    ----------
    name : str
        What is read, for the message.
    header : sequence of str
        The column names.
    rows : iterable of (str, sequence)
        Each row's place (``"brands.csv:3"``) and cells. A text cell of a trait is split at ``|``.
    header_at : str
        The header's place.
    columns : mapping of str to str, optional
        Our name to the table's: ``{"value": "name"}`` reads the values from column ``name``.

    Raises
    ------
    CatalogueError
        With all faults of the header, or else of all rows.
    """
    fields, faults = _fields_of(header, columns or {}, where=header_at)
    if faults:
        raise unreadable(name, faults)
    found = Gathered()
    num_rows = 0
    for where, row in rows:
        num_rows += 1
        if len(row) != len(fields):
            wrong = f"holds {len(row)} cells; expected {len(fields)}, as in the header"
            found.faults.append(Fault(where, wrong, 'put quotes (") around a cell with a comma'))
        else:
            found.add(_keywords(fields, row), where)
    if not num_rows:
        fix = "give one row an attribute"
        found.faults.append(Fault(header_at, "no rows follow the header", fix))
    return found.attributes(name)


class Gathered:
    """Attributes as they are read, and every fault met on the way, each with its place."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._attributes: list[Attribute] = []
        self._places: dict[Key, str] = {}

    def add(self, keywords: Mapping[str, object], where: str) -> None:
        """Read one attribute from its fields."""
        try:
            attribute = Attribute(**keywords)  # type: ignore[arg-type]  # its constructor checks
        except CatalogueError as err:
            self.faults += [Fault(where, f"{f.where} {f.found}", f.fix) for f in err.faults]
            return
        first = self._places.setdefault(attribute.key, where)
        if first is not where:
            self.faults.append(repeated(attribute.key, first, where))
        self._attributes.append(attribute)

    def attributes(self, name: str) -> tuple[Attribute, ...]:
        """All that was read; CatalogueError with all faults of `name` if there are any."""
        if self.faults:
            raise unreadable(name, self.faults)
        return tuple(self._attributes)


def repeated(key: Key, first: str, where: str) -> Fault:
    """The fault of an attribute that is there twice."""
    found = f"{key[0]} {key[1]!r} is there already, at {first}"
    return Fault(where, found, "remove one of the two")


def unreadable(name: str, faults: Sequence[Fault]) -> CatalogueError:
    """The error of an input with these faults."""
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return CatalogueError(f"{name} cannot be read as a catalogue: {count}", faults=faults)


def _fields_of(
    header: Sequence[str], columns: Mapping[str, str], *, where: str
) -> tuple[list[str], list[Fault]]:
    """Our name of each column, in the table's order."""
    faults = [
        Fault(where, f"columns asks for a column {theirs!r} as {ours!r}; {_listed(header)}")
        for ours, theirs in columns.items()
        if theirs not in header
    ]
    renamed = {theirs: ours for ours, theirs in columns.items()}
    if len(renamed) < len(columns):
        faults.append(Fault("columns", "gives one column two names", "give it one"))
    if any(not title.strip() for title in header):
        faults.append(Fault(where, "a column has no name", "name every column"))
    doubled = sorted({title for title in header if header.count(title) > 1 and title.strip()})
    faults += [Fault(where, f"column {t!r} is there twice", "rename one") for t in doubled]
    fields = [renamed.get(title, title) for title in header]
    for ours in sorted({f for f in fields if fields.count(f) > 1} - set(doubled) - {""}):
        fix = f'rename it too: columns={{"{ours}_2": "{ours}"}}'
        faults.append(Fault(where, f"column {ours!r} is there beside the renamed one", fix))
    for required in REQUIRED:
        if required not in fields and required not in columns:
            found = f"column {required!r} is missing; {_listed(header)}"
            faults.append(Fault(where, found, _suggestion(required, header)))
    return fields, faults


def _listed(header: Sequence[str]) -> str:
    return "the columns are " + ", ".join(repr(title[:40]) for title in header[:12])


def _suggestion(required: str, header: Sequence[str]) -> str:
    if len(header) == 1:
        for separator in (";", "\t"):
            if separator in header[0]:
                return f"cells are separated by {separator!r}; save the file with commas"
    folded = {title.strip().casefold(): title for title in header}
    near = difflib.get_close_matches(required, folded, n=1)
    theirs = folded[near[0]] if near else "name of the column"
    return f'add it, or pass columns={{"{required}": "{theirs}"}}'


def _keywords(fields: Sequence[str], row: Sequence[object]) -> dict[str, object]:
    cells = dict(zip(fields, row, strict=True))
    keywords = {field: cells.pop(field) for field in FIELDS if field in cells}
    return {**keywords, "traits": {name: _trait(cell) for name, cell in cells.items()}}


def _trait(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    return [item for part in cell.split(LIST_SEPARATOR) if (item := part.strip())]
