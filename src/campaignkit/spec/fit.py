"""Does a spec fit a graph, and do its labels say different things? Asked before any work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations

from campaignkit.errors import Fault, SpecError
from campaignkit.graph import SignedGraph
from campaignkit.spec.model import did_you_mean
from campaignkit.spec.sampling import LabelSpec, SamplingSpec, checked_type_ranges


def check_fit(spec: SamplingSpec, graph: SignedGraph) -> None:
    """Check that every modality of the spec is in the graph and contains enough attributes.

    Raises
    ------
    SpecError
        With every fault and its path.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.SignedGraph.from_edges([ck.Edge(("a", "x"), ("b", "y"), 1)])
    >>> box = {"pos_frac_range": (0, 1), "neg_frac_range": (0, 1), "num_samples": 1}
    >>> spec = ck.SamplingSpec(type_ranges={"a": (1, 2), "b": (1, 1)}, label_params={"pos": box})
    >>> check_fit(spec, graph)
    Traceback (most recent call last):
        ...
    campaignkit.errors.SpecError: the spec does not fit the graph; nothing was done
      type_ranges.a: asks for up to 2, but the graph has 1 (lower the high to 1)
    """
    given: object = spec
    if not isinstance(given, SamplingSpec):
        raise SpecError(
            f"spec is a {type(given).__name__}; expected a SamplingSpec",
            hint="make one with SamplingSpec.model_validate({...}) or SamplingSpec.read(path)",
        )
    fitting_ranges(spec.type_ranges, graph)


def fitting_ranges(value: object, graph: SignedGraph) -> dict[str, tuple[int, int]]:
    """Type ranges on their own, as a diagnosis takes them: faults of form and of fit at once."""
    sizes = Counter(attribute.modality for attribute in graph.catalogue)
    faults: list[Fault] = []
    ranges: dict[str, tuple[int, int]] = {}
    try:
        ranges = checked_type_ranges(value)
    except SpecError as err:
        faults += err.faults
    known = f"its modalities are: {', '.join(sorted(sizes)) or 'none'}"
    for modality in value if isinstance(value, Mapping) else ():
        where, _, high = f"type_ranges.{modality}", *ranges.get(modality, (0, 0))
        if modality not in sizes:
            found, fix = "the graph has no such modality", did_you_mean(modality, sizes, known)
            faults.append(Fault(where, found, fix))
        elif high > sizes[modality]:
            found = f"asks for up to {high}, but the graph has {sizes[modality]}"
            faults.append(Fault(where, found, f"lower the high to {sizes[modality]}"))
    if faults:
        raise SpecError("the spec does not fit the graph; nothing was done", faults=faults)
    return ranges


def overlap_notes(spec: SamplingSpec) -> tuple[str, ...]:
    """One sentence for each pair of labels whose boxes are equal or lie one in the other.

    Boxes may overlap in part (campaigns there can carry either label); one inside another means
    that every campaign of the inner label could have been given the outer one.

    Examples
    --------
    >>> box = {"pos_frac_range": (0, 1), "neg_frac_range": (0, 1), "num_samples": 1}
    >>> spec = SamplingSpec(type_ranges={"a": (1, 1), "b": (1, 1)},
    ...                     label_params={"x": box, "y": box})
    >>> overlap_notes(spec)
    ("labels 'x' and 'y' have the same box: nothing distinguishes them",)
    """
    notes = []
    for (name_a, a), (name_b, b) in combinations(spec.label_params.items(), 2):
        if (is_inner := _within(a, b)) and _within(b, a):
            notes.append(
                f"labels '{name_a}' and '{name_b}' have the same box: nothing distinguishes them"
            )
        elif is_inner or _within(b, a):
            inner, outer = (name_a, name_b) if is_inner else (name_b, name_a)
            notes.append(f"the box of label '{inner}' is completely inside that of '{outer}'")
    return tuple(notes)


def idle_notes(spec: SamplingSpec) -> tuple[str, ...]:
    """One sentence for each modality of which no campaign may contain an attribute.

    Examples
    --------
    >>> box = {"pos_frac_range": (0, 1), "neg_frac_range": (0, 1), "num_samples": 1}
    >>> spec = SamplingSpec(type_ranges={"a": (1, 1), "b": (1, 1), "c": (0, 0)},
    ...                     label_params={"x": box})
    >>> idle_notes(spec)
    ("type_ranges.c is (0, 0): no campaign contains a 'c'; leave it out or raise its high",)
    """
    return tuple(
        f"type_ranges.{name} is (0, 0): no campaign contains a '{name}'; "
        "leave it out or raise its high"
        for name, (_, high) in spec.type_ranges.items()
        if high == 0
    )


def _within(inner: LabelSpec, outer: LabelSpec) -> bool:
    ranges = (
        (inner.pos_frac_range, outer.pos_frac_range),
        (inner.neg_frac_range, outer.neg_frac_range),
    )
    return all(here[0] >= there[0] and here[1] <= there[1] for here, there in ranges)
