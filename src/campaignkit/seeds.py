"""Named random streams: what is drawn depends on the stream's name and on nothing else.

A public function takes ``seed: int``; inside, ``stream(seed, "split", label)`` makes the
generator of one step. Two names never share a stream, so adding, removing or reordering steps,
workers or chunks leaves every other draw as it was. Kernels take the 64-bit key of a name instead
and derive their own counter-based generators from it.
"""

from __future__ import annotations

import hashlib
import operator
from typing import TYPE_CHECKING

from campaignkit.errors import SettingError

if TYPE_CHECKING:
    from numpy.random import Generator


def key64(seed: int, *name: str | int) -> int:
    """The 64-bit key of a named stream, for kernels; 0 <= key < 2**64.

    Examples
    --------
    >>> key64(7, "sample", "pos") == key64(7, "sample", "pos")
    True
    >>> key64(7, "sample", "pos") == key64(7, "sample", "neg")
    False
    """
    return int.from_bytes(_digest(seed, name)[:8], "little")


def stream(seed: int, *name: str | int) -> Generator:
    """A numpy generator for the named step of a run with this seed.

    Parameters
    ----------
    seed : int
        The run's one seed; any Python integer.
    *name : str or int
        What the draws are for, from the general to the particular.

    Raises
    ------
    SettingError
        If the seed is not an integer.

    Examples
    --------
    >>> int(stream(0, "demo").integers(100)) == int(stream(0, "demo").integers(100))
    True
    """
    import numpy as np

    return np.random.Generator(np.random.PCG64(int.from_bytes(_digest(seed, name), "little")))


def checked_seed(seed: object) -> int:
    """The seed as an int, or an error that says what was given instead.

    Examples
    --------
    >>> checked_seed(7)
    7
    """
    if isinstance(seed, bool):
        raise SettingError(f"seed is {seed!r}; expected an integer", hint="pass seed=0")
    try:
        return operator.index(seed)  # type: ignore[arg-type]
    except TypeError:
        raise SettingError(f"seed is {seed!r}; expected an integer", hint="pass seed=0") from None


def _digest(seed: int, name: tuple[str | int, ...]) -> bytes:
    # The parts are length-prefixed and typed, so ("ab", "c") and ("a", "bc"), 1 and "1" differ.
    hasher = hashlib.sha256(b"campaignkit.seeds.1")
    for part in (checked_seed(seed), *name):
        text = f"{type(part).__name__}:{part}".encode()
        hasher.update(len(text).to_bytes(8, "little") + text)
    return hasher.digest()
