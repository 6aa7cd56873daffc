"""The audit, the injection and the sweep from the command line, with exit codes for pipelines."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from campaignkit.apps.cli import app
from campaignkit.apps.ending import run_to_exit_code
from campaignkit.tables import synthetic_table


def run(*arguments: object) -> int:
    return run_to_exit_code(app, [str(a) for a in arguments])


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "clean.parquet"
    pq.write_table(synthetic_table(2000, seed=5), path)
    return path


def test_inject_then_audit_fails_a_pipeline(
    clean: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dirty, report = tmp_path / "dirty.csv", tmp_path / "report"

    codes = [
        run("inject", clean, dirty, "--kinds", "negative_metrics,duplicate_rows", "--rate", 0.1,
            "--cells", tmp_path / "cells.parquet"),
        run("audit", dirty, "--history", clean, "--report", report, "--fail-on", "error",
            "--save-rules", tmp_path / "rules.yaml"),
        run("audit", clean, "--fail-on", "error"),
        run("audit", clean, "--rules", tmp_path / "rules.yaml", "--fail-on", "error"),
    ]  # fmt: skip

    truth = json.loads((tmp_path / "dirty.csv.truth.json").read_text(encoding="utf-8"))
    assert codes == [0, 1, 0, 0]
    assert {d["kind"] for d in truth["defects"]} == {"negative_metrics", "duplicate_rows"}
    assert sorted(p.name for p in report.iterdir()) == ["audit.html", "audit.json", "audit.md"]
    out = capsys.readouterr().out
    assert "Not usable as it is: " in out
    assert "Negative amounts" in out
    assert "\x1b" not in out
    assert "|" not in out


def test_json_is_whole(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("audit", clean, "--json") == 0
    assert json.loads(capsys.readouterr().out)["num_rows"] == 2000


@pytest.mark.parametrize(
    "asked",
    [
        ["--pdf"],
        ["--report", "FOLDER", "--pdf"],
        ["--report", "FOLDER", "--save-rules", "NOWHERE/rules.yaml"],
        ["--report", "CLEAN"],
        ["--save-rules", "NOWHERE/rules.yaml"],
    ],
)
def test_exit_code_two_means_that_nothing_was_written(
    asked: list[str], clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"FOLDER": tmp_path / "new", "CLEAN": clean, "NOWHERE": tmp_path / "nowhere"}
    given = asked
    for name, place in places.items():
        given = [a.replace(name, str(place)) for a in given]
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n, *a: None if n == "weasyprint" else found(n, *a)
    )

    assert run("audit", clean, *given) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["clean.parquet"]


def test_rules_may_lie_in_the_folder_of_the_report(clean: Path, tmp_path: Path) -> None:
    place = tmp_path / "june"

    assert run("audit", clean, "--report", place, "--save-rules", place / "rules.yaml") == 0
    assert {p.name for p in place.iterdir()} == {
        "audit.html", "audit.json", "audit.md", "rules.yaml",
    }  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit", "nowhere.csv"],
        ["audit", "CLEAN", "--fail-on", "fatal"],
        ["inject", "CLEAN", "out.xyz"],
        ["inject", "CLEAN", "out.csv", "--rate", "0"],
        ["inject", "CLEAN", "out.csv", "--kinds", "typos"],
        ["audit-sweep", "--rates", "high"],
    ],
)
def test_wrong_input_ends_with_code_two_and_words(
    arguments: list[str], clean: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(clean) if a == "CLEAN" else a.replace("out.", f"{tmp_path}/out.")
             for a in arguments]  # fmt: skip

    assert run(*given) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
def test_the_sweep_is_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run("audit-sweep", "--rows", 1500, "--rates", "0.1", "--plot", tmp_path / "s.html")

    assert code == 0
    assert "history and pack" in capsys.readouterr().out
    assert (tmp_path / "s.html").exists()


def test_what_is_decided_about_a_file_is_overruled_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.csv"
    rows = [f"0{d}/04/2026;{d},50;{d};{90 + d}" for d in range(1, 9)]
    path.write_text("\n".join(["My;own;table;", "Day;Gross;clicks;impressions", *rows, ""]))
    read = [
        "--header", 2, "--delimiter", ";", "--decimal", ",", "--day-first", "--encoding", "utf-8",
        "--columns", "Gross=spend", "--keep-summary-rows",
    ]  # fmt: skip

    assert run("audit", path, *read, "--json") == 0
    assert json.loads(capsys.readouterr().out)["num_rows"] == 8
    assert run("inject", path, tmp_path / "d.csv", "--kinds", "negative_metrics", *read) == 0
    assert run("audit", path, "--columns", "Gross:spend") == 2
    assert "OWN=STANDARD" in capsys.readouterr().err
