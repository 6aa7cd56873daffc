"""Rates that cannot be: above 100%, or other than what their own parts give."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from campaignkit.auditing.checks.check import ConditionCheck
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import Scene
from campaignkit.tables import ColumnSpec, OpenTable, Role

_TOLERANCE = 0.05  # relative, beside what rounding explains
_ROUNDINGS = 8.0  # in median distances from what the parts give
_MIN_ROWS = 8
_FEW_ROWS = 3  # of which nearly all contradict their parts
_THROUGHOUT = 0.9
_TWO_DECIMALS = 0.01
# Percentages that are no shares: of a return, of a change.
_MAY_EXCEED = re.compile(r"roa?s|roi|acos|return|growth|change|lift|increase|delta|vs|diff|index")
_MOST_ABOVE = 0.1  # more values above 1 than this: it is written in percent


class RateCheck(ConditionCheck):
    """Runs ``rate`` rules: the first column is the second by the third.

    Parameters of the rule: ``factor``, by which the quotient is multiplied; ``rounding``, by how
    much more the rate may be off; ``most``, the largest value that is possible (above it the
    rate breaks a ``range`` rule); ``throughout``, whether nearly every row breaks the rule. That
    a share is at most 100% are ``range`` rules.

    Examples
    --------
    >>> RateCheck().form
    'rate'
    """

    form = "rate"
    kinds = ("number", "number", "number")

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """The known rates; percent or fraction is decided by the table's own sample.

        A rate that differs from its parts in many rows is defined otherwise and not held to them;
        that it differs in nearly all rows is a warning.
        """
        table = scene.table
        numbers = {n for n in table.own if table.column(n).kind == "number"}
        rates = [table.schema[n] for n in numbers if table.schema[n].role is Role.RATE]
        rates.sort(key=lambda spec: spec.name)
        whole = [spec for spec in rates if spec.parts and numbers.issuperset(spec.parts)]
        found = scene.middles(*(asked for spec in whole for asked in _asked(spec, table)))
        held = {
            spec.name: _held(spec, found[3 * i : 3 * i + 3]) for i, spec in enumerate(whole)
        }  # fmt: skip
        doubted = [
            self._throughout(spec, found[3 * i][0])
            for i, spec in enumerate(whole) if not held[spec.name]
        ]  # fmt: skip
        others = [
            n for n in table.matching.unknown
            if table.column(n).unit == "%" and not _MAY_EXCEED.search(n.lower())
        ]  # fmt: skip
        asked = [(s.name, 1) for s in rates if s.is_share] + [(n, 100) for n in others]
        told = scene.values(
            *(f"avg(CASE WHEN {table.sql(n)} > {m} THEN 1.0 ELSE 0.0 END)" for n, m in asked),
            *(part for rule in doubted for part in self._off(rule, table)), sample=True,
        )  # fmt: skip
        shares = dict(zip((n for n, _ in asked), told, strict=False))
        off = iter(told[len(asked) :])
        for rule, share, num in zip(doubted, off, off, strict=True):
            if num >= _FEW_ROWS and share >= _THROUGHOUT:
                yield rule
        for name in others:
            if (shares[name] or 0.0) <= _MOST_ABOVE:
                yield Rule.over("range", "impossible_rate", name, params={"high": 100.0},
                                severity="warning",
                                reason=f"hardly a {name} lies above 100%")  # fmt: skip
        for spec in rates:
            params = held.get(spec.name, {})
            if spec.is_share:
                percent = table.column(spec.name).unit == "%" or bool(
                    spec.parts or (shares[spec.name] or 0.0) > _MOST_ABOVE
                )
                most = params.get("factor", 100.0 if percent else 1.0)
                params |= {"most": most} if params else {}
                yield Rule.over("range", "impossible_rate", spec.name, params={"high": most},
                                reason=f"above the whole, {most:g}")  # fmt: skip
            if params:
                yield Rule.over(self.form, "contradicting_rate", spec.name, *spec.parts,
                                params=params, reason="a rate is what its parts give")  # fmt: skip

    def wrong(self, rule: Rule, table: OpenTable) -> Mapping[str, Mapping[str, Any]]:
        """Another value than the parts give, and one that is possible."""
        params: Any = rule.params
        value, top, bottom = (f"CAST({table.sql(c)} AS DOUBLE)" for c in rule.columns)
        given = f"({float(params.get('factor', 1.0))!r} * {top} / {bottom})"
        slack = f"{_TOLERANCE} * {given} + {float(params.get('rounding', 0.0))!r}"
        off = f"{bottom} > 0 AND {top} >= 0 AND abs({value} - {given}) > {slack}"
        possible = f" AND {value} <= {params['most']!r}" if "most" in params else ""
        rate, *parts = (table.column(c).name for c in rule.columns)
        throughout = ", which is nearly every row" if params.get("throughout") else ""
        advice = f"compute {rate} anew from its parts, or look where it was exported"
        if throughout:
            advice = f"look how the source defines {rate}; if from these parts, compute it anew"
        return {off + possible: {
            "blamed": rate, "confidence": 0.9, "evidence": dict(params), "advice": advice,
            "rows": f"have another {rate} than {' / '.join(parts)} gives{throughout}",
        }}  # fmt: skip

    def _throughout(self, spec: ColumnSpec, log: float) -> Rule:
        """That a rate is what its parts give, as number or percent: whichever is nearer."""
        factor = spec.times * (1.0 if log < math.log(10.0) else 100.0)
        return Rule.over(
            self.form, "contradicting_rate", spec.name, *spec.parts, severity="warning",
            params={"factor": factor, "rounding": _TWO_DECIMALS, "throughout": True},
            reason="a rate is what its parts give",
        )  # fmt: skip

    def _off(self, rule: Rule, table: OpenTable) -> tuple[str, str]:
        """Share of the rows with parts that contradict them, and number of these rows."""
        (wrong,) = self.wrong(rule, table)
        rate, *parts = (table.sql(c) for c in rule.columns)
        told = " AND ".join([*(f"{p} > 0" for p in parts), f"{rate} IS NOT NULL"])
        return (f"avg(CASE WHEN {told} THEN CASE WHEN {wrong} THEN 1.0 ELSE 0.0 END END)",
                f"count(CASE WHEN {told} THEN 1 END)")  # fmt: skip


def _asked(spec: ColumnSpec, table: OpenTable) -> list[tuple[str, str]]:
    """Log of the rate by what its parts give, and distances from that as number and as percent."""
    rate, top, bottom = (f"CAST({table.sql(n)} AS DOUBLE)" for n in (spec.name, *spec.parts))
    given, told = (
        f"({spec.times!r} * {top} / {bottom})",
        f"{rate} > 0 AND {top} > 0 AND {bottom} > 0",
    )
    values = (f"ln({rate} / {given})", f"abs({rate} - {given})", f"abs({rate} - 100.0 * {given})")
    return [(value, told) for value in values]


def _held(spec: ColumnSpec, found: Sequence[tuple[float, float, int]]) -> dict[str, Any]:
    """Factor and rounding by which most rows agree with their parts; empty if they do not."""
    (log, _, num), *distances = found
    for factor, (distance, _, _) in zip((1.0, 100.0), distances, strict=True):
        if num >= _MIN_ROWS and abs(log - math.log(factor)) < _TOLERANCE:
            return {"factor": factor * spec.times, "rounding": _ROUNDINGS * distance}
    return {}
