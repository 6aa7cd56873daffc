"""Values that are no category: typos, changed case, placeholders, broken encodings, noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from campaignkit.errors import TableError
from campaignkit.inject.corruptions.corruption import Corruption, how_many
from campaignkit.inject.where import AT_RANDOM, Where

if TYPE_CHECKING:
    from numpy.random import Generator

    from campaignkit.inject.workbench import Workbench

_FILLERS = ("N/A", "unknown", "???", "#REF!", "null", "test_123", "-", "INVALID")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class CategoricalErrors(Corruption):
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
    stage = 1
    unit = "cell"

    def check(self, bench: Workbench) -> None:
        """Need a dimension."""
        for column in self.columns:
            bench.own(column, user=self.kind)
        if not self.columns and not bench.dimensions():
            raise TableError(
                "categorical_errors needs a text column that is no key, and there is none",
                hint="name the columns: CategoricalErrors(columns=(...,))",
            )

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Overwrite cells with garbage."""
        import numpy as np

        pool = [bench.own(c) for c in self.columns]
        if not pool:
            whole = bench.dimensions()
            picked = rng.choice(len(whole), size=min(2, len(whole)), replace=False)
            pool = [whole[i] for i in np.sort(picked)]
        for column in pool:
            rows = bench.filled(column)
            chosen = self.where.choose(bench, rows, how_many(rate, len(rows)), rng)
            garbage = _garbage([w for w in bench.words(column) if w], rng)
            drawn = rng.integers(0, len(garbage), len(chosen))
            bench.write(self.kind, column, chosen, [garbage[i] for i in drawn])


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
