"""Checks across a client's platforms: what no audit of one table can see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from campaignkit.auditing import Finding, Rule
from campaignkit.auditing.checks.check import Check
from campaignkit.auditing.scene import Scene
from campaignkit.harmonise.unified import view
from campaignkit.show import counted

_FEWEST_DAYS = 5  # with spend, before two accounts can be called one
_SAME = 0.9  # share of those days on which both have the same spend and impressions
_WEEK = 7  # days before and after a fall, or a gap; longer gaps are pauses
_FALLEN = 0.2  # of what the week before lets expect
_EXPECTED = 30  # conversions; with fewer a fall may be chance
_DENSE = 6 / 7  # of the days before and after a gap
_MOST_GAPS = 2  # more of them are a schedule


class CrossPlatformCheck(Check):
    """Compares the platforms and accounts of one client with each other.

    Finds one account under two keys (the same spend and impressions day by day), an event that
    falls away while its campaigns' spend goes on, and days, at most a week at a time, that an
    account lacks while others have rows.

    Parameters
    ----------
    rows : callable
        SQL -> rows of the client's store.
    """

    form = "cross_platform"

    def __init__(self, rows: Callable[[str], list[tuple[Any, ...]]]) -> None:
        self._ask = rows

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
                    rate=0.0, rule=rule.id, confidence=0.9, severity=rule.severity, unit="day",
                    table=scene.table, **told,
                )  # fmt: skip

    def _accounts_twice(self) -> Iterator[dict[str, Any]]:
        """Accounts of the same amounts: equal budgets alone make equal spend, not impressions."""
        for *keys, same in self._rows(
            "a AS (SELECT platform, account_id, date_local AS day, sum(spend) AS s, "
            "sum(impressions_paid) AS i FROM p WHERE account_id <> 'unknown' GROUP BY ALL "
            "HAVING s > 0), n AS (SELECT *, count(*) OVER (PARTITION BY platform, account_id) "
            "AS days FROM a) "
            "SELECT x.platform, x.account_id, y.platform, y.account_id, count(*) AS same "
            "FROM n x JOIN n y ON x.day = y.day AND x.s = y.s AND x.i IS NOT DISTINCT FROM y.i "
            "AND (x.platform, x.account_id) < (y.platform, y.account_id) "
            f"GROUP BY 1, 2, 3, 4 HAVING same >= greatest({_FEWEST_DAYS}, "
            f"{_SAME} * least(any_value(x.days), any_value(y.days))) ORDER BY ALL"
        ):
            yield {
                "kind": "account_twice", "columns": ("account_id",), "count": same,
                "message": f"account {keys[1]} of {keys[0]} and account {keys[3]} of {keys[2]} "
                f"have the same spend and impressions on {counted(same, 'day')}: both count",
                "advice": "leave out one of the two exports",
                "evidence": {"accounts": [keys[:2], keys[2:]]},
            }  # fmt: skip

    def _fallen_events(self) -> Iterator[dict[str, Any]]:
        """The first day on which a week's conversions are far below what its spend had brought."""
        campaign = "platform, account_id, campaign_id"
        weeks = f"PARTITION BY {campaign}, event ORDER BY day RANGE BETWEEN"
        for platform, account, event, day, found, expected in self._rows(
            f"s AS (SELECT {campaign}, date_local AS day, sum(spend)::DOUBLE AS s FROM p "
            f"GROUP BY ALL), c AS (SELECT {campaign}, event, date_local AS day, "
            f"sum(conversions)::DOUBLE AS n FROM ({view('conversions', '')}) WHERE is_primary "
            f"GROUP BY ALL), e AS (SELECT DISTINCT {campaign}, event FROM c WHERE n > 0), "
            f"d AS (SELECT e.*, day, s, coalesce(n, 0) AS n FROM e JOIN s USING ({campaign}) "
            f"LEFT JOIN c USING ({campaign}, event, day)), "
            "w AS (SELECT *, sum(n) OVER b AS n0, sum(s) OVER b AS s0, sum(n) OVER a AS n1, "
            f"sum(s) OVER a AS s1 FROM d WINDOW b AS ({weeks} INTERVAL {_WEEK} DAY PRECEDING "
            f"AND INTERVAL 1 DAY PRECEDING), a AS ({weeks} CURRENT ROW "
            f"AND INTERVAL {_WEEK - 1} DAY FOLLOWING)) "
            "SELECT platform, account_id, event, day, round(sum(n1), 3) AS found, "
            "round(sum(n0 * least(s1 / s0, 1)), 3) AS expected FROM w WHERE s0 > 0 "
            f"GROUP BY platform, account_id, event, day HAVING expected >= {_EXPECTED} "
            f"AND found <= {_FALLEN} * expected AND sum(n) <= {_FALLEN} * expected / {_WEEK} "
            "QUALIFY row_number() OVER (PARTITION BY platform, account_id, event ORDER BY day) "
            "= 1 ORDER BY ALL"
        ):
            yield {
                "kind": "event_fell", "columns": ("account_id",), "count": _WEEK,
                "message": f"{event} of account {account} of {platform} fell to {found:,.0f} in "
                f"the week from {day}, where the spend would have brought {expected:,.0f}",
                "advice": "was the pixel, the event's name or a window changed there?",
                "evidence": {"day": str(day), "found": found, "expected": expected},
            }  # fmt: skip

    def _missing_days(self) -> Iterator[dict[str, Any]]:
        """Gaps between days with rows on nearly every day; many gaps are a schedule."""
        account, week = "PARTITION BY platform, account_id", f"INTERVAL {_WEEK - 1} DAY"
        for platform, account_id, days in self._rows(
            "a AS (SELECT DISTINCT platform, account_id, date_local AS day FROM p), "
            "d AS (SELECT *, min(day) OVER own AS first, max(day) OVER own AS last, "
            f"count(*) OVER (by_day RANGE BETWEEN {week} PRECEDING AND CURRENT ROW) AS before, "
            f"count(*) OVER (by_day RANGE BETWEEN CURRENT ROW AND {week} FOLLOWING) AS after "
            f"FROM a WINDOW own AS ({account}), by_day AS (own ORDER BY day)), "
            f"s AS (SELECT *, before >= {_DENSE} * least(day - first + 1, {_WEEK}) AS ends, "
            f"after >= {_DENSE} * least(last - day + 1, {_WEEK}) AS starts FROM d), "
            "n AS (SELECT *, lead(day) OVER w AS next, lead(starts) OVER w AS goes_on FROM s "
            f"WINDOW w AS ({account} ORDER BY day)), "
            f"g AS (SELECT *, count(*) OVER ({account}) AS gaps FROM n "
            f"WHERE next - day BETWEEN 2 AND {_WEEK + 1} AND ends AND goes_on), "
            "m AS (SELECT platform, account_id, "
            "day + CAST(unnest(range(1, next - day)) AS INTEGER) AS day "
            f"FROM g WHERE gaps <= {_MOST_GAPS}) "
            "SELECT platform, account_id, list(day ORDER BY day) FROM m WHERE EXISTS (FROM a "
            "WHERE a.account_id <> m.account_id AND a.day = m.day) GROUP BY ALL ORDER BY ALL"
        ):
            yield {
                "kind": "platform_days_missing", "columns": ("date_local",), "count": len(days),
                "message": f"account {account_id} of {platform} has no row on "
                f"{counted(len(days), 'day')} on which others have: {days[0]}"
                + (f" to {days[-1]}" if len(days) > 1 else ""),
                "advice": "ingest those days of the platform again, or confirm the pause",
                "evidence": {"days": [str(day) for day in days]},
            }  # fmt: skip

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query that may read the performance as ``p``."""
        return self._ask(f"WITH p AS ({view('performance', '')}), {sql}")
