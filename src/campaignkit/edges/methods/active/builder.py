"""The active builder: judge what teaches most, predict the rest, and say how wrong that can be."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from campaignkit.checks import check_all, is_count, is_share
from campaignkit.edges.methods.active import cards, rounds
from campaignkit.edges.methods.active.ordinal_probit import OrdinalProbit
from campaignkit.edges.pairs import NO_ANSWER, PairTable, chunks, count_pairs
from campaignkit.edges.plan import GraphPlan, StagePlan, planned
from campaignkit.edges.session import BuildSession
from campaignkit.embed import Embedder, embed_texts
from campaignkit.errors import GraphError
from campaignkit.llm import ChatModel
from campaignkit.seeds import stream

if TYPE_CHECKING:
    from campaignkit.catalogue import Catalogue
    from campaignkit.edges.pairs import PairStates
    from campaignkit.llm import Budget

_NEARLY_ALL = 0.9  # of brute force's calls: then brute force, which leaves nothing to doubt
_SPARE_FRAC = 0.01  # of a model's calls, kept for keys that were missing and are asked again
_KEPT_FRAC = 0.9  # of the calls for pairs, which cards that are asked for again may not take
_MOST_VOTES = 9  # for a card
_FEWEST = 100  # answers below which there is nothing to learn from


@dataclass(frozen=True, slots=True)
class ActiveBuilder:
    """Active learning: judges the pairs that teach most and predicts the others, with a bound.

    Attributes need traits: those of the catalogue, or cards that `card_model` fills in, ten
    attributes per call. A uniform hold-out of pairs is judged and never learnt from; an initial
    sample starts the learning. Then, in at most 20 rounds, an additive Bayesian ordinal probit
    over the cards predicts what is not judged, the hold-out bounds how much of that the model
    would contradict, and the pairs that are least sure are judged next (uncertainty sampling).
    It ends at the target or when the budget is spent. What an earlier build in the same store has
    judged is learnt from and not asked again.

    Parameters
    ----------
    target_disagreement : float or None
        Ends when the share of predicted signs that this model would contradict is at most this,
        with confidence 1 - delta. None: when the budget is spent.
    card_model : ChatModel, optional
        Fills in trait cards; not asked where all attributes have traits.
    card_votes : int
        How often each card is asked for, 9 at most. What most of the votes say is taken; an odd
        number is best. Each vote costs one call for ten attributes, out of the same budget.
    embedder : Embedder, optional
        Adds the similarity of the descriptions to that of the cards.
    delta : float
        The chance that the bound is wrong in any round.
    negative_weight : float
        More than 1 finds more of the negatives, at a lower three-way agreement: pairs that may be
        - are asked about sooner where - is rare, and - is predicted where its probability times
        this exceeds that of the other signs.
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
    >>> from campaignkit.edges import build_graph
    >>> from campaignkit.simulation import RehearsalWorld
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
    card_votes: int = 1
    embedder: Embedder | None = None
    delta: float = 0.05
    negative_weight: float = 1.0
    batch_size: int = 25

    def __post_init__(self) -> None:
        target, delta, size = self.target_disagreement, self.delta, self.batch_size
        model, embedder, weight = self.card_model, self.embedder, self.negative_weight
        votes = self.card_votes
        is_model = model is None or isinstance(model, ChatModel)
        is_weight = is_share(weight, high=100.0) and weight > 0
        is_embedder = embedder is None or isinstance(embedder, Embedder)
        settings = {
            "target_disagreement": (target, target is None or is_share(target), "0 to 1 or None"),
            "delta": (delta, is_share(delta) and 0 < delta < 1, "more than 0, less than 1"),
            "negative_weight": (weight, is_weight, "more than 0, at most 100"),
            "batch_size": (size, is_count(size), "an integer from 1 on"),
            "card_votes": (votes, is_count(votes) and votes <= _MOST_VOTES, "1 to 9"),
            "card_model": (model, is_model, "an object with ask(prompt, reply_type)"),
            "embedder": (embedder, is_embedder, "an object with a name and embed(texts)"),
        }
        check_all("wrong settings of the builder", settings, error=GraphError)

    @property
    def identity(self) -> str:
        """What tells its builds from others in a store."""
        embedder = "" if self.embedder is None else self.embedder.name
        return (
            f"ActiveBuilder {self.target_disagreement} {self.delta} {self.batch_size} {embedder}"
            f" {self.negative_weight} {self.card_votes}"
        )

    def build(self, session: BuildSession) -> PairStates:
        """Decide every pair; see the class.

        Raises
        ------
        GraphError
            If attributes have no traits and there is no card model, or the budget is too small to
            learn from.
        """
        states, known = session.states, session.known
        new = np.flatnonzero(~known)
        retries = session.resolved.asks_model is not None
        catalogue = cards.with_earlier_cards(session, self.card_model, votes=self.card_votes)
        most, costs_all = self._room(catalogue, len(new), session.calls_allowed, retries=retries)
        if known.any():
            # What is known costs nothing; entered first, so that it reads "scored".
            session.judge([np.flatnonzero(known)], stage="known before")
        if costs_all:
            session.judge(chunks(new, self.batch_size), stage="all pairs")
            told = "planned brute force costs hardly more: all pairs were judged"
            session.details["active"] = told
            return states
        calls_kept = math.ceil(_KEPT_FRAC * (most or 0) / self.batch_size)
        catalogue = cards.fill_cards(
            session,
            catalogue,
            self.card_model,
            votes=self.card_votes,
            calls_kept=calls_kept,
        )
        vectors = None
        if self.embedder is not None:
            texts = [f"{a.modality}: {a.value}. {a.description}".strip() for a in catalogue]
            vectors = embed_texts(self.embedder, texts)
        result = rounds.ActiveLearning(
            OrdinalProbit(catalogue, vectors=vectors, seed=session.seed, table=session.pairs),
            session.judge,
            np.where(known, states.sign, NO_ANSWER),
            most=most,
            delta=self.delta,
            negative_weight=self.negative_weight,
            batch_size=self.batch_size,
            seed=session.seed,
        ).run(self.target_disagreement)
        rest, last = np.flatnonzero(~result.judged), result.rounds[-1]
        for pair, why in states.reasons.items():
            if not result.judged[pair]:
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
        most, costs_all = self._room(catalogue, len(table), allowed, retries=model is not None)
        if costs_all and allowed is not None:
            # Whatever the scorer: one that asks a model keeps calls for keys that replies lack.
            rest = allowed - self.card_votes * len(cards.card_calls(catalogue))
            costs_all = (rest - self._spare(catalogue, rest)) * self.batch_size >= len(table)
        # Which pairs will be asked about is not known; as many by chance have prompts as long.
        order = stream(0, "active", "plan").permutation(len(table))[:most]
        parts, other_stages = {"all pairs": order}, dict[str, StagePlan]()
        if not costs_all:
            cards.check_cards_possible(catalogue, model=self.card_model or model)
            other_stages = cards.plan_cards(catalogue, self.card_votes)
            sizes = rounds.round_sizes(len(table), most=most, batch_size=self.batch_size)
            stages = rounds.HOLDOUT, rounds.INITIAL, rounds.ROUNDS
            split = np.split(order, np.cumsum([sizes.holdout, sizes.initial]))
            parts = dict(zip(stages, split, strict=True))
        return planned(
            table,
            {stage: chunks(pairs, self.batch_size) for stage, pairs in parts.items()},
            method="active builder",
            batch_size=self.batch_size,
            at_most=True,
            model=model,
            prices=prices,
            other_stages=other_stages,
        )

    def _room(
        self, catalogue: Catalogue, num_new: int, allowed: int | None, *, retries: bool
    ) -> tuple[int | None, bool]:
        """The answers that a budget of calls has room for, and whether to judge all pairs.

        Calls for cards go first, and for keys that a model's replies lack: one after each stage.
        """
        card_calls = self.card_votes * len(cards.card_calls(catalogue))
        most = None
        if allowed is not None:
            rest = allowed - card_calls
            rest -= self._spare(catalogue, rest) if retries else 0
            most = rest * self.batch_size
            needed = min(_FEWEST, num_new)
            if most < needed:
                least = allowed - rest + math.ceil(needed / self.batch_size) + 1
                raise GraphError(
                    f"a budget of {allowed} calls leaves {max(most, 0)} answers "
                    f"after {card_calls} calls for trait cards; expected {needed} at least",
                    hint=f"allow {least} calls or more",
                )
            if most < num_new:
                return most, False
        sizes = rounds.round_sizes(num_new, most=None, batch_size=self.batch_size)
        fewest = sizes.holdout + sizes.initial + card_calls * self.batch_size
        costs_all = fewest >= _NEARLY_ALL * num_new or self.target_disagreement in (0, None)
        return most, costs_all

    def _spare(self, catalogue: Catalogue, calls: int) -> int:
        """The calls that are kept for keys that a model's replies lack."""
        most, num_pairs = calls * self.batch_size, count_pairs(catalogue)
        sizes = rounds.round_sizes(num_pairs, most=most, batch_size=self.batch_size)
        return 1 + sizes.num_rounds + math.ceil(_SPARE_FRAC * calls)
