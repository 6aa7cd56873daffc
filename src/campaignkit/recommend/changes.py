"""Single changes of a campaign that keep the rules: one value swapped, added or removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from campaignkit.recommend.partial import Question

Kind = Literal["swap", "add", "remove"]


class NodeChange(NamedTuple):
    """A change in node numbers.

    Attributes
    ----------
    kind : {"swap", "add", "remove"}
    part : int
        Which open modality of the question.
    out, into : int or None
        The node that leaves, and the one that comes.
    nodes : int64[size]
        The campaign after it, ascending.
    """

    kind: Kind
    part: int
    out: int | None
    into: int | None
    nodes: NDArray[np.int64]


def changes_of(question: Question, nodes: NDArray[np.int64]) -> Iterator[NodeChange]:
    """All single changes of a campaign that keep the rules of a question.

    Examples
    --------
    >>> from campaignkit.dataset import Vocabulary
    >>> from campaignkit.recommend.partial import PartialCampaign, read_partial
    >>> vocabulary = Vocabulary.of([("a", "x"), ("b", "y"), ("b", "z")])
    >>> partial = PartialCampaign(known={"a": "x"}, type_ranges={"b": (1, 2)})
    >>> question = read_partial(partial, vocabulary, {})
    >>> [(change.kind, change.nodes.tolist()) for change in changes_of(question, np.array([0, 1]))]
    [('add', [0, 1, 2]), ('swap', [0, 2])]
    """
    chosen = np.setdiff1d(nodes, question.fixed)
    left = question.budget - question.costs[chosen].sum()
    for part, (candidates, low, high) in enumerate(question.open):
        own = np.intersect1d(candidates, chosen)
        for out in [None, *own.tolist()]:
            rest = nodes if out is None else nodes[nodes != out]
            room = left if out is None else left + question.costs[out]
            if out is not None and low < len(own) <= high + 1 and room >= 0:
                yield NodeChange("remove", part, out, None, rest)
            if not low <= len(own) + (out is None) <= high:
                continue
            meets = np.isin(question.pairs, rest)
            barred = question.pairs[meets[:, ::-1]]
            fits = candidates[question.costs[candidates] <= room]
            for into in np.setdiff1d(fits, np.append(own, barred)).tolist():
                kind: Kind = "add" if out is None else "swap"
                yield NodeChange(kind, part, out, into, np.sort(np.append(rest, into)))
