"""The running sums of a ledger, so that a budget is checked without reading the file."""

from __future__ import annotations

from campaignkit.llm.budget import Budget
from campaignkit.llm.reply import Usage
from campaignkit.llm.spent import Spent, StageSpent

_STATES = ("open", "answered", "malformed", "rejected", "unconfirmed", "unsent")


class Tally:
    """Calls, tokens and money by stage and state.

    Examples
    --------
    >>> tally = Tally()
    >>> tally.add("audit", "answered", Usage(100, 10), 0.5)
    >>> tally.over(Budget(calls=1), Usage(1, 1), None), tally.spent.money
    (True, 0.5)
    """

    def __init__(self) -> None:
        self.repeats = 0
        self._calls: dict[tuple[str, str], int] = {}
        self._tokens_in: dict[tuple[str, str], int] = {}
        self._tokens_out: dict[tuple[str, str], int] = {}
        self._money: dict[tuple[str, str], float] = {}
        self._unpriced: dict[tuple[str, str], int] = {}

    def add(
        self, stage: str, state: str, usage: Usage, money: float | None, *, calls: int = 1
    ) -> None:
        """Book calls; `money` is None if any of them has no price."""
        self._book(stage, state, usage, money, calls)

    def remove(self, stage: str, state: str, usage: Usage, money: float | None) -> None:
        """Take one call back."""
        taken = Usage(-usage.tokens_in, -usage.tokens_out)
        self._book(stage, state, taken, None if money is None else -money, -1)

    def over(self, budget: Budget, most: Usage, money: float | None) -> bool:
        """Whether one more call, at the most it can cost, would exceed the budget."""
        spent = self.spent
        if budget.calls is not None and spent.calls + 1 > budget.calls:
            return True
        tokens = spent.tokens_in + spent.tokens_out + most.tokens
        if budget.tokens is not None and tokens > budget.tokens:
            return True
        if budget.money is None:
            return False
        # No price, no promise: an account with a money budget always has one.
        return money is None or (spent.money or 0.0) + money > budget.money

    @property
    def spent(self) -> Spent:
        """The sums; a request that never left is not a call."""
        totals = self._summed(list(self._calls))
        by_state = {
            state: sum(n for (_, s), n in self._calls.items() if s == state) for state in _STATES
        }
        lost = [where for where in self._calls if where[1] == "unconfirmed"]
        return Spent(
            calls=totals.calls,
            tokens_in=totals.tokens_in,
            tokens_out=totals.tokens_out,
            money=totals.money,
            repeats=self.repeats,
            unconfirmed=by_state["unconfirmed"],
            answered=by_state["answered"],
            malformed=by_state["malformed"],
            rejected=by_state["rejected"],
            in_flight=by_state["open"],
            tokens_unconfirmed=sum(self._tokens_in[w] + self._tokens_out[w] for w in lost),
            by_stage={
                stage: self._summed([w for w in self._calls if w[0] == stage])
                for stage in dict.fromkeys(stage for stage, _ in self._calls)
            },
        )

    def _summed(self, where: list[tuple[str, str]]) -> StageSpent:
        sent = [w for w in where if w[1] != "unsent"]
        unpriced = sum(self._unpriced[w] for w in sent)
        return StageSpent(
            calls=sum(self._calls[w] for w in sent),
            tokens_in=sum(self._tokens_in[w] for w in sent),
            tokens_out=sum(self._tokens_out[w] for w in sent),
            money=None if unpriced or not sent else sum(self._money[w] for w in sent),
        )

    def _book(self, stage: str, state: str, usage: Usage, money: float | None, calls: int) -> None:
        where = (stage, state)
        self._calls[where] = self._calls.get(where, 0) + calls
        self._tokens_in[where] = self._tokens_in.get(where, 0) + usage.tokens_in
        self._tokens_out[where] = self._tokens_out.get(where, 0) + usage.tokens_out
        self._money[where] = self._money.get(where, 0.0) + (money or 0.0)
        self._unpriced[where] = self._unpriced.get(where, 0) + (calls if money is None else 0)
