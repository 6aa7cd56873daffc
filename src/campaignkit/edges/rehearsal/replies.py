"""What the simulated model replies to each of the library's prompts.

A prompt is known by its data block. One about pairs numbers lists of names; one about descriptions
numbers mappings with a name, one about trait cards bare names; one that scores clusters numbers
mappings with members beside a source, and one that names a cluster lists its members.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from campaignkit.catalogue import Attribute
from campaignkit.edges.rehearsal.world import RehearsalWorld

_NO_ANSWERS = ("unsure", None, "leave out")
_SYMBOLS = {1: "+", -1: "-", 0: "0"}
_POINTS = {1: 0.9, -1: 0.1, 0: 0.5}  # of the scale's top


@dataclass(frozen=True, slots=True)
class Asked:
    """One prompt, read: its data, the schema of the reply, and the draws of its answer.

    Examples
    --------
    >>> from campaignkit.seeds import stream
    >>> world = RehearsalWorld({"brand": 2, "geo": 1}, seed=3)
    >>> Asked(world, {"[1]": ["geo", "x"], "primary": ["brand", "y"]}, {}, stream(0)).numbered
    [['geo', 'x']]
    """

    world: RehearsalWorld
    data: Any  # a JSON value
    schema: dict[str, Any]  # a JSON schema
    rng: Generator

    @property
    def numbered(self) -> list[Any]:  # JSON values
        """The items with bracket numbers, in order; empty where there are none."""
        if not isinstance(self.data, dict):
            return []
        return [held for key, held in self.data.items() if key.startswith("[")]

    @property
    def item_schema(self) -> dict[str, Any]:  # a JSON schema
        """The schema of the answer to the first item."""
        held: dict[str, Any] = self.schema.get("properties", {}).get("1", {})
        return held


def is_about_pairs(asked: Asked) -> bool:
    """Whether signs of pairs are asked for."""
    return bool(asked.numbered) and all(isinstance(item, list) for item in asked.numbered)


def pair_signs(asked: Asked) -> dict[str, object]:
    """Signs of numbered pairs, or of numbered targets against the primary attribute."""
    world, items = asked.world, asked.numbered
    primary = asked.data.get("primary")
    named = [(primary, item) if primary else item for item in items]
    rows = [world.pair_index(*(_named(*end[:2]) for end in pair)) for pair in named]
    place = np.linspace(0.5, -0.5, len(rows)) if len(rows) > 1 else np.zeros(len(rows))
    signs = world.seen(rows, asked.rng.normal(size=len(rows)), place=place)
    reply: dict[str, object] = {}
    spoiled = asked.rng.random(len(rows)) < world.malformed
    for number, (sign, bad) in enumerate(zip(signs.tolist(), spoiled.tolist(), strict=True), 1):
        said = _said(sign, asked.item_schema)
        if bad:
            said = _NO_ANSWERS[int(asked.rng.integers(len(_NO_ANSWERS)))]
        if said != "leave out":
            reply[str(number)] = said
    return reply


def is_about_descriptions(asked: Asked) -> bool:
    """Whether descriptions of attributes are asked for."""
    items = asked.numbered
    return bool(items) and all(isinstance(item, dict) and "name" in item for item in items)


def descriptions(asked: Asked) -> dict[str, object]:
    """A few sentences on each attribute, from its card."""
    modality = asked.data["modality"]
    return {
        str(number): asked.world.describe(_named(modality, item["name"]))
        for number, item in enumerate(asked.numbered, start=1)
    }


def is_about_cards(asked: Asked) -> bool:
    """Whether trait cards are asked for."""
    return bool(asked.numbered) and all(isinstance(item, str) for item in asked.numbered)


def trait_cards(asked: Asked) -> dict[str, object]:
    """The card of each attribute, some entries wrong; now and then one is left out."""
    cards = {
        str(number): dict(asked.world.cards(_named(asked.data["modality"], name)))
        for number, name in enumerate(asked.numbered, start=1)
    }
    return _with_gaps(asked, cards)


def is_about_a_label(asked: Asked) -> bool:
    """Whether a cluster is to be named."""
    return isinstance(asked.data, dict) and "members" in asked.data and not asked.numbered


def cluster_label(asked: Asked) -> dict[str, object]:
    """A name after what most members' cards have in common."""
    members = [_named(*member[:2]) for member in asked.data["members"]]
    told = Counter(
        word for member in members for word in _listed(asked.world.cards(member)["categories"])
    )
    most = [word for word, _ in told.most_common(3)]
    traits = [*most, "known to many", "nothing special", "of its kind"][:3]
    return {
        "label": f"{traits[0]} {asked.data['modality']}s",
        "summary": f"{len(members)} of modality {asked.data['modality']} around {traits[0]}.",
        "characteristics": traits,
    }


def is_about_scores(asked: Asked) -> bool:
    """Whether clusters are to be scored against a source."""
    items = asked.numbered
    return (
        bool(items)
        and "source" in asked.data
        and all(isinstance(item, dict) and "members" in item for item in items)
    )


def cluster_scores(asked: Asked) -> dict[str, object]:
    """0 to 10 for each target cluster, or null for "not viable"."""
    source = _members(asked.data["source"])
    scores = {
        str(number): asked.world.cluster_score(source, _members(target))
        for number, target in enumerate(asked.numbered, start=1)
    }
    return _with_gaps(asked, scores)


REPLIES: tuple[tuple[Callable[[Asked], bool], Callable[[Asked], object]], ...] = (
    (is_about_pairs, pair_signs),
    (is_about_scores, cluster_scores),
    (is_about_descriptions, descriptions),
    (is_about_cards, trait_cards),
    (is_about_a_label, cluster_label),
)
"""For each kind of prompt: whether it is one, and the reply."""


def _with_gaps(asked: Asked, answers: Mapping[str, object]) -> dict[str, object]:
    """The answers without those that a careless model leaves out."""
    left_out = asked.rng.random(len(answers)) < asked.world.malformed
    return {
        key: said
        for (key, said), gone in zip(answers.items(), left_out.tolist(), strict=True)
        if not gone
    }


def _members(cluster: Mapping[str, Any]) -> list[Attribute]:  # Any: JSON values
    return [_named(cluster["modality"], name) for name in cluster["members"]]


def _listed(words: str | Sequence[str]) -> Sequence[str]:
    return [words] if isinstance(words, str) else words


def _named(modality: str, value: str) -> Attribute:
    return Attribute(modality, value)


def _said(sign: int, schema: dict[str, Any]) -> object:
    if schema.get("type") == "integer":
        return round(_POINTS[sign] * schema.get("maximum", 10))
    return _SYMBOLS[sign]
