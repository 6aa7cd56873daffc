"""What decides whether two attributes go together: anything that scores pairs.

One thing is required of a scorer, `EdgeScorer.score`. What else it can do it declares by having
the member: the optional abilities are protocols of their own, and `ResolvedScorer` looks for them
once, so that all code asks a scorer in one way.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from numbers import Real
from typing import Protocol, TypeVar, runtime_checkable

from campaignkit.catalogue import Attribute, Catalogue, Key
from campaignkit.checks import check_plugin, checked_text, takes
from campaignkit.errors import Fault, GraphError, SettingError
from campaignkit.graph import DECIDED_BY, DecidedBy, mark_of, read_sign
from campaignkit.llm import Account, ChatModel
from campaignkit.progress import Progress

Pair = tuple[Attribute, Attribute]
PairKey = tuple[Key, Key]
K = TypeVar("K")
Signs = Iterable[float | str]
"""What a scorer gives: 1, -1 or 0 for each pair, as numbers of any kind or as marks."""
ScoreFunction = Callable[[list[Pair]], Signs]


@dataclass(frozen=True, slots=True)
class Vote:
    """What one rule says of one pair.

    Attributes
    ----------
    weight : int
        Above 0 for the pair, below 0 against it.
    reason : str
        Why, in words, with the names.
    veto : bool
        Whether it forbids the pair whatever other rules say.
    """

    weight: int
    reason: str
    veto: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """The sign of a pair, with what led to it.

    Attributes
    ----------
    sign : int
        1, -1 or 0.
    reason : str
        Why, in words.
    decided_by : str
        As in :class:`~campaignkit.graph.Edge`.
    strength : float or None
        The score behind the sign, on the scorer's own scale.
    probability : float or None
        How sure the scorer is, in [0, 1].
    votes : tuple of (str, Vote)
        The rules that spoke, by name, where the scorer has rules.
    context : str
        The facts the scorer was shown with the pair, where there were any.
    """

    sign: int
    reason: str = ""
    decided_by: DecidedBy = "scored"
    strength: float | None = None
    probability: float | None = None
    votes: tuple[tuple[str, Vote], ...] = ()
    context: str = ""


class Asking(IntEnum):
    """Which asking about a pair an answer is from."""

    FIRST = 0
    SECOND = 1
    THIRD = 2
    REPEAT = 3
    """Asked a second time to measure how often answers flip; decides nothing."""


_VOTES = Asking.FIRST, Asking.SECOND, Asking.THIRD


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer about one pair, as it is kept.

    Attributes
    ----------
    pair : (Key, Key)
        The identities of its attributes, in any order.
    judgement : Judgement
    asking : Asking
    shown : str
        A digest of what the scorer was shown of the two beyond their names; an answer to other
        descriptions or facts is another answer.
    place : float or None
        Where in its call the pair stood, in [0, 1].
    """

    pair: PairKey
    judgement: Judgement
    asking: Asking = Asking.FIRST
    shown: str = ""
    place: float | None = None


def pair_key(pair: Pair) -> PairKey:
    """The identities of a pair's attributes."""
    return pair[0].key, pair[1].key


def settled(said: Iterable[tuple[K, Asking, Judgement]]) -> dict[K, Judgement]:
    """The answers about each pair, by any name of it: the majority; 0 where all three differ.

    Repeats have no say. A second answer that differs without a third leaves the first; a pair
    without a first answer is left out.

    Examples
    --------
    >>> said = [(7, asking, Judgement(sign)) for asking, sign in zip(Asking, (1, -1, -1))]
    >>> settled(said)[7].sign, settled(said)[7].reason
    (-1, 'asked 3 times: + - -')
    """
    cast: dict[K, dict[Asking, Judgement]] = {}
    for pair, asking, judged in said:
        cast.setdefault(pair, {})[asking] = judged
    return {
        pair: _majority([held[asking] for asking in _VOTES if asking in held])
        for pair, held in cast.items()
        if Asking.FIRST in held
    }


