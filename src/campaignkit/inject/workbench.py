"""A table while it is being spoiled: clean columns, written cells, copied rows, dropped columns.

Corruptions choose rows by the clean table (so that kinds do not depend on each other) and write
over what the kinds before them left. The clean table is never changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from campaignkit.errors import TableError
from campaignkit.extras import require
from campaignkit.tables.schema import MARKETING, ColumnSpec, Matching, Role

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy import bool_, float64, int64
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Writing:
    """Cells one corruption wrote: positions in the clean table, ascending.

    Examples
    --------
    >>> Writing("outliers", "clicks", ()).column
    'clicks'
    """

    kind: str
    column: str
    rows: Any  # int64[cells written]


@dataclass
class Workbench:
    """The table being spoiled.

    Attributes
    ----------
    clean : pyarrow.Table
        As it came.
    matching : Matching
        Its standard columns.
    writings : list of Writing
        Who wrote which cells, in order.
    picked : dict of str to int64 arrays
        Rows each kind chose.
    copies : int64 array or None
        Rows to be repeated.
    dropped : list of str
        Columns to be left out.

    Examples
    --------
    >>> from campaignkit.tables import synthetic_table
    >>> Workbench(synthetic_table(10)).num_rows
    10
    """

    clean: pa.Table
    matching: Matching = field(init=False)
    writings: list[Writing] = field(default_factory=list)
    picked: dict[str, Any] = field(default_factory=dict)
    copies: Any = None
    dropped: list[str] = field(default_factory=list)
    requested: dict[str, float] = field(default_factory=dict)
    _numbers: dict[str, Any] = field(default_factory=dict)
    _clean_numbers: dict[str, Any] = field(default_factory=dict)
    _codes: dict[str, tuple[Any, list[str | None]]] = field(default_factory=dict)
    _clean_codes: dict[str, tuple[Any, list[str | None]]] = field(default_factory=dict)
    _retyped: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.matching = MARKETING.match(self.clean.column_names)

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
        pa = require("pyarrow", extra="tables", user="ErrorInjector")
        out = []
        for column in self.clean.schema:
            kind = column.type
            number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
            spec = self.spec(column.name)
            if (number or pa.types.is_decimal(kind)) and (spec is None or spec.is_metric):
                out.append(column.name)
        return out

    def dimensions(self) -> list[str]:
        """Own names of text columns that are no keys."""
        out = []
        for column in self.clean.schema:
            spec = self.spec(column.name)
            role = spec.role if spec is not None else None
            if _is_text(column.type) and role in (None, Role.DIMENSION):
                out.append(column.name)
        return out

    def keys(self) -> list[str]:
        """Own names of identifier and date columns."""
        return [
            own
            for standard, own in self.matching.found.items()
            if MARKETING[standard].role in (Role.ID, Role.DATE)
        ]

    def clean_numbers(self, name: str) -> NDArray[float64]:
        """A number column as it came: float64[rows], NaN where null; do not write."""
        own = self.own(name)
        if own not in self._clean_numbers:
            self._clean_numbers[own] = _as_floats(self.clean.column(own), own)
        values: NDArray[float64] = self._clean_numbers[own]
        return values

    def numbers(self, name: str) -> NDArray[float64]:
        """A number column as the kinds before left it; do not write."""
        own = self.own(name)
        values: NDArray[float64] = self._numbers.get(own, self.clean_numbers(own))
        return values

    def clean_codes(self, name: str) -> tuple[NDArray[int64], list[str | None]]:
        """A text column as it came: codes int64[rows] (-1 null) and the values they stand for."""
        own = self.own(name)
        if own not in self._clean_codes:
            self._clean_codes[own] = _as_codes(self.clean.column(own))
        return self._clean_codes[own]

    def equals(self, column: str, values: Sequence[str]) -> NDArray[bool_]:
        """Rows of the clean table in which a column has one of these values."""
        import numpy as np

        codes, words = self.clean_codes(column)
        unknown = [v for v in values if v not in words]
        if unknown:
            raise TableError(
                f"column {column!r} never has the value {unknown[0]!r}",
                hint=f"it has: {', '.join(str(w) for w in words[:12])}",
            )
        wanted = [i for i, word in enumerate(words) if word in values]
        found: NDArray[bool_] = np.isin(codes, wanted)
        return found

    def between_days(self, column: str, first: date, last: date) -> NDArray[bool_]:
        """Rows of the clean table whose day lies in a range, both ends included."""
        import numpy as np

        pc = require("pyarrow.compute", extra="tables", user="ErrorInjector")
        pa = require("pyarrow", extra="tables", user="ErrorInjector")
        try:
            days = self.clean.column(self.own(column)).cast(pa.date32())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as err:
            raise TableError(
                f"column {column!r} does not hold dates", hint="convert it to dates first"
            ) from err
        inside = pc.and_(pc.greater_equal(days, first), pc.less_equal(days, last))
        found: NDArray[bool_] = np.asarray(inside.fill_null(False).to_numpy(), dtype=bool)
        return found

    def write_numbers(
        self, kind: str, name: str, rows: NDArray[int64], values: NDArray[float64]
    ) -> None:
        """Write number cells; integer columns get whole numbers."""
        import numpy as np

        pa = require("pyarrow", extra="tables", user="ErrorInjector")
        own = self.own(name)
        if own not in self._numbers:
            self._numbers[own] = self.clean_numbers(own).copy()
        whole = pa.types.is_integer(self.clean.schema.field(own).type)
        self._numbers[own][rows] = np.rint(values) if whole else values
        self._wrote(kind, own, rows)

    def put_back(self, own: str, rows: NDArray[int64]) -> None:
        """Give number cells the clean table's values again."""
        self._numbers[own][rows] = self.clean_numbers(own)[rows]

    def write_words(
        self, kind: str, name: str, rows: NDArray[int64], words: Sequence[str], chosen: Any
    ) -> None:
        """Write text cells: row ``rows[i]`` gets ``words[chosen[i]]``."""
        own = self.own(name)
        codes, known = self._codes_to_write(own)
        place = {word: i for i, word in enumerate(known)}
        for word in words:
            if word not in place:
                place[word] = len(known)
                known.append(word)
        import numpy as np

        table = np.array([place[word] for word in words], dtype=np.int64)
        codes[rows] = table[chosen]
        self._wrote(kind, own, rows)

    def write_nulls(self, kind: str, name: str, rows: NDArray[int64]) -> None:
        """Empty cells of any column."""
        import numpy as np

        own = self.own(name)
        if own in self.metrics():
            if own not in self._numbers:
                self._numbers[own] = self.clean_numbers(own).copy()
            self._numbers[own][rows] = np.nan
        else:
            codes, _ = self._codes_to_write(own)
            codes[rows] = -1
        self._wrote(kind, own, rows)

    def retype(self, kind: str, name: str, rows: NDArray[int64], words: Sequence[str]) -> None:
        """Turn a column into text in which these cells read `words`."""
        own = self.own(name)
        cells = self._retyped.setdefault(own, {})
        cells.update(zip(rows.tolist(), words, strict=True))
        self._wrote(kind, own, rows)

    def current_codes(self, name: str) -> tuple[NDArray[int64], list[str | None]]:
        """A text column as the kinds before left it; do not write."""
        own = self.own(name)
        return self._codes.get(own) or self.clean_codes(own)

    def column(self, own: str) -> pa.Array:
        """A column as it is now, at the clean table's rows."""
        pa = require("pyarrow", extra="tables", user="ErrorInjector")
        source = self.clean.column(own)
        if own in self._numbers:
            made = _from_floats(pa, self._numbers[own], source.type)
        elif own in self._codes:
            codes, words = self._codes[own]
            made = _from_codes(pa, codes, words, source.type)
        else:
            made = source.combine_chunks()
        if own in self._retyped:
            made = _with_words(pa, made, self._retyped[own])
        return made.combine_chunks() if hasattr(made, "combine_chunks") else made

    def _codes_to_write(self, own: str) -> tuple[Any, list[str | None]]:
        if own not in self._codes:
            codes, words = self.clean_codes(own)
            self._codes[own] = (codes.copy(), list(words))
        return self._codes[own]

    def _wrote(self, kind: str, own: str, rows: NDArray[int64]) -> None:
        import numpy as np

        self.writings.append(Writing(kind, own, np.sort(rows)))


