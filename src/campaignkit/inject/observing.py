"""From a spoiled workbench to the dirty table and the truth about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from campaignkit.distinct import distinct
from campaignkit.extras import require
from campaignkit.inject.truth import Defect, GroundTruth
from campaignkit.tables.laws import MARKETING_LAWS, Law

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy import bool_, int64
    from numpy.random import Generator
    from numpy.typing import NDArray

    from campaignkit.inject.workbench import Workbench

# A cell changed tenfold is an outlier too, whatever it was meant to be.
OUTLIER_FACTOR = 10.0


def observe(
    bench: Workbench, *, seed: int, places: Mapping[str, str], order: Generator
) -> tuple[pa.Table, GroundTruth]:
    """Build the dirty table and read its truth off the difference.

    Parameters
    ----------
    bench : Workbench
        After all kinds have written.
    seed : int
        The injector's.
    places : mapping of str to str
        Kind -> where its rows were chosen, in words.
    order : Generator
        Places the repeated rows.
    """
    import numpy as np

    _undo_masked(bench)
    columns = {name: bench.column(name) for name in bench.clean.column_names}
    differs = {
        name: _differs(bench.clean.column(name), column)
        for name, column in columns.items()
        if any(w.column == name for w in bench.writings)
    }
    origin, repeats = _rows(bench, order)
    kept = [name for name in bench.clean.column_names if name not in bench.dropped]
    dirty = _taken(columns, kept, origin if bench.copies is not None else None)
    spread = _Spread(origin, bench.num_rows)
    owners = _owners(bench, differs)
    now = _numbers_now(bench)
    seen = _laws_broken(bench, now)
    gone = set(bench.dropped)
    defects = [
        _cell_defect(bench, kind, owners, seen, spread, gone, dirty, places)
        for kind in bench.picked
        if kind not in ("duplicate_rows", "dropped_columns")
    ]
    if len(repeats):
        defects.append(
            Defect("duplicate_rows", tuple(kept), repeats, {},
                   bench.requested["duplicate_rows"], len(repeats) / bench.num_rows,
                   places["duplicate_rows"])
        )  # fmt: skip
    if bench.dropped:
        defects.append(
            Defect("dropped_columns", tuple(bench.dropped), np.zeros(0, np.int64), {},
                   bench.requested["dropped_columns"],
                   len(bench.dropped) / bench.clean.num_columns, places["dropped_columns"])
        )  # fmt: skip
    found = [d for d in defects if d is not None]
    implied, before = _implied(bench, found, now, differs, spread, gone)
    with_implied = tuple(
        Defect(d.kind, d.columns, d.rows, d.cells, d.requested, d.realised, d.where,
               _within(implied, d), d.num_masked, bench.clean, dirty, origin)
        for d in found
    )  # fmt: skip
    truth = GroundTruth(with_implied, len(origin), tuple(kept), origin, before, seed)
    return dirty, truth


class _Spread:
    """Clean positions -> the dirty positions that came from them."""

    def __init__(self, origin: NDArray[int64], num_clean: int) -> None:
        import numpy as np

        self.origin = origin
        self.plain = len(origin) == num_clean
        self.mask = np.zeros(num_clean, dtype=bool)

    def __call__(self, rows: NDArray[int64]) -> NDArray[int64]:
        import numpy as np

        if self.plain:
            return np.sort(rows)
        self.mask[:] = False
        self.mask[rows] = True
        return np.flatnonzero(self.mask[self.origin])


def _rows(bench: Workbench, order: Generator) -> tuple[NDArray[int64], NDArray[int64]]:
    """Origin of each dirty row, and the positions of second arrivals."""
    import numpy as np

    num = bench.num_rows
    if bench.copies is None:
        return np.arange(num), np.zeros(0, dtype=np.int64)
    # A copy lands before a random row: anywhere in the table, the rest keeping its order.
    places = np.concatenate([np.arange(num) + 0.5, order.uniform(0, num, len(bench.copies))])
    source = np.concatenate([np.arange(num), bench.copies])
    origin = source[np.argsort(places, kind="stable")]
    first = np.zeros(len(origin), dtype=bool)
    first[np.unique(origin, return_index=True)[1]] = True
    return origin, np.flatnonzero(~first)


def _taken(columns: dict[str, Any], kept: list[str], origin: Any) -> pa.Table:
    pa = require("pyarrow", extra="tables", user="ErrorInjector")
    if origin is None:
        return pa.table({name: columns[name] for name in kept})
    index = pa.array(origin)
    return pa.table({name: columns[name].take(index) for name in kept})


def _differs(before: Any, after: Any) -> NDArray[bool_]:
    """bool[rows]: cells that are not the same, a null equal to a null alone."""
    import numpy as np

    pa = require("pyarrow", extra="tables", user="ErrorInjector")
    pc = require("pyarrow.compute", extra="tables", user="ErrorInjector")
    old = before.combine_chunks()
    if old.type != after.type:
        number = pa.types.is_integer(old.type) and pa.types.is_integer(after.type)
        shared = pa.int64() if number else pa.string()
        old, after = old.cast(shared), after.cast(shared)
    if pa.types.is_dictionary(old.type):
        old, after = old.cast(old.type.value_type), after.cast(old.type.value_type)
    unequal = pc.fill_null(pc.not_equal(old, after), False)
    nulls = pc.xor(old.is_null(), after.is_null())
    return np.asarray(pc.or_(unequal, nulls).to_numpy(zero_copy_only=False), dtype=bool)


def _undo_masked(bench: Workbench) -> None:
    """Put back cells written to break a law that a later kind keeps from being broken.

    Spend drawn for a row whose impressions were emptied afterwards would be a difference that no
    finding can name. Putting a cell back may mend another law, so this repeats; every round
    leaves fewer changed cells.
    """
    import numpy as np

    kinds = {law.kind for law in _laws(bench)}
    touched = {w.column for w in bench.writings if w.kind in kinds}
    while True:
        broken = _laws_broken(bench, _numbers_now(bench))
        differs = {}
        for column in touched:
            was, now = bench.clean_numbers(column), bench.numbers(column)
            differs[column] = (was != now) & ~(np.isnan(was) & np.isnan(now))
        undone = False
        for kind, cells in _owners(bench, differs).items():
            if kind not in broken:
                continue
            for column, rows in cells.items():
                masked = rows[~broken[kind][rows]]
                if len(masked):
                    bench.put_back(column, masked)
                    undone = True
        if not undone:
            return


def _owners(bench: Workbench, differs: Mapping[str, NDArray[bool_]]) -> dict[str, dict[str, Any]]:
    """kind -> column -> clean rows whose difference it is: the last writer's."""
    import numpy as np

    owned: dict[str, dict[str, Any]] = {}
    for column, changed in differs.items():
        last = np.full(bench.num_rows, -1, dtype=np.int16)
        writings = [w for w in bench.writings if w.column == column]
        for number, writing in enumerate(writings):
            last[writing.rows] = number
        for kind in dict.fromkeys(w.kind for w in writings):
            numbers = [i for i, w in enumerate(writings) if w.kind == kind]
            owned.setdefault(kind, {})[column] = np.flatnonzero(changed & np.isin(last, numbers))
    return owned