def _majority(said: Sequence[Judgement]) -> Judgement:
    if len(said) == 1:
        return said[0]
    sign, count = Counter(judged.sign for judged in said).most_common(1)[0]
    if len(said) == 3 and count == 1:
        sign = 0
    told = " ".join(mark_of(judged.sign) for judged in said)
    strengths = [judged.strength for judged in said if judged.strength is not None]
    mean = sum(strengths) / len(said) if len(strengths) == len(said) else None
    return replace(said[0], sign=sign, strength=mean, reason=f"asked {len(said)} times: {told}")


@runtime_checkable
class EdgeScorer(Protocol):
    """Gives each pair of attributes a sign; a plain function of pairs will do as well.

    A scorer may be more: see `JudgingScorer`, `ExplainingScorer`, `NamedScorer`, `ModelScorer`.
    `campaignkit.testing.check_scorer` tests it against the contract.

    Examples
    --------
    >>> class EverythingFits:
    ...     def score(self, pairs):
    ...         return [1 for _ in pairs]
    >>> isinstance(EverythingFits(), EdgeScorer)
    True
    """

    def score(self, pairs: list[Pair]) -> Signs:
        """1, -1 or 0 for each pair: same length, same order.

        The answer for a pair may not depend on which of the two comes first.
        """


@runtime_checkable
class JudgingScorer(EdgeScorer, Protocol):
    """A scorer that gives sign, reason and strength in one go, and is asked for those instead."""

    def judge(self, pairs: list[Pair]) -> Iterable[Judgement]:
        """One judgement for each pair: same length, same order."""


@runtime_checkable
class ExplainingScorer(EdgeScorer, Protocol):
    """A scorer that gives a reason with each sign."""

    def explain(self, pairs: list[Pair]) -> Iterable[str]:
        """The reason for each pair's sign, in words: same length, same order."""


@runtime_checkable
class ReadingScorer(EdgeScorer, Protocol):
    """A scorer that can say what of a catalogue it does not read.

    Every build warns of the faults with a fix, such as misspelled names; a build with nearly no
    edges reports the others too.
    """

    def unread(self, catalogue: Catalogue) -> Sequence[Fault]:
        """What is not read, each with what may have been meant."""


@runtime_checkable
class NamedScorer(Protocol):
    """A scorer that says what its answers are kept under in a store; its type's name without it.

    Two that answer differently need different identities where they share a store.
    """

    @property
    def identity(self) -> str:
        """Changes with whatever changes its answers."""


@runtime_checkable
class ModelScorer(EdgeScorer, NamedScorer, Protocol):
    """A scorer that asks a chat model, and lets the build session provide the account.

    Examples
    --------
    >>> from campaignkit.edges import LLMEdgeScorer
    >>> from campaignkit.llm import ScriptedModel
    >>> model = ScriptedModel(lambda prompt, schema: "{}")
    >>> isinstance(LLMEdgeScorer(model), ModelScorer)
    True
    """

    model: ChatModel
    batch_size: int

    def ask_calls(
        self,
        calls: list[list[Pair]],
        *,
        account: Account,
        stage: str,
        seed: int = 0,
        earlier: list[Pair],
        progress: Progress | None = None,
        chosen: bool = False,
    ) -> tuple[Sequence[Answer], dict[PairKey, str]]:
        """Ask about the pairs of some calls: every valid answer, and why pairs have none.

        `chosen` says whether earlier answers chose the pairs: they are no sample of all then.
        """

    def shown(self, pair: Pair) -> str:
        """A digest of what the model is shown of a pair beyond the names."""


