"""Charts carry their numbers, whole and true, in one look that holds without colour."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from campaignkit import AnnealingSampler, CampaignDataset, CampaignkitError, SamplingSpec, diagnose
from campaignkit.errors import DatasetError, GraphError, SpecError, UnknownAttribute
from campaignkit.evaluation import DetectionSweep
from campaignkit.evaluation.detection import DetectionScore, Hits, KindHits
from campaignkit.graph import SignedGraph
from campaignkit.report import charts
from campaignkit.report.annealing_trace import trace_annealing
from campaignkit.report.charts import chart_rows
from campaignkit.report.charts.places import gathered
from campaignkit.report.charts.theme import DASHES, SHAPES
from campaignkit.report.leaderboard import DifficultyPoint
from campaignkit.sample import Annealing
from campaignkit.show.palette import NEGATIVE, POSITIVE
from small_world import SPEC, small_dataset, small_graph

pytest.importorskip("altair", reason="charts need the extra viz")

NASTY = "<script>alert('x')</script>&\"<b>"
MODULES = [m.name for m in pkgutil.iter_modules(charts.__path__)]


@pytest.fixture(scope="module")
def graph() -> Any:
    return small_graph()


@pytest.fixture(scope="module")
def dataset(graph: Any) -> CampaignDataset:
    return small_dataset(graph)


@pytest.fixture(scope="module")
def sampled(graph: Any) -> CampaignDataset:
    return AnnealingSampler(graph, SPEC, seed=3).sample()


@pytest.fixture(scope="module")
def drawn(graph: Any, sampled: CampaignDataset) -> dict[str, Any]:
    profile = diagnose(graph, type_ranges=SPEC.type_ranges, num_draws=300)
    score = DetectionScore({"outliers": KindHits(table=Hits(1, 0, 1), rows=Hits(8, 2, 0))})
    rng = np.random.default_rng(0)
    given = rng.random(40)
    return {
        "ablation": charts.ablation_chart({"brand": (0.06, 0.05, 0.08), "geo": -0.004}),
        "acceptance": charts.acceptance_chart(sampled),
        "annealing": charts.annealing_chart(trace_annealing(graph, SPEC, "pos", seed=2)),
        "calibration": charts.calibration_chart({"a": (given, rng.random(40) < given)}),
        "calls": charts.calls_chart({"all": [(54, 1.0)], "some": [(9, 0.5), (30, 0.9)]}),
        "class shares": charts.class_share_chart({"1": sampled, "2": {"pos": 3, "x": 9}}),
        "clusters": charts.cluster_chart(rng.random((9, 2)), np.arange(9) % 4 - 1, [*"abcdefghi"]),
        "confusion": charts.confusion_chart([[8, 2], [1, 9]], ["pos", "neg"]),
        "density": charts.density_chart(profile, SPEC),
        "detection": charts.detection_chart(
            DetectionSweep({0.05: score, 0.2: score}, "pack only")
        ),
        "fraction": charts.fraction_chart(sampled, graph),
        "learning": charts.learning_chart({"a": [(10, 0.5, 0.4, 0.6), (100, 0.7, 0.6, 0.8)]}),
        "neighbourhood": charts.neighbourhood_chart(graph, ("brand", "brand 0")),
        "signs": charts.sign_chart(graph),
        "sign pairs": charts.sign_chart(graph, ("brand", "geo")),
    }


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_the_docstrings_run(module: str) -> None:
    loaded = importlib.import_module(f"campaignkit.report.charts.{module}")

    assert doctest.testmod(loaded).failed == 0


def test_the_menu_of_charts_loads_no_drawing_library() -> None:
    code = "import sys, campaignkit.report.charts; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {"altair", "pandas", "numba"} & set(done.stdout.split()) == set()


def test_every_chart_is_whole_and_has_the_one_look(drawn: dict[str, Any]) -> None:
    looks = {json.dumps(chart.to_dict()["config"], sort_keys=True) for chart in drawn.values()}
    assert len(looks) == 1
    for name, chart in drawn.items():
        told = chart.to_dict()
        assert told["title"]["text"], name
        assert all("url" not in str(data) for data in (told.get("data"),)), name
        assert len(chart_rows(chart)) > 0, name


def test_every_chart_can_be_drawn(drawn: dict[str, Any]) -> None:
    convert = pytest.importorskip("vl_convert", reason="drawing needs vl-convert")

    for name, chart in drawn.items():
        picture = convert.vegalite_to_svg(chart.to_dict())
        assert picture.startswith("<svg"), name
        assert "NaN" not in picture, name


def test_names_are_text_in_a_picture() -> None:
    convert = pytest.importorskip("vl_convert", reason="drawing needs vl-convert")
    chart = charts.confusion_chart([[1, 0], [0, 1]], [NASTY, "b"], title=NASTY)

    assert "<script" not in convert.vegalite_to_svg(chart.to_dict())


def test_groups_differ_without_colour() -> None:
    chart = charts.learning_chart({"a": [(1, 0.1)], "b": [(2, 0.2)], "c": [(3, 0.3)]}, log=False)
    lines, dots = (part["encoding"] for part in chart.to_dict()["layer"])

    assert lines["strokeDash"]["scale"]["range"] == [list(d) for d in DASHES[:3]]
    assert dots["shape"]["scale"]["range"] == list(SHAPES[:3])
    assert len(set(DASHES)) == len(set(SHAPES)) == 6


def test_legends_list_what_occurs_and_no_more(graph: Any, dataset: CampaignDataset) -> None:
    lonely = charts.neighbourhood_chart(graph, ("brand", "brand 0"), max_shown=1)
    spokes, dots, *_ = (part["encoding"] for part in lonely.to_dict()["layer"])
    empty = SignedGraph.from_edges([], catalogue=graph.catalogue)
    bare = charts.sign_chart(empty, ("brand", "geo")).to_dict()
    areas = charts.fraction_chart(dataset, graph).to_dict()["layer"][0]["encoding"]["size"]
    counts = {dot["campaigns"] for dot in chart_rows(charts.fraction_chart(dataset, graph))}

    assert len(spokes["color"]["scale"]["domain"]) == 1
    assert len(dots["fill"]["scale"]["domain"]) == 1
    assert bare["layer"][0]["encoding"]["color"]["scale"]["domain"] == [0]
    assert {*areas["legend"]["values"]} <= counts


def test_charts_of_runs_name_their_dots() -> None:
    run = {"family": "pairwise", "cost": 4.2, "score": 0.9}
    chart = charts.tradeoff_chart([{"model": "rank 8", **run}, {"model": "rank 9", **run}])
    point = DifficultyPoint("test", "pairwise", "rank 8", "r1", 0.6, 0.9)
    hard = charts.difficulty_chart([point])

    for drawn, names in ((chart, 2), (hard, 1)):
        texts = [part for part in drawn.to_dict()["layer"] if part["mark"]["type"] == "text"]
        assert len(texts) == names  # two of one place stand on two sides of it


def test_dots_of_the_density_chart_add_up_to_all_draws(graph: Any) -> None:
    profile = diagnose(graph, type_ranges=SPEC.type_ranges, num_draws=777)

    dots = chart_rows(charts.density_chart(profile, SPEC))

    assert sum(dot["draws"] for dot in dots) == 777
    assert profile.coverage(SPEC).accepted.keys() == SPEC.label_params.keys()


def test_dots_of_the_fraction_chart_add_up_to_each_label(
    graph: Any, dataset: CampaignDataset
) -> None:
    dots = chart_rows(charts.fraction_chart(dataset, graph))

    told = {
        name: sum(dot["campaigns"] for dot in dots if dot["label"] == name)
        for name in dataset.label_names
    }
    assert told == dataset.label_counts


def test_a_data_set_without_a_spec_is_drawn_without_boxes(
    graph: Any, dataset: CampaignDataset
) -> None:
    bare = CampaignDataset(dataset.block, dataset.vocabulary, dataset.label_names)

    assert len(charts.fraction_chart(bare, graph).to_dict()["layer"]) == 1
    assert len(charts.fraction_chart(bare, graph, SPEC).to_dict()["layer"]) == 7


def test_a_data_set_that_was_not_sampled_has_no_acceptance(dataset: CampaignDataset) -> None:
    with pytest.raises(DatasetError, match="has no record of how"):
        charts.acceptance_chart(dataset)


def test_acceptance_is_what_the_run_reported(sampled: CampaignDataset) -> None:
    rows = chart_rows(charts.acceptance_chart(sampled))

    told = sampled.provenance.quality["labels"]
    assert {row["label"]: row["acceptance"] for row in rows} == {
        name: quality["acceptance"] for name, quality in told.items()
    }


def test_a_trace_ends_at_the_first_state_in_the_box(graph: Any) -> None:
    trace = trace_annealing(graph, SPEC, "neg", seed=5, index=2)
    again = trace_annealing(graph, SPEC, "neg", seed=5, index=2)

    assert trace.arrival == len(trace.energy) - 1
    assert (trace.energy[:-1] > 0).all()
    assert trace.energy[-1] == 0
    assert np.array_equal(trace.energy, again.energy)
    changed = np.flatnonzero(np.diff(trace.energy)) + 1
    assert trace.accepted[changed].all()  # energy moves only with an accepted proposal
    assert trace.temperature[0] == pytest.approx(SPEC.start_temp)
    assert (np.diff(trace.temperature) <= 0).all()


def test_a_trace_is_the_campaign_the_published_stop_would_emit(graph: Any) -> None:
    boxes = {"pos": SPEC.label_params["pos"].model_dump() | {"num_samples": 5}}
    one = SamplingSpec.model_validate(SPEC.model_dump() | {"label_params": boxes})

    made = AnnealingSampler(graph, one, seed=9, strategy=Annealing()).sample()

    arrivals = [trace_annealing(graph, SPEC, "pos", seed=9, index=i).arrival for i in range(5)]
    assert None not in arrivals
    assert made.provenance.quality["labels"]["pos"]["arrival_steps"] == sum(arrivals)


def test_a_trace_of_a_label_that_is_not_there_is_refused(graph: Any) -> None:
    with pytest.raises(SpecError, match="no label 'best'"):
        trace_annealing(graph, SPEC, "best")


def test_a_neighbourhood_shows_every_neighbour_once_with_its_sign(graph: Any) -> None:
    rows = chart_rows(charts.neighbourhood_chart(graph, ("brand", "brand 0")))

    signs = {"+": 1, "−": -1}
    shown = {(row["modality"], row["name"]): signs[row["sign"]] for row in rows}
    assert shown == graph.neighbors(("brand", "brand 0"))


def test_a_large_neighbourhood_says_how_much_of_it_is_drawn(graph: Any) -> None:
    chart = charts.neighbourhood_chart(graph, ("brand", "brand 0"), max_shown=4)

    count = len(graph.neighbors(("brand", "brand 0")))
    assert f"4 of {count} drawn" in chart.to_dict()["title"]["subtitle"]


def test_an_attribute_without_an_edge_and_one_that_is_not_there(graph: Any) -> None:
    lonely = charts.neighbourhood_chart(graph, ("brand", "brand 7"))

    assert "0 +, 0 −" in lonely.to_dict()["title"]["subtitle"]
    with pytest.raises(UnknownAttribute):
        charts.neighbourhood_chart(graph, ("brand", "none"))


def test_signs_by_modality_count_every_edge(graph: Any) -> None:
    rows = chart_rows(charts.sign_chart(graph))

    assert sum(row["positive"] for row in rows) == graph.num_positive
    assert sum(row["negative"] for row in rows) == graph.num_negative


def test_the_map_of_pairs_holds_the_sign_of_each(graph: Any) -> None:
    rows = chart_rows(charts.sign_chart(graph, ("brand", "geo")))

    assert len(rows) == 8 * 6
    for row in rows:
        assert row["sign"] == graph.sign(("brand", row["row"]), ("geo", row["column"]))


@pytest.mark.parametrize(
    ("modalities", "said"),
    [
        (("brand", "mood"), "no modality 'mood'"),
        (("brand", "brand"), "share no edge"),
        (("audience", "brand"), "at most 8"),
    ],
)
def test_a_map_that_cannot_be_drawn_says_why(
    graph: Any, modalities: tuple[str, str], said: str
) -> None:
    with pytest.raises(GraphError, match=said):
        charts.sign_chart(graph, modalities, max_side=8)


def test_wrong_shapes_are_told_not_drawn() -> None:
    wrong = [
        lambda: charts.confusion_chart([[1, 2]], ["a"]),
        lambda: charts.confusion_chart([[-1]], ["a"]),
        lambda: charts.cluster_chart([[0, 0]], [0, 1], ["a"]),
        lambda: charts.calibration_chart({"a": ([0.1], [1, 0])}),
        lambda: charts.calibration_chart({"a": ([1.1], [1])}),
        lambda: charts.calls_chart({"a": [(0, 0.5)]}),
    ]

    for draw in wrong:
        with pytest.raises(CampaignkitError, match="expected"):
            draw()


def test_colours_of_gains_and_losses_are_the_palettes() -> None:
    told = json.dumps(charts.ablation_chart({"a": 0.1, "b": -0.1}).to_dict())

    assert POSITIVE in told
    assert NEGATIVE in told


# Each draws a chart, which altair checks against its whole schema.
@settings(max_examples=min(25, settings().max_examples))
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_bins_of_the_calibration_hold_every_row_once(rows: list[tuple[float, bool]]) -> None:
    given_, right = [p for p, _ in rows], [hit for _, hit in rows]

    bins = chart_rows(charts.calibration_chart({"m": (given_, right)}), 1)

    assert sum(row["rows"] for row in bins) == len(rows)
    assert sum(row["rows"] * row["right"] for row in bins) == pytest.approx(sum(right))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=80))
def test_gathering_loses_no_point_and_moves_none_far(points: list[tuple[float, float]]) -> None:
    x, y = [p[0] for p in points], [p[1] for p in points]

    places, counts = gathered(x, y)

    assert counts.sum() == len(points)
    for a, b in points:
        assert np.abs(places - [a, b]).max(axis=1).min() <= 0.0026


def test_class_shares_are_those_of_each_version_and_add_up(sampled: CampaignDataset) -> None:
    train, test = sampled.split(test=0.5)
    chart = charts.class_share_chart({"all": sampled, "train": train, "test": test, "none": {}})

    rows = chart_rows(chart)
    for version, held in (("all", sampled), ("train", train), ("test", test)):
        mine = [row for row in rows if row["version"] == f"{version} ({len(held):,} rows)"]
        assert {row["label"]: row["rows"] for row in mine} == dict(held.label_counts)
        assert sum(row["share"] for row in mine) == pytest.approx(1)
        assert mine[-1]["end"] == pytest.approx(1)


def test_a_label_that_does_not_occur_is_not_in_the_legend() -> None:
    told = charts.class_share_chart({"1": {"pos": 4, "avg": 0, "neg": 1}}).to_dict()

    assert told["layer"][0]["encoding"]["color"]["scale"]["domain"] == ["pos", "neg"]


@pytest.mark.parametrize("versions", [{}, {"1": {"pos": -1}}, {"1": {"pos": 0.5}}])
def test_versions_that_are_none_are_refused(versions: Any) -> None:
    with pytest.raises(CampaignkitError):
        charts.class_share_chart(versions)
