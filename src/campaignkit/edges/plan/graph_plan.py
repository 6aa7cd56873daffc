"""What a build will ask, and what it will cost, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from campaignkit.errors import GraphError

# Published: 570 calls of 25 pairs by 7 workers in 553 s. Yours will differ.
SECONDS_A_CALL = 553 / 570


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What one stage of a build asks.

    Examples
    --------
    >>> StagePlan(calls=2, judgements=50, prompt_bytes=6000).calls
    2
    """

    calls: int
    judgements: int
    prompt_bytes: int


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
    fewest_calls : int
        No packing of these judgements can do with fewer calls.

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
    fewest_calls: int

    def check_budget(self, budget: object) -> None:
        """Refuse what a budget does not cover, before anything is sent.

        Raises
        ------
        GraphError
            With each limit that is too low.
        """
        needed = {"calls": self.calls, "tokens": self.tokens_in + self.tokens_out}
        if self.cost is not None:
            needed["money"] = self.cost  # type: ignore[assignment]  # a float among counts
        short = [
            f"{needed[name]:,.6g} {name} needed, {limit:,.6g} allowed"
            for name in needed
            if (limit := getattr(budget, name, None)) is not None and needed[name] > limit
        ]
        if short and not self.at_most:
            raise GraphError(
                f"{self.method} does not fit the budget: " + "; ".join(short),
                hint="allow more, packing='mixed' or 'pairs' to need fewer calls, or use "
                "ActiveBuilder, which stops where the budget ends",
            )

    def __str__(self) -> str:
        most = "at most " if self.at_most else ""
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
        return "\n".join(lines)
