"""A chat model that answers the library's own prompts from a simulated world."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeVar

from numpy.random import Generator

from campaignkit.catalogue import Attribute
from campaignkit.checks import checked_share
from campaignkit.edges.prompt_data import read_data
from campaignkit.errors import SettingError
from campaignkit.llm import Prompt, Reply, Usage, parse_reply, schema_of
from campaignkit.seeds import stream
from campaignkit.simulation.world import RehearsalWorld, places
from campaignkit.store import digest_bytes

T = TypeVar("T")

_NO_ANSWERS = ("unsure", None, "leave out")
_SYMBOLS = {1: "+", -1: "-", 0: "0"}
_POINTS = {1: 0.9, -1: 0.1, 0: 0.5}  # of the scale's top


class RehearsalModel:
    """Plays the language model of a build, for nothing: prompts in, replies out, errors and all.

    It reads the data block of a prompt and answers as the world does: pairs with its flips and its
    pull of position, descriptions and trait cards with its wrong entries, clusters with its noise.
    Some answers are none (the world's `malformed`), and some replies break off the first time they
    are asked for. Otherwise a reply depends on the prompt alone, so a build that is cut and
    resumed is the same build.

    Parameters
    ----------
    world : RehearsalWorld
        Where the signs come from. All of it is simulated: no figure says what a real model does.
    name : str
        In ledgers and price tables.
    broken : float
        Share of the replies that break off in the middle when first asked for.

    Examples
    --------
    >>> from campaignkit.edges import LLMEdgeScorer, build_graph
    >>> world = RehearsalWorld({"brand": 5, "audience": 4, "geo": 3}, seed=3)
    >>> build = build_graph(world.catalogue, scorer=LLMEdgeScorer(RehearsalModel(world)))
    >>> build.report.num_pairs, build.report.num_failed
    (47, 0)
    """

    def __init__(
        self, world: RehearsalWorld, *, name: str = "rehearsal", broken: float = 0.002
    ) -> None:
        self._broken = checked_share(broken, "broken")
        self.world = world
        self.name = name
        self.identity = f"{name} {world.catalogue.digest[7:15]} {world.seed}"
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"RehearsalModel({self.world!r})"

    def ask(self, prompt: Prompt, reply_type: type[T]) -> Reply[T]:
        """Answer a prompt of the library.

        Raises
        ------
        SettingError
            If it is none: it has no data block, or asks for nothing that a world knows.
        MalformedReply
            If this reply breaks off.
        """
        text = self.answer(prompt.text, schema_of(reply_type))
        usage = Usage.of_text(prompt.text, text)
        return Reply(parse_reply(text, reply_type, usage=usage), text, usage)

    def answer(self, text: str, schema: dict[str, Any] | None) -> str:
        """The reply's text to a prompt's text; what a server that plays the model sends."""
        rng = stream(self.world.seed, "rehearsal", "reply", digest_bytes(text.encode()))
        told = _reply(self.world, read_data(text), schema or {}, rng)
        if told is None:
            shown = text if len(text) <= 300 else text[:300] + "..."
            raise SettingError(
                f"the simulated model does not know this prompt: {shown!r}",
                hint="it answers the library's own prompts; rehearse others with ScriptedModel",
            )
        written = json.dumps(told, ensure_ascii=False)
        breaks = rng.random() < self._broken
        return written[: len(written) // 2] if breaks and self._first_time(text) else written

    def _first_time(self, text: str) -> bool:
        with self._lock:
            self._times[text] += 1
            return self._times[text] == 1


def _reply(
    world: RehearsalWorld, data: Any, schema: Mapping[str, Any], rng: Generator
) -> dict[str, object] | None:
    """What the world says to a prompt with this data block; None where it is none of ours.

    The items with bracket numbers tell the prompts apart: pairs are lists of names, attributes to
    make a card of are names, those to describe mappings with a name, clusters to score mappings
    with members and a source, and those to name mappings with members alone.
    """
    data = data if isinstance(data, dict) else {}
    items = [held for key, held in data.items() if key.startswith("[")]
    kinds = {type(item) for item in items}
    if kinds == {list}:
        return _signs(world, data.get("primary"), items, schema, rng)
    if kinds == {str}:
        cards = [dict(world.cards(Attribute(data["modality"], name))) for name in items]
        return _with_gaps(world, cards, rng)
    if kinds == {dict} and "source" in data and all("members" in item for item in items):
        source, *targets = (
            [Attribute(held["modality"], name) for name in held["members"]]
            for held in (data["source"], *items)
        )
        scores = [world.cluster_score(source, target) for target in targets]
        return _with_gaps(world, scores, rng)
    if kinds == {dict} and all("name" in item for item in items):
        named = (Attribute(data["modality"], item["name"]) for item in items)
        return {str(number): world.describe(a) for number, a in enumerate(named, start=1)}
    if kinds == {dict} and all("members" in item for item in items):
        labels = (_label(world, data["modality"], item["members"]) for item in items)
        return {str(number): label for number, label in enumerate(labels, start=1)}
    return None


def _signs(
    world: RehearsalWorld,
    primary: list[str] | None,
    items: list[Any],  # pairs of names, or names of targets against the primary attribute
    schema: Mapping[str, Any],
    rng: Generator,
) -> dict[str, object]:
    pairs = [(primary, item) if primary else item for item in items]
    rows = [world.pair_index(*(Attribute(*end[:2]) for end in pair)) for pair in pairs]
    signs = world.seen(rows, rng.normal(size=len(rows)), place=places(len(rows)))
    form = schema.get("properties", {}).get("1", {})
    top = form.get("maximum", 10) if form.get("type") == "integer" else None
    reply: dict[str, object] = {}
    spoiled = rng.random(len(rows)) < world.malformed
    for number, (sign, bad) in enumerate(zip(signs.tolist(), spoiled.tolist(), strict=True), 1):
        said: object = _SYMBOLS[sign] if top is None else round(_POINTS[sign] * top)
        if bad:
            said = _NO_ANSWERS[int(rng.integers(len(_NO_ANSWERS)))]
        if said != "leave out":
            reply[str(number)] = said
    return reply


def _label(world: RehearsalWorld, modality: str, members: list[Any]) -> dict[str, object]:
    """A name after what most members' cards have in common."""
    told: Counter[str] = Counter()
    for member in members:
        categories = world.cards(Attribute(*member[:2]))["categories"]
        told.update([categories] if isinstance(categories, str) else categories)
    most = [word for word, _ in told.most_common(3)]
    traits = [*most, "known to many", "nothing special", "of its kind"][:3]
    return {
        "label": f"{traits[0]} {modality}s",
        "summary": f"{len(members)} of modality {modality} around {traits[0]}.",
        "characteristics": traits,
    }


def _with_gaps(world: RehearsalWorld, answers: list[Any], rng: Generator) -> dict[str, object]:
    """The answers by number, without those that a careless model leaves out."""
    left_out = (rng.random(len(answers)) < world.malformed).tolist()
    return {
        str(number): said
        for number, (said, gone) in enumerate(zip(answers, left_out, strict=True), start=1)
        if not gone
    }
