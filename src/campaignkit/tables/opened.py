"""A table opened for questions: DuckDB over any frame, file or database table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from campaignkit.errors import Fault, NotInPlace, TableError
from campaignkit.tables.csv_lines import LineCount
from campaignkit.tables.grouping import grouping_sets
from campaignkit.tables.schema import MARKETING, Matching, Role, TableSchema

if TYPE_CHECKING:
    from types import TracebackType

    import pyarrow as pa
    from numpy import int64
    from numpy.typing import NDArray

    from campaignkit.tables.engines.warehouse import Metered

MOST_VALUES = 5_000  # of a text column inside a warehouse: the most frequent ones are looked at
WIDE = 100  # columns from which on many are asked about in one query
PLACE = "row_number() OVER () - 1"  # of a row, where nothing cheaper tells it
_AT_ONCE = 2_500


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an opened table.

    Attributes
    ----------
    name : str
        Its name; repeated names carry a number.
    kind : str
        ``number``, ``date``, ``bool``, ``text`` or ``other``.
    sql : str
        SQL of its typed value; NULL where a cell does not fit.
    raw : str
        SQL of the cell as it is.
    is_text : bool
        Whether the cells are text underneath: only then can one not fit.
    formats : tuple of str
        Number or date formats seen in a text column, the most frequent first.
    unit : str
        What its numbers are counted in where the cells or the column's name show it: ``%``, a
        currency (``EUR``; ``$`` where the mark alone is written), ``micro``; empty where nothing
        does. A column whose cells carry several has the most frequent one here.
    units : mapping of str to int
        Unit -> cells that carry its mark, the most frequent first; counted over all rows of a
        text column of numbers.
    unmarked : int
        Numbers that carry no mark although others of the column do.
    undecided : str
        ``numbers`` or ``dates`` where the cells are such and may be read in two ways; the kind is
        then ``other``. Empty where nothing is open.
    no_value : tuple of str
        Words among its numbers or dates that the table writes for no value: apart from the usual
        placeholders, those that fill another column.

    Examples
    --------
    >>> Column("clicks", "number", '"clicks"', '"clicks"').is_text
    False
    """

    name: str
    kind: str
    sql: str
    raw: str
    is_text: bool = False
    formats: tuple[str, ...] = ()
    unit: str = ""
    units: Mapping[str, int] = field(default_factory=dict)
    unmarked: int = 0
    undecided: str = ""
    no_value: tuple[str, ...] = ()


_MOST_WRITTEN = 1_000  # positions of left out rows in a query for people


