"""A unit that changes from a day on: spend in cents where it was in euros."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from statistics import median

from campaignkit.auditing.checks.check import Check, found
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import SAMPLE_ROWS, Scene

_AMOUNTS = ("spend", "impressions", "clicks", "conversions", "video_plays")
_LEAST_DAYS = 3  # on either side
_LEAST_POWER = 2  # of ten: a tenfold budget is news, a hundredfold one within a day is a unit
_NEAR = 0.2  # of a power of ten, for the amount by the others; for the amount alone twice that
_STRAYS = 0.05  # share of days that may lie on the wrong side
_SAME_CAMPAIGNS = 0.8  # share of campaigns that change with the table
_TEN = math.log(10.0)


class UnitChangeCheck(Check):
    """Runs the ``unit_change`` rule: an amount is in one unit on all days.

    The level of an amount breaks by a power of ten, a hundred at least, from one day to the next,
    and stays: by itself, against the other amounts, and within the campaigns on both sides.

    Examples
    --------
    >>> UnitChangeCheck().form
    'unit_change'
    """

    form = "unit_change"
    kinds = ("date",)

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """The main amounts of a table with days and one currency."""
        table = scene.table
        amounts = [m for m in _AMOUNTS if table.has(m) and table.column(m).kind == "number"]
        if table.has("event_date") and amounts:
            several = scene.histogram("currency") if table.has("currency") else {}
            if len(several) <= 1:
                yield Rule.over(self.form, "unit_change", "event_date", *amounts, id=self.form,
                                reason="an amount is in one unit on all days")  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding for each amount whose unit changes."""
        day, *amounts = rule.columns
        sampled = scene.table.sampled(SAMPLE_ROWS)
        breaks = _breaks(_levels(rule, scene, sampled), amounts)
        if breaks and sampled != scene.table.relation:  # on which day, tells the whole table
            breaks = _breaks(_levels(rule, scene, scene.table.relation), amounts)
        for name, (first, power) in breaks.items():
            after = f"CAST({scene.table.sql(day)} AS DATE) >= CAST('{first}' AS DATE)"
            amount, column = scene.table.sql(name), scene.column(name).name
            where = f"{after} AND {amount} > 0"
            changed, num = _campaigns(after, amount, power, scene)
            (count,) = scene.count(where)
            if 0 < changed >= _SAME_CAMPAIGNS * num:
                factor = f"{10 ** abs(power):,} times {'larger' if power > 0 else 'smaller'}"
                yield found(
                    rule, scene, count, column, where=where, confidence=0.9,
                    message=f"from {first} on, {column} is {factor} than before: another unit?",
                    advice=f"convert {column} to one unit; cents, thousands and micros differ "
                    "from whole amounts by such a factor",
                    evidence={"from": str(first), "factor": 10.0**power,
                              "campaigns": {"changed": changed, "on both sides": num}},
                )  # fmt: skip


def _levels(rule: Rule, scene: Scene, relation: str) -> dict[date, tuple[float | None, ...]]:
    """Day -> mean logarithm of each amount above 0; None where there is none."""
    day, *amounts = (scene.table.sql(c) for c in rule.columns)
    logs = ", ".join(f"avg(CASE WHEN {a} > 0 THEN ln({a}) END) AS n{i}"
                     for i, a in enumerate(amounts))  # fmt: skip
    (rows,) = scene.rows(
        f"SELECT CAST({day} AS DATE) AS d0, {logs} FROM {relation} "
        f"WHERE {day} IS NOT NULL GROUP BY 1",
        columns=", ".join(["d0", *(f"n{i}" for i in range(len(amounts)))]),
    )
    return {first: tuple(levels) for first, *levels in sorted(rows)}


def _breaks(
    levels: Mapping[date, Sequence[float | None]], amounts: Sequence[str]
) -> dict[str, tuple[date, int]]:
    """Amount -> first day of its new unit, and the power of ten between the two."""
    out: dict[str, tuple[date, int]] = {}
    for at, name in enumerate(amounts):
        alone = {day: own for day, held in levels.items() if (own := held[at]) is not None}
        others = {day: [v for i, v in enumerate(levels[day]) if i != at and v is not None]
                  for day in alone}  # fmt: skip
        against = {day: own - median(others[day]) for day, own in alone.items() if others[day]}
        broken = _break(alone, near=2 * _NEAR)
        if broken and (not against or _break(against, near=_NEAR) == broken):
            out[name] = broken
    return out


def _break(series: Mapping[date, float], *, near: float) -> tuple[date, int] | None:
    """The day on which a series steps by a power of ten for good, and the power."""
    days, values = list(series), list(series.values())
    if len(days) < 2 * _LEAST_DAYS:
        return None
    steps = [abs(b - a) for a, b in pairwise(values)][_LEAST_DAYS - 1 : 1 - _LEAST_DAYS]
    at = steps.index(max(steps)) + _LEAST_DAYS
    before, after = median(values[:at]), median(values[at:])
    power = round((after - before) / _TEN)
    middle = (before + after) / 2
    strays = sum((v > middle) != (i >= at) for i, v in enumerate(values))
    if power < 0:
        strays = len(values) - strays
    if abs(power) < _LEAST_POWER or abs((after - before) / _TEN - power) > near:
        return None
    return (days[at], power) if strays <= _STRAYS * len(values) else None


def _campaigns(after: str, amount: str, power: int, scene: Scene) -> tuple[int, int]:
    """Campaigns that change as the table does, of those with rows on both sides."""
    key = scene.table.sql("campaign_id") if scene.table.has("campaign_id") else "'all'"
    log = f"CASE WHEN {amount} > 0 THEN ln({amount}) END"
    step = f"avg(CASE WHEN {after} THEN {log} END) - avg(CASE WHEN NOT {after} THEN {log} END)"
    (((changed, num),),) = scene.rows(
        f"SELECT count_if(s * {math.copysign(1, power)} > {abs(power) * _TEN / 2}) AS n0, "
        f"count(s) AS n1 FROM (SELECT {step} AS s FROM {scene.table.relation} GROUP BY {key})",
        columns="n0, n1",
    )
    return int(changed or 0), int(num)
