"""Each kind writes the fault that is met in the wild."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from campaignkit.auditing import audit
from campaignkit.errors import TableError
from campaignkit.evaluation import score_findings
from campaignkit.inject import (
    Corruption,
    DamagedIdentifiers,
    ErrorInjector,
    FromDay,
    MixedCurrencies,
    MixedDecimals,
    ScaleErrors,
    ShiftedColumns,
    SummaryRows,
    TypeChanges,
    Where,
)
from campaignkit.inject.where import AT_RANDOM
from campaignkit.tables import synthetic_table, to_arrow
from campaignkit.testing import check_corruption
from campaignkit.testing.corruption_contract import _with_numbered_ads

if TYPE_CHECKING:
    from numpy.random import Generator

    from campaignkit.inject import Workbench

ROWS = [
    (80000 + i, date(2026, 1, 1 + i % 28), 900 + i % 3, f"{30 + i % 9}-34", "MF"[i % 2],
     1000 + i, i % 50, round(0.37 * i, 2))
    for i in range(60)
]  # fmt: skip
NAMES = ["ad_id", "day", "campaign_id", "age", "gender", "impressions", "clicks", "spend"]
TABLE = pa.table([list(column) for column in zip(*ROWS, strict=True)], names=NAMES)
CSV = TABLE.to_pandas().to_csv(index=False)


def _cell(text: str) -> str | float:
    """A cell of a CSV file as what it means: 12 and 12.0 are one."""
    try:
        return float(text)
    except ValueError:
        return text


@pytest.mark.parametrize(("by", "first"), [(-1, "campaign_id"), (-2, "day"), (1, "age"), (2, "")])
def test_a_table_with_shifted_rows_is_the_file_that_a_lost_field_makes(
    by: int, first: str
) -> None:
    shifted = ShiftedColumns(by=by, first=first)

    dirty, truth = ErrorInjector([shifted], rate=0.2, seed=3).inject(TABLE.to_pandas())

    rows = truth["shifted_columns"].rows.tolist()
    start = NAMES.index(first) if first else 1
    lines = [[_cell(c) for c in row] for row in csv.reader(io.StringIO(CSV))]
    for row in rows:
        line = lines[row + 1]
        kept, moved, lost = line[:start], line[start:], [""] * abs(by)
        lines[row + 1] = kept + (moved[-by:] + lost if by < 0 else lost + moved[:-by])
    written = csv.reader(io.StringIO(dirty.to_csv(index=False)))
    assert [[_cell(c) for c in row] for row in written] == lines
    assert len(rows) == 12


def test_shifted_numbers_and_dates_move_and_a_column_that_can_hold_them_keeps_its_type() -> None:
    dirty, _ = ErrorInjector([ShiftedColumns(first="age")], rate=0.2).inject(TABLE)

    types = {f.name: f.type for f in dirty.schema}
    assert (types["clicks"], types["impressions"]) == (pa.string(), pa.int64())
    assert (types["day"], types["gender"]) == (pa.date32(), pa.string())


def test_a_shift_needs_as_many_columns_as_it_moves() -> None:
    with pytest.raises(TableError, match="needs 9 columns"):
        ErrorInjector([ShiftedColumns(by=-8)]).inject(TABLE)
    with pytest.raises(TableError, match="changes nothing"):
        ErrorInjector([ShiftedColumns(by=0)]).inject(TABLE)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.Table])
def test_a_total_stands_at_the_end_and_below_each_campaign_with_right_sums(frame: type) -> None:
    clean = {
        "Day": [date(2026, 3, 1)] * 4,
        "Campaign": ["Otter", "Lynx", "Otter", "Lynx"],
        "Clicks": pa.array([1, 2, 4, 8], pa.int8()).to_numpy(),
        "Cost": [Decimal("0.10"), Decimal("0.20"), Decimal("0.40"), Decimal("99.80")],
    }
    table = pa.table(clean)
    given = {pd.DataFrame: table.to_pandas(), pl.DataFrame: pl.from_arrow(table), pa.Table: table}

    dirty, truth = ErrorInjector([SummaryRows()], rate=1.0).inject(given[frame])

    back = to_arrow(dirty)
    added = back.take(pa.array(truth["summary_rows"].rows)).to_pylist()
    assert [r["Campaign"] for r in added] == ["Total: Otter", "Total: Lynx", "Total"]
    assert [r["Clicks"] for r in added] == [5, 10, 15]
    assert [str(r["Cost"]) for r in added] == ["0.50", "100.00", "100.50"]
    assert [r["Day"] for r in added] == [None] * 3
    assert truth.origin.tolist() == [0, 1, 2, -1, 3, -1, -1]
    assert isinstance(dirty, frame)


def test_a_total_does_not_fit_a_small_type_and_widens_it() -> None:
    dirty, _ = ErrorInjector([SummaryRows()]).inject(
        pa.table({"clicks": pa.array([100] * 3, pa.int8())})
    )

    assert dirty["clicks"].to_pylist() == [100, 100, 100, 300]


def test_decimal_commas_stand_among_points_and_lose_no_digit() -> None:
    clean = {"spend": [Decimal("1234567.5"), Decimal("0.125"), Decimal("-3")], "clicks": [1, 2, 3]}

    dirty, truth = ErrorInjector([MixedDecimals()], rate=1.0).inject(clean)

    assert dirty["spend"] == ["1.234.567,500", "0,125", "-3,000"]
    assert truth["mixed_decimals"].cells.keys() == {"spend"}


def test_another_currency_is_told_by_a_mark_by_a_column_or_not_at_all() -> None:
    clean = {"spend": [1.5, 2.5], "Currency": ["EUR", "EUR"]}
    unmarked = MixedCurrencies(mark=False)
    in_cells = MixedCurrencies(factor=1.1, currency="USD")

    told, truth = ErrorInjector(["mixed_currencies"], rate=1.0).inject(clean)
    silent, _ = ErrorInjector([unmarked], rate=1.0).inject(clean)
    marked, _ = ErrorInjector([in_cells], rate=0.5).inject({"spend": [1.5, 2.5]})

    assert told == {"spend": [240.0, 400.0], "Currency": ["JPY", "JPY"]}
    assert truth["mixed_currencies"].rows.tolist() == [0, 1]
    assert silent == {"spend": [240.0, 400.0], "Currency": ["EUR", "EUR"]}
    assert sum(str(cell).startswith("USD ") for cell in marked["spend"]) == 1


@pytest.mark.parametrize(
    ("damage", "clean", "dirty"),
    [
        ("scientific", [120211000000000017, 5], ["1.20211E+17", "5"]),
        ("decimal", [123, 124], ["123.0", "124.0"]),
        ("zeros", ["00123", "123"], ["123", "123"]),
    ],
)
def test_identifiers_lose_what_a_spreadsheet_takes(
    damage: str, clean: list[object], dirty: list[str]
) -> None:
    damaged = DamagedIdentifiers(damages=(damage,))

    spoiled, truth = ErrorInjector([damaged], rate=1.0).inject({"campaign_id": clean})

    assert spoiled["campaign_id"] == dirty
    changed = [i for i, (a, b) in enumerate(zip(clean, dirty, strict=True)) if str(a) != b]
    assert truth["damaged_identifiers"].rows.tolist() == changed


def test_identifiers_that_are_no_digits_cannot_be_damaged() -> None:
    with pytest.raises(TableError, match="made of digits"):
        ErrorInjector([DamagedIdentifiers()]).inject({"campaign_id": ["c-1", "c-2"]})
    with pytest.raises(TableError, match="knows no damage 'typo'"):
        ErrorInjector([DamagedIdentifiers(damages=("typo",))]).inject({"campaign_id": ["1"]})


def test_a_unit_changes_from_a_day_on_and_not_before() -> None:
    days = [date(2026, 1, 1 + i // 3) for i in range(60)]
    clean = {"event_date": days, "spend": [1.0] * 60}
    thousands = ScaleErrors(factor=1000, where=FromDay(), kind="unit_change")
    told_day = ScaleErrors(where=FromDay(date(2026, 1, 19)), kind="unit_change")

    some, _ = ErrorInjector([thousands], rate=0.3).inject(clean)
    told, truth = ErrorInjector([told_day], rate=0.9).inject(clean)
    whole, _ = ErrorInjector(["unit_change"], rate=1.0).inject(clean)

    assert some["spend"] == [1.0] * 42 + [1000.0] * 18
    assert told["spend"] == [1.0] * 54 + [100.0] * 6
    assert truth["unit_change"].where == "from 2026-01-19 on"
    assert whole["spend"][:3] == [1.0] * 3
    with pytest.raises(TableError, match="no two days"):
        ErrorInjector(["unit_change"]).inject({"event_date": days[:1], "spend": [1.0]})
    with pytest.raises(TableError, match="the last day is 2026-01-20"):
        ErrorInjector([ScaleErrors(where=FromDay(date(2026, 2, 1)))]).inject(clean)


@dataclass(frozen=True)
class Shouted(Corruption):
    """Cells in capitals: a cell kind written outside of the package."""

    where: Where = AT_RANDOM
    kind: str = "shouted"
    stage = 1
    unit = "cell"
    implies = ("misspelt_values",)

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        for column in ("geo", "device"):
            rows = bench.filled(column)
            chosen = self.choose(bench, rows, round(rate * len(rows)), rng)
            texts = bench.texts(column, chosen).to_pylist()
            bench.write(self.kind, column, chosen, [f"{text}!" for text in texts])


def test_one_file_is_a_cell_kind() -> None:
    check_corruption(Shouted())

    _, truth = ErrorInjector([Shouted()], rate=0.2).inject(synthetic_table(1000))

    defect = truth["shouted"]
    assert (defect.realised, len(defect.cells["geo"])) == (0.2, 200)  # of the cells of each column
    assert defect.implied["misspelt_values"].tolist() == defect.rows.tolist()


def test_a_unit_that_is_none_is_told() -> None:
    with pytest.raises(TableError, match="known: cell, row, column"):
        ErrorInjector([type("Loud", (Shouted,), {"unit": "cells"})()])


def test_what_a_kind_implies_is_counted_neither_way() -> None:
    clean = synthetic_table(2000, seed=4)
    silent = type("Silent", (TypeChanges,), {"implies": ()})

    scores = []
    for kind in (TypeChanges(("spend",)), silent(("spend",))):
        dirty, truth = ErrorInjector([kind], rate=0.05).inject(clean)
        assert ("categorical_errors" in truth["type_changes"].implied) == bool(kind.implies)
        with audit(dirty) as report:
            scores.append(score_findings(report, truth).rows.hits)

    assert scores[0] == scores[1] == 100


def test_what_was_broken_before_is_not_implied_by_what_was_done() -> None:
    """Ten rows have more clicks than impressions as they come; then impressions are zeroed."""
    clean = {"impressions": [5] * 10 + [100] * 90, "clicks": [9] * 100, "spend": [7.5] * 100}

    _, truth = ErrorInjector(["spend_with_zero_impressions"], rate=1.0).inject(clean)

    implied = truth["spend_with_zero_impressions"].implied["clicks_exceed_impressions"]
    assert implied.tolist() == list(range(10, 100))
    assert truth.preexisting["clicks_exceed_impressions"].tolist() == list(range(10))
    assert truth.implied("clicks_exceed_impressions").tolist() == list(range(100))


@pytest.mark.parametrize(
    "kind", ["shifted_columns", "summary_rows", "mixed_decimals", "damaged_identifiers"]
)
def test_the_audit_finds_these_rows_and_no_others(kind: str) -> None:
    clean = _with_numbered_ads(synthetic_table(1500, seed=4))

    dirty, truth = ErrorInjector([kind], rate=0.1, seed=3).inject(clean)

    with audit(dirty) as report:
        score = score_findings(report, truth, severities=("error", "warning"))
    assert (score.by_kind[kind].rows.recall, score.by_kind[kind].rows.precision) == (1.0, 1.0)
    assert score.table.false_alarms == 0
