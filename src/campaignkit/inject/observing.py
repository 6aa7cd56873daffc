"""From a corrupted workbench to the truth about it, read off the differences.

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
    spoiled, broken = bench.spoiled(order), _broken(bench)
    cells: dict[str, dict[str, Rows]] = {}
    for column, kind, rows in bench.last_written():
        # A law's row counts only while the law is broken.
        kept = rows[broken[kind][rows]] if kind in broken else rows
        changed = bench.differing(column, kept)
        if len(changed) and column in spoiled.touched:
            cells.setdefault(kind, {})[column] = changed
    seen = [_defect(kind, rate, bench, spoiled, cells.get(kind.kind, {})) for kind, rate in kinds]
    found = {d.kind: d for d in seen if d is not None}
    ours, before = _shown(bench, spoiled, found)
    defects = tuple(
        replace(found[kind.kind], implied=_implied(kind, found, ours))
        for kind, _ in kinds
        if kind.kind in found
    )
    columns, origin = tuple(spoiled.table.column_names), spoiled.origin
    return spoiled, GroundTruth(defects, len(origin), columns, origin, before, seed)


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
    finding can name. Restoring a cell may repair another law, so this repeats; every round
    leaves fewer changed cells.
    """
    undone = True
    while undone:
        broken, undone = _broken(bench), False
        for column, kind, rows in list(bench.last_written()):
            masked = rows[~broken[kind][rows]] if kind in broken else rows[:0]
            if len(masked):
                bench.put_back(column, masked)
                undone = True


def _defect(
    corruption: Corruption, rate: float, bench: Workbench, spoiled: Spoiled, cells: dict[str, Rows]
) -> Defect | None:
    kind = corruption.kind
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
        _clean=bench.clean,
        _dirty=spoiled.table,
        _origin=spoiled.origin,
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
    for column, _, rows in bench.last_written():
        if column in spoiled.touched and column in bench.metrics():
            tenfold = _tenfold(bench.clean_numbers(column)[rows], bench.numbers(column)[rows])
            ours.setdefault("outliers", []).append(rows[tenfold])
    placed = [
        {k: _other(k, spoiled.rows_from(distinct(*parts)), found) for k, parts in shown.items()}
        for shown in (ours, before)
    ]
    return placed[0], {k: rows for k, rows in placed[1].items() if len(rows)}


def _other(kind: str, rows: Rows, found: dict[str, Defect]) -> Rows:
    """Those of the rows in which the kind itself was not injected."""
    return np.setdiff1d(rows, found[kind].rows, assume_unique=True) if kind in found else rows


def _implied(
    corruption: Corruption, found: dict[str, Defect], ours: dict[str, Rows]
) -> dict[str, Rows]:
    """What else the rows of a defect show: as observed, and as its kind declares."""
    own = found[corruption.kind].rows
    parts = {k: np.intersect1d(rows, own, assume_unique=True) for k, rows in ours.items()}
    parts |= {kind: _other(kind, own, found) for kind in corruption.implies}
    return {k: rows for k, rows in parts.items() if len(rows) and k != corruption.kind}


def _tenfold(before: Any, after: Any) -> Mask:
    old, new = np.abs(before) + 1.0, np.abs(after) + 1.0
    larger, smaller = new > OUTLIER_FACTOR * old, old > OUTLIER_FACTOR * new
    return np.asarray(larger | smaller, dtype=bool)  # false where one of them is NaN
