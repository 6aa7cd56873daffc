"""A killed run goes on where it stopped: nothing lost, nothing stored asked again."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from campaignkit.errors import ArtifactError
from campaignkit.llm import Account, Prompt, Request, ScriptedModel

ROOT = Path(__file__).parent.parent.parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="not a checkout"),
]


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Any:  # Any: the benchmark's module
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.llm_faults")


@pytest.mark.parametrize("workers", [1, 7])
def test_the_result_is_the_same_after_kills_at_random_moments(faults: Any, workers: int) -> None:
    result = faults.undisturbed("requests", 60)

    trial = faults.killed("requests", 60, workers=workers, kills=5, calls=60, budget=150)

    figures = faults.check(trial, kills=5, budget=150, result=result)
    assert figures["answered"] == 60


@pytest.mark.parametrize("protocol", ["gemini", "openai"])
def test_charges_stay_within_the_budget_under_every_fault(faults: Any, protocol: str) -> None:
    told = faults.under_faults(protocol, 150, share=0.4, budget=120, timeout_s=1.0)

    assert told["calls"] == 120
    assert told["server_charges"] <= told["server_requests"] <= 120
    assert told["repeats"] == told["server_repeats"]


def test_control_c_ends_a_run_at_once_and_lets_go_of_its_store(tmp_path: Path) -> None:
    program = f"""
import time
from campaignkit.llm import Account, Prompt, Request, ScriptedModel
def answer(prompt, schema):
    if prompt.user == "slow":
        print("asked", flush=True)
        time.sleep(60)
    return "[]"
texts = ["a", "b", "slow", "c"]
with Account(ScriptedModel(answer), store={str(tmp_path)!r}, concurrency=1) as account:
    account.ask_many([Request(Prompt(text), list[int]) for text in texts])
"""
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "asked\n"
    with pytest.raises(ArtifactError, match="in use by another run"):
        Account(ScriptedModel(lambda p, s: "[1]"), store=tmp_path)
    started = time.monotonic()
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=30)

    assert child.returncode not in (0, None)
    assert "KeyboardInterrupt" in told
    assert time.monotonic() - started < 30  # the call itself would have gone on for a minute

    with Account(ScriptedModel(lambda p, s: "[1]"), store=tmp_path) as account:
        replies = account.ask_many(
            [Request(Prompt(text), list[int]) for text in ("a", "b", "slow", "c")]
        )
        assert [r.stored for r in replies] == [True, True, False, False]  # type: ignore[union-attr]
        assert [u.prompt for u in account.unconfirmed] == ["slow"]
