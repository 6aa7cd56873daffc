"""What changed between two refreshes: category shares, scale, late data.

Campaigns, not rows, are the independent draws: a new campaign brings hundreds of rows that are
alike. Thresholds therefore count campaigns wherever the table has them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from campaignkit.auditing.checks.check import Check, found
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import Scene
from campaignkit.tables.profile import middle_of, middle_sql

_SHARE_MOVED = 0.2  # total variation beyond what chance explains
_LEAST_FACTOR = 1.5
_LEAST_RATIO, _LEAST_SPREAD = 1.35, 0.1  # of cost per impression
_SIGMAS = 5.5  # of medians, whose error is a quarter larger than a mean's
_LATE_DAYS = 3
_LATE_FACTOR = 0.35
_LATE_CLICKS = 300


class ShareCheck(Check):
    """Runs the ``shares`` rule: category shares of all dimensions, held against history.

    Parameters of the rule: ``shares``, column -> value -> share; ``units``, independent draws
    behind them.

    Examples
    --------
    >>> ShareCheck().form
    'shares'
    """

    form = "shares"

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding for all dimensions that moved."""
        moved: dict[str, Any] = {}
        units = min(num_units(scene), int(rule.params.get("units") or 1))
        shares: Mapping[str, Mapping[str, float]] = rule.params.get("shares", {})
        for name, before in shares.items():
            if not scene.table.has(name):
                continue
            counts = scene.histogram(name)
            known = {v: counts.get(v, 0) for v in before}
            total = sum(known.values())
            if not total:
                continue
            distance = 0.5 * sum(abs(known[v] / total - share) for v, share in before.items())
            chance = 0.8 * math.sqrt(2.0 * len(before) / max(units, 1))
            if distance > _SHARE_MOVED + chance:
                most = max(before, key=lambda v: abs(known[v] / total - before[v]))
                moved[scene.column(name).name] = {
                    "distance": round(distance, 3), "most": most,
                    "before": round(before[most], 4), "now": round(known[most] / total, 4),
                }  # fmt: skip
        if moved:
            said = f"the mix of {', '.join(moved)} is not what it was"
            yield _drift(rule, scene, moved, moved, said)


class ScaleCheck(Check):
    """Runs the ``scale`` rule: levels of metrics, and ratios by platform, against history.

    Parameters of the rule: ``levels``, metric -> [mean, spread] of the log level per campaign;
    ``ratios``, column -> value -> [median, spread] of the log cost per impression; ``units``.

    Examples
    --------
    >>> ScaleCheck().form
    'scale'
    """

    form = "scale"

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """Levels that moved (one finding) and ratios that moved on some platforms (one more)."""
        now = scale_of(scene, list(rule.params.get("levels") or {}))
        units = int(rule.params.get("units") or 1)
        moved: dict[str, Any] = {}
        for name, (mean, spread) in (rule.params.get("levels") or {}).items():
            if name not in now["levels"]:
                continue
            here = (*now["levels"][name], now["units"])
            moved |= _moved(name, (mean, spread, units), here, _LEAST_FACTOR)
        if moved:
            yield _drift(rule, scene, moved, moved, f"the level of {', '.join(moved)} moved")
        off = _ratios_off(rule.params.get("ratios") or {}, now["ratios"])
        if off:
            said = f"cost per impression moved on {', '.join(off)}: another unit or currency?"
            yield _drift(rule, scene, ("spend", "impressions"), off, said, kind="scale_errors")


class LateCheck(Check):
    """Runs the ``late`` rule: the last days convert as the days before.

    Examples
    --------
    >>> LateCheck().form
    'late'
    """

    form = "late"
    kinds = ("date", "number", "number")

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Conversions are there as fast as clicks."""
        names = ("event_date", "conversions", "clicks")
        if scene.table.has(*names):
            yield Rule.over(self.form, "late_data", *names, id=self.form,
                            severity="warning", reason="conversions arrive late")  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding where the last days' conversions have not arrived."""
        columns = [scene.column(c) for c in rule.columns]
        day, results, clicks = (c.sql for c in columns)
        (rows,) = scene.rows(
            f"SELECT CAST({day} AS DATE) AS d0, sum(greatest({results}, 0)) AS n0, "
            f"sum(greatest({clicks}, 0)) AS n1 FROM {scene.table.relation} "
            f"WHERE {results} <= {clicks} AND {day} IS NOT NULL GROUP BY 1", columns="d0, n0, n1",
        )  # fmt: skip
        rows = sorted(rows)
        if rows and (rows[-1][0] - rows[0][0]).days > 2 * len(rows):
            return  # weeks or months, the last of which are long over
        late, before = rows[-_LATE_DAYS:], rows[:-_LATE_DAYS]
        late_clicks, early_clicks = (
            sum(float(r[2] or 0) for r in part) for part in (late, before)
        )
        if late_clicks < _LATE_CLICKS or early_clicks < 5 * _LATE_CLICKS:
            return
        late_rate = sum(float(r[1] or 0) for r in late) / late_clicks
        usual = sum(float(r[1] or 0) for r in before) / early_clicks
        if late_rate < _LATE_FACTOR * usual:
            yield _drift(
                rule, scene, rule.columns[:2],
                {"usual_rate": round(usual, 5), "last_days_rate": round(late_rate, 5)},
                f"the last {_LATE_DAYS} days have {late_rate / usual:.0%} of the usual "
                f"{columns[1].name} per click",
            )  # fmt: skip


