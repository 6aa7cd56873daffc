"""Cells as exports write them: who is blamed, what is legal, and types of every kind of frame."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from campaignkit.auditing import Finding, audit, mine_rules
from campaignkit.tables import open_table

N = 80
BASE: dict[str, list[Any]] = {
    "event_date": [dt.date(2026, 1, 1) + dt.timedelta(i // 2) for i in range(N)],
    "campaign_id": [f"c{i % 2}" for i in range(N)],
    "impressions": [1000 + i for i in range(N)],
    "clicks": [10 + i % 7 for i in range(N)],
    "spend": [1.5 + i for i in range(N)],
}


def found(columns: Any, kind: str, **options: Any) -> list[Finding]:
    return [f for f in audit(columns, **options).findings if f.kind == kind]


def test_numbers_among_a_few_words_are_blamed_and_the_words_are_not() -> None:
    ages = ["25-34", "35-44", "18-24"] * 100 + [str(13 + i % 50) for i in range(150)]

    (finding,) = found({"age": ages, "clicks": range(450)}, "type_changes")

    assert finding.rows.tolist() == list(range(300, 450))


def test_words_among_numbers_are_blamed() -> None:
    cells = [str(i) for i in range(300)] + ["25-34", "35-44"] * 100

    (finding,) = found({"age": cells}, "type_changes")

    assert finding.rows.tolist() == list(range(300, 500))


def test_a_brand_called_by_a_number_is_legal() -> None:
    assert not found({"label": ["4711", "Otter", "Kestrel"] * 50}, "type_changes")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("country_of_sale", ["Germany", "France", "NA"]),
        ("area", ["EMEA", "APAC", "NA"]),
        ("flavour", ["None", "Kestrel", "Otter"]),
    ],
)
def test_placeholders_that_are_names_are_legal(name: str, values: list[str]) -> None:
    assert not found({name: values * 2 + values[:1] * 20 + values[1:2] * 20}, "disguised_missing")


def test_a_rare_placeholder_is_none_the_less_a_placeholder() -> None:
    (finding,) = found({"flavour": ["Kestrel", "Otter"] * 30 + ["None"]}, "disguised_missing")

    assert finding.rows.tolist() == [60]


def test_cells_with_another_decimal_mark_are_their_own_finding() -> None:
    cells = ["12.50", "1,200.75"] * 30 + ["12,50", "1.200,75", "twelve"]

    (mixed,) = found({"spend": cells}, "mixed_decimals")
    (words,) = found({"spend": cells}, "type_changes")

    assert (mixed.rows.tolist(), words.rows.tolist()) == ([60, 61], [62])


@pytest.mark.parametrize(
    ("columns", "kind", "option"),
    [
        ({"cost": ["1.234", "5.678", "3.210"]}, "ambiguous_numbers", {"decimal": ","}),
        ({"date": ["01/02/2024", "03/05/2024"]}, "ambiguous_dates", {"day_first": True}),
        ({"seen": ["01/02/2024", "03/05/2024"]}, "ambiguous_dates", {"day_first": False}),
    ],
)
def test_what_cannot_be_decided_is_said_once_and_can_be_overruled(
    columns: dict[str, list[str]], kind: str, option: dict[str, Any]
) -> None:
    report = audit(columns)

    assert [(f.kind, f.severity) for f in report.findings] == [(kind, "warning")]
    assert any("not" in n for n in report.notes)
    assert not audit(columns, **option).findings


@pytest.mark.parametrize(
    ("cells", "rows", "words"),
    [
        (["1.20211E+17"] * 3 + ["120211000000000000"], [0, 1, 2], "scientific"),
        (["123", "123.0", "124"], [1], "ends in .0"),
        (["00123", "00456", "789"], [2], "leading zeros"),
        (["00123", "123", "00456", "456"], [1, 3], "leading zeros"),
        (["00123", "123", "123", "9912"], [1, 2], "leading zeros"),
        (["00123", "0456", "456", "7"], [2], "leading zeros"),
        ([1.20211e17, 5.0], [0], "floats"),
    ],
)
def test_identifiers_that_a_spreadsheet_damaged_are_named(
    cells: list[Any], rows: list[int], words: str
) -> None:
    for name in ("campaign_id", "order_id"):
        (finding,) = found({name: cells}, "damaged_identifiers")

        assert finding.rows.tolist() == rows
        assert words in finding.message


@pytest.mark.parametrize(
    "cells",
    [[2**60, 2**61], ["123", "4567"], ["00123", "00456"], ["007", "9", "8", "12"], [5.0, 6.0]],
)
def test_whole_identifiers_are_no_finding(cells: list[Any]) -> None:
    assert not found({"campaign_id": cells}, "damaged_identifiers")


def pandas(**columns: Any) -> Callable[[], Any]:
    return lambda: pd.DataFrame(BASE).assign(**columns)


def arrow(values: Any, kind: Any = None, name: str = "more") -> Callable[[], Any]:
    def make() -> pa.Table:
        table = pa.table({n: c for n, c in BASE.items() if n != name})
        return table.append_column(
            name, values if isinstance(values, pa.Array) else pa.array(values, kind)
        )

    return make


def polars(values: Any, kind: Any = None) -> Callable[[], Any]:
    return lambda: pl.DataFrame(BASE).with_columns(pl.Series("more", values, dtype=kind))


def duck(sql: str) -> Callable[[], Any]:
    def make() -> Any:
        con = duckdb.connect()
        con.register("base", pa.table(BASE))
        return con.sql(f"SELECT *, {sql} FROM base")

    return make


DAYS = pd.date_range("2026-01-01", periods=N)
AMOUNTS = [Decimal("1.50") + i for i in range(N)]
FRAMES = {
    "pandas moments with a zone": pandas(event_date=DAYS.tz_localize("Asia/Tokyo")),
    "pandas moments of two zones": pandas(
        event_date=pd.Series([pd.Timestamp("2026-01-01", tz="UTC"),
                              pd.Timestamp("2026-01-01", tz="Asia/Tokyo")] * 40, dtype=object)),
    "pandas Decimal": pandas(spend=AMOUNTS),
    "pandas lists": pandas(more=[[1, 2], [3]] * 40),
    "pandas dicts": pandas(more=[{"a": 1}, {"b": "x"}] * 40),
    "pandas sets": pandas(more=[{1}, {2, 3}] * 40),
    "pandas bytes": pandas(more=[b"\xff", b"b"] * 40),
    "pandas categorical": pandas(brand=pd.Categorical(["a", "b"] * 40)),
    "pandas categorical of numbers": pandas(more=pd.Categorical([1, 2] * 40)),
    "pandas nullable": pandas(clicks=pd.array([1, None] * 40, dtype="Int64"),
                              more=pd.array([True, None] * 40, dtype="boolean")),
    "pandas mixed": pandas(clicks=[1, "2", None, 3.5] * 20),
    "pandas timedelta": pandas(more=pd.to_timedelta(np.arange(N), unit="h")),
    "pandas periods": pandas(event_date=pd.period_range("2026-01", periods=N, freq="M")),
    "pandas NaN and infinity": pandas(spend=[np.nan, np.inf, -np.inf, 1.5] * 20),
    "pandas large whole numbers": pandas(more=[2**100 + i for i in range(N)]),
    "pandas complex": pandas(more=np.arange(N) * 1j),
    "pandas halves": pandas(more=np.arange(N, dtype=np.float16)),
    "pandas series": lambda: pd.Series(range(N), name="clicks"),
    "one number column": lambda: pd.DataFrame({"x": range(300)}),
    "one text column": lambda: pd.DataFrame({"x": ["a", "b"] * 150}),
    "arrow moments with a zone": arrow([dt.datetime(2026, 1, 1)] * N,
                                       pa.timestamp("us", "America/New_York"), "event_date"),
    "arrow DECIMAL(17, 2)": arrow(AMOUNTS, pa.decimal128(17, 2), "spend"),
    "arrow DECIMAL(38, 9)": arrow(AMOUNTS, pa.decimal128(38, 9), "spend"),
    "arrow DECIMAL(60, 9)": arrow(AMOUNTS, pa.decimal256(60, 9), "spend"),
    "arrow lists": arrow([[1, 2], [3]] * 40),
    "arrow structs": arrow([{"a": 1}, {"a": 2}] * 40),
    "arrow maps": arrow([[("a", 1)], [("b", 2)]] * 40, pa.map_(pa.string(), pa.int64())),
    "arrow binary": arrow([b"\xff\x00", b"b"] * 40),
    "arrow nulls": arrow([None] * N),
    "arrow dictionary": arrow(pa.array(["a", "b"] * 40).dictionary_encode()),
    "arrow times": arrow([dt.time(1, 2)] * N),
    "arrow durations": arrow([dt.timedelta(1)] * N),
    "arrow array": lambda: pa.array(range(N)),
    "polars moments with a zone": polars(list(DAYS), pl.Datetime("us", "Asia/Tokyo")),
    "polars categorical": polars(["a", "b"] * 40, pl.Categorical),
    "polars enum": polars(["a", "b"] * 40, pl.Enum(["a", "b"])),
    "polars Decimal": polars(AMOUNTS, pl.Decimal(17, 2)),
    "polars lists": polars([[1], [2, 3]] * 40),
    "polars structs": polars([{"a": 1}] * N),
    "polars 128 bits": polars([2**100] * N, pl.Int128),
    "polars nulls": polars([None] * N),
    "polars series": lambda: pl.Series("clicks", range(N)),
    "DuckDB moments with a zone": duck("timestamptz '2026-01-01 00:00:00+02' AS more"),
    "DuckDB DECIMAL": duck("CAST(spend AS DECIMAL(17, 2)) AS cost, "
                           "CAST(clicks AS DECIMAL(18, 3)) AS video_views"),
    "DuckDB 128 bits": duck("clicks::HUGEINT * 1000000000000000000 AS a, clicks::UHUGEINT AS b"),
    "DuckDB 128-bit metrics": lambda: duckdb.sql(
        "SELECT i::HUGEINT AS clicks, (i * 10)::HUGEINT AS impressions FROM range(80) t(i)"),
    "DuckDB enum": duck("campaign_id::ENUM('c0', 'c1') AS brand"),
    "DuckDB nested": duck("{'a': clicks} AS a, [clicks] AS b, MAP {'a': clicks} AS c"),
    "DuckDB others": duck("INTERVAL 1 DAY AS a, uuid() AS b, '101'::BIT AS c, TIME '10:00' AS d"),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_every_type_of_every_frame_is_audited_and_mined(name: str) -> None:
    frame = FRAMES[name]()

    report = audit(frame)
    rules = mine_rules(frame)

    for finding in report.findings:
        assert finding.unit != "row" or finding.count == len(finding.rows) or not finding.parts
        assert finding.sample is not None
    assert len(rules)


def test_a_moment_with_a_zone_keeps_the_day_on_its_own_clock() -> None:
    frame = pd.DataFrame({"event_date": DAYS.tz_localize("Asia/Tokyo")})

    with open_table(frame) as table:
        (first,) = table.row(f"SELECT min({table.sql('event_date')}) FROM {table.relation}")

    assert str(first) == "2026-01-01 00:00:00"


def test_ranges_that_a_spreadsheet_took_for_days_are_named() -> None:
    ages = ["2026-10-12", "13-18", "19-24", "25-34"]  # the first was 10-12

    (finding,) = found({"age": ages * 20}, "type_changes")

    assert finding.rows.tolist() == list(range(0, 80, 4))
    (finding,) = found({"size": ["300", "728x90", "160x600"] * 20}, "type_changes")
    assert finding.count == 20
    assert not found({"brand": ["4711", "Otter", "Lynx", "Moss"] * 20}, "type_changes")


def test_a_placeholder_is_an_error_in_the_core_metrics_of_an_export_alone() -> None:
    export: dict[str, list[Any]] = {
        "Day": [str(day) for day in BASE["event_date"]],
        "Campaign": BASE["campaign_id"],
        "Impr.": BASE["impressions"],
        "Clicks": [*map(str, BASE["clicks"][:-1]), "--"],
        "Cost": BASE["spend"],
        "Conversions": ["--", *["2"] * (N - 1)],
        "Interactions": ["--", "--", *["3"] * (N - 2)],
    }

    held = {f.columns: f.severity for f in found(export, "disguised_missing")}

    assert held == {
        ("Clicks",): "error", ("Conversions",): "warning", ("Interactions",): "warning"
    }  # fmt: skip


def test_numbers_of_which_some_are_percentages_are_written_in_two_ways() -> None:
    cells = ["0.05", "0.061"] * 30 + ["0.05%"] * 9 + ["0"]

    (finding,) = found({"share": cells}, "inconsistent_units")

    assert finding.rows.tolist() == list(range(60, 69))
    (bare,) = found({"share": ["5%", "6.1%"] * 30 + ["4", "0"]}, "inconsistent_units")
    assert bare.rows.tolist() == [60]  # a zero needs no sign
    assert not found({"share": ["5%", "6.1%"] * 30 + ["0", "--"]}, "inconsistent_units")


def test_a_files_numbers_keep_their_missing_percent_signs(tmp_path: Any) -> None:
    path = tmp_path / "shares.csv"
    path.write_text("share\n" + "5%\n6%\n" * 30 + "7\n")

    (finding,) = found(path, "inconsistent_units")

    assert finding.rows.tolist() == [60]


def test_a_word_that_fills_columns_is_the_tables_way_to_say_no_value() -> None:
    scores = ["empty", "97", "98", "99", "9x"] * 16
    table = {"score": scores, "line_2": ["empty"] * 80, "sample": ["empty", *"abcd"] * 16}

    report = audit(table)

    (finding,) = (f for f in report.findings if f.kind == "type_changes")
    assert finding.rows.tolist() == list(range(4, 80, 5))
    assert "'empty'" in str(report.table.notes)
    (finding,) = found({"score": scores, "line_2": ["empty"] * 80}, "type_changes")
    assert finding.count == 32  # two columns alone show no habit


def test_a_word_of_many_values_that_another_column_holds_is_no_slip() -> None:
    codes = [f"{state}_ami-{i}" for state in ("al",) * 9 + ("ak",) for i in range(1, 9)]
    states = [code[:2] for code in codes]

    assert not found({"average": codes, "state": states}, "misspelt_values")

    codes[0] = "xl_ami-1"
    (finding,) = found({"average": codes, "state": states}, "misspelt_values")
    assert finding.rows.tolist() == [0]


def test_a_city_in_a_table_of_no_campaigns_is_held_to_what_decides_it() -> None:
    cities = ["Bend", "Gary", "Denver", "Boulder", "Portland", "Seattle"] * 20
    table = {"brewery": [c + " Ales" for c in cities], "city": cities}
    table["city"][7] = "Gary IN"

    (finding,) = found(table, "inconsistent_values")

    assert finding.blamed == "city"
    assert finding.rows.tolist() == [7]
    assert open_table(table | {"clicks": range(120)}).own["geo"] == "city"
