"""What a build will ask, and what it will cost, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Attribute
from campaignkit.edges.methods.packing import pack
from campaignkit.edges.pairs import PairTable
from campaignkit.edges.prompt_data import quoted
from campaignkit.edges.scorers.prompt import PairPrompt, SignScale
from campaignkit.errors import GraphError
from campaignkit.llm import Budget, ChatModel, Price, Usage, checked_prices, read_prices

_PROMPT = PairPrompt()
# Published: 570 calls of 25 pairs by 7 workers in 553 s. Yours will differ.
SECONDS_A_CALL = 553 / 570


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What one stage of a build asks."""

    calls: int
    judgements: int
    prompt_bytes: int
    tokens_out: int


@dataclass(frozen=True, slots=True)
class GraphPlan:
    """What a build will ask.

    Attributes
    ----------
    method : str
        Its name.
    calls : int
        Requests, if every reply is whole; missing keys are asked again.
    judgements : int
        Pairs asked about.
    prompt_bytes : int
        Of all prompts, in UTF-8, the standing instruction of each call included; exact for the
        scorer's default wording.
    tokens_in, tokens_out : int
        Estimates: four bytes a token in; eight tokens a judgement out, 120 a trait card.
    cost : float or None
        In the currency of the prices; None without a price.
    time_s : float
        At the published pace of 7 calls at a time.
    by_stage : mapping of str to StagePlan
        Adds up to calls, judgements and prompt bytes.
    at_most : bool
        Whether the build may end earlier.
    is_bound : bool
        Whether no build makes more calls than `calls`, replies that have to be asked for again
        apart; else `calls` is an estimate, and the text states this.
    fewest_calls : int
        No packing of these judgements can do with fewer calls.
    brute_force_calls : int
        Calls in which brute force judges every pair of the catalogue; where that is no more than
        `calls`, the text states this.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> from campaignkit.edges import BruteForce, plan_graph
    >>> plan = plan_graph(Catalogue.bundled("retail-160"), method=BruteForce())
    >>> plan.calls, plan.judgements, plan.cost
    (348, 8700, None)
    """

    method: str
    calls: int
    judgements: int
    prompt_bytes: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    time_s: float
    by_stage: Mapping[str, StagePlan]
    at_most: bool
    is_bound: bool
    fewest_calls: int
    brute_force_calls: int

    def check_budget(self, budget: Budget) -> None:
        """Refuse what a budget does not cover, before anything is sent.

        Raises
        ------
        GraphError
            With each limit that is too low.
        """
        short = [
            f"{needed:,.6g} {name} needed, {limit:,.6g} allowed"
            for name, needed, limit in (
                ("calls", self.calls, budget.calls),
                ("tokens", self.tokens_in + self.tokens_out, budget.tokens),
                ("money", self.cost or 0.0, budget.money),
            )
            if limit is not None and needed > limit
        ]
        if short and not self.at_most:
            raise GraphError(
                f"{self.method} does not fit the budget: " + "; ".join(short),
                hint="allow more, packing='mixed' or 'pairs' to need fewer calls, or use "
                "ActiveBuilder, which stops where the budget ends",
            )

    def __str__(self) -> str:
        most = "at most " if self.at_most else ""
        most = most if self.is_bound else "an estimated "
        price = "no price given" if self.cost is None else f"{self.cost:,.4g}"
        lines = [
            f"{self.method}: {most}{self.calls:,} calls for {self.judgements:,} judgements, "
            f"about {self.tokens_in:,} tokens in and {self.tokens_out:,} out, "
            f"{self.time_s:,.0f} s at the published pace; cost: {price}"
        ]
        lines += [
            f"  {name}: {stage.calls:,} calls, {stage.judgements:,} judgements, "
            f"{stage.prompt_bytes:,} bytes of prompts"
            for name, stage in self.by_stage.items()
        ]
        if not self.is_bound:
            lines.append("  the calls are an estimate, not a bound: a build may make more")
        if self.calls:
            lines.append("  keys that replies lack are asked again, in calls not counted here")
            lines.append("  a kill spends the calls in flight (7 unless set) a second time")
        if self.judgements and self.brute_force_calls < self.calls:
            lines.append(
                f"  brute force judges every pair in {self.brute_force_calls:,} calls: fewer"
            )
        return "\n".join(lines)


