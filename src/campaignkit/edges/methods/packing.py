"""Which pairs go into one call together, when all of them are to be judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import checked_count
from campaignkit.edges.pairs import PairTable, chunks
from campaignkit.errors import GraphError

Packing = Literal["published", "oriented", "mixed", "pairs"]
PACKINGS: tuple[str, ...] = get_args(Packing)

IntArray = NDArray[np.int64]
Calls = list[IntArray]

# Above, the search by flow takes long and calls are all but full anyway: with 1,600 attributes
# each is primary some 20 times over.
MAX_PAIRS_FOR_FLOW = 1_000_000
_TRIES = 24  # numbers of calls that are tried right above the least that can be, and further up


def pack(
    table: PairTable, packing: Packing, *, batch_size: int = 25, rows: IntArray | None = None
) -> Calls:
    """Pairs of a catalogue, once each, in calls of at most `batch_size`.

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
    rows : int64[k], optional
        Which pairs; all of them without it.

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
        return chunks(np.arange(len(table)) if rows is None else rows, batch_size)
    return [call for _, call in calls_by_primary(table, packing, batch_size=batch_size, rows=rows)]


def calls_by_primary(
    table: PairTable, packing: Packing, *, batch_size: int, rows: IntArray | None = None
) -> list[tuple[int, IntArray]]:
    """Calls of one primary attribute each: its catalogue position, and the pairs' numbers."""
    chosen = np.arange(len(table)) if rows is None else np.asarray(rows, dtype=np.int64)
    ends = table.pairs[chosen].astype(np.int64)
    if packing == "mixed":
        together = primary = orient(ends, table.codes, batch_size=batch_size)
    else:
        by_name = np.argsort(np.argsort(table.catalogue.modalities))
        ranks = by_name[table.codes][ends]
        primary = np.where(ranks[:, 0] < ranks[:, 1], ends[:, 0], ends[:, 1])
        if packing == "oriented":
            primary = _cheapest_sides(ends, table.codes, batch_size, rank=by_name)
        both = ranks.min(axis=1) * len(by_name) + ranks.max(axis=1)
        together = both * len(table.codes) + primary
    # Rows of one number go together, the lowest number first.
    order = np.argsort(together, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(together[order])) + 1)
    calls = [call for group in groups for call in chunks(group, batch_size)]
    return [(int(primary[call[0]]), chosen[call]) for call in calls]


def fewest_calls(table: PairTable, *, batch_size: int = 25, one_primary: bool = False) -> int:
    """A number of calls below which no packing can go, with one primary a call or without.

    Every call contains `batch_size` pairs at most; for one primary each see `least_calls`.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> table = PairTable(Catalogue.bundled("starter-27"))
    >>> fewest_calls(table), fewest_calls(table, one_primary=True)
    (11, 17)
    """
    if one_primary:
        return least_calls(table.pairs, table.codes, batch_size=batch_size)
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
    checked_count(batch_size, "batch_size", error=GraphError)


def orient(ends: IntArray, codes: NDArray[np.integer], *, batch_size: int) -> IntArray:
    """int64[k]: the primary attribute of each pair, so that few calls are needed.

    A call contains one primary and at most `batch_size` targets of any modality, so a primary with
    d targets costs ceil(d / batch_size) calls. The number of calls is tried from the least upward:
    the calls are handed out to attributes in a few ways, and a maximum flow says whether each
    pair finds room with one of its two ends. Where a try succeeds at the least number, it is
    proved minimal (:func:`least_calls`); if none does, the cheapest modality of each two gives the
    primaries, or of each pair the attribute that has more of them.

    Parameters
    ----------
    ends : int64[k, 2]
        The attributes of each pair.
    codes : int[n]
        The modality of each attribute.
    batch_size : int
        Targets in one call, at most.
    """
    degree = np.bincount(ends.ravel(), minlength=len(codes))
    busier = np.where(degree[ends[:, 0]] >= degree[ends[:, 1]], ends[:, 0], ends[:, 1])
    sides = _cheapest_sides(ends, codes, batch_size, rank=np.arange(int(codes.max()) + 1))
    plain = min(sides, busier, key=lambda primary: _calls_of(primary, batch_size))
    if len(ends) > MAX_PAIRS_FOR_FLOW:
        return plain
    least = least_calls(ends, codes, batch_size=batch_size)
    most = _calls_of(plain, batch_size)
    further = np.linspace(least + _TRIES, most, _TRIES, dtype=np.int64).tolist()
    for num_calls in [*range(least, least + _TRIES), *further]:
        if num_calls >= most:
            break
        for calls in _ways(degree, codes, num_calls, batch_size):
            found = _oriented(ends, calls * batch_size)
            if found is not None:
                return found
    return plain


