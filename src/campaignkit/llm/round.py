"""One `ask_many`: which requests are still to be sent, and what came for each."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from campaignkit.llm.ledger import Ledger
from campaignkit.llm.model_errors import MalformedReply
from campaignkit.llm.prompt import Request
from campaignkit.llm.reply import CallFailed, Reply
from campaignkit.llm.reply_text import parse_reply


class Round:
    """Requests with their keys, equal ones together, and the answers as they arrive.

    Parameters
    ----------
    requests : sequence of Request
        In the order of the answers.
    keys : sequence of str
        The requests' keys.
    ledger : Ledger
        What it holds already is not asked.

    Examples
    --------
    >>> from campaignkit.llm import Prompt
    >>> ask = Request(Prompt("?"), dict[str, int])
    >>> todo = Round([ask, ask], ["k", "k"], Ledger(None))
    >>> len(todo.left), todo.num_requests
    (1, 2)
    """

    def __init__(self, requests: Sequence[Request], keys: Sequence[str], ledger: Ledger) -> None:
        self.num_requests = len(requests)
        self.num_done = 0
        self._stopped = False
        self.stage = requests[0].stage if requests else ""
        self.left: deque[tuple[str, Request]] = deque()
        self._keys = list(keys)
        self._answers: dict[str, Reply[Any] | CallFailed] = {}
        self._copies: dict[str, int] = {}
        self._told: queue.SimpleQueue[None] = queue.SimpleQueue()
        for key, request in zip(keys, requests, strict=True):
            self._copies[key] = self._copies.get(key, 0) + 1
            if self._copies[key] > 1:
                self.num_done += key in self._answers
            elif (stored := stored_reply(ledger, key, request)) is not None:
                self._answers[key] = stored
                self.num_done += 1
            else:
                self.left.append((key, request))

    def answer(self, key: str, answer: Reply[Any] | CallFailed) -> None:
        """Keep what came for a request; called on the loop's thread."""
        self._answers[key] = answer
        self.num_done += self._copies[key]
        self._told.put(None)

    def wait(self, seconds: float, running: Future[None]) -> bool:
        """Wait for an answer, at most so long; False once all work has ended."""
        if running.done():
            return False
        with suppress(queue.Empty):
            self._told.get(timeout=seconds)
        return True

    def finish(self) -> None:
        """Wake who waits: nothing more will come."""
        self._told.put(None)

    def is_stopped(self) -> bool:
        """Whether nothing more is to be sent."""
        return self._stopped

    def stop(self) -> None:
        """Send nothing more."""
        self._stopped = True
        self.left.clear()

    def results(self) -> list[Reply[Any] | CallFailed]:
        """The answers, in the order asked."""
        return [self._answers[key] for key in self._keys]


def stored_reply(ledger: Ledger, key: str, request: Request) -> Reply[Any] | CallFailed | None:
    """The reply that is on disk for a request; None if it was never answered.

    Examples
    --------
    >>> from campaignkit.llm import Prompt
    >>> stored_reply(Ledger(None), "k", Request(Prompt("?"), dict[str, int])) is None
    True
    """
    found = ledger.reply(key)
    if found is None:
        return None
    text, usage = found
    try:
        return Reply(parse_reply(text, request.reply_type), text, usage, stored=True)
    except MalformedReply as err:
        # Its type checks more than its schema tells, and has changed since.
        told = f"the stored reply no longer fits its type: {err.message}"
        return CallFailed("malformed", told, text=text)
