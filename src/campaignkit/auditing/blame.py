"""Which cell of a row is wrong, where several columns contradict each other in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.distinct import distinct


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The rows in which one column has another value than the column that decides it asks for.

    Attributes
    ----------
    decides, follows : str
        The two columns.
    rows : int64[rows]
        Positions, ascending.
    """

    decides: str
    follows: str
    rows: NDArray[np.int64]


def blamed_cells(contradictions: Sequence[Contradiction]) -> dict[str, NDArray[np.int64]]:
    """Column -> positions of the cells to blame, so that every contradiction is explained.

    In each row the column in most contradictions is blamed, then of what is left the next: if a
    destination contradicts its airport, its time zone and its distance, one wrong destination
    explains more than three others would. Of columns in equally many, those are blamed that
    another column decides: all of them, as nothing tells which.

    Parameters
    ----------
    contradictions : sequence of Contradiction
        From any number of pairs of columns.

    Examples
    --------
    >>> rows = np.array([4])
    >>> found = [Contradiction("dest", c, rows) for c in ("airport", "zone", "distance")]
    >>> {k: v.tolist() for k, v in blamed_cells(found).items()}
    {'dest': [4]}
    """
    if not contradictions:
        return {}
    names = list(dict.fromkeys(n for c in contradictions for n in (c.decides, c.follows)))
    place = {name: i for i, name in enumerate(names)}
    touches = np.zeros((len(contradictions), len(names)), dtype=np.int32)
    follows = np.zeros_like(touches)
    for i, c in enumerate(contradictions):
        touches[i, [place[c.decides], place[c.follows]]] = 1
        follows[i, place[c.follows]] = 1
    rows = distinct(*(c.rows for c in contradictions))
    open_ = np.zeros((len(rows), len(contradictions)), dtype=np.int32)
    for i, c in enumerate(contradictions):
        open_[np.searchsorted(rows, c.rows), i] = 1
    blamed = np.zeros((len(rows), len(names)), dtype=bool)
    left = np.flatnonzero(open_.any(axis=1))
    while left.size:
        here = open_[left]
        votes = here @ touches
        most = votes == votes.max(axis=1, keepdims=True)
        decided = most & (here @ follows > 0)
        # A column that only decides is blamed alone, where it is in more than any other.
        chosen = np.where(decided.any(axis=1, keepdims=True), decided, most)
        blamed[left] |= chosen
        open_[left] = here * (chosen.astype(np.int32) @ touches.T == 0)
        left = left[open_[left].any(axis=1)]
    return {name: rows[blamed[:, i]] for name, i in place.items() if blamed[:, i].any()}
