"""Runs ranked by a score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

from campaignkit.report.leaderboard.run_filter import dataset_version, family_of
from campaignkit.runs import RunRecord
from campaignkit.store import csv_text, escape_cell

# Scores of which less is better; of every other one more is.
LESS_IS_BETTER = frozenset({"log_loss", "calibration_error", "brier", "ece", "mae", "rmse"})


@dataclass(frozen=True)
class Standing:
    """One run's place.

    Attributes
    ----------
    rank : int
        From 1; equal scores share it.
    score, low, high : float, float or None
        The score with its interval.
    num_rows : int or None
        Rows it was scored on.
    money, calls, fit_s, predict_s
        What it cost, where that is known.
    fit_run : str
        The run id of the fit that was evaluated; empty where the run does not name one.

    Examples
    --------
    >>> Standing(1, "r1", "majority", "baseline", "outcome", "test", "macro_f1", 0.3).rank
    1
    """

    rank: int
    run_id: str
    model: str
    family: str
    task: str
    dataset: str
    score_name: str
    score: float
    low: float | None = None
    high: float | None = None
    num_rows: int | None = None
    money: float | None = None
    currency: str = ""
    calls: int | None = None
    fit_s: float | None = None
    predict_s: float | None = None
    started_at: str = ""
    fit_run: str = ""
    per_label: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Standings:
    """Ranked runs, how many had no such score, and published results apart.

    Attributes
    ----------
    rows : tuple of Standing
    num_without : int
        Runs without the score; a fit whose evaluation is among the runs is part of that one.
    published : tuple of Standing
        Runs of kind ``"published"``, ranked among themselves: others measured them on other rows.

    Examples
    --------
    >>> rank_runs([], "macro_f1")
    Standings(rows=(), num_without=0, published=())
    """

    rows: tuple[Standing, ...]
    num_without: int
    published: tuple[Standing, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that some row has an F1 of, in the order they are met."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.per_label))

    def to_csv(self) -> str:
        """A CSV of all rows, with a header.

        Names that a spreadsheet would take for a formula get an apostrophe in front.

        Examples
        --------
        >>> rank_runs([], "macro_f1").to_csv()[:18]
        'rank,run_id,model,'
        """
        names = [held.name for held in fields(Standing) if held.name != "per_label"]
        labels = self.labels
        rows = (
            [
                *(_cell(getattr(row, name)) for name in names),
                *(_cell(row.per_label.get(label)) for label in labels),
            ]
            for row in self.rows
        )
        return csv_text([[*names, *(_cell(f"f1_{label}") for label in labels)], *rows])


def rank_runs(records: Iterable[RunRecord], score: str) -> Standings:
    """Rank runs by a score, the best first; of equal ones the earlier first.

    Parameters
    ----------
    records : iterable of RunRecord
    score : str
        A name among their scores. Where less is better (``log_loss``, ``calibration_error``), the
        smallest is first.

    Notes
    -----
    Results of kind ``"published"`` stand apart, in `published`.

    Examples
    --------
    >>> runs = [RunRecord(kind="evaluation", task="outcome", dataset={"name": "test"},
    ...                   model={"name": name}, scores={"macro_f1": f1})
    ...         for name, f1 in (("a", 0.3), ("b", 0.9), ("c", 0.9))]
    >>> [(row.rank, row.model) for row in rank_runs(runs, "macro_f1").rows]
    [(1, 'b'), (1, 'c'), (3, 'a')]
    """
    held = list(records)
    evaluated = {record.lineage["fit"] for record in held if "fit" in record.lineage}
    measured = [
        record
        for record in held
        if record.kind != "published" and (record.scores or record.run_id not in evaluated)
    ]
    rows = _ranked(measured, score)
    published = _ranked((record for record in held if record.kind == "published"), score)
    return Standings(rows, len(measured) - len(rows), published)


def _ranked(records: Iterable[RunRecord], score: str) -> tuple[Standing, ...]:
    scored = [record for record in records if score in record.scores]
    turned = 1.0 if score in LESS_IS_BETTER else -1.0
    scored.sort(key=lambda record: (turned * record.scores[score], record.started_at))
    rows: list[Standing] = []
    for position, record in enumerate(scored, start=1):
        value = record.scores[score]
        rank = rows[-1].rank if rows and rows[-1].score == value else position
        low, high = record.intervals.get(score, (None, None))
        cost, time = record.cost, record.time
        rows.append(
            Standing(
                rank=rank, run_id=record.run_id, model=record.model.name,
                family=family_of(record), task=record.task, dataset=dataset_version(record),
                score_name=score, score=value, low=low, high=high,
                num_rows=record.dataset.num_rows,
                money=cost.money if cost else None,
                currency=cost.currency if cost and cost.money is not None else "",
                calls=cost.calls if cost else None,
                fit_s=time.fit_s if time else None, predict_s=time.predict_s if time else None,
                started_at=record.started_at, fit_run=record.lineage.get("fit", ""),
                per_label={
                    label: record.scores[f"f1_{label}"]
                    for label in record.labels
                    if f"f1_{label}" in record.scores
                },
            )
        )  # fmt: skip
    return tuple(rows)


def _cell(value: object) -> object:
    return escape_cell(value) if isinstance(value, str) else "" if value is None else value
