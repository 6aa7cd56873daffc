"""Chances as integers: kernels compare random words with these and never touch a float."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LONGEST = 64  # a geometric draw above this has probability below 2**-64 for rho <= 1/2
_WORD = 1 << 64
_ARRIVAL_RHO = 0.3  # measured: arrives in the fewest steps
_LEVELS = 256  # steps of the temperature schedule
_LARGEST_RISE = 64  # edges; a larger rise has no chance at any temperature used
SOFT_WALL_TEMP = 0.5  # edges


def wall_thresholds(rho: float) -> NDArray[np.uint64]:
    """Geometric thresholds of the wall on arrival and inside: uint64[2, 65].

    Row entry j contains rho**(j + 1) * 2**64; the last is 0 and ends the search.
    """
    return np.stack([_geometric(_ARRIVAL_RHO), _geometric(rho)])


def metropolis_chances(start_temp: float, end_temp: float) -> NDArray[np.uint64]:
    """Chances of accepting a rise of d edges: uint64[257, 65], times 2**64 - 1.

    Rows 0..255 follow the geometric schedule; the last row is the soft wall's temperature.
    """
    temps = start_temp * (end_temp / start_temp) ** (np.arange(_LEVELS) / (_LEVELS - 1))
    return np.stack([rise_chances(float(temp)) for temp in [*temps, SOFT_WALL_TEMP]])


def rise_chances(temp: float) -> NDArray[np.uint64]:
    """Chances of accepting a rise of 0, 1, ... edges at one temperature: uint64[65]."""
    chances = np.exp(-np.arange(_LARGEST_RISE + 1) / temp)
    return np.array([min(int(chance * _WORD), _WORD - 1) for chance in chances], np.uint64)


def cumulative_shares(weights: list[float]) -> NDArray[np.uint64]:
    """Cumulative shares of weights as uint64 words; the last is the largest word."""
    ends = np.cumsum(weights) / sum(weights)
    words = [min(int(end * _WORD), _WORD - 1) for end in ends[:-1]]
    return np.array([*words, _WORD - 1], np.uint64)


def _geometric(rho: float) -> NDArray[np.uint64]:
    powers = [min(int(rho ** (j + 1) * _WORD), _WORD - 1) for j in range(_LONGEST)]
    return np.array([*powers, 0], np.uint64)
