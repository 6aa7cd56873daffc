"""The spec: type ranges, labels with their boxes, priorities and the annealer's parameters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import reduce
from itertools import permutations, product
from operator import getitem
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AfterValidator, Field, TypeAdapter, field_validator
from pydantic_core.core_schema import ValidationInfo

from campaignkit.checks import BOX_EPSILON
from campaignkit.errors import Fault, SpecError
from campaignkit.graph.node_set import MAX_NODES
from campaignkit.show import paragraph, table
from campaignkit.spec.model import SpecModel, did_you_mean, in_words, ordered
from campaignkit.store import checked_path, digest_json

_MAX_POINTS = 10_000
MAX_SAMPLES = 10_000_000_000  # of a label: terabytes of JSONL


_Share = Annotated[float, Field(strict=True, ge=0.0, le=1.0, allow_inf_nan=False)]
FracRange = Annotated[tuple[_Share, _Share], AfterValidator(ordered)]
_Count = Annotated[int, Field(strict=True, ge=0)]
CountRange = Annotated[tuple[_Count, _Count], AfterValidator(ordered)]
TypePair = tuple[str, str]
TypePairs = tuple[TypePair, ...]
Ends = tuple[float, float]
Place = tuple[Any, ...]  # the keys and positions from the top of a spec to a value


def _sizes_in_reach(value: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    fewest = sum(low for low, _ in value.values())
    most = sum(high for _, high in value.values())
    if "label" in value:
        raise ValueError("a modality cannot be called 'label'; that key contains the label")
    if fewest < 2:
        raise ValueError(
            f"the lows add up to {fewest}, but a campaign needs at least 2 "
            "attributes to have a pair; raise a low"
        )
    if most > MAX_NODES:
        raise ValueError(
            f"the highs add up to {most}, but a campaign contains at most {MAX_NODES} "
            "attributes; lower a high"
        )
    return value


TypeRanges = Annotated[dict[str, CountRange], Field(min_length=1), AfterValidator(_sizes_in_reach)]
_Temperature = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
_Steps = Annotated[int, Field(strict=True, ge=1)]


class LabelSpec(SpecModel):
    """The box of positive and negative fractions that makes a campaign carry a label.

    A fraction is a share of *all* node pairs of the campaign, same-modality pairs included.

    Parameters
    ----------
    pos_frac_range : (float, float)
        Lowest and highest share of positive pairs, both inclusive, in [0, 1].
    neg_frac_range : (float, float)
        The same for negative pairs. The two lower bounds may not add up to more than 1.
    num_samples : int
        How many campaigns are wanted; 1 to ten billion.

    Raises
    ------
    SpecError
        With every fault and its path.

    Examples
    --------
    >>> LabelSpec(pos_frac_range=(0.2, 1), neg_frac_range=(0, 0.3), num_samples=4000).admits(
    ...     num_positive=9, num_negative=0, num_nodes=10)
    True
    """

    title = "label"

    pos_frac_range: FracRange
    neg_frac_range: FracRange
    num_samples: Annotated[int, Field(strict=True, ge=1, le=MAX_SAMPLES)]

    @field_validator("neg_frac_range")
    @classmethod
    def _room_for_both(cls, value: Ends, info: ValidationInfo) -> Ends:
        pos = info.data.get("pos_frac_range")
        if pos is not None and pos[0] + value[0] > 1 + BOX_EPSILON:
            raise ValueError(
                f"low {value[0]:g} and pos_frac_range's low {pos[0]:g} add up to more than 1; "
                "lower one of them"
            )
        return value

    def admits(self, *, num_positive: int, num_negative: int, num_nodes: int) -> bool:
        """Whether a campaign with these counts lies in the box."""
        pairs = num_nodes * (num_nodes - 1) // 2
        return all(
            low * pairs - BOX_EPSILON <= count <= high * pairs + BOX_EPSILON
            for count, (low, high) in (
                (num_positive, self.pos_frac_range),
                (num_negative, self.neg_frac_range),
            )
        )


class SamplingSpec(SpecModel):
    """What an :class:`~campaignkit.AnnealingSampler` draws; the published parameter names.

    Parameters
    ----------
    type_ranges : dict of str to (int, int)
        For each modality, the number of its attributes in a campaign, both ends inclusive.
        Modalities left out take no part. The lows add up to at least 2, the highs to at most 255.
    label_params : dict of str to LabelSpec
        The labels, each with its box and its number of campaigns.
    high_priority_type_pairs, low_priority_type_pairs : list of (str, str)
        Pairs of modalities: high favours campaigns in which the two are well connected, by
        positive or negative edges, low discourages edges between them. Both are soft, act on
        every label and never cost a campaign its box; high ones weigh twice as much.
    max_iters : int
        The most steps one chain of :class:`~campaignkit.HeatBath` or
        :class:`~campaignkit.Annealing` may take before it starts again elsewhere.
    start_temp, end_temp : float
        `Annealing`: first and last temperature of the geometric schedule, in edges outside the
        box.
    patience : int
        `Annealing`: a chain stops after so many steps without improvement. A small value favours
        campaigns near easy entrances of the box: it adds bias.
    proposals_per_step : int
        `Annealing`: the best of so many proposals is tried at each step. More than 1 arrives
        sooner and more biased: on a graph small enough to enumerate, the total variation distance
        to the target grew from .17 (1) to .23 (4) and .29 (16) in a box that accepts 1% of draws.

    Raises
    ------
    SpecError
        With every fault and its path.

    Examples
    --------
    >>> spec = SamplingSpec(
    ...     type_ranges={"brand": (1, 1), "audience": (2, 4)},
    ...     label_params={"pos": {"pos_frac_range": (0.2, 1), "neg_frac_range": (0, 0.3),
    ...                           "num_samples": 100}})
    >>> spec.label_params["pos"].num_samples, spec.max_iters
    (100, 20000)
    """

    title = "sampling spec"

    type_ranges: TypeRanges
    label_params: Annotated[dict[str, LabelSpec], Field(min_length=1)]
    high_priority_type_pairs: TypePairs = ()
    low_priority_type_pairs: TypePairs = ()
    max_iters: _Steps = 20_000
    start_temp: _Temperature = 2.0
    end_temp: _Temperature = 0.1
    patience: _Steps = 2_000
    proposals_per_step: _Steps = 1

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a spec from a .json, .toml, .yaml or .yml file.

        Raises
        ------
        SpecError
            If the file is missing, not what its name says, or the spec has faults.
        """
        from campaignkit.spec.files import read_mapping

        return cls.model_validate(read_mapping(checked_path(path, error=SpecError)))

    def __repr__(self) -> str:
        labels = "; ".join(
            f"{of.num_samples} {name}: + {_span(of.pos_frac_range)}, - {_span(of.neg_frac_range)}"
            for name, of in self.label_params.items()
        )
        return f"SamplingSpec({ranges_words(self.type_ranges)}; {labels})"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        boxes = [
            [name, box.num_samples, *map(_span, (box.pos_frac_range, box.neg_frac_range))]
            for name, box in self.label_params.items()
        ]
        return paragraph(repr(self)) + table(["label", "campaigns", "share +", "share -"], boxes)

    def write(self, path: str | Path) -> None:
        """Write the spec as .json, .toml, .yaml or .yml; reading it back gives an equal spec."""
        from campaignkit.spec.files import write_mapping

        write_mapping(checked_path(path), self.model_dump(mode="json"))

    @property
    def digest(self) -> str:
        """Content digest: equal specs, however written, have the same one."""
        return digest_json(self.model_dump(mode="json"))

    @property
    def num_samples(self) -> int:
        """How many campaigns are wanted in all."""
        return sum(label.num_samples for label in self.label_params.values())

    def grid(self, settings: Mapping[str, Sequence[Any]]) -> tuple[GridPoint, ...]:
        """Many specs from this one: every combination of the settings, the last varying fastest.

        Parameters
        ----------
        settings : mapping of str to sequence
            Values to try by dotted path: ``"max_iters"``, ``"type_ranges.audience"``,
            ``"label_params.pos.pos_frac_range.0"``.

        Returns
        -------
        tuple of GridPoint
            Each with its `settings` and its `spec`; at most 10,000.

        Raises
        ------
        SpecError
            With every path that is not there and every value that does not fit.

        Examples
        --------
        >>> box = {"pos_frac_range": (0.2, 1), "neg_frac_range": (0, 0.3), "num_samples": 9}
        >>> spec = SamplingSpec(type_ranges={"brand": (1, 1), "audience": (2, 4)},
        ...                     label_params={"pos": box})
        >>> for settings, spec in spec.grid({"label_params.pos.num_samples": [10, 1000],
        ...                                  "type_ranges.audience": [(2, 4), (4, 6)]}):
        ...     print(spec.num_samples, spec.type_ranges["audience"])
        10 (2, 4)
        10 (4, 6)
        1000 (2, 4)
        1000 (4, 6)
        """
        told = self.model_dump(mode="json")
        places = dict(_places(told))
        if faults := [*_grid_faults(settings, places)]:
            raise SpecError("this grid cannot be made", faults=faults)
        points = []
        for values in product(*settings.values()):
            chosen = dict(zip(settings, values, strict=True))
            changed = deepcopy(told)
            for path, value in chosen.items():
                *above, last = places[path]
                reduce(getitem, above, changed)[last] = value
            try:
                points.append(GridPoint(chosen, type(self).model_validate(changed)))
            except SpecError as err:
                at = ", ".join(f"{path}={value!r}" for path, value in chosen.items())
                faults += [Fault(f.where, f"{f.found}; at {at}", f.fix) for f in err.faults]
        if faults:
            raise SpecError("some specs of the grid have faults; nothing was done", faults=faults)
        return tuple(points)

    @field_validator("label_params")
    @classmethod
    def _labels_have_names(cls, value: dict[str, LabelSpec]) -> dict[str, LabelSpec]:
        for name in value:
            if not name or name != name.strip() or not name.isprintable():
                raise ValueError(f"label {name!r} is blank, padded or not printable; rename it")
        if len(value) > MAX_NODES:
            raise ValueError(f"{len(value)} labels; expected at most {MAX_NODES}")
        return value

    @field_validator("high_priority_type_pairs", "low_priority_type_pairs")
    @classmethod
    def _pairs_are_known(cls, value: TypePairs, info: ValidationInfo) -> TypePairs:
        known = info.data.get("type_ranges")
        seen = {frozenset(pair) for pair in info.data.get("high_priority_type_pairs") or ()}
        for pair in value:
            shown = f"[{', '.join(pair)}]"
            if len({*pair}) == 1:
                fault = "attributes of one modality share no edge; name two modalities"
                raise ValueError(f"{shown}: {fault}")
            unknown = [name for name in pair if known is not None and name not in known]
            if unknown:
                raise ValueError(
                    f"{shown}: {unknown[0]} is not in type_ranges ({', '.join(known or ())})"
                )
            if frozenset(pair) in seen:
                raise ValueError(f"{shown} is named twice; name it once")
            seen.add(frozenset(pair))
        return value

    @field_validator("end_temp")
    @classmethod
    def _schedule_falls(cls, value: float, info: ValidationInfo) -> float:
        start = info.data.get("start_temp")
        if start is not None and value > start:
            raise ValueError(f"{value:g} is above start_temp {start:g}; the schedule must fall")
        return value


