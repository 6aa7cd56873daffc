"""Verdicts on labels: against full enumeration, with checked witnesses, in words that help."""

from __future__ import annotations

import doctest
import importlib
from collections import Counter
from collections.abc import Mapping
from functools import cache
from itertools import chain, combinations, product
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import campaignkit as ck
from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.diagnosis.feasibility import refuse_infeasible
from campaignkit.diagnosis.reach import Reach, constraints_of, decide
from campaignkit.errors import InfeasibleSpec, SpecError
from campaignkit.graph import SignedGraph
from campaignkit.graph.node_set import pair_bounds
from campaignkit.graph.node_tables import NodeTables
from campaignkit.seeds import stream
from campaignkit.simulation import published_graph
from campaignkit.simulation.synthetic import PUBLISHED_TYPE_RANGES
from campaignkit.spec import LabelSpec, SamplingSpec
from node_shares import shares_of

SIZES = {"audience": 6, "brand": 3, "channel": 5}
RANGES = {"brand": (1, 2), "audience": (1, 3), "channel": (0, 3)}
DENSITIES = ((0.3, 0.3), (0.1, 0.6), (0.7, 0.05), (0.5, 0.5), (0.15, 0.15), (0.4, 0.0))
BOXES_PER_WORLD = 50  # 300 in all


class World(NamedTuple):
    """A small graph and every campaign it has: sizes, + pairs and - pairs."""

    graph: SignedGraph
    sizes: NDArray[np.int64]
    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]

    def has_one(self, label: LabelSpec, constraints: int = 15) -> bool:
        bounds = pair_bounds(label.pos_frac_range, label.neg_frac_range)[:, self.sizes]
        inside = np.ones(len(self.sizes), bool)
        checks = (
            self.positives >= bounds[0],
            self.positives <= bounds[1],
            self.negatives >= bounds[2],
            self.negatives <= bounds[3],
        )
        for bit, check in enumerate(checks):
            if constraints >> bit & 1:
                inside &= check
        return bool(inside.any())


@cache
def world(number: int) -> World:
    pos, neg = DENSITIES[number]
    rng = stream(number, "feasibility world")
    catalogue = Catalogue(Attribute(m, f"{m} {i}") for m, n in SIZES.items() for i in range(n))
    modality = np.repeat(np.arange(3), list(SIZES.values()))
    n = len(modality)
    signs = np.triu(rng.choice([1, -1, 0], size=(n, n), p=[pos, neg, 1 - pos - neg]), 1)
    signs[modality[:, None] == modality] = 0
    source, target = np.nonzero(signs)
    graph = SignedGraph.from_arrays(catalogue, source, target, signs[source, target])
    nodes = {m: np.flatnonzero(modality == t) for t, m in enumerate(SIZES)}
    choices = [
        list(chain.from_iterable(combinations(nodes[m], c) for c in range(low, high + 1)))
        for m, (low, high) in RANGES.items()
    ]
    sets = [list(chain.from_iterable(parts)) for parts in product(*choices)]
    within = [signs[np.ix_(members, members)] + 0 for members in sets]
    within = [square + square.T for square in within]
    return World(
        graph,
        np.array([len(members) for members in sets]),
        np.array([(square > 0).sum() // 2 for square in within]),
        np.array([(square < 0).sum() // 2 for square in within]),
    )


def boxes(number: int) -> list[LabelSpec]:
    """Boxes of all widths, many of them near the edge of what is reachable."""
    rng = stream(number, "feasibility boxes")
    here = world(number)
    pairs = here.sizes * (here.sizes - 1) / 2
    found = []
    while len(found) < BOXES_PER_WORLD:
        at = int(rng.integers(len(pairs)))
        middle = (here.positives[at] / pairs[at], here.negatives[at] / pairs[at])
        if len(found) % 3 == 0:
            middle = tuple(rng.random(2))
        widths = rng.choice([0.01, 0.05, 0.2, 1.0], size=2)
        shift = rng.normal(0, 0.15, size=2)
        ends = []
        for centre, width, off in zip(middle, widths, shift, strict=True):
            low = float(np.clip(centre + off - width * rng.random(), 0, 1))
            ends.append((low, float(min(1.0, low + width))))
        if ends[0][0] + ends[1][0] <= 1:
            found.append(LabelSpec(pos_frac_range=ends[0], neg_frac_range=ends[1], num_samples=1))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(DENSITIES)))
@pytest.mark.parametrize("is_dense", [True, False])
def test_no_verdict_is_wrong_against_full_enumeration(number: int, is_dense: bool) -> None:
    here = world(number)
    tables = NodeTables.from_graph(here.graph, RANGES, is_dense=is_dense)
    reach = Reach(tables, RANGES)

    wrong = []
    seen: Counter[str] = Counter()
    for label in boxes(number):
        verdict = decide(reach, label, max_visits=100_000)
        truth = "feasible" if here.has_one(label) else "infeasible"
        seen[verdict.status] += 1
        if verdict.status != truth:
            wrong.append((label, verdict.status))
        if truth == "infeasible":
            assert not here.has_one(label, verdict.blocking)

    assert wrong == []
    assert min(seen["feasible"], seen["infeasible"]) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(DENSITIES)))
