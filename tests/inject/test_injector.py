"""Faults are what was asked for, the truth is the observed difference, the input stays whole."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given, settings, strategies as st

import campaignkit.inject
from campaignkit.errors import TableError
from campaignkit.inject import (
    ALL_CORRUPTIONS,
    LOGICAL,
    STACK_KINDS,
    STRUCTURAL,
    BrokenLaw,
    ByMagnitude,
    ByValue,
    Corruption,
    ErrorInjector,
    InTime,
    MissingValues,
    ScaleErrors,
    anonymise,
    published_table,
    stack,
)
from campaignkit.tables import MARKETING_LAWS, synthetic_table
from campaignkit.testing.corruption_contract import (
    _check_difference,
    _with_numbered_ads,
    check_corruption,
)

CLEAN = _with_numbered_ads(synthetic_table(3000, seed=1))


@pytest.mark.parametrize("corruption", ALL_CORRUPTIONS.values(), ids=lambda c: c.kind)
def test_every_corruption_keeps_the_contract(corruption: Corruption) -> None:
    check_corruption(corruption)


@settings(max_examples=12, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(list(ALL_CORRUPTIONS)), unique=True, min_size=1, max_size=14),
    rate=st.sampled_from([0.001, 0.05, 0.4, 1.0]),
    seed=st.integers(0, 99),
)
@example(kinds=["type_changes"], rate=0.001, seed=17)  # spend, with whole amounts among others
@example(kinds=["missing_values", "spend_with_zero_impressions"], rate=1.0, seed=0)
def test_the_truth_is_the_observed_difference_for_any_mix(
    kinds: list[str], rate: float, seed: int
) -> None:
    clean = CLEAN.slice(0, 600)

    dirty, truth = ErrorInjector(kinds, rate=rate, seed=seed).inject(clean)

    recorded = {(c, int(r)) for d in truth.defects for c, rows in d.cells.items() for r in rows}
    _check_difference(clean, dirty, truth)
    assert all(c in dirty.column_names and r < dirty.num_rows for c, r in recorded)
    added = [d for d in truth.defects if not d.cells and len(d.rows)]
    assert dirty.num_rows == truth.num_rows == clean.num_rows + sum(d.count for d in added)
    assert clean.equals(CLEAN.slice(0, 600))


def test_there_are_four_structural_and_seven_logical_published_kinds() -> None:
    assert (len(STRUCTURAL), len(LOGICAL), STACK_KINDS) == (4, 7, STRUCTURAL + LOGICAL)


def test_a_kind_spoils_the_same_rows_beside_any_other() -> None:
    alone, _ = ErrorInjector(["missing_values"], rate=0.1, seed=3).inject(CLEAN)
    both, _ = ErrorInjector(["outliers", "missing_values"], rate=0.1, seed=3).inject(CLEAN)

    for name in CLEAN.column_names:
        assert alone[name].is_null().equals(both[name].is_null())


def test_nulls_in_two_columns_fall_in_different_rows() -> None:
    spoiled = MissingValues(("spend", "clicks"))

    _, truth = ErrorInjector([spoiled], rate=0.1, seed=3).inject(CLEAN)

    cells = truth["missing_values"].cells
    assert set(cells["spend"].tolist()) != set(cells["clicks"].tolist())


def test_zeroed_impressions_imply_that_clicks_exceed_them() -> None:
    _, truth = ErrorInjector(["spend_with_zero_impressions"], rate=0.2, seed=1).inject(CLEAN)

    defect = truth["spend_with_zero_impressions"]
    before = np.asarray(CLEAN["clicks"].to_numpy())[defect.rows]
    assert defect.implied["clicks_exceed_impressions"].tolist() == (
        defect.rows[before > 0].tolist()
    )


def test_before_and_after_are_the_cells_of_the_two_tables() -> None:
    dirty, truth = ErrorInjector(["negative_metrics", "duplicate_rows"], rate=0.1).inject(CLEAN)

    defect = truth["negative_metrics"]
    for column, rows in defect.cells.items():
        assert defect.after(column).to_pylist() == dirty[column].take(pa.array(rows)).to_pylist()
        old = CLEAN[column].take(pa.array(truth.origin[rows])).to_pylist()
        assert defect.before(column).to_pylist() == old


def test_a_near_violation_is_by_one() -> None:
    law = next(law for law in MARKETING_LAWS if law.kind == "clicks_exceed_impressions")

    dirty, truth = ErrorInjector([BrokenLaw((law,), margin="near")], rate=0.1).inject(CLEAN)

    rows = truth["clicks_exceed_impressions"].rows
    over = (dirty["clicks"].to_numpy() - dirty["impressions"].to_numpy())[rows]
    assert set(over.tolist()) == {1}


def test_faults_fall_where_they_are_told_to() -> None:
    frame = CLEAN.to_pandas()
    last = frame.event_date.max()
    on_platform = MissingValues(("spend",), where=ByValue("platform", ("TikTok",)))
    late = ScaleErrors(where=InTime(last, last))
    dear = MissingValues(("spend",), where=ByMagnitude("spend"))

    _, one = ErrorInjector([on_platform], rate=0.02).inject(CLEAN)
    _, two = ErrorInjector([late], rate=1.0).inject(CLEAN)
    _, three = ErrorInjector([dear], rate=0.1).inject(CLEAN)

    assert set(frame.platform[one["missing_values"].rows]) == {"TikTok"}
    assert set(frame.event_date[two["scale_errors"].rows]) == {last}
    assert frame.spend[three["missing_values"].rows].mean() > 1.5 * frame.spend.mean()
    assert (two["scale_errors"].requested, two["scale_errors"].realised < 0.2) == (1.0, True)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, dict, pa.Table])
def test_the_dirty_frame_is_of_the_kind_that_was_given(kind: type) -> None:
    small = CLEAN.slice(0, 50)
    made = {pd.DataFrame: small.to_pandas, pl.DataFrame: lambda: pl.from_arrow(small),
            dict: small.to_pydict, pa.Table: lambda: small}[kind]()  # fmt: skip

    dirty, _ = ErrorInjector(["outliers"], rate=0.1).inject(made)

    assert isinstance(dirty, kind)


def test_a_file_is_spoiled_as_a_frame_is(tmp_path: Path) -> None:
    CLEAN.to_pandas().to_csv(tmp_path / "t.csv", index=False)

    _, from_file = ErrorInjector(["clicks_exceed_impressions"], rate=0.1).inject(
        tmp_path / "t.csv"
    )
    _, from_frame = ErrorInjector(["clicks_exceed_impressions"], rate=0.1).inject(CLEAN)

    kind = "clicks_exceed_impressions"
    assert from_file[kind].rows.tolist() == from_frame[kind].rows.tolist()


@pytest.mark.parametrize("rate", [0, -0.1, 1.5, float("nan"), True, "5%"])
def test_a_rate_outside_its_range_is_refused_in_words(rate: object) -> None:
    with pytest.raises(TableError, match="expected above 0, at most 1"):
        ErrorInjector(["outliers"], rate=rate)  # type: ignore[arg-type]


def test_all_faults_of_the_spec_are_told_at_once() -> None:
    with pytest.raises(TableError) as caught:
        ErrorInjector(["outlyers", "outliers", "outliers"], rate=2.0)

    assert len(caught.value.faults) == 3


def test_a_law_whose_columns_are_absent_says_which() -> None:
    with pytest.raises(TableError, match="the table has no impressions"):
        ErrorInjector(["clicks_exceed_impressions"]).inject({"clicks": [1, 2]})


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(TableError, match="no rows"):
        ErrorInjector(["outliers"]).inject(CLEAN.slice(0, 0))


def test_a_range_of_days_the_wrong_way_round_is_refused() -> None:
    place = InTime(date(2025, 5, 1), date(2025, 4, 1))

    with pytest.raises(TableError, match="before it starts"):
        ErrorInjector([MissingValues(("spend",), where=place)]).inject(CLEAN)


def test_the_stack_adds_one_kind_a_table_and_publishes_its_truth() -> None:
    tables = stack(CLEAN, rate=0.05, seed=2)

    rows = published_table({t.name: t.truth for t in tables if t.truth is not None})
    counts = [
        (r["number_of_injected_structural_errors"], r["number_of_injected_logical_errors"])
        for r in rows
    ]
    assert counts == [(1, 0), (2, 0), (3, 0), (4, 0), *((4, n) for n in range(1, 8))]
    assert rows[0]["type_of_logical_error"] == "–"


def test_anonymised_names_are_stable_and_the_key_is_kept_apart(tmp_path: Path) -> None:
    key_file = tmp_path / "key.json"
    first, _ = anonymise({"brand": ["Nike", "Dior"]}, key_file=key_file)
    second, key = anonymise({"brand": ["Gucci", "Dior", None]}, key_file=key_file)

    assert (first["brand"], second["brand"]) == (
        ["Brand 1", "Brand 2"], ["Brand 3", "Brand 2", None],
    )  # fmt: skip
    assert key["brand"]["Nike"] == "Brand 1"
    assert key_file.stat().st_mode & 0o077 == 0


def test_the_cell_table_lists_every_spoiled_cell() -> None:
    _, truth = ErrorInjector(list(STACK_KINDS), rate=0.05).inject(CLEAN)

    table = truth.cell_table()

    cells = sum(len(rows) for d in truth.defects for rows in d.cells.values())
    rest = sum(d.count for d in truth.defects if not d.cells)
    assert table.num_rows == cells + rest


def test_examples_in_the_docstrings_hold() -> None:
    for module in pkgutil.walk_packages(campaignkit.inject.__path__, "campaignkit.inject."):
        assert doctest.testmod(importlib.import_module(module.name)).failed == 0, module.name


def test_a_file_is_read_as_asked_and_what_was_left_out_is_told(tmp_path: Path) -> None:
    lines = ["day;gross;clicks", *(f"2026-01-{i:02};{i},50;{i}" for i in range(1, 29)), "x;y;z;0"]
    (tmp_path / "t.csv").write_text("\n".join(lines))

    injector = ErrorInjector(
        [ScaleErrors(where=InTime(date(2026, 1, 5), date(2026, 1, 6), "day"))]
    )
    dirty, truth = injector.inject(tmp_path / "t.csv", decimal=",", columns={"gross": "spend"})
    _, same = injector.inject({"day": ["2026-01-05"], "gross": [1.5]}, columns={"gross": "spend"})

    assert truth["scale_errors"].columns == same["scale_errors"].columns == ("gross",)
    assert dirty["gross"].to_pylist()[3] == 4.5
    assert dirty.num_rows == 28
    assert any("1 row" in str(note) for note in truth.notes)
    assert truth.to_dict()["notes"] == [str(note) for note in truth.notes]
    with pytest.raises(TableError, match="a frame is no delimited file"):
        injector.inject({"day": ["2026-01-05"], "spend": [1.5]}, skip=1)


def test_cells_of_lists_and_views_are_told_as_text() -> None:
    clean = pa.table(
        {"tags": [[1], [2, 3]] * 10, "geo": pa.array(["DE", "FR"] * 10, pa.string_view())}
    )

    dirty, truth = ErrorInjector([MissingValues(("tags", "geo"))], rate=0.1).inject(clean)

    assert set(truth.cell_table()["before"].to_pylist()) <= {"[1]", "[2, 3]", "DE", "FR"}
    assert dirty["geo"].type == pa.string_view()
