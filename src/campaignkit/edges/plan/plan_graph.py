"""The plan of a build by any method."""

from __future__ import annotations

from campaignkit.catalogue import Catalogue
from campaignkit.edges.plan.brute_force import BruteForce
from campaignkit.edges.plan.graph_plan import GraphPlan
from campaignkit.errors import GraphError
from campaignkit.llm import checked_budget


def plan_graph(
    catalogue: Catalogue,
    *,
    method: object = None,
    model: object = None,
    prices: object = None,
    budget: object = None,
) -> GraphPlan:
    """Say what a build will ask and cost, before anything is sent.

    Parameters
    ----------
    catalogue : Catalogue
        The attributes.
    method : GraphMethod, optional
        One with a ``plan``; `BruteForce()` without it.
    model : ChatModel or str, optional
        Whose price is meant, where `prices` has several.
    prices : mapping or path, optional
        ``{"my-model": (0.10, 0.40)}``: in and out, per million tokens; `read_prices` reads a file.
    budget : Budget, optional
        What may be spent; a plan that it does not cover is refused.

    Raises
    ------
    GraphError
        If there are no pairs, or the plan goes over the budget.

    Examples
    --------
    >>> catalogue = Catalogue.bundled("starter-27")
    >>> plan = plan_graph(catalogue, method=BruteForce(packing="published"))
    >>> plan.calls, plan.judgements
    (54, 252)
    >>> plan_graph(catalogue, prices={"my-model": (0.1, 0.4)}).cost < 0.01
    True
    """
    budget = checked_budget(budget)
    chosen = BruteForce() if method is None else method
    make = getattr(chosen, "plan", None)
    if make is None or isinstance(chosen, type):
        kind = chosen.__name__ if isinstance(chosen, type) else type(chosen).__name__
        raise GraphError(
            f"method is {kind}, which has no plan; expected a method such as BruteForce()"
        )
    asked = {"model": model, "prices": prices}
    if budget is not None:
        asked["budget"] = budget
    try:
        plan = make(catalogue, **asked)
    except TypeError:
        # A method of your own may not know of budgets; the check below holds for it all the same.
        asked.pop("budget", None)
        plan = make(catalogue, **asked)
    assert isinstance(plan, GraphPlan)
    if budget is not None:
        plan.check_budget(budget)
    return plan
