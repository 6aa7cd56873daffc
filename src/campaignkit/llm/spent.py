"""What has been spent so far: the ledger's answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class StageSpent:
    """What one stage of the work has cost."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What all runs on a store have cost together.

    ``calls == answered + malformed + rejected + unconfirmed + in_flight``. Tokens and money of a
    call whose reply never arrived are counted at the most it can have cost.

    Attributes
    ----------
    calls : int
        Requests sent.
    tokens_in, tokens_out : int
        Of all calls.
    money : float or None
        None if any call's model has no price.
    repeats : int
        Calls that sent an unconfirmed request again.
    unconfirmed : int
        Calls whose reply never arrived: cut, timed out, or in flight when the run was killed.
    answered, malformed, rejected : int
        Calls that brought a good reply, one of the wrong form, or the service's refusal (too
        many requests, a failure of its own), which costs no tokens.
    in_flight : int
        Calls sent and not yet settled.
    tokens_unconfirmed : int
        The part of the tokens that is counted for unconfirmed calls.
    by_stage : mapping of str to StageSpent
        The same by stage.

    Examples
    --------
    >>> Spent(calls=3, answered=2, unconfirmed=1).repeats
    0
    """

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float | None = None
    repeats: int = 0
    unconfirmed: int = 0
    answered: int = 0
    malformed: int = 0
    rejected: int = 0
    in_flight: int = 0
    tokens_unconfirmed: int = 0
    by_stage: Mapping[str, StageSpent] = field(default_factory=dict)

    def since(self, before: Spent) -> Spent:
        """What was spent after `before`.

        Examples
        --------
        >>> Spent(calls=5, money=None).since(Spent(calls=2, money=0.5)).calls
        3
        """
        stages = {
            name: StageSpent(**_less(stage, before.by_stage.get(name, StageSpent())))
            for name, stage in self.by_stage.items()
        }
        told = {name: stage for name, stage in stages.items() if stage.calls}
        return Spent(**_less(self, before), by_stage=told)

    @classmethod
    def from_json(cls, text: str) -> Spent:
        """What `as_json` wrote."""
        held = json.loads(text)
        stages = {name: StageSpent(**stage) for name, stage in held.pop("by_stage").items()}
        return cls(**held, by_stage=stages)

    def as_json(self) -> str:
        """All of it as JSON text.

        Examples
        --------
        >>> Spent.from_json(Spent(calls=2).as_json()) == Spent(calls=2)
        True
        """
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class UnconfirmedCall:
    """A request that was sent and whose reply never arrived.

    Attributes
    ----------
    stage : str
        The stage that sent it.
    prompt : str
        The user text.
    why : str
        ``"timed_out"``, ``"cut"``, or ``"killed"`` where the process ended first.
    sent_again : bool
        Whether the request was sent once more.
    """

    stage: str
    prompt: str
    why: str
    sent_again: bool


def _less(now: Spent | StageSpent, before: Spent | StageSpent) -> dict[str, Any]:
    """The numbers of `now` that came after `before`; no money where either has no price."""
    held_before = before.money if before.calls else 0.0
    no_price = now.money is None or held_before is None
    return {
        field.name: getattr(now, field.name) - getattr(before, field.name)
        for field in fields(now)
        if field.name not in ("money", "by_stage")
    } | {"money": None if no_price else now.money - held_before}  # type: ignore[operator]
