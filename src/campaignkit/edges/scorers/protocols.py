"""What decides whether two attributes go together: anything that scores pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from campaignkit.catalogue import Attribute
from campaignkit.errors import Fault, GraphError
from campaignkit.graph import DecidedBy, Edge


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

    Examples
    --------
    >>> Vote(-2, "Ferrari is luxury, College Students live on low incomes").weight
    -2
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

    Examples
    --------
    >>> Judgement(1, "both are about running").sign
    1
    """

    sign: int
    reason: str = ""
    decided_by: DecidedBy = "scored"
    strength: float | None = None
    probability: float | None = None
    votes: tuple[tuple[str, Vote], ...] = ()
    context: str = ""


Pair = tuple[Attribute, Attribute]
BUDGET_SPENT = "the budget was spent before it was asked"


@runtime_checkable
class EdgeScorer(Protocol):
    """Gives each pair of attributes a sign; a plain function of pairs will do as well.

    A scorer may also have ``explain(pairs) -> Sequence[str]``, a reason for each pair, or
    ``judge(pairs) -> Sequence[Judgement]``, which gives sign, reason and strength in one go and is
    then asked instead.

    Examples
    --------
    >>> class EverythingFits:
    ...     def score(self, pairs):
    ...         return [1 for _ in pairs]
    >>> isinstance(EverythingFits(), EdgeScorer)
    True
    """

    def score(self, pairs: Sequence[Pair]) -> Sequence[int]:
        """1, -1 or 0 for each pair: same length, same order.

        The answer for a pair may not depend on which of the two comes first.
        """


ScoreFunction = Callable[[Sequence[Pair]], Iterable[int]]


def ask(scorer: EdgeScorer | ScoreFunction, pairs: Sequence[Pair]) -> list[Judgement]:
    """One checked judgement for each pair, whichever way the scorer answers.

    Raises
    ------
    GraphError
        If the answer has another length, or holds something that is no sign.
    """
    name = name_of(scorer)
    judge = getattr(scorer, "judge", None)
    if judge is not None:
        judged = _of_length(judge(pairs), pairs, name, "judgements")
        _check(judged, pairs, name)
        return judged
    answer = scorer.score(pairs) if isinstance(scorer, EdgeScorer) else scorer(pairs)
    signs = _of_length(answer, pairs, name, "signs")
    explain = getattr(scorer, "explain", None)
    reasons = [""] * len(pairs)
    if explain is not None:
        reasons = _of_length(explain(pairs), pairs, name, "reasons")
    judged = [Judgement(*answer) for answer in zip(signs, reasons, strict=True)]
    _check(judged, pairs, name)
    return judged


def name_of(scorer: object) -> str:
    """What to call a scorer in messages and reports.

    Raises
    ------
    GraphError
        If it is no scorer: neither has a `score` nor can be called, or is a class.
    """
    if isinstance(scorer, type):
        raise GraphError(
            f"scorer is the class {scorer.__name__}; expected an object",
            hint=f"pass {scorer.__name__}(), with the brackets",
        )
    if not (hasattr(scorer, "score") or callable(scorer)):
        raise GraphError(
            f"scorer is a {type(scorer).__name__}; expected an object with score(pairs)",
            hint="pass TraitScorer(), or a function that gives each pair 1, -1 or 0",
        )
    model = getattr(getattr(scorer, "model", None), "name", None)
    named: str = getattr(scorer, "__name__", type(scorer).__name__)
    return named if model is None else f"{named}({model})"


def identity_of(scorer: object) -> str:
    """What a scorer's answers are kept under: its ``identity``, or else its name.

    Two scorers that answer differently need different ones where they share a store.
    """
    return str(getattr(scorer, "identity", "") or name_of(scorer))


def as_edge(pair: Pair, judged: Judgement) -> Edge:
    """The edge that a judgement makes of a pair."""
    return Edge(
        pair[0].key,
        pair[1].key,
        int(judged.sign),
        decided_by=judged.decided_by,
        probability=judged.probability,
        strength=judged.strength,
        reason=judged.reason,
        context=judged.context,
    )


def _of_length(answer: object, pairs: Sequence[Pair], name: str, what: str) -> list:  # type: ignore[type-arg]  # of whatever the scorer gave; checked next
    if not isinstance(answer, Iterable) or isinstance(answer, str):
        kind = type(answer).__name__
        raise GraphError(f"{name} gave a {kind}; expected {what}, one for each pair")
    listed = list(answer)
    if len(listed) != len(pairs):
        raise GraphError(
            f"{name} gave {len(listed)} {what} for {len(pairs)} pairs; expected one for each",
            hint="answer in the order of the pairs, 0 where nothing decides",
        )
    return listed


def _check(judged: Sequence[Judgement], pairs: Sequence[Pair], name: str) -> None:
    faults = [
        Fault(f"{a} - {b}", f"sign is {j.sign!r}; expected 1, -1 or 0")
        if isinstance(j, Judgement)
        else Fault(f"{a} - {b}", f"is a {type(j).__name__}; expected a Judgement")
        for (a, b), j in zip(pairs, judged, strict=True)
        if not isinstance(j, Judgement) or not _is_sign(j.sign)
    ]
    if faults:
        raise GraphError(f"{name} gave {len(faults)} answers that are no signs", faults=faults)


def _is_sign(value: object) -> bool:
    # numpy's integers are signs too; True and 1.0 are more likely a mistake than a sign.
    if isinstance(value, bool | float) or not hasattr(value, "__index__"):
        return False
    return value.__index__() in (-1, 0, 1)
