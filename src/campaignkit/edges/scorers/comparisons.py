"""How a trait rule compares two traits, and what it says: items in common, cases, steps, ages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from campaignkit.catalogue import Attribute
from campaignkit.edges.scorers.protocols import Vote

# The scale of all rules. Judgement, not measurement: a CLEAR vote decides a pair on its own, a
# STRONG one also against small objections, and what is REFUSED is not made up for by the closest
# fit; SLIGHT and SOME only tip a pair that has a ground.
SLIGHT: int = 1
SOME: int = 2
FAIR: int = 3
CLEAR: int = 4
STRONG: int = 6
REFUSED: int = 10

Comparison = Callable[[Attribute, str, Attribute, str], Vote | None]
"""``compare(a, first, b, second)``: the vote on two attributes; None where it has nothing to say,
unknown trait values included."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Compares the items of two traits: votes where some are in both, or where none is.

    Attributes
    ----------
    weight : int or tuple of int
        Of the vote where items are in both; a tuple goes by how many, its last for more. 0: none.
    text : str
        The reason, in which ``{a}`` and ``{b}`` are the names, ``{ours}`` and ``{theirs}`` the
        items of either, ``{both}`` those in both.
    otherwise : (int, str), optional
        The weight and the reason where no item is in both.
    only_between : frozenset of str
        The two items that `otherwise` applies between; any without it.
    by_name : bool
        Whether the name of the other attribute is looked up, in place of its trait.
    veto : bool
        Whether the vote forbids the pair.

    Examples
    --------
    >>> nike = Attribute("brand", "Nike", traits={"category": ["shoes", "sport"]})
    >>> fans = Attribute("audience", "Fans", traits={"interests": "sport"})
    >>> Overlap(3, "{b} like {both}, as {a} does")(nike, "category", fans, "interests").reason
    'Fans like sport, as Nike does'
    """

    weight: int | tuple[int, ...]
    text: str
    otherwise: tuple[int, str] | None = None
    only_between: frozenset[str] = frozenset()
    by_name: bool = False
    veto: bool = False

    def __call__(self, a: Attribute, first: str, b: Attribute, second: str) -> Vote | None:
        """The vote on two attributes."""
        ours = a.items(first)
        theirs = (b.value,) if self.by_name else b.items(second)
        both = [item for item in ours if item in theirs]
        weight, text = self.otherwise or (0, "")
        if both:
            weights = self.weight if isinstance(self.weight, tuple) else (self.weight,)
            weight, text = weights[min(len(both), len(weights)) - 1], self.text
        elif self.only_between and {listed(ours), listed(theirs)} != self.only_between:
            return None
        vote = _vote(weight, text, a, b, both=both, ours=ours, theirs=theirs)
        return replace(vote, veto=True) if vote and self.veto else vote


@dataclass(frozen=True, slots=True)
class Cases:
    """Looks two traits up in a list of cases: the first of which both have their item votes.

    Attributes
    ----------
    cases : tuple of (str, str, int, str)
        An item of the first trait, one of the second, the weight and the reason.

    Examples
    --------
    >>> compare = Cases((("businesses", "work", 4, "{b} is where {a} sells"),))
    >>> cloud = Attribute("brand", "Cloud", traits={"buyers": "businesses"})
    >>> inbox = Attribute("platform", "In", traits={"mindset": "work"})
    >>> compare(cloud, "buyers", inbox, "mindset")
    Vote(weight=4, reason='In is where Cloud sells', veto=False)
    """

    cases: tuple[tuple[str, str, int, str], ...]

    def __call__(self, a: Attribute, first: str, b: Attribute, second: str) -> Vote | None:
        """The vote on two attributes."""
        ours, theirs = a.items(first), b.items(second)
        for one, other, weight, text in self.cases:
            if one in ours and other in theirs:
                return _vote(weight, text, a, b)
        return None


# Incomes and tiers stand on one ladder; each tier can be paid from a span of incomes.
PURSES: Mapping[str, tuple[int, int]] = {
    "low": (0, 0), "middle": (1, 1), "high": (2, 2), "affluent": (3, 3),
    "budget": (0, 1), "mid": (0, 2), "premium": (1, 3), "luxury": (2, 3),
}  # fmt: skip
TIERS: Mapping[str, tuple[int, int]] = {
    "budget": (0, 0),
    "mid": (1, 1),
    "premium": (2, 2),
    "luxury": (3, 3),
}


@dataclass(frozen=True, slots=True)
class Distance:
    """Compares two traits on a ladder: votes by the steps between their nearest items.

    Attributes
    ----------
    ladder : mapping of str to (int, int)
        The lowest and the highest rung of each item; other items are left out.
    weights : tuple of int
        By steps, from 0; the last for more. 0: no vote.
    near, far : str
        The reason at no step and at some, as for `Overlap`; ``{suited}`` are the other's items at
        no step.

    Examples
    --------
    >>> compare = Distance({"low": (0, 0), "high": (2, 2)}, (1, 0, -4), "fits", "{a} is {ours}")
    >>> dear = Attribute("brand", "Dear", traits={"price": "high"})
    >>> compare(dear, "price", Attribute("geo", "X", traits={"income": "low"}), "income").weight
    -4
    """

    ladder: Mapping[str, tuple[int, int]]
    weights: tuple[int, ...]
    near: str
    far: str

    def __call__(self, a: Attribute, first: str, b: Attribute, second: str) -> Vote | None:
        """The vote on two attributes."""
        ours, theirs = a.items(first), b.items(second)
        steps = self._steps(ours, theirs)
        if steps is None:
            return None
        weight = self.weights[min(steps, len(self.weights) - 1)]
        suited = [item for item in theirs if self._steps(ours, [item]) == 0]
        text = self.far if steps else self.near
        return _vote(weight, text, a, b, suited=suited, ours=ours, theirs=theirs)

    def _steps(self, ours: Iterable[str], theirs: Iterable[str]) -> int | None:
        mine = [self.ladder[item] for item in ours if item in self.ladder]
        other = [self.ladder[item] for item in theirs if item in self.ladder]
        return min(
            (max(lo - high, low - hi, 0) for lo, hi in mine for low, high in other), default=None
        )


@dataclass(frozen=True, slots=True)
class Ages:
    """Compares two age ranges: for the pair where half of the shorter is shared.

    Attributes
    ----------
    near : str
        The reason where they meet, as for `Overlap`; ``{ours}`` and ``{theirs}`` are years.
    far : str
        That where they miss each other, by under 8 years (2), under 20 (4), or more (6); no vote
        where it is empty.
    reads : (str, str), optional
        The traits that contain the ages, where the rule is picked by others.

    Examples
    --------
    >>> toy = Attribute("brand", "Toy", traits={"ages": "6-12"})
    >>> Ages("", "{ours} is not {theirs}")(
    ...     toy, "ages", Attribute("audience", "Old", traits={"years": "55+"}), "years"
    ... )
    Vote(weight=-6, reason='6-12 is not 55-90', veto=False)
    """

    near: str
    far: str = ""
    reads: tuple[str, str] | None = None

    def __call__(self, a: Attribute, first: str, b: Attribute, second: str) -> Vote | None:
        """The vote on two attributes."""
        first, second = self.reads or (first, second)
        ours, theirs = read_ages(a, first), read_ages(b, second)
        if not ours or not theirs:
            return None
        overlap = min(ours[1], theirs[1]) - max(ours[0], theirs[0])
        shorter = min(ours[1] - ours[0], theirs[1] - theirs[0])
        if overlap >= shorter / 2:
            weight, text = SLIGHT, self.near
        elif overlap > 0 or not self.far:
            return None
        else:
            weight = -(SOME if overlap > -8 else CLEAR if overlap > -20 else STRONG)
            text = self.far
        years = [f"{low}-{high}" for low, high in (ours, theirs)]
        return _vote(weight, text, a, b, ours=years[:1], theirs=years[1:])


_MINOR_SHARE = 0.2  # of the years of an age range; below it, ages can be targeted around


def minors(a: Attribute, first: str, b: Attribute, second: str) -> Vote | None:
    """Against goods with a minimum age, before people many of whom are younger.

    Examples
    --------
    >>> beer = Attribute("brand", "Beer", traits={"min_age": "18"})
    >>> teens = Attribute("audience", "Teens", traits={"age_range": "13-19"})
    >>> minors(beer, "min_age", teens, "age_range").reason
    'Beer may be sold from 18 on, Teens begins at 13'
    """
    ages = read_ages(b, "age_range") or read_ages(b, "age_skew")
    legal = next((int(text) for text in a.items(first) if text.isdecimal()), 0)
    if not ages or not legal or ages[0] >= legal:
        return None
    low, high = ages
    if (min(legal, high) - low) / max(high - low, 1) < _MINOR_SHARE:
        return None
    return Vote(-CLEAR, f"{a.value} may be sold from {legal} on, {b.value} begins at {low}")


_SEEN = frozenset({"image", "short video", "stories"})
_EXPLAINED = frozenset({"text", "search", "long video", "documents", "groups"})
_TO_SEE = (
    "fashion, accessories, beauty, skincare, jewelry, watches, luxury, furniture, interior design,"
    " sneakers, travel, hotels, fast food, coffee"
)
_TO_EXPLAIN = (
    "business software, cloud, banking, payments, investing, heavy machinery, appliances, tools,"
    " crypto, insurance"
)
_FORMATS = {
    **dict.fromkeys(_TO_SEE.split(", "), _SEEN),
    **dict.fromkeys(_TO_EXPLAIN.split(", "), _EXPLAINED),
}


def formats(a: Attribute, first: str, b: Attribute, second: str) -> Vote | None:
    """For what has the format its category needs, against what lacks it.

    Examples
    --------
    >>> dior = Attribute("brand", "Dior", traits={"category": "fashion"})
    >>> chat = Attribute("platform", "Chat", traits={"formats": "text"})
    >>> formats(dior, "category", chat, "formats").reason
    'fashion needs image, short video and stories, which Chat lacks'
    """
    there = set(b.items(second))
    suited = [(item, _FORMATS[item]) for item in a.items(first) if item in _FORMATS]
    if not suited:
        return None
    if fitting := [item for item, good in suited if good & there]:
        return Vote(SLIGHT, f"the formats of {b.value} suit {listed(fitting)}")
    item, good = suited[0]
    return Vote(-SLIGHT, f"{item} needs {listed(sorted(good))}, which {b.value} lacks")


def _vote(
    weight: int, text: str, a: Attribute, b: Attribute, **said: Sequence[str]
) -> Vote | None:
    """A vote with its reason in words; none of weight 0."""
    if not weight:
        return None
    words = {name: listed(items) for name, items in said.items()}
    return Vote(weight, text.format(a=a.value, b=b.value, **words))


def listed(items: Sequence[str]) -> str:
    """Up to three items in words.

    Examples
    --------
    >>> listed(["a", "b", "c", "d"]), listed(["a"])
    ('a, b and c', 'a')
    """
    shown = items[:3]
    return "".join(shown) if len(shown) < 2 else ", ".join(shown[:-1]) + " and " + shown[-1]


_OLDEST = 90  # what "55+" ends at
_YEARS = re.compile(r"(\d{1,3})\s*(?:[-\u2013]\s*(\d{1,3})|(\+))")


def read_ages(attribute: Attribute, trait: str) -> tuple[int, int] | None:
    """The years of a trait such as ``"18-34"`` or ``"55+"``, or None where it is not one.

    Examples
    --------
    >>> read_ages(Attribute("audience", "Adults", traits={"age_range": "55+"}), "age_range")
    (55, 90)
    """
    items = attribute.items(trait)
    return parse_ages(items[0]) if items else None


@lru_cache(maxsize=1024)
def parse_ages(text: str) -> tuple[int, int] | None:
    """The years of a text such as ``"18-34"`` or ``"55+"``, or None where it is not one.

    Examples
    --------
    >>> parse_ages("55+"), parse_ages("young")
    ((55, 90), None)
    """
    found = _YEARS.fullmatch(text)
    if not found:
        return None
    low, high = int(found[1]), int(found[2] or _OLDEST)
    return (low, high) if low < high else None
