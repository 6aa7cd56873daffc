"""Order and implication between number columns that no marketing law covers, read off history."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

from campaignkit.auditing.rule import Rule
from campaignkit.tables import MARKETING_LAWS, AtMost, Needs, Role

if TYPE_CHECKING:
    from campaignkit.auditing.scene import Scene

_MAX_COLUMNS = 24
_MIN_SUPPORT = 200
# An order is a bound, not a matter of scale, if the two are equal in some rows that are not tiny.
_TOUCHES_FRAC = 0.002
_TOUCHES_FROM = 3
_APART_FRAC = 0.001
_EVEN = 4.0  # violations of a true law neither fade with size nor sit in one group


def mined_orders(scene: Scene, *, tolerance: float) -> list[Rule]:
    """``at_most`` and ``needs`` rules, as warnings: history showed them, no law demands them.

    Parameters
    ----------
    scene : Scene
        History.
    tolerance : float
        Share of violations allowed: 0 for a clean history. For a dirty one, violations must not
        fade with the size of the amounts, as those of a merely usual order do.
    """
    import numpy as np

    names = [
        scene.table.matching.standard(c.name) or c.name
        for c in scene.metrics()
        if scene.role(c.name) in (None, Role.COUNT)
    ][:_MAX_COLUMNS]
    if len(names) < 2:
        return []
    sample = scene.numbers(names)
    whole = {n: v for n, v in sample.items() if _is_count(v)}
    known = _closure({law.columns for law in MARKETING_LAWS if isinstance(law, AtMost)})
    found: list[tuple[str, str, int, float]] = []
    for low, high in permutations(whole, 2):
        if (low, high) in known:
            continue
        a, b = whole[low], whole[high]
        both = ~np.isnan(a) & ~np.isnan(b) & (b > 0) & (a >= 0)
        if both.sum() < _MIN_SUPPORT or (a[both] > 0).sum() < _MIN_SUPPORT:
            continue
        wrong = a[both] > b[both]
        share = float(wrong.mean())
        touches = float(((a[both] == b[both]) & (b[both] >= _TOUCHES_FROM)).mean())
        if share <= tolerance and touches >= _TOUCHES_FRAC and _even(wrong, b[both]):
            found.append((low, high, int(both.sum()), 1 - share))
    kept = _without_chains(found, known)
    rules = [_order(*item) for item in kept]
    return rules + _needs(whole, kept, tolerance)


def _is_count(values: Any) -> bool:
    import numpy as np

    filled = values[~np.isnan(values)]
    return len(filled) >= _MIN_SUPPORT and bool((filled == np.rint(filled)).mean() > 0.99)


def _even(wrong: Any, size: Any) -> bool:
    """Whether violations are as frequent among large amounts as among small ones."""
    import numpy as np

    if not wrong.any():
        return True
    large = size > np.median(size)
    small_share, large_share = wrong[~large].mean(), wrong[large].mean()
    return bool(max(small_share, large_share) <= _EVEN * max(min(small_share, large_share), 1e-9))


def _closure(pairs: set[Any]) -> set[tuple[str, str]]:
    closed = set(pairs)
    while True:
        more = {(a, d) for a, b in closed for c, d in closed if b == c} - closed
        if not more:
            return closed
        closed |= more


def _without_chains(
    found: list[tuple[str, str, int, float]], known: set[tuple[str, str]]
) -> list[tuple[str, str, int, float]]:
    pairs = {(a, b) for a, b, _, _ in found} | known
    middle = {x for pair in pairs for x in pair}
    return [
        item
        for item in found
        if not any((item[0], m) in pairs and (m, item[1]) in pairs for m in middle)
    ]


def _order(low: str, high: str, support: int, confidence: float) -> Rule:
    return Rule(
        f"at_most:{low},{high}",
        "at_most",
        f"{low}_exceed_{high}",
        (low, high),
        severity="warning",
        source="history",
        support=support,
        confidence=confidence,
        reason=f"held in {confidence:.2%} of {support:,} sampled rows",
    )


def _needs(
    whole: dict[str, Any], kept: list[tuple[str, str, int, float]], tolerance: float
) -> list[Rule]:
    """``a > 0`` needs ``b > 0`` where an order between the two is not known."""
    import numpy as np

    known = {law.columns for law in MARKETING_LAWS if isinstance(law, Needs)}
    ordered = _closure(
        {law.columns for law in MARKETING_LAWS if isinstance(law, AtMost)}
        | {(a, b) for a, b, _, _ in kept}
    )
    out = []
    for first, second in permutations(whole, 2):
        if (first, second) in known or (first, second) in ordered:
            continue
        a, b = whole[first], whole[second]
        speaks = (a > 0) & ~np.isnan(b)
        zero = np.nanmean(b == 0) if len(b) else 0.0
        if speaks.sum() < _MIN_SUPPORT or not 0.05 < zero < 0.95:
            continue
        share = float((b[speaks] == 0).mean())
        # Two columns that are zero together; more than that is a matter of volume.
        filled = ~np.isnan(a) & ~np.isnan(b)
        apart = float(((a[filled] > 0) != (b[filled] > 0)).mean())
        if share <= tolerance and apart <= max(tolerance, _APART_FRAC):
            out.append(
                Rule(
                    f"needs:{first},{second}",
                    "needs",
                    f"{first}_without_{second}",
                    (first, second),
                    severity="warning",
                    source="history",
                    support=int(speaks.sum()),
                    confidence=1 - share,
                    reason=f"held in {1 - share:.2%} of {int(speaks.sum()):,} sampled rows",
                )
            )
    return out
