"""Rows of a warehouse's table that sum up others; those of other tables are known when opened."""

from __future__ import annotations

from collections.abc import Iterable

from campaignkit.auditing.checks.check import Check, found
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import Scene
from campaignkit.show import counted
from campaignkit.tables.summary_rows import totals_sql


class TotalsCheck(Check):
    """Runs the ``totals`` rule: no row of a table in a warehouse sums up others.

    Such rows are left out of all other checks.

    Examples
    --------
    >>> TotalsCheck().sets_aside
    True
    """

    form = "totals"
    sets_aside = True

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Where a cell names a total."""
        if scene.table.totals:
            yield Rule.over(self.form, "summary_rows", *scene.table.totals, id=self.form,
                            severity="warning", reason="sums count no row twice")  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding for all of them."""
        where = totals_sql(scene.table)
        (count,) = scene.count(where)
        if not count:
            return
        others = scene.rest or f"SELECT * FROM {scene.table.relation}"
        scene.rest = f"SELECT * FROM ({others}) WHERE NOT COALESCE({where}, FALSE)"
        name, cells = next(iter(scene.table.totals.items()))
        yield found(
            rule, scene, count, confidence=0.95, where=where,
            message=f"{counted(count, 'row', 'sum')} up others ({cells[0]!r} in {name}): "
            "left out of all other checks",
            advice="export without totals, or keep them: summary_rows='keep'",
            evidence={"labels": {n: c[:20] for n, c in scene.table.totals.items()}},
        )  # fmt: skip