def _numbers_now(bench: Workbench) -> dict[str, Any]:
    """Number columns as they are now, cells turned into words as NaN."""
    import numpy as np

    out = {}
    for standard, own in bench.matching.found.items():
        if own in bench.metrics():
            values = bench.numbers(own)
            words = [
                w.rows for w in bench.writings if w.column == own and w.kind == "type_changes"
            ]
            if words:
                values = values.copy()
                values[np.concatenate(words)] = np.nan
            out[standard] = values
    return out


def _laws_broken(bench: Workbench, now: Mapping[str, Any]) -> dict[str, NDArray[bool_]]:
    """kind -> clean rows in which one of its laws is broken now."""
    broken: dict[str, Any] = {}
    for law in _laws(bench):
        mask = law.broken({c: now[c] for c in law.columns})
        broken[law.kind] = broken[law.kind] | mask if law.kind in broken else mask
    return broken


def _laws(bench: Workbench) -> list[Law]:
    metrics = set(bench.metrics())
    found = {s for s, own in bench.matching.found.items() if own in metrics}
    return [law for law in MARKETING_LAWS if set(law.columns) <= found]


def _cell_defect(  # noqa: PLR0917 - one row of the same table each
    bench: Workbench,
    kind: str,
    owners: dict[str, dict[str, Any]],
    seen: dict[str, NDArray[bool_]],
    spread: _Spread,
    gone: set[str],
    dirty: Any,
    places: Mapping[str, str],
) -> Defect | None:

    owned = {c: rows for c, rows in owners.get(kind, {}).items() if c not in gone}
    if kind in seen:  # a law's row counts only while the law is broken
        owned = {c: rows[seen[kind][rows]] for c, rows in owned.items()}
    owned = {c: rows for c, rows in owned.items() if len(rows)}
    if not owned:
        return None
    clean_rows = distinct(*owned.values())
    cells = {c: spread(rows) for c, rows in owned.items()}
    rows = spread(clean_rows)
    picked = len(bench.picked[kind])
    per_cell = kind in ("missing_values", "categorical_errors", "type_changes")
    written = sum(len(r) for r in owned.values())
    share = written / len(owned) if per_cell else len(clean_rows)
    return Defect(kind, tuple(cells), rows, cells, bench.requested[kind],
                  share / max(bench.num_rows, 1), places[kind],
                  num_masked=max(picked - len(clean_rows), 0))  # fmt: skip