def least_calls(ends: NDArray[np.integer], codes: NDArray[np.integer], *, batch_size: int) -> int:
    """A number of calls of one primary each below which there is no way to cover some pairs.

    An attribute's k-th call contains no more than a batch, nor than its pairs leave: with the
    fullest calls of all attributes taken first, their sum must come to all pairs. And where these
    are all pairs of different modalities, at most one modality has no primary.
    """
    sizes = np.bincount(codes)
    full, rest = np.divmod(np.bincount(ends.ravel(), minlength=len(codes)), batch_size)
    holds = np.concatenate([np.full(int(full.sum()), batch_size), np.sort(rest)[::-1]])
    enough = int(np.searchsorted(np.cumsum(holds), len(ends))) + 1
    is_whole = 2 * len(ends) == len(codes) ** 2 - int((sizes**2).sum())
    return max(enough, len(codes) - int(sizes.max()) if is_whole else 0)


def _calls_of(primary: IntArray, batch_size: int) -> int:
    return int((-(-np.bincount(primary) // batch_size)).sum())


def _cheapest_sides(
    ends: IntArray, codes: NDArray[np.integer], batch_size: int, *, rank: IntArray
) -> IntArray:
    """Per pair of modalities, the one as primary that costs fewer calls; of equals the first."""
    sizes = np.bincount(codes)
    cost = sizes[:, None] * -(-sizes // batch_size)
    first, second = codes[ends].T
    forth, back = cost[first, second], cost[second, first]
    chosen = (forth < back) | ((forth == back) & (rank[first] < rank[second]))
    return np.where(chosen, ends[:, 0], ends[:, 1])


def _ways(
    degree: IntArray, codes: NDArray[np.integer], num_calls: int, batch_size: int
) -> Iterator[IntArray]:
    """int64[n]: ways to hand out calls to attributes, none more than its pairs can fill."""
    # One modality may be left to be target alone: the largest saves most primaries.
    spared = np.where(codes == np.bincount(codes).argmax(), 0.0, 1.0)
    for weight in (np.ones(len(degree)), degree, np.sqrt(degree), spared, spared * degree):
        given = _shared_out(num_calls, weight.astype(float), -(-degree // batch_size))
        if given is not None:
            yield given


def _shared_out(number: int, weight: NDArray[np.float64], most: IntArray) -> IntArray | None:
    """Whole numbers near a share by weight, no larger than `most`, that add up to `number`."""
    given = np.zeros(len(weight), dtype=np.int64)
    free = (weight > 0) & (most > 0)
    while number > 0 and free.any():
        share = np.where(free, weight, 0.0)
        exact = number * share / share.sum()
        whole = np.minimum(np.floor(exact).astype(np.int64), most - given)
        if not whole.any():
            order = np.argsort(-np.where(free, exact, -1.0), kind="stable")[:number]
            whole = np.zeros_like(given)
            whole[order[free[order]]] = 1
        given += whole
        number -= int(whole.sum())
        free &= given < most
    return given if number == 0 else None


def _oriented(ends: IntArray, room: IntArray) -> IntArray | None:
    """A primary for each pair so that none has more than its room, or None if there is no way.

    Begins with any primaries and turns pairs around along paths from attributes with too many to
    attributes with room left: a maximum flow in a network of the attributes alone.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    num_nodes = len(room)
    one, other = ends.T
    # Either end by turns, or the one that has room where the other has none.
    alternate = np.where((one + other) % 2 == 0, one, other)
    guess = np.where(room[one] == 0, other, np.where(room[other] == 0, one, alternate))
    primary: IntArray = guess.astype(np.int64)
    load = np.bincount(primary, minlength=num_nodes)
    over, under = np.maximum(load - room, 0), np.maximum(room - load, 0)
    if not over.any():
        return primary
    if room.sum() < len(one):
        return None
    target = one + other - primary
    source, sink = num_nodes, num_nodes + 1
    nodes = np.arange(num_nodes)
    rows = np.concatenate([primary, np.full(num_nodes, source), nodes])
    columns = np.concatenate([target, nodes, np.full(num_nodes, sink)])
    capacity = np.concatenate([np.ones(len(one), dtype=np.int64), over, under])
    shape = (num_nodes + 2, num_nodes + 2)
    network = csr_array((capacity.astype(np.int32), (rows, columns)), shape=shape)
    network.eliminate_zeros()
    found = maximum_flow(network, source, sink)
    if found.flow_value < over.sum():
        return None
    turned = np.asarray(found.flow[primary, target]).ravel() > 0
    return np.where(turned, target, primary)
