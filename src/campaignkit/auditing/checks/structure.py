"""Columns that are gone or changed their type, and cells that do not fit their column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from campaignkit.auditing.checks.check import Check, unknown_columns
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.tables import Column, Role, literal
from campaignkit.tables.meaning import PLACEHOLDERS
from campaignkit.tables.schema import plain

if TYPE_CHECKING:
    from campaignkit.auditing.scene import Scene

# A group of standard columns of which at least half came is expected to be whole.
_GROUP_FRAC = 0.5
_TABLE_FRAC = 0.5
_WHOLE_TABLE_FRAC = 0.6
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

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding for all missing columns."""
        gone = [c for c in rule.columns if not scene.table.has(c)]
        if rule.params.get("groups"):
            gone = _expected(gone, scene)
        if not gone:
            return
        yield Finding(
            rule.kind, tuple(gone), len(gone), min(len(gone) / max(len(rule.columns), 1), 1.0),
            severity=rule.severity, confidence=rule.confidence, unit="column",
            message=f"{len(gone)} expected columns are missing: {', '.join(gone)}",
            advice="ask the source for them again, or remove them from the schema rule",
            evidence={"present": len(rule.columns) - len(gone)}, rule=rule.id, table=scene.table,
        )  # fmt: skip


def _expected(gone: list[str], scene: Scene) -> list[str]:
    """Missing standard columns of groups that are otherwise there."""
    schema, own = scene.table.schema, scene.table.own
    # Of a platform's export, which has the platform's names, nobody can say what it lacks.
    usual = {spec.name for spec in schema.columns if spec.group}
    found = {name for name in usual & set(own) if plain(own[name]) == plain(name)}
    recognised = len(found) / len(usual)
    if recognised < _TABLE_FRAC:
        return []
    # In a table that has most standard columns one member of a group calls for the others.
    least = 0.0 if recognised >= _WHOLE_TABLE_FRAC else _GROUP_FRAC
    out = []
    for name in gone:
        members = [c.name for c in schema.columns if c.group and c.group == schema[name].group]
        here = sum(m in found for m in members)
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
            wanted = expected_type(spec.role)
            if wanted and (spec.group or scene.column(name).kind == wanted):
                yield self._rule(name, wanted, f"{spec.role} columns hold {wanted}s")
        for name in unknown_columns(scene):
            column = scene.column(name)
            if column.kind == "text":
                yield self._rule(name, "text", "an empty cell says so by being empty",
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
        if not scene.table.has(*rule.columns) or not scene.num_rows:
            return
        column = scene.column(rule.columns[0])
        wanted = rule.params.get("type", "number")
        if column.kind != wanted:
            yield from _whole_column(rule, scene, column.name, str(wanted))
            return
        counts = scene.profile.columns[column.name]
        if wanted == "text":
            yield from _placeholders(rule, scene, column.name)
        if counts.num_unfit:
            unfit = f"{column.raw} IS NOT NULL AND ({column.sql}) IS NULL"
            words = ", ".join(f"'{p}'" for p in sorted(PLACEHOLDERS))
            filler = f"{unfit} AND lower(trim({column.raw})) IN ({words}, '')"
            (fillers,) = scene.count(filler)
            if counts.num_unfit > fillers:
                yield _cells(
                    rule, scene, column.name, rule.kind, f"{unfit} AND NOT ({filler})",
                    counts.num_unfit - fillers, f"are no {wanted}",
                )  # fmt: skip
            if fillers:
                yield _cells(
                    rule, scene, column.name, "disguised_missing", filler, fillers,
                    "hold a placeholder instead of a value",
                )  # fmt: skip
        if counts.num_not_finite:
            yield _cells(
                rule, scene, column.name, "not_finite",
                f"NOT isfinite(CAST({column.sql} AS DOUBLE))", counts.num_not_finite,
                "are not a number or infinite",
            )  # fmt: skip
        if len(column.formats) > 1 and wanted == "date":
            yield _other_formats(rule, scene, column)


def _other_formats(rule: Rule, scene: Scene, column: Column) -> Finding:
    """The dates written in another way than most of their column."""
    first, trimmed = column.formats[0], f"trim({column.raw})"
    # A cell in ISO form starts with its year and a hyphen; TRY_CAST would take other forms too.
    usual = (
        f"regexp_full_match({trimmed}, '[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}([T ].*)?')"
        if first == "iso"
        else f"TRY_STRPTIME({trimmed}, {literal(first)}) IS NOT NULL"
    )
    condition = f"({column.sql}) IS NOT NULL AND NOT {usual}"
    (count,) = scene.count(condition)
    return Finding(
        "mixed_date_formats", (column.name,), count, count / scene.num_rows,
        severity="warning", confidence=0.9, blamed=column.name,
        message=f"{column.name} mixes date formats: {', '.join(column.formats)}; "
        f"{count:,} cells are not in the first",
        advice="write dates as YYYY-MM-DD; day and month may have been swapped",
        evidence={"formats": list(column.formats)}, rule=rule.id,
        parts={column.name: condition}, table=scene.table,
    )  # fmt: skip


def _placeholders(rule: Rule, scene: Scene, name: str) -> Iterable[Finding]:
    counts = scene.histogram(name)
    raw, filled = scene.column(name).raw, [(v, n) for v, n in counts.items() if v is not None]
    found = {v: n for v, n in filled if v.strip().lower() in PLACEHOLDERS or not v.strip()}
    if 2 * sum(n for v, n in filled if len(v) == 2) > sum(n for _, n in filled):
        # Among codes of two letters NA is North America, or Namibia.
        found = {v: n for v, n in found.items() if len(v) != 2}
    count = sum(found.values())
    filler = f"{raw} IN ({', '.join(literal(v) for v in found)})"
    if 0 < count <= rule.params.get("allowed_frac", 1.0) * scene.num_rows:
        yield _cells(
            rule, scene, name, "disguised_missing", filler, count,
            "hold a placeholder instead of a value",
        )  # fmt: skip


def _whole_column(rule: Rule, scene: Scene, name: str, wanted: str) -> Iterable[Finding]:
    column = scene.column(name)
    nulls = scene.profile.columns[name].num_nulls
    filled = scene.num_rows - nulls
    if not filled:
        return
    fits = "NULL"
    if column.is_text:
        turn = "DOUBLE" if wanted == "number" else "TIMESTAMP"
        fits = f"TRY_CAST({column.raw} AS {turn})"
    condition = f"{column.raw} IS NOT NULL AND {fits} IS NULL"
    (count,) = scene.count(condition)
    if count:
        yield _cells(rule, scene, name, rule.kind, condition, count, f"are no {wanted}")


def _cells(  # noqa: PLR0917 - one row of the same table each
    rule: Rule, scene: Scene, name: str, kind: str, condition: str, count: int, what: str
) -> Finding:
    rate = count / scene.num_rows
    return Finding(
        kind, (name,), count, rate, severity=rule.severity, confidence=rule.confidence,
        message=f"{count:,} cells of {name} {what}",
        advice=f"convert {name} where it is exported; numbers must arrive as numbers",
        blamed=name, evidence={"formats": list(scene.column(name).formats)}, rule=rule.id,
        parts={name: condition}, table=scene.table,
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