class ResolvedScorer:
    """A scorer whose abilities were looked up: the one way in which builds ask it.

    Attributes
    ----------
    name : str
        What messages and reports call it.
    identity : str
        What its answers are kept under.
    asks_model : ModelScorer or None
        The scorer itself, where a session is to ask its model.

    Raises
    ------
    SettingError
        If it is no scorer: neither has a `score` nor can be called, or is a class.

    Examples
    --------
    >>> pair = Attribute("brand", "Nike"), Attribute("geo", "Peru")
    >>> ResolvedScorer(lambda pairs: [1.0 for _ in pairs]).judge([pair])
    [Judgement(sign=1, reason='', decided_by='scored', strength=None, probability=None, votes=(), \
context='')]
    """

    def __init__(self, scorer: EdgeScorer | ScoreFunction) -> None:
        is_right = isinstance(scorer, EdgeScorer) or callable(scorer)
        hint = "pass TraitScorer(), or a function that gives each pair 1, -1 or 0"
        check_plugin(scorer, "scorer", is_right, "an object with score(pairs)", hint)
        kind = type(scorer).__name__
        self._scorer = scorer
        self._score = scorer.score if isinstance(scorer, EdgeScorer) else scorer
        self.name = str(getattr(scorer, "__name__", kind))  # a function's own name
        for ability in ("judge", "explain", "score"):
            function = self._score if ability == "score" else getattr(scorer, ability, None)
            if function is not None and not takes(function, 1):
                told = getattr(function, "__qualname__", self.name)
                raise SettingError(
                    f"scorer: {told} cannot be called as {told}(pairs); expected a function of "
                    "one argument, a list of pairs, that gives a sign for each",
                    hint="def score(pairs): return [1 if fits(a, b) else 0 for a, b in pairs]",
                )
        self.asks_model = scorer if isinstance(scorer, ModelScorer) else None
        if self.asks_model is not None:
            self.name += f"({self.asks_model.model.name})"
        self.identity = str(scorer.identity if isinstance(scorer, NamedScorer) else "")
        self.identity = checked_text(self.identity or self.name, "the scorer's identity")

    def judge(self, pairs: list[Pair]) -> list[Judgement]:
        """One checked judgement for each pair, whichever way the scorer answers.

        Raises
        ------
        GraphError
            If the answer has another length, or contains something that is no sign.
        """
        scorer = self._scorer
        if isinstance(scorer, JudgingScorer):
            judged = self._listed(scorer.judge(pairs), pairs, "judgements")
        else:
            signs = self._listed(self._score(pairs), pairs, "signs")
            reasons = [""] * len(pairs)
            if isinstance(scorer, ExplainingScorer):
                reasons = self._listed(scorer.explain(pairs), pairs, "reasons")
            judged = list(map(Judgement, signs, reasons))
        faults = [
            Fault(f"{one} - {other}", fault)
            for (one, other), said in zip(pairs, judged, strict=True)
            if (fault := _fault_of(said))
        ]
        if faults:
            what = f"{self.name} gave {len(faults)} answers that are not signs"
            raise GraphError(what, faults=faults)
        return [
            said if type(said.sign) is int else replace(said, sign=read_sign(said.sign) or 0)
            for said in judged
        ]

    def unread(self, catalogue: Catalogue) -> Sequence[Fault]:
        """The parts of a catalogue that the scorer does not read, if it reports them."""
        scorer = self._scorer
        return scorer.unread(catalogue) if isinstance(scorer, ReadingScorer) else ()

    def _listed(self, answer: object, pairs: Sequence[Pair], what: str) -> list:  # type: ignore[type-arg]  # of whatever the scorer gave; checked next
        if not isinstance(answer, Iterable) or isinstance(answer, str):
            kind = type(answer).__name__
            raise GraphError(f"{self.name} gave a {kind}; expected {what}, one for each pair")
        listed = list(answer)
        if len(listed) != len(pairs):
            raise GraphError(
                f"{self.name} gave {len(listed)} {what} for {len(pairs)} pairs; "
                "expected one for each",
                hint="answer in the order of the pairs, 0 where nothing decides",
            )
        return listed


def _fault_of(said: object) -> str:
    if not isinstance(said, Judgement):
        return f"is a {type(said).__name__}; expected a Judgement"
    if read_sign(said.sign) is None:
        return f"sign is {said.sign!r:.60}; expected 1, -1 or 0"
    if said.decided_by not in DECIDED_BY:
        return f"decided_by is {said.decided_by!r:.60}; expected one of {', '.join(DECIDED_BY)}"
    if not _is_number(said.probability, low=0.0, high=1.0):
        return f"probability is {said.probability!r:.60}; expected 0 to 1 or None"
    is_right = _is_number(said.strength)
    return "" if is_right else f"strength is {said.strength!r:.60}; expected a number or None"


def _is_number(given: object, *, low: float = -math.inf, high: float = math.inf) -> bool:
    """Whether it is a number in its range, None, or NaN, which stands for none."""
    is_real = isinstance(given, Real) and not isinstance(given, bool)
    return given is None or (is_real and not (float(given) < low or float(given) > high))  # type: ignore[arg-type]
