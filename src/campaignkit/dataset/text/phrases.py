"""The words that invented descriptions are made of.

Each kind has three facets of eight options, each option a few ways to say it; places have digits.
No way to say one option occurs in another of its facet, so a description tells which were meant.
"""

from __future__ import annotations

from dataclasses import dataclass

Options = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Kind:
    """How the attributes of one sort of modality are described.

    Attributes
    ----------
    facets : tuple of Options
        From the one that is always named to the one that large modalities need.
    frames : dict of int to tuple of str
        Sentences by number of facets named, with ``{0}``, ``{1}``, ``{2}`` for them.

    Examples
    --------
    >>> kind_of("brand").frames[2][0].format("outdoor gear", "a thrifty")
    'a thrifty maker of outdoor gear'
    """

    facets: tuple[Options, ...]
    frames: dict[int, tuple[str, ...]]


_AUDIENCE = Kind(
    (
        (
            ("gamers", "people who play video games"),
            ("runners", "people who jog most days"),
            ("home cooks", "people who love to cook at home"),
            ("film lovers", "cinema fans"),
            ("gardeners", "people who grow their own plants"),
            ("travellers", "people who are often abroad"),
            ("music fans", "concert goers"),
            ("readers", "people with a book at hand"),
        ),
        (
            ("thrifty", "price-aware"),
            ("status-minded", "prestige-seeking"),
            ("green", "eco-minded"),
            ("family-first", "home-loving"),
            ("adventurous", "thrill-seeking"),
            ("career-driven", "ambitious"),
            ("tradition-loving", "old-fashioned"),
            ("tech-curious", "gadget-loving"),
        ),
        (
            ("students", "at university"),
            ("young parents", "with small children"),
            ("early retirees", "just past working age"),
            ("single professionals", "in a first job"),
            ("empty nesters", "whose children left home"),
            ("shift workers", "working nights"),
            ("shop owners", "running a small business"),
            ("newcomers", "new in the country"),
        ),
    ),
    {
        2: ("{1} {0}", "{0} ({1} at heart)"),
        3: ("{1} {0} ({2})", "{2}: {0} ({1} at heart)"),
    },
)

_BRAND = Kind(
    (
        (
            ("outdoor gear", "tents and boots"),
            ("skin care", "creams and lotions"),
            ("snacks", "crisps and bars"),
            ("watches", "timepieces"),
            ("software", "apps for work"),
            ("furniture", "tables and sofas"),
            ("bicycles", "city and road bikes"),
            ("toys", "playthings"),
        ),
        (
            ("a thrifty", "a low-cost"),
            ("a luxurious", "a top-end"),
            ("a playful", "a cheeky"),
            ("a sober", "a no-nonsense"),
            ("a daring", "a rule-breaking"),
            ("a caring", "a warm-hearted"),
            ("an inventive", "a forward-looking"),
            ("a rustic", "a down-to-earth"),
        ),
        (
            ("trusted for decades", "with a long good name"),
            ("fresh on the market", "hardly known yet"),
            ("praised by experts", "with many awards"),
            ("shaken by a scandal", "under public criticism"),
            ("loved by neighbours", "rooted in its town"),
            ("backed by science", "with studies to show"),
            ("run by its staff", "owned by those who work there"),
            ("followed by celebrities", "seen on famous people"),
        ),
    ),
    {
        2: ("{1} maker of {0}", "{0} from {1} house"),
        3: ("{1} maker of {0} ({2})", "{0} from {1} house ({2})"),
    },
)

_CREATIVE = Kind(
    (
        (
            ("saving money", "paying less"),
            ("belonging", "being part of a group"),
            ("lasting quality", "things that hold for years"),
            ("a new start", "beginning afresh"),
            ("protecting nature", "keeping the planet well"),
            ("being first", "having it before others"),
            ("feeling safe", "peace of mind"),
            ("having fun", "a good laugh"),
        ),
        (
            ("humorous", "joking"),
            ("solemn", "grave"),
            ("tender", "gentle"),
            ("urgent", "hurried"),
            ("factual", "matter-of-fact"),
            ("dreamy", "poetic"),
            ("bold", "loud"),
            ("ironic", "tongue-in-cheek"),
        ),
        (
            ("customers speak", "buyers' own voices"),
            ("a famous face", "a star vouches for it"),
            ("numbers as proof", "charts and counts"),
            ("a countdown", "only a few left"),
            ("a short story", "a tale with a turn"),
            ("before and after", "two pictures compared"),
            ("an expert's advice", "a specialist explains"),
            ("a free trial", "try it at no cost"),
        ),
    ),
    {
        2: ("{1} in tone and about {0}", "about {0} in a tone that is {1}"),
        3: ("{1} in tone and about {0} ({2})", "{2}: about {0} in a tone that is {1}"),
    },
)

_PLATFORM = Kind(
    (
        (
            ("short clips", "seconds-long videos"),
            ("photo feeds", "a stream of pictures"),
            ("search results", "answers to typed questions"),
            ("live streams", "broadcasts as they happen"),
            ("audio shows", "spoken episodes"),
            ("discussion boards", "threads and replies"),
            ("shop listings", "product pages"),
            ("news pages", "articles of the day"),
        ),
        (
            ("watched by teenagers", "with a very young crowd"),
            ("used at work", "visited in office hours"),
            ("opened on phones", "mostly on the move"),
            ("seen on the sofa", "on the big screen at home"),
            ("visited by experts", "with a specialist crowd"),
            ("kept by hobbyists", "where enthusiasts meet"),
            ("read by locals", "for one region"),
            ("open to everyone", "with the broadest public"),
        ),
        (
            ("ads can be skipped", "one tap ends the spot"),
            ("ads look like posts", "paid and unpaid side by side"),
            ("few ads a day", "hardly any advertising"),
            ("ads can be clicked to buy", "checkout inside the ad"),
            ("long spots allowed", "minutes for one message"),
            ("text only", "words without pictures"),
            ("strict brand rules", "closely moderated"),
            ("almost no rules", "loosely moderated"),
        ),
    ),
    {
        2: ("{0} {1}", "{1}: {0}"),
        3: ("{0} {1} ({2})", "{1}: {0} ({2})"),
    },
)

_DIGITS = tuple((digit,) for digit in "0123456789")
_ENDS = ("01", "10", "19", "28", "37", "46", "55", "64")

# A place is told by one of its zip codes, as published: the first three digits are its own.
_PLACE = Kind(
    (_DIGITS[1:], _DIGITS, _DIGITS),
    {2: tuple("{0}{1}0" + end for end in _ENDS), 3: tuple("{0}{1}{2}" + end for end in _ENDS)},
)

KINDS = {
    "audience": _AUDIENCE,
    "brand": _BRAND,
    "creative": _CREATIVE,
    "platform": _PLATFORM,
    "geo": _PLACE,
    "geography": _PLACE,
}


def kind_of(modality: str) -> Kind:
    """How attributes of a modality are described; one without words of its own is an audience.

    Examples
    --------
    >>> kind_of("geo") is kind_of("geography")
    True
    """
    return KINDS.get(modality, _AUDIENCE)