@dataclass
class OpenTable:
    """A table that can be asked in SQL; made by :func:`open_table`.

    Close it, or use it as a context manager, when no more rows are wanted from it.

    Attributes
    ----------
    name : str
        What to call it in messages.
    columns : dict
        Name -> :class:`Column`, in order.
    num_rows : int
        Rows.
    matching : Matching
        Which standard columns were recognised.
    notes : tuple of Fault
        What was odd about the input.
    lines : LineCount or None
        What became of each line of a delimited file, the rows that could not be read among them.
    summary_rows : mapping of int to str
        Position -> reason of the rows that sum up others; no check and no sum sees them.
    totals : mapping of str to list of str
        Of a table in a warehouse: column -> cells that name a total.
    warehouse : Metered or None
        Where the table lies, if it is asked in place: then only aggregates leave it, no rows.
    cut : set of str
        SQL of columns whose values are too many for all to have left the warehouse.

    Examples
    --------
    >>> from campaignkit.tables import open_table
    >>> with open_table({"clicks": [1, 20], "impressions": [9, 9]}) as table:
    ...     table.positions("clicks > impressions").tolist()
    [1]
    """

    name: str
    con: Any  # duckdb.DuckDBPyConnection: duckdb ships no types
    relation: str
    position: str
    columns: dict[str, Column]
    num_rows: int
    matching: Matching
    schema: TableSchema = MARKETING
    notes: tuple[Fault, ...] = ()
    repeated: tuple[str, ...] = ()
    lines: LineCount | None = None
    summary_rows: Mapping[int, str] = field(default_factory=dict)
    totals: Mapping[str, list[str]] = field(default_factory=dict)
    arrow_source: pa.Table | None = None
    row_groups: tuple[str, ...] = ()
    warehouse: Metered | None = None
    cut: set[str] = field(default_factory=set)
    counted: dict[str, dict[Any, int]] = field(default_factory=dict)
    _numbered: str = ""  # where some rows were left out
    _everything: str = ""  # the rows with those that were left out
    _written: dict[str, str] = field(default_factory=dict)  # name of left out rows -> positions
    closers: list[Any] = field(default_factory=list)

    def __enter__(self) -> OpenTable:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection and of temporary files."""
        (self.con or self._place().warehouse).close()
        for close in self.closers:
            close()
        self.closers.clear()

    @property
    def own(self) -> Mapping[str, str]:
        """Standard name -> the table's own name."""
        return self.matching.found

    def sql(self, name: str) -> str:
        """SQL of a column's typed value, by its own or its standard name."""
        return self.column(name).sql

    def column(self, name: str) -> Column:
        """A column by its own or its standard name.

        Raises
        ------
        TableError
            If there is none; the message lists what there is.
        """
        own = name if name in self.columns else self.own.get(name)
        if own is None:
            shown = ", ".join(list(self.columns)[:20]) or "none"
            raise TableError(
                f"{self.name} has no column {name!r}", hint=f"its columns are: {shown}"
            )
        return self.columns[own]

    def has(self, *names: str) -> bool:
        """Whether all of these columns are there, by own or standard name."""
        return all(n in self.columns or n in self.own for n in names)

    def of_kind(self, *kinds: str) -> list[Column]:
        """The columns of these kinds, in order."""
        return [c for c in self.columns.values() if c.kind in kinds]

    def role(self, name: str) -> Role | None:
        """The role of one of the table's own columns, where the schema knows it."""
        standard = self.matching.standard(name)
        return self.schema[standard].role if standard else None

    @property
    def in_place(self) -> bool:
        """Whether the table lies in a warehouse and is asked there."""
        return self.warehouse is not None

    def row(self, query: str) -> tuple[Any, ...]:
        """The one row of an aggregate query."""
        found = self.rows(query)  # a result left unread blocks the connection
        return found[0] if found else ()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a small query.

        Raises
        ------
        NotInPlace
            If the table lies in a warehouse, which is not asked this.
        """
        if self.warehouse is not None:
            return self.warehouse.ask(query)
        return [tuple(r) for r in self._run(query).fetchall()]

    def value_counts(
        self, expressions: Mapping[str, str], *, relation: str = ""
    ) -> dict[str, dict[Any, int]]:
        """Value -> rows of several columns, the most frequent first; None for null.

        One query a column, or, as each query names every column of the table, one query for many
        columns where the table is wide: 10,000 queries of 10,000 columns would take hours.

        Parameters
        ----------
        expressions : mapping of str to str
            What to call it -> SQL of the values.
        relation : str
            Where to count; the whole table unless told.
        """
        if self.warehouse is not None:
            return self._values_in_place(expressions)
        source = relation or self.relation
        out: dict[str, dict[Any, int]] = {}
        if len(self.matching.found) + len(self.matching.unknown) <= WIDE:
            for name, sql in expressions.items():
                found = self.rows(
                    f"SELECT {sql}, count(*) AS n FROM {source} GROUP BY 1 ORDER BY n DESC, 1"
                )
                out[name] = {value: int(n) for value, n in found}
            return out
        for start in range(0, len(expressions), _AT_ONCE):
            names = list(expressions)[start : start + _AT_ONCE]
            asked = ", ".join(f"{expressions[n]} AS {quoted(n)}" for n in names)
            found = self.rows(
                f"SELECT name, value, count(*) AS n FROM (SELECT {asked} FROM {source}) "
                f"UNPIVOT INCLUDE NULLS (value FOR name IN (COLUMNS(*))) "
                f"GROUP BY 1, 2 ORDER BY n DESC, 2"
            )
            out |= {name: {} for name in names}
            for name, value, n in found:
                out[name][value] = int(n)
        return out

    def _values_in_place(self, expressions: Mapping[str, str]) -> dict[str, dict[Any, int]]:
        """The most frequent values of several columns by one statement, which counts rows too."""
        new = [sql for sql in dict.fromkeys(expressions.values()) if sql not in self.counted]
        if new or self.num_rows < 0:
            least = self._place().terms.least_rows
            found = self.rows(
                grouping_sets(
                    self.relation, [(sql,) for sql in new], most=MOST_VALUES, least=least
                )
            )
            self.counted |= {sql: {} for sql in new}
            for place, value, n in found:
                if place < 0:
                    self.num_rows = int(n)
                else:
                    self.counted[new[place]][value] = int(n)
            self.cut |= {s for s in new if sum(self.counted[s].values()) < self.num_rows}
        return {
            name: dict(
                sorted(self.counted[sql].items(), key=lambda v: (-v[1], v[0] is None, v[0]))
            )
            for name, sql in expressions.items()
        }

    def told(self, query: str) -> str:
        """The statement as the table's engine hears it, with the table's own name.

        Rows that were left out are written as their positions: it runs on the table alone.

        Raises
        ------
        NotInPlace
            If the table lies in a warehouse, which is not asked this.
        """
        for name, written in self._written.items():
            query = query.replace(f"({name})", f"({written})")
        return query if self.warehouse is None else self.warehouse.told(query)

    def _place(self) -> Metered:
        assert self.warehouse is not None
        return self.warehouse

    def numpy(self, query: str) -> dict[str, Any]:
        """The columns of a query as numpy arrays (masked where a cell is null).

        Raises
        ------
        NotInPlace
            If the table lies in a warehouse: its rows stay there.
        """
        found: dict[str, Any] = self._run(query).fetchnumpy()
        return found

    def positions(self, predicate: str, *, limit: int | None = None) -> NDArray[int64]:
        """Positions of the rows for which a SQL condition is true, ascending.

        Returns
        -------
        int64[rows found], the first row 0

        Raises
        ------
        NotInPlace
            If the table lies in a warehouse.
        """
        import numpy as np

        found = self.numpy(self.positions_query(predicate, limit=limit))[self.place]
        return np.sort(np.asarray(found, dtype=np.int64))

    def positions_query(self, predicate: str, *, limit: int | None = None) -> str:
        """The query behind :meth:`positions`."""
        end = f" LIMIT {limit}" if limit is not None else ""
        return f"SELECT {self.place} FROM {self.numbered()} WHERE {predicate}{end}"

    @property
    def place(self) -> str:
        """Column of :meth:`numbered` and of sample rows: ``position``, unless one is called so."""
        found, matching = self.matching.found.values(), self.matching
        taken = {name.lower() for name in (*found, *matching.unknown, *matching.rivals)}
        return next(n for i in count() if (n := "position" + "_" * i) not in taken)

    def numbered(self) -> str:
        """The table with a further column :attr:`place`: where the row stands, from 0."""
        return (
            self._numbered or f"(SELECT {self.position} AS {self.place}, * FROM {self.relation})"
        )

    def without(self, positions: NDArray[int64]) -> OpenTable:
        """The table without some rows, over the same connection; the others keep their positions.

        Parameters
        ----------
        positions : int64[rows to leave out]
            Their positions.
        """
        from campaignkit.extras import require

        pa = require("pyarrow", extra="tables", user="leaving rows out")
        name = f"rows_left_out_{len(self.numbered())}"  # one within another has a longer query
        self.con.register(name, pa.table({"position": positions}))
        kept = f"(SELECT * FROM {self.numbered()} WHERE {self.place} NOT IN (FROM {name}))"
        written = ", ".join(map(str, positions[:_MOST_WRITTEN].tolist())) or "-1"
        if (more := len(positions) - _MOST_WRITTEN) > 0:
            written += f" /* and {more:,} more */"
        return replace(
            self, num_rows=self.num_rows - len(positions), arrow_source=None, row_groups=(),
            relation=f"(SELECT * EXCLUDE ({self.place}) FROM {kept})", _numbered=kept,
            position=PLACE, counted={},
            _everything=self._everything or self.numbered(),
            _written=self._written | {f"FROM {name}": written},
        )  # fmt: skip

    @property
    def summed_up(self) -> str:
        """A relation of the rows that sum up others, with their :attr:`place`."""
        places = ", ".join(map(str, self.summary_rows)) or "-1"
        whole = self._everything or self.numbered()
        return f"(SELECT * FROM {whole} WHERE {self.place} IN ({places}))"

    def rest(self, kept: str) -> OpenTable:
        """A warehouse's table with those of its rows alone that a query gives."""
        place = replace(self._place(), rows=f"({self.told(kept)})")
        rest = replace(self, num_rows=-1, counted={}, cut=set(), warehouse=place)
        rest.value_counts({sql: sql for sql in self.counted})  # all that was known, and its rows
        return rest

    def sample_rows(self, positions: Sequence[int]) -> list[dict[str, Any]]:
        """The rows at a few positions, as dictionaries with their :attr:`place`."""
        if not len(positions):
            return []
        wanted = ", ".join(str(int(p)) for p in positions)
        result = self._run(
            f"SELECT * FROM {self._everything or self.numbered()} "
            f"WHERE {self.place} IN ({wanted}) ORDER BY {self.place}"
        )
        names = [d[0] for d in result.description]
        return [dict(zip(names, r, strict=True)) for r in result.fetchall()]

    def typed(self) -> pa.Table:
        """The rows as an Arrow table, numbers and dates as they are read, other cells as they are.

        Raises
        ------
        NotInPlace
            If the table lies in a warehouse: its rows stay there.

        Examples
        --------
        >>> from campaignkit.tables import open_table
        >>> open_table({"CTR": ["1,5 %", "12,25 %"]}).typed().to_pydict()
        {'CTR': [1.5, 12.25]}
        """
        if self.in_place:
            raise NotInPlace(f"the rows of {self.name} stay where they are")
        cells = ", ".join(
            f"{column.sql if column.kind in ('number', 'date') else column.raw} AS {quoted(name)}"
            for name, column in self.columns.items()
        )
        query = f"SELECT {cells} FROM {self.numbered()} ORDER BY {self.place}"
        return self.con.sql(query).to_arrow_table()

    def rows_where(self, condition: str, names: Sequence[str], most: int) -> list[dict[str, Any]]:
        """Named columns of a few rows for which a condition is true."""
        asked = ", ".join(self.columns[n].raw for n in names)
        found = self.rows(f"SELECT {asked} FROM {self.relation} WHERE {condition} LIMIT {most}")
        return [dict(zip(names, row, strict=True)) for row in found]

    def sampled(self, num_rows: int) -> str:
        """A relation of about `num_rows` rows, the same ones each time, from all over the table.

        Blocks of neighbouring rows spread evenly: a file is then read at a few places only. In a
        warehouse the whole table: what is asked of it are aggregates.
        """
        if self.in_place or self.num_rows <= num_rows:
            return self.relation
        if self.row_groups:
            return self.row_groups[0]
        block = 2048  # DuckDB's vector length
        every = max(self.num_rows * block // num_rows, block)
        if self.arrow_source is not None:
            return self._sliced(every, block)
        at = self.place
        placed = f"(SELECT {self.position} AS {at}, * FROM {self.relation})"
        return f"(SELECT * FROM {placed} WHERE {at} % {every} < {block})"

    def _sliced(self, every: int, block: int) -> str:
        from campaignkit.extras import require

        pa = require("pyarrow", extra="tables", user="sampling a table")
        assert self.arrow_source is not None
        source = self.arrow_source
        parts = [source.slice(start, block) for start in range(0, self.num_rows, every)]
        self.con.register("sampled_rows", pa.concat_tables(parts))
        return "sampled_rows"

    def _run(self, query: str) -> Any:
        import duckdb

        if self.in_place:
            raise NotInPlace(
                f"{self.name}: a warehouse table has no row places; use .condition",
                hint="finding.query lists the rows where the table is, finding.sample a few",
            )
        try:
            return self.con.execute(query)
        except duckdb.OutOfMemoryException as err:
            raise TableError(
                f"{self.name} does not fit into the memory budget: {_first_line(err)}",
                hint="give audit a larger memory_mb",
            ) from err
        except duckdb.Error as err:
            raise TableError(
                f"{self.name} cannot be asked this: {_first_line(err)}",
                hint=f"the query was: {query[:400]}",
            ) from err


def quoted(name: str) -> str:
    """A column name as a SQL identifier.

    Examples
    --------
    >>> print(quoted('say "hi" now'))
    "say ""hi"" now"
    """
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A value as a SQL literal.

    Examples
    --------
    >>> literal("it's")
    "'it''s'"
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def _first_line(err: Exception) -> str:
    return str(err).strip().splitlines()[0][:300]
