"""From a spoiled workbench to the truth about it, read off what differs.

What a kind of fault is, it says itself: `unit` and `implies` of
:class:`campaignkit.inject.Corruption`. No kind is known here by name, save the laws of
:mod:`campaignkit.tables` and the outliers, which are read off the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator

from campaignkit.distinct import distinct
from campaignkit.inject.cells import Mask, Rows
from campaignkit.inject.corruptions import Corruption
from campaignkit.inject.truth import Defect, GroundTruth
from campaignkit.inject.workbench import Spoiled, Workbench
from campaignkit.tables import MARKETING_LAWS, Law

# A cell changed tenfold is an outlier too, whatever it was meant to be.
OUTLIER_FACTOR = 10.0


def observe(
    bench: Workbench, kinds: Sequence[tuple[Corruption, float]], *, seed: int, order: Generator
) -> tuple[Spoiled, GroundTruth]:
    """Build the dirty table and read its truth off the difference.

    Parameters
    ----------
    bench : Workbench
        After all kinds have written.
    kinds : sequence of (Corruption, float)
        In the order in which they wrote, each with the rate asked of it.
    seed : int
        The injector's.
    order : Generator
        Places the added rows.
    """
    _undo_masked(bench)
    owned = bench.owned()
    spoiled = bench.spoiled(order)
    broken = _broken(bench)
    seen = [_defect(kind, rate, bench, spoiled, owned, broken) for kind, rate in kinds]
    found = {d.kind: d for d in seen if d is not None}
    ours, before = _shown(bench, spoiled, found)
    table, origin = spoiled.table, spoiled.origin
    defects = tuple(
        replace(
            found[corruption.kind],
            implied=_implied(corruption, found, ours),
            _clean=bench.clean,
            _dirty=table,
            _origin=origin,
        )
        for corruption, _ in kinds
        if corruption.kind in found
    )
    kept = tuple(table.column_names)
    return spoiled, GroundTruth(defects, len(origin), kept, origin, before, seed)


def _laws(bench: Workbench) -> list[Law]:
    metrics = set(bench.metrics())
    found = {s for s, own in bench.matching.found.items() if own in metrics}
    return [law for law in MARKETING_LAWS if set(law.columns) <= found]


def _broken(bench: Workbench) -> dict[str, Mask]:
    """kind -> clean rows in which one of its laws is broken now."""
    broken: dict[str, Any] = {}
    for law in _laws(bench):
        mask = law.broken({c: bench.numbers(c) for c in law.columns})
        broken[law.kind] = broken[law.kind] | mask if law.kind in broken else mask
    return broken


def _undo_masked(bench: Workbench) -> None:
    """Put back cells written to break a law that a later kind keeps from being broken.

    Spend drawn for a row whose impressions were emptied afterwards would be a difference that no
    finding can name. Putting a cell back may mend another law, so this repeats; every round
    leaves fewer changed cells.
    """
    undone = True
    while undone:
        broken, undone = _broken(bench), False
        for kind, cells in bench.owned().items():
            for column, rows in cells.items() if kind in broken else ():
                masked = rows[~broken[kind][rows]]
                if len(masked):
                    bench.put_back(column, masked)
                    undone = True


def _defect(  # noqa: PLR0917 - one row of the same table each
    corruption: Corruption,
    rate: float,
    bench: Workbench,
    spoiled: Spoiled,
    owned: dict[str, dict[str, Any]],
    broken: dict[str, Mask],
) -> Defect | None:
    kind = corruption.kind
    cells = {c: rows for c, rows in owned.get(kind, {}).items() if c in spoiled.touched}
    if kind in broken:  # a law's row counts only while the law is broken
        cells = {c: rows[broken[kind][rows]] for c, rows in cells.items()}
    cells = {c: rows for c, rows in cells.items() if len(rows)}
    changed, dropped = distinct(*cells.values()), bench.dropped.get(kind, [])
    arrived = spoiled.arrived.get(kind, distinct())
    rows = distinct(spoiled.rows_from(changed), arrived)
    if not len(rows) and not dropped:
        return None
    written = sum(len(part) for part in cells.values())
    amount, share_of = {
        "cell": (written, max(len(cells), 1) * bench.num_rows),
        "row": (len(changed) + len(arrived), bench.num_rows),
        "column": (len(dropped), bench.clean.num_columns),
    }[corruption.unit]
    return Defect(
        kind,
        (*cells, *dropped) or tuple(spoiled.table.column_names),
        rows,
        {c: spoiled.rows_from(part) for c, part in cells.items()},
        rate,
        amount / bench.share_of.get(kind, share_of),
        corruption.says(),
        num_masked=max(len(distinct(*bench.picked.get(kind, []))) - len(changed), 0),
    )


def _shown(
    bench: Workbench, spoiled: Spoiled, found: dict[str, Defect]
) -> tuple[dict[str, Rows], dict[str, Rows]]:
    """Dirty rows that show a kind nobody injected there: by our edits, and before them."""
    ours: dict[str, list[Any]] = {}
    before: dict[str, list[Any]] = {}
    for law in _laws(bench):
        if all(bench.own(c) in spoiled.touched for c in law.columns):
            broken = law.broken({c: bench.numbers(c) for c in law.columns})
            was = law.broken({c: bench.clean_numbers(c) for c in law.columns})
            ours.setdefault(law.kind, []).append(np.flatnonzero(broken & ~was))
            before.setdefault(law.kind, []).append(np.flatnonzero(broken & was))
    for column in bench.metrics():
        if len(spoiled.touched.get(column, ())):
            tenfold = _tenfold(bench.clean_numbers(column), bench.numbers(column))
            ours.setdefault("outliers", []).append(np.flatnonzero(tenfold))
    placed = (
        {k: _other(k, spoiled.rows_from(distinct(*parts)), found) for k, parts in shown.items()}
        for shown in (ours, before)
    )
    implied, earlier = ({k: rows for k, rows in p.items() if len(rows)} for p in placed)
    return implied, earlier


def _other(kind: str, rows: Rows, found: dict[str, Defect]) -> Rows:
    """Those of the rows in which the kind itself was not injected."""
    return np.setdiff1d(rows, found[kind].rows, assume_unique=True) if kind in found else rows


def _implied(
    corruption: Corruption, found: dict[str, Defect], ours: dict[str, Rows]
) -> dict[str, Rows]:
    """What the rows of a defect show besides it: as can be seen, and as its kind says."""
    own = found[corruption.kind].rows
    parts = {k: np.intersect1d(rows, own, assume_unique=True) for k, rows in ours.items()}
    parts |= {kind: _other(kind, own, found) for kind in corruption.implies}
    return {k: rows for k, rows in parts.items() if len(rows) and k != corruption.kind}


def _tenfold(before: Any, after: Any) -> Mask:
    old, new = np.abs(before) + 1.0, np.abs(after) + 1.0
    with np.errstate(invalid="ignore"):
        changed = (new > OUTLIER_FACTOR * old) | (old > OUTLIER_FACTOR * new)
    mask: Mask = changed & ~np.isnan(after)
    return mask
