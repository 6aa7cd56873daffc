"""How a build goes about its pairs: which are judged, which are inherited or predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from campaignkit.catalogue import Catalogue
    from campaignkit.edges.pairs import PairStates
    from campaignkit.edges.plan import GraphPlan
    from campaignkit.edges.session import BuildSession


@runtime_checkable
class GraphMethod(Protocol):
    """Decides every pair of a build through a session, which asks, counts and keeps the answers.

    A method never asks a scorer itself: ``session.judge(calls, stage=...)`` does, within the
    budget, and gives what is known already without a call. What it says of pairs it did not have
    judged it writes into ``session.states``, and returns them when every pair has an outcome.
    Details for the report go into ``session.details``, as JSON values.

    A method may be more: see `PlanningMethod`, `BatchedMethod`, `NamedMethod`.
    `campaignkit.testing.check_graph_method` tests it against the contract.

    Examples
    --------
    >>> import numpy as np
    >>> from campaignkit.catalogue import Catalogue
    >>> from campaignkit.edges import TraitScorer, build_graph
    >>> class FirstHundred:
    ...     def build(self, session):
    ...         calls = np.arange(100).reshape(4, 25)
    ...         session.judge(list(calls), stage="first hundred")
    ...         rest = np.arange(100, len(session.pairs))
    ...         session.states.decide(rest, np.zeros(len(rest)), by="predicted")
    ...         return session.states
    >>> build = build_graph(
    ...     Catalogue.bundled("starter-27"), scorer=TraitScorer(), method=FirstHundred()
    ... )
    >>> build.report.calls, build.report.num_pairs
    (4, 252)
    """

    def build(self, session: BuildSession) -> PairStates:
        """Decide every pair.

        Raises
        ------
        CampaignkitError
            If it cannot; what was judged is kept in the session's store.
        """


@runtime_checkable
class PlanningMethod(GraphMethod, Protocol):
    """A method that says what it would ask, before anything is sent."""

    def plan(
        self,
        catalogue: Catalogue,
        *,
        model: object = None,
        prices: object = None,
        budget: object = None,
    ) -> GraphPlan:
        """The plan of a build of this catalogue within a budget; see `plan_graph`."""


@runtime_checkable
class BatchedMethod(Protocol):
    """A method that says how many pairs its calls contain, at most; 25 without it."""

    @property
    def batch_size(self) -> int:
        """Pairs in one call, at most."""


@runtime_checkable
class NamedMethod(Protocol):
    """A method that says what tells its builds from others in a store.

    Without it, the type's name and those settings that are text and numbers do.
    """

    @property
    def identity(self) -> str:
        """Changes with whatever changes what it asks."""
