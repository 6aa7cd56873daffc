"""The leaderboard as pages, and in a real browser: empty, broken, hostile, large, live."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from browser import LOOKS, Browser, browser, served, wait_for
from campaignkit.apps.leaderboard_command import HOST
from campaignkit.apps.leaderboard_page import LeaderboardPage
from campaignkit.apps.leaderboard_query import VIEWS, Query
from campaignkit.report.leaderboard import RunFilter, dataset_version, rank_runs
from campaignkit.runs import RunLog
from command_line import run_here
from fresh_core import run_in_core
from run_logs import a_run, log_with_predictions

# A name that would fetch from elsewhere, run or break out, wherever it were taken for markup.
NASTY = (
    "![x](http://example.invalid/a.png)<img src='http://example.invalid/b.png'>\"'><script>1</script>"
    "</select></title>${title}$x{body}"
)


class Tags(HTMLParser):
    """The elements of a page, and the texts between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.count: Counter[str] = Counter()
        self.handlers: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] += 1
        self.handlers |= {name for name, _ in attrs if name.startswith("on")}


def nasty_run() -> object:
    return a_run(
        500, model={"name": NASTY, "family": NASTY}, task=NASTY,
        dataset={"name": NASTY}, scores={"macro_f1": 0.99, NASTY: 0.5, f"f1_{NASTY}": 0.4},
        lineage={NASTY: NASTY}, notes=NASTY, parameters={NASTY: NASTY},
        confusion=[[1, 2], [3, 4]], labels=[NASTY, "b"],
    )  # fmt: skip


def page_of(tmp_path: Path, *runs: object, query: str = "") -> str:
    for run in runs:
        RunLog(tmp_path).append(run)
    return LeaderboardPage([tmp_path]).html(query)


def test_no_run_and_one_run_have_a_page_in_every_view(tmp_path: Path) -> None:
    page = LeaderboardPage([tmp_path])
    empty = [page.html(f"view={view}") for view in VIEWS]
    RunLog(tmp_path).append(a_run(1))
    full = [page.html(f"view={view}") for view in VIEWS]

    assert all("There are no runs yet" in text for text in empty)
    assert "There is no other run to compare it with." in full[0]
    assert all("1 run with macro_f1" in text for text in full)


def test_the_best_stands_first_with_its_verdict(tmp_path: Path) -> None:
    log_with_predictions(tmp_path)

    page = LeaderboardPage([tmp_path]).html("")
    compared = LeaderboardPage([tmp_path]).html("view=compare&a=fair&b=good")

    assert "good leads." in page
    assert "show a difference from 1 model." in page
    verdict, figures = compared.index("good beats fair by"), compared.index("<table")
    assert verdict < figures


def test_one_data_set_is_ranked_at_a_time_and_all_where_asked(tmp_path: Path) -> None:
    runs = [a_run(number) for number in range(9)]
    largest = Counter(dataset_version(run) for run in runs).most_common(1)[0]

    page = page_of(tmp_path, *runs)
    everything = LeaderboardPage([tmp_path]).html("data=")

    assert f"{largest[1]} runs with macro_f1 on {largest[0]}." in page
    assert "9 runs with macro_f1 on all data sets." in everything
    assert "choose one to see which models tie" in everything
    assert 'class="badge' in page


@pytest.mark.parametrize("view", VIEWS)
def test_hostile_names_are_text_in_every_view(tmp_path: Path, view: str) -> None:
    plain = Tags(page_of(tmp_path / "plain", a_run(500), query=f"view={view}"))
    query = f"view={view}&text=%22%3E%3Cscript%3E&run=%3Cscript%3E&score=%3Cscript%3E&task=%27"
    nasty = Tags(page_of(tmp_path / "nasty", nasty_run(), query=f"view={view}"))
    asked = Tags(LeaderboardPage([tmp_path / "plain"]).html(query))

    for page in (nasty, asked):
        assert page.count["script"] == plain.count["script"] == 1
        assert page.count["img"] == 0
        assert page.handlers == set()


