"""What is wrong with a recipe, all of it at once, before anything is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from campaignkit.errors import Fault, SpecError
from campaignkit.spec.label import LabelSpec
from campaignkit.spec.sampling import checked_type_ranges

if TYPE_CHECKING:
    from campaignkit.recipes.recipe import Recipe

_SUGGESTED = ("pos", "avg", "neg")


def recipe_faults(recipe: Recipe) -> list[Fault]:
    """The faults of a recipe, each with the field it is in."""
    return list(
        chain(
            _names(recipe), _ranges(recipe), _shares(recipe), _boxes(recipe), _pairs(recipe),
            _rates(recipe),
        )
    )  # fmt: skip


def _names(recipe: Recipe) -> Iterator[Fault]:
    if not (isinstance(recipe.name, str) and recipe.name.strip() and recipe.name.isprintable()):
        yield Fault("name", f"is {recipe.name!r}; expected a printable name")


def _ranges(recipe: Recipe) -> Iterator[Fault]:
    try:
        ranges = checked_type_ranges(dict(recipe.type_ranges))
    except SpecError as err:
        yield from err.faults
        return
    for modality, (_, high) in ranges.items():
        size = recipe.world.sizes.get(modality)
        if size is None:
            yield Fault(f"type_ranges.{modality}", "the world has no such modality")
        elif high > size:
            found = f"asks for up to {high}, but the world has {size}"
            yield Fault(f"type_ranges.{modality}", found)


def _shares(recipe: Recipe) -> Iterator[Fault]:
    from campaignkit.recipes.recipe import share_out

    sound = True
    for name in ("train_rows", "test_rows"):
        rows = getattr(recipe, name)
        if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
            yield Fault(name, f"is {rows!r}; expected a whole number of 1 or more")
            sound = False
    if not recipe.label_shares:
        yield Fault("label_shares", "names no label")
        return
    for label, share in recipe.label_shares.items():
        if isinstance(share, bool) or not isinstance(share, int | float) or not (
            math.isfinite(share) and share > 0
        ):  # fmt: skip
            yield Fault(f"label_shares.{label}", f"is {share!r}; expected a number above 0")
            sound = False
    if not sound:
        return
    for name in ("train_rows", "test_rows"):
        counts = share_out(getattr(recipe, name), recipe.label_shares)
        empty = [label for label, count in counts.items() if not count]
        if empty:
            yield Fault(name, f"leaves no row for {', '.join(empty)}", "ask for more rows")


def _boxes(recipe: Recipe) -> Iterator[Fault]:
    labels = list(recipe.label_shares)
    if recipe.label_boxes is None:
        unknown = [label for label in labels if label not in _SUGGESTED]
        if unknown:
            found = f"names {', '.join(map(repr, unknown))} and there are no label_boxes"
            yield Fault("label_shares", found, "name pos, avg, neg, or give label_boxes")
        return
    if list(recipe.label_boxes) != labels:
        found = f"holds {', '.join(recipe.label_boxes)}; expected {', '.join(labels)}, as shared"
        yield Fault("label_boxes", found)
    for label, (pos, neg) in recipe.label_boxes.items():
        try:
            LabelSpec(pos_frac_range=pos, neg_frac_range=neg, num_samples=1)
        except SpecError as err:
            for fault in err.faults:
                yield Fault(f"label_boxes.{label}.{fault.where}", fault.found, fault.fix)


def _pairs(recipe: Recipe) -> Iterator[Fault]:
    seen: dict[frozenset[str], str] = {}
    for name in ("inverse_pairs", "middle_pairs"):
        pairs: Sequence[tuple[str, str]] = getattr(recipe, name)
        for pair in pairs:
            if isinstance(pair, str) or len(pair) != 2 or len({*pair}) != 2:
                yield Fault(name, f"holds {pair!r}; expected two different modalities")
                continue
            for modality in pair:
                if modality not in recipe.type_ranges:
                    known = ", ".join(recipe.type_ranges)
                    yield Fault(name, f"names {modality!r}, which is not in type_ranges ({known})")
            key = frozenset(pair)
            if key in seen:
                found = f"names {' and '.join(pair)}, which {seen[key]} has named already"
                yield Fault(name, found)
            seen[key] = name


def _rates(recipe: Recipe) -> Iterator[Fault]:
    for name in ("label_noise", "attribute_noise"):
        rate = getattr(recipe, name)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
            yield Fault(name, f"is {rate!r}; expected a share in [0, 1]")
    if recipe.label_noise and len(recipe.label_shares) < 2:
        yield Fault("label_noise", "needs a second label to swap to")
