"""The contract of sampling strategies: the box, the law, and what a campaign depends on."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from campaignkit.seeds import stream
from campaignkit.testing.breaches import assert_offers, contract
from campaignkit.testing.node_sets import all_node_sets

if TYPE_CHECKING:
    from campaignkit.graph import SignedGraph
    from campaignkit.sample import AnnealingSampler, Strategy
    from campaignkit.spec import SamplingSpec

_SIZES = {"a": 3, "b": 4, "c": 5}
_RANGES = {"a": (1, 2), "b": (1, 2), "c": (1, 3)}
_BOX = ((0.35, 0.6), (0.0, 0.1))
_OTHER = ((0.0, 0.3), (0.1, 0.5))


@contract
def check_strategy(
    strategy: Strategy, *, rows: int = 4_000, max_bias: float = 0.03, seed: int = 0
) -> None:
    """Assert that a strategy keeps the box, draws from the law, and depends on nothing else.

    All node sets of a world of twelve attributes are listed. Campaigns must be ascending, keep
    type ranges and the box, and come with their right numbers of + and - pairs. Campaign i must
    be the same for any number of draws, any chunks and any other labels, and another
    under another seed. And the total variation distance to the law, Q given the box, may exceed
    that of an exact sampler of as many rows by no more than `max_bias`.

    Parameters
    ----------
    strategy : Strategy
    rows : int
        How many campaigns are drawn for the comparison.
    max_bias : float
        1 leaves the law open, for strategies that are declared to be biased.
    seed : int

    Raises
    ------
    AssertionError
        That says what is wrong.

    Examples
    --------
    >>> from campaignkit.sample import Rejection
    >>> check_strategy(Rejection(), rows=2_000)
    """
    from campaignkit.sample import AnnealingSampler

    assert_offers(strategy, "strategy", "name", "draw", "chain_block", "identity")
    graph = _graph()
    signs = np.asarray(graph.signs)

    def sampler(num: int, *, seed: int = seed, **boxes: object) -> AnnealingSampler:
        return AnnealingSampler(
            graph, _spec(num, {"x": _BOX} | boxes), seed=seed, strategy=strategy
        )

    sets = all_node_sets(tuple(_SIZES.values()), tuple(_RANGES.values()))
    law = {members: q for members, q in sets.items() if _in_box(signs, sorted(members))}
    total = sum(law.values())
    seen = dict.fromkeys(law, 0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*expect repeats")
        block = sampler(rows).sample().block
    _check_counts(sampler(50), signs)
    for row in range(rows):
        nodes = block.row(row).tolist()
        assert frozenset(nodes) in seen, f"campaign {row}, {nodes}, is not in the box"
        seen[frozenset(nodes)] += 1

    step = 3 * strategy.chain_block
    few = sampler(min(rows, 4 * step) - 1, other=_OTHER).sample(chunk_rows=step)
    mine = [few.block.row(int(i)).tolist() for i in np.flatnonzero(few.block.labels == 0)]
    assert mine == [block.row(i).tolist() for i in range(len(mine))], (
        "a campaign depends on how many are drawn, on the chunks or on other labels"
    )
    others = sampler(len(mine), seed=seed + 1).sample().block
    assert mine != [others.row(i).tolist() for i in range(len(mine))], "the seed changes nothing"

    expected = np.array(list(law.values())) / total
    exact = stream(seed, "testing", "strategies").multinomial(rows, expected, size=8)
    noise = np.abs(exact / rows - expected).sum(axis=1).mean() / 2
    found = np.abs(np.array(list(seen.values())) / rows - expected).sum() / 2
    assert found <= noise + max_bias, (
        f"total variation to the law is {found:.3f}; an exact sampler of {rows} rows has "
        f"{noise:.3f}, and {max_bias:g} more is allowed"
    )


def _graph() -> SignedGraph:
    from campaignkit.catalogue import Attribute, Catalogue
    from campaignkit.graph import SignedGraph

    keys = [(name, str(i)) for name, size in _SIZES.items() for i in range(size)]
    rng = stream(1, "testing", "strategies")
    pairs = [(i, j) for j in range(len(keys)) for i in range(j) if keys[i][0] != keys[j][0]]
    source, target = np.array(pairs).T
    sign = rng.choice(np.array([-1, 0, 1], np.int8), len(pairs), p=(0.2, 0.4, 0.4))
    catalogue = Catalogue([Attribute(*key) for key in keys])
    return SignedGraph.from_arrays(catalogue, source, target, sign, neutral="drop")


def _spec(num: int, boxes: dict[str, object]) -> SamplingSpec:
    from campaignkit.spec import SamplingSpec

    labels = {
        name: {"pos_frac_range": box[0], "neg_frac_range": box[1], "num_samples": num}  # type: ignore[index]
        for name, box in boxes.items()
    }
    return SamplingSpec.model_validate({"type_ranges": _RANGES, "label_params": labels})


def _counts(signs: np.ndarray, nodes: list[int]) -> tuple[int, int]:
    inside = signs[np.ix_(nodes, nodes)]
    return int((inside > 0).sum()) // 2, int((inside < 0).sum()) // 2


def _in_box(signs: np.ndarray, nodes: list[int]) -> bool:
    pairs = len(nodes) * (len(nodes) - 1) / 2
    return all(
        low <= count / pairs <= high
        for count, (low, high) in zip(_counts(signs, nodes), _BOX, strict=True)
    )


def _check_counts(sampler: AnnealingSampler, signs: np.ndarray) -> None:
    from campaignkit.sample.chunks import Chunk, draw_chunk

    (job,) = sampler._jobs()
    rows = draw_chunk(Chunk(job, 0, 50))
    ends = np.cumsum(rows.sizes, dtype=np.int64)
    for end, size, counts in zip(ends, rows.sizes.astype(int), rows.counts, strict=True):
        nodes = rows.nodes[end - size : end].tolist()
        assert nodes == sorted({*nodes}), f"{nodes} is not ascending"
        assert _counts(signs, nodes) == tuple(counts), f"{nodes} has other pairs than {counts}"
