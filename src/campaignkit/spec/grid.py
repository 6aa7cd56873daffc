"""Many specs from one: every combination of some settings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from difflib import get_close_matches
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from campaignkit.errors import Fault, SpecError

if TYPE_CHECKING:
    from campaignkit.spec.sampling import SamplingSpec

_MAX_POINTS = 10_000
_SEPARATOR = "."


class GridPoint(NamedTuple):
    """One spec of a grid, and the settings that make it this one.

    Examples
    --------
    >>> from campaignkit.spec import SamplingSpec
    >>> box = {"pos_frac_range": (0, 1), "neg_frac_range": (0, 1), "num_samples": 9}
    >>> ranges = {"brand": (1, 1), "geo": (1, 2)}
    >>> spec = SamplingSpec(type_ranges=ranges, label_params={"any": box})
    >>> point = spec.grid({"type_ranges.geo": [(1, 2), (2, 3)]})[1]
    >>> point.settings, point.spec.type_ranges["geo"]
    ({'type_ranges.geo': (2, 3)}, (2, 3))
    """

    settings: dict[str, Any]  # values of whatever type the fields have
    spec: SamplingSpec


def grid_specs(spec: SamplingSpec, settings: Mapping[str, Sequence[Any]]) -> tuple[GridPoint, ...]:
    """See :meth:`SamplingSpec.grid`."""
    told = spec.model_dump(mode="json")
    places = _places(told, settings)
    points, faults = [], []
    for values in product(*settings.values()):
        chosen = dict(zip(settings, values, strict=True))
        changed = deepcopy(told)
        for path, value in chosen.items():
            _put(changed, places[path], value)
        try:
            points.append(GridPoint(chosen, type(spec).model_validate(changed)))
        except SpecError as err:
            at = ", ".join(f"{path}={value!r}" for path, value in chosen.items())
            faults += [Fault(f.where, f"{f.found}; at {at}", f.fix) for f in err.faults]
    if faults:
        raise SpecError("some specs of the grid have faults; nothing was done", faults=faults)
    return tuple(points)


def _places(
    told: dict[str, Any], settings: Mapping[str, Sequence[Any]]
) -> dict[str, tuple[str | int, ...]]:
    faults, places = [], {}
    for path, values in settings.items():
        if isinstance(values, str | bytes) or not isinstance(values, Sequence) or not values:
            faults.append(Fault(path, f"is {values!r}; expected a list of one value or more"))
        try:
            places[path] = _find(told, path)
        except SpecError as err:
            faults += err.faults
    for path, place in places.items():
        for other, inner in places.items():
            if path != other and inner[: len(place)] == place:
                faults.append(Fault(other, f"lies within {path}", "vary one of the two"))
    if not faults and (count := math.prod(map(len, settings.values()))) > _MAX_POINTS:
        faults.append(Fault("grid", f"has {count:,} specs; expected at most {_MAX_POINTS:,}"))
    if faults:
        raise SpecError("this grid cannot be made", faults=faults)
    return places


def _find(told: Any, path: str) -> tuple[str | int, ...]:
    """The keys from the top to a place; a key may itself hold dots."""
    place: list[str | int] = []
    at, rest = told, path
    while rest:
        if isinstance(at, list):
            key, _, left = rest.partition(_SEPARATOR)
            if not key.isdecimal() or int(key) >= len(at):
                raise _unknown(path, key, [str(index) for index in range(len(at))])
            place.append(int(key))
            at, rest = at[int(key)], left
            continue
        known = list(at) if isinstance(at, dict) else []
        fitting = [key for key in known if rest == key or rest.startswith(key + _SEPARATOR)]
        if not fitting:
            raise _unknown(path, rest.partition(_SEPARATOR)[0], known)
        name = max(fitting, key=len)
        place.append(name)
        at, rest = at[name], rest[len(name) + 1 :]
    return tuple(place)


def _unknown(path: str, key: str, known: Sequence[str]) -> SpecError:
    near = get_close_matches(key, known, n=1)
    listed = f"there are: {', '.join(known)}" if known else "name the value above it"
    fix = f"did you mean {near[0]}?" if near else listed
    fault = Fault(path, f"the spec has no {key!r} there", fix)
    return SpecError("this grid cannot be made", faults=[fault])


def _put(told: Any, place: tuple[str | int, ...], value: Any) -> None:
    for key in place[:-1]:
        told = told[key]
    told[place[-1]] = value
