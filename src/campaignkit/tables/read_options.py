"""How a table is to be read where the reader's own decision is not the right one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypedDict, cast

from campaignkit.errors import Fault, TableError
from campaignkit.tables.schema import Matching, TableSchema

_NO_TEXT = (".parquet", ".pq", ".json", ".jsonl", ".ndjson", "")
_OF_A_FILE = ("header", "skip", "delimiter", "encoding")
OF_A_WAREHOUSE = ("where", "maximum_bytes", "labels", "timeout_s", "snapshot", "least_rows")


class ReadOptions(TypedDict, total=False):
    """What overrules the decisions made for a whole table; each may be left out.

    Attributes
    ----------
    header : int or sequence of str
        Line of the header in a delimited file, the first line 1; or, for a file without a header,
        the names of its columns; 0: the file has no header, its columns are numbered.
    skip : int
        Lines at the start of a delimited file that are no part of the table.
    delimiter : str
        One character between cells.
    encoding : str
        As Python calls it: ``"utf-16"``, ``"cp1252"``.
    decimal : str
        ``"."`` or ``","`` in numbers written as text.
    day_first : bool
        Whether 03/04/2026 is the third of April.
    columns : mapping of str to str or None
        A column's own name -> the standard name it stands for; None: for no standard column.
    summary_rows : str
        ``"leave out"`` (totals are named and no check sees them) or ``"keep"``.
    where : str
        Of a table in a warehouse: a condition in its dialect that all statements keep to.
    maximum_bytes : int
        Of a table in a warehouse: what all statements together may read.
    labels : mapping of str to str
        Of a table in a warehouse: what its jobs are labelled with.
    timeout_s : float
        Of a table in a warehouse: seconds after which it ends a statement.
    snapshot : datetime
        Of a table in a warehouse: the moment whose state is read, with its time zone.
    least_rows : int
        Of a table in a warehouse: values of text columns with fewer rows do not leave it.

    Examples
    --------
    >>> from campaignkit.tables import open_table
    >>> open_table({"gross": [1.5]}, columns={"gross": "spend"}).own["spend"]
    'gross'
    """

    header: int | Sequence[str]
    skip: int
    delimiter: str
    encoding: str
    decimal: str
    day_first: bool
    columns: Mapping[str, str | None]
    summary_rows: str
    where: str
    maximum_bytes: int
    labels: Mapping[str, str]
    timeout_s: float
    snapshot: datetime
    least_rows: int


def checked_read(read: Mapping[str, Any]) -> ReadOptions:
    """The options, if they are ones that a table can be read by.

    Raises
    ------
    TypeError
        For a name that is no option.
    TableError
        For values out of range; all at once.

    Examples
    --------
    >>> checked_read({"delimiter": ";"})
    {'delimiter': ';'}
    """
    known = ReadOptions.__annotations__
    for name in read:
        if name not in known:
            raise TypeError(f"{name!r} is no keyword here; of reading: {', '.join(known)}")
    faults = [
        Fault(f"{name}=", f"is {value!r:.60}", _OPTIONS[name][1])
        for name, value in read.items()
        if value is not None and not _OPTIONS[name][0](value)
    ]
    if faults:
        raise TableError("the table cannot be read as asked", faults=faults)
    return cast("ReadOptions", {k: v for k, v in read.items() if v is not None})


def _is_line(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_names(value: object) -> bool:
    if not isinstance(value, list | tuple):
        return False
    return bool(value) and all(isinstance(v, str) for v in value)


def _is_encoding(value: object) -> bool:
    try:
        return isinstance(value, str) and bool("x".encode(value))
    except LookupError:
        return False


# Option -> whether a value fits it, and what to give.
_OPTIONS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "header": (
        lambda v: _is_line(v) or _is_names(v),
        "give the header's line, the first 1, or a list of names, or 0 for no header",
    ),
    "skip": (_is_line, "give a number of lines, at least 0"),
    "delimiter": (
        lambda v: isinstance(v, str) and len(v) == 1 and v.isascii() and v not in '"\r\n',
        "give one character: ',' or ';' or '\\t'",
    ),
    "encoding": (_is_encoding, "give an encoding that Python knows: 'utf-8', 'utf-16', 'cp1252'"),
    "decimal": (lambda v: v in (".", ","), "give '.' or ','"),
    "day_first": (lambda v: isinstance(v, bool), "give True or False"),
    "columns": (
        lambda v: isinstance(v, Mapping),
        "give own names -> standard names: {'cost': 'spend'}",
    ),
    "summary_rows": (lambda v: v in ("leave out", "keep"), "give 'leave out' or 'keep'"),
    "where": (lambda v: isinstance(v, str), "give a condition: \"event_date >= '2026-01-01'\""),
    "maximum_bytes": (_is_line, "give a number of bytes: 10**10"),
    "labels": (
        lambda v: isinstance(v, Mapping) and all(isinstance(x, str) for x in v.values()),
        "give names -> texts: {'client': 'acme'}",
    ),
    "timeout_s": (lambda v: isinstance(v, int | float) and v > 0, "give seconds above 0"),
    "snapshot": (
        lambda v: isinstance(v, datetime) and v.tzinfo is not None,
        "give a datetime with its time zone",
    ),
    "least_rows": (lambda v: _is_line(v) and v > 0, "give a number of rows, at least 1"),
}


def without_warehouse_options(read: ReadOptions) -> None:
    """Refuse options of warehouses for what lies in none.

    Raises
    ------
    TableError
        If there is one.
    """
    hint = "they are for bigquery://, snowflake://, postgres:// and live connections"
    _refuse_any(read, OF_A_WAREHOUSE, "the table lies in no warehouse", hint)


def without_file_options(read: ReadOptions, thing: str) -> None:
    """Refuse options of delimited files for what is none.

    Raises
    ------
    TableError
        If there is one.
    """
    hint = "leave them out; columns=, decimal= and day_first= hold for every table"
    _refuse_any(read, _OF_A_FILE, f"{thing} is no delimited file", hint)


def _refuse_any(read: ReadOptions, names: Iterable[str], why: str, hint: str) -> None:
    given = [f"{name}=" for name in names if name in read]
    if given:
        raise TableError(f"{why}: {' and '.join(given)} cannot be heeded", hint=hint)


def shared_read(read: ReadOptions, other: Any) -> ReadOptions:
    """The options as they apply to another table of the same kind, a history.

    Examples
    --------
    >>> shared_read({"skip": 2, "decimal": ","}, {"clicks": [1]})
    {'decimal': ','}
    """
    is_text = isinstance(other, str | Path) and Path(other).suffix.lower() not in _NO_TEXT
    kept = {k: v for k, v in read.items() if is_text or k not in _OF_A_FILE}
    return cast("ReadOptions", {k: v for k, v in kept.items() if k not in OF_A_WAREHOUSE})


def matched(schema: TableSchema, names: Iterable[str], read: ReadOptions) -> Matching:
    """The standard columns among a table's names, what the user says before what is recognised.

    Raises
    ------
    TableError
        If the user names a column or a standard name that is not there; all faults at once.

    Examples
    --------
    >>> from campaignkit.tables.schema import MARKETING
    >>> dict(matched(MARKETING, ["cost", "gross"], {"columns": {"gross": "spend"}}).found)
    {'spend': 'gross'}
    """
    own, given = list(names), dict(read.get("columns", {}))
    faults = []
    for name, standard in given.items():
        where = f"columns[{name!r}]"
        if name not in own:
            near = get_close_matches(str(name), own, 3, 0.5) or own[:12]
            faults.append(Fault(where, "is no column of the table", f"its own: {', '.join(near)}"))
        elif standard is not None and standard not in schema:
            listed = ", ".join(schema.names)
            faults.append(Fault(where, f"{standard!r} is no standard name", f"known: {listed}"))
        elif standard is not None and list(given.values()).count(standard) > 1:
            faults.append(Fault(where, f"{standard!r} is given twice", "one column stands for it"))
    if faults:
        raise TableError("columns= does not fit the table", faults=faults)
    return schema.match(own, stated=given)
