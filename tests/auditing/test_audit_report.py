"""What people read of an audit: a verdict, three things to do first, groups, one format."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

import campaignkit as ck
from campaignkit.auditing import AuditReport, Finding, RuleSet
from campaignkit.auditing.groups import titled
from campaignkit.errors import TableError
from campaignkit.inject import ALL_CORRUPTIONS
from campaignkit.tables import MARKETING_LAWS

EVIL = {
    "brand": ["[b]x[/b]\x1b[31m", "<td>", "a", "a"] * 30,
    "clicks": [1, 2, -3, 4] * 30,
    "impressions": [5, 1, 5, 5] * 30,
    "spend": [1.0, 2.0, -3.0, 0.0] * 30,
}


def report_of(*findings: Finding, num_rows: int = 1000, **more: Any) -> AuditReport:
    return AuditReport([*findings], num_rows, 9, "june", RuleSet(), **more)


def negative(column: str, count: int, **more: Any) -> Finding:
    return Finding(
        "negative_metrics", (column,), count, count / 1000, message=f"{count} rows break {column}",
        advice="look for refunds", **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        ([], "Usable: no error and no warning in 1,000 rows held to 0 rules."),
        (
            [Finding("late_data", ("clicks",), 0, 0.0, severity="info")],
            "Usable: no error and no warning in 1,000 rows held to 0 rules.",
        ),
        (
            [negative("spend", 300, severity="warning")],
            "Usable with care: negative amounts in spend, "
            "300 rows (30.0%); a person should look at it.",
        ),
        (
            [negative("spend", 4), negative("clicks", 1)],
            "Usable with care: negative amounts in spend, clicks, up to "
            "4 rows (0.4%) each; correct or leave out these rows, at most 0.5% of the table.",
        ),
        (
            [negative("spend", 11)],
            "Not usable as it is: negative amounts in spend, 11 rows (1.1%).",
        ),
        (
            [Finding("dropped_columns", ("geo", "brand"), 2, 0.2, unit="column")],
            "Not usable as it is: missing columns (geo, brand), 2 columns.",
        ),
        (
            [negative("spend", 11), Finding("ragged_rows", (), 9, 0.009)],
            "Not usable as it is: 2 kinds of errors, first of all negative amounts in spend, "
            "11 rows (1.1%).",
        ),
    ],
)
def test_the_verdict_says_whether_the_table_can_be_used(
    findings: list[Finding], told: str
) -> None:
    assert report_of(*findings).verdict == told


def test_findings_of_one_kind_are_one_group_with_a_plain_title() -> None:
    columns = [f"metric_{i}" for i in range(11)]
    report = report_of(*(negative(c, 20 + i) for i, c in enumerate(columns)))

    (group,) = report.groups

    assert group.title == "Negative amounts"
    assert sorted(group.columns) == sorted(columns)
    assert group.extent == "up to 30 rows (3.0%) each"
    assert len(report.first) == 1
    assert str(report).count("look for refunds") == 1


def test_a_kind_without_a_title_gets_a_readable_one() -> None:
    own, titled = Finding("odd_day_parts", (), 1, 0.1), Finding("odd", (), 1, 0.1, title="Odd!")

    assert [g.title for g in report_of(own, titled).groups] == ["Odd!", "Odd day parts"]


def test_what_matters_most_comes_first() -> None:
    """By severity, then by rows times the faults that they amount to, then whole columns."""
    report = report_of(
        Finding("missing_values", ("a",), 900, 0.9, severity="warning"),
        Finding("outliers", ("b",), 50, 0.05),
        Finding("type_changes", ("c",), 30, 0.03, explains={"x": 30, "y": 30}),
        Finding("dropped_columns", ("d",), 1, 0.1, unit="column"),
        Finding("missing_days", ("e",), 0, 0.0, severity="info"),
    )

    assert [g.kind for g in report.groups] == [
        "dropped_columns", "type_changes", "outliers", "missing_values", "missing_days",
    ]  # fmt: skip
    assert [g.kind for g in report.first] == ["dropped_columns", "type_changes", "outliers"]


def test_a_share_of_a_sample_comes_with_its_interval() -> None:
    whole, drawn = negative("spend", 19), negative("spend", 19, sampled=200)

    assert whole.extent == "19 rows (1.9%)"
    assert whole.interval is None
    assert drawn.extent == "about 19 rows (1.9%, 95% interval 0.7% to 4.9%)"
    assert "Every row was counted" in report_of(whole).about
    assert "Every row was counted" not in report_of(drawn).about


def test_printing_a_report_gives_text_for_people_and_its_repr_one_line() -> None:
    report = ck.audit(EVIL)

    text = str(report)

    assert text.startswith("Audit of the table\n\nNot usable as it is: ")
    assert "Fix these three first\n\n1. " in text
    assert "\x1b" not in text
    assert "[b]x[/b]" in text
    assert "\\" not in text.replace("\\x1b", "")
    assert max(map(len, report.summary(width=60).splitlines())) <= 60
    assert "\n" not in repr(report)


def test_two_audits_of_one_table_give_the_same_bytes() -> None:
    first, second = ck.audit(EVIL), ck.audit(EVIL)

    assert first.to_json() == second.to_json()
    assert first.to_markdown() == second.to_markdown()
    assert "seconds" not in json.loads(first.to_json())


def test_json_is_valid_where_evidence_is_not_finite() -> None:
    report = report_of(negative("spend", 1, evidence={"ratios": [float("nan")], "day": {1: 2.0}}))

    plain = json.loads(report.to_json())

    assert plain["findings"][0]["evidence"] == {"ratios": [None], "day": {"1": 2.0}}


def test_json_names_the_findings_of_each_group() -> None:
    plain = json.loads(report_of(negative("a", 1), Finding("odd", (), 1, 0.001)).to_json())

    told = [(g["title"], [plain["findings"][i]["kind"] for i in g["findings"]])
            for g in plain["groups"]]  # fmt: skip
    assert told == [("Negative amounts", ["negative_metrics"]), ("Odd", ["odd"])]


@pytest.mark.parametrize("backend", ["pandas", "pyarrow", "polars"])
def test_the_findings_are_a_frame_too(backend: str) -> None:
    pytest.importorskip(backend)
    frame = report_of(negative("a", 1), Finding("odd", (), 2, 0.5)).to_frame(backend)

    assert list(frame["count"]) == [2, 1] or frame["count"].to_pylist() == [2, 1]
    assert "title" in (getattr(frame, "column_names", None) or list(frame.columns))


def test_a_frame_of_an_unknown_library_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TableError, match="expected one of pandas"):
        report_of(negative("a", 1)).to_frame("dplyr")


def test_every_kind_of_ours_has_a_title_and_a_sentence() -> None:
    kinds = {law.kind for law in MARKETING_LAWS} | {*ALL_CORRUPTIONS}
    places = {"Finding": 0, "over": 1, "Rule": 2}  # of the kind among the arguments
    for path in Path(ck.auditing.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call):
                name = getattr(call.func, "id", getattr(call.func, "attr", ""))
                given = call.args[places.get(name, 99) :][:1]
                kinds |= {c.value for c in given if isinstance(c, ast.Constant) and c.value}

    assert len(kinds) > 20
    assert [kind for kind in sorted(kinds) if not titled(kind)[1]] == []


def test_every_line_of_a_file_is_told_and_its_name_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "june.csv"
    rows = "".join(f"2026-06-{day:02},Spring,{100 + day},{day}\n" for day in range(1, 13))
    path.write_text(f"Report of June\n\nDay,Campaign,Impressions,Clicks\n{rows}")

    with ck.audit(path) as report:
        plain, text = json.loads(report.to_json()), str(report)

    assert plain["notes"][0].startswith("15 lines in the file: 1 header, ")
    assert plain["notes"][0].endswith(", 12 rows")
    assert text.count(str(path)) == 1
