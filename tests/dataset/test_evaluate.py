"""Evaluations: each number against the same number counted the slow way."""

from __future__ import annotations

import json
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import strategies
from campaignkit.catalogue import Attribute
from campaignkit.dataset import (
    Block,
    CampaignDataset,
    DatasetEvaluation,
    EvaluationAccumulator,
    Vocabulary,
    evaluate_dataset,
)
from campaignkit.dataset.label_tally import LabelTally
from campaignkit.dataset.leakage import measure_leakage
from campaignkit.dataset.row_hash import count_repeats, hash_rows
from campaignkit.dataset.row_sample import RowSample
from campaignkit.dataset.sign_counts import SignCounter
from campaignkit.errors import DatasetError
from campaignkit.graph import Edge, SignedGraph
from campaignkit.graph.derived import canonical_order
from campaignkit.graph.kernels.row_counts import count_rows
from campaignkit.graph.kernels.vectors import aligned_zeros
from campaignkit.graph.node_tables import NodeTables
from campaignkit.spec import LabelSpec
from small_world import SPEC, small_dataset, small_graph

GRAPH = small_graph()
DATASET = small_dataset(GRAPH)


def test_rows_in_range_are_counted_as_the_spec_counts_them() -> None:
    evaluation = evaluate_dataset(DATASET, GRAPH, SPEC)

    assert evaluation.in_range_frac == 1.0
    for name, box in SPEC.label_params.items():
        label = evaluation.labels[name]
        assert (label.rows, label.requested, label.in_range) == (box.num_samples,) * 3
        assert label.type_counts_legal == label.rows
        assert label.mean_deviation == 0
        assert box.pos_frac_range[0] <= label.mean_pos_frac <= box.pos_frac_range[1]
        total = label.mean_pos_frac + label.mean_neg_frac + label.mean_absent_frac
        assert total == pytest.approx(1)


def test_means_are_those_of_a_plain_loop() -> None:
    evaluation = evaluate_dataset(DATASET, GRAPH, SPEC)

    for name in DATASET.label_names:
        fracs = []
        sizes: Counter[str] = Counter()
        for campaign in DATASET.select(DATASET.labels == name):
            keys = [(m, value) for m, values in campaign.attributes.items() for value in values]
            signs = [GRAPH.sign(a, b) for a, b in combinations(keys, 2)]
            fracs.append((signs.count(1) / len(signs), signs.count(-1) / len(signs)))
            sizes[str(len(keys))] += 1
        pos, neg = np.mean(fracs, axis=0)

        label = evaluation.labels[name]
        assert (label.mean_pos_frac, label.mean_neg_frac) == pytest.approx((pos, neg))
        assert label.sizes == sizes


@settings(max_examples=60)
@given(strategies.graphs(), st.data())
def test_rows_are_counted_as_in_a_plain_loop(graph: SignedGraph, data: st.DataObject) -> None:
    keys = sorted(attribute.key for attribute in graph.catalogue)
    chosen = data.draw(st.lists(st.sampled_from(keys), unique=True) if keys else st.just([]))
    vocabulary = Vocabulary.of(chosen)
    names = sorted({modality for modality, _ in keys})
    spans = st.tuples(st.integers(0, 2), st.integers(0, 2)).map(lambda ends: tuple(sorted(ends)))
    ranges = data.draw(st.dictionaries(st.sampled_from(names), spans) if names else st.just({}))
    node_sets = st.sets(st.integers(0, len(chosen) - 1)) if chosen else st.just(set())
    rows = data.draw(st.lists(node_sets, max_size=5))
    block = Block.of_rows([sorted(row) for row in rows], labels=[0] * len(rows))

    counts = SignCounter(graph, vocabulary, ranges).count(block[1:])

    for row, (pos, neg), is_legal in zip(rows[1:], counts.signed, counts.is_legal, strict=True):
        members = [vocabulary.keys[node] for node in row]
        signs = [graph.sign(a, b) for a, b in combinations(members, 2)]
        held = Counter(modality for modality, _ in members)
        assert (pos, neg) == (signs.count(1), signs.count(-1))
        assert is_legal == all(
            ranges.get(name, (0, 0))[0] <= held[name] <= ranges.get(name, (0, 0))[1]
            for name in names
        )


