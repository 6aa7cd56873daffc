"""Tables fetched from a server on this computer: all of them, once, and no secret gets out."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus

import pytest

from ad_server import ADS, PAGE, SECRET, AdServer, serving
from campaignkit.errors import HarmoniseError
from campaignkit.harmonise import ClientStore, fetching
from campaignkit.harmonise.fetching import Fetcher
from landed_tables import rows_of

pytest.importorskip("dlt", reason='needs the extra fetch: pip install "campaignkit[fetch]"')

TOKENS = {"token": SECRET, "developer_token": "developer-secret"}
SINCE, UNTIL = "2026-01-01", "2026-01-10"  # two windows


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ClientStore]:
    with ClientStore(tmp_path / "clients", client="acme") as store:
        yield store


def fetch(store: ClientStore, server: AdServer, platform: str = "tiktok", **more: Any) -> Any:
    asked = {"accounts": "7", "since": SINCE, "until": UNTIL, "token": TOKENS} | more
    return store.fetch(platform, base_url=server.url, **asked)


def spend(store: ClientStore) -> Decimal:
    data = store.harmonise()
    assert data.report.closes
    return sum(data.total("spend", by=["currency"]).values(), Decimal(0))


@pytest.mark.parametrize("platform", ["meta", "tiktok", "google_ads"])
def test_what_is_fetched_has_the_platforms_totals_and_no_secret(
    platform: str, store: ClientStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = AdServer(SINCE, UNTIL)
    with serving(server, platform):
        taken = fetch(store, server, platform)

    assert spend(store) == server.total
    report = max(taken, key=taken.get)  # type: ignore[arg-type]
    assert taken[report] == 10 * ADS
    row = rows_of(store.harmonise())[0]
    assert (row["account_id"], row["currency"], row["campaign_name"]) == ("7", "EUR", "Spring")
    assert row["report_tz"] == "Europe/Berlin"
    assert server.days_asked[0] == ("2026-01-01", "2026-01-07")
    assert not [path for _, path, _ in server.asked if "access_token" in path]
    store.close()
    for secret in TOKENS.values():
        kept = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert not [path for path in kept if secret.encode() in path.read_bytes()]
        assert not [path for _, path, _ in server.asked if secret in unquote_plus(path)]
        assert secret not in caplog.text


def test_events_of_a_fetched_report_are_read(store: ClientStore) -> None:
    server = AdServer(SINCE, SINCE)
    with serving(server, "meta"):
        fetch(store, server, "meta", until=SINCE)
    events = rows_of(store.harmonise(), "conversions")

    assert {(e["event"], e["click_days"], int(e["conversions"])) for e in events} == {
        ("purchase", None, 2), ("purchase", 7, 2),
    }  # fmt: skip


def test_the_last_days_are_read_again_and_replaced(store: ClientStore) -> None:
    server = AdServer("2026-01-01", "2026-02-10")
    with serving(server, "tiktok"):
        fetch(store, server, until="2026-02-01")
        before = spend(store)
        server.days_asked.clear()
        server.raised, server.gone = Decimal("0.000001"), {"2026-02-01"}
        server.more = {"a_new_metric": "1"}
        fetch(store, server, until="2026-02-02")

    assert {first for first, _ in server.days_asked} == {
        "2026-01-06", "2026-01-13", "2026-01-20", "2026-01-27",
    }  # fmt: skip
    grown = 26 * ADS * server.raised  # 6 January to 31 January
    second = sum((server.spend(_day("2026-02-02"), ad) for ad in range(ADS)), Decimal(0))
    first = before - sum((server.spend(_day("2026-02-01"), ad) - server.raised
                          for ad in range(ADS)), Decimal(0))  # fmt: skip
    assert spend(store) == first + grown + second


def _day(text: str) -> Any:
    import datetime

    return datetime.date.fromisoformat(text)


def test_a_failure_on_page_four_keeps_the_weeks_before_and_nothing_else(
    store: ClientStore,
) -> None:
    server, until = AdServer(SINCE, "2026-01-14"), "2026-01-14"
    refusal = 400, {"code": 40002, "message": f"bad {SECRET}"}, {}
    server.trouble = lambda server, path: (
        refusal if "page=4" in path and "start_date=2026-01-08" in path else None
    )
    with serving(server, "tiktok"):
        with pytest.raises(HarmoniseError, match=r"2026-01-08 to 2026-01-14.*code 40002") as told:
            fetch(store, server, until=until)
        kept = spend(store)
        server.trouble = lambda server, path: None
        fetch(store, server, until=until)

    assert SECRET not in str(told.value)
    assert spend(store) == server.total
    server.until = _day("2026-01-07")
    assert kept == server.total


def test_what_passes_is_waited_for(store: ClientStore) -> None:
    server = AdServer(SINCE, SINCE)
    troubles = iter([
        (200, b'{"code": 0, "da', {"Content-Length": "900"}),  # cut off
        (503, b"<html>", {}),
        (429, {}, {"Retry-After": "0"}),
        (200, {"code": 40100, "message": "too often"}, {"Retry-After": "0"}),
    ])  # fmt: skip
    server.trouble = lambda server, path: next(troubles, None)
    with serving(server, "tiktok"):
        fetch(store, server, until=SINCE)

    assert spend(store) == server.total
    assert next(troubles, None) is None


def test_an_error_that_comes_as_success_is_an_error(store: ClientStore) -> None:
    server = AdServer(SINCE, UNTIL)
    server.trouble = lambda server, path: (200, {"code": 40105, "message": "token expired"}, {})
    with serving(server, "tiktok"), pytest.raises(HarmoniseError, match="40105: token expired"):
        fetch(store, server)

    assert len(server.asked) == 1
    assert store.tables == []


@pytest.mark.parametrize("platform", ["meta", "tiktok"])
def test_a_cursor_without_an_end_is_noticed(platform: str, store: ClientStore) -> None:
    server = AdServer(SINCE, UNTIL)
    server.endless = True
    with serving(server, platform), pytest.raises(HarmoniseError, match="have no end: page 2"):
        fetch(store, server, platform)

    assert len(server.asked) < 20
    assert store.tables == []


def test_pages_are_capped(store: ClientStore) -> None:
    server = AdServer(SINCE, UNTIL)
    with serving(server, "tiktok"), pytest.raises(HarmoniseError, match="page 4 is one too many"):
        fetch(store, server, max_pages=3)

    assert 7 * ADS > 3 * PAGE


def test_the_token_is_sent_to_the_platform_alone(store: ClientStore) -> None:
    server, other = AdServer(SINCE, UNTIL), AdServer()
    with serving(server, "meta"), serving(other, "meta"):
        server.trouble = lambda server, path: (
            (200, {"data": [{"id": "1"}], "paging": {"next": f"{other.url}/x"}}, {})
            if "campaigns" in path else None
        )  # fmt: skip
        with pytest.raises(HarmoniseError, match=r"the next page is at 127\.0\.0\.1"):
            fetch(store, server, "meta")
        server.trouble = lambda server, path: (302, {}, {"Location": f"{other.url}/x"})
        with pytest.raises(HarmoniseError, match="HTTP 302"):
            fetch(store, server, "meta")

    assert other.asked == []


def test_a_report_that_fails_is_told(store: ClientStore) -> None:
    server = AdServer(SINCE, UNTIL)
    failed = {"async_status": "Job Failed"}
    server.trouble = lambda server, path: (200, failed, {}) if path.startswith("/2026") else None
    with serving(server, "meta"), pytest.raises(HarmoniseError, match="'Job Failed'"):
        fetch(store, server, "meta")


_CHILD = """
import os, signal, sys
sys.path.insert(0, {tests!r})
allowed = {url!r}.rsplit(":", 1)[1]
def watch(event, args):
    if event == "socket.connect" and str(args[1][1]) != allowed:
        print("connected to", args[1]); os._exit(9)
