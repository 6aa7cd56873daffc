"""Free-form columns of any table: misspelt cells among repeated ones, and units written anyhow."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from campaignkit.auditing.checks.categories import suspect_values
from campaignkit.auditing.checks.check import (
    Check,
    cells_with,
    found,
    standard,
    unknown_columns,
    values_of,
)
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import Scene
from campaignkit.auditing.words import (
    NearWords,
    codes_differ,
    typed_by_people,
    ways_of_spelling,
    words_of,
)
from campaignkit.show import counted
from campaignkit.tables import Column, Role
from campaignkit.tables.numbers import marks_sql

_MAX_VALUES = 5_000
# These and the thresholds of dependencies were chosen by benchmarks/audit_thresholds.py.
_NEAR_FRAC = 0.2  # letters that may differ; beyond it two values are two values
_OUTWEIGHS = 3
_WITNESSES = 3  # columns asked whether a rare value is the usual one of a group
_MANY_VALUES = 5
_UNIT = re.compile(r"^\s*[-+]?\d+(?:[.,]\d+)?\s*([A-Za-z.%]+(?: [A-Za-z.]+)?)\s*$")
_UNIT_FRAC = 0.8
_SPELLING_FRAC = 0.05  # a rarer way to write the unit is a slip, not a second spelling


class SpellingCheck(Check):
    """Runs ``spelling`` rules: rare values that differ from a frequent one in a few letters.

    Words with digits in them are codes, whose every letter counts: ``scip-inf-1`` is no misspelt
    ``scip-inf-2``, but ``scip-xnf-1`` may be ``scip-inf-1``.

    Examples
    --------
    >>> SpellingCheck().form
    'spelling'
    """

    form = "spelling"
    kinds = ("text",)

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Text columns that no role speaks for."""
        return _text_rules(self.form, "misspelt_values", scene,
                           "rare values close to a frequent one are slips")  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding a column."""
        column, counts = scene.column(rule.columns[0]), values_of(rule.columns[0], scene)
        if not 1 < len(counts) <= _MAX_VALUES or typed_by_people(column.name, counts):
            return
        wrong = misspelt(counts)
        if wrong:
            usual = _usual_somewhere(column.name, scene)
            named = _named_elsewhere(column.name, counts, scene)
            wrong = {
                v: meant for v, meant in wrong.items()
                if v not in usual and not named.issuperset(words_of(v) - words_of(meant) or {""})
            }  # fmt: skip
        if not wrong:
            return
        first, meant = next(iter(wrong.items()))
        yield cells_with(
            wrong, rule, scene, confidence=0.8,
            cells=f"look misspelt: {first[:60]!r} for {meant[:60]!r}",
            advice=f"correct {column.name} to the frequent spelling",
            evidence={"values": {v: wrong[v] for v in list(wrong)[:20]}},
        )  # fmt: skip


class VariantCheck(Check):
    """Runs ``variants`` rules: one thing is spelled in one way.

    Values that differ in case, accents, spaces, punctuation or a plural, and names of one country
    or device, split what belongs together, also where each is about as frequent as the others.

    Examples
    --------
    >>> VariantCheck().form
    'variants'
    """

    form = "variants"
    kinds = ("text",)

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Campaigns, dimensions, and text columns that no role speaks for."""
        known = [
            c.name for c in scene.table.of_kind("text")
            if scene.role(c.name) is Role.DIMENSION or standard(scene, c.name) == "campaign_id"
        ]  # fmt: skip
        for name in dict.fromkeys([*known, *unknown_columns(scene)]):
            if scene.column(name).kind == "text":
                yield Rule.over(
                    self.form, "inconsistent_spelling", standard(scene, name),
                    severity="warning", reason="one thing is spelled in one way",
                )  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding a column; what is garbage or misspelt is another finding's."""
        column, counts = scene.column(rule.columns[0]), values_of(rule.columns[0], scene)
        if not 1 < len(counts) <= _MAX_VALUES or not scene.has_few_values(column.name):
            return
        if typed_by_people(column.name, counts):
            return
        vouched = {v for r in scene.rules if r.form == "categories" and scene.table.has(*r.columns)
                   and scene.column(r.columns[0]).name == column.name
                   for v in r.params.get("known") or ()}  # fmt: skip
        groups = ways_of_spelling(sorted(counts, key=lambda v: (-counts[v], v)))
        groups = [g for g in groups if not vouched.issuperset(g)]
        if not groups:
            return
        skip = {*suspect_values(column.name, scene), *misspelt(counts)} - vouched
        groups = [g for g in ([v for v in g if v not in skip] for g in groups) if len(g) > 1]
        groups.sort(key=lambda g: -sum(counts[v] for v in g))
        if not groups:
            return
        first, others = groups[0], [v for g in groups for v in g[1:]]
        more = f"; and {counted(len(groups) - 1, 'more thing')}" if len(groups) > 1 else ""
        yield cells_with(
            others, rule, scene, confidence=0.8,
            cells=f"are one of {len(first)} ways to write {first[0].strip()!r}: "
            f"{', '.join(map(repr, first[:6]))}{more}",
            advice=f"map each group of {column.name} to one spelling, or its sums are split",
            evidence={"groups": {g[0]: {v: counts[v] for v in g} for g in groups[:20]}},
        )  # fmt: skip


def _text_rules(form: str, kind: str, scene: Scene, reason: str) -> Iterable[Rule]:
    for name in unknown_columns(scene):
        if scene.column(name).kind == "text":
            yield Rule.over(form, kind, name, severity="warning", reason=reason)


