"""xoshiro256++ seeded by SplitMix64 from (key, index): one generator per campaign.

The state travels as four local values, so that the compiler keeps it in registers; kept in an
array, each draw would wait for memory. All arithmetic is on unsigned integers: every machine draws
the same numbers.

References: Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021; Lemire,
"Fast random integer generation in an interval", 2019.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from campaignkit.graph.kernels.options import PART

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
_S17, _S23, _S27, _S30, _S31 = (np.uint64(s) for s in (17, 23, 27, 30, 31))
_S32, _S41, _S45, _S19 = (np.uint64(s) for s in (32, 41, 45, 19))
_LOW32 = np.uint64(0xFFFFFFFF)
_TWO32 = np.uint64(1 << 32)


@njit(**PART)
def mix64(x):
    """SplitMix64's output function: a bijection of uint64 that scatters nearby inputs."""
    x = (x ^ (x >> _S30)) * _MIX_A
    x = (x ^ (x >> _S27)) * _MIX_B
    return x ^ (x >> _S31)


@njit(**PART)
def seed_state(key, index):
    """The four state words of the generator named (key, index), both uint64."""
    base = mix64(key ^ mix64(index + _GOLDEN))
    s0 = mix64(base + _GOLDEN)
    s1 = mix64(base + _GOLDEN + _GOLDEN)
    s2 = mix64(base + _GOLDEN + _GOLDEN + _GOLDEN)
    s3 = mix64(base + _GOLDEN + _GOLDEN + _GOLDEN + _GOLDEN)
    return s0, s1, s2, s3


@njit(**PART)
def next64(s0, s1, s2, s3):
    """One draw, uniform over uint64: (value, new state)."""
    total = s0 + s3
    value = ((total << _S23) | (total >> _S41)) + s0
    t = s1 << _S17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = (s3 << _S45) | (s3 >> _S19)
    return value, s0, s1, s2, s3


@njit(**PART)
def below(n, s0, s1, s2, s3):
    """One draw, exactly uniform over 0..n-1 for a uint64 0 < n < 2**32: (value, new state)."""
    value, s0, s1, s2, s3 = next64(s0, s1, s2, s3)
    product = (value >> _S32) * n
    low = product & _LOW32
    if low < n:
        surplus = (_TWO32 - n) % n
        while low < surplus:
            value, s0, s1, s2, s3 = next64(s0, s1, s2, s3)
            product = (value >> _S32) * n
            low = product & _LOW32
    return product >> _S32, s0, s1, s2, s3
