"""What the simulated model replies to each of the library's prompts.

A prompt is known by its data block and the schema of its reply: the block of a prompt about pairs
numbers lists of names, the block of a prompt about attributes numbers mappings with a name.
"""

from __future__ import annotations

from collections.abc import Callable
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
    return _are_attributes(asked) and asked.item_schema.get("type") == "string"


def descriptions(asked: Asked) -> dict[str, object]:
    """A few sentences on each attribute, from its card."""
    modality = asked.data["modality"]
    return {
        str(number): asked.world.describe(_named(modality, item["name"]))
        for number, item in enumerate(asked.numbered, start=1)
    }


REPLIES: tuple[tuple[Callable[[Asked], bool], Callable[[Asked], object]], ...] = (
    (is_about_pairs, pair_signs),
    (is_about_descriptions, descriptions),
)
"""For each kind of prompt: whether it is one, and the reply."""


def _are_attributes(asked: Asked) -> bool:
    items = asked.numbered
    return bool(items) and all(isinstance(item, dict) and "name" in item for item in items)


def _named(modality: str, value: str) -> Attribute:
    return Attribute(modality, value)


def _said(sign: int, schema: dict[str, Any]) -> object:
    if schema.get("type") == "integer":
        return round(_POINTS[sign] * schema.get("maximum", 10))
    return _SYMBOLS[sign]
