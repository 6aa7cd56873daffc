"""What is said to a warehouse is on a list, and every engine answers it alike."""

from __future__ import annotations

import duckdb
import pytest

from campaignkit.errors import NotInPlace
from campaignkit.tables.translation import checked, translated

sqlglot = pytest.importorskip("sqlglot", reason="the extra warehouse is not installed")
DIALECTS = ["bigquery", "snowflake", "spark", "postgres"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT hash(a) FROM audited",
        "SELECT mad(a) FROM audited",
        "SELECT row_number() OVER () FROM audited",
        "SELECT CAST(a AS BIGINT) FROM audited",
        "SELECT count(DISTINCT (a, b)) FROM audited WHERE (a, b) IN (SELECT a, b FROM audited)",
        "SELECT * FROM secrets",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT try_strptime(a, '%Y') FROM audited",
        "DROP TABLE audited",
        "SELECT 1; SELECT 2",
        "SELECT a FROM audited USING SAMPLE 5",
    ],
)
def test_what_is_not_on_the_list_is_refused(query: str) -> None:
    for dialect in DIALECTS:
        with pytest.raises(NotInPlace):
            translated(query, dialect=dialect, source="t")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("greatest(NULL, 0)", 0),
        ("greatest(3, 0)", 3),
        ("least(3, NULL)", 3),
        ("1.0 / 0", None),
        ("7 / 2", 3.5),
        ("ln(0)", None),
        ("sqrt(-1)", None),
        ("TRY_CAST('x' AS DOUBLE)", None),
        ("TRY_CAST('-1.5e3' AS DOUBLE)", -1500.0),
        ("TRY_CAST('2024-02-30' AS TIMESTAMP) IS NULL", True),
        ("TRY_CAST('2024-02-29' AS TIMESTAMP) IS NULL", False),
        ("isfinite(CAST('Infinity' AS DOUBLE))", False),
        ("isfinite(CAST('NaN' AS DOUBLE))", False),
        ("isfinite(2.5)", True),
        ("regexp_full_match('x12', '[0-9]+')", False),
        ("ln(greatest(sqrt(NULL), 1))", 0.0),
    ],
)
def test_one_text_has_one_answer(expression: str, value: object) -> None:
    text = translated(f"SELECT {expression} FROM audited", dialect="duckdb", source="(SELECT 1)")

    assert duckdb.sql(text).fetchall() == [(value,)]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_comes_out_is_read_again_in_its_dialect(dialect: str) -> None:
    query = (
        "SELECT v, n FROM (SELECT a AS v, count(*) AS n, count_if(isfinite(b)) AS m, "
        "quantile_cont(b, [0.0, 0.5, 1.0]), median(greatest(b, 0)) FROM audited "
        r"WHERE c IN ('it''s', 'back\slash') GROUP BY GROUPING SETS ((a), ())) WHERE n > 1"
    )

    text = translated(query, dialect=dialect, source="sales.daily")

    tree = sqlglot.parse_one(text, read=dialect)
    assert "daily" in {t.name for t in tree.find_all(sqlglot.exp.Table)}
    assert all(s.alias for s in tree.find_all(sqlglot.exp.Subquery))
    assert {"it's", r"back\slash"} <= {x.name for x in tree.find_all(sqlglot.exp.Literal)}
    for missing in ("MEDIAN(", "MAD(", "GREATEST(", "ISFINITE("):
        assert missing not in text


def test_the_list_names_what_it_refuses() -> None:
    with pytest.raises(NotInPlace, match="mad is not asked"):
        checked(sqlglot.parse_one("SELECT mad(a) FROM audited", read="duckdb"))
