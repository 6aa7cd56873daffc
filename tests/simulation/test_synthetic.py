"""Synthetic graphs: exact counts, one seed one graph, structure that is there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from campaignkit.errors import CampaignkitError, GraphError
from campaignkit.graph import SignedGraph
from campaignkit.simulation import published_graph, synthetic_graph

SIZES = {"brand": 60, "audience": 60, "geo": 30}


def draw(**changes: object) -> SignedGraph:
    arguments = {"pos_frac": 0.3, "neg_frac": 0.1, "seed": 3, **changes}
    return synthetic_graph(SIZES, **arguments)  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.dictionaries(st.sampled_from("abcde"), st.integers(1, 9), min_size=2),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    low_rank=st.integers(0, 3),
    communities=st.integers(1, 4),
    hubs=st.floats(0, 1),
)
def test_counts_are_exact_and_every_size_is_met(
    sizes: dict[str, int],
    shares: tuple[float, float],
    low_rank: int,
    communities: int,
    hubs: float,
) -> None:
    counts = list(sizes.values())
    total = (sum(counts) ** 2 - sum(c * c for c in counts)) // 2
    positive = int(shares[0] * total)
    negative = int(shares[1] * (total - positive))

    graph = synthetic_graph(
        sizes,
        num_positive=positive,
        num_negative=negative,
        low_rank=low_rank,
        communities=communities,
        hubs=hubs,
    )

    assert (graph.num_positive, graph.num_negative) == (positive, negative)
    assert {m: len(graph.catalogue.of(m)) for m in sizes} == sizes


@pytest.mark.parametrize("shares", [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (0.5, 0.5)])
def test_a_graph_may_be_all_of_one_sign_or_of_none(shares: tuple[float, float]) -> None:
    graph = draw(pos_frac=shares[0], neg_frac=shares[1])

    assert (graph.num_positive, graph.num_negative) == tuple(int(7200 * s) for s in shares)


def test_shares_are_of_the_pairs_of_different_modalities() -> None:
    graph = draw()

    assert (graph.num_positive, graph.num_negative) == (2160, 720)  # of 7,200


def test_one_seed_is_one_graph_and_another_seed_another() -> None:
    assert draw().digest == draw().digest
    assert draw().digest != draw(seed=4).digest


def test_the_published_size_never_changes() -> None:
    graph = published_graph()

    assert (graph.num_nodes, graph.num_positive, graph.num_negative) == (746, 36_420, 40_629)
    assert graph.digest == GOLDEN_PUBLISHED


def test_hubs_have_more_edges() -> None:
    def top_share(graph: SignedGraph) -> float:
        degrees = np.sort(np.diff(graph.csr.indptr))
        return float(degrees[-15:].sum() / degrees.sum())

    plain, hubbed = (draw(hubs=h, pos_frac=0.1, neg_frac=0.1) for h in (0, 0.1))

    assert top_share(hubbed) > 1.15 * top_share(plain)


@pytest.mark.parametrize("structure", [{"low_rank": 2}, {"communities": 4}])
def test_structure_shows_in_the_spectrum(structure: dict[str, int]) -> None:
    # Brands against the rest, less what each attribute does on average: two hidden dimensions or
    # four communities (three directions) stand out from noise.
    def top_share(graph: SignedGraph) -> float:
        block = graph.signs[:60, 60:].astype(float)
        block -= block.mean(axis=1, keepdims=True)
        block -= block.mean(axis=0, keepdims=True)
        values = np.linalg.svd(block, compute_uv=False)
        return float(values[:3].sum() / values[3:9].sum())

    flat = {"low_rank": 0, "communities": 1, "hubs": 0}

    assert top_share(draw(**{**flat, **structure})) > 1.25 * top_share(draw(**flat))


@pytest.mark.slow
def test_a_hundred_thousand_attributes_are_drawn_without_their_square() -> None:
    sizes = {"brand": 30_000, "audience": 40_000, "geo": 10_000, "interest": 20_000}

    graph = synthetic_graph(sizes, num_positive=400_000, num_negative=300_000)

    assert (graph.num_nodes, graph.num_positive, graph.num_negative) == (100_000, 400_000, 300_000)
    # The choice of pairs favours no modality: each gets its share of the edges.
    for counts in graph.by_modality_pair().values():
        share = (counts.num_positive + counts.num_negative) / 700_000
        assert share == pytest.approx(counts.num_pairs / 3_500_000_000, rel=0.02)


@pytest.mark.parametrize(
    ("sizes", "arguments", "expected"),
    [
        ({"a": 3}, {}, "contains 1 modalities; expected 2"),
        ({"a": 3, "b": 0}, {}, r"sizes\['b'\] is 0"),
        ({"a": 3, "b": 2.5}, {}, "is 2.5; expected an integer"),
        ({"a": 3, "label": 2}, {}, "'label' is reserved"),
        ({"a": 3, "b": 2}, {"pos_frac": 1.5}, "pos_frac is 1.5; expected a number"),
        ({"a": 3, "b": 2}, {"pos_frac": None}, "neither of pos_frac and num_positive"),
        ({"a": 3, "b": 2}, {"num_positive": 2}, "both of pos_frac and num_positive"),
        ({"a": 3, "b": 2}, {"neg_frac": None, "num_negative": -1}, "num_negative is -1"),
        ({"a": 3, "b": 2}, {"pos_frac": 0.9, "neg_frac": 0.9}, "10 edges asked for, .* 6 pairs"),
        ({"a": 3, "b": 2}, {"low_rank": -1}, "low_rank is -1"),
        ({"a": 3, "b": 2}, {"communities": 0}, "communities is 0"),
        ({"a": 3, "b": 2}, {"hubs": 2}, "hubs is 2"),
        ({"a": 90_000, "b": 90_000}, {}, "do not fit in memory"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    sizes: dict[str, int], arguments: dict[str, float], expected: str
) -> None:
    given_arguments = {"pos_frac": 0.3, "neg_frac": 0.1, **arguments}

    with pytest.raises(GraphError, match=expected):
        synthetic_graph(sizes, **given_arguments)  # type: ignore[arg-type]


def test_a_seed_that_is_no_integer_is_refused() -> None:
    with pytest.raises(CampaignkitError, match="expected an integer"):
        draw(seed="x")


GOLDEN_PUBLISHED = "sha256:1c993ec0f3f2c6df80b1f23088d780543846fcd1e10f7b109f84aaad8742322b"
