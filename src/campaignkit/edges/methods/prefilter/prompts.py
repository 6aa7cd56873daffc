"""What the pre-filter's prompts say: how to describe attributes, label clusters and score them.

The points are those that the published prompts carry; the wording is ours. All of it can be
replaced, in Python or by a TOML file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from campaignkit.errors import Fault, SettingError
from campaignkit.store.doors import TextFileKind, read_text

_FILE = TextFileKind(SettingError, "prompts", 'write label = "..." into it')


@dataclass(frozen=True, slots=True)
class Guide:
    """What the description of an attribute of some modality has to say.

    Attributes
    ----------
    kind : str
        What such an attribute is, in the prompt's words.
    length : str
        How long the description is to be.
    points : tuple of str
        What it has to say, in this order.
    aliases : tuple of str
        Other names of the modality, in small letters.
    version : int
        Raise it with the wording; it is part of the cache key, as the wording itself is.
    """

    kind: str
    length: str
    points: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    version: int = 1
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    @property
    def instruction(self) -> str:
        """The task in words."""
        listed = "\n".join(f"- {point}" for point in self.points)
        return (
            f"Describe each numbered {self.kind} for somebody who has to decide which campaigns "
            f"it belongs into. Write {self.length} of plain prose for each, which say:\n{listed}\n"
            "Be specific: a sentence that would be true of most others of its kind is worth "
            "nothing. State what is commonly known, and leave out what you do not know."
        )


GUIDES: Mapping[str, Guide] = {
    "brand": Guide(
        kind="brand",
        length="six to seven sentences",
        points=(
            "what the brand is at its core and what it is known for",
            "who would never buy it, and why",
            "its price tier, compared with named rivals",
            "the subculture or way of life it belongs to",
            "where it is restricted, and which controversies cling to it",
        ),
        aliases=("brands", "advertiser", "advertisers", "company", "companies"),
    ),
    "audience": Guide(
        kind="audience",
        length="six to seven sentences",
        points=(
            "ages, family, work and income",
            "how these people buy: how often, how much, what decides",
            "what moves them",
            "which platforms they use and which they avoid",
            "two audiences that are easily confused with this one, and how they differ",
        ),
        aliases=("audiences", "segment", "segments", "persona", "target group", "demographic"),
    ),
    "geo": Guide(
        kind="place",
        length="five to six sentences",
        points=(
            "the whole spread of incomes, not the average alone",
            "which platforms dominate, which are absent, which grow",
            "attitudes towards brands, advertising and foreign goods",
            "languages and regions that have to be addressed apart",
            "what regulation forbids or restricts",
        ),
        aliases=(
            "geography", "geos", "country", "countries", "market", "markets", "region", "regions",
            "location", "locations", "place", "city",
        ),
    ),
    "platform": Guide(
        kind="platform",
        length="four to five sentences",
        points=(
            "who uses it, and with what in mind",
            "what its content looks like",
            "which price tiers sell there and which do not",
            "which advertising formats it has",
            "which categories work there, which fail, and how safe it is for a brand",
        ),
        aliases=("platforms", "channel", "channels", "network", "publisher", "media"),
    ),
}  # fmt: skip
FALLBACK = Guide(
    kind="item",
    length="four to six sentences",
    points=(
        "what makes it distinct from others of its modality",
        "whom it reaches or suits",
        "whom and what it excludes",
        "which price level goes with it",
        "what it is associated with",
        "which restrictions apply",
    ),
)
_LABEL = (
    "Name each numbered group of attributes: what its members share, and what sets them apart "
    "from others of their modality. Give for each a label of two to four words, a summary of one "
    "sentence, and exactly three characteristics of a few words each."
)
_SCORE = (
    "Score the source group against each numbered target group: how well would their members do "
    "together in one campaign?\n"
    "7 to 10: they fit. 10 only if every member of the one fits every member of the other.\n"
    "4 to 6: neither fit nor friction, or some members fit and others do not.\n"
    "0 to 3: friction; spend would be wasted.\n"
    "null: the combination is implausible or prohibited and would never be run. That is not the "
    "same as a low score.\n"
    "Judge what a marketer would expect. Do not invent edge cases."
)


@dataclass(frozen=True, slots=True)
class PrefilterPrompts:
    """The wording of the pre-filter's prompts; replace any part of it.

    Names and descriptions follow each in a data block, and then the form of the answer; your
    texts are taken as they stand, braces included. How pairs are judged is the scorer's
    `PairPrompt`.

    Parameters
    ----------
    label : str
        How to name groups of attributes.
    score : str
        What the numbers from 0 to 10 and null mean.
    guides : mapping of str to Guide
        What descriptions have to say, by modality.
    fallback : Guide
        The same for any other modality.
    name, version : str and int
        Of the templates. Raise the version, or change the name, with the wording: both are part
        of the cache key, as the wording itself is.

    Examples
    --------
    >>> prompts = PrefilterPrompts(score="Score like a media planner for toys. null: unlawful.")
    >>> prompts.guide("Country").kind, prompts.guide("device").kind
    ('place', 'item')
    """

    label: str = _LABEL
    score: str = _SCORE
    guides: Mapping[str, Guide] = field(default_factory=lambda: dict(GUIDES))
    fallback: Guide = FALLBACK
    name: str = "cluster"
    version: int = 1
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        for name, text in (("label", self.label), ("score", self.score), ("name", self.name)):
            if not isinstance(text, str) or not text.strip():
                raise SettingError(f"{name} is {text!r:.60}; expected a text")

    def guide(self, modality: str) -> Guide:
        """The guide of a modality, by its name or an alias in any case; else the fallback."""
        aliased = [
            (a, guide) for guide in reversed([*self.guides.values()]) for a in guide.aliases
        ]
        named = {_as_name(name): guide for name, guide in (*aliased, *self.guides.items())}
        return named.get(_as_name(modality), self.fallback)

    def template(self, task: str) -> str:
        """``"cluster-score@1"`` and the like."""
        return f"{self.name}-{task}@{self.version}"

    @classmethod
    def read(cls, path: str | PathLike[str]) -> PrefilterPrompts:
        """Read wordings from a TOML file; what it leaves out stays as it is.

        ::

            score = "Score the source group against each numbered target group: ..."
            [guides.brand]
            kind = "brand"
            length = "two sentences"
            points = ["what it sells", "who would never buy it"]

        Raises
        ------
        SettingError
            With every fault of the file and its place.
        """
        try:
            held: dict[str, Any] = tomllib.loads(read_text(path, _FILE))
        except tomllib.TOMLDecodeError as err:
            raise SettingError(f"{path} is not TOML: {err}", hint="quote every text") from err
        if isinstance(guides := held.get("guides"), dict):
            held["guides"] = {**GUIDES, **guides}
            for name in GUIDES.keys() & guides.keys():
                if isinstance(guides[name], dict):
                    guides[name].setdefault("aliases", GUIDES[name].aliases)
        try:
            return TypeAdapter(cls).validate_python(held)
        except ValidationError as err:
            faults = [Fault(".".join(map(str, e["loc"])), e["msg"]) for e in err.errors()]
            raise SettingError(f"{path} contains no prompts", faults=faults) from err


def _as_name(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split())
