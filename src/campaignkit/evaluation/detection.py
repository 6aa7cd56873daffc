"""Findings against ground truth: how much of what was spoiled did the audit find?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from campaignkit.distinct import distinct

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

    from campaignkit.auditing import AuditReport, Finding
    from campaignkit.inject import GroundTruth


@dataclass(frozen=True, slots=True)
class Hits:
    """Hits, false alarms and misses, and the three figures made of them.

    Attributes
    ----------
    hits, false_alarms, misses : int
        Counts; what is implied by other faults is in none of them.

    Examples
    --------
    >>> Hits(8, 2, 0).precision, Hits(8, 2, 0).recall, round(Hits(8, 2, 0).f1, 3)
    (0.8, 1.0, 0.889)
    """

    hits: int = 0
    false_alarms: int = 0
    misses: int = 0

    def __add__(self, other: Hits) -> Hits:
        return Hits(
            self.hits + other.hits,
            self.false_alarms + other.false_alarms,
            self.misses + other.misses,
        )

    @property
    def precision(self) -> float:
        """Share of what was found that was there; 1 where nothing was found."""
        found = self.hits + self.false_alarms
        return self.hits / found if found else 1.0

    @property
    def recall(self) -> float:
        """Share of what was there that was found; 1 where nothing was there."""
        there = self.hits + self.misses
        return self.hits / there if there else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two; 1 where there was nothing and nothing was found."""
        all_three = 2 * self.hits + self.false_alarms + self.misses
        return 2 * self.hits / all_three if all_three else 1.0

    @property
    def is_perfect(self) -> bool:
        """Neither a miss nor a false alarm."""
        return not self.misses and not self.false_alarms


@dataclass(frozen=True, slots=True)
class KindHits:
    """One kind at the three levels.

    Examples
    --------
    >>> KindHits().rows.f1
    1.0
    """

    table: Hits = field(default_factory=Hits)
    rows: Hits = field(default_factory=Hits)
    cells: Hits = field(default_factory=Hits)

    def __add__(self, other: KindHits) -> KindHits:
        return KindHits(self.table + other.table, self.rows + other.rows, self.cells + other.cells)


