"""The active builder: judge what teaches most, predict the rest, and say how wrong that can be."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.edges.methods.active import cards
from campaignkit.edges.methods.active.learners import StackedLearner
from campaignkit.edges.methods.active.rounds import (
    HOLDOUT,
    INITIAL,
    NO_ANSWER,
    ROUNDS,
    ActiveLearning,
    RoundsResult,
    round_sizes,
)
from campaignkit.edges.pairs import PairTable
from campaignkit.edges.plan import GraphPlan, planned
from campaignkit.edges.session import BuildSession, ModelScorer
from campaignkit.embed import Embedder, embed_texts
from campaignkit.errors import Fault, GraphError
from campaignkit.seeds import stream

if TYPE_CHECKING:
    from campaignkit.catalogue import Catalogue
    from campaignkit.edges.states import PairStates
    from campaignkit.llm import Budget, ChatModel

Pairs = NDArray[np.int64]

_NEARLY_ALL = 0.9  # of brute force's calls: then brute force, which leaves nothing to doubt
_SPARE_FRAC = 0.01  # of a model's calls, kept for keys that were missing and are asked again
_FEWEST = 100  # answers below which there is nothing to learn from
_MOST_PAIRS = 8_000_000  # about 3 GB of features, kernels and probabilities: 4,800 attributes


@dataclass(frozen=True, slots=True)
class ActiveBuilder:
    """Active learning: judges the pairs that teach most and predicts the others, with a bound.

    Attributes need traits: those of the catalogue, or cards that `card_model` fills in, ten
    attributes a call. A uniform hold-out of pairs is judged and never learnt from; an initial
    sample starts the learning. Then, in at most 20 rounds, boosted trees over the cards and over
    the signs of similar pairs predict what is not judged, the hold-out bounds how much of that
    the model would contradict, and the pairs that are least sure are judged next (uncertainty
    sampling). It ends at the target or when the budget is spent. What an earlier build in the
    same store has judged is learnt from and not asked again.

    Parameters
    ----------
    target_disagreement : float or None
        Ends when the share of predicted signs that this model would contradict is at most this,
        with confidence 1 - delta. None: when the budget is spent.
    card_model : ChatModel, optional
        Fills in trait cards; not asked where all attributes have traits.
    embedder : Embedder, optional
        Adds the similarity of the descriptions to that of the cards.
    delta : float
        The chance that the bound is wrong in any round.
    batch_size : int
        Pairs in one call.

    Raises
    ------
    GraphError
        With everything that is out of range.

    Notes
    -----
    The bound is against this model's own answers, not against the truth. Where planned brute
    force would cost hardly more, all pairs are judged instead.

    Examples
    --------
    >>> from campaignkit.edges import RehearsalWorld, build_graph
    >>> from campaignkit.llm import Budget
    >>> world = RehearsalWorld(80, seed=1)
    >>> build = build_graph(
    ...     world.carded(), scorer=world.scorer(), method=ActiveBuilder(), budget=Budget(calls=40)
    ... )
    >>> build.report.calls, build.report.decided_by
    (40, {'scored': 1000, 'predicted': 1175})
    """

    target_disagreement: float | None = 0.1
    card_model: ChatModel | None = None
    embedder: Embedder | None = None
    delta: float = 0.05
    batch_size: int = 25

    def __post_init__(self) -> None:
        target, size, model = self.target_disagreement, self.batch_size, self.card_model
        embedder: object = self.embedder
        faults = []
        if target is not None and not (_is_number(target) and 0 <= target <= 1):
            faults.append(Fault("target_disagreement", f"is {target!r}; expected 0 to 1 or None"))
        if not (_is_number(self.delta) and 0 < self.delta < 1):
            faults.append(Fault("delta", f"is {self.delta!r}; expected more than 0, less than 1"))
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            faults.append(Fault("batch_size", f"is {size!r}; expected an integer from 1 on"))
        if model is not None and not (hasattr(model, "ask") and hasattr(model, "name")):
            expected = "expected an object with ask(prompt, reply_type)"
            faults.append(Fault("card_model", f"is {model!r:.60}; {expected}"))
        if embedder is not None and not isinstance(embedder, Embedder):
            expected = "expected an object with a name and embed(texts)"
            faults.append(Fault("embedder", f"is {embedder!r:.60}; {expected}"))
        if faults:
            raise GraphError("there is no such builder", faults=faults)

    @property
    def identity(self) -> str:
        """What tells its builds from others in a store."""
        embedder = "" if self.embedder is None else self.embedder.name
        return (
            f"ActiveBuilder {self.target_disagreement} {self.delta} {self.batch_size} {embedder}"
        )

    def build(self, session: BuildSession) -> PairStates:
        """Decide every pair; see the class.

        Raises
        ------
        GraphError
            If attributes have no traits and there is no card model, the budget is too small to
            learn from, or there are more than 8 million pairs.
        """
        states, known = session.states, session.known
        new = np.flatnonzero(~known)
        # In a resumed build, what its first run had.
        allowed = None if session.calls_left is None else session.calls_left + session.num_calls
        most = self._most_answers(
            session.catalogue, allowed, len(new), retries=isinstance(session.scorer, ModelScorer)
        )
        if known.any():
            # What is known costs nothing; entered first, so that it reads "scored".
            session.judge([np.flatnonzero(known)], stage="known before")
        if self._is_nearly_all(session.catalogue, len(new), most):
            session.judge(self._batches(new), stage="all pairs")
            told = "planned brute force costs hardly more: all pairs were judged"
            session.details["active"] = told
            return states
        if len(session.pairs) > _MOST_PAIRS:
            raise GraphError(
                f"{len(session.catalogue):,} attributes make {len(session.pairs):,} pairs; "
                f"expected {_MOST_PAIRS:,} at most, for which 3 GB of memory are needed",
                hint="build graphs of parts and join them, or use ClusterPrefilter",
            )
        catalogue = cards.fill_cards(session, self.card_model)

        def judge(pairs: Pairs, stage: str, number: int) -> NDArray[np.int8]:
            judged = session.judge(self._batches(pairs), stage=stage, round=number)
            return np.array([NO_ANSWER if j is None else j.sign for j in judged], dtype=np.int8)

        learning = ActiveLearning(
            StackedLearner(catalogue, vectors=self._vectors(catalogue), seed=session.seed),
            judge,
            np.where(known, states.sign, NO_ANSWER),
            most=most,
            delta=self.delta,
            batch_size=self.batch_size,
            seed=session.seed,
        )
        self._enter(session, learning.run(self.target_disagreement))
        return states

    def plan(
        self,
        catalogue: Catalogue,
        *,
        model: ChatModel | str | None = None,
        prices: object = None,
        budget: Budget | None = None,
    ) -> GraphPlan:
        """The most it would ask: cards, hold-out, initial sample and rounds, within the budget.

        Without a budget the rounds are planned to the end, where every pair is judged; a target
        ends them earlier.

        Raises
        ------
        GraphError
            If attributes have no traits and there is no card model, or the budget is too small to
            learn from.
        """
        table = PairTable(catalogue)
        allowed = None if budget is None else budget.calls
        most = self._most_answers(catalogue, allowed, len(table), retries=False)
        # Which pairs will be asked about is not known; as many by chance have prompts as long.
        order = stream(0, "active", "plan").permutation(len(table))[:most]
        parts, other_stages = {"all pairs": order}, {}
        if not self._is_nearly_all(catalogue, len(table), most):
            lacking = cards.without_traits(catalogue)
            cards.check_cards_possible(lacking, len(catalogue), model=self.card_model or model)
            if lacking:
                other_stages = {cards.STAGE: cards.plan_cards(lacking)}
            sizes = round_sizes(len(table), most=most, batch_size=self.batch_size)
            ends = [sizes.holdout, sizes.holdout + sizes.initial]
            parts = dict(zip((HOLDOUT, INITIAL, ROUNDS), np.split(order, ends), strict=True))
        return planned(
            table,
            {stage: self._batches(pairs) for stage, pairs in parts.items()},
            method="active builder",
            batch_size=self.batch_size,
            at_most=True,
            model=model,
            prices=prices,
            other_stages=other_stages,
        )

    def _most_answers(
        self, catalogue: Catalogue, allowed: int | None, num_new: int, *, retries: bool
    ) -> int | None:
        """Answers that a budget of so many calls has room for, beside cards and retries.

        Retries are calls for keys that a model's replies lack: about one after each stage.
        """
        if allowed is None:
            return None
        card_calls = len(cards.card_calls(cards.without_traits(catalogue)))
        rest = allowed - card_calls
        if retries:
            num_pairs = len(PairTable(catalogue))
            most = rest * self.batch_size
            sizes = round_sizes(num_pairs, most=most, batch_size=self.batch_size)
            rest -= sizes.num_stages(most) + math.ceil(_SPARE_FRAC * rest)
        most = rest * self.batch_size
        needed = min(_FEWEST, num_new)
        if most < needed:
            raise GraphError(
                f"a budget of {allowed} calls leaves {max(most, 0)} answers "
                f"after {card_calls} calls for trait cards; expected {needed} at least",
                hint=f"allow {card_calls + math.ceil(needed / self.batch_size) + 1} calls or more",
            )
        return most

    def _is_nearly_all(self, catalogue: Catalogue, num_new: int, most: int | None) -> bool:
        """Whether judging all pairs is affordable and costs hardly more."""
        if most is not None and most < num_new:
            return False
        sizes = round_sizes(num_new, most=None, batch_size=self.batch_size)
        card_calls = len(cards.card_calls(cards.without_traits(catalogue)))
        least = sizes.holdout + sizes.initial + card_calls * self.batch_size
        return least >= _NEARLY_ALL * num_new or self.target_disagreement in (0, None)

    def _batches(self, pairs: Pairs) -> list[Pairs]:
        starts = range(0, len(pairs), self.batch_size)
        return [pairs[start : start + self.batch_size] for start in starts]

    def _vectors(self, catalogue: Catalogue) -> NDArray[np.float32] | None:
        if self.embedder is None:
            return None
        texts = [f"{a.modality}: {a.value}. {a.description}".strip() for a in catalogue]
        return embed_texts(self.embedder, texts)

    def _enter(self, session: BuildSession, result: RoundsResult) -> None:
        """Write the predictions into the states, and what bounds them into the details."""
        states, last = session.states, result.rounds[-1]
        rest = np.flatnonzero(~result.judged)
        for pair in rest.tolist():
            if (why := states.reasons.get(pair)) is not None:
                states.reasons[pair] = f"predicted; asked without success: {why}"
        states.decide(
            rest,
            result.sign[rest],
            by="predicted",
            round=last.round,
            probability=result.probability[rest],
        )
        session.details["active"] = {
            "rounds": [asdict(summary) for summary in result.rounds],
            "predicted": len(rest),
            "disagreement is at most": last.bound if len(rest) else 0.0,
            "missed negatives are at most": last.bound_missed_negatives if len(rest) else 0.0,
            "confidence": 1 - self.delta,
        }


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)
