"""A data set as a plan: what to draw, from which world, how much of it, and how noisy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

from campaignkit.errors import Fault, SpecError
from campaignkit.graph import SignedGraph
from campaignkit.progress import Progress
from campaignkit.recipes.label_boxes import Bounds, placed_labels
from campaignkit.recipes.labelling import labelling_graph
from campaignkit.recipes.world import World
from campaignkit.spec import LabelSpec, SamplingSpec
from campaignkit.spec.sampling import checked_type_ranges

if TYPE_CHECKING:
    from campaignkit.recipes.result import RecipeResult

Part = Literal["train", "test"]
_SUGGESTED = ("pos", "avg", "neg")


@dataclass(frozen=True)
class Recipe:
    """A named data set to make: world, type ranges, labels, split and noise.

    Parameters
    ----------
    name, description : str
        What to call it; what it is.
    source : str
        The published data set it is after, and what is published of it.
    world : World
        What its graph is drawn from, where none is given.
    type_ranges : mapping of str to (int, int)
        For each modality, how many of its attributes a campaign holds.
    label_shares : mapping of str to float
        Labels, in the order of their codes, each with its share of the rows; any positive
        numbers, taken relative to their sum.
    train_rows, test_rows : int
        Rows of the two parts. A label's rows are its share, rounded by largest remainder.
    label_boxes : mapping of str to (pos_frac_range, neg_frac_range), optional
        Where the labels lie. By default the boxes that suit the graph, for labels among ``pos``,
        ``avg`` and ``neg``; no two of them overlap.
    inverse_pairs : (str, str) tuples
        Modality pairs whose edges count with the opposite sign when labelling.
    middle_pairs : (str, str) tuples
        Modality pairs whose edges count as neutral when labelling.
    label_noise, attribute_noise : float
        Share of the rows, in [0, 1], whose label is replaced, and of those one of whose
        attributes is.

    Raises
    ------
    SpecError
        With every fault.

    Examples
    --------
    >>> recipe = Recipe("tiny", "A small one", "none", World({"a": 9, "b": 9, "c": 9},
    ...     pos_frac=0.3, neg_frac=0.3), {"a": (1, 2), "b": (1, 2), "c": (1, 2)},
    ...     {"neg": 1, "pos": 1}, train_rows=14, test_rows=6)
    >>> result = recipe.generate(seed=7)
    >>> len(result.train), len(result.test), result.test.label_counts
    (14, 6, {'neg': 3, 'pos': 3})
    """

    name: str
    description: str
    source: str
    world: World
    type_ranges: Mapping[str, tuple[int, int]]
    label_shares: Mapping[str, float]
    train_rows: int
    test_rows: int
    label_boxes: Mapping[str, tuple[Bounds, Bounds]] | None = None
    inverse_pairs: tuple[tuple[str, str], ...] = ()
    middle_pairs: tuple[tuple[str, str], ...] = ()
    label_noise: float = 0.0
    attribute_noise: float = 0.0

    def __repr__(self) -> str:
        return (
            f"Recipe({self.name}: {self.description}; {self.train_rows:,} train and "
            f"{self.test_rows:,} test rows)"
        )

    def __post_init__(self) -> None:
        if faults := _faults(self):
            raise SpecError(f"recipe {self.name!r} has faults; nothing was done", faults=faults)

    def vary(self, **changes: Any) -> Recipe:  # Any: a value of each field's own type
        """The recipe with some fields changed; checked again.

        Raises
        ------
        SpecError
            If there is no such field, or a value does not fit.

        Examples
        --------
        >>> from campaignkit import recipes
        >>> recipes.load("balanced-5").vary(train_rows=700, test_rows=300).label_counts("test")
        {'neg': 87, 'avg': 120, 'pos': 93}
        """
        known = [field.name for field in fields(self)]
        faults = [
            Fault(name, "is not a field of a recipe", _near(name, known))
            for name in changes
            if name not in known
        ]
        if faults:
            raise SpecError("a recipe cannot be varied so", faults=faults)
        return replace(self, **changes)

    def label_counts(self, part: Part) -> dict[str, int]:
        """Rows of each label in a part; they add up to its rows. Noise comes later."""
        rows = {"train": self.train_rows, "test": self.test_rows}[part]
        return share_out(rows, self.label_shares)

    def labelling_graph(self, graph: SignedGraph) -> SignedGraph:
        """The graph whose signs count for labels: `graph` itself but for the named pairs."""
        missing = [name for name in self.type_ranges if name not in graph.catalogue.modalities]
        if missing:
            raise SpecError(
                f"recipe {self.name!r} does not fit the graph; nothing was done",
                faults=[
                    Fault(
                        f"type_ranges.{name}",
                        "the graph has no such modality",
                        _near(name, graph.catalogue.modalities),
                    )
                    for name in missing
                ],
            )
        return labelling_graph(
            graph, inverse_pairs=self.inverse_pairs, middle_pairs=self.middle_pairs
        )

    def spec(self, graph: SignedGraph) -> SamplingSpec:
        """What is sampled, for both parts together, with labels placed on this graph.

        Raises
        ------
        SpecError
            If the recipe does not fit the graph, or a label cannot be placed on it.
        """
        train, test = self.label_counts("train"), self.label_counts("test")
        wanted = {label: train[label] + test[label] for label in train}
        return placed_labels(
            self.labelling_graph(graph),
            wanted,
            type_ranges=self.type_ranges,
            boxes=self.label_boxes,
        )

    def generate(
        self,
        *,
        seed: int = 0,
        graph: SignedGraph | None = None,
        executor: Executor | None = None,
        progress: Progress | None = None,
    ) -> RecipeResult:
        """Make the data set.

        Parameters
        ----------
        seed : int
            The one seed: of the world, the campaigns, the split and the noise, each drawn from
            a stream of its own.
        graph : SignedGraph, optional
            Used in place of the recipe's world.
        executor, progress
            As for :meth:`AnnealingSampler.sample`.

        Raises
        ------
        SpecError
            If the recipe does not fit the graph; InfeasibleSpec if a label has no campaign.
        SamplingFailed
            If a label could not be filled.
        """
        from campaignkit.recipes.result import generate_recipe

        return generate_recipe(self, seed=seed, graph=graph, executor=executor, progress=progress)

    def to_dict(self) -> dict[str, Any]:  # Any: JSON values
        """The recipe as JSON values."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        world = {field.name: getattr(self.world, field.name) for field in fields(self.world)}
        boxes = {name: [*map(list, box)] for name, box in (self.label_boxes or {}).items()}
        return told | {
            "world": world | {"sizes": dict(self.world.sizes)},
            "type_ranges": {name: list(ends) for name, ends in self.type_ranges.items()},
            "label_shares": dict(self.label_shares),
            "label_boxes": boxes or None,
            "inverse_pairs": [list(pair) for pair in self.inverse_pairs],
            "middle_pairs": [list(pair) for pair in self.middle_pairs],
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Recipe:
        """The recipe that :meth:`to_dict` gave, also after a trip through JSON.

        Raises
        ------
        SpecError
            If it is no recipe.

        Examples
        --------
        >>> from campaignkit import recipes
        >>> recipe = recipes.load("ten-90k")
        >>> Recipe.from_dict(recipe.to_dict()) == recipe
        True
        """
        try:
            boxes = told.get("label_boxes")
            return cls(
                **{
                    **told,
                    "world": World(**told["world"]),
                    "type_ranges": {k: _pair(v) for k, v in told["type_ranges"].items()},
                    "label_boxes": boxes
                    and {label: (_pair(pos), _pair(neg)) for label, (pos, neg) in boxes.items()},
                    "inverse_pairs": tuple(_pair(pair) for pair in told["inverse_pairs"]),
                    "middle_pairs": tuple(_pair(pair) for pair in told["middle_pairs"]),
                }
            )
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            if isinstance(err, SpecError):
                raise
            raise SpecError(f"this is no recipe: {err!r}") from err


def share_out(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """`total` in whole numbers in proportion to `shares`, by largest remainder, exactly.

    Examples
    --------
    >>> share_out(10, {"neg": 1, "avg": 1, "pos": 1})
    {'neg': 4, 'avg': 3, 'pos': 3}
    """
    whole = sum(map(Fraction, shares.values()))
    quotas = {name: total * Fraction(share) / whole for name, share in shares.items()}
    counts = {name: int(quota) for name, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda name: counts[name] - quotas[name])
    for name in by_remainder[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def _faults(recipe: Recipe) -> list[Fault]:
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


def _pair(values: Any) -> tuple[Any, Any]:  # Any: JSON
    one, two = values
    return one, two


def _near(name: str, known: Any) -> str:  # Any: some names
    near = get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]}?" if near else f"they are: {', '.join(known)}"
