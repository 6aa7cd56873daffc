"""Sends the requests of a round: reserve, wait for a turn, ask, settle, perhaps try again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from campaignkit.llm.budget import Budget
from campaignkit.llm.chat_model import ChatModel
from campaignkit.llm.ledger import Ledger
from campaignkit.llm.loop_thread import in_thread
from campaignkit.llm.model_errors import CallError, MalformedReply, RateLimited
from campaignkit.llm.pacing import Clock, Pacer, rest
from campaignkit.llm.prices import Price
from campaignkit.llm.prompt import Prompt, Request
from campaignkit.llm.reply import CallFailed, Reply, Usage
from campaignkit.llm.reply_text import schema_of
from campaignkit.llm.retry import RetryPolicy
from campaignkit.llm.round import Round, stored_reply

_FREE = Usage(0, 0)
_UNHEARD_S = 0.2
_ROLES = 64  # bytes allowed for what a service wraps around the texts of a prompt


@dataclass
class Caller:
    """The loop's side of an account; all of it runs on one thread."""

    model: ChatModel
    ledger: Ledger
    budget: Budget
    price: Price | None
    pacer: Pacer
    clock: Clock
    retry: RetryPolicy
    concurrency: int
    reply_tokens: int
    _in_flight: dict[str, asyncio.Event] = field(default_factory=dict)
    _settled: asyncio.Event = field(default_factory=asyncio.Event)
    _failed_in_a_row: int = 0

    async def run(self, todo: Round) -> None:
        """Answer a round's requests, `concurrency` at a time; raises what stops all."""
        self._failed_in_a_row = 0
        workers = [
            asyncio.create_task(self._work(todo))
            for _ in range(min(self.concurrency, len(todo.left)))
        ]
        try:
            ended, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
            first = next((t.exception() for t in ended if t.exception() is not None), None)
            if first is not None:
                # What was sent is paid for: let it arrive, send nothing more.
                todo.stop()
                await asyncio.gather(*workers, return_exceptions=True)
                raise first
        finally:
            todo.finish()

    async def _work(self, todo: Round) -> None:
        while todo.left and not todo.is_stopped():
            key, request = todo.left.popleft()
            answer = await self._answered(key, request, todo)
            if answer is None:
                return
            self._count_failures(answer)
            todo.answer(key, answer)

    async def _answered(
        self, key: str, request: Request, todo: Round
    ) -> Reply[Any] | CallFailed | None:
        """The reply, why there is none, or None if the round was stopped."""
        while (flying := self._in_flight.get(key)) is not None:  # of an interrupted round
            await flying.wait()
        if (stored := stored_reply(self.ledger, key, request)) is not None:
            return stored
        self._in_flight[key] = asyncio.Event()
        try:
            return await self._tried(key, request, todo)
        finally:
            self._in_flight.pop(key).set()

    async def _tried(
        self, key: str, request: Request, todo: Round
    ) -> Reply[Any] | CallFailed | None:
        prompt = self._bounded(request.prompt)
        most = self._most(prompt, request)
        failed = malformed = 0
        last: CallError | None = None
        while not todo.is_stopped():
            if not await self._affordable(most, todo):
                return _out_of_budget(self.budget, failed, last)
            await self.pacer.turn(todo.is_stopped)
            if todo.is_stopped():
                break
            attempt = self.ledger.reserve(key, request, self.model.name, most, self.budget)
            if attempt is None:  # another worker took the last of it meanwhile
                continue
            try:
                return await self._asked(attempt, prompt, request)
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
            if isinstance(last, RateLimited) and last.retry_after_s is not None:
                self.pacer.hold(last.retry_after_s)
            await rest(wait, self.clock, todo.is_stopped)
        return None

    async def _affordable(self, most: tuple[Usage, float | None], todo: Round) -> bool:
        while not todo.is_stopped():
            self._settled.clear()
            if self.ledger.affords(most, self.budget):
                return True
            if not self.ledger.spent.in_flight:
                return False
            # Calls in flight are booked at the most they can cost; they may leave enough. Those of
            # another account on the same ledger settle unheard, hence the limit.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), _UNHEARD_S)
        return True

    async def _asked(self, attempt: int, prompt: Prompt, request: Request) -> Reply[Any]:
        try:
            reply = await self._sent(prompt, request)
        except CallError as err:
            self._settle(attempt, err)
            raise
        except BaseException:
            # Cancelled, or a fault of the model's own code: what became of the request is unknown.
            self.ledger.settle_failure(attempt, "unconfirmed", reason="killed")
            raise
        else:
            self.ledger.settle_answer(attempt, reply.text, reply.usage, self._cost(reply.usage))
            return reply
        finally:
            self._settled.set()

    async def _sent(self, prompt: Prompt, request: Request) -> Reply[Any]:
        ask_async = getattr(self.model, "ask_async", None)
        if ask_async is not None:
            answer: Reply[Any] = await ask_async(prompt, request.reply_type)
            return answer
        return await in_thread(lambda: self.model.ask(prompt, request.reply_type))

    def _settle(self, attempt: int, err: CallError) -> None:
        cost: tuple[Usage, float | None] | None = (_FREE, self._cost(_FREE))
        state, text = "rejected", ""
        if err.unconfirmed:
            state, cost = "unconfirmed", None
        elif not err.sent:
            state = "unsent"
        elif isinstance(err, MalformedReply):
            state, text, cost = "malformed", err.text, None
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

    def _count_failures(self, answer: Reply[Any] | CallFailed) -> None:
        limit = self.retry.failures_in_a_row
        if isinstance(answer, Reply):
            self._failed_in_a_row = 0
            return
        self._failed_in_a_row += answer.reason != "budget"
        if limit is not None and self._failed_in_a_row >= limit:
            raise CallError(
                f"{limit} requests in a row ended without a reply; the last: {answer.message}",
                hint="what was answered is stored: mend the cause and run the same line again",
            )


def _out_of_budget(budget: Budget, failed: int, last: CallError | None) -> CallFailed:
    limits = {"calls": budget.calls, "tokens": budget.tokens, "money": budget.money}
    told = ", ".join(f"{limit:,} {name}" for name, limit in limits.items() if limit is not None)
    after = f"; the last try ended with: {last.message}" if last is not None else ""
    return CallFailed("budget", f"the budget ({told}) does not cover another call{after}", failed)
