"""Text columns are read as people write numbers and dates, one convention decided for a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from campaignkit.tables import open_table
from campaignkit.tables.meaning import PLACEHOLDERS, Cells, read_meanings
from campaignkit.tables.numbers import NumberTally, decimal_mark, unit_in, unit_of


def values(columns: Mapping[str, Sequence[Any]], name: str, **read: Any) -> list[Any]:
    with open_table(dict(columns), **read) as table:
        found = table.rows(f"SELECT {table.sql(name)} FROM {table.relation}")
    return [row[0] for row in found]


def days(cells: Sequence[str], name: str = "date", **read: Any) -> list[str]:
    return [str(v)[:10] for v in values({name: cells}, name, **read)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["€ 1.234,56", "12,50 EUR", "- 3,00 €"], [1234.56, 12.5, -3]),
        (["(1,234.50)", "5.00-", "\u22126.25"], [-1234.5, -5, -6.25]),
        (["$1,200.50", "-$3.00", "US$ 4", "USD 5.5"], [1200.5, -3, 4, 5.5]),
        (["CHF 1'234.50", "CHF 2.5", "Fr. 3.10"], [1234.5, 2.5, 3.1]),
        (["1\u202f234,5", "12 345,00", "2,5"], [1234.5, 12345, 2.5]),
        (["1,23,456.78", "12,34,567", "₹ 100"], [123456.78, 1234567, 100]),
        (["1.2K", "3M", "950", "0.5B"], [1200, 3e6, 950, 5e8]),
        (["1,5 Tsd.", "2 Mio. €", "3,25 Mrd."], [1500, 2e6, 3.25e9]),
        (["12.5%", "3 %", "< 10%", "--"], [12.5, 3, 10, None]),
        (["0,125", "1,375", "2,250"], [0.125, 1.375, 2.25]),
        (["1.234.567", "2.000", "1"], [1234567, 2000, 1]),
        (["kr 12.50", "3.10 kr.", "4 zł"], [12.5, 3.1, 4]),
        (["1e3", "2.5E+3", ".5", "-.25"], [1000, 2500, 0.5, -0.25]),
    ],
)
def test_numbers_are_read_as_they_are_written(
    cells: list[str], expected: list[float | None]
) -> None:
    assert values({"cost": cells}, "cost") == expected


def test_one_column_decides_the_decimal_mark_of_another_and_a_note_says_so() -> None:
    cells = {"cost": ["12,50", "7,10"], "reach": ["1.234", "12.345"]}

    with open_table(cells) as table:
        notes = [str(n) for n in table.notes]

    assert values(cells, "reach") == [1234, 12345]
    assert any("decided by 'cost'" in n and "decimal='.'" in n for n in notes)


def test_where_nothing_decides_the_column_is_no_number_until_told() -> None:
    cells = {"cost": ["1.234", "5.678"]}

    with open_table(cells) as table:
        column, notes = table.column("cost"), [str(n) for n in table.notes]

    assert (column.kind, column.undecided) == ("other", "numbers")
    assert any("decimal=" in n for n in notes)
    assert values(cells, "cost", decimal=",") == [1234, 5678]
    assert values(cells, "cost", decimal=".") == [1.234, 5.678]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([f"{n}.{n + 100}" for n in range(1, 30)] + ["987", "12", "7"], 1101),
        (["1.234", "2345", "6789"], 1.234),
    ],
)
def test_a_column_without_decimals_tells_by_its_other_numbers(
    cells: list[str], expected: float
) -> None:
    assert values({"reach_of_it": cells}, "reach_of_it")[0] == expected


def test_counts_have_no_decimals() -> None:
    assert values({"clicks": ["1.234", "5.678"]}, "clicks") == [1234, 5678]


def test_a_cell_in_the_other_convention_does_not_fit() -> None:
    cells = ["12.50"] * 8 + ["12,50", "1.234,50"]

    assert values({"cost": cells}, "cost") == [12.5] * 8 + [None, None]


def test_thousands_among_whole_numbers_that_have_k_are_no_numbers() -> None:
    assert values({"clicks": ["1523"] * 9 + ["7k"]}, "clicks")[-1] is None


def test_units_are_counted_over_all_rows() -> None:
    cells = ["US$ 1.50", "R$ 2.50", "R$ 3.25"] * 20_000 + ["€ 4.00"]

    with open_table({"cost": cells}) as table:
        column = table.column("cost")

    assert column.unit == "BRL"
    assert column.units == {"BRL": 40_000, "USD": 20_000, "EUR": 1}


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("cost_micros", "micro"),
        ("spend_in_micro_dollar", "micro"),
        ("metrics.costMicros", "micro"),
        ("Amount spent (EUR)", "EUR"),
        ("Cost (£)", "GBP"),
        ("CTR (%)", "%"),
        ("microsoft clicks", ""),
        ("Clicks (all)", ""),
    ],
)
def test_a_name_states_the_unit(name: str, unit: str) -> None:
    assert unit_in(name) == unit
    with open_table({name: [1, 2]}) as table:
        assert table.column(name).unit == unit


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["12. März 2024", "1 avril 2024", "3 de enero de 2024", "1er mars 2024"],
         ["2024-03-12", "2024-04-01", "2024-01-03", "2024-03-01"]),
        (["March 4, 2024", "Dec 25, 2024", "Mon, May 6, 2024"],
         ["2024-03-04", "2024-12-25", "2024-05-06"]),
        (["5-Mar-2024", "06 Okt 2024", "07-déc.-24"], ["2024-03-05", "2024-10-06", "2024-12-07"]),
        (["2024-W05", "2024W06"], ["2024-01-29", "2024-02-05"]),
        (["Jan 2024", "Mär 2024"], ["2024-01-01", "2024-03-01"]),
        (["2024-01", "2024-12"], ["2024-01-01", "2024-12-01"]),
        (["2024-01-01 - 2024-01-07", "2024-01-08 - 2024-01-14"], ["2024-01-01", "2024-01-08"]),
        (["Jan 1, 2024 – Jan 7, 2024"], ["2024-01-01"]),
        (["2024-01-31T23:30:00-05:00", "2024-02-01T00:10:00.5Z"], ["2024-01-31", "2024-02-01"]),
        (["25/12/2024 10:30", "01/02/2024 01:02"], ["2024-12-25", "2024-02-01"]),
        (["12/25/24 1:05 PM", "1/2/24 1:05 AM"], ["2024-12-25", "2024-01-02"]),
        (["31-12-2024", "01-02-2024"], ["2024-12-31", "2024-02-01"]),
    ],
)  # fmt: skip
def test_dates_are_read_as_they_are_written(cells: list[str], expected: list[str]) -> None:
    assert days(cells) == expected


def test_the_time_of_a_day_is_kept() -> None:
    (found,) = values({"date": ["25/12/2024 10:30:05"]}, "date")

    assert str(found) == "2024-12-25 10:30:05"


def test_days_that_follow_each_other_decide_the_order() -> None:
    march = [f"{d:02d}/03/2024" for d in range(1, 11)]

    assert days(march)[:2] == ["2024-03-01", "2024-03-02"]


@pytest.mark.parametrize(
    "cells",
    [
        ["01/02/2024", "03/04/2024", "05/06/2024"],
        [f"01/{m:02d}/2024" for m in range(1, 13)],  # firsts of months, or twelve days of January
        [f"{d:02d}/{m:02d}/2024" for m in (1, 2, 3) for d in range(1, 13)],
    ],
)
def test_where_the_order_is_open_the_column_is_no_date_until_told(cells: list[str]) -> None:
    with open_table({"date": cells}) as table:
        assert (table.column("date").kind, table.column("date").undecided) == ("other", "dates")
        assert any("day_first=" in str(n) for n in table.notes)
    assert days(cells, day_first=True)[-1] == f"2024-{cells[-1][3:5]}-{cells[-1][:2]}"


def test_another_date_column_decides_the_order() -> None:
    cells = {"date": ["01/02/2024", "03/04/2024"], "stop": ["28/02/2024", "30/04/2024"]}

    assert [str(v)[:10] for v in values(cells, "date")] == ["2024-02-01", "2024-04-03"]


def test_the_order_asked_for_holds_against_the_cells() -> None:
    assert days(["12/25/2024", "01/02/2024"], day_first=True) == ["None", "2024-02-01"]


def test_moments_are_read_where_the_name_says_so() -> None:
    cells = {
        "created_epoch": [1709251200], "date": [20240131], "time_stamp_ms": [1709251200000],
        "budget": [1709251200],
    }  # fmt: skip
    with open_table(cells) as table:
        kinds = {c.name: c.kind for c in table.columns.values()}

    assert kinds == {
        "created_epoch": "date", "date": "date", "time_stamp_ms": "date", "budget": "number"
    }  # fmt: skip
    assert str(values(cells, "time_stamp_ms")[0]) == "2024-03-01 00:00:00"
    assert str(values(cells, "date")[0]) == "2024-01-31 00:00:00"


def test_the_majority_is_by_rows() -> None:
    ages = ["25-34"] * 300 + ["35-44"] * 300 + [str(n) for n in range(13, 65)] * 7

    found, _ = read_meanings({"age": Cells({c: ages.count(c) for c in ages})})

    assert found["age"].kind == "text"


def test_a_column_named_an_identifier_stays_text() -> None:
    assert values({"ad_group_id": ["12", "13"]}, "ad_group_id") == ["12", "13"]


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False))
def test_every_amount_is_read_back_in_both_conventions(amount: Any) -> None:
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))

    assert values({"a": [english], "b": [german]}, "a") == [float(amount)]
    assert values({"a": [english], "b": [german]}, "b") == [float(amount)]


@settings(max_examples=15)  # five tables a try
@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2089, 1, 1)))
def test_a_run_of_days_is_read_back(first: date) -> None:
    run = [first + timedelta(n) for n in range(30)]

    for form in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%B %d, %Y", "%Y-%m-%dT00:00:00Z"):
        assert days([d.strftime(form) for d in run]) == [d.isoformat() for d in run]


@given(st.text(alphabet="0123456789.,' ", min_size=1, max_size=12))
def test_the_decimal_mark_is_one_that_is_written(digits: str) -> None:
    found = decimal_mark(digits)

    assert found == "" or found[-1] in digits or "," in digits or "." in digits


@pytest.mark.parametrize(
    ("mark", "unit"), [("R$", "BRL"), ("eur", "EUR"), ("¥", "¥"), ("Rs.", "INR")]
)
def test_marks_stand_for_units(mark: str, unit: str) -> None:
    assert unit_of(mark) == unit


@given(
    cells=st.lists(st.text(alphabet="0123456789.,-()€%' ", min_size=1, max_size=9), max_size=8),
    decimal=st.sampled_from([".", ","]),
)
def test_python_and_sql_agree_on_which_cells_are_numbers(cells: list[str], decimal: str) -> None:
    plain = [c.strip() for c in cells if c.strip() not in PLACEHOLDERS | {""}]
    with open_table({"a": ["1", "2.5", "2,5"] * 9 + plain}, decimal=decimal) as table:
        column = table.column("a")
        (fit,) = table.row(f"SELECT count({column.sql}) FROM {table.relation}")

    if column.kind == "number":
        assert fit == 18 + sum(NumberTally.of({c: 1}).fits[decimal] for c in plain)
