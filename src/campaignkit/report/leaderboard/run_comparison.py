"""Two runs side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from campaignkit.errors import CampaignkitError
from campaignkit.report.leaderboard.followed_runs import FollowedRead
from campaignkit.report.leaderboard.run_filter import dataset_version
from campaignkit.report.leaderboard.standings import Standings
from campaignkit.runs import RunRecord

if TYPE_CHECKING:
    from campaignkit.evaluation import PairedTest

_FEWEST = 2  # rows that both runs predicted: below that there is nothing to test


@dataclass(frozen=True)
class ScorePair:
    """A figure of two runs; None where a run has none.

    Examples
    --------
    >>> ScorePair("macro_f1", 0.9, 0.7).difference
    0.2
    """

    name: str
    first: float | None
    second: float | None

    @property
    def difference(self) -> float | None:
        """First less second."""
        if self.first is None or self.second is None:
            return None
        return round(self.first - self.second, 12)


@dataclass(frozen=True)
class RunComparison:
    """Two runs, figure by figure, with a paired test where both kept their predictions.

    Attributes
    ----------
    first, second : RunRecord
    scores, per_label, costs : tuple of ScorePair
        All scores but those of single labels; F1 of each label; money, calls, tokens and seconds.
    test : PairedTest or None
    untested : str
        Why there is no paired test, in words; empty where there is one.

    Examples
    --------
    >>> RunComparison.__name__
    'RunComparison'
    """

    first: RunRecord
    second: RunRecord
    scores: tuple[ScorePair, ...]
    per_label: tuple[ScorePair, ...]
    costs: tuple[ScorePair, ...]
    test: PairedTest | None
    untested: str

    @property
    def is_tie(self) -> bool:
        """Whether the runs were tested and no difference of macro F1 could be shown.

        A difference is shown where its interval leaves out 0 and the randomisation test agrees.
        """
        if self.test is None:
            return False
        low, high = self.test.interval
        return low <= 0 <= high or not self.test.is_significant


def compare_runs(
    read: FollowedRead, first: str, second: str, *, num_resamples: int = 2000, seed: int = 0
) -> RunComparison:
    """Compare two runs of the logs.

    Parameters
    ----------
    read : FollowedRead
    first, second : str
        Run ids.
    num_resamples, seed : int
        Of the paired test.

    Raises
    ------
    ArtifactError
        If there is no such run.

    Examples
    --------
    >>> runs = tuple(
    ...     RunRecord(kind="evaluation", task="outcome", dataset={"name": "test"}, run_id=name,
    ...               model={"name": name}, scores={"macro_f1": f1, "f1_pos": f1})
    ...     for name, f1 in (("a", 0.75), ("b", 0.5)))
    >>> found = compare_runs(FollowedRead(runs, ()), "a", "b")
    >>> found.scores[0].difference, found.per_label[0].name, found.untested
    (0.25, 'pos', 'no predictions were kept for a')
    """
    one, two = read.record(first), read.record(second)
    names = dict.fromkeys([*one.scores, *two.scores])
    pairs = [ScorePair(name, one.scores.get(name), two.scores.get(name)) for name in names]
    per_label = [
        ScorePair(pair.name.removeprefix("f1_"), pair.first, pair.second)
        for pair in pairs
        if pair.name.startswith("f1_")
    ]
    test, untested = _paired(read, one, two, num_resamples, seed)
    return RunComparison(
        first=one,
        second=two,
        scores=tuple(pair for pair in pairs if not pair.name.startswith("f1_")),
        per_label=tuple(per_label),
        costs=_costs(one, two),
        test=test,
        untested=untested,
    )


def compare_with_best(
    read: FollowedRead, standings: Standings, *, most: int = 20
) -> tuple[RunComparison, ...]:
    """The first run of a ranking against those behind it on the same data set version.

    Parameters
    ----------
    read : FollowedRead
    standings : Standings
        Of a score of theirs.
    most : int
        Runs compared.

    Examples
    --------
    >>> compare_with_best(FollowedRead((), ()), Standings((), 0))
    ()
    """
    first, *others = standings.rows or (None,)
    if first is None:
        return ()
    same = [row for row in others if row.dataset == first.dataset]
    return tuple(compare_runs(read, first.run_id, row.run_id) for row in same[:most])


def _costs(one: RunRecord, two: RunRecord) -> tuple[ScorePair, ...]:
    currencies = {run.cost.currency for run in (one, two) if run.cost and run.cost.money}
    money = f"money, {currencies.pop()}" if len(currencies) == 1 else "money"
    named = (
        (money, "cost", "money"), ("calls", "cost", "calls"), ("tokens", "cost", "tokens"),
        ("fit, CPU s", "time", "fit_s"), ("predict, CPU s", "time", "predict_s"),
    )  # fmt: skip
    pairs = (
        ScorePair(name, *(getattr(getattr(run, part), key, None) for run in (one, two)))
        for name, part, key in named
    )
    held = (pair for pair in pairs if pair.first is not None or pair.second is not None)
    # Money of two currencies has no difference.
    return tuple(pair for pair in held if not (pair.name == "money" and len(currencies) > 1))


def _paired(
    read: FollowedRead, one: RunRecord, two: RunRecord, num_resamples: int, seed: int
) -> tuple[PairedTest | None, str]:
    if not _same_rows(one, two):
        return None, (
            f"scored on different data: {dataset_version(one)} and {dataset_version(two)}"
        )
    for run in (one, two):
        if run.predictions is None:
            return None, f"no predictions were kept for {run.model.name}"
    from campaignkit.evaluation import compare_predictions

    try:
        left, right = (read.logs[run.run_id].read_predictions(run) for run in (one, two))
        place = {row: number for number, row in enumerate(right.ids)}
        num_shared = len(place.keys() & {*left.ids})
        if num_shared < _FEWEST or num_shared < max(len(left.ids), len(right.ids)):
            return None, f"the two prediction files share {num_shared:,} rows, not all"
        order = [place[row] for row in left.ids]
        if list(left.truth) != [right.truth[number] for number in order]:
            return None, "the two prediction files do not agree on the true labels"
        second = [right.predicted[number] for number in order]
        labels = one.labels or sorted({*left.truth, *left.predicted, *second})
        found = compare_predictions(
            left.truth, left.predicted, second,
            labels=labels, num_resamples=num_resamples, seed=seed,
        )  # fmt: skip
    except CampaignkitError as err:
        return None, err.message
    return found, ""


def _same_rows(one: RunRecord, two: RunRecord) -> bool:
    digests = one.dataset.digest, two.dataset.digest
    if None not in digests:
        return digests[0] == digests[1]
    return one.dataset == two.dataset
