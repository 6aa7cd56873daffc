"""From calls to what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from campaignkit.edges.pair_table import PairTable
from campaignkit.edges.plan.graph_plan import SECONDS_A_CALL, GraphPlan, StagePlan
from campaignkit.llm import Price, Usage, checked_prices, read_prices

# Rough, and said to be so: names and JSON take three to five bytes a token.
_BYTES_A_TOKEN = 4
_TOKENS_A_JUDGEMENT = 8
_TOKENS_A_CALL_OF_OTHERS = 1200  # ten trait cards of about 120
_BYTES_A_CALL_OF_OTHERS = 2600  # the question of a trait card and ten names


def planned(
    table: PairTable,
    calls: Mapping[str, Sequence[NDArray[np.integer]]],
    *,
    method: str,
    at_most: bool = False,
    fewest: int | None = None,
    model: object = None,
    prices: object = None,
    other_calls: Mapping[str, int] | None = None,
) -> GraphPlan:
    """The plan that calls make.

    Parameters
    ----------
    table : PairTable
    calls : mapping of str to sequence of int[k]
        Pair numbers of each call, by stage.
    method : str
        The method's name.
    at_most : bool
        Whether the build may end earlier.
    fewest : int, optional
        A number of calls that no packing goes below; that of full calls without it.
    model : object, optional
        A chat model or its name, to find its price.
    prices : mapping, optional
        As for `Account`: ``{"my-model": (0.10, 0.40)}``, in and out, per million tokens.
    other_calls : mapping of str to int, optional
        Calls that judge no pairs, such as those for trait cards.
    """
    from campaignkit.edges.plan.prompt_bytes import PromptLengths

    lengths = PromptLengths(table)
    stages = {
        name: StagePlan(number, 0, number * _BYTES_A_CALL_OF_OTHERS)
        for name, number in (other_calls or {}).items()
    }
    num_other = sum(stage.calls for stage in stages.values())
    for name, some in calls.items():
        stages[name] = StagePlan(len(some), sum(map(len, some)), lengths.of(some))
    judgements = sum(stage.judgements for stage in stages.values())
    sent = sum(stage.prompt_bytes for stage in stages.values())
    num_calls = sum(stage.calls for stage in stages.values())
    usage = Usage(
        tokens_in=-(-sent // _BYTES_A_TOKEN),
        tokens_out=_TOKENS_A_JUDGEMENT * judgements + _TOKENS_A_CALL_OF_OTHERS * num_other,
    )
    price = _price_of(model, prices)
    batch = max((len(call) for some in calls.values() for call in some), default=1)
    return GraphPlan(
        method=method,
        calls=num_calls,
        judgements=judgements,
        prompt_bytes=sent,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        cost=None if price is None else price.of(usage),
        time_s=SECONDS_A_CALL * num_calls,
        by_stage=stages,
        at_most=at_most,
        fewest_calls=-(-judgements // batch) + num_other if fewest is None else fewest,
    )


def _price_of(model: object, prices: object) -> Price | None:
    table = read_prices(prices) if isinstance(prices, str | Path) else checked_prices(prices)
    if model is None:
        # One price is the price; of several, the model says which.
        return next(iter(table.values())) if len(table) == 1 else None
    return table.get(model if isinstance(model, str) else str(getattr(model, "name", "")))
