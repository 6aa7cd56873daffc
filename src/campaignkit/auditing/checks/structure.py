"""Columns that are gone or changed their type, and cells that do not fit their column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from campaignkit.auditing.checks.check import (
    Check,
    found,
    in_values,
    is_export,
    standard_columns,
    unknown_columns,
    values_of,
)
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import Scene
from campaignkit.show import counted
from campaignkit.tables import Column, OpenTable, Role
from campaignkit.tables.dates import date_sql
from campaignkit.tables.meaning import PLACEHOLDERS, Cells, read_meanings
from campaignkit.tables.numbers import cell_pattern

# A group of standard columns of which at least half came is expected to be whole.
_GROUP_FRAC = 0.5
_TABLE_FRAC = 0.5
_WHOLE_TABLE_FRAC = 0.6
_PLACES = re.compile(
    r"(?i)countr|region|market|geo|territor|state|continent|location|pays|pa[ií]s|(?:^|[^a-z])land"
)
_CODE_LETTERS = 5  # of regions and countries: NA, EMEA, LATAM
_MAX_WORDS = 50  # of a column that holds a few words
_FIGURES = re.compile("[0-9]+")
_MAX_VALUES = 2_000
_ALLOWED_FRAC = 0.2  # an unknown column with more placeholders than this is taken to allow them


class SchemaCheck(Check):
    """Runs ``schema`` rules: the columns a table must have.

    Parameters of the rule: ``groups``, whether columns are expected by group (a table without
    any video metric lacks nothing; one with completions and no plays does).

    Examples
    --------
    >>> SchemaCheck().form
    'schema'
    """

    form = "schema"

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Columns that come together are all there."""
        yield Rule.over(
            self.form, "dropped_columns", *scene.table.schema.names, id=self.form,
            params={"groups": True}, confidence=0.7,
            reason="columns that come together are all there",
        )  # fmt: skip

    def applies(self, rule: Rule, table: OpenTable) -> bool:
        """Always: it is about columns that are not there."""
        return True

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding for all missing columns."""
        gone = [c for c in rule.columns if not scene.table.has(c)]
        if rule.params.get("groups"):
            gone = _expected(gone, scene)
        if gone:
            yield found(
                rule, scene, len(gone), *gone, unit="column", rate=len(gone) / len(rule.columns),
                message=f"{counted(len(gone), 'expected column', 'are')} missing: "
                f"{', '.join(gone)}",
                advice="ask the source for them again, or remove them from the schema rule",
                evidence={"present": len(rule.columns) - len(gone)},
            )  # fmt: skip


def _expected(gone: list[str], scene: Scene) -> list[str]:
    """Missing standard columns of groups that are otherwise there."""
    schema, known = scene.table.schema, standard_columns(scene)
    recognised = len(known) / sum(bool(spec.group) for spec in schema.columns)
    # Of a platform's export, which has the platform's names, nobody can say what it lacks.
    if recognised < _TABLE_FRAC:
        return []
    # In a table that has most standard columns one member of a group calls for the others.
    least = 0.0 if recognised >= _WHOLE_TABLE_FRAC else _GROUP_FRAC
    out = []
    for name in gone:
        members = [c.name for c in schema.columns if c.group and c.group == schema[name].group]
        here = sum(m in known for m in members)
        if here and here >= least * len(members):
            out.append(name)
    return out


class TypeCheck(Check):
    """Runs ``type`` rules: the cells of a column are numbers or dates.

    Parameters of the rule: ``type``, ``number``, ``date`` or ``text`` (which any cell but a
    placeholder fits); ``allowed_frac``, share of placeholders from which on they are the column's
    own way to say that there is no value.

    Examples
    --------
    >>> TypeCheck().form
    'type'
    """

    form = "type"

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """The types that roles ask for, and of other columns the type most of their cells have."""
        for name in scene.table.own:
            spec = scene.table.schema[name]
            wanted, column = expected_type(spec.role), scene.column(name)
            if wanted and (spec.group or column.undecided or column.kind == wanted):
                yield self._rule(name, wanted, f"{spec.role} columns hold {wanted}s",
                                 severity="error" if spec.group else "warning")  # fmt: skip
            elif spec.role is Role.DIMENSION and column.kind == "text":
                yield self._rule(name, "text", "names are neither numbers nor dates",
                                 severity="warning", allowed_frac=0.0)  # fmt: skip
        for name in unknown_columns(scene):
            column = scene.column(name)
            if column.undecided:
                yield self._rule(name, column.undecided.removesuffix("s"), "most cells are such")
            elif column.kind == "text":
                yield self._rule(name, "text", "an empty cell is written as an empty cell",
                                 severity="warning", allowed_frac=_ALLOWED_FRAC)  # fmt: skip
            elif column.kind == "number" or (column.is_text and column.kind == "date"):
                yield self._rule(name, column.kind, f"most cells are {column.kind}s")

    def _rule(
        self, name: str, wanted: str, reason: str, *, severity: str = "error", **params: float
    ) -> Rule:
        return Rule.over(self.form, "type_changes", name, params={"type": wanted} | params,
                         severity=severity, reason=reason)  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """Cells that do not fit: words among numbers, and placeholders apart from them."""
        column = scene.column(rule.columns[0])
        wanted = str(rule.params.get("type", "number"))
        if column.undecided:
            yield _undecided(rule, scene, column)
        elif column.kind != wanted:
            yield from _whole_column(rule, scene, column, wanted)
        elif wanted == "text":
            yield from _placeholders(rule, scene, column)
            yield from _strays(rule, scene, column)
        else:
            yield from _unfit(rule, scene, column, wanted)


def _unfit(rule: Rule, scene: Scene, column: Column, wanted: str) -> Iterable[Finding]:
    """Words, placeholders, the other decimal mark, NaN, and the less usual formats of dates."""
    counts = scene.profile.columns[column.name]
    if counts.num_unfit:
        unfit = f"{column.raw} IS NOT NULL AND ({column.sql}) IS NULL"
        known = 0
        if column.no_value:
            told = in_values(column.raw, column.no_value)
            (known,) = scene.count(told)
            unfit += f" AND NOT {told}"
        words = in_values(f"lower(trim({column.raw}))", [*sorted(PLACEHOLDERS), ""])
        filler = f"{unfit} AND {words}"
        marked = f"{unfit} AND FALSE"
        if wanted == "number" and column.formats:
            own = column.formats[0]
            other, here = (
                f"regexp_full_match(trim({column.raw}), {cell_pattern(mark)})"
                for mark in ("," if own == "." else ".", own)
            )
            marked = f"{unfit} AND {other} AND NOT {here}"
        fillers, mixed = scene.count(filler, marked)
        for kind, condition, count, what in (
            (rule.kind, f"{unfit} AND NOT ({filler}) AND NOT ({marked})",
             counts.num_unfit - known - fillers - mixed, f"are no {wanted}"),
            ("disguised_missing", filler, fillers, "hold a placeholder instead of a value"),
            ("mixed_decimals", marked, mixed, "have another decimal mark than their column"),
        ):  # fmt: skip
            if count:
                mild = kind == "disguised_missing" and _is_optional(rule.columns[0], scene)
                severity = "warning" if mild else rule.severity
                yield _cells(rule, scene, count, condition, what, kind=kind, severity=severity)
    if counts.num_not_finite:
        what, num = "are not a number or infinite", counts.num_not_finite
        where = f"NOT isfinite(TRY_CAST({column.raw} AS DOUBLE))"
        yield _cells(rule, scene, num, where, what, kind="not_finite")
    if len(column.formats) > 1 and wanted == "date":
        yield _other_formats(rule, scene, column)


def _is_optional(name: str, scene: Scene) -> bool:
    """Whether a platform's export may say that there is no value: all but the core metrics."""
    schema = scene.table.schema
    is_core = name in schema and schema[name].group == "core" and name != "conversions"
    return not is_core and is_export(scene)