def test_listed_neighbours_give_the_counts_of_bit_rows() -> None:
    # Lists longer than eight times the row are bisected, shorter ones read.
    rng = np.random.default_rng(3)
    keys = [(f"m{i % 5}", f"v{i:03}") for i in range(600)]
    pairs = [(a, b) for a, b in combinations(keys, 2) if a[0] != b[0]]
    picked = rng.choice(len(pairs), 60_000, replace=False)
    graph = SignedGraph.from_edges(
        [Edge(*pairs[at], 1 if i % 3 else -1) for i, at in enumerate(picked)]
    )
    n = len(graph.catalogue)
    sizes = (0, 1, 2, 5, 60, 300, n) * 3
    rows = [sorted(rng.choice(n, k, replace=False).tolist()) for k in sizes]
    block = Block.of_rows(rows, labels=[0] * len(rows))
    order = canonical_order(graph.catalogue)

    counted = []
    for is_dense in (True, False):
        arrays = NodeTables.from_graph(graph, order=order, is_dense=is_dense).arrays
        counts = np.zeros((len(rows), 2), np.int64)
        mask, members = aligned_zeros(arrays.num_words, np.uint64), np.zeros(n, np.int32)
        count_rows(arrays, block.nodes, block.offsets, mask, members, counts)
        counted.append(counts.tolist())

    assert counted[0] == counted[1]
    assert counted[0][6] == [40_000, 20_000]


def test_rows_are_inspected_as_in_a_plain_loop() -> None:
    vocabulary = DATASET.vocabulary
    rows = [[], [0], [0, 1], list(range(len(vocabulary))), [len(vocabulary) - 1]]
    block = Block.of_rows(rows, labels=[0] * len(rows))
    ranges = dict.fromkeys(vocabulary.modalities, (0, 1))

    counts = SignCounter(GRAPH, vocabulary, ranges).count(block)

    assert counts.hashes.tolist() == hash_rows(block).tolist()
    assert counts.is_legal.tolist() == [
        bool((np.bincount(vocabulary.modality_of[row], minlength=9) <= 1).all()) for row in rows
    ]
    for faulty in ([1, 0], [0, 0], [len(vocabulary)], [-1]):
        block = Block(
            np.array(faulty, np.int32), np.array([0, len(faulty)]), np.zeros(1, np.uint8)
        )
        with pytest.raises(DatasetError, match=r"ascending|codes run"):
            SignCounter(GRAPH, vocabulary).count(block, signed=np.zeros((1, 2), np.int64))


def test_rows_of_a_file_may_hold_more_nodes_than_a_sampler_draws() -> None:
    keys = [("a", f"{i:03}") for i in range(300)] + [("b", f"{i:03}") for i in range(300)]
    graph = SignedGraph.from_edges(
        [Edge(a, b, 1) for a, b in combinations(keys, 2) if a[0] < b[0]]
    )
    block = Block.of_rows([range(600), []], labels=[0, 0])
    block.nodes.setflags(write=False)

    evaluation = evaluate_dataset(CampaignDataset(block, Vocabulary.of(keys), ["pos"]), graph)

    assert evaluation.labels["pos"].mean_pos_frac == pytest.approx(90_000 / 179_700 / 2)
    assert evaluation.labels["pos"].sizes == {"0": 1, "600": 1}


def test_a_modality_that_no_campaign_can_hold_makes_rows_illegal_if_it_is_needed() -> None:
    block = Block.of_rows([[0], [0, 1]], labels=[0, 0])
    keys = DATASET.vocabulary.keys[:2]
    ranges = {"audience": (1, 1)}

    for vocabulary in (Vocabulary(keys), Vocabulary(keys, ("zone",))):
        for zone, expected in (((0, 2), [True, False]), ((1, 2), [False, False])):
            counter = SignCounter(GRAPH, vocabulary, {**ranges, "zone": zone})

            assert counter.count(block).is_legal.tolist() == expected
        assert SignCounter(GRAPH, vocabulary).count(block).is_legal.all()


