"""The one place that all paid calls go through: budget, retries, ledger and cache."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any

from campaignkit.checks import checked_count
from campaignkit.errors import SettingError
from campaignkit.llm.budget import Budget, checked_budget
from campaignkit.llm.calling import Answer, Caller, stored_reply
from campaignkit.llm.chat_model import ChatModel, IdentifiedModel, Request
from campaignkit.llm.ledger import Ledger
from campaignkit.llm.pacing import Clock, Pacer, SystemClock
from campaignkit.llm.prices import Price, checked_prices, read_prices
from campaignkit.llm.replies import schema_of
from campaignkit.llm.retry import RetryPolicy
from campaignkit.llm.spent import Spent, UnconfirmedCall
from campaignkit.progress import Progress
from campaignkit.store import checked_path, digest_json


class Account:
    """Asks a model many things and never pays for a stored answer twice.

    Every call is reserved in the ledger before it is sent and every complete reply is on disk
    before it is used. A request that was answered before, in this run or an earlier one on the
    same store, is answered from there. Calls run `concurrency` at a time, in threads; an interrupt
    (Ctrl-C) leaves a store that the next run goes on from.

    Parameters
    ----------
    model : ChatModel
        Who is asked.
    budget : Budget or None
        The hard limit over all runs of the store, retries and unconfirmed calls included.
    store : path or None
        The folder that keeps ``calls.sqlite``; None keeps it in memory. One account at a time may
        hold it. Accounts of several models share a budget by sharing an open :class:`Ledger`,
        which whoever opened it closes.
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
        if requests_per_minute is not None:
            checked_count(requests_per_minute, "requests_per_minute")
        if not isinstance(getattr(model, "name", None), str) or not hasattr(model, "ask"):
            raise SettingError(
                f"model is {model!r:.60}; expected a chat model", hint="GeminiModel(...), or yours"
            )
        if retry is not None and not isinstance(retry, RetryPolicy):
            raise SettingError(f"retry is {retry!r:.60}; expected a RetryPolicy")
        self.model = model
        self.budget = checked_budget(budget) or Budget()
        shared = store if isinstance(store, Ledger) else None
        self.store = (
            None
            if store is None or isinstance(store, Ledger)
            else checked_path(store, error=SettingError)
        )
        self.price = _price_of(model, prices, self.budget)
        clock = clock or SystemClock()
        self._asking = Lock()
        self._ledger = shared or Ledger(self.store)
        self._owns_ledger = shared is None
        self._caller = Caller(
            model,
            self._ledger,
            budget=self.budget,
            price=self.price,
            pacer=Pacer(requests_per_minute, clock),
            clock=clock,
            retry=retry or RetryPolicy(),
            concurrency=checked_count(concurrency, "concurrency"),
            reply_tokens=checked_count(reply_tokens, "reply_tokens"),
        )
        if self._owns_ledger:
            weakref.finalize(self, self._ledger.close)

    def __repr__(self) -> str:
        where = "memory" if self.store is None else str(self.store)
        return f"Account({self.model!r}, {self.budget!r}, store in {where})"

    def __enter__(self) -> Account:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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
        return None if limit is None else max(0, limit - self.spent.calls)

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
            Told after each answer, under the stage of the first request.

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
        strange = next((r for r in requests if not isinstance(r, Request)), None)
        if strange is not None:
            raise SettingError(
                f"a {type(strange).__name__} was asked; expected a Request",
                hint='Request(Prompt("..."), dict[str, int], "stage")',
            )
        with self._asking:
            keys = [self.key_of(request) for request in requests]
            answers: dict[str, Answer] = {}
            todo: dict[str, Request] = {}
            for key, request in zip(keys, requests, strict=True):
                if key in answers or key in todo:
                    continue
                stored = stored_reply(self._ledger, key, request)
                if stored is None:
                    todo[key] = request
                else:
                    answers[key] = stored
            stored_before = len(answers)

            def told(num_new: int) -> None:
                if progress is not None:
                    total = stored_before + len(todo)
                    progress.update(requests[0].stage, stored_before + num_new, total)

            if todo:
                answers |= self._caller.run(todo, told)
            return [answers[key] for key in keys]

    def key_of(self, request: Request) -> str:
        """The request's key in the cache: a digest of model, prompt and schema."""
        model = self.model
        asked = {
            "model": model.identity if isinstance(model, IdentifiedModel) else model.name,
            "prompt": asdict(request.prompt),
            "schema": schema_of(request.reply_type),
        }
        return digest_json(asked).removeprefix("sha256:")

    def close(self) -> None:
        """Let go of the store; calls still in flight become unconfirmed."""
        if self._owns_ledger:
            self._ledger.close()


def _price_of(
    model: ChatModel, prices: Mapping[str, Any] | str | Path | None, budget: Budget
) -> Price | None:
    table = read_prices(prices) if isinstance(prices, str | Path) else checked_prices(prices)
    price = table.get(model.name)
    if price is None and budget.money is not None:
        raise SettingError(
            f"money is limited to {budget.money}, but {model.name!r} has no price",
            hint=f'prices={{"{model.name}": (0.10, 0.40)}}: in and out, per million tokens',
        )
    return price