def _undecided(rule: Rule, scene: Scene, column: Column) -> Finding:
    """The column may be read in two ways: said once, and nothing else of it is checked."""
    what, say = {
        "numbers": ("its dots or commas may be decimal marks or thousands", "decimal='.' or ','"),
        "dates": ("day or month may come first", "day_first=True or False"),
    }[column.undecided]
    return found(
        rule, scene, 1, kind=f"ambiguous_{column.undecided}", severity="warning", unit="column",
        confidence=1.0,
        message=f"{column.name} can be read in two ways, as {what}: its values are not checked",
        advice=f"say {say}, or export {column.name} in a form that leaves no doubt",
    )  # fmt: skip


def _other_formats(rule: Rule, scene: Scene, column: Column) -> Finding:
    """The dates written in another way than most of their column."""
    first, trimmed = column.formats[0], f"trim({column.raw})"
    # A cell in ISO form starts with its year and a hyphen; TRY_CAST would take other forms too.
    usual = (
        f"regexp_full_match({trimmed}, '[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}([T ].*)?')"
        if first == "iso"
        else f"{date_sql(first).replace('{c}', column.raw)} IS NOT NULL"
    )
    condition = f"({column.sql}) IS NOT NULL AND NOT {usual}"
    (count,) = scene.count(condition)
    return found(
        rule, scene, count, where=condition, kind="mixed_date_formats", severity="warning",
        confidence=0.9,
        message=f"{column.name} mixes date formats: {', '.join(column.formats)}; "
        f"{counted(count, 'cell', 'are')} not in the first",
        advice="write dates as YYYY-MM-DD; day and month may have been swapped",
        evidence={"formats": list(column.formats)},
    )  # fmt: skip


