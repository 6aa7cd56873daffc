"""The laws give the same counts wherever they are counted, and are written in each dialect."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from campaignkit.errors import TableError
from campaignkit.inject import ErrorInjector
from campaignkit.tables import MARKETING_LAWS, law_counts, synthetic_table, warehouse_sql

sqlglot = pytest.importorskip("sqlglot", reason="the extra warehouse is not installed")


def test_counts_are_the_counts_of_the_laws_also_as_the_sql_that_is_shown() -> None:
    kinds = list(dict.fromkeys(law.kind for law in MARKETING_LAWS))
    dirty, _ = ErrorInjector(kinds, rate=0.1).inject(synthetic_table(2000))

    counts = law_counts(dirty)

    for law in MARKETING_LAWS:
        values = {c: dirty[c].cast(pa.float64()).to_numpy() for c in law.columns}
        name = f"broken__{law.kind}__{'__'.join(law.columns)}"
        assert counts[name] == int(np.count_nonzero(law.broken(values))), name
    con = duckdb.connect()
    con.register("campaigns", dirty)
    shown = warehouse_sql(dirty.column_names, table="campaigns", dialect="duckdb")
    assert con.execute(shown).fetchall() == [tuple(counts.values())]


@pytest.mark.parametrize("dialect", ["bigquery", "snowflake", "spark", "postgres"])
def test_the_sql_can_be_shown_for_each_dialect(dialect: str) -> None:
    text = warehouse_sql(["Impr.", "clicks"], table="ads.daily", dialect=dialect)

    sqlglot.parse_one(text, read=dialect)
    assert "daily" in text
    assert "broken__clicks_exceed_impressions__clicks__impressions" in text


def test_what_is_no_dialect_is_refused() -> None:
    with pytest.raises(TableError, match="no dialect"):
        warehouse_sql(["clicks"], table="t", dialect="cobol")
