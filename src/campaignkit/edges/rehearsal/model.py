"""A chat model that answers the library's own prompts from a simulated world."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import Any, TypeVar

from campaignkit.edges.prompt_data import read_data
from campaignkit.edges.rehearsal.replies import REPLIES, Asked
from campaignkit.edges.rehearsal.world import RehearsalWorld
from campaignkit.errors import CampaignkitError
from campaignkit.llm import Prompt, Reply, Usage, parse_reply, schema_of
from campaignkit.seeds import stream
from campaignkit.store import digest_bytes

T = TypeVar("T")


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
        if not 0 <= broken <= 1:
            raise CampaignkitError(f"broken is {broken!r}; expected 0 to 1")
        self.world = world
        self.name = name
        self.identity = f"{name} {world.catalogue.digest[7:15]} {world.seed}"
        self._broken = broken
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"RehearsalModel({self.world!r})"

    def ask(self, prompt: Prompt, reply_type: type[T]) -> Reply[T]:
        """Answer a prompt of the library.

        Raises
        ------
        CampaignkitError
            If it is none: it has no data block, or asks for nothing that a world knows.
        MalformedReply
            If this reply breaks off.
        """
        text = self.answer(prompt.text, schema_of(reply_type))
        usage = Usage.of_text(prompt.text, text)
        return Reply(parse_reply(text, reply_type, usage=usage), text, usage)

    def answer(self, text: str, schema: dict[str, Any] | None) -> str:
        """The reply's text to a prompt's text; what a server that plays the model sends."""
        asked = Asked(
            world=self.world,
            data=read_data(text),
            schema=schema or {},
            rng=stream(self.world.seed, "rehearsal", "reply", digest_bytes(text.encode())),
        )
        for fits, reply in REPLIES:
            if fits(asked):
                told = json.dumps(reply(asked), ensure_ascii=False)
                break
        else:
            shown = text if len(text) <= 300 else text[:300] + "..."
            raise CampaignkitError(
                f"the simulated model does not know this prompt: {shown!r}",
                hint="it answers the library's own prompts; rehearse others with ScriptedModel",
            )
        breaks = asked.rng.random() < self._broken
        return told[: len(told) // 2] if breaks and self._first_time(text) else told

    def _first_time(self, text: str) -> bool:
        with self._lock:
            self._times[text] += 1
            return self._times[text] == 1