def _is_text(kind: Any) -> bool:
    pa = require("pyarrow", extra="tables", user="ErrorInjector")
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _as_floats(column: Any, own: str) -> NDArray[float64]:
    import numpy as np

    pa = require("pyarrow", extra="tables", user="ErrorInjector")
    try:
        floats = column.cast(pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as err:
        raise TableError(
            f"column {own!r} does not hold numbers ({column.type})",
            hint="convert it to numbers first",
        ) from err
    values: NDArray[float64] = np.asarray(floats.to_numpy(), dtype=np.float64)
    return values


def _as_codes(column: Any) -> tuple[NDArray[int64], list[str | None]]:
    import numpy as np

    encoded = column.combine_chunks()
    if not hasattr(encoded, "dictionary"):
        encoded = encoded.dictionary_encode()
    if hasattr(encoded, "combine_chunks"):
        encoded = encoded.combine_chunks()
    codes = np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
    return codes, encoded.dictionary.to_pylist()


def _from_floats(pa: Any, values: NDArray[float64], kind: Any) -> Any:
    import numpy as np

    empty = np.isnan(values)
    if pa.types.is_integer(kind):
        whole = pa.array(np.where(empty, 0, values).astype(np.int64), mask=empty)
        try:
            return whole.cast(kind)
        except pa.ArrowInvalid:
            return whole  # a negative number in an unsigned column needs a wider one
    made = pa.array(values, mask=empty)
    return made.cast(kind, safe=False)


def _from_codes(pa: Any, codes: NDArray[int64], words: list[Any], kind: Any) -> Any:
    import numpy as np

    empty = codes < 0
    indices = pa.array(np.where(empty, 0, codes).astype(np.int32), mask=empty)
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(indices, pa.array(words, kind.value_type))
    texts = words or [None]
    return pa.DictionaryArray.from_arrays(indices, pa.array(texts, kind)).dictionary_decode()


def _with_words(pa: Any, column: Any, cells: dict[str, Any]) -> Any:
    import numpy as np

    pc = require("pyarrow.compute", extra="tables", user="ErrorInjector")
    texts = column.cast(pa.string())
    rows = np.fromiter((int(r) for r in cells), dtype=np.int64, count=len(cells))
    order = np.argsort(rows)
    words = [list(cells.values())[i] for i in order]
    mask = np.zeros(len(texts), dtype=bool)
    mask[rows] = True
    return pc.replace_with_mask(texts, pa.array(mask), pa.array(words, pa.string()))
