"""A table's grain, dates that cannot be, rates against their parts, several currencies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

import campaignkit as ck
from campaignkit.auditing import ALL_CHECKS, Rule
from campaignkit.auditing.checks.days import grain_of, near_days
from campaignkit.errors import TableError
from campaignkit.testing import check_audit_check

CAMPAIGNS = ("Kestrel", "Otter", "Lynx", "Heron")


def table(days: list[Any], **columns: Any) -> pd.DataFrame:
    pairs = list(product(days, CAMPAIGNS))
    rng = np.random.default_rng(3)
    frame = {
        "Day": [d for d, _ in pairs],
        "Campaign": [c for _, c in pairs],
        "Impressions": rng.integers(500, 1000, len(pairs)),
        "Clicks": rng.integers(10, 40, len(pairs)),
        "Cost": rng.uniform(3, 9, len(pairs)).round(2),
    }
    return pd.DataFrame(frame | columns)


def days_of(grain: str, num: int) -> list[date]:
    first = date(2026, 1, 5)  # a Monday
    if grain == "month":
        return [date(2025 + m // 12, m % 12 + 1, 1) for m in range(num)]
    if grain == "week":
        return [first + timedelta(weeks=i) for i in range(num)]
    listed = [first + timedelta(days=i) for i in range(2 * num)]
    return [d for d in listed if grain == "day" or d.weekday() < 5][:num]


def found(report: ck.AuditReport, kind: str) -> list[Any]:
    return [f for f in report.findings if f.kind == kind]


@pytest.mark.parametrize("grain", ["day", "week", "month", "weekdays"])
def test_a_gap_is_looked_for_in_the_tables_own_grain(grain: str) -> None:
    days = days_of(grain, 20)
    report = ck.audit(table(days))
    gone = [d for d in days if d != days[7]]

    (finding,) = found(ck.audit(table(gone)), "missing_days")

    assert found(report, "missing_days") == []
    told = any(f"comes by {grain[:5].replace('weekd', 'day')}" in n for n in report.notes)
    assert told is (grain != "day")  # that is what everybody expects
    assert (finding.count, finding.unit) == (1, grain.replace("weekdays", "day"))
    assert finding.evidence["moved"]["days"] == [days[7].isoformat()]


@pytest.mark.parametrize("campaigns", [1, 2])
def test_few_campaigns_have_gaps_where_they_hardly_ever_pause(campaigns: int) -> None:
    days = days_of("day", 40)
    frame = table([d for d in days if d not in days[20:23]])
    steady = frame[frame["Campaign"].isin(CAMPAIGNS[:campaigns])]
    paused = steady[steady["Day"].isin(days[::2])]

    (finding,) = found(ck.audit(steady), "missing_days")

    assert finding.count == 3
    assert found(ck.audit(paused), "missing_days") == []


def test_weeks_that_begin_on_another_day_in_each_campaign_are_weeks() -> None:
    rows = [(date(2026, 1, 5) + timedelta(weeks=w, days=2 * i), c)
            for w in range(10) for i, c in enumerate(CAMPAIGNS)]  # fmt: skip
    frame = pd.DataFrame({"Day": [d for d, _ in rows], "Campaign": [c for _, c in rows],
                          "Clicks": range(3, 43)})  # fmt: skip

    assert found(ck.audit(frame), "missing_days") == []


def test_gaps_of_an_hourly_table_are_hours() -> None:
    hours = [datetime(2026, 3, 2) + timedelta(hours=h) for h in range(240)]
    whole = ck.audit(table([h for h in hours if h.hour > 5]))  # it sleeps at night

    (finding,) = found(ck.audit(table(hours[:77] + hours[80:])), "missing_days")

    assert found(whole, "missing_days") == []
    assert any("comes by hour" in note for note in whole.notes)
    assert (finding.count, finding.unit) == (3, "hour")
    assert finding.evidence["moved"]["days"][0] == "2026-03-05 05:00"


def test_moments_of_events_have_no_hourly_gaps() -> None:
    moments = [datetime(2026, 3, 2) + timedelta(hours=7 * h, minutes=h % 9) for h in range(99)]

    report = ck.audit(table(moments))

    assert found(report, "missing_days") == []
    assert any("gaps are looked for in days" in note for note in report.notes)


def test_a_campaign_that_ended_has_no_gaps_and_a_thin_table_none() -> None:
    frame = table(days_of("day", 30))
    ended = frame[~((frame.Campaign == "Lynx") & (frame.Day > date(2026, 1, 15)))]
    thin = table(days_of("day", 40)[::3])

    assert found(ck.audit(ended), "missing_days") == []
    assert found(ck.audit(thin), "missing_days") == []


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["day", "week", "month"]), st.integers(4, 40), st.integers(0, 300))
def test_the_grain_is_that_of_the_days_wherever_they_begin(
    grain: str, num: int, shift: int
) -> None:
    days = days_of(grain, num)
    if grain != "month":
        days = [d + timedelta(days=shift) for d in days]

    runs = [(days[0], days[-1], len(days))] * 3

    assert grain_of(dict.fromkeys(days, 3), runs) == grain


@pytest.mark.parametrize("odd", [date(1970, 1, 1), date(1900, 1, 1), date(2062, 3, 1)])
def test_a_date_far_outside_the_others_is_an_error(odd: date) -> None:
    days = days_of("day", 30)
    frame = table(days)
    frame.loc[5, "Day"] = odd

    report = ck.audit(frame)
    (finding,) = report.errors

    assert (finding.kind, finding.rows.tolist()) == ("impossible_dates", [5])
    assert found(report, "missing_days") == []


def test_words_in_optional_columns_are_a_question() -> None:
    num = 4 * 20
    frame = table(days_of("day", 20), Ends=["2026-05-01"] * (num - 2) + ["Ongoing"] * 2,
                  Starts=["2026-01-01"] * num, CTR=["--"] + ["2.5%"] * (num - 1))  # fmt: skip

    assert ck.audit(frame).errors == []


def test_a_thin_earlier_period_is_no_wrong_date() -> None:
    early, late = days_of("day", 10), [d + timedelta(days=400) for d in days_of("day", 90)]

    frame = table(early + late)

    assert found(ck.audit(frame[(frame.Day > early[-1]) | (frame.Campaign == "Otter")]),
                 "impossible_dates") == []  # fmt: skip


def test_flights_may_lie_far_ahead_or_behind_and_end_never() -> None:
    num = 4 * 20
    starts = [date(2019, 1, 1)] * 3 + [date(2026, 1, 1)] * (num - 3)
    stops = [date(9999, 12, 31)] * 3 + [date(2026, 12, 31)] * (num - 3)

    frame = table(days_of("day", 20), **{"Start date": starts, "End date": stops})

    assert ck.audit(frame).errors == []


def test_a_flight_that_stops_before_it_starts_is_an_error() -> None:
    num = 4 * 20
    stops = [date(2026, 5, 1)] * (num - 1) + [date(2025, 12, 1)]

    frame = table(
        days_of("day", 20), **{"Start date": [date(2026, 1, 1)] * num, "End date": stops}
    )
    (finding,) = ck.audit(frame).errors

    assert (finding.kind, finding.rows.tolist()) == ("stop_before_start", [num - 1])


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.dates(date(1995, 1, 1), date(2040, 1, 1)), st.integers(1, 50), min_size=1)
)
def test_the_bulk_of_the_days_is_never_far(days: dict[date, int]) -> None:
    low, high = near_days(days)

    far = sum(n for d, n in days.items() if not low <= d <= high)

    assert far <= 0.2 * sum(days.values())


@pytest.mark.parametrize("written", ["fraction", "percent", "percent sign"])
def test_a_rate_that_contradicts_its_parts_is_found_however_it_is_written(written: str) -> None:
    frame = table(days_of("day", 20))
    ctr = frame.Clicks / frame.Impressions
    ctr[9] *= 3
    frame["CTR"] = {"fraction": ctr.round(4), "percent": (100 * ctr).round(2),
                    "percent sign": [f"{100 * c:.2f}%" for c in ctr]}[written]  # fmt: skip
    frame["Avg. CPC"] = (frame.Cost / frame.Clicks).round(2)
    frame["CPM"] = (1000 * frame.Cost / frame.Impressions).round(2)

    (finding,) = ck.audit(frame).errors

    assert (finding.kind, finding.columns) == ("contradicting_rate",
                                               ("CTR", "Clicks", "Impressions"))  # fmt: skip
    assert finding.rows.tolist() == [9]


def test_a_rate_above_the_whole_is_impossible_and_said_once() -> None:
    frame = table(days_of("day", 20))
    ctr = [f"{100 * c:.2f}%" for c in frame.Clicks / frame.Impressions]
    ctr[4] = "170.00%"
    share = [0.4, 0.9] * 40
    share[6] = 1.4

    errors = ck.audit(frame.assign(CTR=ctr, **{"Search impr. share": share})).errors

    assert {(f.kind, f.columns, *f.rows.tolist()) for f in errors} == {
        ("impossible_rate", ("CTR",), 4), ("impossible_rate", ("Search impr. share",), 6),
    }  # fmt: skip


def test_a_percentage_of_unknown_name_above_the_whole_is_a_question() -> None:
    percents = [f"{60 + i % 9}%" for i in range(39)]
    clicks = list(range(9, 49))

    (finding,) = found(
        ck.audit({"Viewability": [*percents, "150%"], "Clicks": clicks}), "impossible_rate"
    )
    growth = ck.audit({"Growth": [*percents, "150%"], "Clicks": clicks})
    index = ck.audit({"Shown": ["140%", *percents[1:20]] * 2, "Clicks": clicks})

    assert (finding.severity, finding.rows.tolist()) == ("warning", [39])
    assert found(growth, "impossible_rate") == []
    assert [f.count for f in found(index, "impossible_rate")] == [2]


def test_a_rate_defined_otherwise_contradicts_nothing() -> None:
    frame = table(days_of("day", 20))

    frame["CTR"] = (1.4 * frame.Clicks / frame.Impressions).round(4)  # of all clicks
    frame["Conv. rate"] = 0.0

    assert ck.audit(frame).errors == []


def test_currencies_that_a_column_names_or_cells_carry_are_found() -> None:
    named = table(days_of("day", 9), **{"Currency code": (["EUR"] * 5 + ["JPY"] * 4) * 4})
    one = table(days_of("day", 9), **{"Currency code": ["EUR", "eur "] * 18})
    marked = table(days_of("day", 9))
    marked["Cost"] = [f"€{c}" if i % 3 else f"£{c}" for i, c in enumerate(marked.Cost)]

    (by_name,) = found(ck.audit(named), "mixed_currencies")
    (by_mark,) = found(ck.audit(marked), "mixed_currencies")

    assert (by_name.severity, by_name.columns) == ("warning", ("Currency code", "Cost"))
    assert by_mark.rows.tolist() == list(range(0, 36, 3))
    assert found(ck.audit(one), "mixed_currencies") == []


def test_the_checks_keep_their_contract() -> None:
    days = pd.to_datetime(days_of("day", 30))
    gone = days[days != days[9]]
    wrong = table(list(days))
    wrong.loc[3, "Day"] = pd.Timestamp(1970, 1, 1)
    right = table(list(days)).assign(CTR=lambda f: f.Clicks / f.Impressions)

    check_audit_check(ALL_CHECKS["days"], clean=table(list(days)), dirty=table(list(gone)))
    check_audit_check(ALL_CHECKS["dates"], clean=table(list(days)), dirty=wrong)
    check_audit_check(ALL_CHECKS["rate"], clean=right,
                      dirty=right.assign(CTR=right.CTR.where(right.index != 7, 0.5)))  # fmt: skip
    check_audit_check(ALL_CHECKS["currency"], clean=table(list(days)),
                      dirty=table(list(days), Currency=["EUR", "USD"] * 60))  # fmt: skip


def test_a_user_states_grain_and_rate() -> None:
    weeks = table(days_of("week", 10))
    by_day = Rule("days", "days", "missing_days", ("event_date", "campaign_id"), {"grain": "day"})
    rate = Rule("rate:own", "rate", "odd_rate", ("own", "Clicks", "Impressions"))
    own = weeks.assign(own=weeks.Clicks / weeks.Impressions)
    own.loc[2, "own"] = 0.9

    with pytest.raises(TableError, match="no grain is called 'fortnight'"):
        ck.audit(weeks, [replace(by_day, params={"grain": "fortnight"})])
    assert found(ck.audit(weeks, [by_day]), "missing_days")[0].count == 54
    assert [f.rows.tolist() for f in found(ck.audit(own, [rate]), "odd_rate")] == [[2]]


def test_outliers_are_looked_for_in_each_currency_apart() -> None:
    yen = np.arange(4 * 60) % 2 == 0
    frame = table(days_of("day", 60), Currency=np.where(yen, "JPY", "EUR"))
    frame["Cost"] *= np.where(yen, 160, 1)
    frame.loc[7, "Cost"] = 800.0  # euros; a usual amount of yen

    report = ck.audit(frame)
    with_history = ck.audit(frame, history=frame[frame.Cost != 800.0])

    for told in (report, with_history):
        assert [f.rows.tolist() for f in found(told, "outliers")] == [[7]]


@pytest.mark.parametrize(
    ("marks", "mixed", "words"),
    [
        (["${}", "{}", "€{}"], 20, "$, EUR, and 20 amounts without a mark"),
        (["{}", "{} kr"], 0, ""),
        (["{} USD", "US$ {}"], 0, ""),
    ],
)
def test_amounts_without_a_mark_beside_marked_ones_are_told(
    marks: list[str], mixed: int, words: str
) -> None:
    frame = table(days_of("day", 15))
    frame["Cost"] = [marks[i % len(marks)].format(30.5 + i) for i in range(len(frame))]

    report = ck.audit(frame)

    assert [f.count for f in found(report, "mixed_currencies")] == [mixed] * bool(mixed)
    assert words in "".join(f.message for f in found(report, "mixed_currencies"))
    told = any("numbers carry no mark" in note for note in report.notes)
    assert told is ("{}" in marks)
