"""What a run was like: how each label was sampled, what it cost, how honest the rows look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from campaignkit.graph.node_set import DrawCounts
from campaignkit.sample.arrays import (
    ARRIVAL,
    DRAWS,
    HIGH_TIER,
    LOW_TIER,
    MIXING,
    NUM_EFFORTS,
    RESTARTS,
    VISITS,
)
from campaignkit.sample.job import ChunkRows
from campaignkit.sample.plan import LabelPlan, Pilot

_FEW = 30  # accepted pilot draws below which their share near a bound says too little


@dataclass(frozen=True)
class LabelQuality:
    """One label's run.

    Attributes
    ----------
    label, mode, stop, reason : str
        How it was sampled, and why; see :class:`LabelPlan`.
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
    priority_edges : dict of str to [float, float]
        Edges outside the label's ranges among the pairs of each priority tier, a row: before and
        after priorities were sought. Empty without priorities.

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
    mode: str
    stop: str
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
    priority_edges: dict[str, list[float]]

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


class Share(NamedTuple):
    """A share of some rows, and its standard error.

    Examples
    --------
    >>> Share.of(np.array([True, False, True, False]))
    Share(value=0.5, error=0.25)
    """

    value: float
    error: float

    @classmethod
    def of(cls, which: NDArray[np.bool_]) -> Share:
        """The share of rows that are marked."""
        value = float(which.mean())
        return cls(value, float(np.sqrt(value * (1 - value) / len(which))))


class QualityTally:
    """Adds up one label's chunks as they finish; keeps sums only.

    Parameters
    ----------
    plan : LabelPlan
    bounds : int64[4, 256]
        The label's box, see :func:`campaignkit.graph.node_set.pair_bounds`.
    pilot : Pilot
    estimate : callable
        Gives the share of rows near a bound where the pilot cannot.
    """

    def __init__(
        self,
        plan: LabelPlan,
        bounds: NDArray[np.int64],
        pilot: Pilot,
        estimate: Callable[[], Share | None],
    ) -> None:
        self._plan = plan
        self._bounds = bounds
        self._pilot = pilot
        self._estimate = estimate
        self._effort = np.zeros(NUM_EFFORTS, np.int64)
        self._rows = self._near = self._nodes = 0

    def add(self, rows: ChunkRows) -> None:
        """Count a finished chunk in."""
        self._effort += rows.effort
        self._rows += len(rows.sizes)
        self._nodes += int(rows.sizes.sum(dtype=np.int64))
        counts = DrawCounts(rows.sizes, rows.counts[:, 0], rows.counts[:, 1])
        self._near += int(counts.near_bound(self._bounds).sum())

    def result(self) -> LabelQuality:
        """The report so far."""
        plan, effort = self._plan, [int(count) for count in self._effort]
        expected = self._expected()
        rows = max(self._rows, 1)
        tiers = {"high": effort[HIGH_TIER:LOW_TIER], "low": effort[LOW_TIER:]}
        return LabelQuality(
            label=plan.label, mode=plan.mode, stop=plan.stop, reason=plan.reason,
            rows=self._rows,
            acceptance=self._rows / effort[DRAWS] if effort[DRAWS] else plan.acceptance,
            draws=effort[DRAWS], arrival_steps=effort[ARRIVAL], mixing_steps=effort[MIXING],
            visits=effort[VISITS], restarts=effort[RESTARTS],
            near_bound_frac=self._near / rows,
            near_bound_expected=expected.value if expected else None,
            near_bound_error=expected.error if expected else None,
            mean_size=self._nodes / rows,
            priority_edges={
                tier: [before / rows, after / rows]
                for tier, (before, after) in tiers.items() if before
            },
        )  # fmt: skip

    def _expected(self) -> Share | None:
        inside = self._pilot.accepted[self._plan.label]
        if inside.sum() < _FEW:
            return self._estimate()
        return Share.of(self._pilot.draws.take(inside).near_bound(self._bounds))


def describe(qualities: Sequence[LabelQuality]) -> dict[str, Any]:
    """The report of a run as JSON values, by label."""
    return {"labels": {quality.label: quality.to_dict() for quality in qualities}}
