"""A unit that changes, rates that contradict throughout, typed words, a shifted history."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import campaignkit as ck
from campaignkit.auditing import ALL_CHECKS
from campaignkit.inject import FromDay, ScaleErrors
from campaignkit.testing import check_audit_check

FIRST = date(2026, 2, 1)


def table(num_days: int = 40, seed: int = 0, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    days = [FIRST + timedelta(days=i) for i in range(num_days) for _ in range(3)]
    shown = rng.lognormal(8, 0.8, len(days)).round()
    clicks = (shown * rng.uniform(0.01, 0.03, len(days))).round() + 1
    return pd.DataFrame({
        "Day": days, "Campaign": ["Kestrel", "Otter", "Lynx"] * num_days,
        "Impressions": shown, "Clicks": clicks,
        "Cost": (clicks * rng.lognormal(-0.3, 0.4, len(days))).round(2) + 0.01,
    } | columns)  # fmt: skip


def of_kind(report: ck.AuditReport, kind: str) -> list[Any]:
    return [f for f in report.findings if f.kind == kind]


@pytest.mark.parametrize("column", ["Cost", "Impressions"])
@pytest.mark.parametrize("factor", [100, 1000, 1e6, 0.01, 0.001])
@pytest.mark.parametrize("day", [5, 20, 35])
def test_a_unit_that_changes_from_a_day_on_is_found_without_a_history(
    day: int, factor: float, column: str
) -> None:
    frame = table(seed=day)
    late = frame.Day >= FIRST + timedelta(days=day)
    frame.loc[late, column] *= factor

    report = ck.audit(frame)
    (finding,) = of_kind(report, "unit_change")

    assert (finding.severity, finding.blamed) == ("error", column)
    assert finding.rows.tolist() == np.flatnonzero(late).tolist()
    assert finding.evidence["from"] == str(FIRST + timedelta(days=day))
    assert finding.evidence["factor"] == pytest.approx(factor)
    assert not [f for f in of_kind(report, "outliers") if f.blamed == column]


def test_amounts_alone_and_a_table_larger_than_its_sample_tell_their_day() -> None:
    frame = table(30)[["Day", "Cost"]]
    frame.loc[frame.Day >= FIRST + timedelta(days=11), "Cost"] *= 100
    large = ck.synthetic_table(120_000, seed=3)
    change = ScaleErrors("spend", factor=1000, where=FromDay(), kind="unit_change")
    dirty, truth = ck.ErrorInjector([change], rate=0.4, seed=3).inject(large)

    (alone,) = of_kind(ck.audit(frame), "unit_change")
    (finding,) = of_kind(ck.audit(dirty, duplicates=False), "unit_change")

    assert alone.rows.tolist() == list(range(33, 90))
    assert finding.rows.tolist() == truth["unit_change"].rows.tolist()


def test_an_amount_that_jumps_to_and_fro_has_one_unit() -> None:
    days = [FIRST + timedelta(days=i) for i in range(40)]
    cost = [500.0 if i >= 20 and i % 5 < 3 else 5.0 for i in range(40)]

    assert of_kind(ck.audit({"Day": days, "Cost": cost}), "unit_change") == []


def grown(frame: pd.DataFrame, late: Any) -> pd.DataFrame:
    frame.loc[late, ["Impressions", "Clicks", "Cost"]] *= 100  # ten channels more, on one day
    return frame


def dearer(frame: pd.DataFrame, late: Any) -> pd.DataFrame:
    frame.loc[late, "Cost"] *= 12
    return frame


def passing(frame: pd.DataFrame, late: Any) -> pd.DataFrame:
    frame.loc[late & (frame.Day < FIRST + timedelta(days=23)), "Cost"] *= 100
    return frame


def another(frame: pd.DataFrame, late: Any) -> pd.DataFrame:
    """Another campaign takes over that pays a hundred times as much."""
    frame.loc[late, "Campaign"] = "Heron"
    frame.loc[late, "Cost"] *= 100
    return frame


def yen(frame: pd.DataFrame, late: Any) -> pd.DataFrame:
    frame.loc[late, "Cost"] *= 110
    return frame.assign(Currency=np.where(late, "JPY", "EUR"))


@pytest.mark.parametrize("change", [grown, dearer, passing, another, yen])
def test_what_else_may_move_an_amount_is_no_change_of_unit(change: Any) -> None:
    frame = table()

    found = of_kind(
        ck.audit(change(frame, frame.Day >= FIRST + timedelta(days=20))), "unit_change"
    )

    assert [f.message for f in found] == []


def test_a_check_of_units_keeps_the_contract() -> None:
    frame = table()

    check_audit_check(
        ALL_CHECKS["unit_change"], clean=frame,
        dirty=frame.assign(Cost=frame.Cost.where(frame.index < 60, 100 * frame.Cost)),
    )  # fmt: skip


@pytest.mark.parametrize("num_days", [1, 40])
def test_a_rate_that_contradicts_its_parts_in_every_row_is_one_question(num_days: int) -> None:
    frame = table(num_days)
    frame["CPM"] = (650 * frame.Cost / frame.Impressions).round(2)
    frame["CPC"] = (frame.Cost / frame.Clicks).round(2)
    frame["CTR"] = (120 + 100 * frame.Clicks / frame.Impressions).round(2)

    found = of_kind(ck.audit(frame), "contradicting_rate")

    told = {f.blamed: (f.severity, f.count) for f in found}
    assert told == dict.fromkeys(["CPM", "CTR"], ("warning", 3 * num_days))


def test_a_rate_that_contradicts_its_parts_in_half_of_the_rows_is_defined_otherwise() -> None:
    frame = table()
    cpm = 1000 * frame.Cost / frame.Impressions
    frame["CPM"] = cpm.where(frame.index % 2 == 0, 3 * cpm)

    assert of_kind(ck.audit(frame), "contradicting_rate") == []


def test_more_plays_than_impressions_are_a_question() -> None:
    frame = table(**{"Video plays": [3] * 120})
    frame.loc[7, "Video plays"] = 10**6

    (finding,) = of_kind(ck.audit(frame), "video_plays_exceed_impressions")

    assert (finding.severity, finding.rows.tolist()) == ("warning", [7])


def test_metrics_that_a_platform_leaves_empty_are_a_question_but_impressions_are_not() -> None:
    empty = [None if i < 50 else 2.0 for i in range(120)]
    frame = table(video_starts=empty, one_click_leads=empty)
    frame["Impressions"] = frame["Impressions"].where(frame.index >= 50)

    found = of_kind(ck.audit(frame), "missing_values")

    (own,) = of_kind(ck.audit({"clicks": range(120), "video_plays": empty}), "missing_values")

    assert {(f.severity, f.columns) for f in found} == {
        ("error", ("Impressions",)), ("warning", ("one_click_leads", "video_starts")),
    }  # fmt: skip
    assert own.severity == "error"


TYPED = ["red shoes"] * 30 + ["red shoez"] * 2 + ["Green-Hats"] * 15 + ["green hats"] * 13


@pytest.mark.parametrize("name", ["Search term", "keyword_text", "Suchbegriff", "Mot-clé"])
def test_what_people_type_has_no_spelling(name: str) -> None:
    clicks = range(60)

    report = ck.audit({name: TYPED, "clicks": clicks})
    marked = ck.audit(
        {"text": [f"[{t}]" if i % 2 else t for i, t in enumerate(TYPED)], "clicks": clicks}
    )
    other = ck.audit({"product": TYPED, "clicks": clicks})
    broad = ["broad match"] * 30 + ["Broad Match"] * 30
    kinds = ck.audit({f"{name} match type": broad, "clicks": clicks})

    assert {*report.kinds, *marked.kinds} == set()
    assert {"misspelt_values", "inconsistent_spelling"} <= set(other.kinds)
    assert kinds.kinds == ("inconsistent_spelling",)


def test_history_is_mined_without_its_shifted_rows(tmp_path: Path) -> None:
    frame = table(80)
    frame["Device"] = ["mobile", "desktop", "tablet"] * 80
    rows = [[str(cell) for cell in row] for row in frame.itertuples(index=False)]
    moved = [[*row[:1], *row[2:], ""] for row in rows[::20]]
    files = {}
    for name, some in {"right": [r for i, r in enumerate(rows) if i % 20], "moved": rows}.items():
        files[name] = tmp_path / f"{name}.csv"
        if name == "moved":
            some[::20] = moved
        with files[name].open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([list(frame), *some])

    right, shifted = (ck.mine_rules(files[name]) for name in ("right", "moved"))

    assert [r.to_dict() for r in shifted] == [r.to_dict() for r in right]
