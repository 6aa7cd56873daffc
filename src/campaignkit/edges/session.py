"""One build as it goes: pairs are asked about within a budget, and every answer is kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue
from campaignkit.edges.answer_store import Answer, AnswerStore, Vote
from campaignkit.edges.judgement import Judgement
from campaignkit.edges.pair_states import Decider, Fate, PairStates
from campaignkit.edges.pair_table import PairTable
from campaignkit.edges.scorer import EdgeScorer, ScoreFunction, ask, identity_of
from campaignkit.errors import GraphError
from campaignkit.progress import Progress, Silent

BUDGET_SPENT = "the budget was spent before it was asked"
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
        The folder that keeps the answers; without it they live as long as the session.
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
        budget: object = None,
        store: Path | None = None,
        build: str = "",
        progress: Progress | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.scorer = scorer
        self.seed = seed
        self.batch_size = batch_size
        self.budget = budget
        self.pairs = PairTable(catalogue)
        self.states = PairStates.of(len(self.pairs))
        self.known = np.zeros(len(self.pairs), dtype=np.bool_)
        self.failures: dict[int, str] = {}
        self.details: dict[str, object] = {}
        self._identity = identity_of(scorer)
        self._answers = AnswerStore(store)
        self._build = self._answers.number(f"build {build}")
        self._judged: dict[int, Judgement] = {}
        self._progress = progress or Silent()
        self._recall()

    @property
    def num_calls(self) -> int:
        """Calls of this build so far, those of its interrupted runs included."""
        return sum(self.calls_by_stage.values())

    @property
    def calls_by_stage(self) -> dict[str, int]:
        """The same, by stage."""
        return self._answers.calls_by_stage(self._build)

    @property
    def num_unconfirmed(self) -> int:
        """Calls that were made, or about to be, when a run ended; they count as spent."""
        return self._answers.num_unconfirmed(self._build)

    @property
    def calls_left(self) -> int | None:
        """Calls that the budget still allows; None where it does not count calls."""
        allowed: int | None = getattr(self.budget, "calls", None)
        return None if allowed is None else max(0, allowed - self._answers.num_calls())

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
        for done, call in enumerate(asked):
            new = [pair for pair in dict.fromkeys(call.tolist()) if pair not in self._judged]
            if new:
                self._ask(new, stage)
            self._progress.update(stage, done + 1, len(asked))
        flat = np.concatenate(asked).tolist() if asked else []
        self._enter(flat, round)
        return [self._judged.get(pair) for pair in flat]

    def close(self) -> None:
        """Let go of the store; states, failures and details stay readable."""
        self._answers.close()

    def _recall(self) -> None:
        """Take over what the store has of this scorer's answers about these pairs."""
        index = self.catalogue.index
        found = [
            answer
            for answer in self._answers.answers(self._identity, among=self.catalogue)
            if answer.vote is Vote.FIRST
        ]
        ends = [[index(key) for key in answer.pair] for answer in found]
        codes = self.pairs.codes
        for (one, other), answer in zip(ends, found, strict=True):
            if codes[one] != codes[other]:
                pair = self.pairs.index(one, other)
                self._judged[pair] = answer.judgement
                self.known[pair] = answer.build != self._build

    def _ask(self, pairs: list[int], stage: str) -> None:
        if len(pairs) > self.batch_size:
            raise GraphError(
                f"a call of stage {stage!r} asks about {len(pairs)} pairs; "
                f"expected {self.batch_size} at most",
                hint="split it: batch_size is the most one call may hold",
            )
        if self.calls_left == 0:
            self.failures.update(dict.fromkeys(pairs, BUDGET_SPENT))
            return
        call = self._answers.reserve(build=self._build, stage=stage, num_pairs=len(pairs))
        ends = [self.pairs.pair(pair) for pair in pairs]
        judged = ask(self.scorer, ends)
        answers = [
            Answer((one.key, other.key), said)
            for (one, other), said in zip(ends, judged, strict=True)
        ]
        self._answers.keep(answers, scorer=self._identity, build=self._build, call=call)
        self._judged.update(zip(pairs, judged, strict=True))
        for pair in pairs:
            self.failures.pop(pair, None)

    def _enter(self, pairs: list[int], round: int | None) -> None:
        """Write answers and failures into the states."""
        states = self.states
        for pair in dict.fromkeys(pairs):
            said = self._judged.get(pair)
            if said is None:
                states.fate[pair] = Fate.FAILED
                states.reasons[pair] = self.failures.get(pair, "no answer")
                continue
            states.sign[pair] = said.sign
            states.fate[pair] = Fate.DECIDED
            states.decided_by[pair] = Decider[said.decided_by.upper()]
            states.probability[pair] = np.nan if said.probability is None else said.probability
            states.round[pair] = -1 if round is None else round
            states.reasons.pop(pair, None)
            if said.reason:
                states.reasons[pair] = said.reason
            if said.context:
                states.contexts[pair] = said.context
            if said.strength is not None:
                states.strengths[pair] = said.strength
