"""The work that `llm_faults` interrupts: ``python -m benchmarks.fault_work`` is what gets killed.

A piece of work is a function of a model and a store that returns the same value however often it
was interrupted before; WORK names them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import create_model

from campaignkit.llm import (
    Account,
    Budget,
    CallFailed,
    ChatModel,
    GeminiModel,
    OpenAICompatibleModel,
    Prompt,
    Request,
    RetryPolicy,
)
from campaignkit.store import atomic_file, digest_json

# Waits as short as a server on this computer allows.
RETRY = RetryPolicy(first_wait_s=0.005, longest_wait_s=0.05)
PAIRS = 25  # as in a published call
_KEYS: dict[str, Any] = {f"k{i}": (int, ...) for i in range(1, PAIRS + 1)}
Signs: Any = create_model("Signs", __config__={"extra": "forbid"}, **_KEYS)


@dataclass(frozen=True)
class Job:
    """How a piece of work is run."""

    size: int
    workers: int
    budget: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What a finished piece of work says of itself."""

    result: str
    asked: int
    lost: int
    spent: dict[str, Any]


def answer(prompt: str, schema: dict[str, Any] | None) -> str:
    """A sign for every key asked for, drawn from the prompt alone."""
    digest = digest_json(prompt).removeprefix("sha256:")
    keys = (schema or {}).get("required", [])
    said = (int(digest[i % len(digest)], 16) for i in range(len(keys)))
    if keys and keys[0].startswith("k"):
        return json.dumps({key: sign % 3 - 1 for key, sign in zip(keys, said, strict=True)})
    return json.dumps({key: "+-0"[sign % 3] for key, sign in zip(keys, said, strict=True)})


def requests_of(size: int) -> list[Request]:
    """Generic requests of 25 judgements each."""
    return [Request(Prompt(f"Batch {i} of 25 pairs: do they suit?"), Signs) for i in range(size)]


def ask_requests(model: ChatModel, store: Path | None, job: Job) -> Outcome:
    """All requests through one account."""
    with Account(
        model, store=store, concurrency=job.workers, budget=Budget(calls=job.budget), retry=RETRY
    ) as account:
        replies = account.ask_many(requests_of(job.size))
        spent = account.spent
    told = [None if isinstance(r, CallFailed) else r.value.model_dump() for r in replies]
    lost = sum(value is None for value in told)
    return Outcome(digest_json(told), PAIRS * len(told), PAIRS * lost, asdict(spent))


def build_a_graph(model: ChatModel, store: Path | None, job: Job) -> Outcome:
    """A graph of `size` real attributes, every pair judged."""
    # Not at the top: the other work starts a hundred times, and sooner without these.
    from campaignkit.catalogue import Catalogue
    from campaignkit.edges import LLMEdgeScorer, build_graph
    from campaignkit.llm.ledger import Ledger

    attributes = list(Catalogue.bundled("retail-160"))
    build = build_graph(
        Catalogue(attributes[:: max(1, len(attributes) // job.size)]),
        scorer=LLMEdgeScorer(model),
        store=store,
        concurrency=job.workers,
        budget=Budget(calls=job.budget),
        retry=RETRY,
        seed=7,
    )
    spent = {}
    if store is not None:
        ledger = Ledger(store)
        spent = asdict(ledger.spent)
        ledger.close()
    states = build.states
    assert states is not None
    signs = [states.sign.tolist(), states.outcome.tolist(), build.graph.digest]
    report = build.report
    return Outcome(digest_json(signs), report.num_pairs, report.num_failed, spent)


WORK: dict[str, Callable[[ChatModel, Path | None, Job], Outcome]] = {
    "requests": ask_requests,
    "graph": build_a_graph,
}


def model_of(protocol: str, url: str, *, timeout_s: float) -> ChatModel:
    """The real client of either protocol."""
    if protocol == "gemini":
        return GeminiModel("rehearsal", api_key="rehearsal", base_url=url, timeout_s=timeout_s)
    return OpenAICompatibleModel("rehearsal", base_url=f"{url}/v1", timeout_s=timeout_s)


def main_of_child() -> None:
    """Do a piece of work and leave its outcome in a file."""
    parser = argparse.ArgumentParser()
    for name in ("work", "protocol", "url", "store", "out"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("size", "workers", "budget"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--timeout", type=float, required=True)
    given = parser.parse_args()
    model = model_of(given.protocol, given.url, timeout_s=given.timeout)
    job = Job(given.size, given.workers, given.budget)
    outcome = WORK[given.work](model, Path(given.store), job)
    with atomic_file(Path(given.out)) as partial:
        partial.write_text(json.dumps(asdict(outcome)), encoding="utf-8")


if __name__ == "__main__":
    main_of_child()
