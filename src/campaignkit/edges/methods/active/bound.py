"""How large a share can be, given how often something was seen in a sample."""

from __future__ import annotations


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
