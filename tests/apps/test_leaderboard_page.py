"""The leaderboard in a real browser: open, filter, compare, export; empty, broken, large, live."""

from __future__ import annotations

import csv
import json
import socket
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from browser import Browser, browser, served, wait_for
from campaignkit.apps.leaderboard_command import HOST, free_port, serve_command
from campaignkit.report.leaderboard import RunFilter, rank_runs
from campaignkit.runs import RunLog
from command_line import run_here
from run_logs import a_run, log_with_predictions

# A name that would fetch from elsewhere, run or break out, wherever it were taken for markup.
NASTY = (
    "![x](http://example.invalid/a.png)<img src='http://example.invalid/b.png'><script>1</script>"
)


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    pytest.importorskip("streamlit", reason="the leaderboard needs the extra ui")
    with browser(tmp_path_factory.mktemp("downloads")) as opened:
        yield opened


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> RunLog:
    """120 runs, three with predictions, one with nasty names, and a broken line."""
    folder = tmp_path_factory.mktemp("runs")
    held = log_with_predictions(folder)
    for number in range(120):
        held.append(a_run(number))
    held.append(
        a_run(500, model={"name": NASTY, "family": NASTY}, task=NASTY, dataset={"name": NASTY},
              scores={"macro_f1": 0.99, NASTY: 0.5}, lineage={NASTY: NASTY}, notes=NASTY,
              parameters={NASTY: NASTY}, confusion=[[1, 2], [3, 4]], labels=[NASTY, "b"])
    )  # fmt: skip
    with (folder / "runs.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"kind": "evaluation", "tas\n')
    return held


@pytest.fixture(scope="module")
def address(log: RunLog) -> Iterator[str]:
    with served(log.path) as server:
        yield server.address


@pytest.mark.slow
def test_the_page_opens_with_the_ranking_and_tells_the_broken_line(
    window: Browser, address: str, log: RunLog
) -> None:
    window.open(address, until="124 of 124 runs")

    best = rank_runs(log.read().records, "macro_f1").rows
    window.wait_for_text(best[1].run_id)
    assert window.count(".ck-ranking tbody tr") == 100
    assert "1 lines or logs could not be read" in window.text


@pytest.mark.slow
def test_a_filter_leaves_the_runs_it_names(window: Browser, address: str, log: RunLog) -> None:
    window.open(address, until="124 of 124 runs")

    window.pick("Model family", "pairwise")

    kept = RunFilter(families=("pairwise",)).of(log.read().records)
    window.wait_for_text(f"{len(kept)} of 124 runs")
    wait_for(lambda: window.count(".ck-ranking tbody tr") == len(kept), "the filtered rows")


@pytest.mark.slow
def test_two_runs_are_compared_with_a_paired_test(window: Browser, address: str) -> None:
    window.open(address, until="124 of 124 runs")
    window.choose_view("Compare")

    window.pick("First run", ". good ·")
    window.pick("Second run", ". fair ·")

    window.wait_for_text("Paired test on 300 rows")
    assert "more than luck would give" in window.text
    assert "F1 of label" in window.text
    wait_for(lambda: window.count("[data-testid=stVegaLiteChart]") == 2, "both confusions")


@pytest.mark.slow
def test_the_csv_that_is_exported_holds_every_run(
    window: Browser, address: str, log: RunLog, tmp_path: Path
) -> None:
    window.window.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    window.open(address, until="124 of 124 runs")

    window.press("Download CSV")

    file = tmp_path / "leaderboard.csv"
    wait_for(file.exists, "the file")
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["run_id"] for row in rows} == {r.run_id for r in log.read().records}
    assert [float(row["score"]) for row in rows] == sorted(
        (float(row["score"]) for row in rows), reverse=True
    )


@pytest.mark.slow
def test_every_view_shows_names_as_text_and_asks_nothing_of_other_hosts(
    window: Browser, address: str
) -> None:
    window.open(address, until="124 of 124 runs")

    for view, said in (
        ("Compare", "paired test"), ("Cost", "do not say this cost"),
        ("Difficulty", "no run says"), ("A run", "Made from"), ("Ranking", "Download CSV"),
    ):  # fmt: skip
        window.choose_view(view)
        wait_for(lambda text=said: text.casefold() in window.text.casefold(), view)
        assert window.count("img[src*='example.invalid']") == 0
    assert window.hosts_asked() == {HOST}


@pytest.mark.slow
def test_a_run_leads_back_to_what_it_was_made_from(window: Browser, address: str) -> None:
    window.open(address, until="124 of 124 runs")

    window.choose_view("A run")

    window.wait_for_text("no manifest with this digest was found")
    assert NASTY in window.text


@pytest.mark.slow
def test_an_empty_log_says_so_and_is_followed_live(window: Browser, tmp_path: Path) -> None:
    with served(tmp_path) as server:
        window.open(server.address, until="There are no runs yet")
        RunLog(tmp_path).append(a_run(1))
        window.wait_for_text("1 of 1 runs")
        RunLog(tmp_path).append(a_run(2))
        window.wait_for_text("2 of 2 runs")


@pytest.mark.slow
def test_ten_thousand_runs_can_be_looked_through(window: Browser, tmp_path: Path) -> None:
    lines = [a_run(number).model_dump_json() for number in range(10_000)]
    (tmp_path / "runs.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with served(tmp_path) as server:
        window.open(server.address, until="10,000 of 10,000 runs")
        window.pick("Model family", "llm")
        window.wait_for_text("3,333 of 10,000 runs")
        window.choose_view("A run")
        window.wait_for_text("The best 300 of 3,333")


def test_the_server_speaks_to_this_machine_alone_and_reports_nothing() -> None:
    command = serve_command([Path("runs")], port=8501)

    told = dict(pairwise(command))
    assert told["--server.address"] == "127.0.0.1"
    assert told["--browser.gatherUsageStats"] == "false"
    assert command[0] == sys.executable


def test_a_port_that_is_taken_is_not_used(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("streamlit", reason="the leaderboard needs the extra ui")
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run_here(["leaderboard", tmp_path, "--port", str(port)], capsys)

    assert ended.code == 2
    assert f"port {port} cannot be used" in ended.err
    assert free_port(None) != port


def test_a_log_that_is_not_there_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ended = run_here(["leaderboard", tmp_path / "nowhere"], capsys)

    assert (ended.code, ended.out) == (2, "")
    assert "there is no run log at" in ended.err


def test_the_ranking_can_be_had_without_a_page(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = RunLog(tmp_path)
    for number in range(5):
        log.append(a_run(number))

    ended = run_here(["leaderboard", tmp_path, "--json", "--score", "log_loss"], capsys)

    told = json.loads(ended.out)
    scores = [row["score"] for row in told["runs"]]
    assert ended.code == 0
    assert scores == sorted(scores)
    assert len(scores) == 5
