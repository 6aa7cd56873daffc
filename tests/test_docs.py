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
from first_session import FirstSession
from tiny_models import prompts, write_model

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LISTED = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "ARCHITECTURE.md"]
SLOW = {  # pages whose lines take some seconds
    *("README", "audit", "constrained-llm", "evaluation", "extending", "quickstart", "sampling"),
    *("charts", "recipes", "training"),
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
    ],
)
def test_what_the_page_shows_runs_as_written(
    page: Path,
    desk: dict[str, object],
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if page.stem in TORCH:
        pytest.importorskip("torch", reason="torch is not installed")
        pytest.importorskip("transformers", reason="transformers is not installed")
        texts, codes = prompts(12)
        desk |= {"texts": texts, "labels": codes}
        write_model(Path("my-model"), max_position_embeddings=2048)
    for number, (kind, block) in enumerate(BLOCK.findall(_text(page)), start=1):
        if kind == "python":
            exec(compile(block, f"{page.name}, block {number}", "exec"), desk)
            continue
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            assert words[0] in {"campaignkit", "make"}
            if words == ["campaignkit", "quickstart"]:  # it was run, once for all tests
                first_session: FirstSession = request.getfixturevalue("first_session")
                assert first_session.code == 0, first_session.err
                shutil.copytree(first_session.folder, "quickstart")
            elif words[0] == "campaignkit":  # make is tried on a clean clone, by the workflow
                ended = run_here(words[1:], capsys)
                assert ended.code == 0, (line, ended.err)
    if page.name == "README.md":  # its python and its commands make the same campaigns
        ours, theirs = (Path(name, "campaigns.jsonl").read_bytes() for name in ("out", "again"))
        assert ours == theirs


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


def test_the_readme_holds_the_promised_lines() -> None:
    promised = """
catalogue = ck.Catalogue.bundled("retail-160")            # or Catalogue.read_csv(path)
graph = ck.build_graph(catalogue, scorer=ck.TraitScorer()).graph
graph.write_csv("edges.csv"); graph = ck.SignedGraph.read_csv("edges.csv")
spec = profile.suggest(num_samples={"pos": 4000, "avg": 5000, "neg": 4000})
dataset = ck.AnnealingSampler(graph, spec, seed=7).sample()
dataset.write("out")                                      # out/campaigns.jsonl, out/manifest.json
dataset.to_frame(); len(dataset); dataset[0]; ck.CampaignDataset.read("out")
train, test = dataset.split(test=0.3, seed=0)             # stratified; identical rows stay
graph.sign(("audience", "Budget Shoppers"), ("brand", "Rolex"))
campaignkit diagnose edges.csv --spec spec.json
campaignkit dataset verify
campaignkit graph compare
make quickstart
make test
pip install campaignkit
"""
    readme = _text(ROOT / "README.md")

    assert [line for line in promised.splitlines() if line not in readme] == []


@pytest.mark.parametrize("page", LISTED, ids=lambda page: page.stem)
def test_the_links_of_the_page_lead_somewhere(page: Path) -> None:
    inside = [link for link in LINK.findall(_text(page)) if "://" not in link]

    dead = [link for link in inside if not (page.parent / link.partition("#")[0]).exists()]

    assert dead == []


def test_every_page_is_on_the_list_of_pages() -> None:
    listed = {Path(link).name for link in LINK.findall(_text(ROOT / "docs" / "index.md"))}

    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}

    assert pages - listed == set()


def test_no_page_is_listed_twice() -> None:
    links = re.findall(r"\]\(([^)\s]+\.md)\)", _text(ROOT / "docs" / "index.md"))

    assert sorted(links) == sorted({*links})


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


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")
