"""Free-form columns of any table: misspelt cells among repeated ones, and units written anyhow."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.tables import OpenTable, literal

if TYPE_CHECKING:
    from campaignkit.auditing.scene import Scene

_MAX_VALUES = 5_000
_NEAR_FRAC = 0.25  # letters that may differ; beyond it two values are two values
_OUTWEIGHS = 3
_UNIT = re.compile(r"^\s*[-+]?\d+(?:[.,]\d+)?\s*([A-Za-z.%]+(?: [A-Za-z.]+)?)\s*$")
_UNIT_FRAC = 0.8
_SPELLING_FRAC = 0.05  # a rarer way to write the unit is a slip, not a second spelling


@dataclass(frozen=True, slots=True)
class SpellingCheck:
    """Runs ``spelling`` rules: rare values that differ from a frequent one in a few letters.

    Digits are never letters: ``scip-inf-1`` is no misspelt ``scip-inf-2``.

    Examples
    --------
    >>> SpellingCheck().form
    'spelling'
    """

    form: str = "spelling"

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        """Nothing: a histogram is needed."""
        return []

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding a column."""
        if not scene.table.has(*rule.columns) or scene.column(rule.columns[0]).kind != "text":
            return
        column = scene.column(rule.columns[0])
        counts = {v: n for v, n in scene.histogram(column.name).items() if v is not None}
        if not 1 < len(counts) <= _MAX_VALUES:
            return
        wrong = misspelt(counts)
        if not wrong:
            return
        count = sum(counts[v] for v in wrong)
        listed = ", ".join(literal(v) for v in wrong)
        first, meant = next(iter(wrong.items()))
        yield Finding(
            rule.kind, (column.name,), count, count / scene.num_rows, severity=rule.severity,
            confidence=0.8, blamed=column.name,
            message=f"{count:,} cells of {column.name} look misspelt: {first[:60]!r} for "
            f"{meant[:60]!r}",
            advice=f"correct {column.name} to the frequent spelling",
            evidence={"values": {v: wrong[v] for v in list(wrong)[:20]}}, rule=rule.id,
            parts={column.name: f"{column.sql} IN ({listed})"}, table=scene.table,
        )  # fmt: skip


def misspelt(counts: Mapping[str, int]) -> dict[str, str]:
    """Rare value -> the frequent value of the same length it differs from in a few letters.

    Examples
    --------
    >>> misspelt({"birmingham": 40, "birminghxm": 1, "code-1": 9, "code-2": 1})
    {'birminghxm': 'birmingham'}
    """
    import numpy as np

    by_length: dict[int, list[str]] = {}
    for value in counts:
        by_length.setdefault(len(value), []).append(value)
    out: dict[str, str] = {}
    for length, values in by_length.items():
        if length * _NEAR_FRAC < 1 or len(values) < 2:
            continue
        codes = np.array([[ord(c) for c in v.lower()[:length].ljust(length)] for v in values])
        num = np.array([counts[v] for v in values])
        digit = (codes >= 48) & (codes <= 57)
        for i in np.flatnonzero(num * _OUTWEIGHS <= num.max()):
            differ = codes != codes[i]
            distance = differ.sum(axis=1)
            # Where both hold a digit they are two numbers; a letter for a digit is a slip.
            numbers = (differ & digit & digit[i]).any(axis=1)
            near = (distance > 0) & (distance <= int(length * _NEAR_FRAC)) & ~numbers
            near &= num >= _OUTWEIGHS * num[i]
            if near.any():
                best = int(np.argmax(np.where(near, num - distance * 1e-3, -1)))
                out[values[i]] = values[best]
    return dict(sorted(out.items()))


@dataclass(frozen=True, slots=True)
class UnitCheck:
    """Runs ``units`` rules: numbers with their unit in the cell, spelt in several ways.

    Such a column cannot be read as numbers at all, so every cell of it is listed.

    Examples
    --------
    >>> UnitCheck().form
    'units'
    """

    form: str = "units"

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        """Nothing: a histogram is needed."""
        return []

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding a column."""
        if not scene.table.has(*rule.columns) or scene.column(rule.columns[0]).kind != "text":
            return
        column = scene.column(rule.columns[0])
        counts = {v: n for v, n in scene.histogram(column.name).items() if v is not None}
        total = sum(counts.values())
        units: Counter[str] = Counter()
        for value, n in counts.items():
            match = _UNIT.match(value)
            if match:
                units[match[1]] += n
        if not total or units.total() < _UNIT_FRAC * total:
            return
        if sum(n >= _SPELLING_FRAC * total for n in units.values()) < 2:
            return
        yield Finding(
            rule.kind, (column.name,), total, total / scene.num_rows, severity=rule.severity,
            confidence=0.7, blamed=column.name,
            message=f"{column.name} holds numbers with a unit, written in {len(units)} ways: "
            f"{', '.join(repr(u) for u, _ in units.most_common(5))}",
            advice=f"store {column.name} as a number and its unit in the column's name",
            evidence={"units": dict(units.most_common(20))}, rule=rule.id,
            parts={column.name: f"{column.raw} IS NOT NULL"}, table=scene.table,
        )  # fmt: skip
