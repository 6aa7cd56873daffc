"""What one build has cost, where several share a store."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

from campaignkit.llm import Spent, StageSpent


def as_text(spent: Spent) -> str:
    """What was spent, as JSON text.

    Examples
    --------
    >>> from_text(as_text(Spent(calls=2))) == Spent(calls=2)
    True
    """
    return json.dumps(asdict(spent))


def from_text(text: str) -> Spent:
    """What `as_text` wrote."""
    held = json.loads(text)
    stages = {name: StageSpent(**stage) for name, stage in held.pop("by_stage").items()}
    return Spent(**held, by_stage=stages)


def since(before: Spent, now: Spent) -> Spent:
    """What was spent after `before`.

    Examples
    --------
    >>> since(Spent(calls=2, money=0.5), Spent(calls=5, money=None)).calls
    3
    """
    stages = {
        name: _less(stage, before.by_stage.get(name, StageSpent()))
        for name, stage in now.by_stage.items()
    }
    numbers = {
        field.name: getattr(now, field.name) - getattr(before, field.name)
        for field in fields(Spent)
        if field.name not in ("money", "by_stage")
    }
    return Spent(
        **numbers,
        money=_money(before.money if before.calls else 0.0, now.money),
        by_stage={name: stage for name, stage in stages.items() if stage.calls},
    )


def _less(now: StageSpent, before: StageSpent) -> StageSpent:
    return StageSpent(
        calls=now.calls - before.calls,
        tokens_in=now.tokens_in - before.tokens_in,
        tokens_out=now.tokens_out - before.tokens_out,
        money=_money(before.money if before.calls else 0.0, now.money),
    )


def _money(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None else now - before
