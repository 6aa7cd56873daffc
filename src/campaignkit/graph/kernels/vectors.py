"""Vector instructions numba's loops do not reach: 512 bits at a time, on any processor.

Each intrinsic emits LLVM vector operations of a fixed width; LLVM lowers them to what the machine
has (AVX-512, AVX2, NEON ...), with the same results everywhere. Callers guarantee the bounds: rows
are padded to whole vectors (see :mod:`campaignkit.graph.node_tables`).
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_WORDS = ir.VectorType(_I64, 8)
_BYTES = ir.VectorType(_I8, 64)


def _data(context, builder, kind, value):
    return context.make_array(kind)(context, builder, value).data


def _load(builder, pointer, offset, kind):
    address = builder.gep(pointer, [offset])
    return builder.load(builder.bitcast(address, kind.as_pointer()), align=1)


def _store(builder, vector, pointer, offset):
    address = builder.gep(pointer, [offset])
    builder.store(vector, builder.bitcast(address, vector.type.as_pointer()), align=1)


def _call(builder, name, returns, argument):
    kind = ir.FunctionType(returns, [argument.type])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [argument])


def _splat(builder, scalar, kind):
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(_I32, 0))
    zeros = ir.Constant(ir.VectorType(_I32, kind.count), [0] * kind.count)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), zeros)


@intrinsic
def count_bits(typing, word):
    """How many bits of a uint64 are set, as int64."""

    def build(context, builder, signature, args):
        return builder.ctpop(args[0])

    return types.int64(types.uint64), build


@intrinsic
def count_pairs(typing, bits, num_words, nodes, num_nodes, mask):
    """Sum over the nodes of the bits their row of `bits` shares with `mask`: int64.

    bits : uint64[n * num_words]; nodes : int32[>= num_nodes]; mask : uint64[num_words];
    num_words a multiple of 8. With `mask` the node set itself, each pair counts twice.
    """

    def build(context, builder, signature, args):
        rows = _data(context, builder, signature.args[0], args[0])
        members = _data(context, builder, signature.args[2], args[2])
        mask_data = _data(context, builder, signature.args[4], args[4])
        num_words, count = args[1], args[3]
        total = cgutils.alloca_once_value(builder, ir.Constant(_WORDS, [0] * 8))
        blocks = builder.lshr(num_words, ir.Constant(_I64, 3))
        with cgutils.for_range(builder, count) as outer:
            node = builder.sext(builder.load(builder.gep(members, [outer.index])), _I64)
            start = builder.mul(node, num_words)
            with cgutils.for_range(builder, blocks) as inner:
                at = builder.shl(inner.index, ir.Constant(_I64, 3))
                row = _load(builder, rows, builder.add(start, at), _WORDS)
                both = builder.and_(row, _load(builder, mask_data, at, _WORDS))
                bits = _call(builder, "llvm.ctpop.v8i64", _WORDS, both)
                builder.store(builder.add(builder.load(total), bits), total)
        return _call(builder, "llvm.vector.reduce.add.v8i64", _I64, builder.load(total))

    array64, array32 = types.Array(types.uint64, 1, "C"), types.Array(types.int32, 1, "C")
    signature = types.int64(array64, types.int64, array32, types.int64, array64)
    return signature, build


@intrinsic
def move_degrees(typing, plane, stride, new, old, pos_degree, neg_degree):
    """Add the row of node `new` to the degrees and take the row of `old` away; -1 means none.

    plane : int8[n * stride], signs; stride a multiple of 64; pos_degree, neg_degree :
    uint8[stride]: how many + and - edges each node has to the node set.
    """

    def build(context, builder, signature, args):
        rows = _data(context, builder, signature.args[0], args[0])
        pos = _data(context, builder, signature.args[4], args[4])
        neg = _data(context, builder, signature.args[5], args[5])
        stride, new, old = args[1], args[2], args[3]
        zero64 = ir.Constant(_I64, 0)
        none = ir.Constant(_BYTES, [0] * 64)
        blocks = builder.lshr(stride, ir.Constant(_I64, 6))

        def pass_over(rows_of):
            with cgutils.for_range(builder, blocks) as loop:
                at = builder.shl(loop.index, ir.Constant(_I64, 6))
                p, n = _load(builder, pos, at, _BYTES), _load(builder, neg, at, _BYTES)
                for node, add in rows_of:
                    row = _load(builder, rows, builder.add(builder.mul(node, stride), at), _BYTES)
                    # A comparison is all ones (-1) where true: adding is subtracting it.
                    plus = builder.sext(builder.icmp_signed(">", row, none), _BYTES)
                    minus = builder.sext(builder.icmp_signed("<", row, none), _BYTES)
                    if add:
                        p, n = builder.sub(p, plus), builder.sub(n, minus)
                    else:
                        p, n = builder.add(p, plus), builder.add(n, minus)
                _store(builder, p, pos, at)
                _store(builder, n, neg, at)

        adds = builder.icmp_signed(">=", new, zero64)
        takes = builder.icmp_signed(">=", old, zero64)
        with builder.if_else(builder.and_(adds, takes)) as (both, one):
            with both:
                pass_over([(new, True), (old, False)])
            with one:
                with builder.if_then(adds):
                    pass_over([(new, True)])
                with builder.if_then(takes):
                    pass_over([(old, False)])
        return context.get_dummy_value()

    array_i8, array_u8 = types.Array(types.int8, 1, "C"), types.Array(types.uint8, 1, "C")
    signature = types.none(array_i8, types.int64, types.int64, types.int64, array_u8, array_u8)
    return signature, build


@intrinsic
def box_mask(typing, pos_degree, neg_degree, start, pos_low, pos_width, neg_low, neg_width):
    """Which of the 64 nodes from `start` on have both degrees in range, as bits of a uint64.

    A degree d is in range if low <= d <= low + width, all uint8, low + width <= 255. Reads 64
    bytes from `start` on, so the degree planes end in 64 bytes of padding.
    """

    def build(context, builder, signature, args):
        start = args[2]

        def in_range(kind, value, low, width):
            degrees = _load(builder, _data(context, builder, kind, value), start, _BYTES)
            above = builder.sub(degrees, _splat(builder, low, _BYTES))
            return builder.icmp_unsigned("<=", above, _splat(builder, width, _BYTES))

        pos = in_range(signature.args[0], args[0], args[3], args[4])
        neg = in_range(signature.args[1], args[1], args[5], args[6])
        return builder.bitcast(builder.and_(pos, neg), _I64)

    plane = types.Array(types.uint8, 1, "C")
    u8 = types.uint8
    return types.uint64(plane, plane, types.int64, u8, u8, u8, u8), build


def aligned_zeros(size: int, dtype: type[np.generic]) -> np.ndarray:
    """A zeroed array whose first byte lies on a cache line, so that no vector straddles two."""
    item = np.dtype(dtype).itemsize
    raw = np.zeros(size * item + 64, np.uint8)
    skip = -raw.ctypes.data % 64
    return raw[skip : skip + size * item].view(dtype)
