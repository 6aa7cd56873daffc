"""What a notebook shows of an object: useful, small, escaped; completion and help are clean."""

from __future__ import annotations

import inspect
import io
import pydoc
import re
import subprocess
import sys
import warnings
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import campaignkit as ck
from campaignkit.auditing import Finding
from campaignkit.progress import LogProgress, ProgressBar, Silent, bar as bar_module

NASTY = "<script>alert('x')</script>&\"<b>"
VOID = {"br", "hr", "img", "input"}
MOST_BYTES = 40_000
ANYTHING = {"x": {"pos_frac_range": (0, 1), "neg_frac_range": (0, 1), "num_samples": 9}}


class Tags(HTMLParser):
    """The tags and the text of a piece of HTML, and whether every tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def shown_objects(name: str) -> dict[str, Any]:
    """One object of each kind that notebooks show, all of which carry `name`."""
    catalogue = ck.Catalogue(
        [ck.Attribute("brand", name, description=name, traits={"tier": name})]
        + [ck.Attribute("brand", f"brand {i}") for i in range(5)]
        + [ck.Attribute(f"{name} of", f"place {i}") for i in range(6)]
    )
    keys = [a.key for a in catalogue]
    edges = [
        ck.Edge(a, b, 1 if (i + j) % 3 else -1)
        for i, a in enumerate(keys[:6])
        for j, b in enumerate(keys[6:])
    ]
    graph = ck.SignedGraph.from_edges(edges, catalogue=catalogue)
    profile = ck.diagnose(
        graph, type_ranges={"brand": (1, 2), f"{name} of": (1, 3)}, num_draws=200
    )
    spec = ck.SamplingSpec(type_ranges=profile.type_ranges, label_params={name: ANYTHING["x"]})
    dataset = ck.AnnealingSampler(graph, spec).sample()
    report = ck.audit({"clicks": [5] * 80, "impressions": [1] * 80})
    report.name = name
    report.findings.append(Finding(name, (name,), 3, 0.1, message=name))
    build = ck.build_graph(catalogue, scorer=lambda pairs: [1 for _ in pairs])
    return {
        "Catalogue": catalogue, "SignedGraph": graph, "DensityProfile": profile,
        "CampaignDataset": dataset, "AuditReport": report, "GraphBuild": build,
        "SamplingSpec": spec, "Campaign": dataset[0],
    }  # fmt: skip


KINDS = [
    "Catalogue", "SignedGraph", "DensityProfile", "CampaignDataset", "AuditReport", "GraphBuild",
    "SamplingSpec", "Campaign",
]  # fmt: skip


@pytest.fixture(scope="module")
def nasty() -> dict[str, Any]:
    return shown_objects(NASTY)


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    return shown_objects("Nike")


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_shows_names_as_text(kind: str, nasty: dict[str, Any]) -> None:
    html = nasty[kind]._repr_html_()
    tags = Tags(html)

    assert {"script", "b"} & tags.seen == set()
    assert NASTY[:20] in tags.text
    assert len(html) < MOST_BYTES


def test_a_notebook_sees_what_matters(plain: dict[str, Any]) -> None:
    said = {kind: Tags(thing._repr_html_()).text for kind, thing in plain.items()}

    assert "brand 0" in said["Catalogue"]
    assert "tier" in said["Catalogue"]
    assert "positive" in said["SignedGraph"]
    assert "200 draws of brand 1-2" in said["DensityProfile"]
    assert "100.00% in the range" in said["CampaignDataset"]
    assert "more clicks than impressions" in said["AuditReport"]
    assert "36 pairs" in said["GraphBuild"]
    assert "share +" in said["SamplingSpec"]
    assert "place" in said["Campaign"]


def test_what_a_prompt_shows_is_a_line_or_two() -> None:
    catalogue = ck.Catalogue.bundled("retail-160")
    build = ck.build_graph(catalogue, scorer=ck.TraitScorer())
    ranges = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 3)}
    spec = ck.diagnose(build.graph, type_ranges=ranges, num_draws=500).suggest(
        {"pos": 20, "avg": 20, "neg": 20}
    )
    dataset = ck.AnnealingSampler(build.graph, spec).sample()
    audited = ck.audit(ck.synthetic_table(50))
    shown = [
        catalogue, build, build.report, spec, dataset, dataset[0], dataset.evaluation, audited,
        audited.rules, ck.compare_builds(build, build), ck.recipes.load("ten-13k"),
        ck.check_known_pairs(build.graph, ck.edges.published_pairs()),
        ck.compare_classifiers({"majority": ck.MajorityClassifier()}, dataset, dataset),
    ]  # fmt: skip

    assert {type(thing).__name__: repr(thing) for thing in shown if len(repr(thing)) > 240} == {}
    assert repr(build) == (
        "GraphBuild(SignedGraph(160 nodes, 2029 +, 882 -, 5789 neutral) by TraitScorer)"
    )


def test_a_data_set_shows_rows_of_every_label() -> None:
    graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)})
    dataset = ck.AnnealingSampler(graph, profile.suggest({"pos": 9, "avg": 9, "neg": 9})).sample()

    cells = re.findall(r"<td>(pos|avg|neg)</td></tr>", dataset._repr_html_())

    assert cells == ["pos"] * 2 + ["avg"] * 2 + ["neg"] * 2


def test_what_a_notebook_shows_does_not_grow_with_the_data() -> None:
    catalogue = ck.Catalogue(
        ck.Attribute(f"modality {i % 40}", f"a rather long value {i}") for i in range(4000)
    )
    table = {f"column {i}": [None, 1, 1, 1] for i in range(120)}

    assert len(catalogue._repr_html_()) < MOST_BYTES
    assert "24 more modalities" in catalogue._repr_html_()
    assert len(ck.audit(table)._repr_html_()) < MOST_BYTES


def test_a_clean_table_says_that_nothing_was_found() -> None:
    assert (
        "no error and no warning"
        in ck.audit({"impressions": [5, 6], "clicks": [1, 2]})._repr_html_()
    )


def test_completion_offers_documented_names_only(plain: dict[str, Any]) -> None:
    spec = ck.SamplingSpec(type_ranges={"a": (1, 1), "b": (1, 1)}, label_params=ANYTHING)
    for thing in (*plain.values(), spec):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a deprecated name would warn
            names = [name for name in dir(thing) if not name.startswith("_")]
            bare = [
                name
                for name in names
                if inspect.isfunction(getattr(type(thing), name, None))
                and not inspect.getdoc(getattr(type(thing), name))
            ]

        assert bare == [], type(thing)
        assert {"parse_obj", "json", "schema"} & {*names} == set()


def test_completion_of_the_package_and_of_recipes_is_their_menu() -> None:
    assert dir(ck) == sorted([*ck.__all__, *ck._ROOMS, "charts"])
    assert dir(ck.recipes) == sorted(ck.recipes.__all__)


def test_help_on_every_public_name_reads_well() -> None:
    for name in ck.__all__:
        if name == "__version__":
            continue
        text = pydoc.plain(pydoc.render_doc(getattr(ck, name)))

        assert " object at 0x" not in text, name  # a default without a name of its own
        assert len(text) > 100, name


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_bar_draws_over_itself_and_ends_its_line() -> None:
    screen = Terminal()
    bar = ProgressBar(patience_s=0, stream=screen)
    bar_module_every, bar_module._EVERY_S = bar_module._EVERY_S, 0.0
    try:
        for done in range(5):
            bar.update("sampling", done, 4)
    finally:
        bar_module._EVERY_S = bar_module_every

    drawn = screen.getvalue().split("\r")[1:]
    assert [re.search(r"(\d) of 4", line)[1] for line in drawn] == [*"01234"]
    assert drawn[-1].count("#") == 24
    assert screen.getvalue().count("\n") == 1


def test_short_work_and_output_that_nobody_watches_show_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen, file = Terminal(), io.StringIO()

    ProgressBar(patience_s=60, stream=screen).update("sampling", 1, 1)
    for done in range(3):
        ProgressBar(patience_s=0, stream=file).update("sampling", done, 2)
    ProgressBar(patience_s=0).update("sampling", 1, 2)

    assert (screen.getvalue(), file.getvalue()) == ("", "")
    assert capsys.readouterr() == ("", "")


def test_a_stage_cannot_send_escapes_to_the_terminal() -> None:
    screen = Terminal()

    ProgressBar(patience_s=0, stream=screen).update("\x1b[31mred\n", 1, 2)

    assert "\x1b[31m" not in screen.getvalue()


def test_a_bar_of_nothing_to_do_is_full() -> None:
    screen = Terminal()
    bar = ProgressBar(patience_s=0, stream=screen)

    bar.update("reading", 0, 0)
    bar.update("writing", 0, 3)

    assert screen.getvalue().count("\n") == 1


def test_an_interrupted_run_with_a_bar_goes_on_from_its_chunks(tmp_path: Path) -> None:
    graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    spec = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)}).suggest(
        {"pos": 40, "neg": 40}
    )
    whole = ck.AnnealingSampler(graph, spec, seed=1).sample()

    class Stopping(ProgressBar):
        def update(self, stage: str, done: int, total: int) -> None:
            super().update(stage, done, total)
            if stage == "sampling" and done >= 40:
                raise KeyboardInterrupt

    sampler = ck.AnnealingSampler(graph, spec, seed=1)
    with pytest.raises(KeyboardInterrupt):
        sampler.sample(chunk_rows=10, checkpoint=tmp_path, progress=Stopping(stream=Terminal()))
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    again = sampler.sample(chunk_rows=10, checkpoint=tmp_path, progress=ProgressBar())

    assert len(kept) >= 3
    assert again == whole


@pytest.mark.slow
def test_a_bar_appears_under_the_cell_of_a_notebook(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    source = (
        "import campaignkit as ck\n"
        "bar = ck.ProgressBar(patience_s=0)\n"
        "import time\n"
        "for done in range(4):\n"
        "    bar.update('<b>', done, 3)\n"
        "    time.sleep(0.15)\n"
    )
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the notebook's own machinery warns about itself
        nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()

    (output,) = book.cells[0].outputs  # one output, updated in place
    html = output["data"]["text/html"]
    assert "3 of 3" in html
    assert "&lt;b&gt;" in html


def test_the_library_imports_no_notebook() -> None:
    code = (
        "import sys, campaignkit.progress as p; p.ProgressBar(); print('IPython' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
    assert isinstance(Silent(), Silent)
    assert LogProgress.__doc__
