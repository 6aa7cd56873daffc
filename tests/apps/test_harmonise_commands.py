"""``ingest``, ``harmonise`` and ``campaigns`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import campaignkit as ck
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

    words = ["ingest", ".", "--client", "acme", "--key-file", "key"]
    ended = run_here(words, capsys)
    assert (ended.code, "expected 32 random bytes" in ended.err) == (2, True)
    assert not Path("clients").exists()


def _downloaded(place: Path, *rows: str, header: str = "Day,Campaign,Impr.,Clicks,Cost") -> str:
    place.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return str(place)


def test_a_report_is_read_as_the_command_line_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    report = _downloaded(
        Path("report.csv"), "03/04/2026;A;10;1;1.234", header="Day;Campaign;Impr.;Clicks;Betrag"
    )
    words = ["ingest", report, "--client", "acme", "--platform", "google_ads", "--currency", "EUR"]

    told = ["--day-first", "--decimal", ",", "--columns", "Betrag=spend", "--delimiter", ";"]
    ended = run_here([*words, *told, "--header", "1"], capsys)
    assert ended.code == 0, ended.err
    ended = run_here(["harmonise", "--client", "acme", "--out", "unified"], capsys)
    assert "1,234.000000" in ended.out
    frame = pq.read_table("unified/performance.parquet").to_pylist()
    assert [str(row["date_local"]) for row in frame] == ["2026-04-03"]


def test_totals_are_printed_by_platform_and_currency(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for account, amount, code in (("1", "2.5", "EUR"), ("2", "3", "EUR"), ("3", "7", "USD")):
        report = _downloaded(Path(f"{account}.csv"), f"2026-03-01,A,1000,1,{amount}")
        words = ["ingest", report, "--client", "acme", "--platform", "google_ads"]
        run_here([*words, "--currency", code, "--account", account], capsys)

    ended = run_here(["harmonise", "--client", "acme"], capsys)
    shown = [line.split() for line in ended.out.splitlines()]
    assert ["google_ads", "EUR", "5.500000", "2,000"] in shown
    assert ["google_ads", "USD", "7.000000", "1,000"] in shown
    told = json.loads(run_here(["harmonise", "--client", "acme", "--json"], capsys).out)
    assert told["amounts"][0] == {
        "platform": "google_ads", "currency": "EUR", "spend": "5.500000",
        "impressions_paid": "2000",
    }  # fmt: skip


@pytest.mark.parametrize("command", [["harmonise"], ["campaigns", "c.parquet"]])
def test_a_misspelt_client_makes_no_folder(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    report = _downloaded(Path("report.csv"), "2026-03-01,A,9,1,2.5")
    words = ["ingest", report, "--platform", "google_ads", "--currency", "EUR"]
    run_here([*words, "--client", "acme"], capsys)

    ended = run_here([*command, "--client", "amce"], capsys)
    assert (ended.code, "it has acme" in ended.err) == (2, True), ended.err
    assert ClientFolder("clients").names == ["acme"]
    assert not Path("clients/amce").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["campaigns", "c.csv", "--client", "acme"],
        ["across", "c.csv", "--client", "acme", "--client", "bell", "--reason", "prices"],
    ],
)
def test_parquet_is_not_written_under_the_name_of_another_format(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    ended = run_here(words, capsys)

    assert (ended.code, "expected .parquet" in ended.err) == (2, True), ended.err


def test_campaigns_go_on_to_the_recommender_and_the_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [
        f"2026-03-{day:02},{name},1000,{clicks},10,{device}"
        for day in range(1, 9)
        for name, clicks, device in (("A", 10, "TV"), ("B", 50, "Phone"), ("C", 90, "Tablet"))
    ]
    header = "Day,Campaign,Impr.,Clicks,Cost,Device"
    report = _downloaded(Path("report.csv"), *rows, header=header)
    words = ["ingest", report, "--platform", "google_ads", "--currency", "EUR"]
    run_here([*words, "--client", "acme"], capsys)
    words = ["campaigns", "c.parquet", "--client", "acme", "--level", "campaign"]
    words += ["--outcome", "clicks_platform"]

    ended = run_here([*words, "--dataset", "set", "--catalogue", "values.csv"], capsys)
    assert (ended.code, "to c.parquet, set, values.csv" in ended.out) == (0, True), ended.err
    ended = run_here(["recommend", "set", "--count", "1"], capsys)
    assert ended.code == 0, ended.err
    assert len(ck.Catalogue.read_csv("values.csv")) > 0
    ended = run_here(["recommend", "c.parquet"], capsys)
    assert (ended.code, "campaigns --dataset" in ended.err) == (2, True), ended.err


def test_a_client_is_purged_by_its_name_said_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for client in ("acme", "bell"):
        ck.ClientStore("clients", client).close()

    for words in ([], ["--confirm", "bell"]):
        ended = run_here(["purge", "--client", "acme", *words], capsys)
        assert (ended.code, "--confirm acme" in ended.err) == (2, True), ended.err
    assert ClientFolder("clients").names == ["acme", "bell"]
    assert run_here(["purge", "--client", "acme", "--confirm", "acme"], capsys).code == 0
    assert ClientFolder("clients").names == ["bell"]
    ended = run_here(["purge", "--client", "acme", "--confirm", "acme"], capsys)
    assert (ended.code, "it has bell" in ended.err) == (2, True), ended.err
    assert "purged acme" in run_here(["access-log"], capsys).out


def test_a_killed_purge_is_finished_by_the_same_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    ck.ClientStore("clients", "acme").close()
    Path("clients/acme").rename(f"clients/.acme.{'0' * 32}.purged")

    run_here(["purge", "--client", "acme", "--confirm", "acme"], capsys)
    assert [path.name for path in Path("clients").iterdir()] == [".across"]


def test_encrypted_clients_are_read_together_with_a_key_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    given = []
    monkeypatch.setattr(
        "campaignkit.harmonise.read_across",
        lambda stores, **asked: given.append(asked["keys"]) or pa.table({"client_id": ["acme"]}),
    )
    Path("a.key").write_bytes(bytes(range(32)))
    words = ["across", "both.parquet", "--client", "acme", "--client", "bell", "--reason", "why"]

    assert run_here([*words, "--key-file", "acme=a.key"], capsys).code == 0
    assert given == [{"acme": bytes(range(32))}]
    ended = run_here([*words, "--replace", "--key-file", "amce=a.key"], capsys)
    assert (ended.code, "--key-file names amce" in ended.err) == (2, True), ended.err


def test_what_was_ingested_by_mistake_is_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for account in ("1", "2"):
        report = _downloaded(Path(f"{account}.csv"), "2026-03-01,A,1000,1,2.5")
        words = ["ingest", report, "--client", "acme", "--platform", "google_ads"]
        run_here([*words, "--currency", "EUR", "--account", account], capsys)

    words = ["remove", "--client", "acme", "--platform", "google_ads"]
    ended = run_here([*words, "--account", "2"], capsys)  # a day, and the name of its campaign
    assert (ended.code, "removed 2 rows of google_ads" in ended.out) == (0, True), ended
    assert "2.500000" in run_here(["harmonise", "--client", "acme"], capsys).out
    assert run_here([*words, "--account", "2"], capsys).code == 2
