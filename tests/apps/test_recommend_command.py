"""``campaignkit recommend`` and the leaderboard's view: on data, models, graphs, nonsense."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import campaignkit as ck
from campaignkit.apps.leaderboard_page import LeaderboardPage
from campaignkit.apps.leaderboard_query import Query
from campaignkit.recommend import recommender_at
from campaignkit.runs import RunLog
from command_line import run_here
from run_logs import a_run

NASTY = "</select><img src=x onerror='1'>\"'<script>1</script>"
ROWS = [
    {"brand": brand, "geo": geo, "platform": platform}
    for brand in ("Nike", "Rolex", NASTY)
    for geo in ("Peru", "Chile")
    for platform in ("TikTok", "Radio")
] * 20


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set, a model of it and a graph."""
    place = tmp_path_factory.mktemp("desk")
    labels = [
        "pos" if (row["geo"] == "Peru") == (row["brand"] == "Nike") else "neg" for row in ROWS
    ]
    told = "\n".join(
        json.dumps({name: [value] for name, value in row.items()} | {"label": label})
        for row, label in zip(ROWS, labels, strict=True)
    )
    (place / "campaigns.jsonl").write_text(told + "\n", encoding="utf-8")
    ck.PairwiseOrdinalClassifier(rank=1, max_iterations=20).fit(ROWS, labels).save(place / "model")
    edges = [
        ck.Edge(("brand", "Nike"), ("geo", "Peru"), 1),
        ck.Edge(("brand", NASTY), ("geo", "Peru"), -1),
    ]
    ck.SignedGraph.from_edges(edges).save(place / "graph")
    return place


@pytest.mark.parametrize("source", ["campaigns.jsonl", "model", "graph"])
def test_data_models_and_graphs_are_completed(
    desk: Path, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run_here(["recommend", desk / source, "--known", "brand=Nike", "--count", "1"], capsys)

    assert done.code == 0, done.err
    assert "geo Peru" in done.out
    assert "proven" in done.out
    assert "Nike + Peru" in done.out


def test_json_has_everything_and_what_if_names_changes(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["recommend", desk / "campaigns.jsonl", "--known", "brand=Nike"]

    told = json.loads(run_here([*asked, "--json"], capsys).out)
    changes = run_here([*asked, "--known", "geo=Chile", "--what-if"], capsys).out
    no_radio = run_here([*asked, "--forbid", "platform=Radio"], capsys).out

    assert told[0]["campaign"]["geo"] == ["Peru"]
    assert [*told[0]["probabilities"]] == ["neg", "pos"]
    assert told[0]["nearest"][0]["label"] == "pos"
    assert "geo: swap Chile for Peru" in changes
    assert "Radio" not in no_radio


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--known", "brand"], "is not NAME=VALUE"),
        (["--known", "brand=Nik"], "did you mean 'Nike'"),
        (["--known", "brand=Nike", "--free", "plaform"], "did you mean platform"),
        (["--known", "brand=Nike", "--count", "0"], "k is 0"),
        (["--known", "brand=Nike", "--ranges", "geo=3-1"], "low 3 above high 1"),
        (["--what-if"], "has no values"),
    ],
)
def test_wrong_words_are_told_in_words(
    desk: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run_here(["recommend", desk / "model", *words], capsys)

    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_folder_that_is_no_model_is_refused(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (desk, desk / "nothing", desk / "nothing.csv"):
        done = run_here(["recommend", path, "--known", "brand=Nike"], capsys)

        assert done.code in {1, 2}
        assert "Traceback" not in done.err


def test_the_view_completes_what_is_chosen_and_escapes_every_value(desk: Path) -> None:
    page = LeaderboardPage([], recommender=recommender_at(desk / "campaigns.jsonl"))

    html = page.html("view=recommend&known.brand=Nike&known.geo=%3Cscript%3E&known.%3Cb%3E=1")
    nasty = page.html(f"view=recommend&known.brand={NASTY.replace('&', '%26')}")
    whole = page.html("view=recommend&known.brand=Nike&known.geo=Chile&known.platform=Radio")

    assert "Best completions" in html
    assert 'value="Nike" selected' in html
    assert "brand left free" in html
    assert "geo: swap" in whole or "swap Chile for Peru" in whole
    for told in (html, nasty, whole):
        assert "<img" not in told
        assert told.count("<script") == 1  # the page's own
        assert "onerror='1'" not in told
    lone = LeaderboardPage([], recommender=recommender_at(desk / "graph"))
    assert lone.html("view=recommend&known.brand=Nike").count("Nike + Peru: +1") == 1


def test_without_a_model_the_view_says_how_to_give_one(tmp_path: Path) -> None:
    RunLog(tmp_path).append(a_run(1))

    assert "--recommend MODEL" in LeaderboardPage([tmp_path]).html("view=recommend")
    assert Query.of("known.a=b&known.c=&x=1").known == (("a", "b"),)
