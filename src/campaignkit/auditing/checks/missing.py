"""Empty cells that should not be: apart from metrics that do not exist for a group of rows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from campaignkit.auditing.checks.categories import suspect_values
from campaignkit.auditing.checks.check import (
    Check,
    found,
    in_values,
    is_export,
    unknown_columns,
)
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import Scene
from campaignkit.show import counted, percent
from campaignkit.tables import Column, Role

# A group lacks a metric altogether from this share of nulls on: other faults touch the rest.
ABSENT_FRAC = 0.98
_ALLOWED_FRAC = 0.2
_OPTIONAL = ("video", "responses", "funnel")  # a platform leaves these empty for other campaigns
_PRESENT_FRAC = 0.9
_MIN_GROUP = 5
_MAX_GROUPS = 500
_REGULAR_FROM = 0.05
_REGULAR_SPREAD = 0.5  # of the binomial variance


class MissingCheck(Check):
    """Runs ``not_null`` rules: one column must be filled.

    Parameters of the rule: ``max_frac``, share of nulls that history shows and is accepted;
    ``allowed_frac``, share of nulls beyond which the column is taken to allow them.

    Examples
    --------
    >>> MissingCheck().form
    'not_null'
    """

    form = "not_null"

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Known columns are filled, and others that are filled almost everywhere.

        In a platform's export, most columns of which have other than their standard names, empty
        metrics of videos, leads and shops are a warning.
        """
        usual = {n: g for n in scene.table.own if (g := scene.table.schema[n].group)}
        for name, group in usual.items():
            optional = group in _OPTIONAL and is_export(scene)
            yield Rule.over(
                self.form, "missing_values", name, severity="warning" if optional else "error",
                reason="known columns are filled where they exist",
            )  # fmt: skip
        for name in unknown_columns(scene):
            yield Rule.over(
                self.form, "missing_values", name, params={"allowed_frac": _ALLOWED_FRAC},
                severity="warning", confidence=0.6,
                reason="the column is filled almost everywhere",
            )  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """The empty cells outside of groups that have none filled."""
        column = scene.column(rule.columns[0])
        nulls = scene.profile.columns[column.name].num_nulls
        if not 0 < nulls <= rule.params.get("allowed_frac", 1.0) * scene.num_rows:
            return
        if nulls == scene.num_rows:
            severity = rule.severity if rule.params.get("never_empty") else "warning"
            yield _empty(rule, scene, nulls, f"{column.raw} IS NULL", severity=severity)
            return
        condition, nulls, group, absent = nulls_of(column, scene)
        accepted = float(rule.params.get("max_frac") or 0.0)
        spread = 3.0 * math.sqrt(accepted * (1 - accepted) / max(scene.num_rows, 1))
        if not nulls or nulls / scene.num_rows <= accepted * 1.5 + spread:
            return
        excuse = ""
        if group is None and _is_regular(condition, nulls, scene):
            excuse = ", as regularly as if a column that is not here decided it"
        elif rule.source == "pack" and _is_idle(column.name, condition, nulls, scene):
            excuse = ", which have no other amount either"
        asked = {"severity": "warning", "confidence": 0.3} if excuse else {}
        finding = _empty(rule, scene, nulls, condition, **asked)
        finding.message += excuse
        if group is not None:
            told = f"rows without this metric: {group} in {absent[:8]}"
            finding.evidence = {**finding.evidence, "not_counted": told}
        yield finding


def _empty(rule: Rule, scene: Scene, count: int, where: str, **fields: Any) -> Finding:
    name, rate = scene.column(rule.columns[0]).name, scene.share(count)
    return found(
        rule, scene, count, where=where, evidence={"null_rate": round(rate, 6)},
        message=f"{name} is empty in {counted(count, 'row')} ({percent(rate)})",
        advice=f"reload {name}; if nulls are expected here, silence {rule.id} up to their rate",
        **fields,
    )  # fmt: skip


