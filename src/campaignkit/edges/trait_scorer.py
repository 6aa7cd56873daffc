"""Signs from traits: documented marketing rules vote, and their votes are added up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from campaignkit.edges.scorers.protocols import Judgement, Pair
from campaignkit.edges.trait_rules import TRAIT_RULES, TraitRule, Vote
from campaignkit.edges.trait_rules.vote import CLEAR, FAIR

Votes = tuple[tuple[str, Vote], ...]
_UNDECIDED = "nothing in their traits decides it"


class TraitScorer:
    """Decides +, - or none from the traits of two attributes; needs no model and no network.

    Each rule of `rules` that finds its traits may vote, with a weight and a reason. A veto (a law,
    a blocked platform, a market without the brand) makes the pair negative. Otherwise the weights
    are added up: at `decisive` or above the pair is positive, at minus `decisive` or below it is
    negative, between it is neutral; and small votes alone, of weight 1 or 2, decide nothing,
    however many. Attributes without traits are neutral to everything.

    Parameters
    ----------
    rules : iterable of TraitRule
        The rules; your own may be among them.
    decisive : int
        The sum that decides, in the units of the rules' weights.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> catalogue = Catalogue.bundled("starter-27")
    >>> pair = catalogue[("platform", "TikTok")], catalogue[("geo", "India")]
    >>> TraitScorer().score([pair])
    [-1]
    >>> TraitScorer().explain([pair])
    ['TikTok is not available in India']
    """

    def __init__(self, rules: Iterable[TraitRule] = TRAIT_RULES, *, decisive: int = CLEAR) -> None:
        self._rules = tuple(rules)
        self._decisive = decisive

    def score(self, pairs: Sequence[Pair]) -> list[int]:
        """1, -1 or 0 for each pair."""
        return [judged.sign for judged in self.judge(pairs)]

    def explain(self, pairs: Sequence[Pair]) -> list[str]:
        """The reason for each pair's sign, in words."""
        return [judged.reason for judged in self.judge(pairs)]

    def judge(self, pairs: Sequence[Pair]) -> list[Judgement]:
        """Sign, reason and votes for each pair; `strength` is the sum of the votes."""
        # Which rules apply depends on the names of the traits alone, and those repeat.
        known: dict[tuple[frozenset[str], frozenset[str]], list[tuple[TraitRule, bool]]] = {}
        judged = []
        for one, other in pairs:
            names = frozenset(one.traits), frozenset(other.traits)
            if names not in known:
                known[names] = _applicable(self._rules, *names)
            judged.append(self._decide(_cast((one, other), known[names])))
        return judged

    def _decide(self, votes: Votes) -> Judgement:
        objections = [vote for _, vote in votes if vote.veto]
        if objections:
            strength = sum(vote.weight for _, vote in votes if vote.weight < 0)
            return Judgement(-1, objections[0].reason, "rule", strength, votes=votes)
        total = sum(vote.weight for _, vote in votes)
        strongest = max((abs(vote.weight) for _, vote in votes), default=0)
        sign = 0
        if abs(total) >= self._decisive and strongest >= FAIR:
            sign = 1 if total > 0 else -1
        return Judgement(sign, _reason(sign, votes), "rule", total, votes=votes)


def _applicable(
    rules: Iterable[TraitRule], ones: frozenset[str], others: frozenset[str]
) -> list[tuple[TraitRule, bool]]:
    """The rules that find their traits, each with whether the pair is to be turned round."""
    found = []
    for rule in rules:
        if rule.first in ones and (not rule.second or rule.second in others):
            found.append((rule, False))
        # A rule on one trait of both has said all; others are asked both ways round, so that the
        # order of the pair does not matter.
        if (
            rule.first != rule.second
            and rule.first in others
            and (not rule.second or rule.second in ones)
        ):
            found.append((rule, True))
    return found


def _cast(pair: Pair, rules: Iterable[tuple[TraitRule, bool]]) -> Votes:
    one, other = pair
    cast = (
        (rule.name, rule.judge(other, one) if turned else rule.judge(one, other))
        for rule, turned in rules
    )
    return tuple((name, vote) for name, vote in cast if vote is not None)


def _reason(sign: int, votes: Votes) -> str:
    speaking = sorted((vote for _, vote in votes), key=lambda vote: -abs(vote.weight))
    pro = "; ".join(dict.fromkeys(vote.reason for vote in speaking if vote.weight > 0))
    con = "; ".join(dict.fromkeys(vote.reason for vote in speaking if vote.weight < 0))
    if sign:
        return pro if sign > 0 else con
    if pro and con:
        return f"for it: {pro}; against it: {con}"
    return f"not enough: {pro or con}" if pro or con else _UNDECIDED
