"""``graph build`` with a model: planned, rehearsed, bounded, resumed, and refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from campaignkit import SignedGraph
from campaignkit.apps.build_words import method_named
from campaignkit.testing import ModelServer
from command_line import run_here

Run = pytest.CaptureFixture[str]
REHEARSE = ["graph", "build", "starter-27", "--rehearse"]
KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY")


@pytest.fixture(autouse=True)
def _no_keys_and_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


def answer(prompt: str, schema: dict[str, object] | None) -> str:
    return json.dumps(dict.fromkeys((schema or {})["required"], "+"))  # type: ignore[attr-defined]


def test_a_rehearsal_says_that_it_is_one_and_prints_the_plan_first(capsys: Run) -> None:
    ended = run_here(REHEARSE, capsys)

    assert ended.code == 0
    assert ended.err.startswith("brute force, mixed packing: 17 calls for 252 judgements")
    assert "of the signs are those of the simulated world" in ended.out
    assert SignedGraph.read_csv("rehearsed_edges.csv").num_edges > 50
    assert not Path("edges.csv").exists()


def test_a_rehearsal_in_numbers(capsys: Run) -> None:
    ended = run_here([*REHEARSE, "--json", "--packing", "pairs"], capsys)

    told = json.loads(ended.out)
    assert told["rehearsed"] is True
    assert told["agreement_with_simulated_truth"] > 0.8
    assert told["calls"] >= 11
    counted = told["num_positive"] + told["num_negative"] + told["num_neutral"]
    assert counted + told["num_failed"] == 252


def test_known_pairs_are_looked_up_in_the_graph_that_was_built(capsys: Run) -> None:
    Path("known.csv").write_text(
        "source,target,rel,sign\nNike,Athletes,brand_to_audience,+\n"
        "Nike,Brazil,brand_to_geo,?\nNowhere,Brazil,brand_to_geo,+\n"
    )
    build = ["graph", "build", "starter-27", "--known", "known.csv"]

    spoken = run_here([*build, "--out", "one.csv"], capsys)
    told = json.loads(run_here([*build, "--out", "two.csv", "--json"], capsys).out)

    assert "1 of 1 known pairs have the expected sign" in spoken.out
    assert told["known_pairs"] == {"right": 1, "wrong": [], "ambiguous": 1, "not_there": 1}


def test_a_plan_alone_sends_and_writes_nothing(capsys: Run) -> None:
    spoken = run_here(["graph", "build", "retail-160", "--plan"], capsys)
    counted = run_here(["graph", "build", "retail-160", "--plan", "--json"], capsys)

    assert spoken.out.startswith("brute force, mixed packing: 348 calls")
    assert json.loads(counted.out)["calls"] == 348
    assert list(Path().iterdir()) == []


def test_prices_turn_the_plan_into_money(capsys: Run) -> None:
    Path("prices.toml").write_text('["rehearsal"]\nin_per_million = 0.1\nout_per_million = 0.4\n')
    plan = [*REHEARSE, "--plan", "--json", "--prices", "prices.toml"]

    told = json.loads(run_here(plan, capsys).out)
    refused = run_here([*REHEARSE, "--prices", "prices.toml", "--money", "0.000001"], capsys)

    assert told["cost"] == pytest.approx(
        (0.1 * told["tokens_in"] + 0.4 * told["tokens_out"]) / 1e6
    )
    assert refused.code == 2
    assert "money needed" in refused.err


@pytest.mark.slow
@pytest.mark.parametrize(("method", "calls"), [("active", 100), ("pre-filter", 400)])
def test_every_method_can_be_rehearsed(method: str, calls: int, capsys: Run) -> None:
    ended = run_here(
        ["graph", "build", "retail-160", "--rehearse", "--method", method, "--calls", str(calls),
         "--json"],
        capsys,
    )  # fmt: skip

    assert ended.code == 0, ended.err
    told = json.loads(ended.out)
    states = ("positive", "negative", "neutral", "not_viable", "discarded", "failed")
    assert sum(told[f"num_{state}"] for state in states) == 8700
    assert sum(told["calls_by_stage"].values()) == told["calls"] <= calls


def test_the_clusters_of_a_pre_filter_are_set_by_options(capsys: Run) -> None:
    Path("prompts.toml").write_text('score = "Score them."\n')
    words = [
        "retail-160", "--method", "pre-filter", "--embedder", "hashing", "--reduction", "pca",
        "--min-cluster-size", "3", "--temperature", "0.4", "--batch-size", "10", "--packing",
        "published", "--prompts", "prompts.toml",
    ]  # fmt: skip
    ended = run_here(
        ["graph", "build", *words, "--rehearse", "--calls", "60", "--save", "kept"], capsys
    )

    assert ended.code == 0, ended.err
    assert "an estimate, not a bound" in ended.err
    assert "score clusters" in ended.out

    chosen = method_named(
        "pre-filter", model=None, batch_size=10, temperature=0.4,
        settings={"embedder": "hashing", "reduction": "umap", "min_cluster_size": 3,
                  "prompts": Path("prompts.toml"), "packing": "published", "target": None},
    )  # fmt: skip
    assert (chosen.packing, chosen.batch_size, chosen.temperature) == ("published", 10, 0.4)
    assert chosen.reduction.name.startswith("UMAP(dimensions=15")
    assert "min_cluster_size=3" in chosen.clusterer.name
    assert chosen.prompts.score == "Score them."


def test_a_method_goes_with_the_rules_as_well(capsys: Run) -> None:
    spoken = run_here(["graph", "build", "starter-27", "--method", "brute-force"], capsys)

    assert spoken.err == ""
    assert "252 pairs decided by BruteForce with answers by TraitScorer" in spoken.out
    assert "17 calls" in spoken.out


def test_a_stored_build_is_resumed_for_nothing(capsys: Run) -> None:
    command = [*REHEARSE, "--store", "kept", "--replace", "--json"]

    first, again = (json.loads(run_here(command, capsys).out) for _ in range(2))

    assert first == again


def test_a_server_of_the_openai_protocol_is_asked(capsys: Run) -> None:
    with ModelServer(answer) as server:
        ended = run_here(
            ["graph", "build", "starter-27", "--model", "mine", "--base-url", server.openai_url,
             "--calls", "20"],
            capsys,
        )  # fmt: skip

        assert ended.code == 0, ended.err
        assert len(server.charges) == 17
    assert "LLMEdgeScorer(mine)" in ended.out
    assert "warning: all 252 judged pairs are +: the answers contain no information" in ended.out
    assert "rehearsed" not in ended.out


def test_a_wrong_key_and_an_unknown_model_end_in_words(
    capsys: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "not-the-one")
    with ModelServer(answer, keys=["the-one"], models=["known"]) as server:
        command = ["graph", "build", "starter-27", "--base-url", server.gemini_url, "--model"]
        wrong = run_here([*command, "gemini:known"], capsys)
        monkeypatch.setenv("GEMINI_API_KEY", "the-one")
        unknown = run_here([*command, "gemini:no-such"], capsys)

    for ended, words in ((wrong, "key"), (unknown, "no-such")):
        assert ended.code == 2
        assert words in ended.err.partition("error: ")[2]
        assert "Traceback" not in ended.err
        assert "not-the-one" not in ended.err
    assert list(Path().iterdir()) == []


def test_a_spent_quota_ends_the_build_and_what_was_answered_is_kept(capsys: Run) -> None:
    command = ["graph", "build", "starter-27", "--model", "mine", "--store", "kept",
               "--workers", "1", "--base-url"]  # fmt: skip
    with ModelServer(answer, quota=5) as poor:
        stopped = run_here([*command, poor.openai_url], capsys)
    with ModelServer(answer) as rich:
        ended = run_here([*command, rich.openai_url], capsys)

        assert stopped.code == 2
        assert "quota" in stopped.err.partition("error: ")[2]
        assert ended.code == 0, ended.err
        assert (len(poor.charges), len(rich.charges)) == (5, 12)


# What is asked: (the words after `graph build`, what the error must say)
REFUSED = {
    "no key": ("starter-27 --model gemini-3-flash", "there is no API key"),
    "no such kind of model": ("starter-27 --model claude", "expected gemini:NAME, openai:NAME"),
    "two models": ("starter-27 --rehearse --model gemini:x", "expected one of them"),
    "an address without a model": ("starter-27 --base-url http://x", "without --model"),
    "an unknown method": ("starter-27 --rehearse --method magic", "expected brute-force, act"),
    "an unknown packing": ("starter-27 --rehearse --packing tight", "expected published, or"),
    "a batch of none": ("starter-27 --rehearse --batch-size 0", "batch_size"),
    "a target that is none": ("starter-27 --rehearse --method active --target 7", "target_dis"),
    "an unknown embedder": (
        "starter-27 --rehearse --method pre-filter --embedder bert",
        "expected hashing, minilm",
    ),
    "an unknown reduction": (
        "starter-27 --rehearse --method pre-filter --reduction tsne",
        "expected pca or umap",
    ),
    "no such prompts": (
        "starter-27 --rehearse --method pre-filter --prompts no.toml",
        "no.toml does not exist",
    ),
    "clusters without a pre-filter": (
        "starter-27 --rehearse --method active --embedder hashing",
        "--embedder is given together with --method active; expected --method pre-filter",
    ),
    "clusters without a method": (
        "starter-27 --min-cluster-size 3",
        "--min-cluster-size is given without --method pre-filter, which reads it",
    ),
    "a target of brute force": ("starter-27 --target 0.2", "without --method active"),
    "a packing of active": (
        "starter-27 --method active --packing pairs",
        "expected --method brute-force or --method pre-filter",
    ),
    "a temperature of no model": (
        "starter-27 --temperature 0.2",
        "--temperature is given without --model or --rehearse, which reads it",
    ),
    "a model's options of no model": (
        "starter-27 --describe --workers 2 --rate 9 --tokens 5",
        "--describe, --workers, --rate, --tokens are given without --model",
    ),
    "a budget below none": ("starter-27 --rehearse --calls -1", "calls is -1"),
    "a budget that is too small": ("starter-27 --rehearse --calls 3", "does not fit the budget"),
    "money without a price": ("starter-27 --rehearse --money 1", "has no price"),
    "no such prices": ("starter-27 --rehearse --prices no.toml", "no.toml does not exist"),
    "one modality": ("one.csv --rehearse", "no pair of different modalities"),
    "fifty thousand attributes": ("many.csv --plan", "25,000,000 calls of 25"),
    "workers that are none": ("starter-27 --rehearse --workers 0", "concurrency is 0"),
    "a folder for a file": ("starter-27 --rehearse --replace --out full", "expected a file name"),
    "a file in no folder": ("starter-27 --rehearse --out no/e.csv", "folder no does not exist"),
    "a full folder to save in": ("starter-27 --rehearse --save full", "is not empty"),
    "a file for a store": ("starter-27 --rehearse --store one.csv", "as a folder: it is a file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_built_is_refused_in_words(name: str, capsys: Run) -> None:
    words, expected = REFUSED[name]
    Path("one.csv").write_text("modality,value\nbrand,Nike\nbrand,Dior\n")
    rows = "".join(f"{('brand', 'geo')[i % 2]},v{i}\n" for i in range(50_000))
    Path("many.csv").write_text("modality,value\n" + rows)
    Path("full").mkdir()
    Path("full", "a.txt").write_text("here before")
    before = sorted(Path().iterdir())

    ended = run_here(["graph", "build", *words.split()], capsys)

    assert ended.code == 2, ended.err
    assert expected in ended.err.partition("error: ")[2]
    assert "Traceback" not in ended.err
    assert ended.out == ""
    assert sorted(Path().iterdir()) == before
