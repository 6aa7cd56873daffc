"""Columns are recognised by meaning, and laws agree with themselves in numpy and in SQL."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import campaignkit.tables
from campaignkit.tables import MARKETING, MARKETING_LAWS, Law, open_table, synthetic_table


@pytest.mark.parametrize(
    ("own", "standard"),
    [("impressions", "impressions"), ("Impr.", "impressions"), ("imps", "impressions"),
     ("metrics.clicks", "clicks"), ("Amount spent (USD)", "spend"),
     ("Adds to cart", "add_to_cart"),
     ("Landing Page Views", "landing_page_views"), ("Day", "event_date"), ("Country", "geo")],
)  # fmt: skip
def test_columns_are_found_by_their_other_names(own: str, standard: str) -> None:
    assert MARKETING.match([own]).found == {standard: own}


def test_the_standard_name_wins_over_an_alias_and_the_loser_is_named() -> None:
    matching = MARKETING.match(["cost", "spend", "colour"])

    assert (matching.found["spend"], matching.ambiguous, matching.unknown) == (
        "spend", ("cost",), ("colour",),
    )  # fmt: skip


def test_every_law_speaks_of_columns_the_schema_knows() -> None:
    assert {c for law in MARKETING_LAWS for c in law.columns} <= set(MARKETING.names)


def test_a_synthetic_table_breaks_no_law() -> None:
    table = synthetic_table(20_000, seed=4)

    for law in MARKETING_LAWS:
        values = {c: table.column(c).to_numpy().astype(float) for c in law.columns}
        assert not law.broken(values).any(), law.says()


@pytest.mark.parametrize("law", MARKETING_LAWS, ids=lambda law: law.says())
@settings(max_examples=12, deadline=None)
@given(cells=st.lists(st.tuples(*[st.one_of(st.none(), st.integers(-2, 3))] * 2), min_size=1))
def test_numpy_and_sql_agree_on_every_law(
    law: Law, cells: list[tuple[int | None, int | None]]
) -> None:
    columns = {c: [row[i] for row in cells] for i, c in enumerate(law.columns)}
    arrays = {c: np.array([np.nan if v is None else v for v in v_]) for c, v_ in columns.items()}
    typed = {c: arrays[c] for c in columns}

    with open_table({c: [None if v is None else float(v) for v in v_] for c, v_ in columns.items()}
                    if any(v is not None for v_ in columns.values() for v in v_)
                    else {c: np.array([0.0] * len(cells)) for c in columns}) as table:  # fmt: skip
        names = {c: f"CAST({table.sql(c)} AS DOUBLE)" for c in law.columns}
        found = table.positions(law.broken_sql(names)).tolist()

    assert found == np.flatnonzero(law.broken(typed)).tolist()


def test_the_head_of_a_long_table_is_the_short_table() -> None:
    assert synthetic_table(70_000, seed=2).slice(0, 100).equals(synthetic_table(100, seed=2))


def test_metrics_exist_only_on_some_platforms_and_devices() -> None:
    table = synthetic_table(30_000).to_pandas()

    assert set(table[table.video_plays.isna()].platform) == {
        "Google Search", "LinkedIn", "Pinterest",
    }  # fmt: skip
    assert set(table[table.app_installs.isna()].device) == {"desktop"}


def test_examples_in_the_docstrings_hold() -> None:
    modules = [m.name for m in pkgutil.iter_modules(campaignkit.tables.__path__)]

    for name in modules:
        module = importlib.import_module(f"campaignkit.tables.{name}")
        assert doctest.testmod(module).failed == 0, name