@pytest.mark.parametrize("view", VIEWS)
def test_long_names_many_labels_and_missing_costs_have_a_page(tmp_path: Path, view: str) -> None:
    labels = [f"outcome {i}" for i in range(7)]
    scores = {"macro_f1": 0.5} | {f"f1_{name}": 0.1 * i for i, name in enumerate(labels)}
    seven = a_run(
        1, labels=labels, scores=scores, confusion=[[i] * 7 for i in range(7)],
        model={"name": "long " * 40, "family": "f" * 200}, cost=None, time=None,
    )  # fmt: skip

    page = page_of(tmp_path, seven, query=f"view={view}")

    if view == "ranking":
        assert all(f">{name}</span><br>F1" in page for name in labels)
    if view == "cost":
        assert "No run of this selection has this cost in its log." in page


def test_a_broken_line_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    RunLog(tmp_path).append(a_run(1))
    with (tmp_path / "runs.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"kind": "evaluation", "tas\n')

    page = LeaderboardPage([tmp_path]).html("")

    assert "1 problem in the logs" in page
    assert "runs.jsonl:2" in page
    assert "1 run with macro_f1" in page


def test_a_link_keeps_the_selection() -> None:
    query = Query.of("view=cost&score=log_loss&family=a%26b&family=c&data=&text=x&page=3&other=1")

    again = Query.of(query.link(view="ranking").partition("?")[2])

    assert (again.view, again.page) == ("ranking", 1)
    for name in ("score", "family", "data", "text"):
        assert getattr(again, name) == getattr(query, name)
    assert Query.of("page=٣").page == Query.of("page=" + "9" * 5000).page == 1
    with pytest.raises(ValueError, match="fields"):
        Query.of("a=1&" * 200)


def test_pages_of_the_ranking_hold_every_run(tmp_path: Path) -> None:
    lines = [a_run(number).model_dump_json() for number in range(0, 600, 4)]
    (tmp_path / "runs.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    page = LeaderboardPage([tmp_path])

    shown = [page.html(f"page={number}") for number in (1, 2, 9)]

    assert [text.count('id="run-') for text in shown] == [100, 50, 50]
    assert "Page 1 of 2" in shown[0]
    assert ">Next 100<" in shown[0] and ">Previous 100<" in shown[1]


def test_the_page_needs_the_core_alone(tmp_path: Path) -> None:
    log_with_predictions(tmp_path / "runs")
    code = """
from campaignkit.apps.leaderboard_page import LeaderboardPage
from campaignkit.apps.leaderboard_query import VIEWS
page = LeaderboardPage(["runs"])
print(all("The logs have 3 runs." in page.html(f"view={view}") for view in VIEWS))
"""

    assert run_in_core(tmp_path, "-c", code).stdout == "True\n"


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("downloads")) as opened:
        yield opened


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> RunLog:
    """120 runs, three with predictions, one with nasty names, and a broken line."""
    folder = tmp_path_factory.mktemp("runs")
    held = log_with_predictions(folder)
    for number in range(120):
        held.append(a_run(number))
    held.append(nasty_run())
    with (folder / "runs.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"kind": "evaluation", "tas\n')
    return held


@pytest.fixture(scope="module")
def address(log: RunLog) -> Iterator[str]:
    with served(log.path) as server:
        yield server.address


@pytest.mark.slow
def test_the_page_opens_with_the_ranking_and_names_the_broken_line(
    window: Browser, address: str, log: RunLog
) -> None:
    window.open(f"{address}?data=", until="The logs have 124 runs")

    best = rank_runs(log.read().records, "macro_f1").rows
    window.wait_for_text(best[1].model)
    assert window.count(".ranking tbody") == 100
    assert "1 problem in the logs" in window.text


@pytest.mark.slow
def test_a_filter_leaves_the_runs_it_names(window: Browser, address: str, log: RunLog) -> None:
    window.open(f"{address}?data=", until="The logs have 124 runs")

    window.pick("Model family", "pairwise")

    kept = RunFilter(families=("pairwise",)).of(log.read().records)
    window.wait_for_text(f"{len(kept)} runs with")
    assert window.count(".ranking tbody") == len(kept)
    assert "family=pairwise" in window.window.current_url  # an address that can be passed on


@pytest.mark.slow
def test_two_runs_are_compared_verdict_first(window: Browser, address: str) -> None:
    window.open(f"{address}?data=", until="The logs have 124 runs")
    window.follow("Compare")

    window.pick("First run", ". fair ·")
    window.pick("Second run", ". good ·")

    window.wait_for_text("good beats fair by")
    assert "F1 of label" in window.text
    assert window.count("figure.pictures svg") == 2


@pytest.mark.slow
def test_the_csv_that_is_exported_holds_every_run(
    window: Browser, address: str, log: RunLog, tmp_path: Path
) -> None:
    window.window.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    window.open(f"{address}?data=", until="The logs have 124 runs")

    window.follow("Download CSV")

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
    window.open(f"{address}?data=", until="The logs have 124 runs")

    for view, said in (
        ("Compare", "paired test"), ("Cost", "fit, CPU s (logarithmic)"),
        ("Difficulty", "no run reports"), ("Run", "Made from"), ("Ranking", "Download CSV"),
    ):  # fmt: skip
        window.follow(view)
        wait_for(lambda text=said: text.casefold() in window.text.casefold(), view)
        assert window.count("img[src*='example.invalid']") == 0
    assert window.hosts_asked() == {HOST}


@pytest.mark.slow
def test_a_row_unfolds_and_stays_open_while_runs_arrive(window: Browser, tmp_path: Path) -> None:
    RunLog(tmp_path).append(a_run(4))
    with served(tmp_path) as server:
        window.open(server.address, until="1 run with")
        window.window.find_element("css selector", "#run-run-00004 summary").click()
        RunLog(tmp_path).append(a_run(8))
        window.wait_for_text("2 runs with")

        window.wait_for_text("All of this run")
        assert window.count("details[open]#run-run-00004") == 1
        focused = window.window.execute_script("return document.activeElement.parentElement.id")
        assert focused == "run-run-00004"


@pytest.mark.slow
def test_an_empty_log_says_so_and_is_followed_live(window: Browser, tmp_path: Path) -> None:
    with served(tmp_path) as server:
        window.open(server.address, until="There are no runs yet")
        RunLog(tmp_path).append(a_run(4))
        window.wait_for_text("1 run with")
        assert "Rank by" in window.text  # the filters come with the first run
        RunLog(tmp_path).append(a_run(8))
        window.wait_for_text("2 runs with")


@pytest.mark.slow
def test_ten_thousand_runs_can_be_looked_through(window: Browser, tmp_path: Path) -> None:
    lines = [a_run(number).model_dump_json() for number in range(10_000)]
    (tmp_path / "runs.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with served(tmp_path) as server:
        window.open(f"{server.address}?data=", until="10,000 runs with")
        window.pick("Model family", "llm")
        window.wait_for_text("3,333 runs with")
        window.follow("Run")
        window.wait_for_text("the best 300 of 3,333")


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_accessible_on_light_and_dark_screens_and_phones(
    window: Browser, address: str, view: str
) -> None:
    for dark, width in LOOKS:
        window.look(dark=dark, width=width)
        window.open(f"{address}?view={view}&a=good&b=fair", until=VIEWS[view])
        window.window.execute_script(
            "document.querySelectorAll('details').forEach(part => { part.open = true })"
        )

        assert window.access_faults() == []
    window.look()


@pytest.mark.slow
def test_every_control_is_reached_by_keyboard_and_shows_the_focus(
    window: Browser, tmp_path: Path
) -> None:
    log_with_predictions(tmp_path)
    with served(tmp_path) as server:
        for view in ("ranking", "compare"):
            window.open(f"{server.address}?view={view}", until="Follow the logs")

            assert window.walk_faults() == []


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


@pytest.mark.parametrize("name", ["empty.jsonl", "empty.csv", "folder"])
def test_a_ranking_without_a_run_of_the_logs_says_so(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = tmp_path / name
    place.touch() if "." in name else place.mkdir()

    ended = run_here(["leaderboard", place, "--json"], capsys)

    assert ended.code == 2
    assert f"no run was read from {place}" in ended.err
    assert json.loads(ended.out)["num_runs_read"] == 0
