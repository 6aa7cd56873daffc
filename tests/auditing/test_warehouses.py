"""The same findings on Spark and on the emulator of Snowflake; `make test-warehouses` runs these.

Both are large or need an environment of their own, so they are no part of the gate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

import campaignkit as ck
from campaignkit.auditing import AuditReport, RuleSet
from campaignkit.inject import STACK_KINDS
from campaignkit.tables import DatabaseTable

pytestmark = [pytest.mark.warehouse, pytest.mark.slow]


def findings(report: AuditReport) -> list[tuple[Any, ...]]:
    return sorted((f.kind, f.columns, f.count, f.severity) for f in report.findings)


@pytest.fixture(scope="module")
def history() -> RuleSet:
    return ck.mine_rules(ck.synthetic_table(2000, seed=2))


@pytest.fixture(scope="module")
def dirty() -> pa.Table:
    clean = ck.synthetic_table(2000, seed=1)
    return ck.ErrorInjector(list(STACK_KINDS), rate=0.02, seed=3).inject(clean)[0]


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


@pytest.mark.parametrize("is_mined", [False, True])
def test_the_emulator_of_snowflake_finds_what_duckdb_finds(
    dirty: pa.Table, history: RuleSet, is_mined: bool
) -> None:
    fakesnow = pytest.importorskip("fakesnow", reason="fakesnow is not installed")
    connector = pytest.importorskip("snowflake.connector", reason="the connector is not installed")
    from snowflake.connector.pandas_tools import write_pandas

    rules = history if is_mined else None
    with fakesnow.patch():
        con = connector.connect(database="ADS", schema="PUBLIC")
        frame = dirty.to_pandas()
        frame.columns = [name.upper() for name in frame.columns]
        write_pandas(con, frame, "DIRTY", auto_create_table=True)

        report = ck.audit(DatabaseTable(con, "ADS.PUBLIC.DIRTY"), rules)

        told = [(k, tuple(c.lower() for c in columns), *rest)
                for k, columns, *rest in findings(report)]  # fmt: skip
        assert sorted(told) == findings(ck.audit(dirty, rules))
