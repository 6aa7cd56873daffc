"""The leaderboard's logic, without a browser: follow run logs, filter, rank, compare, trace.

``campaignkit leaderboard`` serves the page that shows it.
"""

from __future__ import annotations

from campaignkit.report.leaderboard.difficulty import (
    DifficultyPoint,
    DifficultyTable,
    difficulty_of,
)
from campaignkit.report.leaderboard.followed_runs import FollowedRead, FollowedRuns
from campaignkit.report.leaderboard.lineage import LineageStep, trace_lineage
from campaignkit.report.leaderboard.run_comparison import (
    RunComparison,
    ScorePair,
    compare_runs,
    compare_with_best,
)
from campaignkit.report.leaderboard.run_filter import (
    FilterChoices,
    RunFilter,
    choices_of,
    dataset_version,
    family_of,
)
from campaignkit.report.leaderboard.standings import (
    LESS_IS_BETTER,
    Standing,
    Standings,
    rank_runs,
)

__all__ = [
    "LESS_IS_BETTER",
    "DifficultyPoint",
    "DifficultyTable",
    "FilterChoices",
    "FollowedRead",
    "FollowedRuns",
    "LineageStep",
    "RunComparison",
    "RunFilter",
    "ScorePair",
    "Standing",
    "Standings",
    "choices_of",
    "compare_runs",
    "compare_with_best",
    "dataset_version",
    "difficulty_of",
    "family_of",
    "rank_runs",
    "trace_lineage",
]