sys.addaudithook(watch)
{before}
from campaignkit.harmonise import ClientStore
from campaignkit.harmonise.fetching import Fetcher
with ClientStore({clients!r}, client="acme") as store:
    store.fetch("tiktok", accounts="7", since={since!r}, until={until!r}, base_url={url!r})
"""


def child(server: AdServer, tmp_path: Path, before: str = "") -> subprocess.Popen[str]:
    """Fetch in a process of its own, which may open no other socket."""
    text = _CHILD.format(
        tests=str(Path(__file__).parents[1]), url=server.url, before=before, since=SINCE,
        until=UNTIL, clients=str(tmp_path / "clients"),
    )  # fmt: skip
    (tmp_path / ".dlt").mkdir(exist_ok=True)
    (tmp_path / ".dlt" / "config.toml").write_text("[runtime]\nlog_level = 'DEBUG'\n")
    told = os.environ | {
        "TIKTOK_ACCESS_TOKEN": SECRET, "RUNTIME__DLTHUB_TELEMETRY": "true",
        "RUNTIME__DLTHUB_TELEMETRY_ENDPOINT": "http://127.0.0.1:9/track",
        "TMPDIR": str(tmp_path),
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", text], cwd=tmp_path, env=told, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def test_no_other_socket_is_opened_even_where_telemetry_was_on(tmp_path: Path) -> None:
    server = AdServer(SINCE, UNTIL)
    with serving(server, "tiktok"):
        run = child(server, tmp_path, "import dlt; dlt.pipeline('theirs', pipelines_dir='.')")
        output = run.communicate()[0]

    assert (run.returncode, output) == (0, "")
    with ClientStore(tmp_path / "clients", client="acme") as store:
        assert spend(store) == server.total


@pytest.mark.parametrize("moment", ["extracting", "loading"])
def test_a_killed_run_loses_nothing_and_doubles_nothing(moment: str, tmp_path: Path) -> None:
    server = AdServer(SINCE, UNTIL)
    before = ""
    if moment == "loading":  # of the second window: between normalising and loading
        before = (
            "from dlt.pipeline.pipeline import Pipeline\nreal, runs = Pipeline.load, []\n"
            "def load(*args, **more):\n    runs.append(1)\n"
            "    if len(runs) > 1: os.kill(os.getpid(), signal.SIGKILL)\n"
            "    return real(*args, **more)\nPipeline.load = load\n"
        )
    with serving(server, "tiktok"):
        run = child(server, tmp_path, before)
        if moment == "extracting":
            server.trouble = lambda server, path: (
                run.kill() if "start_date=2026-01-08" in path and "page=2" in path else None
            )
        output = run.communicate()[0]
        assert (run.returncode, output) == (-signal.SIGKILL, "")
        server.trouble = lambda server, path: None
        (left,) = tmp_path.rglob("campaignkit-*.scratch")
        assert left.parent == tmp_path / "clients" / "acme" / "spill"
        with ClientStore(tmp_path / "clients", client="acme") as store:
            assert not left.exists()
            fetch(store, server)
            assert spend(store) == server.total
    assert not [*tmp_path.rglob("campaignkit-*.scratch")]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"platform": "reddit"}, "expected one of google_ads, meta, tiktok"),
        ({"token": ""}, "the token of tiktok is missing"),
        ({"token": "two words"}, "the token of tiktok is missing"),
        ({"base_url": "http://example.com"}, "expected https://"),
        ({"since": "yesterday"}, "since yesterday"),
        ({"since": "2026-02-01"}, "since 2026-02-01, until 2026-01-10"),
        ({"accounts": "../7"}, "expected numbers and days"),
        ({"accounts": []}, "expected numbers and days"),
    ],
)
def test_what_cannot_be_fetched_is_refused(
    asked: dict[str, Any], found: str, store: ClientStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TIKTOK_ACCESS_TOKEN", raising=False)
    given = {"platform": "tiktok", "accounts": "7", "since": SINCE, "until": UNTIL,
             "token": SECRET} | asked  # fmt: skip

    with pytest.raises(HarmoniseError) as told:
        store.fetch(**given)

    assert found in str(told.value) + told.value.hint


def test_the_command_line_reads_a_token_from_a_file(tmp_path: Path) -> None:
    from campaignkit.apps.cli import main

    server = AdServer(SINCE, SINCE)
    (tmp_path / "token").write_text(f"{SECRET}\n")
    with serving(server, "tiktok"), pytest.raises(SystemExit) as ended:
        main(["fetch", "tiktok", "--client", "acme", "--clients", str(tmp_path / "clients"),
              "--account", "7", "--since", SINCE, "--until", SINCE, "--base-url", server.url,
              "--token-file", str(tmp_path / "token"), "--json"])  # fmt: skip

    assert ended.value.code == 0
    assert json.dumps(SECRET) not in json.dumps(server.asked[0][1])


@pytest.mark.parametrize("form", [str, quote])
def test_no_part_of_a_secret_is_left_where_a_message_is_cut(form: Any) -> None:
    token = "T0ken/" + "x" * 60
    fetcher = Fetcher("meta", token=token)
    place = {"account": "7", "since": SINCE, "until": UNTIL}
    for start in (270, 295):
        told = str(fetcher._told(RuntimeError("y" * start + form(token)), place))
        assert "T0ken" not in told


def test_a_long_message_of_the_platform_shows_no_part_of_a_secret(store: ClientStore) -> None:
    server = AdServer(SINCE, UNTIL)
    said = {"code": 40105, "message": "y" * 280 + SECRET}
    server.trouble = lambda server, path: (200, said, {})
    with serving(server, "tiktok"), pytest.raises(HarmoniseError, match="40105") as told:
        fetch(store, server)

    assert SECRET[:4] not in str(told.value)


def test_a_file_of_an_api_with_keys_that_nobody_reads_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (fetching._FOLDER / "meta.toml").read_text()
    text = (
        text.replace("by_day", "each_day").replace("async_status", "x").replace("status =", "s =")
    )
    (tmp_path / "meta.toml").write_text(text)
    monkeypatch.setattr(fetching, "_FOLDER", tmp_path)
    with pytest.raises(HarmoniseError, match="does not describe an API") as told:
        Fetcher("meta", token="t")

    faults = {(fault.where, fault.found) for fault in told.value.faults}
    assert faults == {
        ("meta.toml: tables[5]: each_day", "is unknown"),
        ("meta.toml: tables[5]: job", "status is missing"),
        ("meta.toml: tables[5]: job: s", "is unknown"),
    }
