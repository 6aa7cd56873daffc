"""What a run was like: how each label was sampled, what it cost, how honest the rows look."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset import LabelEvaluation
from campaignkit.sample.arrays import LabelWorld
from campaignkit.sample.pilot import LabelPlan, Pilot
from campaignkit.sample.strategies import HeatBath

_FEW = 30  # accepted pilot draws below which their share near a bound says too little


@dataclass(frozen=True)
class LabelQuality:
    """One label's run.

    Attributes
    ----------
    label, strategy, setting, reason : str
        How it was sampled: the strategy's name and its settings; and why.
    rows : int
    acceptance : float
        Share of unconstrained draws in the box: of this run's own draws for rejection, else of
        the pilot's.
    draws : int
        Unconstrained draws made (rejection).
    arrival_steps, mixing_steps, visits, restarts : int
        Steps of chains before the box was reached and after; visits to it; chains begun again.
    near_bound_frac : float
        Share of rows within one edge of a bound of the box.
    near_bound_expected, near_bound_error : float or None
        The same share as it should be, and its standard error: among the pilot's accepted draws,
        which are exact; where those are too few, at the end of heat-bath chains four times as
        long. None if such chains did not get there.
    mean_size : float
        Nodes a row.
    connected_frac : dict of str to [float, float]
        Share of the pairs between high-priority (``high``) and low-priority (``low``) modalities
        that have an edge, before and after priorities were sought. Empty without priorities.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)})
    >>> dataset = ck.AnnealingSampler(graph, profile.suggest({"pos": 20})).sample()
    >>> LabelQuality(**dataset.provenance.quality["labels"]["pos"]).rows
    20
    """

    label: str
    strategy: str
    setting: str
    reason: str
    rows: int
    acceptance: float
    draws: int
    arrival_steps: int
    mixing_steps: int
    visits: int
    restarts: int
    near_bound_frac: float
    near_bound_expected: float | None
    near_bound_error: float | None
    mean_size: float
    connected_frac: dict[str, list[float]]

    @classmethod
    def of(
        cls, plan: LabelPlan, found: LabelEvaluation, effort: NDArray[np.int64], pilot: Pilot,
        world: LabelWorld,
    ) -> LabelQuality:  # fmt: skip
        """The report of a label's finished run, from its evaluation and what it cost."""
        draws, arrival, mixing, visits, restarts, _, *tiers = (int(count) for count in effort)
        expected, error = _expected(plan, pilot, world)
        nodes = sum(int(size) * rows for size, rows in (found.sizes or {}).items())
        return cls(
            label=plan.label, strategy=plan.strategy.name, setting=repr(plan.strategy),
            reason=plan.reason, rows=found.rows, draws=draws,
            acceptance=found.rows / draws if draws else plan.acceptance,
            arrival_steps=arrival, mixing_steps=mixing, visits=visits, restarts=restarts,
            near_bound_frac=found.near_bound_frac or 0.0,
            near_bound_expected=expected, near_bound_error=error,
            mean_size=nodes / found.rows,
            connected_frac={
                tier: [before / pairs, after / pairs]
                for tier, (pairs, before, after) in (("high", tiers[:3]), ("low", tiers[3:]))
                if pairs
            },
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def _expected(
    plan: LabelPlan, pilot: Pilot, world: LabelWorld
) -> tuple[float, float] | tuple[None, None]:
    """The share of rows near a bound as it should be, and its standard error."""
    near = pilot.draws.near_bound(world.box.bounds)[pilot.accepted[plan.label]]
    if len(near) < _FEW:
        # Long chains need a wall, even where the rows themselves were drawn without one.
        chains = plan.strategy if isinstance(plan.strategy, HeatBath) else HeatBath()
        far = chains.near_bound(world)
        if far is None:
            return None, None
        near = far
    share = float(near.mean())
    return share, float(np.sqrt(share * (1 - share) / len(near)))
