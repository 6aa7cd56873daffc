"""Identifiers that a spreadsheet or a float column took for numbers: digits and zeros are lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from campaignkit.auditing.checks.check import Check, applies, standard
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.show import counted
from campaignkit.tables import Column, OpenTable, is_identifier

if TYPE_CHECKING:
    from campaignkit.auditing.scene import Scene

_EXACT = 2**53  # a float holds every whole number up to here


class IdentifierCheck(Check):
    """Runs ``identifiers`` rules: scientific notation, ``123`` beside ``123.0``, lost zeros.

    Examples
    --------
    >>> IdentifierCheck().form
    'identifiers'
    """

    form = "identifiers"

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Columns that are identifiers by their role or their name."""
        for name in scene.table.columns:
            if is_identifier(name, scene.role(name)):
                yield Rule.over(self.form, "damaged_identifiers", standard(scene, name),
                                reason="an identifier keeps every digit")  # fmt: skip

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        """What each kind of damage looks like."""
        return list(_damage(table.column(rule.columns[0]))) if applies(rule, table) else []

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding for each kind of damage to the column."""
        if not applies(rule, scene.table):
            return
        column = scene.column(rule.columns[0])
        damage = _damage(column)
        counts = dict(zip(damage, scene.count(*damage), strict=True))
        for condition, (severity, what, advice) in damage.items():
            if counts[condition] and severity:
                yield _finding(rule, scene, condition, counts[condition], severity, what, advice)
        zeros = next((c for c, told in damage.items() if not told[0]), "")
        if zeros and counts[zeros]:
            yield from _lost_zeros(rule, scene, zeros)


def _damage(column: Column) -> dict[str, tuple[str, str, str]]:
    """Condition -> severity, what the cells are, advice; no severity: healthy, but telling."""
    cell = f"trim({column.raw})"
    lost = "export {} as text: the digits that are lost cannot be restored"
    if column.kind == "number":
        # Only a float is written with a point or an exponent.
        written = f"regexp_matches(CAST({column.sql} AS VARCHAR), '[.e]')"
        inexact = f"abs({column.sql}) >= {_EXACT} AND {written}"
        return {inexact: ("error", "are floats too large to hold every digit", lost)}
    if column.kind != "text":
        return {}
    return {
        f"regexp_full_match({cell}, '[0-9]([.,][0-9]+)?[eE][+][0-9]+')": (
            "error", "are in scientific notation and have lost digits", lost),
        f"regexp_full_match({cell}, '[0-9]+[.]0+')": (
            "error", "end in .0, which a column of floats has added", "cut .0 off {}: one "
            "identifier must be written in one way"),
        f"regexp_full_match({cell}, '0[0-9]+')": ("", "", ""),
    }  # fmt: skip


def _lost_zeros(rule: Rule, scene: Scene, zeros: str) -> Iterable[Finding]:
    """Shorter identifiers, where all that keep their zeros have one length."""
    cell = f"trim({scene.column(rule.columns[0]).raw})"
    kept = f"CASE WHEN {zeros} THEN length({cell}) END"
    least, most = scene.values(f"min({kept})", f"max({kept})")
    short = f"regexp_full_match({cell}, '[1-9][0-9]*') AND length({cell}) < {most}"
    (count,) = scene.count(short)
    if least == most and 0 < count < 0.5 * scene.num_rows:
        yield _finding(rule, scene, short, count, "warning", "have lost their leading zeros",
                       f"fill {{}} up with zeros to {most} digits")  # fmt: skip


def _finding(  # noqa: PLR0917 - one row of the same table each
    rule: Rule, scene: Scene, condition: str, count: int, severity: str, what: str, advice: str
) -> Finding:
    name = scene.column(rule.columns[0]).name
    verb, rest = what.split(" ", 1)
    return Finding(
        rule.kind, (name,), count, count / scene.num_rows,
        severity=severity if rule.severity == "error" else rule.severity,
        message=f"in {name}, {counted(count, 'cell', verb)} {rest}",
        advice=advice.format(name), blamed=name, rule=rule.id, parts={name: condition},
        table=scene.table,
    )  # fmt: skip
