"""Findings against ground truth: how many of the injected errors did the audit find?

One table at a time, or in the sweep experiment: eleven stacked tables at each rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from operator import add
from typing import TYPE_CHECKING, Any

from campaignkit.auditing import RuleSet, audit, mine_rules
from campaignkit.distinct import distinct
from campaignkit.evaluation.tabular import Cells, Tabular, figure
from campaignkit.inject import STACK_KINDS, stack
from campaignkit.progress import Progress, listener

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

    from campaignkit.auditing import AuditReport, Finding
    from campaignkit.inject import GroundTruth

SWEEP_RATES = (0.01, 0.05, 0.1, 0.2, 0.4)


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
        return Hits(*map(add, astuple(self), astuple(other)))

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

    def to_dict(self) -> dict[str, float]:
        """Counts, and the three figures rounded."""
        figures = {name: getattr(self, name) for name in ("precision", "recall", "f1")}
        return asdict(self) | {name: round(value, 4) for name, value in figures.items()}


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

    def to_dict(self) -> dict[str, dict[str, float]]:
        """Plain values by level."""
        return {name: getattr(self, name).to_dict() for name in ("table", "rows", "cells")}


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
    def total(self) -> KindHits:
        """All kinds together."""
        return sum(self.by_kind.values(), KindHits())

    @property
    def table(self) -> Hits:
        """Kinds: which were named rightly."""
        return self.total.table

    @property
    def rows(self) -> Hits:
        """Rows, of all kinds together."""
        return self.total.rows

    @property
    def cells(self) -> Hits:
        """Cells, of all kinds together."""
        return self.total.cells

    def __add__(self, other: DetectionScore) -> DetectionScore:
        kinds = dict.fromkeys([*self.by_kind, *other.by_kind])
        return DetectionScore(
            {k: self.by_kind.get(k, KindHits()) + other.by_kind.get(k, KindHits()) for k in kinds},
            self.num_perfect + other.num_perfect,
            self.num_tables + other.num_tables,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "num_tables": self.num_tables,
            "num_perfect": self.num_perfect,
            **self.total.to_dict(),
            "by_kind": {kind: hits.to_dict() for kind, hits in self.by_kind.items()},
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
        Of the corrupted table, still open.
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
    score = DetectionScore(by_kind)
    return replace(score, num_perfect=int(score.table.is_perfect))


def total_score(scores: Iterable[DetectionScore]) -> DetectionScore:
    """Several tables as one score.

    Examples
    --------
    >>> total_score([DetectionScore({}), DetectionScore({})]).num_tables
    2
    """
    return sum(scores, DetectionScore({}, 0, 0))


@dataclass(frozen=True)
class DetectionSweep(Tabular):
    """Scores of a sweep.

    Attributes
    ----------
    scores : dict of float to DetectionScore
        Rate -> the tables of that rate together.
    mode : str
        ``history and pack`` or ``pack only``.

    Examples
    --------
    >>> DetectionSweep({0.05: DetectionScore({})}, "pack only").rates
    [0.05]
    """

    scores: dict[float, DetectionScore]
    mode: str

    @property
    def rates(self) -> list[float]:
        """Rates, ascending."""
        return sorted(self.scores)

    @property
    def kinds(self) -> list[str]:
        """Every kind that was there or was found at any rate."""
        return list(dict.fromkeys(k for s in self.scores.values() for k in s.by_kind))

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "mode": self.mode,
            "rates": {str(rate): self.scores[rate].to_dict() for rate in self.rates},
        }

    def cells(self) -> Cells:
        """F1 against rate, and row F1 by kind; a column a rate."""
        scores = [self.scores[rate] for rate in self.rates]
        rows = [
            ["table precision", *(figure(s.table.precision) for s in scores)],
            ["table recall", *(figure(s.table.recall) for s in scores)],
            ["table F1", *(figure(s.table.f1) for s in scores)],
            ["perfect tables", *(f"{s.num_perfect} of {s.num_tables}" for s in scores)],
            ["row F1", *(figure(s.rows.f1) for s in scores)],
        ]
        for kind in self.kinds:
            hits = [score.by_kind.get(kind) for score in scores]
            rows.append([f"row F1, {kind}", *(figure(h.rows.f1) if h else "" for h in hits)])
        return [self.mode, *(f"{rate:.1%}" for rate in self.rates)], rows


def sweep_detection(
    table: Any | Callable[[int], Any],
    *,
    history: Any = None,
    rates: Sequence[float] = SWEEP_RATES,
    kinds: Sequence[str] = STACK_KINDS,
    seed: int = 0,
    progress: Progress | None = None,
) -> DetectionSweep:
    """Corrupt tables with one to all kinds at each rate, audit them, score the findings.

    Parameters
    ----------
    table : frame, path, or function of int
        The clean table; a function gives table i (from 0) its own.
    history : frame, path or RuleSet
        Earlier clean data, or rules mined from it; None: the pack alone.
    rates : sequence of float
        Each in (0, 1].
    kinds : sequence of str
        In order of stacking.
    seed : int
        Of the injections.
    progress : Progress or None
        Called after each table.

    Examples
    --------
    >>> from campaignkit.tables import synthetic_table
    >>> sweep = sweep_detection(synthetic_table(1500), rates=[0.1], kinds=["duplicate_rows"])
    >>> sweep.scores[0.1].table.f1
    1.0
    """
    told = listener(progress)
    rules = history if history is None or isinstance(history, RuleSet) else mine_rules(history)
    scores: dict[float, DetectionScore] = {}
    done, total = 0, len(rates) * len(kinds)
    for rate in rates:
        scores[rate] = total_score([])
        for spoiled in stack(table, rate=rate, seed=seed, kinds=kinds):
            assert spoiled.truth is not None
            with audit(spoiled.dirty, rules) as report:
                scores[rate] += score_findings(report, spoiled.truth, cells=False)
            done += 1
            told.update("sweep", done, total)
    return DetectionSweep(scores, "pack only" if rules is None else "history and pack")


def _score_kind(
    kind: str, findings: list[Finding], truth: GroundTruth, *, cells: bool
) -> KindHits:
    defect = truth[kind] if kind in truth.kinds else None
    is_about_table = False
    if kind == "dropped_columns":
        lost = set(defect.columns if defect else ())
        named = {column for finding in findings for column in finding.columns}
        row_hits = Hits(len(named & lost), len(named - lost), len(lost - named))
        cell_hits = row_hits
    else:
        implied, found = truth.implied(kind), distinct(*(f.rows for f in findings))
        row_hits = _compare(found, defect.rows if defect else distinct(), implied)
        cell_hits = row_hits if cells else Hits()
        if cells and (defect is None or defect.cells):
            cell_hits = _score_cells(findings, defect.cells if defect else {}, implied)
        # Findings without rows are about the table: nothing implied them.
        is_about_table = defect is None and any(not len(f.rows) for f in findings)
    is_hit = row_hits.hits > 0
    is_alarm = not is_hit and (row_hits.false_alarms > 0 or is_about_table)
    table = Hits(int(is_hit), int(is_alarm), int(defect is not None and not is_hit))
    return KindHits(table, row_hits, cell_hits)


def _score_cells(
    findings: list[Finding], there: Mapping[str, NDArray[int64]], implied: NDArray[int64]
) -> Hits:
    found: dict[str, list[NDArray[int64]]] = {column: [] for column in there}
    for finding in findings:
        for column, rows in finding.cells().items():
            found.setdefault(column, []).append(rows)
    hits = (
        _compare(distinct(*parts), there.get(column, distinct()), implied)
        for column, parts in found.items()
    )
    return sum(hits, Hits())


def _compare(found: NDArray[int64], there: NDArray[int64], implied: NDArray[int64]) -> Hits:
    import numpy as np

    hits = len(np.intersect1d(found, there, assume_unique=True))
    extra = np.setdiff1d(found, there, assume_unique=True)
    excused = len(np.intersect1d(extra, implied, assume_unique=True))
    return Hits(hits, len(extra) - excused, len(there) - hits)
