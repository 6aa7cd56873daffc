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
from campaignkit.errors import MissingExtra
from campaignkit.evaluation import sweep_detection
from campaignkit.report import audit_page as make_page, write_audit, write_sweep

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
    assert all(f.kind in html and f.advice in html for f in report.findings)
    assert "What to do next" in html
    assert len(plain["findings"]) == len(report.findings)
    assert "| error |" in (tmp_path / "audit.md").read_text(encoding="utf-8")


def test_a_table_without_a_fault_gives_a_page_too() -> None:
    assert "all of them hold" in make_page(ck.audit(ck.synthetic_table(500)))


@pytest.mark.skipif(importlib.util.find_spec("weasyprint") is not None, reason="pdf is there")
def test_a_pdf_without_its_extra_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(MissingExtra, match="weasyprint"):
        write_audit(ck.audit(EVIL), tmp_path, pdf=True)


def test_a_sweep_is_drawn_with_each_kind(tmp_path: Path) -> None:
    sweep = sweep_detection(ck.synthetic_table(1500), rates=[0.05, 0.2], kinds=["outliers"])

    html = write_sweep([sweep], tmp_path / "sweep.html").read_text(encoding="utf-8")

    assert "outliers" in html
    assert "<svg" in html


def test_examples_in_the_docstrings_hold() -> None:
    for name in ("audit_page", "audit_sweep_page"):
        module = importlib.import_module(f"campaignkit.report.{name}")
        assert doctest.testmod(module).failed == 0
