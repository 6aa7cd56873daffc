"""Values that are no category: typos, changed case, placeholders, broken encodings, noise."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from campaignkit.inject.cells import Rows
from campaignkit.inject.corruptions.corruption import CellFault
from campaignkit.inject.where import AT_RANDOM, Where
from campaignkit.inject.workbench import Workbench

_FILLERS = ("N/A", "unknown", "???", "#REF!", "null", "test_123", "-", "INVALID")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class CategoricalErrors(CellFault):
    """Garbage in dimension columns; rate is the share of cells per affected column.

    Parameters
    ----------
    columns : tuple of str
        The affected columns; empty: two drawn from the dimensions.
    where : Where
        Where they fall.

    Examples
    --------
    >>> CategoricalErrors(("brand",)).kind
    'categorical_errors'
    """

    columns: tuple[str, ...] = ()
    where: Where = AT_RANDOM
    kind: str = "categorical_errors"
    needs = "a text column that is no key"
    num_columns = 2

    def fitting(self, bench: Workbench) -> list[str]:
        """Dimensions."""
        return bench.dimensions()

    def choose(self, bench: Workbench, rows: Rows, num: int, rng: Generator) -> Rows:
        """In the order in which they were drawn."""
        return self.where.choose(bench, rows, num, rng)

    def written(self, bench: Workbench, column: str, rows: Rows, rng: Generator) -> list[str]:
        """Garbage."""
        garbage = _garbage([w for w in bench.words(column) if w], rng)
        return [garbage[i] for i in rng.integers(0, len(garbage), len(rows))]


def _garbage(words: list[str], rng: Generator) -> list[str]:
    """Up to 40 values none of which is a category of the column."""
    known = set(words)
    made = list(_FILLERS)
    made += ["".join(_LETTERS[i] for i in rng.integers(0, 36, 8)) for _ in range(4)]
    for word in words[:12]:
        at = int(rng.integers(0, len(word)))
        made += [word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]]
        made += [word.upper(), word.lower(), word + " ", "Ã¼" + word[1:]]
    fresh = [w for w in dict.fromkeys(made) if w and w not in known]
    picked = rng.permutation(len(fresh))[:40]
    return [fresh[i] for i in sorted(picked)]
