"""What the commands do with good input: their answers, files and exit codes."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import campaignkit
import campaignkit.apps
from campaignkit import CampaignDataset, Catalogue, SamplingSpec, SignedGraph
from command_line import Ended, run_here

RANGES = "brand=1,audience=2-4,platform=1-2,geo=1-2"
COUNTS = "pos=40,avg=50,neg=40"
Run = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with edges.csv of the small bundled catalogue and a spec that suits it."""
    folder = tmp_path_factory.mktemp("work")
    graph = campaignkit.build_graph(
        Catalogue.bundled("starter-27"), scorer=campaignkit.TraitScorer()
    ).graph
    graph.write_csv(folder / "edges.csv")
    ranges = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 2)}
    profile = campaignkit.diagnose(graph, type_ranges=ranges)
    profile.suggest({"pos": 40, "avg": 50, "neg": 40}).write(folder / "spec.json")
    return folder


@pytest.fixture
def made(work: Path, tmp_path: Path, capsys: Run) -> Path:
    """A data set folder made on the command line."""
    out = tmp_path / "out"
    ended = _generate(work, out, capsys)
    assert ended.code == 0, ended.err
    return out


def _generate(work: Path, out: Path, capsys: Run, *more: str) -> Ended:
    spec, edges = work / "spec.json", work / "edges.csv"
    return run_here(
        ["dataset", "generate", edges, spec, "--out", out, "--seed", "7", *more], capsys
    )


@pytest.mark.parametrize(
    "module", [m.name for m in pkgutil.iter_modules(campaignkit.apps.__path__)]
)
def test_the_examples_in_the_docstrings_run(module: str) -> None:
    loaded = importlib.import_module(f"campaignkit.apps.{module}")

    assert doctest.testmod(loaded).failed == 0


