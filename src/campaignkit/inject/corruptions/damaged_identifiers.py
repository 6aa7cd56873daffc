"""Identifiers that a spreadsheet took for numbers: ``1.20211E+17``, ``123.0``, lost zeros."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from campaignkit.errors import TableError
from campaignkit.inject.cells import as_text, compute, plain
from campaignkit.inject.corruptions.corruption import Corruption, how_many
from campaignkit.inject.where import AT_RANDOM, Where
from campaignkit.tables import Role

if TYPE_CHECKING:
    from numpy import bool_
    from numpy.random import Generator
    from numpy.typing import NDArray

    from campaignkit.inject.workbench import Workbench

# Which texts can be damaged so, and how; a spreadsheet shows whole numbers of more than eleven
# digits in scientific notation.
_DAMAGES: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "scientific": (r"^0*[1-9]\d{11,}$", lambda text: f"{int(text):.5E}"),
    "decimal": (r"^\d+$", lambda text: f"{text}.0"),
    "zeros": (r"^0\d+$", lambda text: str(int(text))),
}


@dataclass(frozen=True, slots=True)
class DamagedIdentifiers(Corruption):
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
    stage = 1
    unit = "cell"
    implies = ("categorical_errors", "inconsistent_values", "misspelt_values", "type_changes")

    def check(self, bench: Workbench) -> None:
        """Need identifiers that can be damaged so."""
        unknown = [damage for damage in self.damages if damage not in _DAMAGES]
        if unknown or not self.damages:
            raise TableError(
                f"{self.kind} knows no damage {''.join(unknown[:1])!r}",
                hint=f"known: {', '.join(_DAMAGES)}",
            )
        if not self._pool(bench):
            raise TableError(
                f"{self.kind} needs a column of identifiers made of digits, and there is none",
                hint="name the columns: DamagedIdentifiers(columns=(...,))",
            )

    def spoil(self, bench: Workbench, rate: float, rng: Generator) -> None:
        """Damage cells."""
        import numpy as np

        for column, able in self._pool(bench).items():
            rows = np.flatnonzero(able.any(axis=0))
            chosen = self.choose(bench, rows, how_many(rate, bench.num_rows), rng)
            draws = rng.random((len(able), len(chosen)))
            which = np.argmax(np.where(able[:, chosen], draws, -1.0), axis=0)
            texts = bench.texts(column, chosen).to_pylist()
            whole = np.array([text is not None and text.isdecimal() for text in texts], bool)
            damaged = [
                _DAMAGES[self.damages[i]][1](text)
                for i, text, held in zip(which, texts, whole, strict=True)
                if held
            ]
            bench.write(self.kind, column, chosen[whole], damaged)

    def _pool(self, bench: Workbench) -> dict[str, NDArray[bool_]]:
        """Column -> bool[damages, rows]: the cells that can be damaged so."""
        import numpy as np

        asked = [bench.own(c, user=self.kind) for c in self.columns] or bench.keys(Role.ID)
        out = {}
        for column in asked:
            texts = as_text(plain(bench.clean.column(column)))
            masks = [
                compute().match_substring_regex(texts, _DAMAGES[damage][0]).fill_null(False)
                for damage in self.damages
            ]
            able = np.stack([np.asarray(mask.to_numpy(), dtype=bool) for mask in masks])
            if able.any():
                out[column] = able
        return out
