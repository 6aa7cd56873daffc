"""Identifiers that a spreadsheet took for numbers: ``1.20211E+17``, ``123.0``, lost zeros."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from campaignkit.errors import TableError
from campaignkit.inject.cells import Mask, Rows, pa, pc
from campaignkit.inject.corruptions.corruption import CellFault, one_of
from campaignkit.inject.where import AT_RANDOM, Where
from campaignkit.inject.workbench import Workbench
from campaignkit.tables import Role

# Which texts can be damaged so, and how; a spreadsheet shows whole numbers of more than eleven
# digits in scientific notation.
_DAMAGES: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "scientific": (r"^0*[1-9]\d{11,}$", lambda text: f"{int(text):.5E}"),
    "decimal": (r"^\d+$", lambda text: f"{text}.0"),
    "zeros": (r"^0\d+$", lambda text: str(int(text))),
}


@dataclass(frozen=True, slots=True)
class DamagedIdentifiers(CellFault):
    """Identifiers read as numbers and written back; rate is the share of a column's cells.

    Parameters
    ----------
    columns : tuple of str
        The affected columns, own or standard names; empty: the identifiers made of digits.
    damages : tuple of {"scientific", "decimal", "zeros"}
        Digits lost in scientific notation (more than eleven digits), ``.0`` behind, leading zeros
        lost; each cell suffers one of those it can.
    where : Where
        Where the cells fall.

    Examples
    --------
    >>> from campaignkit.inject import ErrorInjector
    >>> damaged = DamagedIdentifiers(damages=("scientific",))
    >>> dirty, _ = ErrorInjector([damaged], rate=1.0).inject({"ad_id": [120211000000000017]})
    >>> dirty
    {'ad_id': ['1.20211E+17']}
    """

    columns: tuple[str, ...] = ()
    damages: tuple[str, ...] = tuple(_DAMAGES)
    where: Where = AT_RANDOM
    kind: str = "damaged_identifiers"
    implies = (
        *("categorical_errors", "duplicate_keys", "duplicate_rows", "inconsistent_values"),
        *("misspelt_values", "type_changes"),
    )
    needs = "a column of identifiers made of digits that can be damaged so"

    def fitting(self, bench: Workbench) -> list[str]:
        """Identifiers that can be damaged so."""
        return [c for c in bench.keys(Role.ID) if len(self.able(bench, c))]

    def able(self, bench: Workbench, column: str) -> Rows:
        """Where at least one of the damages can happen."""
        return np.flatnonzero(self._able(bench.clean_texts(column)).any(axis=0))

    def written(self, bench: Workbench, column: str, rows: Rows, rng: Generator) -> list[str]:
        """What is left of them."""
        texts = bench.clean_texts(column).take(pa.array(rows))
        which = one_of(self._able(texts), rng)
        return [_DAMAGES[self.damages[i]][1](t.as_py()) for i, t in zip(which, texts, strict=True)]

    def check(self, bench: Workbench) -> None:
        """Need damages that are known, and identifiers that can be damaged so."""
        unknown = [damage for damage in self.damages if damage not in _DAMAGES]
        if unknown or not self.damages:
            raise TableError(
                f"{self.kind} knows no damage {''.join(unknown[:1])!r}",
                hint=f"known: {', '.join(_DAMAGES)}",
            )
        CellFault.check(self, bench)

    def _able(self, texts: Any) -> Mask:
        patterns = [_DAMAGES[damage][0] for damage in self.damages]
        masks = [pc.match_substring_regex(texts, p).fill_null(False) for p in patterns]
        return np.stack([np.asarray(mask.to_numpy(), dtype=bool) for mask in masks])
