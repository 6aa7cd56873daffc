"""How hard data sets are, and how far models come on them all the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from campaignkit.report.leaderboard.run_filter import dataset_version, family_of
from campaignkit.runs import RunRecord

YARDSTICK = "one_hot_macro_f1"


@dataclass(frozen=True)
class DifficultyPoint:
    """The best run of a family on a data set.

    Attributes
    ----------
    dataset, family, model, run_id : str
    difficulty : float
        1 less the macro F1 that single attributes reach alone (the score ``one_hot_macro_f1`` of
        any run on the data set; else of its best run of family ``baseline``).
    score : float
        Its macro F1.

    Examples
    --------
    >>> DifficultyPoint("test", "pairwise", "rank 8", "r1", 0.6, 0.9).difficulty
    0.6
    """

    dataset: str
    family: str
    model: str
    run_id: str
    difficulty: float
    score: float


@dataclass(frozen=True)
class DifficultyTable:
    """The points, and the data sets without a yardstick.

    Examples
    --------
    >>> difficulty_of([])
    DifficultyTable(points=(), unknown=())
    """

    points: tuple[DifficultyPoint, ...]
    unknown: tuple[str, ...]


def difficulty_of(records: Iterable[RunRecord]) -> DifficultyTable:
    """The best macro F1 of each family on each data set, against the data set's difficulty.

    Examples
    --------
    >>> run = RunRecord(kind="evaluation", task="outcome", dataset={"name": "test"},
    ...                 model={"name": "m"}, scores={"macro_f1": 0.9, "one_hot_macro_f1": 0.4})
    >>> point, = difficulty_of([run]).points
    >>> point.difficulty, point.score
    (0.6, 0.9)
    """
    scored = [record for record in records if "macro_f1" in record.scores]
    yardsticks: dict[str, float] = {}
    fallbacks: dict[str, float] = {}
    best: dict[tuple[str, str], RunRecord] = {}
    for record in scored:
        name, f1 = dataset_version(record), record.scores["macro_f1"]
        if YARDSTICK in record.scores:
            yardsticks[name] = max(record.scores[YARDSTICK], yardsticks.get(name, 0.0))
        if record.model.family == "baseline":
            fallbacks[name] = max(f1, fallbacks.get(name, 0.0))
        key = name, family_of(record)
        if key not in best or f1 > best[key].scores["macro_f1"]:
            best[key] = record
    known = fallbacks | yardsticks
    points = tuple(
        DifficultyPoint(
            name, family, run.model.name, run.run_id,
            round(1 - known[name], 12), run.scores["macro_f1"],
        )
        for (name, family), run in best.items()
        if name in known
    )  # fmt: skip
    return DifficultyTable(points, tuple(sorted({name for name, _ in best if name not in known})))