def test_the_exact_search_alone_is_never_wrong(number: int) -> None:
    here = world(number)
    reach = Reach(NodeTables.from_graph(here.graph, RANGES), RANGES)

    wrong = []
    num_visits = []
    for label in boxes(number):
        bounds = pair_bounds(label.pos_frac_range, label.neg_frac_range)
        searched = reach.search(
            bounds, reach.scan(bounds), constraints=constraints_of(label), max_visits=10**7
        )
        num_visits.append(searched.visits)
        if searched.has_one is not here.has_one(label):
            wrong.append(label)
        if searched.has_one:
            positives, negatives = reach.count(searched.nodes)
            assert label.admits(
                num_positive=positives, num_negative=negatives, num_nodes=len(searched.nodes)
            )
        else:
            assert not here.has_one(label, searched.used)

    assert wrong == []
    # Bounds cut off nearly all: without them a proof visits every campaign.
    assert np.median(num_visits) < len(here.sizes) / 20


@pytest.mark.parametrize("number", range(len(DENSITIES)))
def test_the_limits_hold_every_campaign(number: int) -> None:
    here = world(number)
    pairs = here.sizes * (here.sizes - 1) / 2

    nearest = ck.feasible(here.graph, spec_of(((0, 1), (0, 1)), RANGES))["x"].nearest

    for (low, high), counts in (
        (nearest.pos_frac_limits, here.positives),
        (nearest.neg_frac_limits, here.negatives),
    ):
        assert low <= (counts / pairs).min() + 1e-12
        assert high >= (counts / pairs).max() - 1e-12


def spec_of(
    box: tuple[tuple[float, float], tuple[float, float]], ranges: Mapping[str, tuple[int, int]]
) -> SamplingSpec:
    label = LabelSpec(pos_frac_range=box[0], neg_frac_range=box[1], num_samples=3)
    return SamplingSpec(type_ranges=dict(ranges), label_params={"x": label})


def full_graph(sizes: Mapping[str, int], sign: int = 1) -> SignedGraph:
    keys = [(m, f"{m} {i}") for m, n in sizes.items() for i in range(n)]
    return SignedGraph.from_edges(
        ck.Edge(a, b, sign) for a, b in combinations(keys, 2) if a[0] != b[0]
    )


def test_a_witness_lies_in_the_box_and_in_the_type_ranges() -> None:
    graph = published_graph()
    box = ((0.6, 1.0), (0.0, 0.05))

    found = ck.feasible(graph, spec_of(box, PUBLISHED_TYPE_RANGES))["x"]

    assert found.status == "feasible"
    assert found.witness is not None
    sizes = {modality: len(values) for modality, values in found.witness.items()}
    assert all(
        low <= sizes.get(modality, 0) <= high
        for modality, (low, high) in PUBLISHED_TYPE_RANGES.items()
    )
    shares = shares_of(
        graph, [(m, value) for m, values in found.witness.items() for value in values]
    )
    assert shares.positive >= 0.6
    assert shares.negative <= 0.05
    assert (found.nearest.pos_frac, found.nearest.neg_frac) == (shares.positive, shares.negative)


