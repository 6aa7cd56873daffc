"""The documentation runs, and its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars
import pyarrow.parquet
import pytest
import typer

import campaignkit as ck
from campaignkit.dataset import DatasetWriter
from command_line import run_here
from start_pages import WAYS
from tiny_models import prompts, write_model

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))
PROJECT = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md"]
LISTED = [*PAGES, *(ROOT / name for name in PROJECT)]
SLOW = {  # pages whose lines take some seconds
    *("audit", "charts", "constrained-llm", "evaluation", "extending", "recipes", "sampling"),
    "training",
}
TORCH = {"constrained-llm", "training"}  # pages whose lines need a language model
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
RANGES = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 2)}


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """A folder with the files that pages speak of, and the objects they take for granted."""
    place = tmp_path_factory.mktemp("desk")
    catalogue = ck.Catalogue.bundled("starter-27")
    graph = ck.build_graph(catalogue, scorer=ck.TraitScorer()).graph
    spec = ck.diagnose(graph, type_ranges=RANGES).suggest({"pos": 40, "avg": 50, "neg": 40})
    for name in ("my_catalogue.csv", "mine.csv"):
        catalogue.write_csv(place / name)
    catalogue.write_json(place / "mine.json")
    lines = (place / "mine.csv").read_text(encoding="utf-8")
    (place / "theirs.csv").write_text(lines.replace(",value,", ",name,", 1), encoding="utf-8")
    for name in ("may", "june"):
        pyarrow.parquet.write_table(ck.synthetic_table(2_000), place / f"{name}.parquet")
    dirty, _ = ck.ErrorInjector(["clicks_exceed_impressions"], rate=0.05).inject(
        place / "may.parquet"
    )
    pyarrow.parquet.write_table(dirty, place / "campaigns.parquet")
    ck.mine_rules(place / "may.parquet").save(place / "rules.yaml")
    for name in ("my_edges.csv", "edges.csv"):
        graph.write_csv(place / name)
    spec.write(place / "spec.json")
    dataset = ck.AnnealingSampler(graph, spec, seed=7).sample()
    return place, {
        "ck": ck, "catalogue": catalogue, "graph": graph, "spec": spec, "dataset": dataset,
        "reference": graph, "candidate": graph, "frame": polars.read_csv(place / "mine.csv"),
        "vocabulary": dataset.vocabulary, "blocks": [dataset.block],
        "DatasetWriter": DatasetWriter, "table": ck.synthetic_table(500),
    }  # fmt: skip


@pytest.fixture
def desk(
    furnished: tuple[Path, dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, object]:
    """A copy of both for one page."""
    place, objects = furnished
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return {**objects}


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.stem, marks=pytest.mark.slow if page.stem in SLOW else ())
        for page in PAGES
        if page.stem not in WAYS  # they are followed on a fresh install
    ],
)
def test_what_the_page_shows_runs_as_written(
    page: Path,
    desk: dict[str, object],
    capsys: pytest.CaptureFixture[str],
) -> None:
    if page.stem in TORCH:
        pytest.importorskip("torch", reason="torch is not installed")
        pytest.importorskip("transformers", reason="transformers is not installed")
        texts, codes = prompts(12)
        desk |= {"texts": texts, "labels": codes}
        write_model(Path("my-model"), max_position_embeddings=2048)
    _run(page.name, _text(page), desk, capsys)


def _run(
    name: str, text: str, session: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    for number, (kind, block) in enumerate(BLOCK.findall(text), start=1):
        if kind == "python":
            exec(compile(block, f"{name}, block {number}", "exec"), session)
            continue
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            assert words[0] == "campaignkit"
            ended = run_here(words[1:], capsys)
            assert ended.code == 0, (line, ended.err)


def test_a_template_can_stand_in_the_house_as_it_is() -> None:
    """A menu imports the file that stands below it: the file must not import from the menu."""
    pages = _text(ROOT / "docs" / "extending.md"), _text(ROOT / "docs" / "own-model.md")
    sections = [part for page in pages for part in re.split(r"^## ", page, flags=re.M)]
    houses = [
        (re.findall(r"^In the library: .*?`(\w[\w/]+)/", part, re.M), part) for part in sections
    ]
    found = []
    for (house,), section in [(found, part) for found, part in houses if found]:
        menus = house.split("/")
        above = {".".join(["campaignkit", *menus[: n + 1]]) for n in range(len(menus))}
        blocks = [
            block for _, block in BLOCK.findall(section) if re.search("^class |^def ", block, re.M)
        ]
        imported = {
            name for block in blocks for name in re.findall(r"^from (\S+) import", block, re.M)
        }
        found += sorted(above & imported)

    assert len([found for found, _ in houses if found]) >= 9
    assert found == []


PROMISED = """
```python
import campaignkit as ck
catalogue = ck.Catalogue.bundled("retail-160")            # or Catalogue.read_csv(path)
graph = ck.build_graph(catalogue, scorer=ck.TraitScorer()).graph
graph.write_csv("edges.csv"); graph = ck.SignedGraph.read_csv("edges.csv")
profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 3)}, num_draws=10_000, seed=0)
spec = profile.suggest(num_samples={"pos": 4000, "avg": 5000, "neg": 4000})   # or SamplingSpec.model_validate({...}), SamplingSpec.read("spec.json")
spec.write("spec.json")
dataset = ck.AnnealingSampler(graph, spec, seed=7).sample()
dataset.write("out")                                      # out/campaigns.jsonl, out/manifest.json, out/evaluation.json
dataset.to_frame(); len(dataset); dataset[0]; ck.CampaignDataset.read("out")
train, test = dataset.split(test=0.3, seed=0)             # stratified; identical rows stay on one side
graph.sign(("audience", "Budget Shoppers"), ("brand", "Rolex")); graph.neighbors(("brand", "Rolex")); ck.__version__
```
```sh
campaignkit diagnose edges.csv --spec spec.json
campaignkit dataset generate edges.csv spec.json --out again --seed 7
campaignkit dataset verify again --edges edges.csv
campaignkit graph compare edges.csv edges.csv --json
```
"""  # noqa: E501


@pytest.mark.slow
def test_the_promised_lines_run_as_promised_and_the_commands_make_the_same_campaigns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    _run("promised", PROMISED, {}, capsys)

    ours, theirs = (Path(name, "campaigns.jsonl").read_bytes() for name in ("out", "again"))
    assert ours == theirs


@pytest.mark.parametrize("page", LISTED, ids=lambda page: page.stem)
def test_the_links_of_the_page_lead_somewhere(page: Path) -> None:
    dead = []
    for link in _links(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            dead.append(link)

    assert dead == []


# What a reader asks in the first hour, and where the answer stands.
QUESTIONS = {
    "How do I install it, and what does each extra bring?": "install.md#extras",
    "How do I get campaigns from attributes of my own?": "start-traits.md",
    "How do I use signs that I have, and correct one?": "graph.md#edits",
    "How do I learn a graph from the results of campaigns?": "start-results.md",
    "How do I ask a language model, and what will it cost?": "cost.md",
    "How do I find what is wrong with my table?": "start-audit.md",
    "How do I read the report?": "reading-the-report.md",
    "How do I choose how many campaigns each label gets, and how large they are?": "spec.md",
    "How do I know which classifier to use?": "classify.md",
    "How do I compare the models that I have trained?": "leaderboard.md",
    "How do I check that a data set is what was asked for?": "dataset.md#independent-verification",
    "How do I write a scorer, a check or a classifier of my own?": "extending.md#a-scorer",
}
MOST_CLICKS = 2


def test_the_first_page_leads_to_every_page_and_to_every_answer_in_two_clicks() -> None:
    first = ROOT / "docs" / "index.md"
    clicks, waiting = {first: 0}, [first]
    for page in waiting:  # it grows
        for link in _links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.is_file() and target not in clicks:
                clicks[target] = clicks[page] + 1
                waiting.append(target)

    assert [page.name for page in PAGES if clicks.get(page, 99) > MOST_CLICKS] == []
    for question, answer in QUESTIONS.items():
        name, _, anchor = answer.partition("#")
        page = ROOT / "docs" / name
        assert clicks[page] <= MOST_CLICKS, question
        assert not anchor or anchor in _anchors(page), question


def test_the_page_of_the_command_line_names_every_command_and_option() -> None:
    from campaignkit.apps.cli import app

    page = _text(ROOT / "docs" / "cli.md")
    found = list(_named(typer.main.get_command(app), "campaignkit"))
    missing = [name for name in found if f"`{name}" not in page]

    assert len(found) > 20
    assert missing == []


def _named(command: Any, path: str) -> Iterator[str]:  # Any: typer carries its own click
    children = getattr(command, "commands", {})
    for name, child in children.items():
        yield from _named(child, f"{path} {name}")
    if not children:
        yield path
    for parameter in command.params:
        yield from (name for name in parameter.opts if name.startswith("--") and name != "--help")


def _links(page: Path) -> list[str]:
    """The links of a page into the project; those of blocks of code are none."""
    text = re.sub(r"^```.*?^```$", "", _text(page), flags=re.MULTILINE | re.DOTALL)
    return [link for link in LINK.findall(text) if "://" not in link]


def _anchors(page: Path) -> set[str]:
    """What links can name in a page: its headings, as GitHub and the site write them."""
    headings = re.findall(r"^#{1,3} (.+)$", _text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")
