"""Values that contradict what depends on what: a campaign with two brands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations

from campaignkit.auditing.checks.categories import suspect_values
from campaignkit.auditing.checks.check import Check, found, in_values
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import Scene

_MOST_COLUMNS = 60  # dependencies among more columns than this are not searched for
_LEAST_GROUP_ROWS = 4  # rows of a group before its majority means anything
_LEAST_GROUPS = 5
_AGREE_FRAC = 0.85
_BASELINE_GAP = 0.15  # better than always guessing the most frequent value
_VOTING_ROWS = 200_000
_MINORITY_FRAC = 0.49  # a value in at most this share of its group is outvoted


class DependencyCheck(Check):
    """Runs ``depends`` rules: the first column decides the second.

    Examples
    --------
    >>> DependencyCheck().form
    'depends'
    """

    form = "depends"

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Dependencies among unknown columns, voted for by the rows of a table that may be dirty.

        A column decides another if, within its groups of at least four rows, most rows agree with
        their group's majority, and that is clearly better than the column's overall majority.
        """
        if len(scene.table.columns) > _MOST_COLUMNS or not scene.num_rows:
            return
        names = [c.name for c in scene.table.of_kind("text", "number") if not scene.role(c.name)]
        if len(names) < 2:
            return
        raw = {n: scene.table.columns[n].raw for n in names}
        total, *sizes = scene.values(
            "count(*)", *(f"count(DISTINCT {raw[n]})" for n in names), sample=True
        )
        size = dict(zip(names, sizes, strict=True))
        pairs = [
            (first, second) for first, second in permutations(names, 2)
            if _LEAST_GROUPS <= size[first] <= total / 3 and size[second] >= 2
        ]  # fmt: skip
        votes = voted([(raw[first], raw[second]) for first, second in pairs], scene)
        for (first, second), vote in zip(pairs, votes, strict=True):
            if vote is None or vote.num_groups < _LEAST_GROUPS or vote.num_values < 2:
                continue
            if vote.agree < max(_AGREE_FRAC, vote.most + _BASELINE_GAP * (1 - vote.most)):
                continue
            yield Rule.over(
                self.form, "inconsistent_values", first, second, severity="warning",
                support=vote.num_rows, confidence=vote.agree,
                reason=f"within its {vote.num_groups} groups {vote.agree:.1%} of the rows agree",
            )  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """Rows whose value is outvoted within their group; garbage is another finding's."""
        decides, follows = (scene.column(c) for c in rule.columns)
        skip = suspect_values(follows.name, scene)
        good = f"{follows.sql} IS NOT NULL AND {decides.sql} IS NOT NULL"
        if skip:
            good += f" AND NOT {in_values(follows.sql, skip)}"
        pairs = (
            f"SELECT {decides.sql} AS d, {follows.sql} AS f, count(*) AS n "
            f"FROM {scene.table.relation} WHERE {good} GROUP BY 1, 2"
        )
        # Slips scatter: a value that a group repeats more often than slips of the rule's own rate
        # would bring it there (three standard deviations) is a second true value of that group.
        slips = f"total * {max(1.0 - rule.confidence, 1e-6)} * share"
        voted = (
            f"SELECT d, f, n, sum(n) OVER (PARTITION BY d) AS total, "
            f"count(*) OVER (PARTITION BY d) AS kinds, "
            f"sum(n) OVER (PARTITION BY f) / sum(n) OVER () AS share FROM ({pairs})"
        )
        outvoted = (
            f"kinds > 1 AND n <= {_MINORITY_FRAC} * total AND n <= 1 + {slips} + 3 * sqrt({slips})"
        )
        wrong = f"SELECT d, f FROM ({voted}) WHERE {outvoted}"
        (count,) = scene.values(f"(SELECT sum(n) FROM ({voted}) WHERE {outvoted})")
        if not count:
            return
        condition = f"({decides.sql}, {follows.sql}) IN ({wrong})"
        if scene.table.in_place:  # of two columns not every engine asks whether they are IN
            here = as_one(decides.sql, follows.sql)
            condition = f"{here} IN (SELECT {as_one('d', 'f')} FROM ({wrong}))"
            scene.torn[rule.id] = (here, f"SELECT {as_one('d', 'f')} AS w FROM ({wrong})")
        yield found(
            rule, scene, int(count), where=condition, confidence=rule.confidence * 0.9,
            rows=f"have another {follows.name} than the rest of their {decides.name}",
            blamed=follows.name,
            advice=f"each {decides.name} had one {follows.name}; correct the minority",
            evidence={"depends": f"{decides.name} -> {follows.name}"},
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Vote:
    """How well the groups of one column agree on another.

    Attributes
    ----------
    num_rows, num_groups, num_values : int
        Rows in groups large enough to vote, those groups, and values of the other column.
    agree : float
        Share of those rows that have their group's majority value, in [0, 1].
    most : float
        Share of the other column's most frequent value.
    """

    num_rows: int
    num_groups: int
    num_values: int
    agree: float
    most: float


def as_one(decides: str, follows: str) -> str:
    """SQL of two values as one text."""
    return f"CAST({decides} AS VARCHAR) || ' -> ' || CAST({follows} AS VARCHAR)"


def voted(pairs: Sequence[tuple[str, str]], scene: Scene) -> list[Vote | None]:
    """The votes on whether SQL expressions decide others; None where no group can vote."""
    names = ("n0", "n1", "n2", "n3", "n4")
    queries = [
        f"WITH pairs AS (SELECT {decides} AS d, {follows} AS f, count(*) AS n "
        f"FROM {scene.table.sampled(_VOTING_ROWS)} "
        f"WHERE {decides} IS NOT NULL AND {follows} IS NOT NULL GROUP BY 1, 2), "
        f"large AS (SELECT d, sum(n) AS total, max(n) AS best FROM pairs GROUP BY 1 "
        f"HAVING sum(n) >= {_LEAST_GROUP_ROWS}), "
        f"overall AS (SELECT sum(n) AS n FROM pairs GROUP BY f) "
        f"SELECT sum(total) AS {names[0]}, sum(best) AS {names[1]}, count(*) AS {names[2]}, "
        f"(SELECT max(n)::DOUBLE / sum(n) FROM overall) AS {names[3]}, "
        f"(SELECT count(*) FROM overall) AS {names[4]} FROM large"
        for decides, follows in pairs
    ]
    out: list[Vote | None] = []
    for ((rows, agreeing, groups, most, values),) in scene.rows(
        *queries, columns=", ".join(names)
    ):
        agree = float(agreeing) / float(rows) if rows else 0.0
        out.append(Vote(int(rows), int(groups), int(values), agree, float(most)) if rows else None)
    return out