@dataclass(frozen=True)
class DetectionScore:
    """Findings of one or more tables against their truth.

    Attributes
    ----------
    by_kind : mapping of str to KindHits
        Every kind that was there or was found.
    num_perfect, num_tables : int
        Tables whose kinds were found exactly, and tables.

    Examples
    --------
    >>> score = DetectionScore({"outliers": KindHits(table=Hits(1, 0, 0))})
    >>> score.table.f1
    1.0
    """

    by_kind: Mapping[str, KindHits]
    num_perfect: int = 0
    num_tables: int = 1

    @property
    def table(self) -> Hits:
        """Kinds: which were named rightly."""
        return sum((k.table for k in self.by_kind.values()), Hits())

    @property
    def rows(self) -> Hits:
        """Rows, of all kinds together."""
        return sum((k.rows for k in self.by_kind.values()), Hits())

    @property
    def cells(self) -> Hits:
        """Cells, of all kinds together."""
        return sum((k.cells for k in self.by_kind.values()), Hits())

    def __add__(self, other: DetectionScore) -> DetectionScore:
        kinds = dict.fromkeys([*self.by_kind, *other.by_kind])
        return DetectionScore(
            {k: self.by_kind.get(k, KindHits()) + other.by_kind.get(k, KindHits()) for k in kinds},
            self.num_perfect + other.num_perfect,
            self.num_tables + other.num_tables,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""

        def plain(hits: Hits) -> dict[str, float]:
            return {"hits": hits.hits, "false_alarms": hits.false_alarms, "misses": hits.misses,
                    "precision": round(hits.precision, 4), "recall": round(hits.recall, 4),
                    "f1": round(hits.f1, 4)}  # fmt: skip

        return {
            "num_tables": self.num_tables,
            "num_perfect": self.num_perfect,
            "table": plain(self.table),
            "rows": plain(self.rows),
            "cells": plain(self.cells),
            "by_kind": {
                kind: {"table": plain(k.table), "rows": plain(k.rows), "cells": plain(k.cells)}
                for kind, k in self.by_kind.items()
            },
        }


def score_findings(
    report: AuditReport,
    truth: GroundTruth,
    *,
    severities: Sequence[str] = ("error",),
    cells: bool = True,
) -> DetectionScore:
    """Score an audit's findings against the ground truth of an injection.

    Parameters
    ----------
    report : AuditReport
        Of the dirty table, still open.
    truth : GroundTruth
        Of the same table.
    severities : sequence of str
        Findings that count; a warning is a question, not an answer.
    cells : bool
        Whether to score cells too, which takes the longest.

    Returns
    -------
    DetectionScore
        Precision, recall and F1 by kind at table, row and cell level. Rows that show a kind as a
        consequence of another fault (`Defect.implied`), or showed it before, count neither way.
        Dropped columns have no rows: each column counts as one.

    Examples
    --------
    >>> import campaignkit as ck
    >>> clean = ck.synthetic_table(2000)
    >>> dirty, truth = ck.ErrorInjector(["duplicate_rows"], rate=0.1).inject(clean)
    >>> score_findings(ck.audit(dirty), truth).table.f1
    1.0
    """
    found: dict[str, list[Finding]] = {}
    for finding in report.of_severity(*severities):
        found.setdefault(finding.kind, []).append(finding)
    by_kind = {
        kind: _score_kind(kind, found.get(kind, []), truth, cells=cells)
        for kind in dict.fromkeys([*truth.kinds, *found])
    }
    total = sum((k.table for k in by_kind.values()), Hits())
    return DetectionScore(by_kind, int(total.is_perfect), 1)


def total_score(scores: Iterable[DetectionScore]) -> DetectionScore:
    """Several tables as one score.

    Examples
    --------
    >>> total_score([DetectionScore({}), DetectionScore({})]).num_tables
    2
    """
    return sum(scores, DetectionScore({}, 0, 0))


def _score_kind(
    kind: str, findings: list[Finding], truth: GroundTruth, *, cells: bool
) -> KindHits:
    if kind == "dropped_columns":
        return _score_columns(findings, truth)
    there = truth[kind].rows if kind in truth.kinds else distinct()
    implied = truth.implied(kind)
    rows = distinct(*(f.rows for f in findings))
    row_hits = _compare(rows, there, implied)
    cell_hits = _score_cells(kind, findings, truth, implied) if cells else Hits()
    if kind in truth.kinds:
        hit = row_hits.hits > 0
        table = Hits(int(hit), int(not hit and row_hits.false_alarms > 0), int(not hit))
    else:
        # Findings without rows are about the table: nothing implied them.
        alarm = row_hits.false_alarms > 0 or any(not len(f.rows) for f in findings)
        table = Hits(0, int(alarm), 0)
    return KindHits(table, row_hits, cell_hits)


def _score_columns(findings: list[Finding], truth: GroundTruth) -> KindHits:
    there = set(truth["dropped_columns"].columns) if "dropped_columns" in truth.kinds else set()
    found = {c for f in findings for c in f.columns}
    units = Hits(len(found & there), len(found - there), len(there - found))
    if there:
        table = Hits(int(units.hits > 0), int(bool(found) and not units.hits), int(not units.hits))
    else:
        table = Hits(0, int(bool(found)), 0)
    return KindHits(table, units, units)


def _score_cells(
    kind: str, findings: list[Finding], truth: GroundTruth, implied: NDArray[int64]
) -> Hits:
    if kind not in truth.kinds:
        found = _cells_of(findings)
        return sum((_compare(rows, distinct(), implied) for rows in found.values()), Hits())
    there = truth[kind].cells
    if not there:
        return _compare(distinct(*(f.rows for f in findings)), truth[kind].rows, implied)
    found = _cells_of(findings)
    return sum(
        (
            _compare(found.get(column, distinct()), there.get(column, distinct()), implied)
            for column in dict.fromkeys([*there, *found])
        ),
        Hits(),
    )


def _cells_of(findings: list[Finding]) -> dict[str, NDArray[int64]]:
    found: dict[str, list[NDArray[int64]]] = {}
    for finding in findings:
        for column, rows in finding.cells().items():
            found.setdefault(column, []).append(rows)
    return {column: distinct(*parts) for column, parts in found.items()}


def _compare(found: NDArray[int64], there: NDArray[int64], implied: NDArray[int64]) -> Hits:
    import numpy as np

    hits = len(np.intersect1d(found, there, assume_unique=True))
    extra = np.setdiff1d(found, there, assume_unique=True)
    excused = len(np.intersect1d(extra, implied, assume_unique=True))
    return Hits(hits, len(extra) - excused, len(there) - hits)