def test_rows_out_of_range_and_of_illegal_counts_are_found() -> None:
    swapped = CampaignDataset(DATASET.block, DATASET.vocabulary, ["neg", "avg", "pos"])
    short = Block.of_rows([[0], [0, 1]], labels=[0, 0])

    evaluation = evaluate_dataset(swapped, GRAPH, SPEC)
    illegal = evaluate_dataset(CampaignDataset(short, DATASET.vocabulary, ["pos"]), GRAPH, SPEC)

    assert evaluation.labels["neg"].in_range < 20
    assert evaluation.labels["neg"].mean_deviation > 0.1
    assert evaluation.labels["avg"].in_range == 80
    assert evaluation.in_range_frac < 0.7
    assert illegal.labels["pos"].type_counts_legal == 0
    assert illegal.labels["avg"].requested == 80
    assert illegal.labels["avg"].rows == 0


def test_the_distance_to_the_bounds_is_counted_in_edges_and_fractions() -> None:
    box = LabelSpec(pos_frac_range=(0.2, 0.5), neg_frac_range=(0, 0.3), num_samples=1)
    tally = LabelTally(box)
    # Ten pairs: at the bound, one edge off it, in the middle, one below, one above with negatives.
    counts = np.array([[2, 0], [3, 0], [3, 3], [1, 0], [6, 4]])

    tally.add(counts, np.full(5, 5), np.ones(5, bool))

    total = tally.totals()
    assert (total.rows, total.in_range, total.near_bound) == (5, 3, 3)
    assert tally.deviation == pytest.approx(0.1 + 0.1 + 0.1)


def test_bounds_that_do_not_bind_have_nothing_near_them() -> None:
    tally = LabelTally(LabelSpec(pos_frac_range=(0, 1), neg_frac_range=(0, 1), num_samples=1))

    tally.add(np.array([[0, 0], [10, 0]]), np.full(2, 5), np.ones(2, bool))

    assert (tally.totals().in_range, tally.totals().near_bound) == (2, 0)


def test_duplicates_are_counted_within_and_across_labels() -> None:
    rows = [[0, 9], [0, 9], [0, 9], [1, 9], [1, 9], [2, 9]]
    block = Block.of_rows(rows, labels=[0, 0, 1, 1, 1, 1])

    evaluation = evaluate_dataset(
        CampaignDataset(block, DATASET.vocabulary, ["pos", "neg"]), GRAPH
    )

    pos, neg = evaluation.labels["pos"], evaluation.labels["neg"]
    assert (pos.duplicates, pos.duplicates_across, pos.distinct_frac) == (1, 2, 0.5)
    assert (neg.duplicates, neg.duplicates_across, neg.distinct_frac) == (1, 1, 0.75)
    assert (evaluation.duplicates, evaluation.distinct_frac) == (3, 0.5)
    assert pos.effective_distinct == 1
    assert neg.effective_distinct == pytest.approx(16 / 6, abs=1e-3)
    assert evaluation.in_range_frac is None


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), max_size=40))
def test_repeats_are_those_of_a_plain_count(rows: list[tuple[int, int]]) -> None:
    hashes = np.array([value for value, _ in rows], np.uint64)
    codes = np.array([label for _, label in rows], np.uint8)

    whole, each = count_repeats(hashes, codes, num_labels=3)

    for repeats, labels in ((whole, {0, 1, 2}), *zip(each, ({0}, {1}, {2}), strict=True)):
        times = Counter(value for value, label in rows if label in labels)
        owners = {value: {label for other, label in rows if other == value} for value in times}
        shared = sum(num for value, num in times.items() if len(owners[value]) > 1)
        assert (repeats.rows, repeats.distinct) == (times.total(), len(times))
        assert repeats.squares == sum(num**2 for num in times.values())
        assert repeats.across == shared


def test_coverage_names_what_is_in_no_campaign() -> None:
    block = Block.of_rows([[0, 1], [2, 9]], labels=[0, 0])

    evaluation = evaluate_dataset(CampaignDataset(block, DATASET.vocabulary, ["pos"]), GRAPH)

    assert evaluation.coverage_frac == {
        "audience": pytest.approx(3 / 9),
        "brand": pytest.approx(1 / 8),
        "geo": 0,
    }
    assert evaluation.unused["audience"] == [f"audience {i}" for i in range(3, 9)]


