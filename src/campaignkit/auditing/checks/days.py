"""Dates: the grain a table comes in, periods without a row, and dates that cannot be."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import median

from campaignkit.auditing.checks.check import Check, found, standard
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import Scene
from campaignkit.errors import Fault, TableError
from campaignkit.show import counted

_ACTIVE = 3  # campaigns that run across a day before its absence is news
_STEADY = 0.9  # share of periods with rows from which on one campaign's absence is news
_ONE_PHASE = 0.95  # share of rows on one weekday, or one day of the month
_USUAL = 0.5  # a weekday that has rows in fewer of its weeks is not expected
_FAR_DAYS = 60
_FAR_SPANS = 2
_FAR_FUTURE = 3_650  # of dates of a flight, which may lie far ahead
_ERA = date(1990, 1, 1)  # nobody advertised online before
_MOST_FAR = 0.1
_FEW_DAYS = 5
_YEARS_AWAY = 5 * 365
_DAWN = datetime.min
_HOUR = timedelta(hours=1)
# Grain -> number of the period a moment lies in, a period's start, and periods of a cycle.
_GRAINS: Mapping[str, tuple[Callable[[datetime], int], Callable[[int], date], int]] = {
    "hour": (lambda d: (d - _DAWN) // _HOUR, lambda b: _DAWN + b * _HOUR, 24),
    "day": (date.toordinal, date.fromordinal, 7),
    "week": (lambda d: (d.toordinal() - 1) // 7, lambda b: date.fromordinal(7 * b + 1), 0),
    "month": (lambda d: 12 * d.year + d.month - 1, lambda b: date(b // 12, b % 12 + 1, 1), 0),
}


class MissingDayCheck(Check):
    """Runs the ``days`` rule: no period is missing while campaigns run across it.

    Parameters of the rule: ``grain``, ``hour``, ``day``, ``week`` or ``month``; without it the
    table's own, which a note tells unless it is plain days; rows that all stand at full hours,
    several a day, come by hour. Weekdays, or hours of the day, in which the table usually has no
    row are not expected.

    Examples
    --------
    >>> MissingDayCheck().form
    'days'
    """

    form = "days"
    kinds = ("date",)

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Running campaigns report in each period."""
        if scene.table.has("event_date", "campaign_id"):
            yield Rule.over(
                self.form, "missing_days", "event_date", "campaign_id", id=self.form,
                severity="warning", reason="running campaigns report in each period",
            )  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding for all periods without rows between the first and the last."""
        table = scene.table
        column, key = (table.column(c) for c in rule.columns)
        days = scene.days()[column.name]
        low, high = near_days(days)
        days = Counter({d: n for d, n in days.items() if low <= d <= high})
        if not days:
            return
        day = f"CAST({column.sql} AS DATE)"
        near = f"{day} >= CAST('{low}' AS DATE) AND {day} <= CAST('{high}' AS DATE)"
        (runs,) = scene.rows(
            f"SELECT min({day}) AS d0, max({day}) AS d1, count(DISTINCT {day}) AS n0, "
            f"count(DISTINCT {column.sql}) AS n1 FROM {table.relation} WHERE {near} "
            f"GROUP BY {key.sql}", columns="d0, d1, n0, n1",
        )  # fmt: skip
        stated = rule.params.get("grain")
        several = sum(r[3] for r in runs) >= 2 * sum(r[2] for r in runs)  # moments a day
        hours: list[datetime] = []
        all_whole = False
        if several or stated == "hour":
            hours, all_whole = _hours(column.sql, near, scene)
        usual = "hour" if several and all_whole else grain_of(days, [r[:3] for r in runs])
        grain = str(stated or usual)
        if grain not in _GRAINS:
            raise TableError(f"{rule.id}: no grain is called {grain!r}", hint=", ".join(_GRAINS))
        bucket, start, cycle = _GRAINS[grain]
        seen = {bucket(_moment(m)) for m in (hours if grain == "hour" else days)}
        whole = range(min(seen), max(seen) + 1)
        expected = whole if stated else _expected(whole, seen, cycle)
        on_weekdays = grain == "day" and {b % 7 for b in expected} == {1, 2, 3, 4, 5}
        if stated or on_weekdays or several or grain != "day":
            said = f"comes by {grain}" + ", on weekdays only" * on_weekdays
            said = "has several moments a day" if several and grain == "day" else said
            note = Fault(f"column {column.name!r}", said, f"gaps are looked for in {grain}s")
            if note not in table.notes:
                table.notes = (*table.notes, note)
        last = timedelta(hours=23)  # of a flight's last day
        flights = [(bucket(_moment(a)), bucket(_moment(b) + last)) for a, b, *_ in runs]
        active = min(_ACTIVE, len(flights))
        if active < _ACTIVE and len(seen) < _STEADY * len(expected):
            return  # one or two campaigns that pause now and then
        missing = [
            start(b) for b in expected
            if b not in seen and sum(a < b < z for a, z in flights) >= active
        ]  # fmt: skip
        if missing:
            listed = [str(d)[:16] for d in missing[:31]]
            yield found(
                rule, scene, len(missing), column.name, unit=grain, confidence=0.7,
                message=f"{counted(len(missing), grain, 'have')} no row while campaigns run "
                f"across them: {listed[0]}" + (f" to {listed[-1]}" if len(missing) > 1 else ""),
                advice="ask the source for them again, or tell why nothing ran",
                evidence={"moved": {"days": listed, "num_days": len(missing)}},
            )  # fmt: skip


def _hours(moment: str, where: str, scene: Scene) -> tuple[list[datetime], bool]:
    """The hours that have rows, and whether each row stands at a full hour."""
    off = f"EXTRACT(minute FROM {moment}) <> 0 OR EXTRACT(second FROM {moment}) <> 0"
    (rows,) = scene.rows(
        f"SELECT CAST({moment} AS DATE) AS d0, EXTRACT(hour FROM {moment}) AS n0, "
        f"count_if({off}) AS n1 FROM {scene.table.relation} WHERE {where} "
        f"GROUP BY CAST({moment} AS DATE), EXTRACT(hour FROM {moment})", columns="d0, n0, n1",
    )  # fmt: skip
    hours = [datetime(d.year, d.month, d.day, int(h)) for d, h, _ in rows]
    return hours, not any(n for *_, n in rows)


def grain_of(days: Mapping[date, int], runs: Sequence[tuple[date, date, int]]) -> str:
    """``day``, ``week`` or ``month``: what lies between the rows of one campaign.

    Parameters
    ----------
    days : mapping of date to int
        Day -> rows.
    runs : sequence of (date, date, int)
        First day, last day and number of days of each campaign.

    Examples
    --------
    >>> first_of_months = {date(2026, month, 1): 2 for month in range(1, 7)}
    >>> grain_of(first_of_months, [(date(2026, 1, 1), date(2026, 6, 1), 6)])
    'month'
    """
    steps = [(b - a).days / (n - 1) for a, b, n in runs if n > 2]
    step = median(steps) if steps else 1.0
    least = _ONE_PHASE * sum(days.values())

    def is_one(phase: Callable[[date], int]) -> bool:
        """Whether the days are alike in this."""
        rows = Counter[int]()
        for day, n in days.items():
            rows[phase(day)] += n
        return len(days) > 2 and max(rows.values()) >= least

    if is_one(lambda d: d.day) or 26 <= step <= 40:
        return "month"
    return "week" if is_one(date.weekday) or 6 <= step <= 9 else "day"


def near_days(days: Mapping[date, int], *, ahead: int = 0) -> tuple[date, date]:
    """The first and the last day that are not far outside the bulk of the rows.

    Examples
    --------
    >>> march = {date(2026, 3, d): 5 for d in range(1, 32)}
    >>> near_days(march | {date(1970, 1, 1): 1})[0] > date(2025, 1, 1)
    True
    """
    listed = sorted(days)
    if not listed:
        return date.min, date.max
    passed, total = list(itertools.accumulate(days[d] for d in listed)), sum(days.values())
    first = listed[bisect_left(passed, _MOST_FAR * total)].toordinal()
    last = listed[bisect_left(passed, (1 - _MOST_FAR) * total)].toordinal()
    margin = _FAR_SPANS * (last - first) + _FAR_DAYS
    return (
        date.fromordinal(max(first - margin, 1)),
        date.fromordinal(min(last + margin + ahead, date.max.toordinal())),
    )


def _expected(whole: range, seen: set[int], cycle: int) -> Sequence[int]:
    """The periods without weekdays or hours that usually have no row; none if most have none."""
    expected: Sequence[int] = whole
    if cycle and len(whole) >= 2 * cycle:
        places, rows = Counter(b % cycle for b in whole), Counter(b % cycle for b in seen)
        expected = [b for b in whole if rows[b % cycle] >= _USUAL * places[b % cycle]]
    return expected if len(seen) >= _USUAL * len(expected) else ()


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, getattr(day, "hour", 0))


class DateCheck(Check):
    """Runs ``dates`` rules: no date lies far outside the others of its column.

    Examples
    --------
    >>> DateCheck().form
    'dates'
    """

    form = "dates"
    kinds = ("date",)

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Every column of dates."""
        for column in scene.table.of_kind("date"):
            yield Rule.over(self.form, "impossible_dates", standard(scene, column.name),
                            reason="the dates of a column are near each other")  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding for the dates far before, or far after, all others."""
        name, column = rule.columns[0], scene.column(rule.columns[0])
        days = scene.days()[column.name]
        is_event = name in ("event_date", "period_end")
        low, high = near_days(days, ahead=0 if is_event else _FAR_FUTURE)
        if not is_event:
            low = min(low, _ERA)
        if name == "stop_date":
            high = date.max  # a flight without an end
        far = {d: n for d, n in days.items() if not low <= d <= high}
        if len(far) > _FEW_DAYS:  # many days are a thin period, unless they are years away
            years = (low.toordinal() - _YEARS_AWAY, high.toordinal() + _YEARS_AWAY)
            far = {d: n for d, n in far.items() if not years[0] <= d.toordinal() <= years[1]}
        count = sum(far.values())
        if 0 < count <= _MOST_FAR * sum(days.values()):
            day = f"CAST({column.sql} AS DATE)"
            listed = ", ".join(f"CAST('{d}' AS DATE)" for d in far)
            yield found(
                rule, scene, count, confidence=0.9, where=f"{day} IN ({listed})",
                message=f"{counted(count, 'date')} of {column.name} far outside the others: "
                f"{', '.join(str(d) for d in sorted(far)[:5])}",
                advice="look how the source writes an unknown date; 1970 and 1900 are zeros",
                evidence={"rows": {str(d): n for d, n in sorted(far.items())[:31]}},
            )  # fmt: skip
