"""Signs from traits: a table of marketing rules vote, and their votes are added up.

A rule is a row of `TRAIT_RULES`: the traits it reads on one attribute and on the other, how the
two are compared, with which weight and which words. A row of yours is a rule of yours. Rules are
picked by the traits that two attributes have, never by the names of their modalities.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges.scorers.comparisons import (
    CLEAR,
    FAIR,
    PURSES,
    REFUSED,
    SLIGHT,
    SOME,
    STRONG,
    TIERS,
    Ages,
    Cases,
    Comparison,
    Distance,
    Overlap,
    formats,
    minors,
)
from campaignkit.edges.scorers.protocols import Judgement, Pair, Vote
from campaignkit.errors import Fault

Votes = tuple[tuple[str, Vote], ...]
_UNDECIDED = "nothing in their traits decides it"


class TraitScorer:
    """Decides +, - or none from the traits of two attributes; needs no model and no network.

    Each rule of `rules` that finds its traits may vote, with a weight and a reason. A veto (a law,
    a blocked platform, a market without the brand) makes the pair negative. Otherwise the weights
    are added up: at `decisive` or above the pair is positive, at minus `decisive` or below it is
    negative, between it is neutral; and small votes alone, of weight 1 or 2, decide nothing,
    however many. Attributes without traits are neutral to everything.

    It can be pickled, where the rules of your own among `rules` can.

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

    def __init__(self, rules: Iterable[TraitRule] | None = None, *, decisive: int = CLEAR) -> None:
        self._rules = TRAIT_RULES if rules is None else tuple(rules)
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
        applicable = cache(partial(_applicable, self._rules))
        judged = []
        for one, other in pairs:
            cast = (
                (rule.name, rule.vote(other, one) if turned else rule.vote(one, other))
                for rule, turned in applicable(frozenset(one.traits), frozenset(other.traits))
            )
            votes = tuple((name, vote) for name, vote in cast if vote is not None)
            judged.append(self._decide(votes))
        return judged

    def unread(self, catalogue: Catalogue) -> list[Fault]:
        """Which traits of a catalogue no rule reads, each with the nearest header or value.

        Examples
        --------
        >>> shop = Attribute("brand", "Shop", traits={"price tier": "luxury"})
        >>> print(TraitScorer().unread(Catalogue([shop]))[0])
        trait 'price tier': is read by no rule (call it price_tier)
        """
        from campaignkit.edges.scorers.unread import unread

        return unread(catalogue, self._rules)

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
    compare : callable
        ``compare(a, first, b, second) -> Vote | None``, where `a` has `first` and `b` has
        `second`: an `Overlap`, or a function of yours.
    why : str
        The idea behind it, in a sentence.

    Examples
    --------
    >>> from campaignkit.edges import TRAIT_RULES, Overlap
    >>> [rule.first for rule in TRAIT_RULES if rule.name == "price_meets_income"]
    ['price_tier']
    >>> spoken = TraitRule("spoken", "language", "spoken", Overlap(4, "{b} speaks {both}"), "")
    >>> spot = Attribute("creative", "Spot", traits={"language": "pt"})
    >>> spoken.vote(spot, Attribute("geo", "Brazil", traits={"spoken": "pt"}))
    Vote(weight=4, reason='Brazil speaks pt', veto=False)
    """

    name: str
    first: str
    second: str
    compare: Comparison
    why: str

    def vote(self, a: Attribute, b: Attribute) -> Vote | None:
        """What it says of two attributes, the first of which has the trait `first`."""
        return self.compare(a, self.first, b, self.second)


def _applicable(
    rules: Iterable[TraitRule], ones: frozenset[str], others: frozenset[str]
) -> list[tuple[TraitRule, bool]]:
    """The rules that find their traits, each with whether the pair is to be turned round."""
    return [
        (rule, turned)
        for rule in rules
        for turned, mine, theirs in ((False, ones, others), (True, others, ones))
        if rule.first in mine and (not rule.second or rule.second in theirs)
        # A rule on one trait of both has said all; others are asked both ways round, so that the
        # order of the pair does not matter.
        if not (turned and rule.first == rule.second)
    ]


def _reason(sign: int, votes: Votes) -> str:
    speaking = sorted((vote for _, vote in votes), key=lambda vote: -abs(vote.weight))
    pro = "; ".join(dict.fromkeys(vote.reason for vote in speaking if vote.weight > 0))
    con = "; ".join(dict.fromkeys(vote.reason for vote in speaking if vote.weight < 0))
    if sign:
        return pro if sign > 0 else con
    if pro and con:
        return f"for it: {pro}; against it: {con}"
    return f"not enough: {pro or con}" if pro or con else _UNDECIDED


_restricted = Overlap(-STRONG, "{both} is restricted in {b}", veto=True)
_shunned = Overlap(-REFUSED, "{b} shun {both}, which {a} stands for")
_to_companies = "{a} sells to companies, people are on {b} for "
_cold = Overlap(-CLEAR, "{b} cares little for {both}")
_ages = Ages("ages meet: {a} {ours}, {b} {theirs}", "ages do not meet: {a} {ours}, {b} {theirs}")

TRAIT_RULES: tuple[TraitRule, ...] = (
    # What the law forbids.
    TraitRule("regulated_where_restricted", "regulated_as", "restricted_categories", _restricted,
        "Alcohol, gambling, crypto and the like cannot be advertised where the law restricts them,"
        " nor can the people defined by them be reached with them."),
    TraitRule("category_restricted", "category", "restricted_categories", _restricted,
        "A category that a country restricts cannot be advertised there."),
    TraitRule("minors_in_audience", "min_age", "age_range", minors,
        "Goods with a minimum age do not go before audiences with many minors."),
    TraitRule("minors_on_platform", "min_age", "mindset", minors,
        "Goods with a minimum age do not go on platforms with many minors."),
    # Where things are to be had.
    TraitRule("platform_absent", "absent_in", "",
        Overlap(-STRONG, "{a} is not available in {b}", by_name=True, veto=True),
        "A platform reaches nobody where it is not."),
    TraitRule("platform_blocked", "platforms_blocked", "mindset",
        Overlap(-STRONG, "{b} is blocked in {a}", by_name=True, veto=True),
        "The same, listed for the country."),
    TraitRule("not_sold_there", "sold_in", "income_mix",
        Overlap(0, "", (-STRONG, "{a} is not sold in {b}"), by_name=True, veto=True),
        "Advertising what nobody there can buy is wasted spend."),
    TraitRule("brand_restricted", "restricted_in", "",
        Overlap(-STRONG, "{a} is restricted in {b}", by_name=True, veto=True),
        "A brand that has left a market, or was sent away, cannot run campaigns in it."),
    TraitRule("leading_market", "strong_in", "",
        Overlap(CLEAR, "{b} is a leading market of {a}", by_name=True),
        "Home and leading markets know the brand and have its shops."),
    TraitRule("platform_widely_used", "platforms_strong", "mindset",
        Overlap(CLEAR, "{b} is widely used in {a}", by_name=True),
        "A platform that most people in a country use reaches it."),
    # What people will not have.
    TraitRule("category_shunned", "category", "shuns", _shunned,
        "People who reject a category are not won by a campaign for it."),
    TraitRule("association_shunned", "known_for", "shuns", _shunned,
        "What a brand is known for puts off those who reject it: meat, leather, fast fashion."),
    TraitRule("price_tier_shunned", "price_tier", "shuns", _shunned,
        "Some audiences avoid a price tier on principle, cheap or dear."),
    TraitRule("regulated_shunned", "regulated_as", "shuns", _shunned,
        "The same for alcohol, gambling and crypto."),
    # What an offer and an audience are both about.
    TraitRule("offers_their_subject", "category", "defined_by",
        Overlap(STRONG, "{a} offers what {b} are about: {both}"),
        "The closest fit there is: the offer is what the audience is defined by."),
    TraitRule("offers_an_interest", "category", "interests",
        Overlap(FAIR, "{b} take an interest in {both}, which {a} offers"),
        "An audience listens to what it is interested in."),
    TraitRule("speaks_to_their_subject", "appeals_to", "defined_by",
        Overlap(CLEAR, "{a} speaks to what {b} are about: {both}"),
        "Sponsorships, ambassadors and brand worlds open doors beyond the product."),
    TraitRule("speaks_to_an_interest", "appeals_to", "interests",
        Overlap(SOME, "{a} speaks to an interest of {b}: {both}"),
        "The same, for side interests."),
    # Work and leisure.
    TraitRule("companies_as_buyers", "buyers", "role",
        Cases((
            ("businesses", "business", SOME, "{b} buy for companies, which {a} sells to"),
            ("businesses", "consumers", -STRONG, "{a} sells to companies, {b} buy for themselves"),
        )),
        "What companies buy is wasted on people who buy for themselves."),
    TraitRule("companies_on_platform", "buyers", "mindset",
        Cases((
            ("businesses", "work", CLEAR, _to_companies + "work"),
            ("businesses", "entertainment", -CLEAR, _to_companies + "fun"),
            ("businesses", "shopping", -CLEAR, _to_companies + "shopping"),
            ("businesses", "social", -SOME, _to_companies + "friends"),
        )),
        "Business offers work where people are at work, and annoy where they unwind."),
    TraitRule("people_at_work", "role", "mindset",
        Cases((
            ("business", "work", CLEAR, "{a} are on {b} for work"),
            ("consumers", "work", -SOME, "{a} are not met as such on {b}, a place of work"),
        )),
        "A platform of work reaches people in their jobs, less so in their hobbies."),
    # Price tiers against incomes, and both against places and platforms.
    TraitRule("price_meets_income", "price_tier", "income",
        Distance(PURSES, (SLIGHT, -SOME, -STRONG),
            "the {ours} prices of {a} suit {suited} incomes",
            "{a} is {ours}, {b} have {theirs} incomes"),
        "People buy what they can pay, and what is made for their purse."),
    TraitRule("price_meets_country", "price_tier", "income_mix",
        Distance(PURSES, (SLIGHT, -CLEAR), "{ours} prices can be paid in {b}",
            "{a} is {ours}, few incomes in {b} carry that"),
        "Luxury needs a country with the incomes for it."),
    TraitRule("price_suits_platform", "price_tier", "price_tiers",
        Distance(TIERS, (SLIGHT, -SLIGHT, -CLEAR, -STRONG), "{ours} offers sell on {b}",
            "{a} is {ours}, {b} is for {theirs} offers"),
        "A bargain market cheapens a luxury brand; a work network sells no bargains."),
    TraitRule("income_suits_platform", "income", "price_tiers",
        Distance(PURSES, (0, -SOME, -STRONG), "",
            "{a} do not look for {theirs} offers, which {b} is for"),
        "People who can afford more do not shop on a bargain market."),
    TraitRule("incomes_in_country", "income", "income_mix",
        Distance(PURSES, (0, -SLIGHT, -CLEAR), "", "few {a} live in {b}"),
        "An affluent audience is thin where incomes are low."),
    # Ages.
    TraitRule("ages_of_buyers", "age_skew", "age_range", _ages,
        "An offer or platform of one age group passes the others by; the wider the gap, the"
        " more."),
    TraitRule("ages_of_brand_and_platform", "age_skew", "age_skew", _ages,
        "A brand goes where its age group is."),
    TraitRule("at_home_on_platform", "age_range", "mindset",
        Ages("{a} are of the age that uses {b}", reads=("age_range", "age_skew")),
        "For platforms age counts double: many belong to a generation."),
    # Who people are.
    TraitRule("shared_values", "values", "values", Overlap(SLIGHT, "both stand for {both}"),
        "Shared values help a little; alone they sell nothing."),
    TraitRule("gender_skew", "gender", "gender",
        Overlap(SLIGHT, "both are mostly for {ours}",
            (-CLEAR, "{a}: mostly {ours}, {b}: mostly {theirs}"),
            only_between=frozenset({"women", "men"})),
        "An offer made for one gender is wasted spend on an audience of the other."),
    TraitRule("life_stage", "life_stage", "life_stage",
        Overlap(SOME, "both are for {both}", (-CLEAR, "{a}: {ours}, {b}: {theirs}")),
        "Diapers are for parents, timber for people with a house."),
    # What works on a platform and what falls flat there.
    TraitRule("category_works_on_platform", "category", "categories_work",
        Overlap(CLEAR, "{both} finds its public on {b}"),
        "Each platform has categories that people expect and look for on it."),
    TraitRule("category_fails_on_platform", "category", "categories_fail",
        Overlap(-STRONG, "{both} falls flat on {b}"),
        "Each platform has categories that are out of place or not admitted."),
    TraitRule("audience_gathers_on_platform", "defined_by", "categories_work",
        Overlap(CLEAR, "{b} is a place for {both}, what {a} are about"),
        "People gather where their subject is at home."),
    TraitRule("audience_absent_from_platform", "defined_by", "categories_fail",
        Overlap(-STRONG, "{b} is no place for {both}, what {a} are about"),
        "People are not met where their subject is out of place."),
    TraitRule("interests_on_platform", "interests", "categories_work",
        Overlap((SLIGHT, SOME, FAIR), "{b} covers interests of {a}: {both}"),
        "Side interests help, and three or more of them are a ground."),
    TraitRule("formats_suit", "category", "formats", formats,
        "Fashion has to be seen, software to be explained; a platform has the format or not."),
    # Climate, and what a country is fond of.
    TraitRule("climate", "suits_climate", "climate",
        Overlap(CLEAR, "{b} has what {a} need: {both}",
            (-STRONG, "{a} need {ours}, which {b} does not have")),
        "Winter jackets and skiers belong where there is winter, surfers where there are waves."),
    TraitRule("country_fond_of_category", "category", "passions",
        Overlap(CLEAR, "{b} is fond of {both}, which {a} offers"),
        "Some markets buy much more of a category than others."),
    TraitRule("country_fond_of_subject", "defined_by", "passions",
        Overlap(CLEAR, "{b} is fond of {both}, what {a} are about"),
        "An audience is large, and easily reached, where its subject is a national pastime."),
    TraitRule("country_echoes_brand", "appeals_to", "passions",
        Overlap(SLIGHT, "{a} speaks to a liking of {b}: {both}"),
        "A brand's world helps where the country shares it."),
    TraitRule("country_cold_to_category", "category", "indifferent_to", _cold,
        "What nobody there follows or uses finds no buyers."),
    TraitRule("country_cold_to_subject", "defined_by", "indifferent_to", _cold,
        "A subject that nobody there follows has no audience."),
)  # fmt: skip
"""The rules of `TraitScorer`, in the order in which their reasons are told."""
