"""Sends the requests of a round: reserve, wait for a turn, ask, settle, perhaps try again."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from campaignkit.errors import ModelError
from campaignkit.llm.budget import Budget
from campaignkit.llm.chat_model import CallFailed, ChatModel, Prompt, Reply, Request, Usage
from campaignkit.llm.errors import CallError, MalformedReply, RateLimited
from campaignkit.llm.ledger import Ledger
from campaignkit.llm.pacing import Clock, Pacer, rest
from campaignkit.llm.prices import Price
from campaignkit.llm.replies import parse_reply, schema_of
from campaignkit.llm.retry import RetryPolicy

Answer = Reply[Any] | CallFailed  # Any: each request has its own reply type
_FREE = Usage(0, 0)
_WAKE_S = 0.2  # how soon a wait looks up that nobody ends
_ROLES = 64  # bytes allowed for what a service wraps around the texts of a prompt


@dataclass
class _Round:
    """One `ask_many`: what is still to be sent, and what came."""

    left: deque[tuple[str, Request]]
    answers: dict[str, Answer] = field(default_factory=dict)
    threads: int = 0
    stopped: bool = False
    error: BaseException | None = None

    def stop(self) -> None:
        """Send nothing more; what is in flight may arrive and be stored."""
        self.stopped = True
        self.left.clear()

    def is_stopped(self) -> bool:
        """Whether nothing more is to be sent."""
        return self.stopped


@dataclass
class Caller:
    """The threads' side of an account.

    Each round has threads of its own, `concurrency` at most; they end with the round, or with the
    process where nobody waits for them any more. What they share is guarded by the ledger's
    condition, which is told of whatever changes.
    """

    model: ChatModel
    ledger: Ledger
    budget: Budget
    price: Price | None
    pacer: Pacer
    clock: Clock
    retry: RetryPolicy
    concurrency: int
    reply_tokens: int
    _in_flight: set[str] = field(default_factory=set)
    _failed_in_a_row: int = 0

    def run(self, requests: dict[str, Request], told: Callable[[int], None]) -> dict[str, Answer]:
        """Answer requests by their keys; raises what stops all.

        Parameters
        ----------
        requests : dict of str to Request
            In the order to send them.
        told : function
            Called with the number of answers every now and then, in the caller's thread.
        """
        todo = _Round(deque(requests.items()))
        self._failed_in_a_row = 0
        try:
            self._start(todo)
            seen = 0
            while self._waits(todo, seen):
                seen = len(todo.answers)
                told(seen)
        except BaseException:
            todo.stop()  # an interrupt, or a progress that will not go on
            raise
        if todo.error is not None:
            raise todo.error
        return todo.answers

    def _start(self, todo: _Round) -> None:
        for number in range(min(self.concurrency, len(todo.left))):
            thread = threading.Thread(
                target=self._work, args=(todo,), name="campaignkit-llm", daemon=True
            )
            with self.ledger.changed:
                todo.threads += 1
            try:
                thread.start()
            except RuntimeError:  # no more threads to be had
                with self.ledger.changed:
                    todo.threads -= 1
                if not number:
                    raise
                return

    def _waits(self, todo: _Round, seen: int) -> bool:
        """Wait for an answer, not for long; False once nothing more will come."""
        with self.ledger.changed:
            if todo.error is not None and not isinstance(todo.error, Exception):
                return False  # an interrupt does not wait for what was sent
            if todo.threads and len(todo.answers) == seen:
                self.ledger.changed.wait(_WAKE_S)
            return todo.threads > 0 or len(todo.answers) > seen

    def _work(self, todo: _Round) -> None:
        changed = self.ledger.changed
        try:
            while True:
                with changed:
                    if todo.stopped or not todo.left:
                        return
                    key, request = todo.left.popleft()
                answer = self._answered(key, request, todo)
                if answer is None:
                    return
                with changed:
                    self._count(answer)
                    todo.answers[key] = answer
                    changed.notify_all()
        except BaseException as err:  # handed to whoever waits, whatever it is
            with changed:
                todo.error = todo.error or err
                todo.stop()
        finally:
            with changed:
                todo.threads -= 1
                changed.notify_all()

    def _answered(self, key: str, request: Request, todo: _Round) -> Answer | None:
        """The reply, why there is none, or None if the round was stopped."""
        changed = self.ledger.changed
        with changed:
            while key in self._in_flight:  # of an interrupted round
                changed.wait(_WAKE_S)
            if (stored := stored_reply(self.ledger, key, request)) is not None:
                return stored
            self._in_flight.add(key)
        try:
            return self._tried(key, request, todo)
        finally:
            with changed:
                self._in_flight.discard(key)
                changed.notify_all()

    def _tried(self, key: str, request: Request, todo: _Round) -> Answer | None:
        prompt = self._bounded(request.prompt)
        most = self._most(prompt, request)
        failed = malformed = 0
        last: CallError | None = None
        while not todo.stopped:
            if not self._affordable(most, todo):
                return self._out_of_budget(failed, last)
            self.pacer.turn(todo.is_stopped)
            if todo.is_stopped():
                break
            attempt = self.ledger.reserve(key, request, self.model.name, most, self.budget)
            if attempt is None:  # another thread took the last of it meanwhile
                continue
            try:
                return self._asked(attempt, prompt, request)
            except CallError as err:
                last = err
            failed += 1
            malformed += isinstance(last, MalformedReply)
            wait = self.retry.wait_s(last, failed, key, malformed=malformed)
            if wait is None:
                if last.stops_all:
                    raise last
                text = last.text if isinstance(last, MalformedReply) else ""
                return CallFailed(last.reason, last.message, failed, text)
            if isinstance(last, MalformedReply):
                self._count(last)
            if isinstance(last, RateLimited) and last.retry_after_s is not None:
                self.pacer.hold(last.retry_after_s)
            rest(wait, self.clock, todo.is_stopped)
        return None

    def _affordable(self, most: tuple[Usage, float | None], todo: _Round) -> bool:
        with self.ledger.changed:
            while not todo.stopped and not self.ledger.affords(most, self.budget):
                if not self.ledger.in_flight:
                    return False
                # Calls in flight are booked at the most they can cost; they may leave enough.
                self.ledger.changed.wait(_WAKE_S)
        return True

    def _asked(self, attempt: int, prompt: Prompt, request: Request) -> Reply[Any]:
        try:
            reply = _checked(self.model.ask(prompt, request.reply_type), self.model)
        except CallError as err:
            self._settle(attempt, err)
            raise
        except BaseException:
            # A fault of the model's own code: what became of the request is unknown.
            self.ledger.settle_failure(attempt, "unconfirmed", reason="killed")
            raise
        self.ledger.settle_answer(attempt, reply.text, reply.usage, self._cost(reply.usage))
        return reply

    def _settle(self, attempt: int, err: CallError) -> None:
        cost: tuple[Usage, float | None] | None = (_FREE, self._cost(_FREE))
        state, text = "rejected", ""
        if err.unconfirmed:
            state, cost = "unconfirmed", None
        elif not err.sent:
            state = "unsent"
        elif isinstance(err, MalformedReply):
            state, text, cost = "malformed", _storable(err.text), None
        if err.usage is not None:
            cost = (err.usage, self._cost(err.usage))
        self.ledger.settle_failure(attempt, state, reason=err.reason, cost=cost, text=text)

    def _bounded(self, prompt: Prompt) -> Prompt:
        limited = self.budget.tokens is not None or self.budget.money is not None
        if prompt.max_tokens is None and limited:
            return replace(prompt, max_tokens=self.reply_tokens)
        return prompt

    def _most(self, prompt: Prompt, request: Request) -> tuple[Usage, float | None]:
        """The most a call can cost: no tokenizer makes more tokens than there are bytes."""
        asked = len(prompt.text.encode()) + len(str(schema_of(request.reply_type)).encode())
        usage = Usage(asked + _ROLES, prompt.max_tokens or self.reply_tokens, estimated=True)
        return usage, self._cost(usage)

    def _cost(self, usage: Usage) -> float | None:
        return None if self.price is None else self.price.of(usage)

    def _count(self, came: Answer | MalformedReply) -> None:
        """Stop all where one call after another brings nothing of use."""
        limit = self.retry.failures_in_a_row
        if isinstance(came, Reply):
            self._failed_in_a_row = 0
            return
        self._failed_in_a_row += came.reason != "budget"
        if limit is not None and self._failed_in_a_row >= limit:
            raise CallError(
                f"{limit} calls in a row brought nothing of use; the last: {came.message}",
                hint="what was answered is stored: mend the cause and run the same line again",
            )

    def _out_of_budget(self, failed: int, last: CallError | None) -> CallFailed:
        budget = self.budget
        limits = {"calls": budget.calls, "tokens": budget.tokens, "money": budget.money}
        told = ", ".join(
            f"{limit:,} {name}" for name, limit in limits.items() if limit is not None
        )
        after = f"; the last try ended with: {last.message}" if last is not None else ""
        lost = self.ledger.spent.unconfirmed
        also = f"; {lost} calls of it were sent and never answered" if lost else ""
        return CallFailed(
            "budget", f"the budget ({told}) does not cover another call{also}{after}", failed
        )


def stored_reply(ledger: Ledger, key: str, request: Request) -> Answer | None:
    """The reply that is on disk for a request; None if it was never answered."""
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


def _checked(reply: object, model: ChatModel) -> Reply[Any]:
    """A model's reply as it can be stored and booked."""
    if not isinstance(reply, Reply) or not isinstance(reply.text, str):
        raise ModelError(
            f"{model.name}.ask gave {reply!r:.60}; expected a Reply with its text",
            hint="campaignkit.testing.check_chat_model tells what a model has to keep",
        )
    usage = reply.usage
    counts = (usage.tokens_in, usage.tokens_out) if isinstance(usage, Usage) else (-1, -1)
    if any(isinstance(n, bool) or not isinstance(n, int) or not 0 <= n < 2**53 for n in counts):
        raise ModelError(
            f"{model.name}.ask counted {usage!r:.60}; expected whole tokens, 0 or more"
        )
    return replace(reply, text=_storable(reply.text))


def _storable(text: str) -> str:
    """The text without half characters, which no file takes."""
    return text.encode("utf-8", "replace").decode()
