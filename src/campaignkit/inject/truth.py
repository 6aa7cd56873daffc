"""What was corrupted, read off the difference between the clean and the dirty table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from campaignkit.distinct import distinct
from campaignkit.errors import Fault
from campaignkit.inject.cells import Rows, as_text, pa, plain

_TOLD = ("kind", "columns", "count", "requested", "realised", "where", "num_masked", "implied")
_DASH = "–"  # the published table's mark for "none"


@dataclass(frozen=True, eq=False)
class Defect:
    """One kind of fault as it can be seen in the dirty table.

    Attributes
    ----------
    kind : str
        Name of the fault.
    columns : tuple of str
        Columns that differ, or that are gone.
    rows : int64[rows]
        Positions in the dirty table, ascending; empty for dropped columns.
    cells : mapping of str to int64[cells]
        Column -> positions whose cell differs and is owed to this kind.
    requested, realised : float
        Rate asked for, and rate seen, in the kind's own unit.
    where : str
        Where the rows were chosen, in words.
    implied : mapping of str to int64[rows]
        Other faults that the same edits amount to: kind -> rows.
    num_masked : int
        Rows chosen but no longer to be seen, because a later kind wrote over them.

    Examples
    --------
    >>> import numpy as np
    >>> Defect("missing_values", ("spend",), np.array([3]), {}, 0.05, 0.04).count
    1
    """

    kind: str
    columns: tuple[str, ...]
    rows: Rows
    cells: Mapping[str, Rows]
    requested: float
    realised: float
    where: str = "at random"
    implied: Mapping[str, Rows] = field(default_factory=dict)
    num_masked: int = 0
    _clean: Any = None  # pyarrow.Table
    _dirty: Any = None  # pyarrow.Table
    _origin: Any = None  # int64[dirty rows]

    @property
    def count(self) -> int:
        """Rows touched; columns, for dropped columns."""
        return len(self.rows) if len(self.rows) else len(self.columns)

    def before(self, column: str) -> Any:
        """The clean cells behind :attr:`cells` of a column, as a pyarrow array."""
        return _taken(self._clean, column, self._origin[self.cells[column]])

    def after(self, column: str) -> Any:
        """The dirty cells of :attr:`cells` of a column, as a pyarrow array."""
        return _taken(self._dirty, column, self.cells[column])


def _taken(table: Any, column: str, rows: Rows) -> Any:
    return plain(table.column(column)).take(pa.array(rows)).combine_chunks()


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """All defects of a dirty table.

    Attributes
    ----------
    defects : tuple of Defect
        The kinds that can be seen; a kind whose every edit was overwritten is not among them.
    num_rows : int
        Rows of the dirty table.
    columns : tuple of str
        Its columns.
    origin : int64[rows]
        Dirty row -> row of the clean table it came from; -1: a row that was added.
    preexisting : mapping of str to int64[rows]
        Laws the clean table broke already: kind -> dirty rows.
    seed : int
        The injector's.
    notes : tuple of Fault
        What was decided when the clean table was read from a file, rows left out of it among that.

    Examples
    --------
    >>> from campaignkit.inject import ErrorInjector
    >>> from campaignkit.tables import synthetic_table
    >>> _, truth = ErrorInjector(["missing_values"], rate=0.1).inject(synthetic_table(100))
    >>> truth.kinds
    ('missing_values',)
    """

    defects: tuple[Defect, ...]
    num_rows: int
    columns: tuple[str, ...]
    origin: Rows
    preexisting: Mapping[str, Rows] = field(default_factory=dict)
    seed: int = 0
    notes: tuple[Fault, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that can be seen."""
        return tuple(d.kind for d in self.defects)

    def __getitem__(self, kind: str) -> Defect:
        return next(d for d in self.defects if d.kind == kind)

    def implied(self, kind: str) -> Rows:
        """Rows that show this kind as a consequence of others, or did so before."""
        parts = [d.implied[kind] for d in self.defects if kind in d.implied]
        parts += [self.preexisting[kind]] if kind in self.preexisting else []
        return distinct(*parts)

    def to_dict(self) -> dict[str, Any]:
        """Counts and rates, without rows: plain values for JSON."""
        return {
            "num_rows": self.num_rows,
            "columns": list(self.columns),
            "seed": self.seed,
            "notes": [str(note) for note in self.notes],
            "defects": [
                {name: getattr(d, name) for name in _TOLD}
                | {"columns": list(d.columns)}
                | {"implied": {kind: len(rows) for kind, rows in d.implied.items()}}
                for d in self.defects
            ],
        }

    def cell_table(self) -> Any:
        """Every corrupted cell as a row of a pyarrow table: kind, column, position, before, after.

        Repeated rows and dropped columns have no cell; they stand with a null column or position.
        """
        texts = dict.fromkeys(("kind", "column", "before", "after"), pa.string())
        schema = pa.schema(texts | {"position": pa.int64()})
        parts = [schema.empty_table()]
        for defect in self.defects:
            for column, rows in defect.cells.items():
                cells = (as_text(defect.before(column)), as_text(defect.after(column)))
                kinds, columns = [defect.kind] * len(rows), [column] * len(rows)
                parts.append(pa.table([kinds, columns, *cells, rows], schema=schema))
            if not defect.cells:
                kinds, nulls = [defect.kind] * defect.count, [None] * defect.count
                named = (nulls, defect.rows) if len(defect.rows) else (defect.columns, nulls)
                parts.append(pa.table([kinds, named[0], nulls, nulls, named[1]], schema=schema))
        return pa.concat_tables(parts).select(["kind", "column", "position", "before", "after"])


def published_table(
    truths: Mapping[str, GroundTruth], *, structural: Sequence[str] = ()
) -> list[dict[str, str | int]]:
    """The published form of ground truth: one row a table, numbers and types of its errors.

    Parameters
    ----------
    truths : mapping of str to GroundTruth
        Table name -> truth.
    structural : sequence of str
        Kinds to count as structural; empty: the four published ones and what else is no law.

    Returns
    -------
    list of dict
        Columns Table_name, number_of_injected_logical_errors, type_of_logical_error,
        number_of_injected_structural_errors, type_of_structural_error; an en dash where none.

    Examples
    --------
    >>> from campaignkit.inject import ErrorInjector
    >>> from campaignkit.tables import synthetic_table
    >>> _, truth = ErrorInjector(["missing_values"], rate=0.1).inject(synthetic_table(100))
    >>> published_table({"T1": truth})[0]["type_of_logical_error"]
    '–'
    """
    from campaignkit.inject.corruptions import LOGICAL

    rows: list[dict[str, str | int]] = []
    for name, truth in truths.items():
        logical = [k for k in truth.kinds if k in LOGICAL and k not in structural]
        other = [k for k in truth.kinds if k not in logical]
        rows.append(
            {
                "Table_name": name,
                "number_of_injected_logical_errors": len(logical),
                "type_of_logical_error": ", ".join(logical) or _DASH,
                "number_of_injected_structural_errors": len(other),
                "type_of_structural_error": ", ".join(other) or _DASH,
            }
        )
    return rows
