"""Small worlds for the sampler's tests: one that can be enumerated, one that looks real."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.graph import SignedGraph
from campaignkit.spec import SamplingSpec

SIZES = {"a": 5, "b": 6, "c": 9}
RANGES = {"a": (1, 2), "b": (1, 2), "c": (1, 3)}


def structured_graph(sizes: dict[str, int], pos: int, neg: int, seed: int = 1) -> SignedGraph:
    """A graph whose signs follow hidden traits: boxes in it are islands, not a mist."""
    rng = np.random.default_rng(seed)
    catalogue = Catalogue([Attribute(m, f"{i:03d}") for m, n in sizes.items() for i in range(n)])
    modality = np.repeat(np.arange(len(sizes)), list(sizes.values()))
    source, target = np.triu_indices(len(catalogue), 1)
    apart = modality[source] != modality[target]
    source, target = source[apart], target[apart]
    traits = rng.normal(size=(len(catalogue), 2))
    score = (traits[source] * traits[target]).sum(1) + 0.5 * rng.normal(size=len(source))
    order = np.argsort(score)
    sign = np.zeros(len(source), np.int8)
    sign[order[:neg]] = -1
    sign[order[-pos:]] = 1
    return SignedGraph.from_arrays(catalogue, source, target, sign, neutral="drop")


@dataclass(frozen=True)
class Enumerated:
    """Every node set of a small graph, with its probability under Q and its counts."""

    graph: SignedGraph
    sets: list[tuple[int, ...]]
    q: NDArray[np.float64]
    pos: NDArray[np.int64]
    neg: NDArray[np.int64]
    pairs: NDArray[np.int64]

    def law(self, box: tuple[tuple[float, float], tuple[float, float]]) -> NDArray[np.float64]:
        """Q restricted to a box, by the definition in fractions."""
        (low_p, high_p), (low_n, high_n) = box
        p, g = self.pos / self.pairs, self.neg / self.pairs
        tiny = 1e-9
        inside = (p >= low_p - tiny) & (p <= high_p + tiny)
        inside &= (g >= low_n - tiny) & (g <= high_n + tiny)
        weights = self.q * inside
        return weights / weights.sum()


@cache
def enumerated() -> Enumerated:
    """The 40,635 node sets of a graph of 20 nodes."""
    graph = structured_graph(SIZES, pos=38, neg=33)
    signs = np.asarray(graph.signs)
    ends = np.cumsum([0, *SIZES.values()])
    sets: list[tuple[int, ...]] = []
    weights: list[float] = []
    for counts in itertools.product(*(range(lo, hi + 1) for lo, hi in RANGES.values())):
        choices = [
            list(itertools.combinations(range(ends[t], ends[t + 1]), c))
            for t, c in enumerate(counts)
        ]
        share = 1.0 / np.prod([len(choice) for choice in choices])
        for parts in itertools.product(*choices):
            sets.append(sum(parts, ()))
            weights.append(share)
    pos, neg = np.zeros(len(sets), np.int64), np.zeros(len(sets), np.int64)
    for i, members in enumerate(sets):
        inside = signs[np.ix_(members, members)]
        pos[i], neg[i] = (inside > 0).sum() // 2, (inside < 0).sum() // 2
    sizes = np.array([len(members) for members in sets])
    q = np.array(weights) / np.sum(weights)
    return Enumerated(graph, sets, q, pos, neg, sizes * (sizes - 1) // 2)


def spec_of(
    boxes: dict[str, tuple[tuple[float, float], tuple[float, float]]],
    num_samples: int,
    ranges: dict[str, tuple[int, int]] = RANGES,
    **parameters: object,
) -> SamplingSpec:
    """A spec with these boxes, equally many campaigns each."""
    labels = {
        name: {"pos_frac_range": pos, "neg_frac_range": neg, "num_samples": num_samples}
        for name, (pos, neg) in boxes.items()
    }
    return SamplingSpec.model_validate(
        {"type_ranges": ranges, "label_params": labels, **parameters}
    )