def test_the_advice_of_type_counts_reads_as_promised() -> None:
    graph = full_graph({"brand": 2, "geo": 4, "gender-generation": 8})
    spec = SamplingSpec(
        type_ranges={"brand": (1, 1), "geo": (2, 2), "gender-generation": (6, 6)},
        label_params={
            "pos": {"pos_frac_range": (0.9, 1), "neg_frac_range": (0, 0.1), "num_samples": 9}
        },
    )

    report = ck.feasible(graph, spec)

    assert report["pos"].blockers == ("pos_frac >= 0.90",)
    with pytest.raises(InfeasibleSpec) as caught:
        report.raise_infeasible()
    assert caught.value.message == (
        "Label 'pos' asks for pos_frac >= 0.90, but 1 brand, 2 geo and 6 gender-generation can "
        "reach at most 0.556."
    )
    assert caught.value.hint == "lower pos_frac_range or widen type_ranges"
    assert [fault.where for fault in caught.value.faults] == ["label_params.pos"]
    assert "pos_frac 0.556 and neg_frac 0.000" in str(caught.value)


@pytest.mark.parametrize(
    ("box", "sign", "blockers", "words"),
    [
        (((0, 1), (0.1, 1)), 1, ("neg_frac >= 0.10",), "the graph has no negative edge"),
        (((0.1, 1), (0, 1)), -1, ("pos_frac >= 0.10",), "the graph has no positive edge"),
        (((0, 0.2), (0, 1)), 1, ("pos_frac <= 0.20",), "must reach at least 0.600"),
        (((0, 1), (0, 0.2)), -1, ("neg_frac <= 0.20",), "must reach at least 0.600"),
        (((0.61, 0.66), (0, 1)), 1, ("pos_frac >= 0.61", "pos_frac <= 0.66"), "no whole number"),
        (((0.5, 1), (0.5, 1)), 1, ("neg_frac >= 0.50",), "no negative edge"),
    ],
)
def test_the_blocking_constraint_is_named(
    box: tuple[tuple[float, float], tuple[float, float]],
    sign: int,
    blockers: tuple[str, ...],
    words: str,
) -> None:
    # 2 a and 3 b: 6 of 10 pairs; 2 a and 2 b: 4 of 6.
    ranges = {"a": (2, 2), "b": (2, 3)}

    found = ck.feasible(full_graph({"a": 3, "b": 4}, sign), spec_of(box, ranges))["x"]

    assert (found.status, found.blockers) == ("infeasible", blockers)
    assert words in found.nearest.words
    assert found.fix


def test_two_constraints_that_exclude_each_other_are_named_together() -> None:
    graph = world(3).graph
    # Half of 1 + 3 + 3 = 7 nodes' 15 crossing pairs of 21 each way is more than there are.
    ranges = {"brand": (1, 1), "audience": (3, 3), "channel": (3, 3)}

    found = ck.feasible(graph, spec_of(((0.4, 1), (0.4, 0.9)), ranges))["x"]

    assert found.blockers == ("pos_frac >= 0.40", "neg_frac >= 0.40")
    assert found.nearest.words.startswith(
        "1 brand, 3 audience and 3 channel can reach at most 0.7"
    )
    assert "for pos_frac + neg_frac, not 0.800" in found.nearest.words


def test_what_only_finished_campaigns_break_is_named_as_well() -> None:
    # A b has + to both a or to none: one + pair of three is within all bounds and never there.
    graph = SignedGraph.from_edges(
        [ck.Edge(("a", "a 0"), ("b", "b 0"), 1), ck.Edge(("a", "a 1"), ("b", "b 0"), 1)],
        catalogue=Catalogue(Attribute(m, f"{m} {i}") for m in "ab" for i in range(2)),
    )

    found = ck.feasible(graph, spec_of(((0.33, 0.34), (0, 1)), {"a": (2, 2), "b": (1, 1)}))["x"]

    assert found.blockers == ("pos_frac >= 0.33", "pos_frac <= 0.34")
    assert found.nearest.words == "an exact search showed that no campaign has that together"
    assert found.nearest.edges_outside == 1


