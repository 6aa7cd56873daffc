"""Totals among the data: one of the whole table at its end, others below each campaign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from campaignkit.inject.cells import Rows, as_text, dictionary, is_text, pa, pc, plain
from campaignkit.inject.corruptions.corruption import Corruption, how_many
from campaignkit.inject.workbench import Added, Workbench


@dataclass(frozen=True, slots=True)
class SummaryRows(Corruption):
    """Rows with the sums of others; rate is the share of what can be summed up.

    That is the table, whose Total comes first and stands at the end, and the groups of `by`, each
    with its Total after its last row. The sums are those of the clean table, in the column's own
    type; the label stands in the first text column, and what is no amount is empty.

    Parameters
    ----------
    by : str
        The column whose groups are summed up, own or standard name; a table without it gets the
        one Total.
    label : str
        What stands in the first text column.

    Examples
    --------
    >>> from campaignkit.inject import ErrorInjector
    >>> clean = {"Campaign": ["Otter", "Lynx"], "Clicks": [5, 7]}
    >>> dirty, truth = ErrorInjector([SummaryRows()]).inject(clean)
    >>> dirty, truth["summary_rows"].rows.tolist()
    ({'Campaign': ['Otter', 'Lynx', 'Total'], 'Clicks': [5, 7, 12]}, [2])
    """

    by: str = "campaign_id"
    label: str = "Total"
    kind: str = "summary_rows"
    stage = 2
    implies = ("categorical_errors", "duplicate_rows", "missing_values", "outliers")

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Add the sums."""
        clean, rows = bench.clean, np.arange(bench.num_rows)
        by = bench.own(self.by) if bench.has(self.by) else None
        groups = _groups(clean.column(by)) if by else []
        bench.share_of[self.kind] = len(groups) + 1
        num = how_many(rate, len(groups) + 1)
        chosen = np.sort(rng.permutation(len(groups))[: num - 1])
        members = [rows, *(groups[i] for i in chosen)]
        cells: dict[str, Any] = {}
        metrics = bench.metrics()
        for column in [m for m in metrics if bench.spec(m)] or metrics:
            parts = [clean.column(column).take(pa.array(part)) for part in members]
            sums = [pc.sum(part).as_py() for part in parts]
            cells[column] = pa.array([round(s, 6) if isinstance(s, float) else s for s in sums])
        labels = [self.label] * num
        place = next((f.name for f in clean.schema if is_text(f.type)), None)
        if by:
            firsts = pa.array([None, *(int(part[0]) for part in members[1:])], pa.int64())
            cells[by] = plain(clean.column(by)).take(firsts)
            if place == by:
                labels[1:] = [f"{self.label}: {w}" for w in as_text(cells[by]).to_pylist()[1:]]
        if place:
            cells[place] = pa.array(labels)
        places = np.array([len(rows) + 1, *(part[-1] + 0.75 for part in members[1:])])
        bench.added.append(Added(self.kind, num, None, places, cells))


def _groups(column: Any) -> list[Rows]:
    """The rows of each value of a column, nulls aside."""
    cells = plain(column)
    codes = pc.index_in(cells, dictionary(cells), skip_nulls=True).fill_null(-1).to_numpy()
    order = np.argsort(codes, kind="stable")
    return [part for part in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
            if codes[part[0]] >= 0]  # fmt: skip
