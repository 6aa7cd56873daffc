"""A build that is killed at random moments, under every kind of fault, ends in the same graph."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from campaignkit.simulation import RehearsalModel
from campaignkit.testing import FaultSchedule, ModelServer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import killed_build  # noqa: E402  # beside this file

pytestmark = pytest.mark.slow
KILLS = 4


def answering() -> Any:
    model = RehearsalModel(killed_build.world(), broken=0.0)

    def answer(prompt: str, schema: dict[str, Any] | None) -> str:
        time.sleep(0.003)
        return model.answer(prompt, schema)

    return answer


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, dict[str, Any]]:
    with ModelServer(answering()) as server:
        return {
            method: killed_build.build(server.gemini_url, method, None, workers=7)
            for method in killed_build.BUDGET
        }


@pytest.mark.parametrize("workers", [1, 7])
def test_brute_force_ends_in_the_same_graph(
    undisturbed: dict[str, dict[str, Any]], workers: int, tmp_path: Path
) -> None:
    told, server = killed_until_done("brute force", workers, tmp_path, expected_calls=90)

    check(told, undisturbed["brute force"], server, budget=killed_build.BUDGET["brute force"])
    assert told["failed"] == 0


def test_an_active_build_ends_in_the_same_graph(
    undisturbed: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    expected = undisturbed["active"]["calls"]
    told, server = killed_until_done("active", 7, tmp_path, expected_calls=expected)

    check(told, undisturbed["active"], server, budget=2 * expected)


def killed_until_done(
    method: str, workers: int, folder: Path, *, expected_calls: int
) -> tuple[dict[str, Any], ModelServer]:
    rng = np.random.default_rng(workers)
    out, kills = folder / "out.json", 0
    # Half the kinds of faults of their own weight; the client gives up on a time-out after 2 s.
    faults = replace(FaultSchedule.of_all_kinds(0.12, seed=1), timed_out=0.002)
    with ModelServer(answering(), faults=faults) as server:
        command = [
            *(sys.executable, str(HERE / "killed_build.py"), server.gemini_url, method),
            *(str(folder / "store"), str(workers), str(out)),
        ]
        while not out.exists():
            child = subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.PIPE)
            until = server.num_requests + rng.uniform(1, expected_calls / KILLS)
            while kills < KILLS and child.poll() is None:
                if server.num_requests > until:
                    child.send_signal(signal.SIGKILL)
                    kills += 1
                    break
                time.sleep(0.002)
            told = child.communicate()[1]
            assert child.returncode in (0, -signal.SIGKILL), told.decode()
    assert kills == KILLS
    found: dict[str, Any] = json.loads(out.read_text())
    return found, server


def check(
    told: dict[str, Any], undisturbed: dict[str, Any], server: ModelServer, *, budget: int
) -> None:
    for what in ("digest", "states", "flips"):
        assert told[what] == undisturbed[what], what
    assert len(server.charges) <= told["calls"] <= budget
    assert server.repeats <= told["unconfirmed"]