def nulls_of(column: Column, scene: Scene) -> tuple[str, int, str | None, list[str]]:
    """Condition and number of the nulls apart from those of groups without the metric; these."""
    condition, nulls = f"{column.raw} IS NULL", scene.profile.columns[column.name].num_nulls
    group, absent, unclear = _absent_groups(column.name, scene) if nulls else (None, [], [])
    if group is not None:
        place = scene.table.sql(group)
        there = f"{place} IS NOT NULL AND NOT {in_values(place, [*absent, *unclear])}"
        condition += f" AND {there}"
        (nulls,) = scene.count(condition)
    return condition, nulls, group, absent


def _absent_groups(name: str, scene: Scene) -> tuple[str | None, list[str], list[str]]:
    """The column whose values decide whether a metric exists, the values without it, and values
    of which the table cannot tell.

    A platform that plays no video has no video metrics: nulls there are no fault.
    """
    best: tuple[float, str, list[str], list[str]] | None = None
    column = scene.column(name)
    for group in _grouping(name, scene):
        suspect = set(suspect_values(group, scene))
        groups = ((v, *held) for v, held in scene.groups(group).items() if v is not None)
        shares = {v: (1 - filled[column.name] / n, n) for v, n, filled in sorted(groups)}
        big = max((n for _, n in shares.values()), default=0)
        absent = [v for v, (share, n) in shares.items()
                  if share >= ABSENT_FRAC and n >= max(_MIN_GROUP, 0.01 * big)]  # fmt: skip
        if not absent or len(absent) == len(shares) or len(shares) > _MAX_GROUPS * 4:
            continue
        # Values in between, too rare, or suspect are mixtures: garbage put over real ones.
        unclear = [v for v, (share, n) in shares.items() if v not in absent and share > 0
                   and (v in suspect or share >= _PRESENT_FRAC or n < 0.01 * big)]  # fmt: skip
        explained = sum(shares[v][0] * shares[v][1] for v in absent)
        if best is None or explained > best[0] * 1.05:
            best = (explained, group, absent, unclear)
    nulls = scene.profile.columns[column.name].num_nulls
    # Groups of rows that happen to be empty do not make a metric structurally absent.
    if best is None or best[0] < 0.2 * nulls:
        return None, [], []
    return best[1], best[2], sorted(best[3])


def _is_regular(condition: str, nulls: int, scene: Scene) -> bool:
    """Whether each day of each creative lacks about the same number of cells: not by chance."""
    share = nulls / scene.num_rows
    keys = [c.raw for c in scene.key_columns()]
    if not _REGULAR_FROM <= share <= ABSENT_FRAC or len(keys) < 2:
        return False
    (((spread, size),),) = scene.rows(
        f"SELECT var_pop(k) AS n0, avg(m) AS n1 FROM (SELECT count(*) AS m, "
        f"count_if({condition}) AS k FROM {scene.table.relation} "
        f"GROUP BY {', '.join(keys)} HAVING count(*) >= 2)", columns="n0, n1",
    )  # fmt: skip
    if spread is None or size < 2:
        return False
    return bool(spread < _REGULAR_SPREAD * size * share * (1 - share))


def _is_idle(name: str, condition: str, nulls: int, scene: Scene) -> bool:
    """Whether a metric is empty where nothing was delivered: no other metric is above 0."""
    metrics = {c.name: c.sql for c in scene.metrics() if scene.role(c.name) is not None}
    if metrics.pop(name, None) is None or not metrics:
        return False
    active = " OR ".join(f"COALESCE({sql}, 0) > 0" for sql in metrics.values())
    (num_active,) = scene.count(f"{condition} AND ({active})")
    return num_active <= (1 - ABSENT_FRAC) * nulls


def _grouping(name: str, scene: Scene) -> list[str]:
    dimensions = [c.name for c in scene.dimensions() if c.name != name]
    dimensions.sort(key=lambda c: scene.table.matching.standard(c) not in ("platform", "device"))
    if any(scene.table.matching.standard(c) == "platform" for c in dimensions):
        return dimensions
    # Without a platform the campaign stands for it.
    ids = [c.name for c in scene.key_columns() if scene.role(c.name) is Role.ID and c.name != name]
    return [*dimensions, *ids[:1]]
