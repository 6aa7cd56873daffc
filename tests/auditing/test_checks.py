"""A check is one file and one line; each of the built-in ones sees its fault and nothing else."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings, strategies as st

import campaignkit as ck
from campaignkit.auditing import Check, Finding, Rule, RuleSet, Scene, python_rule, sql_rule
from campaignkit.auditing.mining import mined
from campaignkit.auditing.words import garbage_values
from campaignkit.errors import TableError
from campaignkit.tables import OpenTable, open_table, synthetic_table
from campaignkit.testing import check_audit_check


class RoundCheck(Check):
    """What a stranger's file would hold: rules of its own, conditions of the pass, findings."""

    form = "round"

    def rules(self, scene: Scene) -> Iterable[Rule]:
        if scene.table.has("spend"):
            yield Rule.over(self.form, "round_spend", "spend", reason="money has cents")

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        return [f"{table.sql(c)} % 1000 = 0" for c in rule.columns if table.has(c)]

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        for condition in self.conditions(rule, scene.table):
            (count,) = scene.count(condition)
            if count:
                yield Finding(
                    rule.kind, rule.columns, count, count / scene.num_rows,
                    message="spend is round", advice="ask for cents", rule=rule.id,
                    parts={scene.column("spend").name: condition}, table=scene.table,
                )  # fmt: skip


def test_a_check_from_outside_is_one_class_and_one_argument() -> None:
    clean, dirty = {"Cost": [12.5, 99.1]}, {"Cost": [12.5, 3000.0]}
    check_audit_check(RoundCheck(), clean=clean, dirty=dirty)

    report = ck.audit(dirty, checks=[RoundCheck()])

    assert [(f.kind, f.rows.tolist()) for f in report.findings] == [("round_spend", [1])]
    assert report.rules["round:spend"].source == "pack"
    assert ck.audit(dirty, checks=[RoundCheck()], pack=False).findings == []


NAMES = ("day", "campaign_id", "age", "device", "country", "impressions", "clicks", "spend")
WORDS = ("brand", "channel", "device", "country", "objective")


def rows_of(num_rows: int, seed: int = 0) -> list[list[str]]:
    """Rows of an export with nothing wrong in it."""
    rng = np.random.default_rng(seed)
    out = []
    for i in range(num_rows):
        shown = int(rng.integers(2_000, 9_000))
        clicks = int(rng.integers(20, 90))
        out.append([
            f"2026-03-{1 + i % 28:02d}", str(900 + i // 28), ("18-24", "25-34", "35-44")[i % 3],
            ("mobile", "desktop")[i % 2], ("DE", "FR", "US", "ES")[i % 4], str(shown),
            str(clicks), f"{clicks * (0.4 + rng.random() / 5):.2f}",
        ])  # fmt: skip
    return out


def shifted(row: list[str], by: int, start: int, *, wraps: bool) -> list[str]:
    """A row whose cells from a column on stand elsewhere, the lost ones empty unless they wrap."""
    cells, far = row[start:], abs(by)
    kept = cells[far:] if by < 0 else cells[:-far]
    lost = cells[:far] if by < 0 else cells[-far:]
    ends = lost if wraps else [""] * far
    return row[:start] + (kept + ends if by < 0 else ends + kept)


def written(path: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])
    return path


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=20,
    phases=[Phase.generate],  # an audit a try: a smaller example is not worth the wait
)
@given(
    by=st.sampled_from([-3, -2, -1, 1, 2, 3]),
    start=st.integers(1, 3),
    wraps=st.booleans(),
    num=st.sampled_from([1, 2, 30, 80]),
    seed=st.integers(0, 5),
)
def test_shifted_rows_are_one_finding_and_break_nothing_else(
    tmp_path: Path, by: int, start: int, wraps: bool, num: int, seed: int
) -> None:
    # Five cells that wrap by three to the left are the same as by two to the right.
    assume(not wraps or 2 * abs(by) < len(NAMES) - start)
    rows = rows_of(240, seed)
    moved = sorted(np.random.default_rng(seed).choice(240, num, replace=False).tolist())
    for row in moved:
        rows[row] = shifted(rows[row], by, start, wraps=wraps)

    report = ck.audit(written(tmp_path / "t.csv", NAMES, rows))

    (finding,) = report.errors
    assert (finding.kind, finding.rows.tolist()) == ("shifted_columns", moved)
    (shift,) = finding.evidence["shifts"]
    told = shift["by"] * (-1 if shift["side"] == "left" else 1)
    # Cells that wrap have moved to the left by as much as the rest of the row to the right.
    assert told == by or (wraps and abs(told - by) == len(NAMES) - NAMES.index(shift["from"]))
    assert shift["from"] in NAMES[1 : start + 1]
    assert report.num_rows == 240
    assert set(finding.cells()) >= set(NAMES[start:])
    assert finding.sample[0]["position"] == moved[0]
    assert len(finding.query) < 9_000


