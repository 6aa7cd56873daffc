"""A build in a process of its own, which tests kill: ``python killed_build.py URL ...``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import campaignkit as ck
from campaignkit.edges import Judgement
from campaignkit.llm import Budget, ChatModel, GeminiModel, OpenAICompatibleModel, RetryPolicy
from campaignkit.store import digest_bytes

WORLD = {"brand": 26, "audience": 26, "platform": 6, "geo": 12}
SEED = 3
BUDGET = {"brute force": 400, "active": None}


def world() -> ck.simulation.RehearsalWorld:
    """The world that the server answers from."""
    return ck.simulation.RehearsalWorld(WORLD, seed=SEED, malformed=0.03)


def build(url: str, method: str, store: Path | None, *, workers: int) -> dict[str, object]:
    """Build through a real client, and what is to be the same however often it was killed."""
    model: ChatModel
    if workers == 1:
        model = OpenAICompatibleModel("rehearsal", base_url=f"{url}/v1", timeout_s=2.0)
    else:
        model = GeminiModel("rehearsal", api_key="rehearsal", base_url=url, timeout_s=2.0)
    built = ck.build_graph(
        world().catalogue,
        scorer=ck.LLMEdgeScorer(model, second_vote=_negative),
        method=ck.ActiveBuilder(0.25, card_model=model) if method == "active" else None,
        budget=Budget(calls=BUDGET[method]),
        store=store,
        concurrency=workers,
        retry=RetryPolicy(first_wait_s=0.005, longest_wait_s=0.05),
        seed=7,
    )
    assert built.states is not None
    states = (built.states.sign, built.states.outcome, built.states.decided_by)
    return {
        "digest": built.graph.digest,
        "states": digest_bytes(b"".join(array.tobytes() for array in states)),
        "flips": built.report.quality.num_flips,
        "failed": built.report.num_failed,
        "calls": built.report.calls,
        "unconfirmed": built.report.unconfirmed,
    }


def _negative(pair: object, judged: Judgement) -> bool:
    return judged.sign < 0


if __name__ == "__main__":
    url, method, store, workers, out = sys.argv[1:]
    told = build(url, method, Path(store), workers=int(workers))
    Path(out).write_text(json.dumps(told), encoding="utf-8")