def _implied(  # noqa: PLR0917
    bench: Workbench,
    defects: list[Defect],
    now: Mapping[str, Any],
    differs: Mapping[str, NDArray[bool_]],
    spread: _Spread,
    gone: set[str],
) -> tuple[dict[str, NDArray[int64]], dict[str, NDArray[int64]]]:
    """Rows that show a kind nobody injected there: by our edits, and before them."""
    import numpy as np

    own = {d.kind: d.rows for d in defects}
    ours: dict[str, list[Any]] = {}
    before: dict[str, list[Any]] = {}
    for law in _laws(bench):
        if any(bench.matching.found[c] in gone for c in law.columns):
            continue
        broken = law.broken({c: now[c] for c in law.columns})
        was = law.broken({c: bench.clean_numbers(c) for c in law.columns})
        ours.setdefault(law.kind, []).append(np.flatnonzero(broken & ~was))
        before.setdefault(law.kind, []).append(np.flatnonzero(broken & was))
    shifted = [w.rows for w in bench.writings if w.kind == "shifted_columns"]
    if shifted:
        ours["categorical_errors"] = shifted
    garbage = [w.rows for w in bench.writings if w.kind == "type_changes"]
    if garbage:
        ours["categorical_errors"] = ours.get("categorical_errors", []) + garbage
    ours["outliers"] = [
        np.flatnonzero(_tenfold(bench.clean_numbers(c), bench.numbers(c)))
        for c in differs
        if c in bench.metrics() and c not in gone
    ]

    def placed(parts: list[Any], kind: str) -> NDArray[int64]:
        rows = spread(distinct(*parts))
        return np.setdiff1d(rows, own.get(kind, np.zeros(0, np.int64)))

    implied = {k: placed(parts, k) for k, parts in ours.items()}
    earlier = {k: placed(parts, k) for k, parts in before.items()}
    return (
        {k: rows for k, rows in implied.items() if len(rows)},
        {k: rows for k, rows in earlier.items() if len(rows)},
    )


def _tenfold(before: Any, after: Any) -> NDArray[bool_]:
    import numpy as np

    old, new = np.abs(before) + 1.0, np.abs(after) + 1.0
    with np.errstate(invalid="ignore"):
        changed = (new > OUTLIER_FACTOR * old) | (old > OUTLIER_FACTOR * new)
    mask: NDArray[bool_] = changed & ~np.isnan(after)
    return mask


def _within(implied: Mapping[str, NDArray[int64]], defect: Defect) -> dict[str, NDArray[int64]]:
    import numpy as np

    parts = {
        kind: np.intersect1d(rows, defect.rows, assume_unique=True)
        for kind, rows in implied.items()
        if kind != defect.kind
    }
    return {kind: rows for kind, rows in parts.items() if len(rows)}
