"""Second votes: chosen pairs are asked again, and a third answer breaks a tie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from campaignkit.edges.answer_store import Vote
from campaignkit.edges.judgement import Judgement
from campaignkit.edges.scorer import Pair

VoteRule = Callable[[Pair, Judgement], bool]
"""Whether a pair with this first answer is asked a second time."""

_SIGNS = {1: "+", -1: "-", 0: "0"}


def every_pair(pair: Pair, judged: Judgement) -> bool:
    """A second vote on every pair: about twice the cost.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute
    >>> pair = Attribute("brand", "Nike"), Attribute("geo", "Peru")
    >>> every_pair(pair, Judgement(0))
    True
    """
    return True


def every_edge(pair: Pair, judged: Judgement) -> bool:
    """A second vote where the first was + or -.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute
    >>> pair = Attribute("brand", "Nike"), Attribute("geo", "Peru")
    >>> every_edge(pair, Judgement(0)), every_edge(pair, Judgement(1))
    (False, True)
    """
    return judged.sign != 0


def negative_edges(pair: Pair, judged: Judgement) -> bool:
    """A second vote where the first was -: the rare sign, and the costly one to get wrong.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute
    >>> pair = Attribute("brand", "Nike"), Attribute("geo", "Peru")
    >>> negative_edges(pair, Judgement(1)), negative_edges(pair, Judgement(-1))
    (False, True)
    """
    return judged.sign < 0


def settled(votes: Mapping[Vote, Judgement]) -> Judgement | None:
    """What the votes on a pair come to: the majority's sign; 0 where all three differ.

    Repeats have no say. A second vote that differs without a third leaves the first.

    Examples
    --------
    >>> votes = {Vote.FIRST: Judgement(1), Vote.SECOND: Judgement(-1), Vote.THIRD: Judgement(-1)}
    >>> settled(votes).sign, settled(votes).reason
    (-1, 'asked 3 times: + - -')
    """
    cast = [votes[vote] for vote in (Vote.FIRST, Vote.SECOND, Vote.THIRD) if vote in votes]
    if Vote.FIRST not in votes:
        return None
    if len(cast) == 1:
        return cast[0]
    sign, count = Counter(said.sign for said in cast).most_common(1)[0]
    if len(cast) == 3 and count == 1:
        sign = 0
    told = " ".join(_SIGNS[int(said.sign)] for said in cast)
    mean = None
    if all(said.strength is not None for said in cast):
        mean = sum(said.strength or 0.0 for said in cast) / len(cast)
    return replace(cast[0], sign=sign, strength=mean, reason=f"asked {len(cast)} times: {told}")
