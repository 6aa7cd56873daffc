"""One build as it goes: pairs are asked about within a budget, and every answer is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue, Key
from campaignkit.edges.pairs import NO_ANSWER, Outcome, PairStates, PairTable
from campaignkit.edges.scorers.protocols import (
    Answer,
    EdgeScorer,
    Judgement,
    ModelScorer,
    ResolvedScorer,
    ScoreFunction,
    pair_key,
    settled,
)
from campaignkit.edges.store import BuildStore
from campaignkit.errors import GraphError
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
from campaignkit.llm.numbered import BUDGET_SPENT
from campaignkit.progress import Progress, listener
from campaignkit.store import digest_json

_FREE = Usage(0, 0), 0.0  # a scorer of your own costs calls, not tokens
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
        Receives each stage, in calls.

    Attributes
    ----------
    pairs : PairTable
    states : PairStates
        What became of each pair so far; judged pairs are entered by :meth:`judge`.
    known : bool[P]
        Pairs that an earlier, other build in this store has judged with this scorer. Judging
        them costs nothing; a method need not plan calls for them.
    judged : dict of int to Judgement
        The scorer's answers about pairs, in this build and in others of the store.
    details : dict
        What the method wants in the report, as JSON values.
    warnings : list of str
        What the method warns of, for the report.
    answers : list of Answer
        The scorer's answers of this run in the order they came, repeats and votes included.

    Examples
    --------
    >>> from campaignkit.edges import TraitScorer
    >>> session = BuildSession(Catalogue.bundled("starter-27"), TraitScorer())
    >>> session.judge([np.array([0, 1, 2])], stage="a look").tolist()
    [1, 0, 0]
    >>> session.spent.calls, session.states.counts()["undecided"]
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
        self.judged: dict[int, Judgement] = {}
        self.details: dict[str, object] = {}
        self.warnings: list[str] = []
        self.answers: list[Answer] = []
        self.resolved = ResolvedScorer(scorer)
        self._progress = listener(progress)
        self._own: dict[int, Judgement] = {}  # of an earlier run of this build, by a model
        self._asked: dict[int, None] = {}
        self._calling = dict(calling or {})
        self._accounts: dict[int, Account] = {}
        self._store = BuildStore(store)
        try:
            self._build, self._began, self._noted = self._store.begin(build)
            model = self.resolved.asks_model
            self.known, said = self._store.recall(
                self.pairs,
                scorer=self.resolved.identity,
                build=self._build,
                **({} if model is None else {"shown": model.shown}),
            )
            for pair, judged in said.items():
                is_own = model is not None and not self.known[pair]
                (self._own if is_own else self.judged)[pair] = judged
        except BaseException:
            self._store.close()
            raise

    @property
    def spent(self) -> Spent:
        """What this build has cost so far, its interrupted runs included."""
        return self._store.spent_since(self._began)

    @property
    def calls_allowed(self) -> int | None:
        """Calls that the budget allows this build, those it has made included; None as below.

        In a resumed build it is what the first run had.
        """
        allowed = self.budget.calls
        earlier = self._store.num_calls - self.spent.calls
        return None if allowed is None else max(0, allowed - earlier)

    @property
    def calls_left(self) -> int | None:
        """Calls that the budget still allows; None where it does not count calls."""
        allowed = self.budget.calls
        return None if allowed is None else max(0, allowed - self._store.num_calls)

    def account_of(self, model: ChatModel | None) -> Account:
        """The account of a model, or of the scorer's; all share one budget and one store.

        Raises
        ------
        GraphError
            If there is no model.
        """
        scorer = self.resolved.asks_model
        asked = scorer.model if model is None and scorer is not None else model
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
        self, requests: Sequence[Request], *, model: ChatModel | None = None
    ) -> list[Reply[Any] | CallFailed]:  # Any: each request has its own reply type
        """Ask a model other things than pairs, within the same budget and store.

        Parameters
        ----------
        requests : sequence of Request
            What is asked, the type of each reply, and the stage that the call is booked under.
        model : ChatModel, optional
            Who is asked; the scorer's model without it.

        Returns
        -------
        list of Reply or CallFailed
            In the order asked; see :meth:`~campaignkit.llm.Account.ask_many`.
        """
        return self.account_of(model).ask_many(requests, progress=self._progress)

    def keep_said(self, said: Mapping[Key, object], *, what: str) -> None:
        """Keep what a model said of attributes, as JSON values, for later builds in this store.

        Parameters
        ----------
        said : mapping of (modality, value) to JSON value
        what : str
            What it is and who said it: what is kept under the same text is taken as the same.
        """
        self._store.keep_said(said, what=what, build=self._build)

    def said_before(self, *, what: str) -> dict[Key, Any]:
        """What earlier, other builds in this store kept of attributes; see `keep_said`.

        Interrupted runs of this build are left out: it makes their calls again, to the word, and
        has the replies without a call.
        """
        return self._store.recall_said(what=what, build=self._build)

    def judge(
        self, calls: Sequence[IntArray], *, stage: str, round: int | None = None
    ) -> NDArray[np.int8]:
        """Have pairs judged, one call of the scorer for each array with an unknown pair.

        Pairs that this build or an earlier one in the same store has an answer for are not asked
        again. Answers are on disk before they are used, and entered into ``states``.

        Parameters
        ----------
        calls : sequence of int[k]
            Pair numbers, at most `batch_size` of them unknown in each.
        stage : str
            What the calls are for; the report counts by it.
        round : int, optional
            Noted with each pair: 0 where nothing chose it, 1 or more where earlier answers did.

        Returns
        -------
        int8[k]
            The sign of each pair of each call, in the order asked; ``NO_ANSWER`` where it failed,
            with the reason in ``states``, as for other answers.

        Raises
        ------
        GraphError
            If a call asks for more than a batch, or the scorer's answers are no signs.
        """
        asked = [np.asarray(call, dtype=np.int64).ravel() for call in calls]
        most = len(self.pairs)
        if any(len(call) and not 0 <= call.min() <= call.max() < most for call in asked):
            raise GraphError(
                f"a call of stage {stage!r} names unknown pairs; "
                f"expected numbers from 0 to {most - 1}"
            )
        new = self._new_of(asked, stage)
        if new and self.resolved.asks_model is not None:
            self._ask_model(self.resolved.asks_model, new, stage, chosen=bool(round))
        else:
            for done, call in enumerate(new, start=1):
                self._ask_plain(call, stage)
                self._progress.update(stage, done, len(new))
        flat = np.concatenate([np.zeros(0, dtype=np.int64), *asked])
        told = dict.fromkeys(flat.tolist())
        self._asked.update(told)
        self._enter(told, round)
        answered = self.states.is_decided()[flat]
        return np.where(answered, self.states.sign[flat], NO_ANSWER).astype(np.int8)

    def close(self) -> None:
        """Let go of the store; states and details stay readable."""
        self._store.close()

    def _new_of(self, calls: Sequence[IntArray], stage: str) -> list[list[int]]:
        """What calls ask about that has no answer yet, each pair once; the calls that are left.

        A call that an earlier run of this build has made is made again, to the word: the account
        has its reply. Where the calls are others now, say for a larger budget, what is answered is
        taken as it is, and the rest is asked.
        """
        taken: set[int] = set()
        left = []
        for call in calls:
            unknown = [pair for pair in dict.fromkeys(call.tolist()) if pair not in self.judged]
            if len(unknown) > self.batch_size:
                raise GraphError(
                    f"a call of stage {stage!r} asks about {len(unknown)} pairs; "
                    f"expected {self.batch_size} at most",
                    hint="split it: batch_size is the most pairs per call",
                )
            new = [pair for pair in unknown if pair not in taken]
            taken.update(new)
            if self._own and self._digest_of(new) not in self._noted:
                self.judged.update((pair, self._own[pair]) for pair in new if pair in self._own)
                new = [pair for pair in new if pair not in self._own]
            if new:
                left.append(new)
        return left

    def _ask_plain(self, pairs: list[int], stage: str) -> None:
        """Ask a scorer that is no model: its call is booked before it is made."""
        ends = [self.pairs.pair(pair) for pair in pairs]
        name = self.resolved.identity
        told = f"{len(pairs)} pairs from {ends[0][0]} - {ends[0][1]}"
        request = Request(Prompt(told, template=name), list[int], stage)
        key = digest_json([name, stage, [[*one.key, *other.key] for one, other in ends]])
        call = self._store.reserve(key, request, name, _FREE, self.budget)
        if call is None:
            self.states.set_outcome(np.array(pairs), Outcome.FAILED, reason=BUDGET_SPENT)
            return
        judged = self.resolved.judge(ends)
        answers = [Answer(pair_key(pair), said) for pair, said in zip(ends, judged, strict=True)]
        self._store.keep(answers, scorer=name, build=self._build)
        self.answers += answers
        self._store.settle(call, "answered", _FREE)
        self.judged.update(zip(pairs, judged, strict=True))

    def _ask_model(
        self, scorer: ModelScorer, calls: list[list[int]], stage: str, *, chosen: bool
    ) -> None:
        """Ask a model about all calls at once: the account sends several at a time."""
        self._store.note_calls(self._build, map(self._digest_of, calls))
        ends = [[self.pairs.pair(pair) for pair in call] for call in calls]
        earlier = islice(reversed(self._asked), _EARLIER)
        answers, failures = scorer.ask_calls(
            ends,
            account=self.account_of(None),
            stage=stage,
            seed=self.seed,
            earlier=[self.pairs.pair(pair) for pair in earlier if not self.known[pair]],
            progress=self._progress,
            chosen=chosen,
        )
        self._store.keep(answers, scorer=self.resolved.identity, build=self._build)
        self.answers += answers
        number = dict(zip(map(pair_key, chain(*ends)), chain(*calls), strict=True))
        said = ((number.get(a.pair, -1), a.asking, a.judgement) for a in answers)
        self.judged.update(settled(vote for vote in said if vote[0] >= 0))
        for pair, why in failures.items():
            self.states.set_outcome(number[pair], Outcome.FAILED, reason=why)

    def _digest_of(self, call: list[int]) -> str:
        ends = map(self.pairs.pair, call)
        return digest_json([[*one.key, *other.key] for one, other in ends])

    def _enter(self, pairs: Iterable[int], round: int | None) -> None:
        """Write answers and failures into the states."""
        states = self.states
        for pair in pairs:
            said = self.judged.get(pair)
            if said is None:
                if states.outcome[pair] != Outcome.FAILED:
                    states.set_outcome(pair, Outcome.FAILED, reason="no answer")
                continue
            states.reasons.pop(pair, None)
            states.decide(
                pair,
                said.sign,
                by=said.decided_by,
                round=-1 if round is None else round,
                probability=np.nan if said.probability is None else said.probability,
                strength=np.nan if said.strength is None else said.strength,
                reason=said.reason,
            )
            if said.context:
                states.contexts[pair] = said.context
