"""What a store already knows of a build's pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.edges.answer_store import AnswerStore, Vote
from campaignkit.edges.pairs import PairTable
from campaignkit.edges.scorers.llm import settled
from campaignkit.edges.scorers.protocols import Judgement, Pair


@dataclass(frozen=True, slots=True)
class Recalled:
    """Stored judgements, by pair number.

    Attributes
    ----------
    known : bool[P]
        Pairs that another build in the store has judged.
    elsewhere, own : dict of int to Judgement
        What those builds said, and what earlier runs of this build said.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> pairs = PairTable(Catalogue.bundled("starter-27"))
    >>> recall(AnswerStore(None), pairs, scorer="mine", build=1, shown=None).own
    {}
    """

    known: NDArray[np.bool_]
    elsewhere: dict[int, Judgement]
    own: dict[int, Judgement]


def recall(
    store: AnswerStore,
    pairs: PairTable,
    *,
    scorer: str,
    build: int,
    shown: Callable[[Pair], str] | None,
) -> Recalled:
    """Find what a store has of a scorer's answers about these pairs.

    Parameters
    ----------
    scorer : str
        What its answers are kept under.
    build : int
        The number of this build.
    shown : function, optional
        What the scorer is shown of a pair now; an answer to something else is none.
    """
    found = list(store.answers(scorer, among=pairs.catalogue))
    index = pairs.catalogue.index
    ends = np.array([[index(key) for key in a.pair] for a in found], dtype=np.int64)
    ends = ends.reshape(-1, 2)
    numbers = pairs.indices(ends[:, 0], ends[:, 1])
    votes: dict[int, dict[Vote, Judgement]] = {}
    known = np.zeros(len(pairs), dtype=np.bool_)
    for number, answer in zip(numbers.tolist(), found, strict=True):
        if answer.shown != ("" if shown is None else shown(pairs.pair(number))):
            continue
        votes.setdefault(number, {})[answer.vote] = answer.judgement
        known[number] |= answer.build != build
    said = {number: settled(cast) for number, cast in votes.items()}
    return Recalled(
        known,
        {number: judged for number, judged in said.items() if judged and known[number]},
        {number: judged for number, judged in said.items() if judged and not known[number]},
    )
