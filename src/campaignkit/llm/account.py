"""The one place that all paid calls go through: budget, threads, retries, ledger and cache."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

from campaignkit.checks import check_plugin, checked_count, checked_text, is_count
from campaignkit.errors import ModelError, SettingError
from campaignkit.llm.chat_model import (
    CallFailed,
    ChatModel,
    IdentifiedModel,
    Prompt,
    Reply,
    Request,
    Usage,
)
from campaignkit.llm.errors import CallError, MalformedReply, RateLimited
from campaignkit.llm.ledger import Cost, Ledger
from campaignkit.llm.pacing import Clock, Pacer, RetryPolicy, SystemClock, rest
from campaignkit.llm.replies import parse_reply, schema_of
from campaignkit.llm.spending import (
    Budget,
    Spent,
    UnconfirmedCall,
    checked_budget,
    checked_prices,
    read_prices,
)
from campaignkit.progress import Progress, listener
from campaignkit.store import checked_path, digest_json

Answer = Reply[Any] | CallFailed  # Any: each request has its own reply type
_WAKE_S = 0.2  # how soon a wait looks up that nobody ends
_NOT_COUNTED = ("budget", "unusable")  # ends of a request that do not stop the others
_ROLES = 64  # bytes allowed for what a service wraps around the texts of a prompt


class Account(AbstractContextManager["Account"]):
    """Asks a model many things and never pays for a stored answer twice.

    Every call is reserved in the ledger before it is sent and every complete reply is on disk
    before it is used. A request that was answered before, in this run or an earlier one on the
    same store, is answered from there. Calls run `concurrency` at a time, in threads; an interrupt
    (Ctrl-C) leaves a store from which the next run continues.

    Parameters
    ----------
    model : ChatModel
        Who is asked.
    budget : Budget or None
        The hard limit over all runs of the store, retries and unconfirmed calls included.
    store : path or None
        The folder that keeps ``calls.sqlite``; None keeps it in memory. One account at a time may
        hold it. Accounts of several models share a budget by sharing an open :class:`Ledger`,
        which its opener closes.
    concurrency : int
        Calls in flight at a time.
    requests_per_minute : int or None
        Requests sent in any minute; None for no limit.
    retry : RetryPolicy or None
        When a call is tried again.
    prices : mapping, path or None
        What tokens cost, by the model's name: see :func:`read_prices`. Without a price, money is
        None.
    reply_tokens : int
        The longest reply allowed where a prompt does not say: it bounds what a call can cost, and
        is sent along where tokens or money are limited.
    clock : Clock or None
        Tells and passes the time; tests hand in one that does not wait.

    Raises
    ------
    SettingError
        If a number is out of range, or money is limited and the model has no price.
    ArtifactError
        If the store is held by another run or cannot be used.

    Examples
    --------
    >>> from campaignkit.llm import Prompt, ScriptedModel
    >>> model = ScriptedModel(lambda prompt, schema: '{"sign": 1}')
    >>> request = Request(Prompt("Does LinkedIn suit executives?"), dict[str, int], "audit")
    >>> with Account(model, budget=Budget(calls=1)) as account:
    ...     first, again = account.ask_many([request]), account.ask_many([request])
    ...     account.spent.calls, account.calls_left, again[0].stored
    (1, 0, True)
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        budget: Budget | None = None,
        store: str | Path | Ledger | None = None,
        concurrency: int = 7,
        requests_per_minute: int | None = None,
        retry: RetryPolicy | None = None,
        prices: Mapping[str, Any] | str | Path | None = None,  # Any: Price, pair or row
        reply_tokens: int = 4096,
        clock: Clock | None = None,
    ) -> None:
        is_right = isinstance(model, ChatModel)
        check_plugin(model, "model", is_right, "a chat model", "GeminiModel(...), or yours")
        identity = model.identity if isinstance(model, IdentifiedModel) else model.name
        self._identity = checked_text(identity, "the model's identity")
        checked_text(model.name, "the model's name")
        is_right = retry is None or isinstance(retry, RetryPolicy)
        check_plugin(retry, "retry", is_right, "a RetryPolicy", "RetryPolicy(attempts=3)")
        self.model = model
        self.budget = checked_budget(budget) or Budget()
        self.store: Path | None = None
        if store is not None and not isinstance(store, Ledger):
            self.store = checked_path(store, error=SettingError)
        table = read_prices(prices) if isinstance(prices, str | Path) else checked_prices(prices)
        self.price = table.get(model.name)
        if self.price is None and self.budget.money is not None:
            raise SettingError(
                f"money is limited to {self.budget.money}, but {model.name!r} has no price",
                hint=f'prices={{"{model.name}": (0.10, 0.40)}}: in and out, per million tokens',
            )
        self._asking = threading.Lock()
        self._owns_ledger = not isinstance(store, Ledger)
        self._ledger = store if isinstance(store, Ledger) else Ledger(self.store)
        self._clock = clock or SystemClock()
        self._pacer = Pacer(requests_per_minute, self._clock)
        self._retry = retry or RetryPolicy()
        self._concurrency = checked_count(concurrency, "concurrency")
        self._reply_tokens = checked_count(reply_tokens, "reply_tokens")
        self._in_flight: set[str] = set()
        if self._owns_ledger:
            weakref.finalize(self, self._ledger.close)

    def __repr__(self) -> str:
        where = "memory" if self.store is None else str(self.store)
        return f"Account({self.model!r}, {self.budget!r}, store in {where})"

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def spent(self) -> Spent:
        """What all runs on this store have cost."""
        return self._ledger.spent

    @property
    def unconfirmed(self) -> list[UnconfirmedCall]:
        """Every call whose reply never arrived, in all runs on this store."""
        return self._ledger.unconfirmed()

    @property
    def calls_left(self) -> int | None:
        """Calls that the budget still allows; None without a limit."""
        limit = self.budget.calls
        return None if limit is None else max(0, limit - self._ledger.num_calls)

    def ask_many(
        self, requests: Sequence[Request], *, progress: Progress | None = None
    ) -> list[Answer]:
        """Ask all of them and return what came, in the order asked.

        Equal requests (same prompt, all fields, and same reply type) are asked once.

        Parameters
        ----------
        requests : sequence of Request
            What is asked.
        progress : Progress or None
            Called after each answer, under the stage of the first request.

        Returns
        -------
        list of Reply or CallFailed
            A request that ends without a reply is a value with its reason, not an exception; so is
            one that the budget no longer covers (``"budget"``).

        Raises
        ------
        SettingError
            If one of them is no `Request`.
        CallError
            Where every other request would end alike: a wrong key, an unknown model, a spent
            quota, a server that is not there, or a service that keeps refusing. What was
            answered until then is in the store.
        ArtifactError
            If the store cannot be written.
        """
        hint = 'Request(Prompt("..."), dict[str, int], "stage")'
        for asked in requests:
            check_plugin(asked, "what is asked", isinstance(asked, Request), "a Request", hint)
        with self._asking:
            keys = [self.key_of(request) for request in requests]
            wanted: dict[str, Request] = {}
            for key, request in zip(keys, requests, strict=True):
                wanted.setdefault(key, request)
            todo = _Round()
            for key, request in wanted.items():
                if stored := stored_reply(self._ledger, key, request):
                    todo.answers[key] = stored
                else:
                    todo.left.append((key, request))
            if todo.left:
                self._run(todo, listener(progress), requests[0].stage)
            return [todo.answers[key] for key in keys]

    def key_of(self, request: Request) -> str:
        """The request's key in the cache: a digest of model, prompt and schema."""
        schema = schema_of(request.reply_type)
        asked = {"model": self._identity, "prompt": asdict(request.prompt), "schema": schema}
        return digest_json(asked).removeprefix("sha256:")

    def close(self) -> None:
        """Let go of the store; calls still in flight become unconfirmed."""
        if self._owns_ledger:
            self._ledger.close()

    def _run(self, todo: _Round, progress: Progress, stage: str) -> None:
        """Answer what is left, in that order; raises what stops all."""
        changed = self._ledger.changed
        threads: list[threading.Thread] = []
        told, total = len(todo.answers), len(todo.answers) + len(todo.left)
        try:
            for _ in range(min(self._concurrency, len(todo.left))):
                thread = threading.Thread(
                    target=self._work, args=(todo,), name="campaignkit-llm", daemon=True
                )
                try:
                    thread.start()
                except RuntimeError:  # no more threads to be had
                    if not threads:
                        raise
                    break
                threads.append(thread)
            while told < total and todo.error is None:
                with changed:
                    if len(todo.answers) == told and todo.error is None:
                        changed.wait(_WAKE_S)
                    told = len(todo.answers)
                progress.update(stage, told, total)
        except BaseException:
            todo.stop()  # an interrupt, or a progress that will not go on
            raise
        if isinstance(todo.error, Exception):
            for thread in threads:  # an interrupt does not wait for what was sent
                thread.join()
        if todo.error is not None:
            raise todo.error

    def _work(self, todo: _Round) -> None:
        changed = self._ledger.changed
        try:
            while True:
                with changed:
                    if not todo.left:
                        return
                    key, request = todo.left.popleft()
                    while key in self._in_flight:  # of an interrupted round
                        changed.wait(_WAKE_S)
                    self._in_flight.add(key)
                try:
                    answer = stored_reply(self._ledger, key, request)
                    answer = answer or self._tried(key, request, todo)
                finally:
                    with changed:
                        self._in_flight.discard(key)
                if answer is None:
                    return
                with changed:
                    self._count(answer, todo)
                    todo.answers[key] = answer
                    changed.notify_all()
        except BaseException as err:  # handed to whoever waits, whatever it is
            with changed:
                todo.error = todo.error or err
                todo.stop()
                changed.notify_all()

    def _tried(self, key: str, request: Request, todo: _Round) -> Answer | None:
        """The reply, why there is none, or None if the round was stopped."""
        prompt, ledger, stopped = request.prompt, self._ledger, todo.stopped.is_set
        if prompt.max_tokens is None and (self.budget.tokens, self.budget.money) != (None, None):
            prompt = replace(prompt, max_tokens=self._reply_tokens)
        # No tokenizer makes more tokens than there are bytes.
        most_in = len(prompt.text.encode()) + len(str(schema_of(request.reply_type)).encode())
        most_out = prompt.max_tokens or self._reply_tokens
        most = self._cost(Usage(most_in + _ROLES, most_out, estimated=True))
        failed = malformed = 0
        last: CallError | None = None
        while not stopped():
            with ledger.changed:
                if not ledger.affords(most, self.budget):
                    if not ledger.in_flight:
                        return self._out_of_budget(failed, last)
                    # Calls in flight are booked at the most they can cost; they may leave enough.
                    ledger.changed.wait(_WAKE_S)
                    continue
            self._pacer.turn(stopped)
            if stopped():
                break
            attempt = ledger.reserve(key, request, self.model.name, most, self.budget)
            if attempt is None:  # another thread took the last of it meanwhile
                continue
            try:
                return self._asked(attempt, prompt, request)
            except CallError as err:
                last = err
            failed += 1
            malformed += isinstance(last, MalformedReply)
            wait = self._retry.wait_s(last, failed, key, malformed=malformed)
            if wait is None:
                if last.stops_all:
                    raise last
                return CallFailed(last.reason, last.message, failed, last.text)
            if isinstance(last, MalformedReply):
                self._count(last, todo)
            if isinstance(last, RateLimited) and last.retry_after_s is not None:
                self._pacer.hold(last.retry_after_s)
            rest(wait, self._clock, stopped)
        return None

    def _asked(self, attempt: int, prompt: Prompt, request: Request) -> Reply[Any]:
        """Send a call that is reserved, and book how it ends."""
        try:
            reply: object = self.model.ask(prompt, request.reply_type)
            if not isinstance(reply, Reply) or not isinstance(reply.text, str):
                raise ModelError(
                    f"{self.model.name}.ask gave {reply!r:.60}; expected a Reply with its text",
                    hint="campaignkit.testing.check_chat_model tests what a model must do",
                )
            used = reply.usage if isinstance(reply.usage, Usage) else Usage(-1, -1)
            if not all(is_count(n, least=0) and n < 2**53 for n in astuple(used)[:2]):
                raise ModelError(
                    f"{self.model.name}.ask counted {reply.usage!r:.60}; "
                    "expected whole tokens, 0 or more"
                )
        except CallError as err:
            is_free = err.state in ("rejected", "unsent")
            usage = err.usage or (Usage(0, 0) if is_free else None)
            cost = None if usage is None else self._cost(usage)
            self._ledger.settle(attempt, err.state, cost, text=err.text, reason=err.reason)
            raise
        except BaseException:
            # A fault of the model's own code: what became of the request is unknown.
            self._ledger.settle(attempt, "unconfirmed", reason="killed")
            raise
        self._ledger.settle(attempt, "answered", self._cost(used), text=reply.text)
        return reply

    def _cost(self, usage: Usage) -> Cost:
        return usage, None if self.price is None else self.price.of(usage)

    def _count(self, came: Answer | MalformedReply, todo: _Round) -> None:
        """Stop all where one call after another brings nothing of use."""
        limit = self._retry.failures_in_a_row
        if isinstance(came, Reply):
            todo.failed_in_a_row = 0
            return
        todo.failed_in_a_row += came.reason not in _NOT_COUNTED
        if limit is not None and todo.failed_in_a_row >= limit:
            raise CallError(
                f"{limit} calls in a row gave no usable reply; the last: {came.message}",
                hint="earlier answers are stored: correct the cause and run the same line again",
            )

    def _out_of_budget(self, failed: int, last: CallError | None) -> CallFailed:
        limits = asdict(self.budget).items()
        told = ", ".join(f"{limit:,} {name}" for name, limit in limits if limit is not None)
        after = f"; the last try ended with: {last.message}" if last is not None else ""
        lost = self._ledger.num_unconfirmed
        also = f"; {lost} calls of it were sent and never answered" if lost else ""
        return CallFailed(
            "budget", f"the budget ({told}) does not cover another call{also}{after}", failed
        )


@dataclass
class _Round:
    """One `ask_many`: what is still to be sent, and what came, by the keys of the requests."""

    left: deque[tuple[str, Request]] = field(default_factory=deque)
    answers: dict[str, Answer] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None
    failed_in_a_row: int = 0

    def stop(self) -> None:
        """Send nothing more; what is in flight may arrive and be stored."""
        self.stopped.set()
        self.left.clear()


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