@pytest.mark.parametrize("by", [-1, 1, 2])
def test_rows_of_words_alone_shift_too(tmp_path: Path, by: int) -> None:
    words = (("Aster", "Birke", "Cedar"), ("Meta", "TikTok"), ("mobile", "desktop"),
             ("DE", "FR", "US"), ("reach", "sales"))  # fmt: skip
    rows = [[w[i * 7 % 11 % len(w)] for w in words] for i in range(90)]
    rows[40] = shifted(rows[40], by, 1, wraps=False)
    rows[60] = shifted(rows[60], by, 1, wraps=True)

    report = ck.audit(written(tmp_path / "t.csv", WORDS, rows))

    found = [f for f in report.errors if f.kind == "shifted_columns"]
    assert [f.rows.tolist() for f in found] == [[40, 60]]


def test_shares_are_of_the_table_with_the_rows_that_were_set_aside(tmp_path: Path) -> None:
    rows = rows_of(240)
    rows[:60] = [shifted(row, -2, 2, wraps=False) for row in rows[:60]]
    for row in rows[200:212]:
        row[7] = "-1.5"
    rows[230][5] = ""

    report = ck.audit(written(tmp_path / "t.csv", NAMES, rows))

    shares = {f.kind: f.rate for f in report.errors}
    assert shares == {"shifted_columns": 0.25, "negative_metrics": 0.05, "missing_values": 1 / 240}


def test_rows_with_faults_of_their_own_are_not_called_shifted(tmp_path: Path) -> None:
    rows = rows_of(240)
    for i in range(0, 240, 6):
        rows[i][5] = "many"
        rows[i][7] = ""
        rows[i + 1][3], rows[i + 1][4] = rows[i + 1][4], rows[i + 1][3]

    assert ck.audit(written(tmp_path / "t.csv", NAMES, rows)).findings
    report = ck.audit(tmp_path / "t.csv")
    assert [f.kind for f in report.findings if f.evidence.get("shifts")] == []


LEGAL = {
    "country": ["DE", "FR", "NA", "ZA", "US"],
    "geo": ["Namibia", "Germany", "NA", "EMEA", "APAC"],
    "brand": ["Void", "Error", "Foo", "Bar", "Kestrel", "DKNY", "HSBC", "Test Valley", "H&M"],
    "advertiser": [
        "Schwartz",
        "XXXLutz",
        "Error Fashion",
        "AT&T",
        "C&A",
        "Foo Fighters",
        "Bad Co",
    ],
    "audience": [
        "None",
        "Other",
        "Unknown",
        "Default",
        "Bad Homburg",
        "Strzelczyk",
        "Aldi",
        "Audi",
    ],
}


@pytest.mark.parametrize("shares", ["even", "skewed"])
@pytest.mark.parametrize("name", LEGAL)
def test_names_that_look_like_placeholders_are_no_error(name: str, shares: str) -> None:
    values = LEGAL[name]
    each = [1 + (60 >> i if shares == "skewed" else 9) for i in range(len(values))]
    column = [v for v, n in zip(values, each, strict=True) for _ in range(n)]

    report = ck.audit({name: column, "clicks": list(range(len(column)))})

    assert [f.message for f in report.errors] == []


def test_doubtful_words_beside_garbage_are_garbage_only_where_they_are_as_rare() -> None:
    counts = {
        "Kestrel": 400,
        "Lumen": 380,
        "Void": 300,
        "N/A": 4,
        "???": 3,
        "test_1": 4,
        "xkqzvt": 5,
    }

    assert set(garbage_values(counts)) == {"N/A", "???", "test_1", "xkqzvt"}