def test_the_numbers_do_not_depend_on_how_rows_are_cut_into_blocks() -> None:
    names = DATASET.label_names
    accumulator = EvaluationAccumulator(GRAPH, SPEC, DATASET.vocabulary, names)
    for start in range(0, len(DATASET), 7):
        accumulator.update(DATASET.block[start : start + 7])

    assert accumulator.result() == evaluate_dataset(DATASET, GRAPH, SPEC)


def test_an_evaluation_comes_back_from_json() -> None:
    evaluation = evaluate_dataset(DATASET, GRAPH, SPEC)

    again = DatasetEvaluation.from_dict(json.loads(json.dumps(evaluation.to_dict())))

    assert again == evaluation


def test_an_empty_data_set_has_an_evaluation() -> None:
    empty = CampaignDataset(Block.empty(), DATASET.vocabulary, ["pos"])

    evaluation = evaluate_dataset(empty, GRAPH, SPEC)

    assert (evaluation.rows, evaluation.leakage, evaluation.similarity) == (0, None, None)
    json.dumps(evaluation.to_dict(), allow_nan=False)


def test_attributes_that_the_graph_lacks_are_all_named() -> None:
    vocabulary = Vocabulary.of([*DATASET.vocabulary.keys, ("geo", "Atlantis"), ("geo", "Utopia")])

    with pytest.raises(DatasetError, match="2 attributes of the data set are not in the graph"):
        evaluate_dataset(CampaignDataset(Block.empty(), vocabulary, ["pos"]), GRAPH)
    grown = GRAPH.add([Attribute("geo", "Atlantis"), Attribute("geo", "Utopia")])
    assert evaluate_dataset(CampaignDataset(Block.empty(), vocabulary, ["pos"]), grown).rows == 0


def test_labels_that_tell_themselves_leak_and_random_ones_do_not() -> None:
    rng = np.random.default_rng(0)
    vocabulary = Vocabulary.of([("a", f"{i:03}") for i in range(100)])
    labels = rng.integers(0, 3, 1500)
    told = [[int(label), *(3 + rng.choice(97, 4, replace=False))] for label in labels]
    untold = [row[1:] for row in told]
    names = ["pos", "avg", "neg"]

    leaking = measure_leakage(Block.of_rows(told, labels=labels.tolist()), vocabulary, names)
    silent = measure_leakage(Block.of_rows(untold, labels=labels.tolist()), vocabulary, names)

    assert leaking.macro_f1 > 0.99
    assert {(value, label) for _, value, label, _ in leaking.strongest[:3]} == {
        ("000", "pos"),
        ("001", "avg"),
        ("002", "neg"),
    }
    assert silent.macro_f1 < 0.4
    assert silent.majority_macro_f1 < 0.2


def test_identical_rows_share_a_fold() -> None:
    rng = np.random.default_rng(0)
    vocabulary = Vocabulary.of([("a", f"{i:03}") for i in range(300)])
    # Every node set comes ten times with one label of its own: knowable only from its own copies.
    rows = [[i] for i in range(300)] * 10
    labels = rng.integers(0, 2, 300).tolist() * 10

    baseline = measure_leakage(Block.of_rows(rows, labels=labels), vocabulary, ["pos", "neg"])

    assert baseline.accuracy < 0.65


def test_a_row_sample_is_fair_and_blind_to_blocks() -> None:
    block = Block.of_rows([[i] for i in range(1000)], labels=[0] * 1000)
    whole, pieces = RowSample(100, seed=1), RowSample(100, seed=1)
    whole.update(block)
    for start in range(0, 1000, 30):
        pieces.update(block[start : start + 30])

    drawn = whole.rows().nodes

    assert drawn.tolist() == pieces.rows().nodes.tolist()
    assert len(drawn) == 100
    # Mean position of 100 of 1000 rows: 499.5, standard error 27.
    assert abs(drawn.mean() - 499.5) < 4 * 27


@given(strategies.datasets())
def test_hashes_are_equal_exactly_for_equal_node_sets(dataset: CampaignDataset) -> None:
    rows = [tuple(dataset.block.row(i)) for i in range(len(dataset))]

    assert len(set(hash_rows(dataset.block).tolist())) == len(set(rows))