def _span(ends: Ends) -> str:
    low, high = ends
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"


def ranges_words(type_ranges: Mapping[str, tuple[int, int]]) -> str:
    """Type ranges in a line.

    Examples
    --------
    >>> ranges_words({"brand": (1, 1), "audience": (2, 4)})
    'brand 1, audience 2-4'
    """
    return ", ".join(f"{name} {_span(ends)}" for name, ends in type_ranges.items())


def checked_type_ranges(value: object) -> dict[str, tuple[int, int]]:
    """Type ranges on their own, checked as those of a spec are.

    Raises
    ------
    SpecError
        With every fault and its path.

    Examples
    --------
    >>> checked_type_ranges({"brand": [1, 1], "audience": [2, 4]})
    {'brand': (1, 1), 'audience': (2, 4)}
    """
    with in_words("type ranges", ()):
        return _TYPE_RANGES.validate_python({"type_ranges": value})["type_ranges"]


_TYPE_RANGES = TypeAdapter(dict[str, TypeRanges])


class GridPoint(NamedTuple):
    """One spec of a grid, and the settings that make it this one.

    Examples
    --------
    >>> box = {"pos_frac_range": (0, 1), "neg_frac_range": (0, 1), "num_samples": 9}
    >>> ranges = {"brand": (1, 1), "geo": (1, 2)}
    >>> spec = SamplingSpec(type_ranges=ranges, label_params={"any": box})
    >>> point = spec.grid({"type_ranges.geo": [(1, 2), (2, 3)]})[1]
    >>> point.settings, point.spec.type_ranges["geo"]
    ({'type_ranges.geo': (2, 3)}, (2, 3))
    """

    settings: dict[str, Any]  # values of whatever type the fields have
    spec: SamplingSpec


