"""Outcomes tell wrong signs from right ones, and say when they cannot."""

from __future__ import annotations

import doctest
import importlib

import numpy as np
import pytest

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.dataset import Block, CampaignDataset, Vocabulary
from campaignkit.errors import GraphError
from campaignkit.evaluation import EdgeOutcomes, Verdict, validate_edges
from campaignkit.evaluation.edge_outcomes import design_of
from campaignkit.graph import Edge, SignedGraph
from campaignkit.seeds import stream

SIZES = {"audience": 12, "brand": 12, "geo": 6}


def world(
    num: int, *, seed: int = 0, wrong: float = 0.1, share: float = 0.6, main: float = 0.5
) -> tuple[SignedGraph, SignedGraph, CampaignDataset, np.ndarray]:
    """True signs, the same with some turned, campaigns, and outcomes made of the true ones."""
    rng = stream(seed, "tests", "edge outcomes")
    catalogue = Catalogue(Attribute(m, f"{m} {i}") for m, n in SIZES.items() for i in range(n))
    codes = np.repeat(range(3), list(SIZES.values()))
    pairs = np.argwhere(np.triu(codes[:, None] != codes[None, :]))
    truth = rng.choice([1, -1, 0], size=len(pairs), p=[0.4, 0.3, 0.3])
    edges = np.flatnonzero(truth)
    said = truth.copy()
    said[rng.choice(edges, round(wrong * len(edges)), replace=False)] *= -1
    held = [
        np.concatenate([
            rng.choice(np.flatnonzero(codes == code), size, replace=False)
            for code, size in enumerate((3, 3, 2))
        ])
        for _ in range(num)
    ]  # fmt: skip
    effect = np.zeros((len(codes), len(codes)))
    effect[pairs[:, 0], pairs[:, 1]] = truth
    of_pairs = np.array([(effect[np.ix_(row, row)]).sum() for row in held])
    liking = rng.normal(size=len(codes))
    of_nodes = np.array([liking[row].sum() for row in held])
    of_nodes *= main**0.5 * of_pairs.std() / of_nodes.std()
    noise = rng.normal(size=num) * of_pairs.std() * np.sqrt((1 - share) / share)
    vocabulary = Vocabulary.of([a.key for a in catalogue])
    number = np.array([vocabulary.node_of[a.key] for a in catalogue])
    block = Block.of_rows([number[row].tolist() for row in held], labels=[0] * num)
    dataset = CampaignDataset(block, vocabulary, ["all"])
    graphs = [SignedGraph.from_arrays(catalogue, *pairs.T, signs) for signs in (truth, said)]
    return *graphs, dataset, of_pairs + of_nodes + noise


@pytest.fixture(scope="module")
def told() -> tuple[SignedGraph, EdgeOutcomes]:
    truth, graph, campaigns, outcomes = world(2_000)
    return truth, validate_edges(graph, campaigns, outcomes=outcomes)


def test_most_wrong_signs_are_found_and_nearly_all_flips_are_right(
    told: tuple[SignedGraph, EdgeOutcomes],
) -> None:
    truth, found = told
    wrong = (found.graph.columns.sign != truth.columns.sign) & (truth.columns.sign != 0)
    flip = found.verdict == Verdict.FLIP

    assert flip[wrong].mean() >= 0.8
    assert wrong[flip].mean() >= 0.95


def test_the_flipped_graph_is_nearer_to_the_truth(told: tuple[SignedGraph, EdgeOutcomes]) -> None:
    truth, found = told

    before = (found.graph.columns.sign == truth.columns.sign).mean()
    after = (found.flipped().columns.sign == truth.columns.sign).mean()

    assert before == pytest.approx(0.93, abs=0.01)
    assert after >= 0.985


def test_flips_say_who_decided_and_why_and_nothing_else_changes(
    told: tuple[SignedGraph, EdgeOutcomes],
) -> None:
    _, found = told
    flipped = found.flipped()

    changed = {(e.source, e.target) for e in flipped.edges() if e.decided_by == "learned"}

    assert changed == {(flip.source, flip.target) for flip in found.flips}
    assert all("wrong with probability" in flipped.edge(*pair).reason for pair in changed)
    assert flipped.num_edges == found.graph.num_edges


