"""Ctrl-C while a model of one's own is asked: the build ends, and the store goes on from there."""

from __future__ import annotations

import _thread
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from campaignkit.edges import GraphBuild, LLMEdgeScorer, build_graph
from campaignkit.llm import Budget, Prompt, Reply
from campaignkit.simulation import RehearsalModel, RehearsalWorld

PROGRAM = """
import socket, sys, time
sys.path.insert(0, {here!r})
from test_interrupted_builds import Hooked, built

def wait():
    print("asked", flush=True)
    if {way!r} == "in Python":
        while True:
            time.sleep(0.01)
    ours, theirs = socket.socketpair()
    ours.recv(1)  # which nobody ever sends

built({store!r}, Hooked(wait))
"""


class Hooked(RehearsalModel):
    """Answers a few times, then does something else first."""

    def __init__(self, hook: Any = None) -> None:
        super().__init__(RehearsalWorld({"brand": 6, "geo": 6}, seed=1), broken=0.0)
        self._hook, self._asked = hook, 0

    def ask(self, prompt: Prompt, reply_type: type[Any]) -> Reply[Any]:
        self._asked += 1
        if self._asked == 4 and self._hook is not None:
            self._hook()
        return super().ask(prompt, reply_type)


def built(store: str | Path | None, model: Hooked) -> GraphBuild:
    """A build of 36 pairs in calls of four, one at a time."""
    return build_graph(
        model.world.catalogue, scorer=LLMEdgeScorer(model, batch_size=4), store=store,
        budget=Budget(calls=40), concurrency=1,
    )  # fmt: skip


def check_resumed(build: GraphBuild) -> None:
    undisturbed = built(None, Hooked())
    assert build.graph.digest == undisturbed.graph.digest
    assert build.report.unconfirmed == 1
    assert build.report.calls == (undisturbed.report.calls or 0) + 1


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT")
@pytest.mark.parametrize("way", ["in Python", "in a socket"])
def test_a_call_that_never_ends_is_left_behind(way: str, tmp_path: Path) -> None:
    here, store = str(Path(__file__).parent), str(tmp_path / "store")
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(here=here, way=way, store=store)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "asked\n"
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=60)  # the call itself would go on for ever

    assert child.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in told
    check_resumed(built(store, Hooked()))


def test_a_notebook_goes_on_in_the_same_process(tmp_path: Path) -> None:
    free = threading.Event()

    def wait() -> None:
        _thread.interrupt_main()
        free.wait(60)

    with pytest.raises(KeyboardInterrupt):
        built(tmp_path, Hooked(wait))
    try:
        check_resumed(built(tmp_path, Hooked()))  # while the old call is still there
    finally:
        free.set()