def num_units(scene: Scene) -> int:
    """Independent draws behind a table: its campaigns, or else its rows."""
    if not scene.num_rows or not scene.table.has("campaign_id"):
        return scene.num_rows
    return int(scene.values(f"count(DISTINCT {scene.table.sql('campaign_id')})")[0])


def scale_of(scene: Scene, metrics: Sequence[str]) -> dict[str, Any]:
    """Log levels of metrics per campaign, and log cost per impression by platform.

    Per campaign because campaigns are the draws; medians because the tables are heavy-tailed and
    may be dirty.
    """
    table, units = scene.table, num_units(scene)
    numbers = [m for m in metrics if table.has(m) and table.column(m).kind == "number"]
    key = table.sql("campaign_id") if table.has("campaign_id") else "'all'"
    asked: dict[str, str] = {}
    if numbers:
        each = ", ".join(
            f"median(CASE WHEN {table.sql(m)} >= 0 THEN ln({table.sql(m)} + 1) END) AS a{i}"
            for i, m in enumerate(numbers)
        )
        per_key = f"SELECT {each} FROM {table.sampled(200_000)} GROUP BY {key}"
        told = [f"a{i}" for i in range(len(numbers))]
        middles = ", ".join(f"{middle_sql(m)} AS {m}" for m in told)
        asked[", ".join(told)] = f"SELECT {middles} FROM ({per_key})"
    if table.has("platform", "spend", "impressions") and all(
        table.column(c).kind == "number" for c in ("spend", "impressions")
    ):
        spend, shown = table.sql("spend"), table.sql("impressions")
        asked["t0, a0, n0"] = (
            f"SELECT p AS t0, {middle_sql('r')} AS a0, count(*) AS n0 FROM (SELECT "
            f"{table.sql('platform')} AS p, median(ln({spend} / {shown})) AS r "
            f"FROM {table.sampled(200_000)} WHERE {spend} > 0 AND {shown} > 0 "
            f"GROUP BY 1, {key}) WHERE p IS NOT NULL GROUP BY 1"
        )
    found = dict(zip(asked, scene.rows(*asked.values(), columns=[*asked]), strict=True))
    rows = found.pop("t0, a0, n0", None)
    levels = {
        name: list(middle)
        for (row,) in found.values() for name, steps in zip(numbers, row, strict=True)
        if (middle := middle_of(steps)) is not None
    }  # fmt: skip
    ratios: dict[str, dict[str, list[float]]] = {}
    if rows is not None:
        ratios["platform"] = {
            str(p): [*(middle_of(steps) or (0.0, 0.0)), float(n)]
            for p, steps, n in sorted(rows)
            if n >= 3
        }
    return {"levels": levels, "ratios": ratios, "units": units}


def _ratios_off(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    off: dict[str, Any] = {}
    for column, values in before.items():
        for value, usual in values.items():
            here = now.get(column, {}).get(value)
            off |= _moved(value, usual, here, _LEAST_RATIO, _LEAST_SPREAD) if here else {}
    return off


def _moved(
    name: str, before: Sequence[float], now: Sequence[float], least: float, spread: float = 0.0
) -> dict[str, dict[str, float]]:
    """The factor by which a middle moved beyond chance; each has its spread and its units."""
    errors = [max(wide, spread) / math.sqrt(max(num, 1)) for _, wide, num in (before, now)]
    step = now[0] - before[0]
    if abs(step) <= max(math.log(least), _SIGMAS * math.hypot(*errors)):
        return {}
    return {name: {"factor": round(math.exp(step), 3)}}


def _drift(
    rule: Rule, scene: Scene, columns: Iterable[str], evidence: Any, message: str, **told: Any
) -> Finding:
    own = (scene.column(c).name if scene.table.has(c) else c for c in columns)
    return found(
        rule, scene, 0, *own, confidence=0.7, message=message, evidence={"moved": evidence},
        advice="compare with what was planned; if it is meant, refresh the rules from new history",
        **told,
    )  # fmt: skip
