"""Nothing is lost and nothing is paid twice: 10,000 calls under faults, and 50 kills.

``python -m benchmarks llm_faults``. A server on this computer answers through the models of
both protocols and fails on a seeded schedule; it counts what it charged. The work is killed
(SIGKILL) at random moments and started again until it ends.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.fault_work import WORK, Job, answer, model_of
from benchmarks.record import record, show_table
from campaignkit.testing import FaultSchedule, ModelServer

ROOT = Path(__file__).parent.parent
_STATES = ("calls", "answered", "malformed", "rejected", "unconfirmed", "repeats")


@dataclass
class Trial:
    """What happened to work that was killed again and again."""

    result: str
    kills: int
    spent: dict[str, Any]
    stored_at_kills: list[int] = field(default_factory=list)
    asked_again: int = 0
    charges: int = 0
    repeats_at_server: int = 0


def server_of(share: float, *, seed: int, delay_s: float = 0.0) -> ModelServer:
    """A server that fails `share` of the requests and answers by the prompt alone."""

    def after_a_while(prompt: str, schema: dict[str, Any] | None) -> str:
        time.sleep(delay_s)
        return answer(prompt, schema)

    faults = FaultSchedule.of_all_kinds(share, seed=seed)
    return ModelServer(after_a_while if delay_s else answer, faults=faults)


def under_faults(
    protocol: str, size: int, *, share: float, budget: int | None, timeout_s: float, seed: int = 1
) -> dict[str, Any]:
    """All requests of one account, through one protocol, with every kind of fault."""
    with server_of(share, seed=seed) as server:
        model = model_of(protocol, server.gemini_url, timeout_s=timeout_s)
        start = time.process_time()
        outcome = WORK["requests"](model, None, Job(size, 7, budget))
        cpu_s = time.process_time() - start
        return {
            "requests": size,
            **({} if budget is None else {"budget_calls": budget}),
            "pairs": outcome.asked,
            "pairs_lost": outcome.lost,
            **{state: outcome.spent[state] for state in _STATES},
            "server_requests": server.num_requests,
            "server_charges": len(server.charges),
            "server_repeats": server.repeats,
            "cpu_ms_a_call_server_included": round(1000 * cpu_s / outcome.spent["calls"], 2),
        }


def killed(
    work: str,
    size: int,
    *,
    workers: int,
    kills: int,
    calls: int,
    budget: int,
    share: float = 0.1,
    timeout_s: float = 1.0,
    seed: int = 0,
) -> Trial:
    """Work that is killed at random moments until it has been killed so often, then let end."""
    rng = random.Random(seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        server_of(share, seed=1, delay_s=0.002) as server,
    ):
        store, out = Path(folder, "store"), Path(folder, "out.json")
        command = [
            *(sys.executable, "-m", "benchmarks.fault_work", "--work", work),
            *("--protocol", "openai" if workers == 1 else "gemini", "--url", server.gemini_url),
            *("--store", str(store), "--out", str(out), "--size", str(size)),
            *("--workers", str(workers), "--budget", str(budget), "--timeout", str(timeout_s)),
        ]
        trial = Trial("", 0, {})
        charged_then: list[tuple[Counter[str], set[str]]] = []
        while not out.exists():
            child = subprocess.Popen(command, cwd=ROOT, env=_environment(), stderr=subprocess.PIPE)
            if trial.kills < kills and _killed_at_random(child, server, rng, calls / kills):
                trial.kills += 1
                stored = _stored_prompts(store)
                trial.stored_at_kills.append(len(stored))
                charged_then.append((Counter(c.prompt for c in list(server.charges)), stored))
            told = child.communicate()[1]
            if child.returncode not in (0, -signal.SIGKILL):
                raise RuntimeError(told.decode())
        outcome = json.loads(out.read_text(encoding="utf-8"))
        charged = Counter(c.prompt for c in server.charges)
        trial.asked_again = sum(
            charged[prompt] - then[prompt] for then, stored in charged_then for prompt in stored
        )
        trial.result, trial.spent = outcome["result"], outcome["spent"]
        trial.charges, trial.repeats_at_server = len(server.charges), server.repeats
        return trial


def undisturbed(work: str, size: int) -> str:
    """The result of the same work without faults, kills or a store."""
    with server_of(0.0, seed=0) as server:
        model = model_of("openai", server.gemini_url, timeout_s=30.0)
        return WORK[work](model, None, Job(size, 7)).result


def check(trial: Trial, *, kills: int, budget: int, result: str) -> dict[str, Any]:
    """The trial's figures; raises if one of the promises was broken."""
    spent = trial.spent
    assert trial.kills == kills, trial.kills
    assert trial.result == result, "another result"
    assert trial.asked_again == 0, "a stored reply was asked for again"
    assert trial.charges <= spent["calls"] <= budget, (trial.charges, spent["calls"], budget)
    assert spent["repeats"] == spent["unconfirmed"], spent
    # A request that was killed on its way out is unconfirmed too, and the server never saw it.
    assert trial.repeats_at_server <= spent["unconfirmed"], trial.repeats_at_server
    return {
        "kills": trial.kills,
        "identical_result": True,
        "stored_replies_asked_again": trial.asked_again,
        "budget_calls": budget,
        **{state: spent[state] for state in _STATES},
        "server_charges": trial.charges,
        "server_repeats": trial.repeats_at_server,
    }


