"""What a warehouse gives to an audit in place: columns, a snapshot, one statement at a time."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from campaignkit.errors import BudgetExceeded, Fault, SettingError, TableError
from campaignkit.extras import require
from campaignkit.tables.translation import translated

if TYPE_CHECKING:
    import pyarrow as pa


_AT_ONCE = 20_000  # rows


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a warehouse is asked.

    Parameters
    ----------
    where : str
        Condition in the warehouse's own dialect that every statement is kept to: a partition.
    maximum_bytes : int or None
        What a whole audit may read.
    labels : mapping of str to str
        What jobs are labelled with, in addition to ``app=campaignkit``.
    timeout_s : float
        Seconds after which the warehouse ends a statement.
    snapshot : datetime or None
        The moment whose state is read; now, where the warehouse can hold a state.
    least_rows : int
        Values of text columns with fewer rows than this do not leave the warehouse.

    Examples
    --------
    >>> Terms(where="event_date >= '2026-01-01'", maximum_bytes=10**10).least_rows
    1
    """

    where: str = ""
    maximum_bytes: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 600.0
    snapshot: datetime | None = None
    least_rows: int = 1


class Warehouse(ABC):
    """A table in a warehouse, on given terms; a further engine is one class and one line.

    Attributes
    ----------
    name : str
        What to call the table in messages; holds no password.
    dialect : str
        sqlglot's name of its SQL.
    source : str
        The table in FROM, in its dialect, with snapshot and condition.
    notes : sequence of Fault
        What a reader of the audit should know about this access.

    Examples
    --------
    >>> from campaignkit.tables.engines import ENGINES
    >>> sorted(ENGINES)
    ['bigquery', 'postgres', 'postgresql', 'snowflake', 'spark']
    """

    name: str
    dialect: str
    source: str
    notes: Sequence[Fault] = ()

    @abstractmethod
    def columns(self) -> Mapping[str, str]:
        """Name -> type in its dialect, in order; no statement is run for it where possible."""

    @abstractmethod
    def run(self, sql: str, *, maximum_bytes: int | None) -> tuple[list[Sequence[Any]], int]:
        """Rows of one statement and the bytes charged; the engine itself refuses above the cap.

        Raises
        ------
        TableError
            If the engine refuses it; the message contains no password.
        """

    def stream(
        self, sql: str, *, maximum_bytes: int | None
    ) -> tuple[Iterable[Sequence[Any]], int]:
        """As :meth:`run`, with rows that come one after the other."""
        return self.run(sql, maximum_bytes=maximum_bytes)

    def bytes_of(self, sql: str) -> int | None:
        """Bytes a statement will be charged for, told before it runs; None where it cannot."""
        return None

    def close(self) -> None:  # noqa: B027 - a warehouse that opened nothing has nothing to close
        """Let go of what was opened for this audit; never of a caller's connection."""


class Schema(ABC):
    """The tables of a schema or data set, as they are at one moment.

    Attributes
    ----------
    name : str
        What to call it in messages; holds no password.

    Examples
    --------
    >>> Schema.__name__  # docs/platforms.md reads one
    'Schema'
    """

    name: str

    @property
    @abstractmethod
    def tables(self) -> list[str]:
        """Names of its tables and views, sorted."""

    @abstractmethod
    def table(self, name: str, terms: Terms) -> Warehouse:
        """One of them, on given terms; it is closed with the schema."""

    def close(self) -> None:  # noqa: B027 - one over a caller's connection has nothing to close
        """Let go of what was opened for it."""


class Home(ABC):
    """Two schemas or data sets of one owner, which are written: ``_raw`` and ``_harmonised``.

    Attributes
    ----------
    name : str
        What to call the place in messages; holds no password.
    parts : tuple of str
        The names of both.

    Examples
    --------
    >>> Home.__name__  # campaignkit.harmonise.WarehouseClients keeps clients' stores in them
    'Home'
    """

    name: str
    parts: tuple[str, str]

    @abstractmethod
    def reached(self) -> list[str]:
        """All schemas of any owner that the login reaches, by name."""

    @abstractmethod
    def make(self) -> None:
        """Make both where they are missing."""

    @abstractmethod
    def read(self, table: str) -> pa.Table | None:
        """A table of ``_raw``, all its cells as text; None if there is none."""

    @abstractmethod
    def replace(
        self,
        raw: Mapping[str, pa.Table],
        shown: Mapping[str, pa.Table],
        drop: Iterable[str],
        check: Callable[[], None],
    ) -> None:
        """Write tables of ``_raw``, in order, then of ``_harmonised``; drop others of ``_raw``.

        Nothing is written if `check` raises.
        """

    @abstractmethod
    def remove(self) -> None:
        """Drop both with all that is in them."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what was opened; never of a caller's connection."""


def kept_to(source: str, where: str) -> str:
    """What stands in FROM where only rows under a condition are looked at."""
    return f"(SELECT * FROM {source} WHERE {where})" if where else source


