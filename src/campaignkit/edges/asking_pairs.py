"""The two ways of asking about pairs: a plain scorer call by call, a model through its account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from campaignkit.catalogue import Key
from campaignkit.edges.answer_store import Answer
from campaignkit.edges.judgement import Judgement
from campaignkit.edges.scorer import BUDGET_SPENT, EdgeScorer, Pair, ScoreFunction, ask
from campaignkit.llm import Account, Budget, ChatModel, Prompt, Request, Usage
from campaignkit.llm.ledger import Ledger
from campaignkit.progress import Progress
from campaignkit.store import digest_json

PairKey = tuple[Key, Key]
_FREE = Usage(0, 0), 0.0  # a scorer of your own costs calls, not tokens


class Asked(Protocol):
    """What came of asking about some pairs.

    Examples
    --------
    >>> from campaignkit.edges.llm_scorer.asking import AskedPairs
    >>> asked: Asked = AskedPairs((), {})
    """

    @property
    def answers(self) -> Sequence[Answer]:
        """Every valid answer."""

    @property
    def failures(self) -> dict[PairKey, str]:
        """Why pairs have none."""

    def judgements(self) -> dict[PairKey, Judgement]:
        """What the answers on each pair come to."""


@runtime_checkable
class ModelScorer(Protocol):
    """A scorer that asks a chat model, and lets the session provide the account.

    Examples
    --------
    >>> from campaignkit.edges import LLMEdgeScorer
    >>> from campaignkit.llm import ScriptedModel
    >>> model = ScriptedModel(lambda prompt, schema: "{}")
    >>> isinstance(LLMEdgeScorer(model), ModelScorer)
    True
    """

    model: ChatModel

    def ask_calls(
        self,
        calls: Sequence[Sequence[Pair]],
        *,
        account: Account,
        stage: str,
        seed: int = 0,
        earlier: Sequence[Pair] = (),
        progress: Progress | None = None,
    ) -> Asked:
        """Ask about the pairs of some calls."""

    def shown(self, pair: Pair) -> str:
        """A digest of what the model is shown of a pair beyond the names."""


def as_model_scorer(scorer: object) -> ModelScorer | None:
    """The scorer, if it asks a model through an account; None for any other.

    Examples
    --------
    >>> as_model_scorer(print) is None
    True
    """
    return scorer if isinstance(scorer, ModelScorer) else None


@dataclass
class PlainCalls:
    """Calls of a scorer that is no model: each is booked in the ledger before it is made.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute
    >>> calls = PlainCalls(lambda pairs: [1] * len(pairs), Ledger(None), Budget(calls=1), "mine")
    >>> pair = Attribute("brand", "Nike"), Attribute("geo", "Peru")
    >>> calls.ask([pair], stage="a look")[0].sign, calls.ask([pair], stage="a look")
    (1, None)
    """

    scorer: EdgeScorer | ScoreFunction
    ledger: Ledger
    budget: Budget
    name: str
    _open: int | None = None

    def ask(self, pairs: Sequence[Pair], *, stage: str) -> list[Judgement] | None:
        """A judgement for each pair, or None where the budget does not cover the call."""
        keys = [[*one.key, *other.key] for one, other in pairs]
        told = f"{len(pairs)} pairs from {pairs[0][0]} - {pairs[0][1]}"
        request = Request(Prompt(told, template=self.name), list[int], stage)
        key = digest_json([self.name, stage, keys])
        self._open = self.ledger.reserve(key, request, self.name, _FREE, self.budget)
        return None if self._open is None else ask(self.scorer, pairs)

    def settle(self) -> None:
        """Say that the last call's answers are on disk."""
        assert self._open is not None
        self.ledger.settle_answer(self._open, "", *_FREE)


def refused_for_budget(pairs: Sequence[int]) -> dict[int, str]:
    """The failures of pairs that the budget did not cover.

    Examples
    --------
    >>> refused_for_budget([3])
    {3: 'the budget was spent before it was asked'}
    """
    return dict.fromkeys(pairs, BUDGET_SPENT)
