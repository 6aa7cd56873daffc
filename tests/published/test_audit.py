"""The published audits, where arithmetic or a table of ours reaches them."""

from __future__ import annotations

import pytest

from campaignkit.auditing import audit
from campaignkit.inject import ErrorInjector, MissingValues, anonymise, published_table
from campaignkit.tables import synthetic_table


def test_the_printed_f1_of_0_883_is_not_that_of_the_printed_precision_and_recall() -> None:
    # P .905 and R .864 give .884, and no P and R that print so give less than .8835: the printed
    # F1 is perhaps the mean over tables.
    def f1(precision: float, recall: float) -> float:
        return 2 * precision * recall / (precision + recall)

    assert round(f1(0.905, 0.864), 3) == 0.884
    assert f1(0.9045, 0.8635) > 0.8835


def test_139_rows_are_1_82_percent_of_some_7_640() -> None:
    fitting = [rows for rows in range(5_000, 10_000) if round(100 * 139 / rows, 2) == 1.82]

    assert (fitting[0], fitting[-1]) == (7_617, 7_658)


def test_188_rows_of_1_000_are_reported_as_18_8_percent_duplicated() -> None:
    clean = synthetic_table(812, seed=3)

    dirty, _ = ErrorInjector(["duplicate_rows"], rate=188 / 812, seed=1).inject(clean)
    (found,) = [f for f in audit(dirty).findings if f.kind == "duplicate_rows"]

    assert dirty.num_rows == 1_000
    assert (found.count, found.rate) == (188, pytest.approx(0.188))


def test_five_columns_with_50_nulls_each_of_1_000_rows_are_one_finding() -> None:
    columns = ("landing_page_views", "add_to_cart", "purchases", "conversions", "leads")
    clean = synthetic_table(1_000, seed=3)

    dirty, _ = ErrorInjector([MissingValues(columns)], rate=0.05, seed=1).inject(clean)
    (found,) = [f for f in audit(dirty).findings if f.columns[0] in columns]

    assert [dirty[name].null_count for name in columns] == [50] * 5
    assert set(found.columns) == set(columns)
    assert found.evidence["systemic"] == "at one rate"


def test_the_synthetic_table_has_the_19_published_columns() -> None:
    published = (
        "event_date, campaign_id, ad_creative_id, brand, audience, platform, device, geo, "
        "impressions, clicks, landing page views, add-to-cart, purchases, conversions, leads, "
        "app installs, video plays, video completions, spend"
    )
    expected = [name.replace(" ", "_").replace("-", "_") for name in published.split(", ")]

    assert synthetic_table(1).column_names == expected
    assert len(expected) == 19


def test_the_ground_truth_has_the_published_columns_and_a_dash_where_there_is_none() -> None:
    _, truth = ErrorInjector(["missing_values"], rate=0.05).inject(synthetic_table(100))

    (row,) = published_table({"T01": truth})

    assert [*row] == [
        "Table_name",
        "number_of_injected_logical_errors",
        "type_of_logical_error",
        "number_of_injected_structural_errors",
        "type_of_structural_error",
    ]
    assert (row["Table_name"], row["type_of_logical_error"]) == ("T01", "–")


def test_anonymised_brands_are_named_as_published() -> None:
    anonymous, _ = anonymise({"brand": ["Nike", "Dior"]})

    assert anonymous["brand"] == ["Brand 1", "Brand 2"]
