"""Descriptions that stand for attributes, several for each: to be read, not matched."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.block import Block
from campaignkit.dataset.modality_columns import modality_columns
from campaignkit.dataset.text.phrases import Kind, kind_of
from campaignkit.dataset.values import quoted, value_problem
from campaignkit.dataset.vocabulary import Vocabulary
from campaignkit.errors import DatasetError, Fault
from campaignkit.seeds import key64, stream

Key = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Wordings:
    """Some ways to describe each attribute; no two attributes of a modality share one.

    Parameters
    ----------
    phrases : mapping of (modality, value) to sequence of str

    Raises
    ------
    DatasetError
        With every attribute that has no description, a blank one, or another one's.

    Examples
    --------
    >>> wordings = Wordings({("brand", "Nike"): ["runs on sneakers", "a swoosh on shoes"]})
    >>> wordings.value_of("brand", "a swoosh on shoes")
    'Nike'
    """

    phrases: Mapping[Key, Sequence[str]]

    def __post_init__(self) -> None:
        faults = []
        owner: dict[Key, Key] = {}
        for key, told in self.phrases.items():
            if isinstance(told, str) or not len(told):
                faults.append(Fault(str(key), "has no list of descriptions"))
                continue
            for phrase in told:
                if problem := value_problem(phrase):
                    faults.append(Fault(str(key), f"{quoted(str(phrase))} {problem}"))
                elif owner.setdefault((key[0], phrase), key) != key:
                    found = f"{quoted(phrase)} also describes {owner[key[0], phrase][1]!r}"
                    faults.append(Fault(str(key), found))
        if faults:
            raise DatasetError("these wordings cannot be distinguished", faults=faults)

    def value_of(self, modality: str, phrase: str) -> str | None:
        """The value that a description stands for, or None."""
        return self._owner.get((modality, phrase))

    def columns(
        self, block: Block, vocabulary: Vocabulary, *, seed: int
    ) -> dict[str, list[Sequence[str]]]:
        """Descriptions of every row's attributes by modality, one paraphrase drawn a mention.

        Raises
        ------
        DatasetError
            With the attributes that have no wording.
        """
        missing = [vocabulary.keys[n] for n in np.unique(block.nodes).tolist()]
        missing = [key for key in missing if key not in self.phrases]
        if missing:
            raise DatasetError(
                f"{len(missing):,} attributes have no wording",
                faults=[Fault(modality, f"{quoted(value)}") for modality, value in missing],
                hint="make wordings of the whole catalogue",
            )
        told: dict[str, list[Sequence[str]]] = {}
        values = vocabulary.to_values()
        for part in modality_columns(block, vocabulary):
            rows = np.repeat(np.arange(len(block)), np.diff(part.offsets))
            choices = _draws(part.modality, values[part.modality], part.codes, rows, seed)
            texts = []
            for code, choice in zip(part.codes.tolist(), choices.tolist(), strict=True):
                listed = self.phrases[part.modality, values[part.modality][code]]
                texts.append(listed[choice % len(listed)])
            told[part.modality] = [texts[a:b] for a, b in pairwise(part.offsets.tolist())]
        return told

    @cached_property
    def _owner(self) -> dict[Key, str]:
        return {(key[0], phrase): key[1] for key, told in self.phrases.items() for phrase in told}


def make_wordings(attributes: Iterable[Key], *, num: int = 4, seed: int = 0) -> Wordings:
    """Invent descriptions: every attribute gets facets of its own, said in several ways.

    They carry no knowledge of real brands or places; what a description means is known only from
    the campaigns it stands in. A few attributes take two facets each, more take three.

    Parameters
    ----------
    attributes : iterable of (modality, value)
        A vocabulary's `keys`, or ``[a.key for a in catalogue]``.
    num : int
        Descriptions an attribute, 1 to 8.
    seed : int
        The same attributes (in any order) and seed give the same descriptions.

    Raises
    ------
    DatasetError
        If `num` is out of range.

    Examples
    --------
    >>> told = make_wordings([("brand", "brand 01"), ("brand", "brand 02")], num=2, seed=1)
    >>> [len(phrases) for phrases in told.phrases.values()]
    [2, 2]
    """
    if not 1 <= num <= 8:
        raise DatasetError(f"num is {num}; expected 1 to 8 descriptions per attribute")
    by_modality: dict[str, list[str]] = {}
    for modality, value in sorted(set(attributes)):
        by_modality.setdefault(modality, []).append(value)
    phrases: dict[Key, Sequence[str]] = {}
    for modality, values in by_modality.items():
        kind = kind_of(modality)
        rng = stream(seed, "text", "wordings", modality)
        num_facets = 2 if len(values) <= _capacity(kind, 2) else 3
        tuples = rng.permutation(_capacity(kind, num_facets))
        for position, value in enumerate(values):
            turn, place = divmod(position, len(tuples))
            ways = _ways(kind, int(tuples[place]), num_facets)
            # More attributes than facets can tell apart are numbered, as streets are.
            mark = f" (number {turn + 1})" if turn else ""
            chosen = rng.permutation(len(ways))[:num]
            phrases[modality, value] = tuple(ways[i] + mark for i in chosen.tolist())
    return Wordings(phrases)


def _capacity(kind: Kind, num_facets: int) -> int:
    return int(np.prod([len(options) for options in kind.facets[:num_facets]]))


def _ways(kind: Kind, number: int, num_facets: int) -> list[str]:
    """Every way to say the facets that a number stands for."""
    said = []
    for options in kind.facets[:num_facets]:
        number, choice = divmod(number, len(options))
        said.append(options[choice])
    return [frame.format(*words) for frame in kind.frames[num_facets] for words in product(*said)]


def _draws(
    modality: str,
    values: Sequence[str],
    codes: NDArray[np.int32],
    rows: NDArray[np.int64],
    seed: int,
) -> NDArray[np.uint64]:
    """uint64[total]: a number for each mention, of the seed, the row and the value alone."""
    names = np.array(
        [zlib.crc32(f"{modality}\n{value}".encode()) for value in values] or [0], np.uint64
    )
    mixed = names[codes] if len(codes) else np.zeros(0, np.uint64)
    mixed = mixed + rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = mixed + np.uint64(key64(seed, "text", "mention"))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return (mixed ^ (mixed >> np.uint64(31))) >> np.uint64(8)
