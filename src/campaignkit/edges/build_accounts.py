"""The accounts of one build: a model each, one budget, one ledger."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from campaignkit.errors import GraphError
from campaignkit.llm import Account, Budget, ChatModel
from campaignkit.llm.ledger import Ledger


class BuildAccounts:
    """Opens an account for each model that a build asks; all book in the same ledger.

    Parameters
    ----------
    budget : Budget
        What all of them may spend together, over all runs of the store.
    store : Path or None
        The folder of the ledger; None keeps it in memory.
    calling : mapping of str to object
        Arguments for each :class:`~campaignkit.llm.Account`.

    Examples
    --------
    >>> from campaignkit.llm import ScriptedModel
    >>> accounts = BuildAccounts(Budget(calls=3), None, {})
    >>> one, other = ScriptedModel(lambda p, s: "[]"), ScriptedModel(lambda p, s: "[]")
    >>> accounts.of(one) is accounts.of(one), accounts.of(one) is accounts.of(other)
    (True, False)
    >>> accounts.calls_left
    3
    >>> accounts.close()
    """

    def __init__(self, budget: Budget, store: Path | None, calling: Mapping[str, Any]) -> None:
        self.budget = budget
        self.ledger = Ledger(store)
        self._calling = dict(calling)
        self._open: dict[int, Account] = {}

    def of(self, model: ChatModel | None) -> Account:
        """The account of a model.

        Raises
        ------
        GraphError
            If there is no model.
        """
        if model is None:
            raise GraphError(
                "a chat model is needed, and the scorer has none",
                hint="give the method a model, or build with LLMEdgeScorer(model)",
            )
        if id(model) not in self._open:
            self._open[id(model)] = Account(
                model, budget=self.budget, store=self.ledger, **self._calling
            )
        return self._open[id(model)]

    @property
    def calls_left(self) -> int | None:
        """Calls that the budget still allows; None where it does not count calls."""
        allowed = self.budget.calls
        return None if allowed is None else max(0, allowed - self.ledger.spent.calls)

    def close(self) -> None:
        """Close all accounts, and the ledger."""
        for account in self._open.values():
            account.close()
        self.ledger.close()
