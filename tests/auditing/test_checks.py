"""A check is one file and one line; each of the built-in ones sees its fault and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import campaignkit as ck
from campaignkit.auditing import Check, Finding, Rule, Scene
from campaignkit.tables import OpenTable
from campaignkit.testing import check_audit_check


class RoundCheck(Check):
    """What a stranger's file would hold: rules of its own, conditions of the pass, findings."""

    form = "round"

    def rules(self, scene: Scene) -> Iterable[Rule]:
        if scene.table.has("spend"):
            yield Rule.over(self.form, "round_spend", "spend", reason="money has cents")

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        return [f"{table.sql(c)} % 1000 = 0" for c in rule.columns if table.has(c)]

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        for condition in self.conditions(rule, scene.table):
            (count,) = scene.count(condition)
            if count:
                yield Finding(
                    rule.kind, rule.columns, count, count / scene.num_rows,
                    message="spend is round", advice="ask for cents", rule=rule.id,
                    parts={scene.column("spend").name: condition}, table=scene.table,
                )  # fmt: skip


def test_a_check_from_outside_is_one_class_and_one_argument() -> None:
    clean, dirty = {"Cost": [12.5, 99.1]}, {"Cost": [12.5, 3000.0]}
    check_audit_check(RoundCheck(), clean=clean, dirty=dirty)

    report = ck.audit(dirty, checks=[RoundCheck()])

    assert [(f.kind, f.rows.tolist()) for f in report.findings] == [("round_spend", [1])]
    assert report.rules["round:spend"].source == "pack"
    assert ck.audit(dirty, checks=[RoundCheck()], pack=False).findings == []
