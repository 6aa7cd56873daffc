"""The report: self-contained, escaped, true to its data."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import campaignkit as ck
import campaignkit.report
from campaignkit import (
    AnnealingSampler,
    CampaignDataset,
    Catalogue,
    Edge,
    SamplingSpec,
    SignedGraph,
    diagnose,
    write_report,
)
from campaignkit.errors import ArtifactError, SpecError
from campaignkit.report import run_quickstart

NASTY = "<script>alert('x')</script>&\"<b>"
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Reader(HTMLParser):
    """Reads a page: its text, its tags, and whether every tag is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [v or "" for k, v in attrs if k in {"href", "src", "xlink:href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small quickstart folder."""
    folder = tmp_path_factory.mktemp("made") / "out"
    run_quickstart(
        folder,
        catalogue=Catalogue.bundled("starter-27"),
        num_samples={"pos": 60, "avg": 80, "neg": 60},
    )
    return folder


@pytest.mark.parametrize(
    "module", [m.name for m in pkgutil.iter_modules(campaignkit.report.__path__)]
)
def test_the_examples_in_the_docstrings_run(module: str) -> None:
    loaded = importlib.import_module(f"campaignkit.report.{module}")

    assert doctest.testmod(loaded).failed == 0


def test_the_page_needs_nothing_but_itself(made: Path) -> None:
    page = read(made / "report.html")

    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert [link for link in page.links if not link.startswith("#")] == []


def test_the_page_answers_every_question(made: Path) -> None:
    page = read(made / "report.html")

    for title in (
        "Overview", "Fractions by label", "Class balance", "Example campaigns", "Evaluation",
        "The signed graph", "Diagnosis", "How it was sampled", "Where it comes from",
    ):  # fmt: skip
        assert title in page.text
    for said in ("200 of 200", "train (140)", "test (60)", "Signed graph: 27 attributes"):
        assert said in page.text


def test_the_verdict_comes_first_with_a_line_for_each_check(made: Path) -> None:
    text = (made / "report.html").read_text(encoding="utf-8")
    checks = re.findall(r'<li class="(\w+)">.*?</li>', text)

    assert (
        text.index("<b>PASS</b>") < text.index('aria-label="Contents"') < text.index("Overview<")
    )
    assert len(checks) >= 8
    assert set(checks) <= {"good", "warning", "info"}
    assert '<span class="figure">200 of 200</span>' in text


def test_examples_and_signs_come_in_the_order_of_the_path(made: Path) -> None:
    text = (made / "report.html").read_text(encoding="utf-8")
    example = text[text.index("Example campaigns</h2>") :]

    places = [
        example.index(f">{name}</span>") for name in ("brand", "audience", "platform", "geo")
    ]
    assert places == sorted(places)
    assert text.index("by modality</title>") < text.index('class="ck-ring"')


def test_intervals_are_drawn_and_labels_have_their_colours(made: Path) -> None:
    text = (made / "report.html").read_text(encoding="utf-8")

    assert re.search(r"pairwise ordinal: 0\.\d+ \[0\.\d+, [01]\.?\d*\]", text)
    assert re.search(r"pos, expected: [\d.]+ \[", text)
    assert text.count('<span class="label hue-0072b2">pos</span>') >= 6


def test_a_data_set_that_is_not_what_was_asked_for_fails_by_name(
    tmp_path: Path, made: Path
) -> None:
    dataset, graph = CampaignDataset.read(made / "campaigns"), SignedGraph.load(made / "graph")
    asked = SamplingSpec.read(made / "spec.json").model_dump(mode="json")
    asked["label_params"]["pos"] |= {"num_samples": 61, "pos_frac_range": [0.9, 1.0]}
    other = SignedGraph.from_edges([*graph.edges()][1:])
    known = {(a.modality, a.value) for a in other.catalogue}
    other = other.add([a for a in graph.catalogue if (a.modality, a.value) not in known])

    page = read(
        write_report(
            tmp_path / "r.html", CampaignDataset(dataset.block, dataset.vocabulary,
            dataset.label_names, provenance=dataset.provenance), other,
            spec=SamplingSpec.model_validate(asked), splits={"train": dataset, "test": dataset},
        )
    )  # fmt: skip

    assert "FAIL 4 of" in page.text
    for said in ("200 of 201; differs: pos", "no, from another graph", "140 of 200"):
        assert said in page.text
    assert "failed: Campaigns in more than one of train, test200" in page.text


def test_the_dots_of_the_fraction_plot_add_up_to_the_campaigns(made: Path) -> None:
    page = read(made / "report.html")

    dots = re.findall(r"(pos|avg|neg): ([\d,]+) at ", page.text)

    assert sum(int(count.replace(",", "")) for _, count in dots) == 200


def test_markup_in_names_is_text_on_the_page(tmp_path: Path) -> None:
    keys = [("brand", NASTY), ("brand", "Nike"), (NASTY, "x"), (NASTY, "y")]
    graph = SignedGraph.from_edges(
        [Edge(keys[0], keys[2], 1, reason=NASTY), Edge(keys[1], keys[3], -1, reason=NASTY)]
    )
    box = {"pos_frac_range": (0, 1), "neg_frac_range": (0, 1), "num_samples": 6}
    spec = SamplingSpec(type_ranges={"brand": (1, 1), NASTY: (1, 2)}, label_params={NASTY: box})
    dataset = AnnealingSampler(graph, spec).sample()

    page = read(
        write_report(tmp_path / "r.html", dataset, graph, title=NASTY,
                     profile=diagnose(graph, type_ranges=spec.type_ranges, num_draws=50))
    )  # fmt: skip

    assert "script" not in page.tags
    assert NASTY in page.text


def test_a_report_without_a_profile_or_a_split_leaves_them_out(tmp_path: Path, made: Path) -> None:
    dataset = CampaignDataset.read(made / "campaigns")

    page = read(write_report(tmp_path / "r.html", dataset, SignedGraph.load(made / "graph")))

    assert "Diagnosis" not in page.text
    assert "Labels in each part" not in page.text


def test_a_data_set_without_a_spec_has_a_report_without_ranges(tmp_path: Path, made: Path) -> None:
    rows = CampaignDataset.read(made / "campaigns" / "campaigns.jsonl")
    graph = SignedGraph.read_csv(made / "edges.csv")
    spec = SamplingSpec.read(made / "spec.json")
    profile = diagnose(graph, type_ranges=spec.type_ranges, num_draws=50)

    page = read(write_report(tmp_path / "r.html", rows, graph, profile=profile))

    assert "from outcomes or as given, without a spec" in page.text
    assert "Its label comes with the data set" in page.text
    for absent in ("FAIL", "in its box", "dashed frame", "asked for", "byte for byte"):
        assert absent not in page.text
    assert "200 of 200" in read(write_report(tmp_path / "r.html", rows, graph, spec=spec)).text


def test_a_graph_of_few_signs_is_a_doubt(tmp_path: Path, made: Path) -> None:
    dataset, graph = CampaignDataset.read(made / "campaigns"), SignedGraph.load(made / "graph")
    signed = [*graph.edges(neutrals=False)]
    few = SignedGraph.from_edges(signed[:6], catalogue=graph.catalogue)
    pairs = sum(of.num_pairs for of in graph.by_modality_pair().values())
    bare = CampaignDataset(dataset.block, dataset.vocabulary, dataset.label_names)

    page = read(write_report(tmp_path / "r.html", bare, few))

    assert "PASS with a doubt: Pairs of the graph with a sign" in page.text
    assert f"6 of {pairs:,} (" in page.text


def test_scores_say_of_which_campaigns_they_are(tmp_path: Path, made: Path) -> None:
    dataset, graph = CampaignDataset.read(made / "campaigns"), SignedGraph.load(made / "graph")
    train, test = dataset.split(test=0.5)
    scores = ck.compare_classifiers({"single": ck.OneHotLogistic()}, train, test)

    text = read(write_report(tmp_path / "r.html", dataset, graph, classifiers=scores)).text

    num = len(test)
    assert f"both on the classifiers' {num} test campaigns" in text
    assert f"of those {num} test campaigns; the data set of this report has 200" in text
    assert "over 200 campaigns of this report" in text


def test_a_quickstart_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no such modality"):
        run_quickstart(tmp_path / "out", catalogue=Catalogue.bundled("starter-27"),
                       type_ranges={"brand": (1, 1), "gender": (1, 2)})  # fmt: skip

    assert list(tmp_path.iterdir()) == []


def test_a_quickstart_replaces_an_earlier_one_and_nothing_else(tmp_path: Path) -> None:
    few = {"pos": 5, "avg": 5, "neg": 5}
    small = Catalogue.bundled("starter-27")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    run_quickstart(tmp_path / "out", catalogue=small, num_samples=few)

    with pytest.raises(ArtifactError, match="is not empty"):
        run_quickstart(tmp_path / "out", catalogue=small, num_samples=few)
    with pytest.raises(ArtifactError, match="not replaced"):
        run_quickstart(tmp_path / "mine", catalogue=small, num_samples=few, replace=True)
    run_quickstart(tmp_path / "out", catalogue=small, num_samples=few, replace=True)

    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_a_quickstart_of_signs_that_are_known_has_a_range_for_every_modality(
    tmp_path: Path,
) -> None:
    graph = ck.simulation.synthetic_graph(
        {"dish": 6, "drink": 6, "place": 1}, pos_frac=0.3, neg_frac=0.2, seed=1
    )

    made = run_quickstart(tmp_path / "out", graph=graph, num_samples={"pos": 9, "neg": 9})

    assert made.spec.type_ranges == {"dish": (1, 2), "drink": (1, 2), "place": (1, 1)}
    assert ck.verify_dataset(tmp_path / "out/campaigns", tmp_path / "out/edges.csv").is_sound
    with pytest.raises(ck.errors.SettingError, match="a catalogue and a graph"):
        run_quickstart(tmp_path / "x", graph=graph, catalogue=graph.catalogue)


def test_a_quickstart_says_how_far_it_is(tmp_path: Path) -> None:
    from campaignkit.progress import CallProgress

    stages: list[str] = []
    run_quickstart(
        tmp_path / "out",
        catalogue=Catalogue.bundled("starter-27"),
        num_samples={"pos": 5, "avg": 5, "neg": 5},
        progress=CallProgress(lambda stage, done, total: stages.append(stage)),
    )

    assert {"scoring pairs", "diagnosing", "sampling", "writing"} <= set(stages)