def _placeholders(rule: Rule, scene: Scene, column: Column) -> Iterable[Finding]:
    filled = values_of(rule.columns[0], scene)
    fillers = [v for v in filled if (v.strip().lower() in PLACEHOLDERS or not v.strip())
               and not _is_legal(v, column.name, filled)]  # fmt: skip
    count = sum(filled[v] for v in fillers)
    if 0 < count <= rule.params.get("allowed_frac", 1.0) * scene.num_rows:
        what = "hold a placeholder instead of a value"
        where = in_values(column.raw, fillers)
        yield _cells(rule, scene, count, where, what, kind="disguised_missing")


def _is_legal(value: str, name: str, counts: Mapping[str, int]) -> bool:
    """Whether a placeholder is a name here: NA of places, a brand None as frequent as others."""
    others = {v: n for v, n in counts.items() if v.strip().lower() not in PLACEHOLDERS}
    if not others or not value.strip().isalpha():
        return False
    if value.strip().upper() == "NA":
        codes = sum(n for v, n in others.items() if v.isupper() and len(v) <= _CODE_LETTERS)
        return bool(_PLACES.search(name)) or 2 * codes > sum(others.values())
    return value[0].isupper() and 2 * counts[value] >= median(others.values())


def _strays(rule: Rule, scene: Scene, column: Column) -> Iterable[Finding]:
    """Numbers and dates among a few words that fill most of the column: the minority is wrong."""
    counts = values_of(rule.columns[0], scene)
    if len(counts) > _MAX_VALUES:
        return
    read, _ = read_meanings({v: Cells({v: 1}) for v in counts}, day_first=True)
    words = {v: n for v, n in counts.items() if read[v].kind == "text"}
    usual = median(words.values() or [0])
    # A brand 4711 is as frequent as the others; ages among age groups are rarer, each of them. A
    # lone 300 among sizes such as 300x250 is wrong however frequent.
    shapes = {_FIGURES.sub("9", word) for word in words}
    alike = len(shapes) == 1 and "9" in "".join(shapes)
    values = {
        v: n for v, n in counts.items() if read[v].kind == "date"
        or (read[v].kind != "text" and (alike or 2 * n < usual))
    }  # fmt: skip
    total = sum(values.values())
    if values and 0 < len(words) <= _MAX_WORDS and total < sum(words.values()):
        yield _cells(rule, scene, total, in_values(column.raw, values),
                     "are numbers or dates, where most of the column are a few words")  # fmt: skip


def _whole_column(rule: Rule, scene: Scene, column: Column, wanted: str) -> Iterable[Finding]:
    fits = "NULL"
    if column.is_text:
        fits = f"TRY_CAST({column.raw} AS {'DOUBLE' if wanted == 'number' else 'TIMESTAMP'})"
    condition = f"{column.raw} IS NOT NULL AND {fits} IS NULL"
    (count,) = scene.count(condition)
    if count:
        yield _cells(rule, scene, count, condition, f"are no {wanted}")


def _cells(rule: Rule, scene: Scene, count: int, where: str, what: str, **told: Any) -> Finding:
    column = scene.column(rule.columns[0])
    return found(
        rule, scene, count, where=where, cells=what,
        evidence={"formats": list(filter(None, column.formats))},
        advice=f"convert {column.name} where it is exported; numbers must arrive as numbers",
        **told,
    )  # fmt: skip


def expected_type(role: Role | None) -> str | None:
    """The type a role asks for.

    Examples
    --------
    >>> expected_type(Role.COUNT)
    'number'
    """
    if role in (Role.COUNT, Role.MONEY, Role.RATE):
        return "number"
    return "date" if role is Role.DATE else None
