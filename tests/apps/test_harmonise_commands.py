"""``ingest``, ``harmonise`` and ``campaigns`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from campaignkit.harmonise import ClientFolder
from command_line import run_here
from landed_tables import google, land


def test_from_a_folder_to_tables_and_campaigns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    land(tmp_path / "exports", **google([f"2025-03-{day:02}" for day in range(1, 9)]))
    ours = ["--client", "acme"]

    ended = run_here(["ingest", "exports", "--platform", "google_ads", *ours], capsys)
    assert (ended.code, "ad_stats: 32 rows" in ended.out) == (0, True)
    again = run_here(["ingest", "exports", "--platform", "google_ads", *ours, "--json"], capsys)
    assert set(json.loads(again.out).values()) == {0}
    ended = run_here(["harmonise", *ours, "--out", "unified", "--json"], capsys)
    assert ended.code == 0
    assert json.loads(ended.out)["closes"] is True
    assert sorted(path.name for path in (tmp_path / "unified").iterdir()) == [
        "conversions.parquet", "manifest.json", "performance.parquet", "reach.parquet",
        "report.json",
    ]  # fmt: skip
    ended = run_here(["harmonise", *ours, "--out", "unified", "--replace"], capsys)
    assert (ended.code, "0 do not close" in ended.out) == (0, True)
    ended = run_here(["campaigns", "mine.parquet", *ours, "--min-impressions", "1"], capsys)
    assert (ended.code, "wrote 2 campaigns" in ended.out) == (0, True), ended.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ingest", "nowhere", "--platform", "meta", "--client", "acme"], "does not exist"),
        (
            ["ingest", ".", "--platform", "myspace", "--client", "acme"],
            "expected one of amazon_ads",
        ),
        (["harmonise", "--client", "A!"], "client is 'A!'"),
        (["harmonise", "--client", "acme", "--currency", "USD"], "expected ACCOUNT=CODE"),
        (["harmonise", "--client", "acme"], "nothing of client acme was ingested"),
        (["campaigns", "nowhere/c.parquet", "--client", "acme"], "nowhere"),
    ],
)
def test_wrong_words_end_with_2_and_say_why(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    ended = run_here(words, capsys)

    assert ended.code == 2
    assert told in ended.err


def test_a_downloaded_report_takes_its_currency_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("report.csv").write_text("Day,Campaign,Impr.,Cost\n2026-03-01,A,9,2.5\n")
    words = ["ingest", "report.csv", "--client", "acme", "--platform", "google_ads"]

    ended = run_here(words, capsys)
    assert ended.code != 0
    assert "--currency EUR" in ended.err
    ended = run_here([*words, "--currency", "EUR", "--account", "7"], capsys)
    assert (ended.code, ended.out.strip()) == (0, "export_campaign_by_name: 1 rows")


def test_several_clients_come_in_one_file_and_the_log_has_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    land(tmp_path / "exports", **google(["2025-03-01"]))
    for client in ("acme", "bell"):
        run_here(["ingest", "exports", "--platform", "google_ads", "--client", client], capsys)
        run_here(["harmonise", "--client", client], capsys)
    both = ["across", "both.parquet", "--client", "acme", "--client", "bell"]

    assert run_here([*both, "--reason", " "], capsys).code == 2
    assert not Path("both.parquet").exists()
    ended = run_here([*both, "--reason", "one budget"], capsys)
    assert (ended.code, "12 rows of 2 clients" in ended.out) == (0, True), ended
    (entry,) = ClientFolder("clients").log
    assert entry["reason"] == "one budget"


def test_a_key_comes_from_a_file_and_is_refused_if_it_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("key").write_bytes(b"too short")

    ended = run_here(["harmonise", "--client", "acme", "--key-file", "key"], capsys)
    assert (ended.code, "expected 32 random bytes" in ended.err) == (2, True)
    assert not Path("clients").exists()