def _usual_somewhere(name: str, scene: Scene) -> set[str]:
    """Values that most rows of some group agree on: "Denar" is no slip of "Dinar" in Skopje."""
    column, out = scene.column(name), set()
    deciding = [r for r in scene.rules if r.form == "depends" and r.columns[1:] == (column.name,)]
    asked = []
    for rule in sorted(deciding, key=lambda r: -r.confidence)[:_WITNESSES]:
        decides = scene.column(rule.columns[0])
        asked.append(
            f"SELECT DISTINCT f AS t0 FROM (SELECT {decides.raw} AS d, {column.raw} AS f, "
            f"count(*) AS n, sum(count(*)) OVER (PARTITION BY {decides.raw}) AS total "
            f"FROM {scene.table.relation} WHERE {decides.raw} IS NOT NULL "
            f"AND {column.raw} IS NOT NULL GROUP BY 1, 2) WHERE n >= 2 AND n > total / 2"
        )
    for rows in scene.rows(*asked, columns="t0"):
        out |= {str(r[0]) for r in rows}
    return out


def _named_elsewhere(name: str, counts: Mapping[str, int], scene: Scene) -> set[str]:
    """Words of many values that are values of another column: "ak" in "ak_ami-1" and in state."""
    others = [c for c in unknown_columns(scene) if c != name and scene.column(c).kind == "text"]
    values = {v.casefold() for c in others if scene.has_few_values(c) for v in values_of(c, scene)}
    held = Counter(word for value in counts for word in words_of(value))
    return {word for word, num in held.items() if num >= _MANY_VALUES and word in values}


def misspelt(counts: Mapping[str, int]) -> dict[str, str]:
    """Rare value -> the frequent value it is a slip of the keyboard, or a few letters, away from.

    Examples
    --------
    >>> misspelt({"birmingham": 40, "birminghxm": 1, "birmngham": 1, "N317NB": 9, "N317JB": 1})
    {'birminghxm': 'birmingham', 'birmngham': 'birmingham'}
    """
    found = _few_letters(counts)
    least = _OUTWEIGHS * min(counts.values(), default=1)
    frequent = NearWords(
        v for v, n in counts.items() if n >= least and len(v) * _NEAR_FRAC >= 1
    )  # fmt: skip
    for value in counts.keys() - found.keys():
        meant = [v for v in frequent.to(value) if counts[v] >= _OUTWEIGHS * counts[value]
                 and not codes_differ(v, value)]  # fmt: skip
        if meant:
            found[value] = max(meant, key=lambda v: (counts[v], v))
    return dict(sorted(found.items()))


def _few_letters(counts: Mapping[str, int]) -> dict[str, str]:
    """Of one length, at most `_NEAR_FRAC` of the letters apart: a keyboard that sticks."""
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
        for i in np.flatnonzero(num * _OUTWEIGHS <= num.max()):
            distance = (codes != codes[i]).sum(axis=1)
            near = (distance > 0) & (distance <= int(length * _NEAR_FRAC))
            near &= num >= _OUTWEIGHS * num[i]
            meant = [j for j in np.flatnonzero(near) if not codes_differ(values[j], values[i])]
            if meant:
                best = max(meant, key=lambda j: (num[j] - distance[j] * 1e-3, values[j]))
                out[values[i]] = values[best]
    return out


class UnitCheck(Check):
    """Runs ``units`` rules: numbers with their unit in the cell, spelt in several ways.

    Such a column cannot be read as numbers at all, so every cell of it is listed.

    Examples
    --------
    >>> UnitCheck().form
    'units'
    """

    form = "units"

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Text columns that no role speaks for, and numbers of which some are percentages."""
        kind, reason = "inconsistent_units", "numbers keep their unit out of the cell"
        yield from _text_rules(self.form, kind, scene, reason)
        for column in scene.table.of_kind("number"):
            if column.unit == "%" and column.unmarked:
                yield Rule.over(self.form, kind, standard(scene, column.name), severity="warning",
                                reason="all of a column are percentages, or none")  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding a column."""
        column = scene.column(rule.columns[0])
        if column.kind != "text":
            yield from _percentages(rule, scene, column)
            return
        counts = values_of(rule.columns[0], scene)
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
        yield found(
            rule, scene, total, confidence=0.7, where=f"{column.raw} IS NOT NULL",
            message=f"{column.name} holds numbers with a unit, written in {len(units)} ways: "
            f"{', '.join(repr(u) for u, _ in units.most_common(5))}",
            advice=f"store {column.name} as a number and its unit in the column's name",
            evidence={"units": dict(units.most_common(20))},
        )  # fmt: skip


def _percentages(rule: Rule, scene: Scene, column: Column) -> Iterable[Finding]:
    """The minority of numbers with and without a percent sign; a zero needs none."""
    mark = marks_sql(column.formats[0]).replace("{c}", column.raw)
    with_sign, without = f"{mark} = '%'", f"{mark} = '' AND {column.sql} <> 0"
    signed, bare = scene.count(with_sign, without)
    where, count, have = with_sign, signed, "a percent sign"
    if bare < signed:
        where, count, have = without, bare, "no percent sign"
    if count:
        yield found(
            rule, scene, count, where=where, confidence=0.8,
            cells=f"carry {have}, unlike the other {max(signed, bare):,}",
            advice=f"write {column.name} in one way: 5% is 0.05, or 5 where all are percentages",
            evidence={"with_sign": signed, "without": bare},
        )  # fmt: skip
