"""Values that contradict what depends on what: a campaign with two brands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from campaignkit.auditing.checks.categories import suspect_values
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.tables import OpenTable, literal

if TYPE_CHECKING:
    from campaignkit.auditing.scene import Scene

_MINORITY_FRAC = 0.49  # a value in at most this share of its group is outvoted


@dataclass(frozen=True, slots=True)
class DependencyCheck:
    """Runs ``depends`` rules: the first column decides the second.

    Examples
    --------
    >>> DependencyCheck().form
    'depends'
    """

    form: str = "depends"

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        """Nothing: groups are needed."""
        return []

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """Rows whose value is outvoted within their group; garbage is another finding's."""
        if not scene.table.has(*rule.columns):
            return
        decides, follows = (scene.column(c) for c in rule.columns)
        skip = suspect_values(follows.name, scene)
        good = f"{follows.sql} IS NOT NULL AND {decides.sql} IS NOT NULL"
        if skip:
            good += f" AND {follows.sql} NOT IN ({', '.join(literal(v) for v in skip)})"
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
        (count,) = scene.table.row(f"SELECT sum(n) FROM ({voted}) WHERE {outvoted}")
        if not count:
            return
        condition = f"({decides.sql}, {follows.sql}) IN ({wrong})"
        yield Finding(
            rule.kind, (decides.name, follows.name), int(count), int(count) / scene.num_rows,
            severity=rule.severity, confidence=rule.confidence * 0.9, blamed=follows.name,
            message=f"{int(count):,} rows have another {follows.name} than the rest of their "
            f"{decides.name}",
            advice=f"each {decides.name} had one {follows.name}; correct the minority",
            evidence={"depends": f"{decides.name} -> {follows.name}"}, rule=rule.id,
            parts={follows.name: condition}, table=scene.table,
        )  # fmt: skip
