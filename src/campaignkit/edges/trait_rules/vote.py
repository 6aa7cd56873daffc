"""What a rule is, and what it says of a pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from campaignkit.catalogue import Attribute

# The scale of all rules. Judgement, not measurement: a CLEAR vote decides a pair on its own, a
# STRONG one also against small objections, and what is REFUSED is not made up for by the closest
# fit; SLIGHT and SOME only tip a pair that has a ground.
SLIGHT, SOME, FAIR, CLEAR, STRONG, REFUSED = 1, 2, 3, 4, 6, 10


@dataclass(frozen=True, slots=True)
class Vote:
    """What one rule says of one pair.

    Attributes
    ----------
    weight : int
        Above 0 for the pair, below 0 against it.
    reason : str
        Why, in words, with the names.
    veto : bool
        Whether it forbids the pair whatever other rules say.

    Examples
    --------
    >>> Vote(-2, "Ferrari is luxury, College Students live on low incomes").weight
    -2
    """

    weight: int
    reason: str
    veto: bool = False


@dataclass(frozen=True, slots=True)
class TraitRule:
    """A marketing rule that reads a trait of one attribute and a trait of another.

    Attributes
    ----------
    name : str
        Its name in reports.
    first, second : str
        The traits it needs: it judges pairs of which one attribute has `first` and the other
        `second`. An empty `second` means any attribute.
    judge : callable
        ``judge(a, b) -> Vote | None``, where `a` has `first` and `b` has `second`; None where the
        rule has nothing to say, unknown trait values included.
    why : str
        The idea behind it, in a sentence.

    Examples
    --------
    >>> from campaignkit.edges import TRAIT_RULES
    >>> [rule.first for rule in TRAIT_RULES if rule.name == "price_meets_income"]
    ['price_tier']
    """

    name: str
    first: str
    second: str
    judge: Callable[[Attribute, Attribute], Vote | None]
    why: str


def shared(a: Attribute, first: str, b: Attribute, second: str) -> list[str]:
    """The items that a trait of one and a trait of the other have in common, in the first's order.

    Examples
    --------
    >>> one = Attribute("brand", "Nike", traits={"category": ["shoes", "sport"]})
    >>> shared(one, "category", Attribute("audience", "All", traits={"likes": "sport"}), "likes")
    ['sport']
    """
    theirs = b.items(second)
    return [item for item in a.items(first) if item in theirs]


def listed(items: Sequence[str]) -> str:
    """Up to three items in words.

    Examples
    --------
    >>> listed(["a", "b", "c", "d"]), listed(["a"])
    ('a, b and c', 'a')
    """
    shown = items[:3]
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]