def _places(at: Any, path: str = "", above: Place = ()) -> Iterator[tuple[str, Place]]:
    """The dotted path of every value of a spec, and the keys from the top to it."""
    held = at.items() if isinstance(at, dict) else enumerate(at) if isinstance(at, list) else ()
    for key, value in held:
        yield f"{path}{key}", (*above, key)
        yield from _places(value, f"{path}{key}.", (*above, key))


def _grid_faults(
    settings: Mapping[str, Sequence[Any]], places: Mapping[str, Place]
) -> Iterator[Fault]:
    for path, values in settings.items():
        if isinstance(values, str | bytes) or not isinstance(values, Sequence) or not values:
            yield Fault(path, f"is {values!r}; expected a list of one value or more")
        if path not in places:
            known = f"at the top are: {', '.join(p for p in places if '.' not in p)}"
            yield Fault(path, "the spec has no such value", did_you_mean(path, places, known))
    for path, other in permutations([path for path in settings if path in places], 2):
        if places[other][: len(places[path])] == places[path]:
            yield Fault(other, f"lies within {path}", "vary one of the two")
    if (count := math.prod(map(len, settings.values()))) > _MAX_POINTS:
        yield Fault("grid", f"has {count:,} specs; expected at most {_MAX_POINTS:,}")
