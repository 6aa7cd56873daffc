"""The sweep experiment: eleven stacked tables at each rate, and how much of them is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from campaignkit.auditing import RuleSet, audit, mine_rules
from campaignkit.evaluation.detection import DetectionScore, score_findings, total_score
from campaignkit.evaluation.tabular import Cells, Tabular, figure
from campaignkit.inject import STACK_KINDS, stack
from campaignkit.progress import Progress, Silent

SWEEP_RATES = (0.01, 0.05, 0.1, 0.2, 0.4)


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
    """Spoil tables with one to all kinds at each rate, audit them, score the findings.

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
        Told as each table is done.

    Examples
    --------
    >>> from campaignkit.tables import synthetic_table
    >>> sweep = sweep_detection(synthetic_table(1500), rates=[0.1], kinds=["duplicate_rows"])
    >>> sweep.scores[0.1].table.f1
    1.0
    """
    told = progress or Silent()
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
