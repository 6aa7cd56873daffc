"""A column of texts of which few differ: codes into a list, or nothing where all are empty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Texts:
    """A dictionary-coded column of texts.

    Attributes
    ----------
    codes : int32[m] or None
        Position in `values` of each row's text; None where every row is empty.
    values : tuple of str
        The different texts, the empty one first.

    Examples
    --------
    >>> Texts.of(["price", "", "price"]).values
    ('', 'price')
    >>> Texts.of(["", ""]).codes is None
    True
    """

    codes: NDArray[np.int32] | None = None
    values: tuple[str, ...] = ("",)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """Code a column."""
        code_of = {"": 0}
        codes = [code_of.setdefault(text, len(code_of)) for text in texts]
        if len(code_of) == 1:
            return cls()
        return cls(np.array(codes, dtype=np.int32), tuple(code_of))

    def __getitem__(self, row: int) -> str:
        return "" if self.codes is None else self.values[self.codes[row]]

    def take(self, rows: NDArray[np.int64]) -> Texts:
        """The column of these rows."""
        return self if self.codes is None else Texts(self.codes[rows], self.values)

    def decoded(self, num_rows: int) -> list[str]:
        """The column as a list of `num_rows` texts."""
        if self.codes is None:
            return [""] * num_rows
        return [self.values[code] for code in self.codes.tolist()]


NO_TEXTS = Texts()


def concat_texts(columns: Sequence[Texts], num_rows: Sequence[int]) -> Texts:
    """One column of several, each with its number of rows."""
    if all(column.codes is None for column in columns):
        return Texts()
    code_of = {"": 0}
    parts = []
    for column, rows in zip(columns, num_rows, strict=True):
        if column.codes is None:
            parts.append(np.zeros(rows, dtype=np.int32))
            continue
        recode = [code_of.setdefault(text, len(code_of)) for text in column.values]
        parts.append(np.array(recode, dtype=np.int32)[column.codes])
    return Texts(np.concatenate(parts), tuple(code_of))