def refusal(name: str, err: BaseException, sql: str, *, secrets: Sequence[str] = ()) -> TableError:
    """The error of a driver in words that hold no password."""
    lines = str(err).strip().splitlines() or [type(err).__name__]
    said = lines[0][:300]
    for secret in secrets:
        said = said.replace(secret, "***")
    return TableError(f"{name} cannot be asked this: {said}", hint=f"it was: {sql[:400]}")


@dataclass
class Metered:
    """Asks a warehouse in the checks' own SQL and keeps what was asked and charged.

    Examples
    --------
    >>> Metered.__name__  # docs/audit-warehouse.md shows an audit in place
    'Metered'
    """

    warehouse: Warehouse
    terms: Terms = field(default_factory=Terms)
    statements: list[tuple[str, int | None]] = field(default_factory=list)
    plans_only: bool = False
    rows: str = (
        ""  # what is asked in place of the table: those of its rows that were not set aside
    )

    @property
    def bytes_read(self) -> int:
        """Bytes charged so far."""
        return sum(n or 0 for _, n in self.statements)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of one statement, told in DuckDB's dialect.

        Raises
        ------
        NotInPlace
            If it holds what a warehouse is not asked.
        BudgetExceeded
            If it would read more than is left of the audit's bytes; it was not run then.
        """
        return [tuple(map(plain, row)) for row in self._paid(query, self.warehouse.run)]

    def stream(self, query: str) -> Iterator[Sequence[Any]]:
        """Rows of one statement as the driver gives them: exact numbers stay exact.

        Raises
        ------
        NotInPlace, BudgetExceeded
            As :meth:`ask` does.
        """
        return iter(self._paid(query, self.warehouse.stream))

    def _paid(self, query: str, run: Callable[..., Any]) -> Iterable[Sequence[Any]]:
        sql = self.told(query)
        limit, left = self.terms.maximum_bytes, None
        ahead = self.warehouse.bytes_of(sql) if limit is not None or self.plans_only else None
        if limit is not None:
            left = limit - self.bytes_read
            if ahead is None:
                raise SettingError(
                    f"{self.warehouse.name} does not tell how many bytes a statement reads",
                    hint="leave maximum_bytes out; BigQuery and Snowflake can be capped",
                )
            if ahead > left and not self.plans_only:
                raise BudgetExceeded(
                    f"the next statement reads {ahead:,} bytes; of maximum_bytes={limit:,} "
                    f"{left:,} are left after {len(self.statements)} statements",
                    hint="nothing more was run; give where= to read less, or raise maximum_bytes",
                )
        if self.plans_only:
            self.statements.append((sql, ahead))
            return []
        rows: Iterable[Sequence[Any]]
        rows, charged = run(sql, maximum_bytes=left)
        self.statements.append((sql, charged))
        return rows

    def types(self) -> dict[str, str]:
        """Name -> type of the columns, as DuckDB calls it."""
        from sqlglot import exp
        from sqlglot.errors import SqlglotError

        out = {}
        for name, kind in self.warehouse.columns().items():
            try:
                told = exp.DataType.build(kind, dialect=self.warehouse.dialect).sql("duckdb")
            except SqlglotError:  # a type of the user's own
                told = kind
            out[name] = told
        return out

    def told(self, query: str) -> str:
        """The statement as the warehouse hears it."""
        return translated(
            query, dialect=self.warehouse.dialect, source=self.rows or self.warehouse.source
        )


def plain(cell: object) -> object:
    """A cell as Python has it: exact numbers of a driver as int where whole, else as float.

    Examples
    --------
    >>> plain(Decimal("3")), plain(Decimal("2.5"))
    (3, 2.5)
    """
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    return cell


def as_arrow(rows: Iterator[Sequence[Any]], types: Mapping[str, str]) -> Any:
    """Rows of a statement as a reader of Arrow batches: floats as they are, all else as text.

    Parameters
    ----------
    rows : iterator of sequence
    types : mapping of str to str
        Column -> its type in DuckDB, in the order of the cells.
    """
    pa = require("pyarrow", extra="tables", user="reading a warehouse")
    floats = {name for name, kind in types.items() if kind in ("DOUBLE", "FLOAT", "REAL")}
    form = pa.schema([(n, pa.float64() if n in floats else pa.string()) for n in types])

    def batches() -> Iterator[Any]:
        while some := list(islice(rows, _AT_ONCE)):
            columns = zip(types, zip(*some, strict=True), strict=True)
            arrays = [pa.array(cells if n in floats else map(_written, cells), form.field(n).type)
                      for n, cells in columns]  # fmt: skip
            yield pa.RecordBatch.from_arrays(arrays, schema=form)

    return pa.RecordBatchReader.from_batches(form, batches())


def _written(cell: object) -> str | None:
    """A cell as a loader would have written it into a CSV file."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, bool | list | dict):
        return json.dumps(cell, default=str)
    return str(cell)
