"""Does a spec fit a graph, and do its labels say different things? Asked before any work."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import combinations

from campaignkit.errors import Fault, SpecError
from campaignkit.graph import SignedGraph
from campaignkit.spec.sampling import LabelSpec, SamplingSpec


def check_fit(spec: SamplingSpec, graph: SignedGraph) -> None:
    """Check that every modality of the spec is in the graph and holds enough attributes.

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
    check_type_ranges(spec.type_ranges, graph)


def check_type_ranges(type_ranges: dict[str, tuple[int, int]], graph: SignedGraph) -> None:
    """The same for type ranges alone, as a diagnosis takes them."""
    sizes: dict[str, int] = {}
    for attribute in graph.catalogue:
        sizes[attribute.modality] = sizes.get(attribute.modality, 0) + 1
    faults = []
    for modality, (_, high) in type_ranges.items():
        where = f"type_ranges.{modality}"
        if modality not in sizes:
            near = get_close_matches(modality, sizes, n=1)
            known = ", ".join(sorted(sizes)) or "none"
            fix = f"did you mean {near[0]}?" if near else f"its modalities are: {known}"
            faults.append(Fault(where, "the graph has no such modality", fix))
        elif high > sizes[modality]:
            found = f"asks for up to {high}, but the graph has {sizes[modality]}"
            faults.append(Fault(where, found, f"lower the high to {sizes[modality]}"))
    if faults:
        raise SpecError("the spec does not fit the graph; nothing was done", faults=faults)


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
    ("labels 'x' and 'y' have the same box: nothing tells them apart",)
    """
    notes = []
    for (name_a, a), (name_b, b) in combinations(spec.label_params.items(), 2):
        if _within(a, b) and _within(b, a):
            notes.append(
                f"labels '{name_a}' and '{name_b}' have the same box: nothing tells them apart"
            )
        elif _within(a, b):
            notes.append(f"the box of label '{name_a}' lies wholly inside that of '{name_b}'")
        elif _within(b, a):
            notes.append(f"the box of label '{name_b}' lies wholly inside that of '{name_a}'")
    return tuple(notes)


def idle_notes(spec: SamplingSpec) -> tuple[str, ...]:
    """One sentence for each modality of which no campaign may hold an attribute.

    Examples
    --------
    >>> box = {"pos_frac_range": (0, 1), "neg_frac_range": (0, 1), "num_samples": 1}
    >>> spec = SamplingSpec(type_ranges={"a": (1, 1), "b": (1, 1), "c": (0, 0)},
    ...                     label_params={"x": box})
    >>> idle_notes(spec)
    ("type_ranges.c is (0, 0): no campaign holds a 'c'; leave it out or raise its high",)
    """
    return tuple(
        f"type_ranges.{name} is (0, 0): no campaign holds a '{name}'; "
        "leave it out or raise its high"
        for name, (_, high) in spec.type_ranges.items()
        if high == 0
    )


def _within(inner: LabelSpec, outer: LabelSpec) -> bool:
    return all(
        low_out <= low_in and high_in <= high_out
        for (low_in, high_in), (low_out, high_out) in (
            (inner.pos_frac_range, outer.pos_frac_range),
            (inner.neg_frac_range, outer.neg_frac_range),
        )
    )
