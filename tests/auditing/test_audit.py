"""The audit finds what was spoiled, blames the right column, and keeps quiet on clean tables."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import pkgutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import campaignkit as ck
import campaignkit.auditing
import campaignkit.evaluation
from campaignkit.auditing import ALL_CHECKS, Rule, RuleSet, python_rule, sql_rule, teach
from campaignkit.auditing.words import garbage_values
from campaignkit.errors import TableError
from campaignkit.evaluation import sweep_detection
from campaignkit.inject import LOGICAL, ByValue, ErrorInjector, MissingValues, ScaleErrors
from campaignkit.tables import TableWorld, synthetic_table
from campaignkit.testing.audit_check_contract import check_audit_check

HISTORY = synthetic_table(7637, seed=1001)
CLEAN = synthetic_table(7637, seed=77)
NEW_BRAND = TableWorld(brands=(*TableWorld().brands, "Lumora"))


@pytest.fixture(scope="module")
def mined() -> RuleSet:
    return ck.mine_rules(HISTORY)


def test_the_lines_of_the_readme_work() -> None:
    table, clean = CLEAN, HISTORY

    dirty, truth = ck.ErrorInjector(
        ["missing_values", "clicks_exceed_impressions"], rate=0.05, seed=3
    ).inject(table)
    report = ck.audit(dirty, history=clean)
    for f in report.findings:
        assert f.kind and f.columns and f.severity and len(f.rows) == f.count

    assert ck.score_findings(report, truth).table.f1 == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["history", "pack"])
def test_every_kind_of_the_published_sweep_is_found(mode: str, mined: RuleSet) -> None:
    # Without history more conversions than clicks are a question.
    kinds = [k for k in ck_kinds() if mode == "history" or k != "conversions_exceed_clicks"]
    sweep = sweep_detection(
        lambda i: synthetic_table(4000, seed=200 + i),
        rates=[0.05],
        history=mined if mode == "history" else None,
        kinds=kinds,
    )

    score = sweep.scores[0.05]
    assert score.table.f1 >= 0.99
    low = {k: round(h.rows.f1, 3) for k, h in score.by_kind.items() if h.rows.f1 < 0.93}
    assert low == {}


@pytest.mark.slow
@pytest.mark.parametrize("dirt", [0.01, 0.03])
def test_rules_of_a_dirty_history_still_find_everything(dirt: float) -> None:
    kinds = [k for k in ck_kinds() if k != "dropped_columns"]
    history, _ = ErrorInjector(kinds, rate=dirt, seed=55).inject(HISTORY)

    sweep = sweep_detection(lambda i: synthetic_table(4000, seed=i), history=history, rates=[0.05])

    assert sweep.scores[0.05].table.f1 >= 0.97


def ck_kinds() -> list[str]:
    from campaignkit.inject import STACK_KINDS

    return list(STACK_KINDS)


@pytest.mark.parametrize("kind", LOGICAL)
def test_one_row_in_a_thousand_is_found(kind: str, mined: RuleSet) -> None:
    dirty, truth = ErrorInjector([kind], rate=0.001, seed=4).inject(CLEAN)

    score = ck.score_findings(ck.audit(dirty, mined), truth)

    assert (score.by_kind[kind].rows.recall, score.table.false_alarms) == (1.0, 0)


@pytest.mark.parametrize(
    "world",
    [
        TableWorld(),
        TableWorld(brands=(*TableWorld().brands, "Lumora")),
        TableWorld(level=1.6, first_day=date(2025, 11, 1)),
        TableWorld(platforms={**TableWorld().platforms, "Reddit": (5.0, 0.009, False)}),
    ],
    ids=["another seed", "a new brand", "a season shift", "a new platform"],
)
def test_a_clean_table_has_no_error_and_few_warnings(world: TableWorld, mined: RuleSet) -> None:
    for seed in (501, 502):
        table = synthetic_table(7637, seed=seed, world=world)
        with_history, alone = ck.audit(table, mined), ck.audit(table)

        assert (with_history.errors, alone.errors, alone.warnings) == ([], [], [])
        assert len(with_history.warnings) <= 2


def test_a_new_brand_is_a_warning_that_names_it(mined: RuleSet) -> None:
    table = synthetic_table(20_000, seed=9, world=NEW_BRAND)

    report = ck.audit(table, mined)

    (finding,) = [f for f in report.findings if f.columns == ("brand",)]
    assert (finding.kind, finding.severity) == ("unseen_category", "warning")
    assert "Lumora" in finding.evidence["values"]


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.Table, "csv", "parquet"])
def test_the_same_findings_come_from_every_kind_of_table(kind: object, tmp_path: Path) -> None:
    dirty, _ = ErrorInjector(ck_kinds(), rate=0.1, seed=2).inject(CLEAN.slice(0, 2000))
    expected = [(f.kind, f.columns, f.rows.tolist()) for f in ck.audit(dirty).findings]
    frame = dirty.to_pandas()
    frame.to_csv(tmp_path / "t.csv", index=False)
    pq.write_table(dirty, tmp_path / "t.parquet")
    given = {pd.DataFrame: frame, pl.DataFrame: pl.from_arrow(dirty), pa.Table: dirty,
             "csv": tmp_path / "t.csv", "parquet": str(tmp_path / "t.parquet")}[kind]  # fmt: skip

    found = [(f.kind, f.columns, f.rows.tolist()) for f in ck.audit(given).findings]

    assert found == expected


def test_columns_by_other_names_are_audited_too() -> None:
    report = ck.audit({"Impr.": [10, 5], "Link clicks": [1, 9], "Amount spent (EUR)": [1.0, -2.0]})

    assert sorted(f.kind for f in report.errors) == [
        "clicks_exceed_impressions", "negative_metrics",
    ]  # fmt: skip


def test_the_column_that_was_written_is_blamed() -> None:
    for kind, column in (
        ("spend_with_zero_impressions", "impressions"),
        ("clicks_exceed_impressions", "clicks"),
        ("video_completions_exceed_plays", "video_completions"),
        ("purchases_without_add_to_cart", "add_to_cart"),
    ):
        dirty, truth = ErrorInjector([kind], rate=0.1, seed=6).inject(CLEAN)
        report = ck.audit(dirty)
        findings = [f for f in report.findings if f.kind == kind]
        blamed = {f.blamed: f.count for f in findings}
        assert max(blamed, key=lambda c: blamed[c]) == column
        assert blamed[column] >= 0.8 * truth[kind].count


def test_what_the_same_cells_explain_is_told_and_not_told_again() -> None:
    dirty, _ = ErrorInjector(["spend_with_zero_impressions"], rate=0.1, seed=6).inject(CLEAN)

    report = ck.audit(dirty)

    kinds = {f.kind for f in report.errors}
    main = next(f for f in report.errors if f.blamed == "impressions")
    assert "clicks_exceed_impressions" in main.explains
    assert kinds == {"spend_with_zero_impressions"}


def test_nulls_at_one_rate_are_one_systemic_finding() -> None:
    columns = ("clicks", "spend", "leads", "purchases", "conversions")
    for same in (True, False):
        spoiled = MissingValues(columns, same_rows=same)
        dirty, _ = ErrorInjector([spoiled], rate=0.05, seed=1).inject(CLEAN.slice(0, 1000))
        found = [f for f in ck.audit(dirty).findings if f.kind == "missing_values"]
        assert [set(f.columns) for f in found] == [set(columns)]
        assert found[0].evidence["systemic"] == ("in the same rows" if same else "at one rate")
        assert {c: len(r) for c, r in found[0].cells().items()} == dict.fromkeys(columns, 50)


def test_metrics_that_do_not_exist_on_a_platform_are_no_fault() -> None:
    spoiled = MissingValues(("video_plays",), where=ByValue("platform", ("YouTube",)))

    dirty, truth = ErrorInjector([spoiled], rate=0.02, seed=1).inject(CLEAN)

    (finding,) = [f for f in ck.audit(dirty).errors if f.kind == "missing_values"]
    assert finding.rows.tolist() == truth["missing_values"].rows.tolist()


def test_two_hundred_thousand_clicks_for_five_hundred_is_an_outlier() -> None:
    table = CLEAN.to_pandas()
    row = int(table.clicks.idxmax())
    table.loc[row, "clicks"] = 200_000

    found = [f for f in ck.audit(table).findings if f.kind == "outliers"]

    assert any(row in f.rows for f in found)


def test_another_currency_on_one_platform_is_seen_against_history() -> None:
    big = synthetic_table(60_000, seed=3)
    spoiled = ScaleErrors("spend", factor=2.5, where=ByValue("platform", ("TikTok",)))
    dirty, _ = ErrorInjector([spoiled], rate=1.0).inject(big)

    (finding,) = [f for f in ck.audit(dirty, history=big).findings if f.kind == "scale_errors"]

    assert list(finding.evidence["moved"]) == ["TikTok"]


def test_missing_days_and_late_conversions_are_seen() -> None:
    table = synthetic_table(60_000, seed=3).to_pandas()
    table["event_date"] = pd.to_datetime(table.event_date)
    days = sorted(table.event_date.unique())
    gone = table[~table.event_date.between(days[60], days[62])]
    last = table.event_date > days[150] - pd.Timedelta(days=3)
    late = table[table.event_date <= days[150]].copy()
    late.loc[last, ["conversions", "purchases", "leads"]] = 0

    assert "missing_days" in ck.audit(gone).kinds
    assert "late_data" in ck.audit(late).kinds
    assert ck.audit(table).findings == []


def test_shifted_cells_and_words_in_numbers_are_named(mined: RuleSet) -> None:
    for kind in ("shifted_columns", "type_changes"):
        dirty, truth = ErrorInjector([kind], rate=0.05, seed=3).inject(CLEAN)
        with ck.audit(dirty, mined) as report:
            score = ck.score_findings(report, truth)
        assert score.by_kind[kind].table.hits == 1, kind
        assert score.table.false_alarms == 0, kind


def test_garbage_is_told_from_rare_and_new() -> None:
    counts = {"Meta": 900, "TikTok": 800, "Google Search": 100, "Bing": 3, "18-24": 500}
    counts |= {"18-34": 9, "meta ": 2, "TikTk": 1, "N/A": 4, "Ã¼berall": 1, "k3x9q0ab": 1}

    assert set(garbage_values(counts)) == {"meta ", "TikTk", "N/A", "Ã¼berall", "k3x9q0ab"}


def test_rules_are_readable_data_that_can_be_edited(tmp_path: Path, mined: RuleSet) -> None:
    file = tmp_path / "rules.yaml"
    mined.save(file)

    again = RuleSet.load(file)

    assert [r.to_dict() for r in again] == [r.to_dict() for r in mined]
    assert all(r.reason for r in again)


def test_a_silenced_rule_is_quiet_until_its_rate_or_day_is_passed() -> None:
    table = {"spend": [-1.0, 2.0, 3.0, 4.0]}
    rules = RuleSet([Rule("non_negative:spend", "non_negative", "negative_metrics", ("spend",))])
    today = date.today()

    quiet = rules.silence("non_negative:spend", reason="refunds", max_frac=0.3)
    above = rules.silence("non_negative:spend", reason="refunds", max_frac=0.1)
    ended = rules.silence("non_negative:spend", reason="r", until=today - timedelta(days=1))

    assert [len(ck.audit(table, r).errors) for r in (quiet, above, ended)] == [0, 1, 1]
    assert ck.audit(table, quiet).silenced[0].silenced == "refunds"


def test_rules_in_sql_and_python_are_run() -> None:
    table = {"clicks": [1, 2, 3], "geo": ["US", "XX", "DE"]}
    rules = [
        sql_rule("no such market", "geo = 'XX'", reason="we do not sell there"),
        python_rule("odd clicks", ["clicks"], lambda c: c["clicks"] % 2 == 1, severity="warning"),
    ]

    report = ck.audit(table, rules, pack=False)

    assert [(f.kind, f.severity, f.rows.tolist()) for f in report.findings] == [
        ("no_such_market", "error", [1]), ("odd_clicks", "warning", [0, 2]),
    ]  # fmt: skip


def test_faulty_rules_are_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("campaignkit_rules: 1\nrules:\n- {id: a, form: sql, colour: red}\n- 3\n")

    with pytest.raises(TableError) as caught:
        RuleSet.load(file)
    assert len(caught.value.faults) == 3
    more = (
        "- {id: b, form: sql, kind: k, severity: bad, columns: 3}",
        "- {id: '', form: sql, kind: k, silence: {author: mk, until: soon}}",
    )
    file.write_text("\n".join([file.read_text().rstrip(), *more]))
    with pytest.raises(TableError, match="faults") as caught:
        RuleSet.load(file)
    places = {fault.where for fault in caught.value.faults}
    assert {"rules[2].severity", "rules[2].columns", "rules[3].silence.until"} <= places
    file.write_text("campaignkit_rules: 1\nrules:\n- {silence: {until: 2026-13-01}}\n")
    with pytest.raises(TableError, match="is not readable YAML: month must be"):
        RuleSet.load(file)
    with pytest.raises(TableError, match="no SQL condition"):
        ck.audit({"clicks": [1]}, [sql_rule("x", "nonsense >")])
    with pytest.raises(TableError, match="no SQL condition"):
        ck.audit({"clicks": [1]}, [sql_rule("x", "true); DROP TABLE audited; SELECT (true")])
    with pytest.raises(TableError, match="has no check"):
        ck.audit({"clicks": [1]}, [Rule("a", "magic", "k")])


BAD_INPUT = {
    "empty": pd.DataFrame({"clicks": pd.Series([], dtype=float)}),
    "one column": {"clicks": [1, 2, 3]},
    "nulls alone": {"clicks": [None, None], "impressions": [None, None]},
    "nothing known": {"a": [1, 2], "b": ["x", "y"]},
    "mixed types": pd.DataFrame({"clicks": [1, "two", 3.0, None, True]}),
    "repeated names": pd.DataFrame([[1, 2], [3, 4]], columns=["clicks", "clicks"]),
    "not finite": {"clicks": [1.0, float("inf"), 3.0], "impressions": [5.0, 5.0, 5.0]},
    "odd names": {'say "hi"; --': [1, 2], "<script>": ["a", "=cmd()"], "": [1, 2]},
    "lists": {"clicks": [1, 2], "tags": [["a"], ["b", "c"]]},
}


@pytest.mark.parametrize("table", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_odd_tables_are_audited_without_a_crash(table: object) -> None:
    report = ck.audit(table, history=None)

    for finding in report.findings:
        assert finding.count >= len(finding.rows)
        assert finding.sample is not None
    json.loads(report.to_json())
    assert report.to_markdown().startswith("# Audit of")


def test_odd_tables_are_told_about() -> None:
    assert ck.audit(BAD_INPUT["empty"]).kinds == ("empty_table",)
    assert "no column of a campaign table" in ck.audit(BAD_INPUT["nothing known"]).unchecked[0]
    assert "the table has no impressions" in "".join(ck.audit(BAD_INPUT["one column"]).unchecked)
    assert "type_changes" in ck.audit(BAD_INPUT["mixed types"]).kinds
    assert "repeated_columns" in ck.audit(BAD_INPUT["repeated names"]).kinds


@pytest.mark.slow
def test_four_thousand_columns_are_audited() -> None:
    """More than one statement holds; work that grew with their square would take hours."""
    table = pa.table({f"c{i}": [i, i + 1] for i in range(4_000)})

    assert ck.audit(table).num_columns == 4_000


def test_a_history_without_rows_or_a_wild_tolerance_is_refused() -> None:
    with pytest.raises(TableError, match="no rows"):
        ck.audit(CLEAN, history=CLEAN.slice(0, 0))
    with pytest.raises(TableError, match="tolerance"):
        ck.mine_rules(CLEAN, tolerance=0.7)


@pytest.mark.slow
def test_a_memory_budget_gives_the_same_findings(tmp_path: Path) -> None:
    dirty, _ = ErrorInjector(ck_kinds(), rate=0.02).inject(synthetic_table(200_000))
    pq.write_table(dirty, tmp_path / "t.parquet")

    small = ck.audit(tmp_path / "t.parquet", memory_mb=96, threads=1)

    free = ck.audit(tmp_path / "t.parquet")
    assert [f.to_dict() for f in small.findings] == [f.to_dict() for f in free.findings]


def test_findings_list_exactly_the_rows_they_count() -> None:
    dirty, _ = ErrorInjector([*ck_kinds(), "outliers", "type_changes"], rate=0.1).inject(CLEAN)

    for finding in ck.audit(dirty, history=HISTORY).findings:
        rows = finding.rows
        if len(rows):
            assert len(rows) == finding.count, finding.kind
            assert (np.diff(rows) > 0).all()
            assert finding.sample[0]["position"] == rows[0] or finding.parts


CONTRACTS = {
    "at_most": (("a", "b"), {}, {"a": [1, 2], "b": [3, 4]}, {"a": [9, 2], "b": [3, 4]}),
    "needs": (("a", "b"), {}, {"a": [1, 0], "b": [3, 0]}, {"a": [1, 0], "b": [0, 0]}),
    "non_negative": (("a",), {}, {"a": [0, 1]}, {"a": [0, -1]}),
    "not_null": (("a",), {}, {"a": [0, 1]}, {"a": [0, None]}),
    "range": (("a",), {"low": 0, "high": 5}, {"a": [0, 5]}, {"a": [6, 5]}),
    "sql": ((), {"wrong": "a > 5"}, {"a": [5]}, {"a": [6]}),
    "type": (("a",), {"type": "number"}, {"a": ["1", "2", "3"]}, {"a": ["1", "2", "x"]}),
    "unique": (("a",), {"strict": True}, {"a": [1, 2, 3]}, {"a": [1, 1, 3]}),
    "categories": (("a",), {"known": ["x"]}, {"a": ["x", "x"]}, {"a": ["x", "???"]}),
    "depends": (("a", "b"), {}, {"a": list("kkkkk"), "b": list("vvvvv")},
                {"a": list("kkkkk"), "b": list("vvvvw")}),
    "spelling": (("a",), {}, {"a": ["berlin"] * 5}, {"a": ["berlin"] * 5 + ["bexlin"]}),
    "variants": (("a",), {}, {"a": ["pop-up", "shop"] * 5}, {"a": ["pop-up", "Pop Up"] * 5}),
    "units": (("a",), {}, {"a": ["1 oz"] * 3}, {"a": ["1 oz", "2 ounce", "3 oz"]}),
    "schema": (("a", "b"), {}, {"a": [1], "b": [1]}, {"a": [1]}),
    "identifiers": (("a",), {}, {"a": ["x1", "x2"]}, {"a": ["x1", "1.2E+17"]}),
    "ratio": (("a", "b"), {"median": 0.0, "spread": 0.1}, {"a": [60.0], "b": [60.0]},
              {"a": [9e5], "b": [60.0]}),
}  # fmt: skip


def test_every_form_has_an_example_for_the_contract() -> None:
    told_by_histories = {"days", "late", "scale", "shares", "shifted"}
    told_in_their_file = {"currency", "dates", "rate", "totals", "unit_change"}

    assert {*CONTRACTS} == {*ALL_CHECKS} - told_by_histories - told_in_their_file - {"python"}


@pytest.mark.parametrize("form", CONTRACTS)
def test_every_check_keeps_the_contract(form: str) -> None:
    columns, params, clean, dirty = CONTRACTS[form]
    rule = Rule(f"{form}:test", form, "some_kind", columns, params)

    check_audit_check(ALL_CHECKS[form], rule, clean=clean, dirty=dirty)


def test_the_pack_can_be_edited_by_rule_id() -> None:
    table = {"clicks": [9, 1], "impressions": [5, 5]}
    softer = Rule("at_most:clicks,impressions", "at_most", "clicks_exceed_impressions",
                  ("clicks", "impressions"), severity="info")  # fmt: skip

    assert ck.audit(table, [softer]).errors == []


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif("CAMPAIGNKIT_TEST_DATA" not in os.environ, reason="no folder of test data")
def test_hospital_and_beers_are_found_without_labels() -> None:
    data_folder = Path(os.environ["CAMPAIGNKIT_TEST_DATA"])
    for name, least in (("hospital", 0.935), ("beers", 0.98)):
        folder = data_folder / "dirty" / name
        dirty = pd.read_csv(folder / "dirty.csv", dtype=str, keep_default_na=False)
        clean = pd.read_csv(folder / "clean.csv", dtype=str, keep_default_na=False)
        truth = set(zip(*np.nonzero(dirty.to_numpy() != clean.to_numpy()), strict=True))
        place = {c: i for i, c in enumerate(dirty.columns)}
        found = {
            (int(row), place[column])
            for f in ck.audit(folder / "dirty.csv").of_severity("error", "warning")
            for column, rows in f.cells().items()
            for row in rows
        }
        hits = len(found & truth)
        assert 2 * hits / (len(found) + len(truth)) >= least, name


def test_labelled_rows_silence_the_rules_they_contradict() -> None:
    table = {"name": ["berlin"] * 9 + ["bexlin"], "clicks": [1] * 8 + [-1, -1]}
    report = ck.audit(table)

    assert not len(teach(report, {8: []}))  # one cell is no verdict

    rules = teach(report, {8: [], 9: ["name"], 0: []})

    assert [f.kind for f in ck.audit(table, rules).findings] == ["misspelt_values"]
    with pytest.raises(TableError) as caught:
        teach(report, {99: [], 1: ["nothing"]})
    assert len(caught.value.faults) == 2


def test_a_word_over_campaigns_of_a_dirty_history_is_no_category() -> None:
    kinds = [k for k in ck_kinds() if k not in ("dropped_columns", "categorical_errors")]
    table, _ = ErrorInjector(kinds, rate=0.02, seed=1).inject(HISTORY)
    frame = table.to_pandas()
    frame.loc[::150, "brand"] = "Plausible Name"

    known = ck.mine_rules(frame)["categories:brand"].params["known"]

    assert "Plausible Name" not in known


def test_examples_in_the_docstrings_hold() -> None:
    for room in (campaignkit.auditing, campaignkit.evaluation):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            assert doctest.testmod(importlib.import_module(module.name)).failed == 0, module.name


def test_a_rule_is_a_value() -> None:
    rule = Rule("a", "sql", "k")

    assert replace(rule, severity="info") != rule