def test_a_search_that_stops_says_unknown_and_how_far_it_came() -> None:
    fixed = {name: (high, high) for name, (_, high) in PUBLISHED_TYPE_RANGES.items()}
    spec = spec_of(((0.42, 1), (0.42, 1)), {**fixed, "geo": (2, 2)})

    found = ck.feasible(published_graph(), spec, max_visits=500)["x"]

    assert (found.status, found.witness, found.blockers) == ("unknown", None, ())
    assert found.effort.visits == found.effort.max_visits == 500
    assert found.nearest.edges_outside > 0
    assert "500 of at most 500 visits" in found.nearest.words


def test_ranges_with_too_many_type_counts_are_still_decided_by_size() -> None:
    sizes = {f"m{i:02}": 8 for i in range(9)}
    ranges = dict.fromkeys(sizes, (2, 8))  # 40 million vectors of type counts
    graph = ck.simulation.synthetic_graph(sizes, pos_frac=0.3, neg_frac=0.3)
    boxes = {"some": ((0.35, 1), (0, 1)), "both": ((0.5, 1), (0.5, 1)), "most": ((0.9, 1), (0, 1))}

    report = ck.feasible(
        graph,
        SamplingSpec(
            type_ranges=ranges,
            label_params={
                name: LabelSpec(pos_frac_range=pos, neg_frac_range=neg, num_samples=1)
                for name, (pos, neg) in boxes.items()
            },
        ),
    )

    statuses = [found.status for found in report.values()]
    assert statuses == ["feasible", "infeasible", "unknown"]
    assert "the type counts in range can reach at most 0.941" in report["both"].nearest.words


def test_the_same_question_gets_the_same_answer() -> None:
    spec = spec_of(((0.55, 1), (0.2, 0.3)), PUBLISHED_TYPE_RANGES)

    one = ck.feasible(published_graph(), spec)
    two = ck.feasible(published_graph(), spec)

    assert one.to_dict() == two.to_dict()
    assert repr(one) == "FeasibilityReport(x: feasible)"


def test_only_labels_the_pilot_never_met_are_looked_at() -> None:
    graph = full_graph({"a": 3, "b": 4})
    spec = spec_of(((0, 1), (0.5, 1)), {"a": (2, 2), "b": (2, 3)})
    tables = NodeTables.from_graph(graph, spec.type_ranges)

    refuse_infeasible(tables, spec, [])
    with pytest.raises(InfeasibleSpec, match="no negative edge"):
        refuse_infeasible(tables, spec, ["x"])


def test_every_blocked_label_is_a_fault() -> None:
    graph = full_graph({"a": 3, "b": 4})
    spec = SamplingSpec(
        type_ranges={"a": (2, 2), "b": (2, 3)},
        label_params={
            "neg": {"pos_frac_range": (0, 1), "neg_frac_range": (0.5, 1), "num_samples": 1},
            "pos": {"pos_frac_range": (0.5, 1), "neg_frac_range": (0, 1), "num_samples": 1},
            "top": {"pos_frac_range": (0.9, 1), "neg_frac_range": (0, 1), "num_samples": 1},
        },
    )

    with pytest.raises(InfeasibleSpec) as caught:
        refuse_infeasible(NodeTables.from_graph(graph, spec.type_ranges), spec, spec.label_params)

    where = [fault.where for fault in caught.value.faults]
    assert where == ["label_params.neg", "label_params.top"]
    assert all(fault.fix for fault in caught.value.faults)


@pytest.mark.parametrize("max_visits", [-1, True, 1.5, "many"])
def test_an_effort_that_is_no_count_is_refused(max_visits: object) -> None:
    with pytest.raises(SpecError, match="max_visits"):
        ck.feasible(
            full_graph({"a": 1, "b": 1}),
            spec_of(((0, 1), (0, 1)), {"a": (1, 1), "b": (1, 1)}),
            max_visits=max_visits,  # type: ignore[arg-type]
        )


@pytest.mark.parametrize("name", ["feasibility", "reach"])
def test_the_examples_run(name: str) -> None:
    module = importlib.import_module(f"campaignkit.diagnosis.{name}")

    assert doctest.testmod(module).failed == 0