@pytest.mark.parametrize("num_rows", [60, 168])
@pytest.mark.parametrize("num_wrong", [1, 2])
def test_a_slip_in_a_long_word_is_found_in_small_tables(num_rows: int, num_wrong: int) -> None:
    country = ["Deutschland", "Frankreich", "Spanien"] * (num_rows // 3)
    wrong = [3 * (5 + 4 * i) for i in range(num_wrong)]
    for row in wrong:
        country[row] = "Deutschlnd"

    (finding,) = ck.audit({"country": country, "clicks": range(num_rows)}).errors

    assert finding.rows.tolist() == wrong


@pytest.mark.parametrize(
    ("usual", "rare", "num_rare"),
    [
        ("Sneakers", "Sneaker", 2),
        ("Audience A", "Audience B", 2),
        ("Retargeting4", "Retargeting5", 2),
        ("sportliche", "sportlicher", 2),
        ("Gambia", "Zambia", 2),
        ("Slovenia", "Slovakia", 2),
        ("Remarketing", "Remarketng", 6),
    ],
)
def test_a_rarer_word_near_another_is_no_slip_by_that_alone(
    usual: str, rare: str, num_rare: int
) -> None:
    assert garbage_values({usual: 40, rare: num_rare, "Otter": 38}) == {}


WAYS = {
    "device": ["Mobile", "mobile", "MOBILE ", "mobiles", "Desktop", "Tablet"],
    "country": ["US", "USA", "United States", "U.S.", "France", "Germany", "Deutschland"],
    "campaign": ["Spring Sale", "spring sale", "Spring-Sale", "SPRING_SALE", "Brand Search"],
    "city": ["Köln", "Koeln", "köln", "Paris", "Zürich", "Zurich"],
}


@pytest.mark.parametrize("name", WAYS)
def test_one_thing_in_several_ways_is_found_though_none_is_rare(name: str) -> None:
    values = WAYS[name]
    column = [values[i % len(values)] for i in range(20 * len(values))]

    report = ck.audit({name: column, "clicks": list(range(len(column)))})

    (finding,) = [f for f in report.findings if f.kind == "inconsistent_spelling"]
    groups = [set(g) for g in finding.evidence["groups"].values()]
    assert finding.columns == (name,)
    assert {
        "device": [set(values[:4])],
        "country": [set(values[:4]), set(values[5:])],
        "campaign": [set(values[:4])],
        "city": [{"Köln", "köln"}, {"Zürich", "Zurich"}],
    }[name] == groups
    assert finding.count == sum(20 * (len(g) - 1) for g in groups)


def test_values_that_differ_are_one_way_each() -> None:
    column = [
        "18-24",
        "182-4",
        "Disney",
        "Disney+",
        "US-CA",
        "UK",
        "Sale",
        "Sales",
        "A1",
        "A-12",
    ] * 9

    report = ck.audit({"label": column, "clicks": list(range(len(column)))})

    assert [f.evidence for f in report.findings if f.kind == "inconsistent_spelling"] == []


HOSTILE = {
    "a file": "exists(SELECT * FROM read_csv('/etc/passwd'))",
    "a file as a table": "'root' IN (SELECT * FROM '/etc/passwd')",
    "another table": "clicks IN (SELECT 1)",
    "the environment": "getenv('HOME') = '/root'",
    "a setting": "current_setting('home_directory') = ''",
    "several statements": "true); COPY (SELECT 1) TO '/tmp/stolen.csv'; SELECT (true",
    "a union": "true) FROM audited UNION SELECT (1",
    "a table of its own": "true) FROM read_text('/etc/passwd') -- ",
    "an order": "true) ORDER BY (SELECT 1",
    "a filter": "true) WHERE (EXISTS (SELECT * FROM read_text('/etc/passwd'))",
    "a comment": "true) FROM (SELECT 1)) /* ",
    "a window": "sum(clicks) OVER () > 1",
    "an aggregate": "count(*) > 1",
    "a parameter": "clicks = $1",
    "a wait": "pg_sleep(1000)",
    "chance": "random() < 0.5",
}


@pytest.mark.parametrize("wrong", HOSTILE.values(), ids=HOSTILE)
def test_a_rule_file_reads_nothing_but_the_row(wrong: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    RuleSet([sql_rule("hostile", wrong)]).save(file)

    with pytest.raises(TableError, match="is no SQL condition"):
        ck.audit({"clicks": [1]}, file)


def test_conditions_of_all_ordinary_forms_are_run() -> None:
    wrong = (
        "clicks > 1 AND brand LIKE 'a;%' AND NOT brand IN ('b', 'c') AND length(trim(brand)) < 9 "
        "AND day BETWEEN DATE '2026-01-01' AND now() AND CASE WHEN clicks % 2 = 0 THEN true END "
        "AND coalesce(nullif(clicks, 0), 1)::INTEGER = 2 AND regexp_matches(brand, '^a') -- why"
    )
    table = {"clicks": [1, 2], "brand": ["a;x", "a;y"], "day": [date(2026, 1, 5)] * 2}

    report = ck.audit(table, [sql_rule("ordinary", wrong)], pack=False)

    assert [f.rows.tolist() for f in report.findings] == [[1]]


def test_no_extension_is_fetched_for_a_question() -> None:
    with open_table({"clicks": [1]}) as table:
        asked = table.row("SELECT current_setting('autoinstall_known_extensions'), "
                          "current_setting('autoload_known_extensions')")  # fmt: skip

    assert asked == (False, False)


def test_rules_in_python_list_their_rows_where_others_were_left_out(tmp_path: Path) -> None:
    rows = rows_of(240)
    rows[5] = shifted(rows[5], -1, 2, wraps=False)
    rows[200][5] = "1999"
    odd = python_rule("odd", ["impressions"], lambda c: c["impressions"] == 1999)

    report = ck.audit(written(tmp_path / "t.csv", NAMES, rows), [odd])

    assert [f.rows.tolist() for f in report.findings if f.kind == "odd"] == [[200]]


def test_one_fault_in_many_columns_is_one_finding_with_each_column_s_cells() -> None:
    metrics = ("impressions", "clicks", "spend", "conversions", "leads", "purchases")
    table: dict[str, list[float]] = {m: [9.0 - i] * 50 for i, m in enumerate(metrics)}
    table["add_to_cart"] = [5.0] * 50
    for i, metric in enumerate(metrics):
        table[metric][i] = -1.0
    table["spend"][7] = -1.0

    found = [f for f in ck.audit(table).findings if f.kind == "negative_metrics"]

    (finding,) = found
    assert (finding.count, finding.blamed) == (7, None)
    assert finding.rows.tolist() == [*range(6), 7]
    assert {c: r.tolist() for c, r in finding.cells().items()} == {
        m: [i, 7] if m == "spend" else [i] for i, m in enumerate(metrics)
    }
    assert set(finding.rule.split(", ")) == {f"non_negative:{m}" for m in metrics}


def test_rules_of_history_are_the_same_bytes_for_any_threads_and_order_of_rows(
    tmp_path: Path,
) -> None:
    history = synthetic_table(3000, seed=5)
    order = np.random.default_rng(0).permutation(6)
    parts = [history.slice(500 * int(i), 500) for i in order]
    tables = {"as it is": [history], "other order": parts, "one part": [pa.concat_tables(parts)]}
    saved = set()
    for name, chunks in tables.items():
        with pq.ParquetWriter(tmp_path / f"{name}.parquet", history.schema) as writer:
            for chunk in chunks:
                writer.write_table(chunk)
        for threads in (1, 4):
            with open_table(tmp_path / f"{name}.parquet", threads=threads) as table:
                mined(table, tolerance=0.05).save(tmp_path / "rules.yaml")
            saved.add((tmp_path / "rules.yaml").read_bytes())

    assert len(saved) == 1


@pytest.mark.parametrize("lost", ["campaign_id", "ad_creative_id", "platform"])
def test_a_history_that_lost_a_key_is_mined_and_held_against(lost: str) -> None:
    whole = synthetic_table(2000, seed=5)
    part = whole.drop_columns([lost])

    assert ck.audit(part, history=part).errors == []
    assert ck.audit(whole, history=part).errors == []
    assert "dropped_columns" in ck.audit(part, history=whole).kinds


@pytest.mark.parametrize(("share", "is_found"), [(0.04, False), (0.055, False), (0.1, True)])
def test_more_nulls_than_history_has_are_found(share: float, is_found: bool) -> None:
    rng = np.random.default_rng(0)

    def table(nulls: float) -> dict[str, object]:
        note = np.where(rng.random(4000) < nulls, None, "seen").tolist()
        return {"note": note, "clicks": rng.integers(1, 99, 4000)}

    report = ck.audit(table(share), history=table(0.04), pack=False)

    assert ("missing_values" in report.kinds) is is_found


def test_a_metric_that_is_empty_where_nothing_was_delivered_is_a_question() -> None:
    idle = [i % 3 == 0 for i in range(60)]
    table = {
        "Day": [f"2026-03-{1 + i % 30:02d}" for i in range(60)],
        "Campaign": [f"c{i // 30}" for i in range(60)],
        "Clicks": [None if off else 5 + i for i, off in enumerate(idle)],
        "Cost": [0.0 if off else 2.5 + i for i, off in enumerate(idle)],
    }
    paid = {**table, "Cost": [3.5 + i for i in range(60)]}
    some = {**table, "Cost": [0.0 if off and i > 5 else 3.5 for i, off in enumerate(idle)]}

    (asked,) = (f for f in ck.audit(table).findings if f.kind == "missing_values")
    wrong = [f for t in (paid, some) for f in ck.audit(t).findings if f.kind == "missing_values"]

    assert (asked.severity, asked.count) == ("warning", 20)
    assert "no other amount" in asked.message
    assert [(f.severity, f.count) for f in wrong] == [("error", 20)] * 2


def test_a_joined_finding_is_silent_only_if_all_its_rules_are() -> None:
    empty = [None if i % 7 == 0 else 5 + i for i in range(210)]
    table = {"clicks": empty, "spend": empty, "impressions": [900 + i for i in range(210)]}
    one = ck.audit(table).rules.silence("not_null:clicks", reason="the pixel was off")

    both = one.silence("not_null:spend", reason="billing was off")

    assert [f.columns for f in ck.audit(table, one).errors] == [("clicks", "spend")]
    assert ck.audit(table, both).errors == []
    assert ck.audit(table, both).silenced[0].silenced == "the pixel was off; billing was off"


def test_what_a_group_repeats_more_often_than_slips_would_is_no_slip() -> None:
    county = ["Lee"] * 40 + [f"County {i % 20}" for i in range(400)]
    state = ["Iowa"] * 31 + ["Texas"] * 8 + ["Utah"] + ["Iowa", "Texas"] * 200
    rule = Rule("depends:t", "depends", "torn", ("county", "state"), confidence=0.95)

    (finding,) = ck.audit({"county": county, "state": state}, [rule], pack=False).findings

    assert finding.rows.tolist() == [39]


@pytest.mark.parametrize(("spread", "is_found"), [(0.2, True), (1.2, False)])
def test_an_outlier_is_far_beyond_what_its_table_varies_by(spread: float, is_found: bool) -> None:
    rng = np.random.default_rng(1)
    impressions = rng.integers(50_000, 90_000, 400)
    clicks = (impressions * 0.001 * rng.lognormal(0, spread, 400)).round()
    clicks[7] = impressions[7] * 0.001 * 60

    report = ck.audit({"impressions": impressions, "clicks": clicks})

    assert ("outliers" in report.kinds) is is_found


@pytest.mark.parametrize(("arrived", "is_found"), [(0.2, True), (0.6, False)])
def test_conversions_are_late_where_few_have_arrived(arrived: float, is_found: bool) -> None:
    days = [date(2026, 3, 1 + i) for i in range(28)]
    conversions = [40] * 25 + [round(40 * arrived)] * 3
    table = {"event_date": days, "clicks": [400] * 28, "conversions": conversions}

    assert ("late_data" in ck.audit(table).kinds) is is_found


def test_nulls_that_share_half_of_their_rows_are_one_rate_and_not_one_batch() -> None:
    clicks = [None if i < 40 else i for i in range(400)]
    spend = [None if 20 <= i < 60 else 2.5 * i for i in range(400)]

    (finding,) = ck.audit({"clicks": clicks, "spend": spend, "leads": [1] * 400}).errors

    assert (finding.count, finding.evidence["systemic"]) == (60, "at one rate")


def test_a_new_value_with_one_row_elsewhere_is_new_and_one_written_over_others_is_not() -> None:
    campaigns = [f"c{i % 8}" for i in range(160)]
    history = {"campaign_id": campaigns, "brand": [f"Brand {c}" for c in campaigns],
               "clicks": [7] * 160}  # fmt: skip
    brands = ["Lumora" if c == "c7" else f"Brand {c}" for c in campaigns]
    brands[8] = "Lumora"
    strewn = ["Umbra" if i % 20 == 3 else b for i, b in enumerate(brands)]

    new = ck.audit({**history, "brand": brands}, history=history)
    both = ck.audit({**history, "brand": strewn}, history=history)

    told = {f.kind: [*f.evidence["values"]] for f in new.findings if f.columns == ("brand",)}
    assert told == {"unseen_category": ["Lumora"]}
    told = {f.kind: [*f.evidence["values"]] for f in both.findings if f.columns == ("brand",)}
    assert told == {"unseen_category": ["Lumora"], "categorical_errors": ["Umbra"]}
