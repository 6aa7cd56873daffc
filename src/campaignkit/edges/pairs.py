"""The pairs a build decides: every two attributes of different modalities, numbered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from campaignkit.catalogue import Attribute, Catalogue, Key
from campaignkit.errors import GraphError

S = TypeVar("S", bound="Sequence[Any] | NDArray[Any]")  # Any: items of any kind
MAX_PAIRS = 50_000_000  # 400 MB of positions; at 25 pairs a call, two million calls
_TOKENS_A_PAIR = 28  # 20 in, 8 out: the plan of retail-160


class PairTable:
    """Every pair of different modalities once, the earlier attribute first, in catalogue order.

    A pair's number is its row. The order is that in which `build_graph` asks without a method:
    all pairs of the first attribute, then those of the second, and so on.

    Parameters
    ----------
    catalogue : Catalogue
        The attributes; at least two modalities.

    Attributes
    ----------
    catalogue : Catalogue
    pairs : int32[P, 2]
        Catalogue positions, read-only; ``pairs[i, 0] < pairs[i, 1]``, rows ascending.
    codes : int32[n]
        Position in ``catalogue.modalities`` of each attribute's modality, read-only.

    Raises
    ------
    GraphError
        If there are no pairs, or more than 50 million: the message says what judging them costs.

    Examples
    --------
    >>> names = [("brand", "Nike"), ("geo", "Peru"), ("geo", "Chile"), ("platform", "Wish")]
    >>> table = PairTable(Catalogue(Attribute(*name) for name in names))
    >>> table.pairs.tolist()
    [[0, 1], [0, 2], [0, 3], [1, 3], [2, 3]]
    >>> table.index(("platform", "Wish"), ("geo", "Peru"))
    3
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.num_pairs = count_pairs(catalogue)
        if self.num_pairs > MAX_PAIRS:
            raise GraphError(
                f"{len(catalogue):,} attributes make {self.num_pairs:,} pairs: "
                f"{-(-self.num_pairs // 25):,} calls of 25 and some "
                f"{self.num_pairs * _TOKENS_A_PAIR:,} tokens; expected {MAX_PAIRS:,} at most",
                hint="leave out what cannot decide a campaign, or build graphs of parts and join "
                "them",
            )
        self.catalogue = catalogue
        code_of = {modality: code for code, modality in enumerate(catalogue.modalities)}
        self.codes = np.array([code_of[a.modality] for a in catalogue], dtype=np.int32)
        self.pairs = np.empty((self.num_pairs, 2), dtype=np.int32)
        start = 0
        for position, code in enumerate(self.codes):
            later = np.flatnonzero(self.codes[position + 1 :] != code) + position + 1
            self.pairs[start : start + len(later), 0] = position
            self.pairs[start : start + len(later), 1] = later
            start += len(later)
        self._keys = self.pairs[:, 0] * np.int64(len(catalogue)) + self.pairs[:, 1]
        for array in (self.codes, self.pairs, self._keys):
            array.setflags(write=False)

    def pair(self, number: int) -> tuple[Attribute, Attribute]:
        """The two attributes of a pair, the earlier one first."""
        one, other = self.pairs[number].tolist()
        return self.catalogue[one], self.catalogue[other]

    def index(self, one: int | Key | Attribute, other: int | Key | Attribute) -> int:
        """The number of a pair, given its attributes in any order.

        Raises
        ------
        UnknownAttribute
            If one of them is not in the catalogue.
        GraphError
            If both are of one modality.
        """
        ends = [at if isinstance(at, int) else self.catalogue.index(at) for at in (one, other)]
        if self.codes[ends[0]] == self.codes[ends[1]]:
            a, b = self.catalogue[ends[0]], self.catalogue[ends[1]]
            raise GraphError(f"{a} - {b}: both are of one modality; pairs join different ones")
        return int(self.indices([ends[0]], [ends[1]])[0])

    def indices(self, ones: ArrayLike, others: ArrayLike) -> NDArray[np.int64]:
        """int64[k]: the numbers of pairs given by catalogue positions, each in any order.

        All must be pairs of different modalities.
        """
        one, other = np.asarray(ones, dtype=np.int64), np.asarray(others, dtype=np.int64)
        keys = np.minimum(one, other) * len(self.catalogue) + np.maximum(one, other)
        return np.searchsorted(self._keys, keys)

    def __len__(self) -> int:
        return self.num_pairs

    def __repr__(self) -> str:
        return f"PairTable({self.num_pairs:,} pairs of {len(self.catalogue):,} attributes)"


def chunks(items: S, size: int) -> list[S]:
    """A sequence or an array in parts of so many, as they come.

    Examples
    --------
    >>> [len(call) for call in chunks(np.arange(60), 25)]
    [25, 25, 10]
    """
    return [items[start : start + size] for start in range(0, len(items), size)]  # type: ignore[misc]  # a slice is of its kind


def count_pairs(catalogue: Catalogue) -> int:
    """How many pairs of different modalities there are.

    Raises
    ------
    GraphError
        If there are none, or what is given is no catalogue.

    Examples
    --------
    >>> count_pairs(Catalogue.bundled("retail-160"))
    8700
    """
    if not isinstance(catalogue, Catalogue):
        raise GraphError(
            f"catalogue is {catalogue!r:.60}; expected a Catalogue",
            hint="Catalogue.read_csv(path), Catalogue.bundled(name), or Catalogue(attributes)",
        )
    sizes = Counter(a.modality for a in catalogue).values()
    num_pairs = (len(catalogue) ** 2 - sum(size**2 for size in sizes)) // 2
    if not num_pairs:
        raise GraphError(
            f"{catalogue!r} has no pair of different modalities",
            hint="edges join different modalities: add attributes of a second one",
        )
    return num_pairs