def test_probabilities_are_calibrated(told: tuple[SignedGraph, EdgeOutcomes]) -> None:
    truth, found = told
    signed = found.graph.columns.sign != 0
    wrong = (found.graph.columns.sign != truth.columns.sign)[signed]
    said = found.wrong_probability[signed]

    assert said.sum() == pytest.approx(wrong.sum(), rel=0.35)
    assert np.mean((said - wrong) ** 2) < 0.5 * np.mean((0.1 - wrong) ** 2)


def test_effects_have_the_size_and_the_spread_of_the_true_ones(
    told: tuple[SignedGraph, EdgeOutcomes],
) -> None:
    truth, found = told
    off = (found.effect - truth.columns.sign) / found.effect_sd

    assert found.size == pytest.approx(1.0, abs=0.1)
    assert np.mean(np.abs(off) < 2) > 0.85


def test_counts_add_up_to_all_rows_of_the_edge_table(
    told: tuple[SignedGraph, EdgeOutcomes],
) -> None:
    _, found = told

    assert sum(found.counts.values()) == len(found) == len(found.graph.columns)
    assert found.counts["neutral"] == found.graph.num_neutral
    assert [edge.verdict for edge in found] == [Verdict(v).word for v in found.verdict]
    assert "flip" in str(found)


def test_edges_seen_too_rarely_are_flagged_and_never_flipped() -> None:
    _, graph, campaigns, outcomes = world(150)

    found = validate_edges(graph, campaigns, outcomes=outcomes)

    rare = (found.num_campaigns < 40) & (graph.columns.sign != 0)
    assert rare.any()
    assert set(found.verdict[rare].tolist()) == {Verdict.TOO_FEW}
    assert {edge.verdict for edge in found.too_few} == {"too few"}
    assert all(flip.num_campaigns >= 40 for flip in found.flips)


def test_outcomes_that_ignore_the_signs_tell_nothing() -> None:
    _, graph, campaigns, outcomes = world(2_000)
    shuffled = stream(1, "tests").permutation(outcomes)

    found = validate_edges(graph, campaigns, outcomes=shuffled)

    assert found.flips == []
    assert found.counts["keep"] == 0
    assert found.counts["no information"] > 0
    assert "nothing is proposed" in str(found)


def test_a_strong_brand_does_not_turn_its_edges() -> None:
    _, graph, campaigns, outcomes = world(2_000, wrong=0.0, main=0.0)
    hated = campaigns.vocabulary.node_of["brand", "brand 0"]
    held = np.array([hated in campaigns.block.row(i) for i in range(len(campaigns))])
    outcomes = outcomes - 10 * outcomes.std() * held
    mine = [i for i, e in enumerate(graph.edges()) if ("brand", "brand 0") in (e.source, e.target)]

    found = validate_edges(graph, campaigns, outcomes=outcomes)

    assert not (found.verdict[mine] == Verdict.FLIP).any()
    lift = [outcomes[held].mean() - outcomes[~held].mean()]
    assert lift[0] < 0  # by which every edge of the brand would look negative


def test_labels_and_records_and_frames_say_the_same_as_numbers() -> None:
    import pandas as pd

    _, graph, campaigns, outcomes = world(400)
    labels = np.array(["neg", "avg", "pos"])[
        np.digitize(outcomes, np.quantile(outcomes, [0.3, 0.7]))
    ]
    records = [c.to_dict() | {"label": label} for c, label in zip(campaigns, labels, strict=True)]
    codes = {"neg": -1, "avg": 0, "pos": 1}

    expected = validate_edges(graph, campaigns, outcomes=[codes[label] for label in labels])
    from_labels = validate_edges(graph, campaigns, outcomes=labels)
    from_records = validate_edges(graph, records)
    from_frame = validate_edges(graph, pd.DataFrame(records))

    for found in (from_labels, from_records, from_frame):
        assert np.array_equal(found.verdict, expected.verdict)
        assert np.allclose(found.effect, expected.effect, equal_nan=True)


