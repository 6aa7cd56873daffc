"""Where a recipe's labels lie on a graph: boxes that no two labels share."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from campaignkit.diagnosis import diagnose
from campaignkit.graph import SignedGraph
from campaignkit.spec import LabelSpec, SamplingSpec

Bounds = tuple[float, float]
_DIAGNOSIS_SEED = 0  # a fixed one: on one graph, every seed of a recipe has the same boxes


def placed_labels(
    graph: SignedGraph,
    num_samples: Mapping[str, int],
    *,
    type_ranges: Mapping[str, tuple[int, int]],
    boxes: Mapping[str, tuple[Bounds, Bounds]] | None,
) -> SamplingSpec:
    """The spec of a recipe on a graph: with its own boxes, or those that suit the graph.

    Suggested boxes are made disjoint: `avg` ends below the lows of `pos` and `neg`, so a
    campaign's label follows from its signs.

    Raises
    ------
    SpecError
        If the type ranges do not fit the graph, or a label cannot be placed on it.
    """
    ranges = dict(type_ranges)
    if boxes is not None:
        return SamplingSpec(
            type_ranges=ranges,
            label_params={
                label: LabelSpec(
                    pos_frac_range=pos, neg_frac_range=neg, num_samples=num_samples[label]
                )
                for label, (pos, neg) in boxes.items()
            },
        )
    profile = diagnose(graph, type_ranges=ranges, seed=_DIAGNOSIS_SEED)
    return _disjoint(profile.suggest(num_samples))


def share_out(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """`total` in whole numbers in proportion to `shares`, by largest remainder, exactly.

    Examples
    --------
    >>> share_out(10, {"neg": 1, "avg": 1, "pos": 1})
    {'neg': 4, 'avg': 3, 'pos': 3}
    """
    whole = sum(map(Fraction, shares.values()))
    quotas = {name: total * Fraction(share) / whole for name, share in shares.items()}
    counts = {name: int(quota) for name, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda name: counts[name] - quotas[name])
    for name in by_remainder[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def with_counts(spec: SamplingSpec, counts: Mapping[str, int]) -> SamplingSpec:
    """The spec with these numbers of campaigns."""
    boxes = {
        label: LabelSpec(
            pos_frac_range=box.pos_frac_range,
            neg_frac_range=box.neg_frac_range,
            num_samples=counts[label],
        )
        for label, box in spec.label_params.items()
    }
    return spec.model_copy(update={"label_params": boxes})


def _disjoint(spec: SamplingSpec) -> SamplingSpec:
    boxes = spec.label_params
    if "avg" not in boxes:
        return spec
    avg = boxes["avg"]
    pos_range, neg_range = avg.pos_frac_range, avg.neg_frac_range
    if "pos" in boxes:
        pos_range = _below(pos_range, boxes["pos"].pos_frac_range[0])
    if "neg" in boxes:
        neg_range = _below(neg_range, boxes["neg"].neg_frac_range[0])
    narrow = LabelSpec(
        pos_frac_range=pos_range, neg_frac_range=neg_range, num_samples=avg.num_samples
    )
    return spec.model_copy(update={"label_params": {**boxes, "avg": narrow}})


def _below(bounds: tuple[float, float], limit: float) -> tuple[float, float]:
    # A tenth of the limit's last digit below it. Suggested lows lie at least half a last digit
    # above the next fraction that draws attain, so no campaign falls between the two boxes.
    exact = Decimal(repr(limit))
    exponent = exact.as_tuple().exponent
    assert isinstance(exponent, int)  # a bound is finite
    return bounds[0], min(bounds[1], float(exact - Decimal(1).scaleb(exponent - 1)))
