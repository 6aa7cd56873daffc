"""The same findings on Spark and on the emulator of Snowflake; `make test-warehouses` runs these.

Both are large or need an environment of their own, so they are no part of the gate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

import campaignkit as ck
from campaignkit.auditing import RuleSet
from campaignkit.tables import DatabaseTable
from campaignkit.tables.engines.snowflake import SnowflakeTable
from told_findings import findings

pytestmark = [pytest.mark.warehouse, pytest.mark.slow]


@pytest.fixture(scope="module")
def spark(dirty: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    import pyarrow.parquet as pq

    place = str(tmp_path_factory.mktemp("spark") / "dirty.parquet")
    pq.write_table(dirty, place)
    settings = {
        "spark.ui.enabled": "false", "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1", "spark.sql.session.timeZone": "UTC",
        "spark.driver.memory": "1g", "spark.sql.shuffle.partitions": "2",
    }  # fmt: skip
    session = sql.SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        session = session.config(name, value)
    session = session.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    session.read.parquet(place).createOrReplaceTempView("dirty")
    yield session
    session.stop()


@pytest.mark.parametrize("is_mined", [False, True])
def test_spark_finds_what_duckdb_finds(
    spark: Any, dirty: pa.Table, history: RuleSet, is_mined: bool
) -> None:
    rules = history if is_mined else None

    report = ck.audit(DatabaseTable(spark, "dirty"), rules)

    assert findings(report) == findings(ck.audit(dirty, rules))
    assert len(report.table.warehouse.statements) <= 12


@pytest.mark.filterwarnings("ignore")  # those of fakesnow, about its own DuckDB and pandas
@pytest.mark.parametrize("is_mined", [False, True])
def test_the_emulator_of_snowflake_finds_what_duckdb_finds(
    dirty: pa.Table, history: RuleSet, is_mined: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakesnow = pytest.importorskip("fakesnow", reason="fakesnow is not installed")
    connector = pytest.importorskip("snowflake.connector", reason="the connector is not installed")
    from snowflake.connector import pandas_tools

    # A table is read as of one moment, a view is not: the emulator keeps no past.
    monkeypatch.setattr(SnowflakeTable, "_kind_of", lambda _: "VIEW")
    rules = history if is_mined else None
    with fakesnow.patch():
        con = connector.connect(database="ADS", schema="PUBLIC")
        upper = dirty.rename_columns([name.upper() for name in dirty.column_names])
        pandas_tools.write_pandas(con, upper.to_pandas(), "DIRTY", auto_create_table=True)

        report = ck.audit(DatabaseTable(con, "ADS.PUBLIC.DIRTY"), rules)

        assert findings(report) == findings(ck.audit(upper, rules))
        assert len(report.table.warehouse.statements) <= 12
