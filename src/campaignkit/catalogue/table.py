"""From the rows of any table or frame to attributes: what is which column, all faults at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from campaignkit.catalogue.attribute import FIELDS, Attribute, Key
from campaignkit.errors import CatalogueError, Fault

REQUIRED = ("modality", "value")
LIST_SEPARATOR = "|"
_WIDE = "Catalogue.from_campaigns reads a table that has a row per campaign"


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
        is_wide = not {*REQUIRED} & {*fields}
        raise unreadable(name, faults, hint=_WIDE if is_wide and len(header) > 1 else "")

    def entries() -> Iterator[tuple[str, dict[str, object]]]:
        for where, row in rows:
            if len(row) != len(fields):
                wrong = f"contains {len(row)} cells; expected {len(fields)}, as in the header"
                faults.append(Fault(where, wrong, 'put quotes (") around a cell with a comma'))
                continue
            cells = dict(zip(fields, row, strict=True))
            own = {field: cells.pop(field) for field in FIELDS if field in cells}
            yield where, {**own, "traits": {trait: _items(cell) for trait, cell in cells.items()}}

    empty = Fault(header_at, "no rows follow the header", "give one row an attribute")
    return gathered(name, entries(), faults, empty=empty)


def attributes_of_frame(
    frame: object, *, columns: Mapping[str, str] | None = None
) -> tuple[Attribute, ...]:
    """Read the attributes of a data frame; see :meth:`Catalogue.from_frame`."""
    import narwhals as nw

    try:
        table = nw.from_native(frame, eager_only=True)  # type: ignore[call-overload]
    except TypeError as err:
        raise CatalogueError(
            f"from_frame was given a {type(frame).__name__}; expected a data frame in memory",
            hint="give a pandas or polars data frame or a pyarrow table (collect a lazy one)",
        ) from err
    header = [str(title) for title in table.columns]
    rows = (
        (f"row {position}", [_cell(cell) for cell in row])
        for position, row in enumerate(table.iter_rows())
    )
    return attributes_of_table("the frame", header, rows, header_at="columns", columns=columns)


def gathered(
    name: str,
    entries: Iterable[tuple[str, Mapping[str, object]]],
    faults: list[Fault],
    *,
    empty: Fault,
) -> tuple[Attribute, ...]:
    """The attributes of entries, each with its place and fields; all faults of `name` at once.

    Entries that cannot be read may add to `faults` themselves; `empty` is that of no entries.
    """
    attributes: list[Attribute] = []
    places: dict[Key, str] = {}
    for where, fields in entries:
        try:
            attribute = Attribute(**fields)  # type: ignore[arg-type]  # its constructor checks
        except CatalogueError as err:
            faults += [Fault(where, f"{f.where} {f.found}", f.fix) for f in err.faults]
            continue
        first = places.setdefault(attribute.key, where)
        if first is not where:
            faults.append(repeated(attribute.key, first, where))
        attributes.append(attribute)
    if not attributes and not faults:
        faults.append(empty)
    if faults:
        raise unreadable(name, faults)
    return tuple(attributes)


def repeated(key: Key, first: str, where: str) -> Fault:
    """The fault of an attribute that occurs twice."""
    found = f"{key[0]} {key[1]!r} is a duplicate of {first}"
    return Fault(where, found, "remove one of the two")


def unreadable(name: str, faults: Sequence[Fault], *, hint: str = "") -> CatalogueError:
    """The error of an input with these faults."""
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return CatalogueError(
        f"{name} cannot be read as a catalogue: {count}", faults=faults, hint=hint
    )


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
    faults += [Fault(where, f"column {t!r} occurs twice", "rename one") for t in doubled]
    fields = [renamed.get(title, title) for title in header]
    for ours in sorted({f for f in fields if fields.count(f) > 1} - set(doubled) - {""}):
        fix = f'rename it too: columns={{"{ours}_2": "{ours}"}}'
        faults.append(
            Fault(where, f"column {ours!r} exists and is also the new name of another column", fix)
        )
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


def _items(cell: object) -> object:
    """A trait's cell: the items of a text."""
    if not isinstance(cell, str):
        return cell
    return [item for part in cell.split(LIST_SEPARATOR) if (item := part.strip())]


def _cell(cell: object) -> object:
    """A cell as text or list of texts; what is missing is empty."""
    if isinstance(cell, str):
        return cell
    if hasattr(cell, "tolist"):  # numpy's arrays and scalars
        return _cell(cell.tolist())
    if isinstance(cell, list | tuple):
        return [_cell(item) for item in cell]
    if cell is None or _differs_from_itself(cell):
        return ""
    return str(cell) if isinstance(cell, bool | int | float | date) else cell


def _differs_from_itself(cell: object) -> bool:
    # NaN and NaT do; pandas' NA will not say and so is missing too.
    try:
        return bool(cell != cell)  # noqa: PLR0124
    except TypeError:
        return True
