"""How far predictions can be trusted, learnt on a hold-out: temperature scaling and a bound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

_FEWEST = 20  # pairs to fit a temperature to


def likeliest(probabilities: Float) -> tuple[NDArray[np.int8], Float]:
    """The likeliest sign of each pair, and its probability.

    Examples
    --------
    >>> likeliest(np.float32([[0.2, 0.3, 0.5]]))[0].tolist()
    [1]
    """
    best: NDArray[np.int64] = probabilities.argmax(axis=1)
    return (best - 1).astype(np.int8), probabilities[np.arange(len(best)), best]


def temperature_scaled(
    probabilities: Float, signs: NDArray[np.int8], holdout: NDArray[np.int64]
) -> Float:
    """float32[P, 3]: the probabilities made surer or less sure, as fits the signs of a hold-out.

    The likeliest sign of each pair stays what it is; with fewer than 20 pairs all stays.

    Parameters
    ----------
    probabilities : float32[P, 3]
        Of -, 0 and +.
    signs : int8[P]
        What was judged; used in the hold-out.
    holdout : int64[k]
        Numbers of pairs drawn uniformly, which the probabilities were not learnt from.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger 2017, On calibration of modern neural networks.

    Examples
    --------
    >>> sure = np.tile(np.float32([0.02, 0.08, 0.9]), (100, 1))
    >>> signs = np.where(np.arange(100) % 3, 1, 0).astype(np.int8)
    >>> round(float(temperature_scaled(sure, signs, np.arange(100))[0, 2]), 1)
    0.7
    """
    if len(holdout) < _FEWEST:
        return probabilities
    logs = np.log(np.clip(probabilities, 1e-6, 1))
    seen = signs[holdout].astype(np.int64) + 1
    powers = np.geomspace(0.3, 3.0, 41)  # one over the temperature
    losses = []
    for power in powers:
        scaled = power * logs[holdout]
        loss = np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(holdout)), seen]
        losses.append(loss.mean())
    scaled = float(powers[int(np.argmin(losses))]) * logs
    scaled -= scaled.max(axis=1, keepdims=True)
    made = np.exp(scaled)
    return np.asarray(made / made.sum(axis=1, keepdims=True), dtype=np.float32)


def upper_bound(num_seen: int, num_sampled: int, *, delta: float) -> float:
    """The share that is exceeded with a chance of at most `delta` (Clopper and Pearson, one side).

    Parameters
    ----------
    num_seen, num_sampled : int
        How many of a uniform sample have the property.
    delta : float
        The chance that the true share lies above the bound, in (0, 1).

    References
    ----------
    Clopper and Pearson 1934, The use of confidence or fiducial limits.

    Examples
    --------
    >>> round(upper_bound(0, 100, delta=0.05), 4), upper_bound(0, 0, delta=0.05)
    (0.0295, 1.0)
    """
    from scipy.special import betaincinv

    if num_seen >= num_sampled:
        return 1.0
    return float(betaincinv(num_seen + 1, num_sampled - num_seen, 1 - delta))
