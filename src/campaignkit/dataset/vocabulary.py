"""What a data set's codes stand for: attributes by node number, names by label code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from campaignkit.errors import DatasetError

MAX_LABELS = 256  # a code is one byte
RESERVED = "label"  # the one key of a record that is not a modality


@dataclass(frozen=True)
class Vocabulary:
    """Attributes in canonical order: node number ``i`` of a block is ``keys[i]``.

    Canonical means sorted by (modality, value) in code-point order, so a modality's nodes are a
    run of numbers, and shuffling a catalogue changes no byte of a data set.

    Parameters
    ----------
    keys : tuple of (str, str)
        (modality, value) of every attribute, sorted, each once; also those in no campaign.
    empty_modalities : tuple of str
        Modalities without any attribute, sorted: every record contains an empty list for them.

    Raises
    ------
    DatasetError
        If keys are unsorted or repeated, or a modality is called ``label``.

    Examples
    --------
    >>> vocabulary = Vocabulary.of([("geo", "Peru"), ("brand", "Nike"), ("geo", "Chile")])
    >>> vocabulary.keys
    (('brand', 'Nike'), ('geo', 'Chile'), ('geo', 'Peru'))
    >>> vocabulary.modalities, vocabulary.modality_of.tolist()
    (('brand', 'geo'), [0, 1, 1])
    """

    keys: tuple[tuple[str, str], ...]
    empty_modalities: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for one, two in pairwise(self.keys):
            if one >= two:
                what = "twice" if one == two else f"before {two}"
                raise DatasetError(
                    f"attribute {one} comes {what}; expected each once, in code-point order",
                    hint="make the vocabulary with Vocabulary.of, which sorts",
                )
        filled = {modality for modality, _ in self.keys}
        if filled & {*self.empty_modalities}:
            raise DatasetError("a modality is listed as empty, but has attributes")
        if RESERVED in filled | {*self.empty_modalities}:
            raise DatasetError("a modality is called 'label', the key of a record's label")

    @classmethod
    def of(cls, keys: Iterable[tuple[str, str]]) -> Vocabulary:
        """The vocabulary of these (modality, value) pairs, given in any order."""
        return cls(tuple(sorted(keys)))

    @classmethod
    def from_values(cls, values: Mapping[str, Sequence[str]]) -> Vocabulary:
        """The vocabulary of values grouped by modality; the inverse of :meth:`to_values`."""
        keys = ((modality, value) for modality in values for value in values[modality])
        empty = sorted(modality for modality in values if not values[modality])
        return cls(tuple(sorted(keys)), tuple(empty))

    def to_values(self) -> dict[str, list[str]]:
        """Values grouped by modality, both in code-point order."""
        values: dict[str, list[str]] = {modality: [] for modality in self.modalities}
        for modality, value in self.keys:
            values[modality].append(value)
        return values

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in code-point order."""
        return tuple(sorted({*self.empty_modalities, *(modality for modality, _ in self.keys)}))

    @cached_property
    def modality_of(self) -> NDArray[np.int32]:
        """int32[nodes], position of each node's modality in :attr:`modalities`."""
        code = {modality: i for i, modality in enumerate(self.modalities)}
        codes = np.array([code[modality] for modality, _ in self.keys], np.int32)
        codes.setflags(write=False)
        return codes

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """int64[modalities + 1], modality ``m`` has nodes ``starts[m]`` to ``starts[m + 1]``."""
        where = np.searchsorted(self.modality_of, np.arange(len(self.modalities) + 1))
        where.setflags(write=False)
        return where

    @cached_property
    def node_of(self) -> Mapping[tuple[str, str], int]:
        """Node number by (modality, value)."""
        return {key: node for node, key in enumerate(self.keys)}


def checked_label_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names as a tuple, or an error that says what is wrong with them.

    Raises
    ------
    DatasetError
        If there is none, one is blank or repeated, or there are more than 256.

    Examples
    --------
    >>> checked_label_names(["pos", "neg"])
    ('pos', 'neg')
    """
    listed = tuple(names)
    if not listed:
        raise DatasetError("a data set needs at least one label name; none was given")
    if len(listed) > MAX_LABELS:
        raise DatasetError(f"{len(listed)} label names; expected at most {MAX_LABELS}")
    for name in listed:
        if not isinstance(name, str) or not name.strip():
            raise DatasetError(f"label name {name!r} is not a text with something in it")
        if listed.count(name) > 1:
            raise DatasetError(f"label name {name!r} comes twice")
    return listed
