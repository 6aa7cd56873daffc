"""Can a campaign carry each label? Asked before any long run, answered with what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from campaignkit.checks import BOX_EPSILON, checked_count
from campaignkit.diagnosis.ceiling import pair_ceiling
from campaignkit.diagnosis.reach import (
    CONSTRAINTS,
    NEEDS,
    NUM_DRAWS,
    WEIGHTS,
    Effort,
    Reach,
    Status,
    Verdict,
    decide,
)
from campaignkit.errors import Fault, InfeasibleSpec, SpecError
from campaignkit.graph.node_tables import NodeTables
from campaignkit.spec import LabelSpec, SamplingSpec, check_fit

if TYPE_CHECKING:
    from campaignkit.graph import SignedGraph

MAX_VISITS = 50_000  # about 0.1 s at 746 nodes; ten times as many rarely decide more
_POS_MOST, _POS_LEAST, _NEG_MOST, _NEG_LEAST = range(4)  # rows of reach.WEIGHTS
# Name of the range, comparison, which end, and what to do about it.
_CONSTRAINTS = (
    ("pos_frac", ">=", 0, "lower pos_frac_range"),
    ("pos_frac", "<=", 1, "raise the high of pos_frac_range"),
    ("neg_frac", ">=", 0, "lower neg_frac_range"),
    ("neg_frac", "<=", 1, "raise the high of neg_frac_range"),
)
_DIGITS = 3


@dataclass(frozen=True)
class Nearest:
    """What comes nearest to a label's box.

    Attributes
    ----------
    campaign : dict of str to tuple of str
        Attributes by modality: the campaign with the fewest edges outside the box that was found.
    pos_frac, neg_frac : float
        Its fractions.
    edges_outside : int
        How many edges it lies outside the box; 0 for a witness.
    pos_frac_limits, neg_frac_limits : (float, float)
        No campaign of these type ranges lies beyond (proven, not always reached).
    words : str
        All this in a sentence, with what stands against the label if it is infeasible.
    """

    campaign: dict[str, tuple[str, ...]]
    pos_frac: float
    neg_frac: float
    edges_outside: int
    pos_frac_limits: tuple[float, float]
    neg_frac_limits: tuple[float, float]
    words: str


@dataclass(frozen=True)
class LabelFeasibility:
    """The verdict on one label.

    Attributes
    ----------
    status : {"feasible", "infeasible", "unknown"}
        "feasible" has a checked witness, "infeasible" is proven; "unknown" is neither, after the
        stated effort.
    witness : dict of str to tuple of str, optional
        A campaign in the box: attributes by modality.
    blockers : tuple of str
        Constraints that no campaign of these type ranges meets together; none of them could be
        left out, as far as bounds and a short search show.
    nearest : Nearest
    effort : Effort
    fix : str
        What to change; empty unless infeasible.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.SignedGraph.from_edges([ck.Edge(("a", "x"), ("b", "y"), 1)])
    >>> box = {"pos_frac_range": (0.5, 1), "neg_frac_range": (0, 0.1), "num_samples": 1}
    >>> spec = ck.SamplingSpec(type_ranges={"a": (1, 1), "b": (1, 1)}, label_params={"pos": box})
    >>> ck.feasible(graph, spec)["pos"].witness
    {'a': ('x',), 'b': ('y',)}
    """

    status: Status
    witness: dict[str, tuple[str, ...]] | None
    blockers: tuple[str, ...]
    nearest: Nearest
    effort: Effort
    fix: str

    def __repr__(self) -> str:
        return f"LabelFeasibility({self})"

    def __str__(self) -> str:
        asked = f": {' and '.join(self.blockers)}, but" if self.blockers else ":"
        return f"{self.status}{asked} {self.nearest.words}"


class FeasibilityReport(dict[str, LabelFeasibility]):
    """The verdicts of :func:`feasible`, by label, in the order of the spec.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.SignedGraph.from_edges([ck.Edge(("a", "x"), ("b", "y"), 1)])
    >>> spec = ck.SamplingSpec(
    ...     type_ranges={"a": (1, 1), "b": (1, 1)},
    ...     label_params={"pos": {"pos_frac_range": (0.5, 1), "neg_frac_range": (0, 0),
    ...                           "num_samples": 1}})
    >>> report = ck.feasible(graph, spec)
    >>> report.all_feasible, report["pos"].witness
    (True, {'a': ('x',), 'b': ('y',)})
    """

    @property
    def all_feasible(self) -> bool:
        """Whether every label has a witness."""
        return all(one.status == "feasible" for one in self.values())

    def raise_infeasible(self) -> None:
        """Raise InfeasibleSpec, with a fault for each label proven to have no campaign."""
        blocked = {name: one for name, one in self.items() if one.status == "infeasible"}
        if not blocked:
            return
        sentences = [
            f"Label '{name}' asks for {' and '.join(one.blockers)}, but {one.nearest.words}."
            for name, one in blocked.items()
        ]
        hint = next(iter(blocked.values())).fix if len(blocked) == 1 else ""
        faults = [
            Fault(
                f"label_params.{name}",
                f"the nearest campaign found has pos_frac {one.nearest.pos_frac:.3f} and "
                f"neg_frac {one.nearest.neg_frac:.3f}",
                "" if hint else one.fix,
            )
            for name, one in blocked.items()
        ]
        raise InfeasibleSpec("\n".join(sentences), hint=hint, faults=faults)

    def to_dict(self) -> dict[str, object]:
        """The report as JSON values."""
        return {name: asdict(one) for name, one in self.items()}

    def __str__(self) -> str:
        return "\n".join(f"label {name}: {one}" for name, one in self.items())

    def __repr__(self) -> str:
        told = ", ".join(f"{name}: {one.status}" for name, one in self.items())
        return f"FeasibilityReport({told})"


def feasible(
    graph: SignedGraph, spec: SamplingSpec, *, max_visits: int = MAX_VISITS
) -> FeasibilityReport:
    """Decide for each label whether a campaign can carry it, with a witness or the reason.

    Bounds from type counts and degrees come first, then a few thousand draws and a short guided
    search, then an exact search. The answer to the same question is always the same.

    Parameters
    ----------
    graph : SignedGraph
    spec : SamplingSpec
    max_visits : int
        Partial campaigns that the exact search looks at for a label before it says "unknown"; 0
        leaves it out.

    Raises
    ------
    SpecError
        If the spec does not fit the graph, or `max_visits` is not a count.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> spec = ck.SamplingSpec(
    ...     type_ranges={"brand": (1, 1), "audience": (4, 4)},
    ...     label_params={"pos": {"pos_frac_range": (0.9, 1), "neg_frac_range": (0, 1),
    ...                           "num_samples": 1}})
    >>> print(ck.feasible(graph, spec)["pos"])
    infeasible: pos_frac >= 0.90, but 1 brand and 4 audience can reach at most 0.400
    """
    checked_count(max_visits, "max_visits", least=0, error=SpecError)
    check_fit(spec, graph)
    reach = Reach(NodeTables.from_graph(graph, spec.type_ranges), spec.type_ranges)
    return _report(reach, spec.label_params, max_visits)


def refuse_infeasible(tables: NodeTables, spec: SamplingSpec, labels: Iterable[str]) -> None:
    """Stop before a long run for labels that no campaign can carry.

    Parameters
    ----------
    tables : NodeTables
        Of the modalities in the spec's type ranges.
    spec : SamplingSpec
    labels : iterable of str
        Those that a pilot's draws have not met.

    Raises
    ------
    InfeasibleSpec
        If a label is proven infeasible; "unknown" passes.

    Examples
    --------
    >>> from campaignkit.graph import Edge, SignedGraph
    >>> graph = SignedGraph.from_edges([Edge(("brand", "Nike"), ("geo", "Peru"), 1)])
    >>> spec = SamplingSpec(type_ranges={"brand": (1, 1), "geo": (1, 1)}, label_params={
    ...     "neg": {"pos_frac_range": (0, 1), "neg_frac_range": (0.5, 1), "num_samples": 9}})
    >>> try:
    ...     refuse_infeasible(NodeTables.from_graph(graph), spec, ["neg"])
    ... except InfeasibleSpec as error:
    ...     print(error.message.split(", but ")[1])
    the graph has no negative edge between these modalities.
    """
    reach = Reach(tables, spec.type_ranges)
    asked = {name: spec.label_params[name] for name in labels}
    _report(reach, asked, MAX_VISITS, num_draws=0).raise_infeasible()


def _report(
    reach: Reach, labels: Mapping[str, LabelSpec], max_visits: int, *, num_draws: int = NUM_DRAWS
) -> FeasibilityReport:
    return FeasibilityReport(
        (
            name,
            _told(reach, label, decide(reach, label, max_visits=max_visits, num_draws=num_draws)),
        )
        for name, label in labels.items()
    )


def _told(reach: Reach, label: LabelSpec, verdict: Verdict) -> LabelFeasibility:
    nodes = verdict.found.nodes
    positives, negatives = reach.count(nodes)
    # The kernels keep their counts edge by edge; this counts the finished campaign anew.
    is_inside = label.admits(num_positive=positives, num_negative=negatives, num_nodes=len(nodes))
    assert is_inside == (verdict.status == "feasible"), "a kernel's count is wrong"
    pairs = len(nodes) * (len(nodes) - 1) // 2
    campaign = reach.campaign(nodes)
    pos_frac, neg_frac = positives / pairs, negatives / pairs
    is_blocked = verdict.status == "infeasible"
    there = f"pos_frac {pos_frac:.3f} and neg_frac {neg_frac:.3f}"
    if is_blocked:
        words = _limit_words(verdict, label, reach.type_ranges)
    elif verdict.status == "feasible":
        words = f"a campaign with {there}"
    else:
        words = (
            f"the nearest campaign found has {there}, {verdict.found.edges_outside} edges outside "
            f"the box, after {verdict.effort}"
        )
    limits = verdict.scan.shares
    constraints = zip(CONSTRAINTS, _CONSTRAINTS, strict=True)
    blocking = [told for one, told in constraints if verdict.blocking & one]
    ends = {"pos_frac": label.pos_frac_range, "neg_frac": label.neg_frac_range}
    return LabelFeasibility(
        status=verdict.status,
        witness=campaign if verdict.status == "feasible" else None,
        blockers=tuple(
            f"{name} {sign} {_asked(ends[name][end])}" for name, sign, end, _ in blocking
        ),
        nearest=Nearest(
            campaign=campaign,
            pos_frac=pos_frac,
            neg_frac=neg_frac,
            edges_outside=verdict.found.edges_outside,
            pos_frac_limits=(0.0 - limits[_POS_LEAST], limits[_POS_MOST]),
            neg_frac_limits=(0.0 - limits[_NEG_LEAST], limits[_NEG_MOST]),
            words=words,
        ),
        effort=verdict.effort,
        fix=f"{', '.join(fix for *_, fix in blocking)} or widen type_ranges" if is_blocked else "",
    )


def _limit_words(
    verdict: Verdict, label: LabelSpec, type_ranges: Mapping[str, tuple[int, int]]
) -> str:
    """What stands against the blocking constraints: a proven limit, or that a search was through.

    A clause that continues "asks for ..., but".
    """
    cause = _single_cause(verdict, label)
    together = " together" if verdict.blocking.bit_count() > 1 else ""
    if not verdict.is_arithmetic:
        return f"an exact search showed that no campaign has that{together}"
    if cause is None:
        return f"every choice of type counts excludes that{together}"
    if cause >= len(WEIGHTS):
        name = "pos_frac_range" if cause == len(WEIGHTS) else "neg_frac_range"
        return f"no whole number of pairs lies in {name} for any number of attributes in range"
    wp, wn = WEIGHTS[cause].tolist()
    share, asked = verdict.scan.shares[cause], _demand(cause, label)
    if share <= 0 and wp + wn == 1 and wp * wn == 0:
        kind = "positive" if wp else "negative"
        return f"the graph has no {kind} edge between these modalities"
    is_counted = min(wp, wn) >= 0 and pair_ceiling(type_ranges) < asked
    verb = "can reach at most"
    if wp + wn < 0:  # the direction of an upper bound: the limit is a least value
        share, asked, verb = -share, -asked, "must reach at least"
    if verdict.scan.counts is None:
        who = "the type counts in range" if is_counted else "campaigns of this graph"
    else:
        is_free = any(low < high for low, high in type_ranges.values())
        who = ("even " if is_free else "") + _counts_words(verdict.scan.counts[cause])
    what = ""
    if wp * wn:
        first, second = ("neg_frac", "pos_frac") if wp < wn else ("pos_frac", "neg_frac")
        what = f" for {first} {'+' if wp == wn else '-'} {second}, not {asked:.3f}"
    by = "" if is_counted else ", with the edges of this graph"
    return f"{who} {verb} {_apart(share, asked)}{what}{by}"


def _counts_words(counts: Mapping[str, int]) -> str:
    """Type counts as a list in prose.

    Examples
    --------
    >>> _counts_words({"brand": 1, "geo": 2, "device": 0, "audience": 6})
    '1 brand, 2 geo and 6 audience'
    """
    parts = [f"{count} {name}" for name, count in counts.items() if count]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _single_cause(verdict: Verdict, label: LabelSpec) -> int | None:
    """The one direction (or narrow range) that excludes every vector, if there is one."""
    for cause, needs in enumerate(NEEDS):
        if needs != verdict.blocking:
            continue
        if cause >= len(WEIGHTS):
            return cause
        # Rounding to whole pairs can exclude what the shares themselves would allow.
        if verdict.scan.shares[cause] < _demand(cause, label) - BOX_EPSILON:
            return cause
    return None


def _demand(cause: int, label: LabelSpec) -> float:
    low, high = zip(label.pos_frac_range, label.neg_frac_range, strict=True)
    weights = WEIGHTS[cause]
    return float((weights * np.where(weights > 0, low, high)).sum())


def _asked(value: float) -> str:
    return f"{value:.2f}" if abs(value - round(value, 2)) < BOX_EPSILON else f"{value:.4g}"


def _apart(limit: float, asked: float) -> str:
    """The limit with as many digits as it takes to look different from what was asked."""
    for digits in range(_DIGITS, 10):
        text = f"{limit:.{digits}f}"
        if abs(float(text) - asked) > 10.0**-digits / 2:
            return text
    return repr(limit)
