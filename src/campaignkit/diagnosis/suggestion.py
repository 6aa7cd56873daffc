"""Label boxes that suit a graph: disjoint where they must be, wide enough to be sampled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import Fault, SpecError
from campaignkit.spec import LabelSpec, SamplingSpec

if TYPE_CHECKING:
    from campaignkit.diagnosis.density import DensityProfile

_MAX_ACCEPTED = 0.30  # pos and neg each hold at most this share of draws: they are exceptions
_MIN_ACCEPTED = 0.01  # below this the second bound is relaxed: a label should be cheap to draw
_LABELS = ("pos", "avg", "neg")
_DIGITS = 3


def suggest_spec(
    profile: DensityProfile, num_samples: Mapping[str, int], *, widen: float
) -> SamplingSpec:
    """See :meth:`DensityProfile.suggest`."""
    unknown = [name for name in num_samples if name not in _LABELS]
    if unknown or not num_samples:
        raise SpecError(
            f"num_samples names {', '.join(map(repr, num_samples)) or 'no label'}; "
            "expected some of pos, avg, neg",
            hint="write a SamplingSpec by hand for labels of other names",
        )
    if not (isinstance(widen, int | float) and 0 <= widen <= 10):
        raise SpecError(f"widen is {widen!r}; expected a number from 0 to 10")
    pos_frac = profile.draws.positives / profile.draws.pairs
    neg_frac = profile.draws.negatives / profile.draws.pairs
    many_pos, few_pos = _cut(pos_frac)
    many_neg, few_neg = _cut(neg_frac)
    faults = []
    boxes: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {}
    if "pos" in num_samples:
        if many_pos is None:
            faults.append(_unplaced("pos", "positive", profile.positive.p95))
        else:
            limit = few_neg if many_neg is not None else 1.0
            cap = _cap(neg_frac, limit, among=pos_frac >= many_pos)
            boxes["pos"] = ((many_pos, 1.0), (0.0, cap))
    if "avg" in num_samples:
        boxes["avg"] = (_middle(pos_frac, widen), _middle(neg_frac, widen))
    if "neg" in num_samples:
        if many_neg is None:
            faults.append(_unplaced("neg", "negative", profile.negative.p95))
        else:
            limit = few_pos if many_pos is not None else 1.0
            cap = _cap(pos_frac, limit, among=neg_frac >= many_neg)
            boxes["neg"] = ((0.0, cap), (many_neg, 1.0))
    if faults:
        raise SpecError("some labels cannot be placed on this graph", faults=faults)
    return SamplingSpec(
        type_ranges=profile.type_ranges,
        label_params={
            name: LabelSpec(
                pos_frac_range=boxes[name][0],
                neg_frac_range=boxes[name][1],
                num_samples=num_samples[name],
            )
            for name in num_samples
        },
    )


def _cut(fraction: NDArray[np.float64]) -> tuple[float | None, float]:
    """A lower bound that at most 30% of draws reach, and an upper bound just below it."""
    values, counts = np.unique(fraction, return_counts=True)
    reach = np.cumsum(counts[::-1])[::-1] / fraction.size  # share of draws at or above each value
    high = np.flatnonzero((reach <= _MAX_ACCEPTED) & (values > 0))
    if high.size == 0 or high[0] == 0:
        return None, 1.0
    below, at = float(values[high[0] - 1]), float(values[high[0]])
    return _between(below, at)


def _between(below: float, at: float) -> tuple[float, float]:
    # Two short numbers in the gap between attained values: the boxes cannot touch, and no draw
    # lies so near a bound that rounding could decide about it.
    for digits in range(_DIGITS, 12):
        step = 10.0**-digits
        low = round(below + (at - below) / 3, digits)
        high = round(below + 2 * (at - below) / 3, digits)
        if below < low < high < at and high - low >= step / 2:
            return high, low
    return at, below


def _cap(fraction: NDArray[np.float64], limit: float, *, among: NDArray[np.bool_]) -> float:
    """The median if enough of the draws `among` lie below it, else the limit."""
    median = float(np.ceil(np.median(fraction) * 10**_DIGITS) / 10**_DIGITS)
    cap = min(median, limit)
    return cap if ((fraction <= cap) & among).mean() >= _MIN_ACCEPTED else limit


def _middle(fraction: NDArray[np.float64], widen: float) -> tuple[float, float]:
    low, high = np.percentile(fraction, [25, 75])
    extra = widen * (high - low)
    scale = 10**_DIGITS
    return (
        max(0.0, float(np.floor((low - extra) * scale) / scale)),
        min(1.0, float(np.ceil((high + extra) * scale) / scale)),
    )


def _unplaced(label: str, kind: str, p95: float) -> Fault:
    return Fault(
        f"label_params.{label}",
        f"no bound on the {kind} fraction is reached by some but at most "
        f"{_MAX_ACCEPTED:.0%} of draws (95th percentile {p95:.3f})",
        f"widen type_ranges, add {kind} edges, or leave '{label}' out",
    )
