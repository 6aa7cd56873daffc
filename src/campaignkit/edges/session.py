"""One build as it goes: pairs are asked about within a budget, and every answer is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue, Key
from campaignkit.edges.pairs import PairTable
from campaignkit.edges.scorers.protocols import (
    BUDGET_SPENT,
    EdgeScorer,
    Judgement,
    Pair,
    ScoreFunction,
    ask,
    identity_of,
)
from campaignkit.edges.states import Outcome, PairStates
from campaignkit.edges.store import Answer, BuildStore
from campaignkit.errors import GraphError
from campaignkit.graph import DECIDED_BY
from campaignkit.llm import (
    Account,
    Budget,
    CallFailed,
    ChatModel,
    Prompt,
    Reply,
    Request,
    Spent,
    Usage,
)
from campaignkit.llm.ledger import Ledger
from campaignkit.progress import Progress, Silent
from campaignkit.store import digest_json

_EARLIER = 5_000  # pairs asked before that may be asked a second time
IntArray = NDArray[np.integer]


class BuildSession:
    """What a method builds with: the pairs, a scorer behind a budget and a store, and the states.

    Parameters
    ----------
    catalogue : Catalogue
        The attributes.
    scorer : EdgeScorer or function
        What is asked.
    seed : int
        For everything the method draws.
    batch_size : int
        Pairs in one call, at most.
    budget : Budget, optional
        A call is made only where it leaves room for one; all calls in the same store count,
        those of interrupted runs and of earlier builds too.
    store : Path, optional
        The folder that keeps answers and replies; without it they live as long as the session.
    calling : mapping of str to object, optional
        Arguments for each :class:`~campaignkit.llm.Account`: concurrency, requests_per_minute,
        retry, prices, reply_tokens, clock.
    build : str
        What tells this build from others in the same store; the same text resumes it.
    progress : Progress, optional
        Told of each stage, in calls.

    Attributes
    ----------
    pairs : PairTable
    states : PairStates
        What became of each pair so far; judged pairs are entered by :meth:`judge`.
    known : bool[P]
        Pairs that an earlier, other build in this store has judged with this scorer. Judging
        them costs nothing; a method need not plan calls for them.
    failures : dict of int to str
        Why the pairs that were asked without success have no answer, by pair number.
    details : dict
        What the method wants in the report, as JSON values.
    answers : list of Answer
        The scorer's answers of this run in the order they came, repeats and votes included.

    Examples
    --------
    >>> from campaignkit.edges import TraitScorer
    >>> session = BuildSession(Catalogue.bundled("starter-27"), TraitScorer())
    >>> [judged.sign for judged in session.judge([np.array([0, 1, 2])], stage="a look")]
    [1, 0, 0]
    >>> session.num_calls, session.states.counts()["undecided"]
    (1, 249)
    >>> session.close()
    """

    def __init__(
        self,
        catalogue: Catalogue,
        scorer: EdgeScorer | ScoreFunction,
        *,
        seed: int = 0,
        batch_size: int = 25,
        budget: Budget | None = None,
        store: Path | None = None,
        build: str = "",
        calling: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.scorer = scorer
        self.seed = seed
        self.batch_size = batch_size
        self.budget = budget or Budget()
        self.pairs = PairTable(catalogue)
        self.states = PairStates.of(len(self.pairs))
        self.known = np.zeros(len(self.pairs), dtype=np.bool_)
        self.failures: dict[int, str] = {}
        self.details: dict[str, object] = {}
        self.answers: list[Answer] = []
        self._identity = identity_of(scorer)
        self._model_scorer = as_model_scorer(scorer)
        self._progress = progress or Silent()
        self._judged: dict[int, Judgement] = {}
        self._own: dict[int, Judgement] = {}  # of an earlier run of this build, by a model
        self._noted: set[str] = set()
        self._asked: dict[int, None] = {}
        self._calling = dict(calling or {})
        self._accounts: dict[int, Account] = {}
        self._store = BuildStore(store)
        try:
            name = f"build {build}"
            self._build = self._store.number(name)
            self._before = self._store.spent_before(name)
            self._plain = PlainCalls(scorer, self._store, self.budget, self._identity)
            self._recall()
        except BaseException:
            self._store.close()
            raise

    @property
    def spent(self) -> Spent:
        """What this build has cost so far, its interrupted runs included."""
        return self._store.spent.since(self._before)

    @property
    def num_calls(self) -> int:
        """Calls of this build so far, those of its interrupted runs included."""
        return self.spent.calls

    @property
    def calls_left(self) -> int | None:
        """Calls that the budget still allows; None where it does not count calls."""
        allowed = self.budget.calls
        return None if allowed is None else max(0, allowed - self._store.spent.calls)

    @property
    def account(self) -> Account:
        """The account of the scorer's model.

        Raises
        ------
        GraphError
            If the scorer has no model.
        """
        return self.account_of(None)

    def account_of(self, model: ChatModel | None) -> Account:
        """The account of a model, or of the scorer's; all share one budget and one store.

        Raises
        ------
        GraphError
            If there is no model.
        """
        own: ChatModel | None = getattr(self.scorer, "model", None)
        asked = own if model is None else model
        if asked is None:
            raise GraphError(
                "a chat model is needed, and the scorer has none",
                hint="give the method a model, or build with LLMEdgeScorer(model)",
            )
        if id(asked) not in self._accounts:
            self._accounts[id(asked)] = Account(
                asked, budget=self.budget, store=self._store, **self._calling
            )
        return self._accounts[id(asked)]

    def ask(
        self,
        requests: Sequence[Request | tuple[Prompt, Any]],  # Any: a reply type
        stage: str,
        *,
        model: ChatModel | None = None,
    ) -> list[Reply[Any] | CallFailed]:  # Any: each request has its own reply type
        """Ask a model other things than pairs, within the same budget and store.

        Parameters
        ----------
        requests : sequence of Request or (Prompt, type)
            What is asked, and the type of each reply.
        stage : str
            What the calls are booked under.
        model : ChatModel, optional
            Who is asked; the scorer's model without it.

        Returns
        -------
        list of Reply or CallFailed
            In the order asked; see :meth:`~campaignkit.llm.Account.ask_many`.
        """
        staged = [
            Request(asked.prompt, asked.reply_type, stage)
            if isinstance(asked, Request)
            else Request(*asked, stage)
            for asked in requests
        ]
        return self.account_of(model).ask_many(staged, progress=self._progress)

    def judgement(self, pair: int) -> Judgement | None:
        """What the scorer said of a pair, or None where it was not asked or did not answer."""
        return self._judged.get(pair)

    def judge(
        self, calls: Sequence[IntArray], *, stage: str, round: int | None = None
    ) -> list[Judgement | None]:
        """Have pairs judged, one call of the scorer for each array that holds anything unknown.

        Pairs that this build or an earlier one in the same store has an answer for are not asked
        again. Answers are on disk before they are used, and entered into ``states``.

        Parameters
        ----------
        calls : sequence of int[k]
            Pair numbers, at most `batch_size` of them unknown in each.
        stage : str
            What the calls are for; the report counts by it.
        round : int, optional
            Noted with each pair, 0 or more.

        Returns
        -------
        list of Judgement or None
            For all pairs of all calls, in the order asked; None where it failed, which
            ``failures`` explains.

        Raises
        ------
        GraphError
            If a call asks for more than a batch, or the scorer's answers are no signs.
        """
        asked = [np.asarray(call, dtype=np.int64).ravel() for call in calls]
        most = len(self.pairs)
        if any(len(call) and not 0 <= call.min() <= call.max() < most for call in asked):
            raise GraphError(
                f"a call of stage {stage!r} names pairs that are not there; "
                f"expected numbers from 0 to {most - 1}"
            )
        if self._model_scorer is not None:
            self._ask_model([self._new_of(call, stage) for call in asked], stage)
        else:
            for done, call in enumerate(asked):
                self._ask_plain(self._new_of(call, stage), stage)
                self._progress.update(stage, done + 1, len(asked))
        flat = np.concatenate(asked).tolist() if asked else []
        self._asked.update(dict.fromkeys(flat))
        self._enter(flat, round)
        return [self._judged.get(pair) for pair in flat]

    def close(self) -> None:
        """Let go of the store; states, failures and details stay readable."""
        self._store.close()

    def _recall(self) -> None:
        """Take over what the store has of this scorer's answers about these pairs."""
        model = self._model_scorer
        found = self._store.recall(
            self.pairs,
            scorer=self._identity,
            build=self._build,
            shown=None if model is None else model.shown,
        )
        self.known[:] = found.known
        self._judged.update(found.elsewhere)
        if model is None:
            self._judged.update(found.own)
        else:
            self._own = found.own
            self._noted = self._store.noted_calls(self._build)

    def _new_of(self, call: IntArray, stage: str) -> list[int]:
        """The pairs of a call that have no answer yet, each once."""
        new = [pair for pair in dict.fromkeys(call.tolist()) if pair not in self._judged]
        if len(new) > self.batch_size:
            raise GraphError(
                f"a call of stage {stage!r} asks about {len(new)} pairs; "
                f"expected {self.batch_size} at most",
                hint="split it: batch_size is the most one call may hold",
            )
        return new

    def _ask_plain(self, pairs: list[int], stage: str) -> None:
        if not pairs:
            return
        ends = [self.pairs.pair(pair) for pair in pairs]
        judged = self._plain.ask(ends, stage=stage)
        if judged is None:
            self.failures.update(refused_for_budget(pairs))
            return
        answers = [Answer(_key(pair), said) for pair, said in zip(ends, judged, strict=True)]
        self._keep(answers)
        self._plain.settle()
        self._judged.update(zip(pairs, judged, strict=True))
        for pair in pairs:
            self.failures.pop(pair, None)

    def _ask_model(self, calls: list[list[int]], stage: str) -> None:
        """Ask a model about all calls at once: the account sends several at a time."""
        assert self._model_scorer is not None
        new = [left for call in calls if (left := self._replayed_or_left(call))]
        if not new:
            return
        self._store.note_calls(self._build, map(self._digest_of, new))
        ends = [[self.pairs.pair(pair) for pair in call] for call in new]
        asked = self._model_scorer.ask_calls(
            ends,
            account=self.account,
            stage=stage,
            seed=self.seed,
            earlier=[
                self.pairs.pair(pair)
                for pair in islice(reversed(self._asked), _EARLIER)
                if not self.known[pair]
            ],
            progress=self._progress,
        )
        self._keep(asked.answers)
        number = {
            _key(pair): at
            for call, named in zip(new, ends, strict=True)
            for at, pair in zip(call, named, strict=True)
        }
        for key, said in asked.judgements().items():
            self._judged[number[key]] = said
            self.failures.pop(number[key], None)
        self.failures.update({number[key]: why for key, why in asked.failures.items()})

    def _replayed_or_left(self, call: list[int]) -> list[int]:
        """The pairs of a call that a model is to be asked about.

        A call that an earlier run of this build has made is made again, to the word: the account
        has its reply. Where the calls are others now, say for a larger budget, what is answered is
        taken as it is, and the rest is asked.
        """
        if not call or self._digest_of(call) in self._noted:
            return call
        for pair in call:
            if pair in self._own:
                self._judged[pair] = self._own[pair]
        return [pair for pair in call if pair not in self._own]

    def _digest_of(self, call: list[int]) -> str:
        ends = map(self.pairs.pair, call)
        return digest_json([[*one.key, *other.key] for one, other in ends])

    def _keep(self, answers: Sequence[Answer]) -> None:
        self._store.keep(answers, scorer=self._identity, build=self._build)
        self.answers += answers

    def _enter(self, pairs: list[int], round: int | None) -> None:
        """Write answers and failures into the states."""
        states = self.states
        for pair in dict.fromkeys(pairs):
            said = self._judged.get(pair)
            if said is None:
                states.outcome[pair] = Outcome.FAILED
                states.reasons[pair] = self.failures.get(pair, "no answer")
                continue
            states.sign[pair] = said.sign
            states.outcome[pair] = Outcome.DECIDED
            states.decided_by[pair] = DECIDED_BY.index(said.decided_by)
            states.probability[pair] = np.nan if said.probability is None else said.probability
            states.round[pair] = -1 if round is None else round
            states.reasons.pop(pair, None)
            if said.reason:
                states.reasons[pair] = said.reason
            if said.context:
                states.contexts[pair] = said.context
            if said.strength is not None:
                states.strengths[pair] = said.strength


def _key(pair: Pair) -> PairKey:
    return pair[0].key, pair[1].key


PairKey = tuple[Key, Key]
_FREE = Usage(0, 0), 0.0  # a scorer of your own costs calls, not tokens


class Asked(Protocol):
    """What came of asking about some pairs.

    Examples
    --------
    >>> from campaignkit.edges.scorers.llm import AskedPairs
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