def prompt_bytes(
    table: PairTable, calls: Iterable[NDArray[np.integer]], *, prompt: PairPrompt = _PROMPT
) -> int:
    """The bytes of all prompts of a scorer for calls about pairs of a catalogue.

    A prompt is its wording, which is measured on one call of each form, and a line for each pair,
    which is as long as its names are.

    Parameters
    ----------
    table : PairTable
    calls : iterable of int[k]
        Pair numbers of each call.
    prompt : PairPrompt
        The scorer's wording.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> table = PairTable(Catalogue.bundled("starter-27"))
    >>> prompt = PairPrompt().render([table.pair(3)], scale=SignScale())
    >>> prompt_bytes(table, [np.array([3])]) == len((prompt.system + prompt.user).encode())
    True
    """
    names = [quoted([a.modality, a.value]) for a in table.catalogue]
    size = np.array([len(name.encode()) for name in names], dtype=np.int64)
    x, y, z, w = (Attribute(m, v) for m, v in (("a", "x"), ("b", "y"), ("b", "z"), ("c", "w")))
    name = len(quoted(["a", "x"]))
    with_primary = _length(prompt, [(x, y), (x, z)]) - 3 * name
    with_pairs = _length(prompt, [(x, y), (z, w)]) - 4 * name
    total = 0
    for call in calls:
        ends = table.pairs[call]
        primary = [end for end in ends[:1].ravel() if (ends == end).any(axis=1).all()]
        total += int(size[ends].sum()) + _number_lines(len(call)) - _number_lines(2)
        if primary:
            total += with_primary - (len(call) - 1) * int(size[primary[0]])
        elif len(call):
            # A pair is a list of two names: two brackets, a comma and a blank more.
            total += with_pairs + 4 * (len(call) - 2)
    return total


def _length(prompt: PairPrompt, pairs: list[tuple[Attribute, Attribute]]) -> int:
    made = prompt.render(pairs, scale=SignScale())
    return len((made.system + made.user).encode())


def _number_lines(count: int) -> int:
    """The bytes of the bracket numbers 1 to `count`, each on its line: ``,\\n"[7]": ``."""
    return sum(len(str(number)) + 8 for number in range(1, count + 1))


# Rough, and said to be so: names and JSON take three to five bytes a token.
_BYTES_A_TOKEN = 4
_TOKENS_A_JUDGEMENT = 8


def planned(
    table: PairTable,
    calls: Mapping[str, Sequence[NDArray[np.integer]]],
    *,
    method: str,
    batch_size: int = 25,
    at_most: bool = False,
    is_bound: bool = True,
    fewest: int | None = None,
    model: object = None,
    prices: object = None,
    other_stages: Mapping[str, StagePlan] = MappingProxyType({}),
) -> GraphPlan:
    """The plan that calls make.

    Parameters
    ----------
    table : PairTable
    calls : mapping of str to sequence of int[k]
        Pair numbers of each call, by stage.
    method : str
        The method's name.
    batch_size : int
        Pairs in one call, at most.
    at_most : bool
        Whether the build may end earlier.
    is_bound : bool
        Whether no build makes more calls, replies that have to be asked for again apart.
    fewest : int, optional
        A number of calls that no packing goes below; that of full calls without it.
    model : object, optional
        A chat model or its name, to find its price.
    prices : mapping, optional
        As for `Account`: ``{"my-model": (0.10, 0.40)}``, in and out, per million tokens.
    other_stages : mapping of str to StagePlan, optional
        Calls that judge no pairs, such as those for trait cards.
    """
    stages = dict(other_stages)
    num_other = sum(stage.calls for stage in stages.values())
    for name, some in calls.items():
        pairs = sum(map(len, some))
        sent = prompt_bytes(table, some)
        stages[name] = StagePlan(len(some), pairs, sent, _TOKENS_A_JUDGEMENT * pairs)
    sums = zip(*map(astuple, stages.values()), strict=True)
    num_calls, judgements, sent, tokens_out = map(sum, sums)
    usage = Usage(-(-sent // _BYTES_A_TOKEN), tokens_out)
    price = _price_of(model, prices)
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
        is_bound=is_bound,
        fewest_calls=-(-judgements // batch_size) + num_other if fewest is None else fewest,
        brute_force_calls=len(pack(table, "mixed", batch_size=batch_size)),
    )


def _price_of(model: object, prices: object) -> Price | None:
    table = read_prices(prices) if isinstance(prices, str | Path) else checked_prices(prices)
    if model is None:
        # One price is the price; of several, the model says which.
        return next(iter(table.values())) if len(table) == 1 else None
    return table.get(model.name if isinstance(model, ChatModel) else str(model))
