"""A scorer that answers from a simulated world, with the errors of a language model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from campaignkit.catalogue import Attribute

if TYPE_CHECKING:
    from campaignkit.edges.rehearsal.world import RehearsalWorld


class RehearsalScorer:
    """Signs from a :class:`RehearsalWorld`: near a border now one sign, now the other.

    A pair asked twice is answered by two draws; what came between does not matter. Pairs late in
    a call are answered a little lower where the world has a position bias.

    Parameters
    ----------
    world : RehearsalWorld
        Where the signs come from.
    rerun : int
        Another number, other errors: two runs of brute force are two numbers.

    Attributes
    ----------
    num_calls, num_judgements : int
        What was asked so far.

    Examples
    --------
    >>> from campaignkit.edges.rehearsal import RehearsalWorld
    >>> world = RehearsalWorld({"brand": 3, "geo": 2}, seed=1)
    >>> scorer = world.scorer()
    >>> scorer.score([(world.catalogue[0], world.catalogue[3])]), scorer.num_calls
    ([1], 1)
    """

    def __init__(self, world: RehearsalWorld, *, rerun: int = 0) -> None:
        self._world = world
        self._rerun = rerun
        self._asked = np.zeros(world.num_pairs, dtype=np.int64)
        self.num_calls = 0
        self.num_judgements = 0

    def score(self, pairs: Sequence[tuple[Attribute, Attribute]]) -> list[int]:
        """A sign for each pair, in one call.

        Raises
        ------
        UnknownAttribute
            If an attribute is not of this world.
        GraphError
            If two attributes are of one modality.
        """
        asked = np.array([self._world.pair_index(a, b) for a, b in pairs], dtype=np.int64)
        self.num_calls += 1
        self.num_judgements += len(asked)
        turns = self._asked[asked]
        np.add.at(self._asked, asked, 1)
        place = np.linspace(0.5, -0.5, len(asked)) if len(asked) > 1 else np.zeros(len(asked))
        signs = np.zeros(len(asked), dtype=np.int64)
        for turn in np.unique(turns).tolist():
            rows = turns == turn
            signs[rows] = self._world.answers(
                asked[rows], rerun=self._rerun, turn=turn, place=place[rows]
            )
        return signs.tolist()
