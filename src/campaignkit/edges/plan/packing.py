"""Which pairs go into one call together, when all of them are to be judged."""

from __future__ import annotations

from itertools import combinations
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from campaignkit.edges.pair_table import PairTable
from campaignkit.edges.plan.orientation import least_calls, orient
from campaignkit.errors import GraphError

Packing = Literal["published", "oriented", "mixed", "pairs"]
PACKINGS: tuple[str, ...] = get_args(Packing)

Calls = list[NDArray[np.int64]]


def pack(table: PairTable, packing: Packing, *, batch_size: int = 25) -> Calls:
    """All pairs of a catalogue, once each, in calls of at most `batch_size`.

    Parameters
    ----------
    table : PairTable
        The pairs.
    packing : {"published", "oriented", "mixed", "pairs"}
        ``"published"``: one primary attribute and targets of one modality a call, modalities by
        name, the earlier one primary. ``"oriented"``: the same, with the cheaper of the two as
        primary. ``"mixed"``: one primary and targets of any modality. ``"pairs"``: any pairs.
    batch_size : int
        25 as published.

    Returns
    -------
    list of int64[k]
        Pair numbers of each call.

    Raises
    ------
    GraphError
        If there is no such packing, or the batch size is none.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> table = PairTable(Catalogue.bundled("starter-27"))
    >>> {packing: len(pack(table, packing)) for packing in PACKINGS}
    {'published': 54, 'oriented': 27, 'mixed': 17, 'pairs': 11}
    """
    check_packing(packing, batch_size)
    if packing == "pairs":
        return _chunks(np.arange(len(table)), batch_size)
    if packing == "mixed":
        return _mixed(table, batch_size)
    return _by_modality(table, batch_size, cheapest=packing == "oriented")


def fewest_calls(table: PairTable, *, batch_size: int = 25, one_primary: bool = False) -> int:
    """A number of calls below which no packing can go.

    Every call holds `batch_size` pairs at most; with one primary a call see
    :func:`~campaignkit.edges.plan.orientation.least_calls`.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> table = PairTable(Catalogue.bundled("starter-27"))
    >>> fewest_calls(table), fewest_calls(table, one_primary=True)
    (11, 17)
    """
    if one_primary:
        return least_calls(table, batch_size=batch_size)
    return -(-len(table) // batch_size)


def check_packing(packing: object, batch_size: object) -> None:
    """Refuse what is no packing or no batch size.

    Raises
    ------
    GraphError
    """
    if packing not in PACKINGS:
        listed = ", ".join(map(repr, PACKINGS))
        raise GraphError(f"packing is {packing!r}; expected one of {listed}")
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise GraphError(f"batch_size is {batch_size!r}; expected an integer from 1 on")


def _by_modality(table: PairTable, batch_size: int, *, cheapest: bool) -> Calls:
    modalities = table.catalogue.modalities
    groups = [np.flatnonzero(table.codes == code) for code in range(len(modalities))]
    by_name = sorted(range(len(modalities)), key=lambda code: modalities[code])
    calls: Calls = []
    for first, second in combinations(by_name, 2):
        one, other = groups[first], groups[second]
        if cheapest and _num_calls(other, one, batch_size) < _num_calls(one, other, batch_size):
            one, other = other, one
        for primary in one:
            targets = table.indices(np.full(len(other), primary), other)
            calls += _chunks(targets, batch_size)
    return calls


def _num_calls(primaries: NDArray[np.int64], targets: NDArray[np.int64], batch_size: int) -> int:
    return len(primaries) * -(-len(targets) // batch_size)


def _mixed(table: PairTable, batch_size: int) -> Calls:
    primary = orient(table, batch_size=batch_size)
    order = np.argsort(primary, kind="stable")
    starts = np.flatnonzero(np.diff(primary[order], prepend=-1))
    return [
        call
        for group in np.split(order.astype(np.int64), starts[1:])
        for call in _chunks(group, batch_size)
    ]


def _chunks(pairs: NDArray[np.int64], batch_size: int) -> Calls:
    return [pairs[start : start + batch_size] for start in range(0, len(pairs), batch_size)]
