"""The laws give the same counts inside a warehouse, and compile for each dialect."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from campaignkit.errors import TableError
from campaignkit.inject import ErrorInjector
from campaignkit.tables import MARKETING_LAWS, law_counts, synthetic_table, warehouse_sql

ibis = pytest.importorskip("ibis", reason="the extra warehouse is not installed")


# ibis calls DuckDB's fetch_arrow_table, which newer DuckDB calls deprecated.
@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
def test_counts_inside_a_backend_are_the_counts_of_the_laws() -> None:
    kinds = list(dict.fromkeys(law.kind for law in MARKETING_LAWS))
    dirty, _ = ErrorInjector(kinds, rate=0.1).inject(synthetic_table(2000))
    con = duckdb.connect()
    con.register("frame", dirty)
    con.execute("create table campaigns as select * from frame")
    table = ibis.duckdb.from_connection(con).table("campaigns")

    counts = law_counts(table).to_pyarrow().to_pylist()[0]

    for law in MARKETING_LAWS:
        values = {c: dirty[c].cast(pa.float64()).to_numpy() for c in law.columns}
        name = f"broken__{law.kind}__{'__'.join(law.columns)}"
        assert counts[name] == int(np.count_nonzero(law.broken(values))), name


@pytest.mark.parametrize("dialect", ["bigquery", "snowflake", "pyspark", "duckdb"])
def test_the_sql_can_be_shown_for_each_dialect(dialect: str) -> None:
    table = ibis.table({"imps": "int64", "clicks": "int64"}, name="campaigns")

    text = warehouse_sql(table, dialect=dialect)

    assert "campaigns" in text
    assert "imps" in text


def test_what_is_no_ibis_table_is_refused() -> None:
    with pytest.raises(TableError, match="no Ibis table"):
        law_counts(3)
