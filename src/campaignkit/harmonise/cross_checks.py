"""Checks across a client's platforms: what no audit of one table can see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import combinations
from typing import Any

from campaignkit.auditing import Finding, Rule
from campaignkit.auditing.checks.check import Check
from campaignkit.auditing.scene import Scene
from campaignkit.harmonise.unified import view
from campaignkit.show import counted

_FEWEST_DAYS = 5  # with spend, before two accounts can be called one
_SAME = 0.9  # share of those days on which both spent the same to the millionth
_WINDOW = 7  # days before and after a fall
_FALLEN = 0.2  # of the rate before
_EXPECTED = 30  # conversions; with fewer a fall may be chance
_STEADY = 0.5  # of the spend before, at least


class CrossPlatformCheck(Check):
    """Compares the platforms and accounts of one client with each other.

    Finds one account under two keys (the same spend day by day), an event that falls away while
    spend goes on, and days that one platform lacks while others have rows.

    Parameters
    ----------
    con : DuckDB connection
        Of the client's store.
    """

    form = "cross_platform"

    def __init__(self, con: Any) -> None:
        self._con = con

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """One, for all three."""
        columns = ("platform", "account_id", "event_date")
        if scene.table.has(*columns):
            yield Rule.over(
                self.form, "cross_platform", *columns, id=self.form, severity="warning",
                reason="a client's platforms are compared with each other",
            )  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """The findings of all three."""
        for parts in (self._accounts_twice(), self._fallen_events(), self._missing_days()):
            for told in parts:
                yield Finding(
                    rate=0.0, rule=rule.id, confidence=0.9, severity=rule.severity,
                    table=scene.table, **told,
                )  # fmt: skip

    def _accounts_twice(self) -> Iterator[dict[str, Any]]:
        spend: dict[tuple[str, str], dict[date, Any]] = {}
        for platform, account, day, amount in self._rows(
            "SELECT platform, account_id, date_local, sum(spend) FROM performance_fact "
            "JOIN place USING (place_id) WHERE account_id <> 'unknown' GROUP BY ALL "
            "HAVING sum(spend) > 0 ORDER BY ALL"
        ):
            spend.setdefault((platform, account), {})[day] = amount
        for one, other in combinations(spend, 2):
            shared = spend[one].keys() & spend[other].keys()
            same = sum(spend[one][day] == spend[other][day] for day in shared)
            if same >= max(_FEWEST_DAYS, _SAME * min(len(spend[one]), len(spend[other]))):
                names = [f"account {account} of {platform}" for platform, account in (one, other)]
                yield {
                    "kind": "account_twice", "title": "One account under two keys",
                    "columns": ("account_id",), "count": same, "unit": "day",
                    "message": f"{names[0]} and {names[1]} spent the same on "
                    f"{counted(same, 'day')}: spend counts twice",
                    "advice": "leave out one of the two exports",
                    "evidence": {"accounts": [list(one), list(other)]},
                }  # fmt: skip

    def _fallen_events(self) -> Iterator[dict[str, Any]]:
        """The first day on which a week's conversions are far below what its spend had brought."""
        days: dict[tuple[str, str, str], dict[date, tuple[float, float]]] = {}
        for platform, account, event, day, number, spend in self._rows(
            "WITH c AS (SELECT platform, account_id, event_own, date_local, "
            "sum(conversions) AS n "
            f"FROM ({view('conversions', '')}) WHERE is_primary GROUP BY ALL), "
            "s AS (SELECT platform, account_id, date_local, sum(spend) AS spend "
            "FROM performance_fact JOIN place USING (place_id) GROUP BY ALL), "
            "e AS (SELECT DISTINCT platform, account_id, event_own FROM c WHERE n > 0) "
            "SELECT e.platform, e.account_id, e.event_own, s.date_local, "
            "coalesce(c.n, 0)::DOUBLE, coalesce(s.spend, 0)::DOUBLE FROM e "
            "JOIN s USING (platform, account_id) "
            "LEFT JOIN c USING (platform, account_id, event_own, date_local) ORDER BY ALL"
        ):
            days.setdefault((platform, account, event), {})[day] = (number, spend)
        for (platform, account, event), series in days.items():
            for start in sorted(series):
                before = [series.get(start - timedelta(n + 1), (0, 0)) for n in range(_WINDOW)]
                after = [series.get(start + timedelta(n), (0, 0)) for n in range(_WINDOW)]
                (n0, s0), (n1, s1) = (
                    map(sum, zip(*part, strict=True)) for part in (before, after)
                )
                if s0 and s1 >= _STEADY * s0 and n0 * s1 / s0 >= _EXPECTED:
                    expected = n0 * s1 / s0
                    if n1 <= _FALLEN * expected and series[start][0] <= _FALLEN * n0 / _WINDOW:
                        yield {
                            "kind": "event_fell", "title": "An event that fell away",
                            "columns": ("account_id",), "count": _WINDOW, "unit": "day",
                            "message": f"{event} of account {account} of {platform} fell to "
                            f"{n1:,.0f} in the week from {start}, where the spend of "
                            f"{s1:,.2f} would have brought {expected:,.0f}",
                            "advice": "was the pixel, the event's name or a window changed there?",
                            "evidence": {"day": str(start), "found": n1, "expected": expected},
                        }  # fmt: skip
                        break

    def _missing_days(self) -> Iterator[dict[str, Any]]:
        seen: dict[str, set[date]] = {}
        for platform, day in self._rows(
            "SELECT DISTINCT platform, date_local FROM performance_fact "
            "JOIN place USING (place_id) ORDER BY ALL"
        ):
            seen.setdefault(platform, set()).add(day)
        for platform, own in seen.items():
            others = set().union(*(days for key, days in seen.items() if key != platform))
            missing = sorted(d for d in others - own if min(own) < d < max(own))
            if missing:
                yield {
                    "kind": "platform_days_missing", "title": "Days that one platform lacks",
                    "columns": ("date_local",), "count": len(missing), "unit": "day",
                    "message": f"{platform} has no row on {counted(len(missing), 'day')} on which "
                    f"other platforms have: {missing[0]}"
                    + (f" to {missing[-1]}" if len(missing) > 1 else ""),
                    "advice": "ingest those days of the platform again, or confirm the pause",
                    "evidence": {"days": [str(day) for day in missing[:31]]},
                }  # fmt: skip

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._con.execute(sql).fetchall()
        return rows