def table(figures: dict[str, Any]) -> str:
    """The recorded figures as Markdown."""
    lines = [
        "| work | calls | good | malformed | refused | no reply | sent again | charged by the "
        "server | pairs left unasked |",
        "|---" * 9 + "|",
    ]
    for name, told in figures.items():
        cells = [told[state] for state in _STATES] + [told["server_charges"]]
        lost = told.get("pairs_lost", 0)
        lines.append(f"| {name} | " + " | ".join(f"{c:,}" for c in [*cells, lost]) + " |")
    return "\n".join(lines)


def write_docs(figures: dict[str, Any]) -> None:
    """Put the recorded figures into the page that quotes them."""
    path = ROOT / "docs" / "own-model.md"
    head, _, rest = path.read_text(encoding="utf-8").partition("<!-- llm_faults -->\n")
    tail = rest.partition("<!-- end -->")[2]
    page = f"{head}<!-- llm_faults -->\n{table(figures)}\n<!-- end -->{tail}"
    path.write_text(page, encoding="utf-8")


def main() -> None:
    """10,000 requests under faults, half by each protocol; 50 kills with 1 and with 7 workers."""
    figures: dict[str, Any] = {}
    for protocol in ("gemini", "openai"):
        for name, budget in (("enough", None), ("too little", 4_000)):
            told = under_faults(protocol, 5_000, share=0.2, budget=budget, timeout_s=2.0)
            assert told["server_charges"] <= told["calls"], told
            assert told["repeats"] == told["server_repeats"], told
            if budget is None:
                assert told["pairs_lost"] == 0, told
                assert told["repeats"] == told["unconfirmed"], told
            else:
                assert told["calls"] == budget, told
            figures[f"{protocol}, budget {name}"] = told
            show_table({f"{protocol}, budget {name}": told})
    # A graph of 160 attributes takes some 360 calls.
    for work, size, calls in (("requests", 1_500, 1_500), ("graph", 160, 360)):
        result = undisturbed(work, size)
        for workers in (1, 7):
            trial = killed(work, size, workers=workers, kills=50, calls=calls, budget=2 * calls)
            name = f"{work}, {workers} workers, killed"
            figures[name] = check(trial, kills=50, budget=2 * calls, result=result)
            show_table({name: figures[name]})
    record(
        "llm_faults",
        figures,
        about="Requests of 25 judgements by Gemini's and OpenAI's protocol to a server on this "
        "computer that fails 20% of them (10% where killed) in seven ways: 429, 500, time-outs, "
        "cut connections, empty, truncated and wrong-key replies. Simulated model.",
    )
    write_docs(figures)


def _killed_at_random(
    child: subprocess.Popen[bytes], server: ModelServer, rng: random.Random, calls: float
) -> bool:
    """Kill a child once the server has seen some more requests; False if it ended before."""
    # So that all kills fall before the end: each run is given its share of the requests.
    until = server.num_requests + rng.uniform(0, 1.6 * calls)
    while child.poll() is None:
        if server.num_requests > until:
            time.sleep(rng.uniform(0, 0.01))
            child.send_signal(signal.SIGKILL)
            return child.wait() == -signal.SIGKILL
        time.sleep(0.002)
    return False


def _stored_prompts(store: Path) -> set[str]:
    """The prompts whose reply is on disk, read as the next run will find them."""
    db = sqlite3.connect(store / "calls.sqlite")
    try:
        rows = db.execute("SELECT DISTINCT prompt FROM calls WHERE state = 'answered'").fetchall()
    finally:
        db.close()
    found = (json.loads(row[0]) for row in rows)
    return {f"{p['system']}\n\n{p['user']}" if p["system"] else p["user"] for p in found}


def _environment() -> dict[str, str]:
    path = os.pathsep.join(p for p in (str(ROOT / "src"), os.environ.get("PYTHONPATH", "")) if p)
    return {**os.environ, "PYTHONPATH": path}
