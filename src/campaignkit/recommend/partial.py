"""What is known of a campaign, what may be chosen, and the rules that a choice must keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from campaignkit.checks import BOX_EPSILON
from campaignkit.dataset import Vocabulary
from campaignkit.errors import Fault, SpecError
from campaignkit.spec.model import SpecModel, did_you_mean
from campaignkit.spec.sampling import CountRange

MAX_CHOSEN = 255  # attributes of a campaign, as in a data set

_Names = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda given: (given,) if isinstance(given, str) else given),
]
_Key = tuple[str, str]
_Cost = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Ranges = Mapping[str, tuple[int, int]]


class PartialCampaign(SpecModel):
    """A campaign of which a part is known, and the rules for the rest.

    Parameters
    ----------
    known : dict of str to str or list of str
        Values by modality. Those of a free modality are required: others are added to them.
    free : list of str, optional
        The modalities to choose. By default all that nothing is known of.
    allowed, forbidden : dict of str to list of str
        Values of a free modality that alone may be chosen, or that may not.
    forbidden_pairs : list of (attribute, attribute)
        Attributes, as (modality, value), that may not come together.
    type_ranges : dict of str to (int, int)
        How many values of a free modality the campaign has, known ones included. By default as
        many as training campaigns have; one, where there are none.
    costs : dict of (modality, value) to float
        What is not named costs nothing.
    budget : float, optional
        The most that the campaign's costs may add up to, known values included.

    Raises
    ------
    SpecError
        With every fault and its path.

    Examples
    --------
    >>> PartialCampaign(known={"brand": "Nike"}, free=["platform"],
    ...                 forbidden={"platform": ["TikTok"]}).known
    {'brand': ('Nike',)}
    """

    title = "partial campaign"

    known: dict[str, _Names] = Field(default_factory=dict)
    free: _Names | None = None
    allowed: dict[str, _Names] = Field(default_factory=dict)
    forbidden: dict[str, _Names] = Field(default_factory=dict)
    forbidden_pairs: tuple[tuple[_Key, _Key], ...] = ()
    type_ranges: dict[str, CountRange] = Field(default_factory=dict)
    costs: dict[_Key, _Cost] = Field(default_factory=dict)
    budget: _Cost | None = None


@dataclass(frozen=True, eq=False)
class Question:
    """A partial campaign in node numbers, checked.

    Attributes
    ----------
    fixed : int64[f]
        Known nodes, ascending.
    open : list of (int64[candidates], int, int)
        For each free modality the nodes that may be chosen, and the fewest and the most of them;
        modalities with the fewest candidates first.
    pairs : int64[p, 2]
        Nodes that may not come together.
    costs : float64[n]
    budget : float
        For what is chosen; inf for no limit.
    notes : tuple of str
        What the reader should know of how the question was read.
    """

    fixed: NDArray[np.int64]
    open: list[tuple[NDArray[np.int64], int, int]]
    pairs: NDArray[np.int64]
    costs: NDArray[np.float64]
    budget: float
    notes: tuple[str, ...] = ()


def read_partial(partial: PartialCampaign, vocabulary: Vocabulary, usual: Ranges) -> Question:
    """Check a partial campaign against what a model knows.

    Parameters
    ----------
    partial : PartialCampaign
    vocabulary : Vocabulary
    usual : mapping of str to (int, int)
        Type ranges of modalities for which `partial` has none.

    Raises
    ------
    SpecError
        With every fault at once, each with what is spelled nearly so.

    Examples
    --------
    >>> vocabulary = Vocabulary.of([("brand", "Nike"), ("geo", "Chile"), ("geo", "Peru")])
    >>> question = read_partial(PartialCampaign(known={"brand": "Nike"}), vocabulary, {})
    >>> question.fixed.tolist(), [nodes.tolist() for nodes, _, _ in question.open]
    ([0], [[1, 2]])
    """
    look = _Look(vocabulary)
    known = look.lists("known", partial.known)
    free = [name for name in vocabulary.modalities if name not in known]
    if partial.free is not None:
        free = [name for name in dict.fromkeys(partial.free) if look.is_modality("free", name)]
    allowed, forbidden = (
        look.lists(name, given, among=free)
        for name, given in (("allowed", partial.allowed), ("forbidden", partial.forbidden))
    )
    for name in {*partial.type_ranges} - {*free}:
        look.tell(f"type_ranges.{name}", "is not free", "name it in free, or drop the range")
    opened = []
    for name in free:
        own, place = known.get(name, []), vocabulary.modalities.index(name)
        every = range(*vocabulary.starts[place : place + 2].tolist())
        may = {*allowed.get(name, every)} - {*forbidden.get(name, [])}
        if {*own} - may:
            look.tell(f"known.{name}", "has a value that may not be chosen", "drop one of the two")
        low, high = partial.type_ranges.get(name) or usual.get(name, (1, 1))
        nodes = sorted(may - {*own})
        least = low if name in partial.type_ranges else min(low, 1)
        if not least <= len(nodes) + len(own) or (len(own) > high and name in partial.type_ranges):
            found = (
                f"{low} to {high} values; {len(own)} are known, {len(nodes)} more may be chosen"
            )
            look.tell(f"type_ranges.{name}", found, "widen the range, or allow other values")
        fewest, most = (min(max(end - len(own), 0), len(nodes)) for end in (low, high))
        opened.append((np.array(nodes, np.int64), fewest, most))
    opened.sort(key=lambda part: len(part[0]))
    fixed = sorted(node for nodes in known.values() for node in nodes)
    if len(fixed) + sum(high for _, _, high in opened) > MAX_CHOSEN:
        look.tell("type_ranges", f"allow more than {MAX_CHOSEN} attributes", "lower a high")
    pairs = [look.keys("forbidden_pairs", pair) for pair in partial.forbidden_pairs]
    for one, other in pairs:
        if one == other or {one, other} <= {*fixed}:
            look.tell("forbidden_pairs", "has a pair that is known", "drop one of the two")
    costs = np.zeros(len(vocabulary))
    costs[look.keys("costs", partial.costs)] = [*partial.costs.values()]
    spent = float(costs[fixed].sum())
    budget = np.inf if partial.budget is None else partial.budget - spent + BOX_EPSILON
    if budget < 0:
        look.tell("budget", f"is {partial.budget:g}; what is known costs {spent:g}", "raise it")
    if look.faults:
        raise SpecError("this campaign cannot be completed", faults=look.faults)
    absent = ", ".join(sorted({*vocabulary.modalities} - {*known, *free}))
    notes = (
        *([f"neither known nor free, so left out: {absent}"] if absent else []),
        *([] if free else ["nothing is free: this is the campaign itself"]),
    )
    places = np.array(pairs, np.int64).reshape(-1, 2)
    return Question(np.array(fixed, np.int64), opened, places, costs, budget, notes)


class _Look:
    """Looks names up in a vocabulary, and keeps what is wrong with them."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary, self.names = vocabulary, vocabulary.modalities
        self.faults: list[Fault] = []

    def tell(self, where: str, found: str, fix: str = "") -> None:
        self.faults.append(Fault(where, found, fix))

    def is_modality(self, where: str, name: str) -> bool:
        if name not in self.names:
            fix = did_you_mean(name, self.names, f"there are: {', '.join(self.names)}")
            self.tell(where, f"{name!r:.60} is no modality of the model", fix)
        return name in self.names

    def node(self, where: str, name: str, value: str) -> int:
        """The node of an attribute; 0 where there is none, which is told."""
        node = self.vocabulary.node_of.get((name, value))
        if node is None and self.is_modality(where, name):
            named = self.vocabulary.to_values()
            elsewhere = [other for other, values in named.items() if value in values]
            near = get_close_matches(value, named[name], n=3, cutoff=0.5)
            fix = f"there are {len(named[name]):,}, such as {', '.join(named[name][:3])}"
            fix = f"did you mean {' or '.join(map(repr, near))}?" if near else fix
            fix = f"it is a value of {' and '.join(elsewhere)}" if elsewhere else fix
            self.tell(where, f"{value!r:.60} is no value that the model knows", fix)
        return node or 0

    def keys(self, where: str, keys: Iterable[_Key]) -> list[int]:
        return [self.node(where, *key) for key in keys]

    def lists(
        self, where: str, given: Mapping[str, Sequence[str]], among: Sequence[str] | None = None
    ) -> dict[str, list[int]]:
        """Nodes by modality; `among` are those that may be named."""
        found = {}
        for name, values in given.items():
            place = f"{where}.{name}"
            if len({*values}) < len(values):
                self.tell(place, "has a value twice", "give each once")
            if among is not None and (name not in among or not values):
                self.tell(
                    place, "is empty, or is not free", "name values, and the modality in free"
                )
            if self.is_modality(place, name) and (values or where != "known"):
                found[name] = [self.node(place, name, value) for value in values]
        return found
