"""JSONL lines from fragments that were escaped once: copying, sixteen bytes at a time.

Copies run up to 15 bytes past a fragment's end. The arena is padded for the reads, the buffer for
the writes, and the next fragment overwrites what was too much.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

_PAIR: Any = types.UniTuple(types.int64, 2)  # type: ignore[no-untyped-call]
WIDTH = 16  # bytes per copy: one vector register on every 64-bit machine


def _read(kind: Any, ndim: int = 1) -> Any:  # numba's types
    # A writable array passes for a read-only one, not the other way round: blocks may be either.
    return types.Array(kind, ndim, "C", readonly=True)


def _copy_16_code(
    typingctx: Any, to: Any, at: Any, source: Any, begin: Any
) -> Any:  # numba's types
    """Copy 16 bytes, unaligned, unchecked: ``to[at:at + 16] = source[begin:begin + 16]``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        proxy: Any = cgutils.create_struct_proxy
        vector = ir.VectorType(ir.IntType(8), WIDTH)

        def address(array_type: Any, array: Any, offset: Any) -> Any:
            data = proxy(array_type)(context, builder, value=array).data
            return builder.bitcast(builder.gep(data, [offset]), vector.as_pointer())

        value = builder.load(address(signature.args[2], args[2], args[3]), align=1)
        builder.store(value, address(signature.args[0], args[0], args[1]), align=1)
        return context.get_dummy_value()

    return types.void(to, types.int64, source, types.int64), generate


_copy_16: Any = intrinsic(_copy_16_code)


@njit(cache=True, nogil=True, boundscheck=False)
def _copy(
    to: NDArray[np.uint8],
    at: int,
    source: NDArray[np.uint8],
    begin: int,
    length: int,
) -> int:
    _copy_16(to, at, source, begin)
    done = WIDTH
    while done < length:
        _copy_16(to, at + done, source, begin + done)
        done += WIDTH
    return at + length


@njit(
    _PAIR(
        _read(types.int32),
        _read(types.int64),
        _read(types.uint8),
        types.int64,
        _read(types.uint8),
        _read(types.int64, 2),
        _read(types.int64, 2),
        _read(types.int64, 2),
        _read(types.int64),
        types.uint8[::1],
    ),
    cache=True,
    nogil=True,
    boundscheck=False,
)
def write_lines(
    nodes: NDArray[np.int32],
    offsets: NDArray[np.int64],
    labels: NDArray[np.uint8],
    row: int,
    arena: NDArray[np.uint8],
    values: NDArray[np.int64],
    heads: NDArray[np.int64],
    tails: NDArray[np.int64],
    starts: NDArray[np.int64],
    buffer: NDArray[np.uint8],
) -> tuple[int, int]:
    """Write lines into a buffer until it is full or the rows end.

    Parameters
    ----------
    nodes, offsets, labels : int32[total], int64[rows + 1], uint8[rows]
        A block, checked: nothing is checked here.
    row : int
        The first row to write.
    arena : uint8[bytes]
        All fragments, padded by 16 bytes at the end.
    values, heads, tails : int64[n, 2]
        Begin and length, in the arena, of every node's text with its comma, of what opens each
        modality, and of what closes a line with each label.
    starts : int64[modalities + 1]
        First node of each modality.
    buffer : uint8[capacity]
        Where the lines go.

    Returns
    -------
    (int, int)
        The first row not written, and the bytes written. The same row as given: it does not fit.
    """
    capacity = len(buffer) - WIDTH
    fixed = 0
    for m in range(len(heads)):
        fixed += heads[m, 1]
    at = 0
    for r in range(row, len(labels)):
        i = offsets[r]
        end = offsets[r + 1]
        label = labels[r]
        need = fixed + tails[label, 1]
        for j in range(i, end):
            need += values[nodes[j], 1]
        if at + need > capacity:
            return r, at
        for m in range(len(heads)):
            at = _copy(buffer, at, arena, heads[m, 0], heads[m, 1])
            first = i
            limit = starts[m + 1]
            while i < end and nodes[i] < limit:
                node = nodes[i]
                at = _copy(buffer, at, arena, values[node, 0], values[node, 1])
                i += 1
            if i > first:
                at -= 1  # the comma after the last value
        at = _copy(buffer, at, arena, tails[label, 0], tails[label, 1])
    return len(labels), at
