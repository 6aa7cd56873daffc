"""The active builder: judge what teaches most, predict the rest, and say how wrong that can be."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from campaignkit.edges.methods.active.learner import gather_evidence
from campaignkit.edges.methods.active.rounds import (
    NO_ANSWER,
    RoundsResult,
    round_sizes,
    run_rounds,
)
from campaignkit.edges.methods.active.trait_cards import (
    STAGE as CARDS,
    card_calls,
    fill_cards,
    no_traits,
    without_traits,
)
from campaignkit.edges.pairs import PairTable
from campaignkit.edges.plan import GraphPlan, planned
from campaignkit.errors import Fault, GraphError
from campaignkit.seeds import stream

if TYPE_CHECKING:
    from campaignkit.catalogue import Catalogue
    from campaignkit.edges.session import BuildSession
    from campaignkit.edges.states import PairStates
    from campaignkit.embed import Embedder
    from campaignkit.llm import ChatModel

_NEARLY_ALL = 0.9  # of brute force's calls: then brute force, which leaves nothing to doubt
_SPARE_FRAC = 0.01  # of a model's calls, kept for keys that were missing and are asked again
_FEWEST = 100  # answers below which there is nothing to learn from
_MOST_PAIRS = 8_000_000  # about 3 GB of features, affinities and chances: 4,800 attributes


@dataclass(frozen=True, slots=True)
class ActiveBuilder:
    """Judges the pairs that teach most and predicts the others, with a bound on its errors.

    Attributes need traits: those of the catalogue, or cards that `card_model` fills in, ten
    attributes a call. A uniform sample of pairs is judged for the audit and never learnt from;
    another one starts the learning. Then, in at most 20 rounds, boosted trees over the cards and
    over the signs of similar pairs predict what is not judged, the audit bounds how much of that
    the model would contradict, and the pairs that are least sure are judged next. It ends at the
    target or when the budget is spent. What an earlier build in the same store has judged is
    learnt from and not asked again.

    Parameters
    ----------
    target_disagreement : float or None
        Ends when the share of predicted signs that this model would contradict is at most this,
        with confidence 1 - delta. None: when the budget is spent.
    card_model : ChatModel, optional
        Fills in trait cards; not asked where all attributes have traits.
    embedder : Embedder, optional
        Adds the likeness of the descriptions to that of the cards.
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
        target, size = self.target_disagreement, self.batch_size
        faults = []
        if target is not None and not (_is_number(target) and 0 <= target <= 1):
            faults.append(Fault("target_disagreement", f"is {target!r}; expected 0 to 1 or None"))
        if not (_is_number(self.delta) and 0 < self.delta < 1):
            faults.append(Fault("delta", f"is {self.delta!r}; expected more than 0, less than 1"))
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            faults.append(Fault("batch_size", f"is {size!r}; expected an integer from 1 on"))
        model = self.card_model
        if model is not None and not (hasattr(model, "ask") and hasattr(model, "name")):
            told = f"is {model!r:.60}; expected an object with ask(prompt, reply_type)"
            faults.append(Fault("card_model", told))
        if faults:
            raise GraphError("there is no such builder", faults=faults)

    @property
    def identity(self) -> str:
        """What tells its builds from others in a store."""
        embedder = getattr(self.embedder, "name", "")
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
        most = self._most(session)
        new = np.flatnonzero(~session.known)
        if len(session.pairs) > len(new):
            # What is known costs nothing; entered first, so that it reads "scored".
            session.judge([np.flatnonzero(session.known)], stage="known before")
        if self._is_nearly_all(session, len(new), most):
            return self._judge_all(session, new)
        if len(session.pairs) > _MOST_PAIRS:
            raise GraphError(
                f"{len(session.catalogue):,} attributes make {len(session.pairs):,} pairs; "
                f"expected {_MOST_PAIRS:,} at most, for which 3 GB of memory are needed",
                hint="build graphs of parts and join them, or use ClusterPrefilter",
            )
        catalogue = fill_cards(session, self.card_model)
        evidence = gather_evidence(catalogue, vectors=self._vectors(catalogue))
        result = run_rounds(
            evidence,
            _Asking(session, self.batch_size),
            known=_signs_known(session),
            most=most,
            target=self.target_disagreement,
            delta=self.delta,
            batch_size=self.batch_size,
            seed=session.seed,
        )
        self._enter(session, result)
        return session.states

    def plan(
        self,
        catalogue: Catalogue,
        *,
        model: object = None,
        prices: object = None,
        budget: object = None,
    ) -> GraphPlan:
        """The most it would ask: cards, audit, first sample and rounds, within the budget.

        Without a budget the rounds are planned to the end, where every pair is judged; a target
        ends them earlier.

        Raises
        ------
        GraphError
            If attributes have no traits and there is no card model.
        """
        table = PairTable(catalogue)
        lacking = without_traits(catalogue)
        if lacking and self.card_model is None and model is None:
            raise no_traits(lacking, len(catalogue))
        cards = len(card_calls(lacking))
        allowed = getattr(budget, "calls", None)
        most = len(table)
        if allowed is not None:
            most = min(most, max(allowed - cards, 0) * self.batch_size)
        sizes = round_sizes(len(table), most=most, batch_size=self.batch_size)
        # Which pairs will be asked about is not known; as many by chance have prompts as long.
        order = stream(0, "active", "plan").permutation(len(table))[:most]
        parts = {
            "audit": order[: sizes.audit],
            "first sample": order[sizes.audit : sizes.audit + sizes.seed],
            "rounds": order[sizes.audit + sizes.seed :],
        }
        calls = {stage: _batches(pairs, self.batch_size) for stage, pairs in parts.items()}
        return planned(
            table,
            calls,
            method="active builder",
            batch_size=self.batch_size,
            at_most=True,
            model=model,
            prices=prices,
            other_calls={CARDS: cards} if cards else {},
        )

    def _most(self, session: BuildSession) -> int | None:
        """Answers that the budget has room for; in a resumed build those of its first run."""
        left = session.calls_left
        if left is None:
            return None
        allowed = left + session.num_calls - self._num_card_calls(session)
        most = (allowed - self._spare(session, allowed)) * self.batch_size
        needed = min(_FEWEST, int((~session.known).sum()))
        if most < needed:
            cards = self._num_card_calls(session)
            raise GraphError(
                f"a budget of {left + session.num_calls} calls leaves {max(most, 0)} answers "
                f"after {cards} calls for trait cards; expected {needed} at least",
                hint=f"allow {cards + math.ceil(needed / self.batch_size) + 1} calls or more",
            )
        return most

    def _spare(self, session: BuildSession, allowed: int) -> int:
        """Calls for keys that are missing: about one after each stage; a plain scorer has none."""
        if not hasattr(session.scorer, "model"):
            return 0
        most = allowed * self.batch_size
        sizes = round_sizes(len(session.pairs), most=most, batch_size=self.batch_size)
        return sizes.num_stages(most) + math.ceil(_SPARE_FRAC * allowed)

    def _num_card_calls(self, session: BuildSession) -> int:
        return len(card_calls(without_traits(session.catalogue)))

    def _is_nearly_all(self, session: BuildSession, num_new: int, most: int | None) -> bool:
        if most is not None and most < num_new:
            return False
        sizes = round_sizes(num_new, most=None, batch_size=self.batch_size)
        least = sizes.audit + sizes.seed + self._num_card_calls(session) * self.batch_size
        return least >= _NEARLY_ALL * num_new or self.target_disagreement in (0, None)

    def _judge_all(self, session: BuildSession, new: NDArray[np.int64]) -> PairStates:
        session.judge(_batches(new, self.batch_size), stage="all pairs")
        session.details["active"] = "planned brute force costs hardly more: all pairs were judged"
        return session.states

    def _vectors(self, catalogue: Catalogue) -> NDArray[np.float32] | None:
        if self.embedder is None:
            return None
        texts = [f"{a.modality}: {a.value}. {a.description}".strip() for a in catalogue]
        return np.asarray(self.embedder.embed(texts), dtype=np.float32)

    def _enter(self, session: BuildSession, result: RoundsResult) -> None:
        states = session.states
        rest = np.flatnonzero(~result.judged)
        for pair in rest.tolist():
            if (why := states.reasons.get(pair)) is not None:
                states.reasons[pair] = f"predicted; asked without success: {why}"
        last = result.rounds[-1]
        states.decide(
            rest,
            result.sign[rest],
            by="predicted",
            round=last.round,
            probability=result.probability[rest],
        )
        judged_signs = np.unique(result.sign[result.judged])
        session.details["active"] = {
            "rounds": [asdict(summary) for summary in result.rounds],
            "predicted": len(rest),
            "disagreement is at most": last.bound if len(rest) else 0.0,
            "missed negatives are at most": last.bound_missed_negatives if len(rest) else 0.0,
            "confidence": 1 - self.delta,
        }
        if len(judged_signs) == 1:
            session.details["warning"] = (
                f"all {int(result.judged.sum()):,} answers are the same sign: "
                "they say nothing of what goes together"
            )


class _Asking:
    """The session as a judge of rounds: pair numbers in, signs out."""

    def __init__(self, session: BuildSession, batch_size: int) -> None:
        self._session = session
        self._batch_size = batch_size

    def __call__(self, pairs: NDArray[np.int64], stage: str, round: int) -> NDArray[np.int8]:
        calls = _batches(pairs, self._batch_size)
        said = self._session.judge(calls, stage=stage, round=round)
        signs = [NO_ANSWER if judged is None else judged.sign for judged in said]
        return np.array(signs, dtype=np.int8)


def _signs_known(session: BuildSession) -> NDArray[np.int8]:
    signs = np.full(len(session.pairs), NO_ANSWER, dtype=np.int8)
    signs[session.known] = session.states.sign[session.known]
    return signs


def _batches(pairs: NDArray[np.int64], batch_size: int) -> list[NDArray[np.int64]]:
    return [pairs[start : start + batch_size] for start in range(0, len(pairs), batch_size)]


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)
