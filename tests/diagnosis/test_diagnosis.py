"""Density profiles, ceilings and suggested labels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.diagnosis import diagnose, feasible, pair_ceilings
from campaignkit.errors import SpecError
from campaignkit.graph import SignedGraph, compare
from node_shares import shares_of

RANGES = {"brand": (1, 1), "audience": (1, 3), "geo": (0, 2)}
SIZES = {"brand": 4, "audience": 6, "geo": 5}


def random_graph(pos: float, neg: float, seed: int = 0) -> SignedGraph:
    rng = np.random.default_rng(seed)
    catalogue = Catalogue([Attribute(m, f"{m}-{i}") for m, n in SIZES.items() for i in range(n)])
    modality = np.repeat(np.arange(3), list(SIZES.values()))
    source, target = np.triu_indices(len(catalogue), 1)
    apart = modality[source] != modality[target]
    source, target = source[apart], target[apart]
    sign = rng.choice([1, -1, 0], size=len(source), p=[pos, neg, 1 - pos - neg])
    return SignedGraph.from_arrays(catalogue, source, target, sign, neutral="drop")


def exact_means(graph: SignedGraph) -> tuple[float, float]:
    """Mean fractions under Q by enumeration: counts uniform in range, nodes uniform given them."""
    total_pos = total_neg = weight = 0.0
    nodes = {m: [a.key for a in graph.catalogue.of(m)] for m in SIZES}
    for counts in itertools.product(*(range(lo, hi + 1) for lo, hi in RANGES.values())):
        if sum(counts) < 2:
            continue
        choices = [
            list(itertools.combinations(nodes[m], c)) for m, c in zip(SIZES, counts, strict=True)
        ]
        sets = [sum(parts, ()) for parts in itertools.product(*choices)]
        found = [shares_of(graph, members) for members in sets]
        total_pos += float(np.mean([f.positive for f in found]))
        total_neg += float(np.mean([f.negative for f in found]))
        weight += 1
    return total_pos / weight, total_neg / weight


def test_the_profile_is_that_of_all_draws() -> None:
    graph = random_graph(0.3, 0.2)

    profile = diagnose(graph, type_ranges=RANGES, num_draws=200_000, seed=3)

    pos, neg = exact_means(graph)
    assert profile.positive.mean == pytest.approx(pos, abs=0.0015)
    assert profile.negative.mean == pytest.approx(neg, abs=0.0015)
    total = profile.positive.mean + profile.negative.mean + profile.absent.mean
    assert total == pytest.approx(1.0)


def test_a_profile_does_not_depend_on_the_order_of_rows() -> None:
    graph = random_graph(0.3, 0.2)
    edges = list(graph.edges())
    shuffled = SignedGraph.from_edges(
        edges[::-1], catalogue=Catalogue(list(graph.catalogue)[::-1])
    )

    one = diagnose(graph, type_ranges=RANGES, num_draws=500)
    two = diagnose(shuffled, type_ranges=RANGES, num_draws=500)

    assert one.to_dict() == two.to_dict()
    assert one != diagnose(graph, type_ranges=RANGES, num_draws=500, seed=1)


@given(
    ranges=st.dictionaries(
        st.sampled_from("abcd"),
        st.tuples(st.integers(0, 4), st.integers(0, 4)).map(sorted).map(tuple),
        min_size=1,
    )
)
def test_the_ceiling_is_the_best_of_all_type_counts(ranges: dict[str, tuple[int, int]]) -> None:
    best: dict[int, int] = {}
    for counts in itertools.product(*(range(lo, hi + 1) for lo, hi in ranges.values())):
        size = sum(counts)
        pairs = size * (size - 1) // 2 - sum(c * (c - 1) // 2 for c in counts)
        best[size] = max(best.get(size, 0), pairs)

    assert pair_ceilings(ranges) == best


@settings(deadline=None, max_examples=40)
@given(pos=st.floats(0.05, 0.6), neg=st.floats(0.01, 0.4), seed=st.integers(0, 99))
def test_suggested_labels_are_apart_and_exceptional(pos: float, neg: float, seed: int) -> None:
    profile = diagnose(random_graph(pos, neg, seed), type_ranges=RANGES, num_draws=2_000)
    try:
        spec = profile.suggest({"pos": 10, "avg": 10, "neg": 10})
    except SpecError:
        assert profile.negative.mean < 0.03 or profile.positive.mean < 0.03
        return

    coverage = profile.coverage(spec)
    pos_box, neg_box = spec.label_params["pos"], spec.label_params["neg"]
    apart_in_pos = neg_box.pos_frac_range[1] < pos_box.pos_frac_range[0]
    apart_in_neg = pos_box.neg_frac_range[1] < neg_box.neg_frac_range[0]
    assert apart_in_pos or apart_in_neg
    assert coverage.overlap["pos", "neg"] == 0
    assert 0 < coverage.accepted["pos"] <= 0.30
    assert 0 < coverage.accepted["neg"] <= 0.30


def test_sparse_negatives_are_still_placed() -> None:
    profile = diagnose(random_graph(0.47, 0.064, seed=5), type_ranges=RANGES)
    assert profile.negative.p50 == 0.0

    spec = profile.suggest({"pos": 1, "avg": 1, "neg": 1})

    assert spec.label_params["neg"].neg_frac_range[0] > 0
    assert profile.coverage(spec).accepted["neg"] > 0.01


def test_a_label_that_cannot_be_placed_is_refused_with_the_reason() -> None:
    profile = diagnose(random_graph(0.5, 0.0), type_ranges=RANGES)

    with pytest.raises(SpecError, match=r"label_params\.neg: no bound on the negative fraction"):
        profile.suggest({"pos": 1, "neg": 1})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"type_ranges": {"brand": (1, 9), "audience": (1, 1)}}, "the graph has 4"),
        ({"type_ranges": {"brnd": (1, 1), "geo": (1, 1)}}, "did you mean brand"),
        ({"type_ranges": {"brand": (1, 1)}}, "at least 2"),
        ({"type_ranges": [1]}, "does not fit"),
        ({"type_ranges": RANGES, "num_draws": 0}, "from 1 to 10,000,000"),
        ({"type_ranges": RANGES, "num_draws": 2.5}, "expected an integer"),
        ({"type_ranges": RANGES, "seed": "x"}, "expected an integer"),
    ],
)
def test_what_cannot_be_profiled_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(Exception, match=words) as caught:
        diagnose(random_graph(0.3, 0.2), **options)

    assert isinstance(caught.value, SpecError) or "seed" in str(caught.value)


@pytest.mark.parametrize("wrong", [{"brnd": (1, 1)}, {"brnd": (1, 1), "geo": (2, 1)}, {"brnd": 3}])
def test_an_unknown_modality_is_named_beside_the_other_faults(wrong: dict[str, object]) -> None:
    with pytest.raises(SpecError) as caught:
        diagnose(random_graph(0.3, 0.2), type_ranges=wrong)

    told = str(caught.value)
    assert "type_ranges.brnd: the graph has no such modality (did you mean brand?)" in told
    assert len(caught.value.faults) == 2


def test_results_show_themselves_in_a_line() -> None:
    graph = random_graph(0.3, 0.2)
    profile = diagnose(graph, type_ranges=RANGES, num_draws=1_000)
    spec = profile.suggest({"pos": 1})

    shown = [repr(profile), repr(feasible(graph, spec)["pos"]), repr(compare(graph, graph))]

    assert shown[0].startswith("DensityProfile(")
    assert [word for word in shown if len(word) > 160 or "\n" in word] == []


def test_labels_of_ones_own_take_the_places_of_the_published_ones() -> None:
    profile = diagnose(random_graph(0.3, 0.2), type_ranges=RANGES, num_draws=2000)
    plain = profile.suggest({"neg": 1, "avg": 2, "pos": 3}).label_params

    three = profile.suggest({"fair": 2, "good": 3, "bad": 1}, order=["bad", "fair", "good"])
    two = profile.suggest({"no": 1, "yes": 3}, order=["no", "yes"])

    assert three.label_params == {
        "fair": plain["avg"], "good": plain["pos"], "bad": plain["neg"]
    }  # fmt: skip
    assert two.label_params == {"no": plain["neg"], "yes": plain["pos"]}
    for order in (["a"], ["a", "a"], "ab", ["a", "b", "c", "d"]):
        with pytest.raises(SpecError, match="expected two or three different labels"):
            profile.suggest({"a": 1}, order=order)
    with pytest.raises(SpecError, match="expected some of no, yes"):
        profile.suggest({"pos": 1}, order=["no", "yes"])


@pytest.mark.parametrize(
    ("num_samples", "words"),
    [
        ({}, "no label"),
        ({"good": 1}, "'good'"),
        ({"pos": 0}, "num_samples"),
        ({"pos": "many"}, "num_samples"),
        (5, "num_samples is 5; expected a mapping"),
        (["pos"], "expected a mapping"),
        (None, "num_samples is None"),
    ],
)
def test_a_suggestion_needs_labels_it_knows(num_samples: dict[str, int], words: str) -> None:
    profile = diagnose(random_graph(0.3, 0.2), type_ranges=RANGES, num_draws=100)

    with pytest.raises(SpecError, match=words):
        profile.suggest(num_samples)


def test_fractions_count_pairs_within_a_modality() -> None:
    profile = diagnose(random_graph(0.3, 0.2), type_ranges={"geo": (2, 2)}, num_draws=10)

    assert (profile.positive.mean, profile.negative.mean, profile.absent.mean) == (0, 0, 1)