def test_a_quickstart_ends_in_the_next_command_with_a_folder_that_is_free(
    tmp_path: Path, capsys: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    few = ["--catalogue", "starter-27", "--suggest", "pos=5,avg=5,neg=5"]

    ended = run_here(["quickstart", *few, "--out", "mine"], capsys)

    assert ended.code == 0, ended.err
    for given in ("--catalogue my_catalogue.csv", "--edges my_edges.csv"):
        assert f"quickstart {given} --suggest pos=60,avg=80,neg=60 --out mine-2\n" in ended.out


def test_a_quickstart_names_misspelled_headers_of_the_catalogue(
    tmp_path: Path, capsys: Run
) -> None:
    place = tmp_path / "catalogue.csv"
    Catalogue.bundled("starter-27").write_csv(place)
    told = place.read_text(encoding="utf-8")
    place.write_text(told.replace("shuns", "shunz", 1), encoding="utf-8")
    few = ["--catalogue", place, "--suggest", "pos=5,avg=5,neg=5"]

    ended = run_here(["quickstart", *few, "--out", tmp_path / "out"], capsys)

    assert ended.code == 0, ended.err
    assert "  warning: trait 'shunz': is read by no rule (call it shuns)\n" in ended.out


def test_the_version_is_the_packages(capsys: Run) -> None:
    assert run_here(["--version"], capsys) == Ended(
        0, f"campaignkit {campaignkit.__version__}\n", ""
    )


@pytest.mark.parametrize(
    "words",
    [
        [], ["quickstart"], ["diagnose"], ["graph"], ["graph", "build"], ["graph", "compare"],
        ["graph", "show"], ["dataset"], ["dataset", "generate"], ["dataset", "evaluate"],
        ["dataset", "split"], ["dataset", "verify"],
    ],
)  # fmt: skip
def test_every_command_tells_what_it_is_for(words: list[str], capsys: Run) -> None:
    ended = run_here([*words, "--help"], capsys)

    assert ended.code == 0
    assert "Usage: campaignkit" in ended.out


def test_asking_for_help_loads_no_numerics() -> None:
    code = (
        "import sys\nfrom campaignkit.apps.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numba', 'scipy', 'networkx', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_build_writes_edges_that_read_back(tmp_path: Path, capsys: Run) -> None:
    out, saved = tmp_path / "e.csv", tmp_path / "graph"

    ended = run_here(["graph", "build", "starter-27", "--out", out, "--save", saved], capsys)

    assert (ended.code, ended.err) == (0, "")
    assert "pairs judged by TraitScorer" in ended.out
    assert SignedGraph.load(saved).num_edges == SignedGraph.read_csv(out).num_edges


def test_build_reads_a_csv_with_other_headers(tmp_path: Path, capsys: Run) -> None:
    (tmp_path / "mine.csv").write_text(
        "modality,name,price_tier,income\nbrand,Rolex,luxury,\naudience,Students,,low\n",
        encoding="utf-8",
    )

    ended = run_here(
        ["graph", "build", tmp_path / "mine.csv", "--columns", "value=name",
         "--out", tmp_path / "e.csv", "--json"],
        capsys,
    )  # fmt: skip

    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["num_attributes"] == 2


def test_compare_says_that_a_graph_agrees_with_itself(work: Path, capsys: Run) -> None:
    edges = work / "edges.csv"

    ended = run_here(["graph", "compare", edges, edges, "--json"], capsys)
    spoken = run_here(["graph", "compare", edges, edges], capsys)

    told = json.loads(ended.out)["overall"]
    assert (ended.code, told["edge_recall"], told["kappa"]) == (0, 1.0, 1.0)
    assert "audience - brand" in spoken.out


def test_compare_names_attributes_that_only_one_side_has(tmp_path: Path, capsys: Run) -> None:
    head = "source,target,rel,sign\n"
    (tmp_path / "a.csv").write_text(head + "Nike,Peru,brand_to_geo,+\n")
    (tmp_path / "b.csv").write_text(head + "Nike,Chile,brand_to_geo,+\n")

    ended = run_here(["graph", "compare", tmp_path / "a.csv", tmp_path / "b.csv"], capsys)

    assert "1 attributes only in A, not compared: geo Peru" in ended.out


def test_show_prints_counts_and_draws_a_page(work: Path, tmp_path: Path, capsys: Run) -> None:
    page = tmp_path / "graph.html"

    ended = run_here(["graph", "show", work / "edges.csv", "--out", page], capsys)
    told = run_here(["graph", "show", work / "edges.csv", "--json"], capsys)

    graph = SignedGraph.read_csv(work / "edges.csv")
    assert graph.digest in ended.out
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert json.loads(told.out)["num_positive"] == graph.num_positive


def test_diagnose_suggests_a_spec_that_generate_takes(
    work: Path, tmp_path: Path, capsys: Run
) -> None:
    spec = tmp_path / "spec.toml"

    ended = run_here(
        ["diagnose", work / "edges.csv", "--ranges", RANGES, "--suggest", COUNTS,
         "--write-spec", spec],
        capsys,
    )  # fmt: skip

    assert ended.code == 0, ended.err
    assert "positive" in ended.out
    assert "label neg: accepts" in ended.out
    assert SamplingSpec.read(spec) == SamplingSpec.read(work / "spec.json")


def test_diagnose_tells_what_the_labels_of_a_spec_accept(work: Path, capsys: Run) -> None:
    ended = run_here(
        ["diagnose", work / "edges.csv", "--spec", work / "spec.json", "--json"], capsys
    )

    told = json.loads(ended.out)
    assert set(told["accepted"]) == {"pos", "avg", "neg"}
    assert 0 < told["accepted"]["pos"] <= 0.30


def test_generate_gives_the_bytes_that_python_gives(
    work: Path, made: Path, tmp_path: Path
) -> None:
    graph = SignedGraph.read_csv(work / "edges.csv")
    spec = SamplingSpec.read(work / "spec.json")

    campaignkit.AnnealingSampler(graph, spec, seed=7).sample().write(tmp_path / "python")

    files = sorted(path.name for path in made.iterdir())
    assert files == sorted(path.name for path in (tmp_path / "python").iterdir())
    for name in files:
        assert (made / name).read_bytes() == (tmp_path / "python" / name).read_bytes(), name


def test_generate_replaces_only_when_told(work: Path, made: Path, capsys: Run) -> None:
    before = (made / "campaigns.jsonl").read_bytes()

    refused = _generate(work, made, capsys)
    allowed = _generate(work, made, capsys, "--replace", "--json")

    assert (refused.code, allowed.code) == (2, 0)
    assert "is not empty" in refused.err
    assert json.loads(allowed.out)["evaluation"]["in_range_frac"] == 1.0
    assert (made / "campaigns.jsonl").read_bytes() == before


def test_generate_writes_parquet_with_the_same_campaigns(
    work: Path, made: Path, tmp_path: Path, capsys: Run
) -> None:
    ended = _generate(work, tmp_path / "parquet", capsys, "--format", "parquet")

    assert ended.code == 0, ended.err
    assert CampaignDataset.read(tmp_path / "parquet") == CampaignDataset.read(made)


def test_evaluate_agrees_with_what_was_written(work: Path, made: Path, capsys: Run) -> None:
    edges = ["--edges", work / "edges.csv"]
    ended = run_here(["dataset", "evaluate", made, *edges, "--json"], capsys)
    spoken = run_here(["dataset", "evaluate", made, *edges], capsys)

    assert (ended.code, spoken.code) == (0, 0)
    assert json.loads(ended.out) == json.loads((made / "evaluation.json").read_bytes())
    assert "130 campaigns" in spoken.out


def test_evaluate_fails_where_campaigns_are_out_of_range(
    work: Path, made: Path, tmp_path: Path, capsys: Run
) -> None:
    told = json.loads((work / "spec.json").read_bytes())
    told["label_params"]["neg"]["pos_frac_range"] = [0.9, 1.0]
    told["label_params"]["neg"]["neg_frac_range"] = [0.0, 0.1]
    (tmp_path / "other.json").write_text(json.dumps(told))

    ended = run_here(
        ["dataset", "evaluate", made, "--edges", work / "edges.csv",
         "--spec", tmp_path / "other.json"],
        capsys,
    )  # fmt: skip

    assert ended.code == 1


def test_split_writes_both_sides(made: Path, tmp_path: Path, capsys: Run) -> None:
    out = tmp_path / "split"

    ended = run_here(["dataset", "split", made, "--out", out, "--test", "0.3", "--json"], capsys)

    told = json.loads(ended.out)
    sides = [CampaignDataset.read(out / name) for name in ("train", "test")]
    assert [told["train"], told["test"]] == [len(side) for side in sides] == [91, 39]


def test_verify_passes_what_generate_made(work: Path, made: Path, capsys: Run) -> None:
    edges = work / "edges.csv"
    ended = run_here(["dataset", "verify", made, "--edges", edges], capsys)
    told = run_here(["dataset", "verify", made, "--edges", edges, "--json"], capsys)

    assert ended.code == 0, ended.out
    assert json.loads(told.out)["is_sound"] is True


def test_verify_fails_when_one_sign_is_turned(
    work: Path, made: Path, tmp_path: Path, capsys: Run
) -> None:
    text = (work / "edges.csv").read_text(encoding="utf-8")
    (tmp_path / "turned.csv").write_text(text.replace(",-\n", ",+\n"), encoding="utf-8")

    ended = run_here(["dataset", "verify", made, "--edges", tmp_path / "turned.csv"], capsys)

    assert ended.code == 1
    assert "NOT SOUND" in ended.out
