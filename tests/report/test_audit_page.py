"""The audit's page is whole, self-contained, and lets nothing from the table become markup."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import json
import re
from pathlib import Path

import pytest

import campaignkit as ck
from campaignkit.auditing import Rule
from campaignkit.errors import ArtifactError, MissingExtra
from campaignkit.evaluation import sweep_detection
from campaignkit.report import audit_page as make_page, write_audit, write_sweep
from campaignkit.show import escape

EVIL = {
    "<script>alert(1)</script>": ["=cmd()", "<img src=x onerror=alert(1)>", "=cmd()", "=cmd() "],
    "clicks": [1, 2, -3, 4],
    "impressions": [5, 1, 5, 5],
    "brand": ["<script>", "<script>", "</td>", None],
}


def test_text_from_the_table_stays_text(tmp_path: Path) -> None:
    report = ck.audit(EVIL)

    html = make_page(report)

    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html
    assert "<script" not in report.to_markdown()


def test_the_page_loads_nothing(tmp_path: Path) -> None:
    html = write_audit(ck.audit(EVIL), tmp_path / "new" / "folder").read_text(encoding="utf-8")

    assert re.findall(r"(?:src|href)=\"(?!#)", html) == []
    assert "default-src 'none'" in html


def test_the_page_says_everything_about_every_finding(tmp_path: Path) -> None:
    dirty, _ = ck.ErrorInjector(
        ["negative_metrics", "duplicate_rows", "missing_values"], rate=0.1
    ).inject(ck.synthetic_table(2000))
    report = ck.audit(dirty)

    write_audit(report, tmp_path)

    html = (tmp_path / "audit.html").read_text(encoding="utf-8")
    plain = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert all(escape(g.title) in html and escape(g.about) in html for g in report.groups)
    assert all(escape(f.advice) in html and escape(f.message) in html for f in report.findings)
    assert escape(report.verdict.partition(": ")[2]) in html
    assert html.count('<li class="error"><h3>') == len(report.first) == 3
    assert len(plain["findings"]) == len(report.findings)
    assert "| error |" in (tmp_path / "audit.md").read_text(encoding="utf-8")


def test_the_verdict_counts_what_was_found_and_what_was_not_checked() -> None:
    report = ck.audit(EVIL)

    html = make_page(report)

    lines = re.findall(r'<span>([^<]*)</span><span class="figure">([^<]*)</span>', html)
    kinds = sum(group.severity == "error" for group in report.groups)
    assert dict(lines) == {
        "Errors": f"{kinds} kinds, {len(report.errors)} findings",
        "Warnings": "none",
        "Notes": "none",
        "Counted": "every row",
        "Not checked": f"{len(report.unchecked)} rules",
    }
    assert html.index('class="verdict error"') < html.index("Fix these")


def test_a_table_without_a_fault_gives_a_page_too() -> None:
    assert "no error and no warning in 500 rows" in make_page(ck.audit(ck.synthetic_table(500)))


def test_columns_with_one_fault_are_one_entry_of_the_page() -> None:
    columns = {f"metric_{i}": [-1.0, *map(float, range(40))] for i in range(4)}
    rules = [Rule(f"non_negative:{c}", "non_negative", "negative_metrics", (c,)) for c in columns]

    html = make_page(ck.audit({**columns, "clicks": [*range(41)]}, rules, duplicates=False))

    assert html.count("<b>Negative amounts</b>") == 2  # what to do first, and among the errors
    assert html.count("<a href") <= 6


def test_decisions_about_the_file_stand_before_the_findings() -> None:
    report = ck.audit(EVIL)
    report.notes.append("the first 3 lines were skipped")

    html, text = make_page(report), str(report)

    assert (
        html.index("What was decided")
        < html.index("the first 3 lines")
        < html.index("<details class")
    )
    assert text.index("the first 3 lines") < text.index("Fix these three first")


def without(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == module else found(name, *a)
    )


def test_a_pdf_without_its_extra_says_what_to_install_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "weasyprint")

    with pytest.raises(MissingExtra, match="weasyprint"):
        write_audit(ck.audit(EVIL), tmp_path / "new", pdf=True)

    assert list(tmp_path.iterdir()) == []


def test_a_pdf_is_written_with_the_page(tmp_path: Path) -> None:
    pytest.importorskip("weasyprint", reason="an audit as PDF needs weasyprint and Pango")

    write_audit(ck.audit(EVIL), tmp_path, pdf=True)

    assert (tmp_path / "audit.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("failing", ["audit.json", "rules.yaml"])
def test_all_files_of_an_audit_are_written_or_none(tmp_path: Path, failing: str) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / failing).mkdir()
    report = ck.audit(EVIL)

    with pytest.raises(ArtifactError, match="is a folder"):
        write_audit(report, tmp_path / "there", rules=tmp_path / "there" / "rules.yaml")
    with pytest.raises(ArtifactError):
        write_audit(report, tmp_path / "new", rules=tmp_path / "nowhere" / "rules.yaml")

    assert [p.name for p in tmp_path.rglob("*")] == ["there", failing]


def test_a_sweep_is_drawn_with_each_kind(tmp_path: Path) -> None:
    sweep = sweep_detection(ck.synthetic_table(1500), rates=[0.05, 0.2], kinds=["outliers"])

    html = write_sweep([sweep], tmp_path / "sweep.html").read_text(encoding="utf-8")

    assert "outliers" in html
    assert "<svg" in html


def test_examples_in_the_docstrings_hold() -> None:
    for name in ("audit_page", "audit_sweep_page"):
        module = importlib.import_module(f"campaignkit.report.{name}")
        assert doctest.testmod(module).failed == 0


def test_rows_of_a_file_are_shown_with_their_line_and_counts_as_counts(tmp_path: Path) -> None:
    rows = [f"2026-01-{i + 1:02d},{64887 + i},{i}" for i in range(20)]
    rows[4] = "2026-01-05,64887.0,70000"
    path = tmp_path / "export.csv"
    text = ["Campaign performance", "January 2026", "Day,Impr.,Clicks", *rows]
    path.write_text("\n".join(text), encoding="utf-8")

    html = make_page(ck.audit(path))

    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", html)
    at = cells.index("line")
    assert text[int(cells[at + 5]) - 1] == rows[4]
    assert "explained by more basic" not in html
    assert "64887.0" not in html


def test_a_row_has_no_line_where_lines_and_rows_part(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("clicks,impressions,note\n1,5,x\n\n9,5,y\n", encoding="utf-8")

    report = ck.audit(path)

    assert report.errors[0].sample[0]["position"] == 1
    assert "line</th>" not in make_page(report)