def test_the_scale_of_the_outcome_does_not_matter() -> None:
    _, graph, campaigns, outcomes = world(400)

    one = validate_edges(graph, campaigns, outcomes=outcomes)
    other = validate_edges(graph, campaigns, outcomes=1000 * outcomes - 7)

    assert np.array_equal(one.verdict, other.verdict)
    assert np.allclose(other.effect, 1000 * one.effect, atol=0.1, equal_nan=True)


def test_the_same_seed_gives_the_same_verdicts() -> None:
    _, graph, campaigns, outcomes = world(300)

    one, two = (validate_edges(graph, campaigns, outcomes=outcomes, seed=4) for _ in range(2))

    assert np.array_equal(one.wrong_probability, two.wrong_probability, equal_nan=True)


def test_attributes_that_the_graph_does_not_know_are_counted() -> None:
    _, graph, campaigns, outcomes = world(200)
    records = [c.to_dict() | {"device": ["phone"], "label": ""} for c in campaigns]

    found = validate_edges(graph, records, outcomes=outcomes)

    assert found.num_unknown == 1
    assert "1 attributes of campaigns are not in the graph" in str(found)


def test_the_design_counts_every_edge_in_every_campaign() -> None:
    _, graph, campaigns, outcomes = world(60)
    node_of = np.array([graph.catalogue.index(key) for key in campaigns.vocabulary.keys])

    nodes, pairs = design_of(graph, campaigns.block, node_of)
    found = validate_edges(graph, campaigns, outcomes=outcomes)

    for row in range(len(campaigns)):
        held = set(node_of[campaigns.block.row(row)].tolist())
        ends = zip(graph.columns.source.tolist(), graph.columns.target.tolist(), strict=True)
        expected = [i for i, (a, b) in enumerate(ends) if a in held and b in held]
        assert sorted(pairs[[row]].nonzero()[1].tolist()) == expected
        assert set(nodes[[row]].nonzero()[1].tolist()) == held
    assert found.num_campaigns.sum() == pairs.nnz


def test_the_ridge_solution_is_the_exact_one() -> None:
    from scipy import sparse

    from campaignkit.evaluation.outcome_ridge import _Design

    rng = stream(0, "tests", "ridge")
    matrix = sparse.random(80, 30, density=0.2, random_state=3, format="csr")
    precision, target = rng.uniform(0.1, 2, 30), rng.normal(size=30)
    dense = matrix.toarray()
    exact = np.linalg.solve(dense.T @ dense + np.diag(precision), target)

    found = _Design(matrix).solve(target, precision, tolerance=1e-10)

    assert np.allclose(found, exact, atol=1e-8)


GRAPH = SignedGraph.from_edges([Edge(("brand", "Nike"), ("geo", "Peru"), 1)])
ROWS = [{"brand": "Nike", "geo": "Peru"}, {"brand": "Nike", "geo": "Chile"}]


@pytest.mark.parametrize(
    ("graph", "rows", "outcomes", "message"),
    [
        (GRAPH, ROWS, [1.0], "1 outcomes for 2 campaigns"),
        (GRAPH, ROWS, [1.0, float("nan")], "1 outcomes are not finite"),
        (GRAPH, ROWS, [2.0, 2.0], "all equal"),
        (GRAPH, [], [], "all equal"),
        (GRAPH, ROWS, [[1.0], [2.0]], "2 dimensions"),
        (GRAPH, ROWS, None, "no outcomes"),
        (GRAPH, [{"brand": "Nike"}, {"geo": "Peru"}], [1, 2], "contains both attributes"),
        (SignedGraph.from_edges([], catalogue=GRAPH.catalogue), ROWS, [1, 2], "no edge"),
    ],
)
def test_what_cannot_be_validated_is_told(
    graph: SignedGraph, rows: object, outcomes: object, message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        validate_edges(graph, rows, outcomes=outcomes)


@pytest.mark.parametrize("options", [{"min_campaigns": 0}, {"flip_probability": 0.5}])
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(GraphError, match=next(iter(options))):
        validate_edges(GRAPH, ROWS, outcomes=[1, 2], **options)


@pytest.mark.parametrize("name", ["edge_outcomes", "outcome_ridge"])
def test_examples_run(name: str) -> None:
    module = importlib.import_module(f"campaignkit.evaluation.{name}")

    assert doctest.testmod(module).failed == 0
