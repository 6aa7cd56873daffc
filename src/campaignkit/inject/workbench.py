"""A table while it is being corrupted: clean columns, written cells, added rows, dropped columns.

Corruptions choose rows by the clean table (so that kinds do not depend on each other) and write
over what the kinds before them left. The clean table is never changed: what is written stands
separately, and a column is put together from both at the end, so that no cell that nobody wrote
passes through another type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator

from campaignkit.distinct import distinct
from campaignkit.errors import TableError
from campaignkit.inject.cells import (
    Floats,
    Rows,
    as_floats,
    as_text,
    dictionary,
    differing,
    fitting,
    is_number,
    is_text,
    pa,
    plain,
    restored,
)
from campaignkit.tables import MARKETING, ColumnSpec, Matching, Role


@dataclass(frozen=True, slots=True)
class Added:
    """Rows one corruption added.

    Parameters
    ----------
    kind : str
        Name of the fault.
    num : int
        How many.
    sources : int64[num] or None
        The clean row each one repeats; None: none, `cells` has what they hold.
    places : float64[num] or None
        Before which clean row each one stands (``num_rows``: at the end); None: anywhere.
    cells : mapping of str to Array[num]
        Column -> cells of rows that repeat no other; null in the columns left out.

    Examples
    --------
    >>> Added("summary_rows", 1, cells={"campaign": ["Total"]}).sources is None
    True
    """

    kind: str
    num: int
    sources: Rows | None = None
    places: Floats | None = None
    cells: Mapping[str, Any] = field(default_factory=dict)


class _Written:
    """A column's clean cells and then those of each writing, one after another.

    `index` int64[rows] says which of them stands in each row now.
    """

    def __init__(self, clean: Any) -> None:
        self.parts = [plain(clean)]
        self.starts = [0]
        self.kinds = [""]
        self.index = np.arange(len(clean))
        self.numbers: Any = None  # float64[rows], of a number column

    def append(self, kind: str, cells: Any) -> int:
        """Put cells behind the others; returns where they start."""
        start = self.starts[-1] + len(self.parts[-1])
        chunks = cells if isinstance(cells, pa.ChunkedArray) else pa.chunked_array([cells])
        self.parts = fitting(self.parts, chunks)
        self.starts.append(start)
        self.kinds.append(kind)
        return start

    def take(self, index: Rows) -> Any:
        chunks = [chunk for part in self.parts for chunk in part.chunks]
        return pa.chunked_array(chunks, self.parts[0].type).take(pa.array(index))


@dataclass(frozen=True)
class Spoiled:
    """What came of a workbench.

    Attributes
    ----------
    table : pyarrow.Table
        The dirty table.
    origin : int64[rows]
        The clean row each row came from; -1: none.
    touched : dict of str to int64[cells]
        Column -> rows whose cell may not be the clean one.
    arrived : dict of str to int64[rows]
        Kind -> rows that it added; of rows that are alike, all but the first.

    Examples
    --------
    >>> import numpy as np
    >>> from campaignkit.tables import synthetic_table
    >>> Workbench(synthetic_table(3)).spoiled(np.random.default_rng(0)).origin.tolist()
    [0, 1, 2]
    """

    table: Any
    origin: Rows
    touched: Mapping[str, Rows]
    arrived: Mapping[str, Rows]

    def rows_from(self, rows: Rows) -> Rows:
        """The rows that came from these clean rows, ascending."""
        wanted = np.zeros(len(self.origin) + 1, dtype=bool)  # the last one, -1, is never wanted
        wanted[rows] = True
        return np.flatnonzero(wanted[self.origin])


@dataclass
class Workbench:
    """The table being corrupted.

    Attributes
    ----------
    clean : pyarrow.Table
        As it came.
    matching : Matching
        Its standard columns.
    picked : dict of str to list of int64 arrays
        Rows each kind wrote to.
    added : list of Added
        Rows that were not there.
    dropped : dict of str to list of str
        Kind -> columns to be left out.
    share_of : dict of str to int
        Kind -> how many things its rate is a share of, where its unit does not say that.

    Examples
    --------
    >>> from campaignkit.tables import synthetic_table
    >>> Workbench(synthetic_table(10)).num_rows
    10
    """

    clean: Any
    matching: Matching = None  # type: ignore[assignment]  # made from the names
    picked: dict[str, list[Rows]] = field(default_factory=dict)
    added: list[Added] = field(default_factory=list)
    dropped: dict[str, list[str]] = field(default_factory=dict)
    share_of: dict[str, int] = field(default_factory=dict)
    _written: dict[str, _Written] = field(default_factory=dict)
    _floats: dict[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.matching = self.matching or MARKETING.match(self.clean.column_names)

    @property
    def num_rows(self) -> int:
        """Rows of the clean table."""
        return int(self.clean.num_rows)

    def own(self, name: str, *, user: str = "this") -> str:
        """The table's own name for a standard (or own) column.

        Raises
        ------
        TableError
            If there is no such column.
        """
        found = name if name in self.clean.column_names else self.matching.found.get(name)
        if found is None:
            raise TableError(
                f"{user} needs the column {name!r}, and the table has none that means it",
                hint=f"its columns are: {', '.join(self.clean.column_names[:20])}",
            )
        return found

    def has(self, *names: str) -> bool:
        """Whether all these columns are there, by own or standard name."""
        return all(n in self.clean.column_names or n in self.matching.found for n in names)

    def spec(self, column: str) -> ColumnSpec | None:
        """What the schema says of one of the table's own columns."""
        standard = self.matching.standard(column)
        return MARKETING[standard] if standard else None

    def metrics(self) -> list[str]:
        """Own names of number columns that are no keys."""
        specs = [(f.name, self.spec(f.name)) for f in self.clean.schema if is_number(f.type)]
        return [name for name, spec in specs if spec is None or spec.is_metric]

    def dimensions(self) -> list[str]:
        """Own names of text columns that are no keys."""
        specs = [(f.name, self.spec(f.name)) for f in self.clean.schema if is_text(f.type)]
        return [n for n, spec in specs if spec is None or spec.role is Role.DIMENSION]

    def keys(self, *roles: Role) -> list[str]:
        """Own names of identifier and date columns, or of columns of these roles."""
        wanted = roles or (Role.ID, Role.DATE)
        found = self.matching.found.items()
        return [own for standard, own in found if MARKETING[standard].role in wanted]

    def filled(self, column: str) -> Rows:
        """Rows of the clean table in which a column is neither null nor NaN."""
        empty = self.clean.column(self.own(column)).is_null(nan_is_null=True)
        return np.flatnonzero(~np.asarray(empty.to_numpy()))

    def clean_numbers(self, name: str) -> Floats:
        """A number column as it came: float64[rows], NaN where null; do not write."""
        own = self.own(name)
        if own not in self._floats:
            kind = self.clean.schema.field(own).type
            if is_text(kind):
                raise TableError(
                    f"column {own!r} does not hold numbers ({kind})",
                    hint="convert it to numbers first",
                )
            self._floats[own] = as_floats(self.clean.column(own), own)
        return self._floats[own]

    def numbers(self, name: str) -> Floats:
        """A number column as the kinds before left it; do not write."""
        own = self.own(name)
        written = self._written.get(own)
        values: Floats | None = written.numbers if written is not None else None
        return self.clean_numbers(own) if values is None else values

    def words(self, name: str) -> list[str]:
        """The different texts of a column as it came."""
        words: list[str] = dictionary(self.clean.column(self.own(name))).to_pylist()
        return words

    def clean_texts(self, name: str) -> Any:
        """A column as it came, as a CSV file would hold it: a pyarrow array of text."""
        return as_text(plain(self.clean.column(self.own(name))))

    def days(self, column: str) -> Any:
        """A date column as it came: datetime64[D][rows], NaT where null.

        Raises
        ------
        TableError
            If it does not hold dates.
        """
        try:
            days = self.clean.column(self.own(column)).cast(pa.date32(), safe=False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as err:
            raise TableError(
                f"column {column!r} does not hold dates", hint="convert it to dates first"
            ) from err
        found: Any = days.to_numpy()
        return found

    def cells(self, name: str, rows: Rows) -> Any:
        """Cells as the kinds before left them: a pyarrow array of the column's own type."""
        own = self.own(name)
        written = self._written.get(own)
        if written is not None:
            return written.take(written.index[rows])
        return plain(self.clean.column(own)).take(pa.array(rows))

    def texts(self, name: str, rows: Rows) -> Any:
        """The same as a CSV file would hold them: a pyarrow array of text."""
        return as_text(self.cells(name, rows))

    def write(self, kind: str, name: str, rows: Rows, cells: Any = None) -> None:
        """Write cells.

        Parameters
        ----------
        kind : str
            Name of the fault they are owed to.
        name : str
            Own or standard name of the column.
        rows : int64[cells]
            Rows of the clean table, each once.
        cells : array or sequence[cells] or None
            In the column's own type, or texts as a file would hold them: the column turns into
            text where its type would not write them back as they are. None: nulls.
        """
        own = self.own(name)
        state = self._state(own)
        if cells is None:
            cells = pa.nulls(len(rows), state.parts[0].type)
        elif not isinstance(cells, pa.Array | pa.ChunkedArray):
            cells = pa.array(cells, from_pandas=True)
        state.index[rows] = state.append(kind, cells) + np.arange(len(rows))
        if state.numbers is not None:
            state.numbers[rows] = as_floats(cells)
        self.picked.setdefault(kind, []).append(rows)

    def write_numbers(self, kind: str, name: str, rows: Rows, values: Floats) -> None:
        """Write number cells, NaN for null; whole columns get whole numbers."""
        whole = pa.types.is_integer(self.clean.schema.field(self.own(name)).type)
        self.write(kind, name, rows, np.rint(values) if whole else values)

    def put_back(self, own: str, rows: Rows) -> None:
        """Give cells the clean table's values again."""
        written = self._written[own]
        written.index[rows] = rows
        if written.numbers is not None:
            written.numbers[rows] = self.clean_numbers(own)[rows]

    def last_written(self) -> Iterator[tuple[str, str, Rows]]:
        """Column, kind and clean rows of the cells that the kind was the last to write."""
        for own in [c for c in self.clean.column_names if c in self._written]:
            written = self._written[own]
            rows = np.flatnonzero(written.index >= self.num_rows)
            writers = np.searchsorted(written.starts, written.index[rows], side="right") - 1
            kinds = list(dict.fromkeys(written.kinds[1:]))
            codes = np.array([-1, *map(kinds.index, written.kinds[1:])])[writers]
            yield from ((own, kind, rows[codes == code]) for code, kind in enumerate(kinds))

    def differing(self, own: str, rows: Rows) -> Rows:
        """Those of the rows whose cell is not the clean one."""
        written = self._written[own]
        return rows[differing(written.take(rows), written.take(written.index[rows]))]

    def spoiled(self, rng: Generator) -> Spoiled:
        """Put the dirty table together; `rng` places the rows that may stand anywhere."""
        first = np.arange(self.num_rows)
        sources = [np.full(a.num, -1) if a.sources is None else a.sources for a in self.added]
        places = [
            rng.uniform(0, self.num_rows, a.num) if a.places is None else a.places
            for a in self.added
        ]  # a row lands before a row: anywhere in the table, the rest keeping its order
        layout = np.argsort(np.concatenate([first + 0.5, *places]), kind="stable")
        origin = np.concatenate([first, *sources])[layout]
        gone = {column for columns in self.dropped.values() for column in columns}
        fields, columns, touched = [], [], {}
        for field_ in self.clean.schema:
            if field_.name in gone:
                continue
            made, touched[field_.name] = self._put_together(field_.name, layout)
            fields.append(field_.with_type(made.type).with_nullable(
                field_.nullable or made.null_count > 0
            ))  # fmt: skip
            columns.append(made)
        schema = pa.schema(fields, self.clean.schema.metadata)
        arrived: dict[str, Rows] = {}
        start = self.num_rows
        for added in self.added:
            rows = np.flatnonzero((layout >= start) & (layout < start + added.num))
            if added.sources is not None:
                alike = np.flatnonzero(np.isin(origin, added.sources))
                rows = np.delete(alike, np.unique(origin[alike], return_index=True)[1])
            arrived[added.kind] = distinct(arrived.get(added.kind, []), rows)
            start += added.num
        return Spoiled(pa.Table.from_arrays(columns, schema=schema), origin, touched, arrived)

    def _state(self, own: str) -> _Written:
        if own not in self._written:
            column = self.clean.column(own)
            self._written[own] = _Written(column)
            if is_number(column.type):
                self._written[own].numbers = self.clean_numbers(own).copy()
        return self._written[own]

    def _put_together(self, own: str, layout: Rows) -> tuple[Any, Rows]:
        """A column of the dirty table, and the rows whose cell may not be the clean one."""
        clean = self.clean.column(own)
        if own not in self._written and not self.added:
            return clean, layout[:0]
        state = self._state(own)
        index = [state.index]
        for added in self.added:
            if added.sources is not None:
                index.append(state.index[added.sources])
            else:
                cells = added.cells.get(own, pa.nulls(added.num, state.parts[0].type))
                index.append(state.append(added.kind, cells) + np.arange(added.num))
        cells = np.concatenate(index)[layout]
        return restored(state.take(cells), clean), np.flatnonzero(cells >= self.num_rows)
