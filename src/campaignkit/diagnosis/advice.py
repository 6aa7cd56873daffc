"""Why a label has no campaign, what comes nearest and what to change: in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from campaignkit.checks import BOX_EPSILON
from campaignkit.diagnosis.ceiling import pair_ceiling
from campaignkit.diagnosis.reach import NEEDS, NEG_HIGH, NEG_LOW, POS_HIGH, POS_LOW, WEIGHTS
from campaignkit.diagnosis.verdict import Verdict
from campaignkit.spec import LabelSpec

# Name of the range, comparison, which end, and what to do about it.
_CONSTRAINTS = {
    POS_LOW: ("pos_frac", ">=", 0, "lower pos_frac_range"),
    POS_HIGH: ("pos_frac", "<=", 1, "raise the high of pos_frac_range"),
    NEG_LOW: ("neg_frac", ">=", 0, "lower neg_frac_range"),
    NEG_HIGH: ("neg_frac", "<=", 1, "raise the high of neg_frac_range"),
}
_SUMS = {
    (1, 1): "pos_frac + neg_frac",
    (1, -1): "pos_frac - neg_frac",
    (-1, 1): "neg_frac - pos_frac",
    (-1, -1): "pos_frac + neg_frac",
}
_DIGITS = 3


def blocker_words(label: LabelSpec, constraints: int) -> tuple[str, ...]:
    """The constraints as inequalities.

    Examples
    --------
    >>> label = LabelSpec(pos_frac_range=(0.9, 1), neg_frac_range=(0, 0.1), num_samples=1)
    >>> blocker_words(label, POS_LOW | NEG_HIGH)
    ('pos_frac >= 0.90', 'neg_frac <= 0.10')
    """
    ends = {"pos_frac": label.pos_frac_range, "neg_frac": label.neg_frac_range}
    return tuple(
        f"{name} {sign} {_asked(ends[name][end])}"
        for one, (name, sign, end, _) in _CONSTRAINTS.items()
        if constraints & one
    )


def fix_words(constraints: int) -> str:
    """What to change in the spec."""
    ways = [fix for one, (_, _, _, fix) in _CONSTRAINTS.items() if constraints & one]
    return f"{', '.join(ways)} or widen type_ranges"


def limit_words(
    verdict: Verdict, label: LabelSpec, type_ranges: Mapping[str, tuple[int, int]]
) -> str:
    """What stands against the blocking constraints: a proven limit, or that a search was through.

    A clause that goes on after "asks for ..., but".
    """
    cause = _single_cause(verdict, label)
    if not verdict.is_arithmetic or cause is None:
        return _unlimited(verdict)
    if cause >= len(WEIGHTS):
        name = "pos_frac_range" if cause == len(WEIGHTS) else "neg_frac_range"
        return f"no whole number of pairs lies in {name} for any number of attributes in range"
    extreme = verdict.scan.extremes[cause]
    wp, wn = (int(weight) for weight in WEIGHTS[cause])
    asked = _demand(cause, label)
    is_low = wp + wn < 0  # the direction of an upper bound: the limit is a least value
    share, asked = (-extreme.share, -asked) if is_low else (extreme.share, asked)
    what = "" if wp * wn == 0 else f" for {_SUMS[wp, wn]}, not {asked:.3f}"
    if (wp, wn) == (0, 1) and extreme.share <= 0:
        return "the graph has no negative edge between these modalities"
    if (wp, wn) == (1, 0) and extreme.share <= 0:
        return "the graph has no positive edge between these modalities"
    number = _apart(share, asked)
    ceiling = pair_ceiling(type_ranges)
    is_counted = not is_low and (wp, wn) != (1, -1) and (wp, wn) != (-1, 1) and ceiling < asked
    verb = "must reach at least" if is_low else "can reach at most"
    if extreme.counts is None:
        who = "the type counts in range" if is_counted else "campaigns of this graph"
    elif all(low == high for low, high in type_ranges.values()):
        who = counts_words(extreme.counts)
    else:
        who = f"even {counts_words(extreme.counts)}"
    by = "" if is_counted else ", with the edges of this graph"
    return f"{who} {verb} {number}{what}{by}"


def counts_words(counts: Mapping[str, int]) -> str:
    """Type counts as a list in prose.

    Examples
    --------
    >>> counts_words({"brand": 1, "geo": 2, "device": 0, "audience": 6})
    '1 brand, 2 geo and 6 audience'
    """
    parts = [f"{count} {name}" for name, count in counts.items() if count]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def joined(words: Iterable[str]) -> str:
    """Words with "and" between them."""
    return " and ".join(words)


def _unlimited(verdict: Verdict) -> str:
    together = " together" if verdict.blocking.bit_count() > 1 else ""
    if verdict.is_arithmetic:
        return f"every choice of type counts excludes that{together}"
    return f"an exact search showed that no campaign has that{together}"


def _single_cause(verdict: Verdict, label: LabelSpec) -> int | None:
    """The one direction (or narrow range) that excludes every vector, if there is one."""
    for cause, needs in enumerate(NEEDS):
        if needs != verdict.blocking:
            continue
        if cause >= len(WEIGHTS):
            return cause
        # Rounding to whole pairs can exclude what the shares themselves would allow.
        if verdict.scan.extremes[cause].share < _demand(cause, label) - BOX_EPSILON:
            return cause
    return None


def _demand(cause: int, label: LabelSpec) -> float:
    wp, wn = (int(weight) for weight in WEIGHTS[cause])
    (pos_low, pos_high), (neg_low, neg_high) = label.pos_frac_range, label.neg_frac_range
    return wp * (pos_low if wp > 0 else pos_high) + wn * (neg_low if wn > 0 else neg_high)


def _asked(value: float) -> str:
    return f"{value:.2f}" if abs(value - round(value, 2)) < BOX_EPSILON else f"{value:.4g}"


def _apart(limit: float, asked: float) -> str:
    """The limit with as many digits as it takes to look different from what was asked."""
    for digits in range(_DIGITS, 10):
        text = f"{limit:.{digits}f}"
        if abs(float(text) - asked) > 10.0**-digits / 2:
            return text
    return repr(limit)
