"""From edges as they came to a settled table: each pair once, source < target, ascending."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue
from campaignkit.errors import Fault, GraphError
from campaignkit.graph.columns import EdgeColumns
from campaignkit.graph.edge import Key

BothSigns = Literal["error", "drop", "first"]
Neutral = Literal["keep", "drop", "error"]


def settle(
    columns: EdgeColumns,
    catalogue: Catalogue,
    *,
    both_signs: BothSigns,
    neutral: Neutral,
    where: Callable[[int], str],
    what: str = "the edges",
) -> EdgeColumns:
    """Apply the neutral policy, orient, sort and merge; both directions of a pair are one.

    Parameters
    ----------
    columns : EdgeColumns
        Rows as they came, with node numbers of `catalogue`.
    both_signs : {"error", "drop", "first"}
        What becomes of a pair that comes with two different signs.
    neutral : {"keep", "drop", "error"}
        What becomes of rows of sign 0. "drop" is applied before contradictions are looked for.
    where : callable
        Says where row i came from, for faults.
    what : str
        What is being read, for the message.

    Raises
    ------
    GraphError
        With one fault per contradictory pair, or per neutral row that is not allowed.
    """
    check_option("both_signs", both_signs, ("error", "drop", "first"))
    check_option("neutral", neutral, ("keep", "drop", "error"))
    rows = np.arange(len(columns), dtype=np.int64)
    if neutral != "keep":
        rows = rows[columns.sign != 0]
        if neutral == "error" and len(rows) < len(columns):
            raise _neutral_error(np.flatnonzero(columns.sign == 0), where, what)

    low = np.minimum(columns.source[rows], columns.target[rows])
    high = np.maximum(columns.source[rows], columns.target[rows])
    key = pair_keys(low, high, len(catalogue))
    order = np.argsort(key, kind="stable")
    key, sign = key[order], columns.sign[rows][order]
    first = np.ones(len(key), dtype=bool)
    first[1:] = key[1:] != key[:-1]
    # Within a run of one pair every sign equals its neighbour's unless the run contradicts itself.
    clash = np.zeros(len(key), dtype=bool)
    clash[1:] = ~first[1:] & (sign[1:] != sign[:-1])
    if clash.any() and both_signs == "error":
        faults = _clash_faults(rows[order], first, clash, columns, catalogue, where)
        raise GraphError(
            f"{what}: {_pairs(len(faults))} with two signs; expected one sign a pair",
            hint='mend them, or pass both_signs="drop" (neither) or both_signs="first"',
            faults=faults,
        )
    kept = first
    if both_signs == "drop":
        run = np.cumsum(first) - 1
        bad = np.zeros(len(key), dtype=bool)
        bad[run[clash]] = True
        kept = first & ~bad[run]

    settled = columns.take(rows[order[kept]])
    return replace(settled, source=low[order[kept]], target=high[order[kept]]).frozen()


def pair_keys(low: NDArray[np.int32], high: NDArray[np.int32], n: int) -> NDArray[np.int64]:
    """One ascending number a pair: ``low * n + high``."""
    return low.astype(np.int64) * n + high


def check_option(name: str, value: object, allowed: Sequence[str]) -> None:
    """Refuse a word that is no option of `name`.

    Examples
    --------
    >>> check_option("neutral", "maybe", ("keep", "drop"))
    Traceback (most recent call last):
        ...
    campaignkit.errors.GraphError: neutral is 'maybe'; expected one of 'keep', 'drop'
    """
    if value not in allowed:
        raise GraphError(f"{name} is {value!r}; expected one of {', '.join(map(repr, allowed))}")


def say(key: Key) -> str:
    """An attribute in a message: its modality and its quoted value.

    Examples
    --------
    >>> say(("brand", "Rolex"))
    "brand 'Rolex'"
    """
    return f"{key[0]} {key[1]!r}"


def _neutral_error(rows: NDArray[np.int64], where: Callable[[int], str], what: str) -> GraphError:
    faults = [
        Fault(where(row), "sign 0 (neutral) is not allowed here", "remove the line")
        for row in rows.tolist()
    ]
    return GraphError(
        f"{what}: {len(faults)} neutral judgements",
        hint='pass neutral="drop" or neutral="keep"',
        faults=faults,
    )


def _clash_faults(  # noqa: PLR0917
    rows: NDArray[np.int64],
    first: NDArray[np.bool_],
    clash: NDArray[np.bool_],
    columns: EdgeColumns,
    catalogue: Catalogue,
    where: Callable[[int], str],
) -> list[Fault]:
    starts = np.flatnonzero(first)
    run = np.cumsum(first) - 1
    faults = []
    seen: set[int] = set()
    for position in np.flatnonzero(clash).tolist():
        if int(run[position]) in seen:
            continue
        seen.add(int(run[position]))
        here, there = int(rows[position]), int(rows[starts[run[position]]])
        a, b = catalogue[int(columns.source[there])], catalogue[int(columns.target[there])]
        faults.append(
            Fault(
                where(here),
                f"{say(a.key)} and {say(b.key)} have sign {columns.sign[here]:+d} here and "
                f"{columns.sign[there]:+d} at {where(there)}",
                "keep one of them",
            )
        )
    return faults


def _pairs(count: int) -> str:
    return "1 pair" if count == 1 else f"{count:,} pairs"
