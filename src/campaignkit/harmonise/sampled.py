"""What the names and the cells of an unknown table tell: kinds, keys, links and units of money."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from campaignkit.harmonise.enrich import words
from campaignkit.harmonise.landing import plain
from campaignkit.harmonise.unify import currencies

_OF = words()["unknown"]
_MONEY_NAMED = {"dollar": "USD", "euro": "EUR"} | {code.lower(): code for code in _OF["named"]}
_LOOKED = 200  # cells of a column whose kind is told


@dataclass(frozen=True)
class SampledTable:
    """A table's name, and of each column the cells that are not blank, of some rows.

    Of a file that cannot be read there are none, and `failed` tells why.
    """

    name: str
    cells: Mapping[str, Sequence[str]]
    failed: str = ""

    @cached_property
    def values(self) -> dict[str, set[str]]:
        """The cells of each column, each once."""
        return {column: set(cells) for column, cells in self.cells.items()}

    @cached_property
    def key(self) -> str | None:
        """The column that identifies what its rows are about."""
        own = [c for c in self.cells if tokens(c) in (("id",), (*stem(self.name), "id"))]
        wide = [c for c, of in self.kinds.items() if of["id"] > 0.95 and of["day"] < 0.5]
        return min(own, key=len, default=max(wide, key=self._distinct, default=None))

    def _distinct(self, column: str) -> tuple[int, bool]:
        return len(self.values[column]), tokens(column)[-1:] == ("id",)

    @cached_property
    def kinds(self) -> dict[str, dict[str, float]]:
        """Of each column the share of cells that are of a kind; a half where there are none."""
        made = {}
        for column, cells in self.cells.items():
            some = cells[:_LOOKED]
            told = {kind: sum(map(bool, map(fits(kind), some))) for kind in _OF["kinds"]}
            made[column] = {kind: n / len(some) if some else 0.5 for kind, n in told.items()}
        return made

    @cached_property
    def currencies(self) -> set[str]:
        """The cells of its columns that are currencies."""
        told = (c for c, of in self.kinds.items() if self.cells[c] and of["currency"] > 0.95)
        return set().union(*(self.values[column] for column in told))

    def numbers(self, column: str) -> list[float]:
        """The cells of a column that are numbers."""
        some = self.cells.get(column, ())
        return [float(cell.replace(",", "")) for cell in some if fits("number")(cell)]

    def counts(self, column: str) -> bool:
        """Whether a column counts something: whole numbers, mostly different, no identifiers."""
        kinds, cells = self.kinds[column], self.cells[column]
        is_count = kinds["number"] == 1 and kinds["day"] < 0.5 and tokens(column)[-1:] != ("id",)
        is_whole = all(number.is_integer() for number in self.numbers(column))
        return is_count and is_whole and len(self.values[column]) > len(cells) / 2

    def linked(self, child: SampledTable) -> tuple[float, str, str]:
        """Which column of another table refers to this one: score, column, reason."""
        best = (0.0, "", "")
        keys = self.values[self.key] if self.key and child is not self else set()
        for column, values in child.values.items() if keys else ():
            *named, end = tokens(column) or ("",)
            by_name = end == "id" and [*stem(self.name)][-len(named) :] == named != []
            if not by_name and keys.isdisjoint(child.cells[column][:100]):
                continue
            shared = len(values & keys) / len(values) if values else 0.0
            is_id = end.endswith("id") or max(map(len, values), default=0) > 3
            by_values = shared > 0.8 and is_id and column != child.key
            if by_name or (by_values and child.kinds[column]["day"] < 0.5):
                told = f"{shared:.0%} of its values are in {self.name}.{plain(self.key or '')}"
                best = max(best, (1.1 + 0.4 * shared if by_name else 0.6 * shared, column, told))
        return best


@cache
def _common() -> tuple[re.Pattern[str], dict[str, str]]:
    """Words of other languages, and the common word of each."""
    of = {word: common for common, all_ in words()["columns"].items() for word in all_.split()}
    return re.compile(rf"(?<![a-z])({'|'.join(sorted(of, key=len, reverse=True))})(?![a-z])"), of


@cache
def tokens(name: str) -> tuple[str, ...]:
    """The words of a name, none in the plural."""
    text = re.sub("(?<=ad)(?=group|set|squad)|(?<=[a-z])(?=[0-9])", "_", plain(name))
    foreign, common = _common()
    text = foreign.sub(lambda found: common[found[0]], text)
    return tuple(token.removesuffix("s") for token in text.split("_") if token)


@cache
def stem(name: str) -> tuple[str, ...]:
    """What a table is about: ``ad_squad_hourly_report`` is about an ad squad."""
    return tuple(token for token in tokens(name) if token not in _OF["ends"])


@cache
def fits(kind: str) -> Callable[[str], Any]:
    """Tells whether a cell is of a kind."""
    if kind == "zone":
        return zoneinfo.available_timezones().__contains__
    if kind == "currency":
        return currencies().__contains__
    return re.compile(_OF["kinds"][kind]).fullmatch


def currency_in(name: str) -> str:
    """The currency that a column's name states: ``cost_in_usd`` is in dollars."""
    return next((_MONEY_NAMED[word] for word in tokens(name) if word in _MONEY_NAMED), "")


def money_term(table: SampledTable, column: str, shown: str, seen: set[str]) -> tuple[str, str]:
    """Money as a platform's file writes it, and what a person must decide.

    Its name tells the unit, or its cells: fractions are whole units, and millionths are far too
    many by impression. Nothing else is guessed.
    """
    own, named = plain(column), currency_in(column)
    said = ""
    if named and seen - {named}:
        said = f"; decide: its name says {named}, and accounts are in {', '.join(sorted(seen))}"
    if "micro" in own:
        return f"micro:{own}", said
    if {*_OF["cents"]} & {*tokens(own)}:
        return f"cent:{own}", said
    paid, views = table.numbers(column), table.numbers(shown)
    if not all(cell.is_integer() for cell in paid):
        return own, said
    known = "unknown" if not seen else "small" if seen.intersection(_OF["small"]) else "ordinary"
    if sum(paid) > _OF["dear"][known] * sum(views) > 0:
        return f"micro:{own}", said
    if seen and seen <= {*_OF["small"]}:
        return own, said
    return own, said + "; decide: whole units, or cents (cent:), or millionths (micro:)?"
