"""Identifiers that a spreadsheet or a float column took for numbers: digits and zeros are lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from campaignkit.auditing.checks.check import ConditionCheck, found, standard
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import Scene
from campaignkit.tables import Column, OpenTable, is_identifier

_EXACT = 2**53  # a float holds every whole number up to here


class IdentifierCheck(ConditionCheck):
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

    def wrong(self, rule: Rule, table: OpenTable) -> Mapping[str, Mapping[str, Any]]:
        """What each kind of damage looks like."""
        column = table.column(rule.columns[0])
        lost = f"export {column.name} as text: the digits that are lost cannot be restored"
        if column.kind == "number":
            # Only a float is written with a point or an exponent.
            written = f"regexp_matches(CAST({column.sql} AS VARCHAR), '[.e]')"
            inexact = f"abs({column.sql}) >= {_EXACT} AND {written}"
            return {inexact: {"cells": "are floats too large to hold every digit", "advice": lost}}
        if column.kind != "text":
            return {}
        return {
            _matches(column, "[0-9]([.,][0-9]+)?[eE][+][0-9]+", "%+%"): {
                "cells": "are in scientific notation and have lost digits", "advice": lost},
            _matches(column, "[0-9]+[.]0+", "%.0%"): {
                "cells": "end in .0, which a column of floats has added",
                "advice": f"cut .0 off {column.name}: one identifier must be written in one way"},
        }  # fmt: skip

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        """The damage, and zeros in front, which are healthy but telling."""
        column = table.column(rule.columns[0])
        zeros = [_zeros(column)] if column.kind == "text" else []
        return [*super().conditions(rule, table), *zeros]

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding for each kind of damage to the column."""
        yield from super().find(rule, scene)
        column = scene.column(rule.columns[0])
        if column.kind == "text" and scene.count(_zeros(column)) != [0]:
            yield from _lost_zeros(rule, scene, column)


def _matches(column: Column, pattern: str, *like: str) -> str:
    """SQL of whether a cell matches a pattern; one that is not even like it is quickly told."""
    may = " OR ".join(f"{column.raw} LIKE '{one}'" for one in like)
    whole = f"regexp_full_match(trim({column.raw}), '{pattern}')"
    return f"CASE WHEN {may} THEN {whole} ELSE FALSE END"


def _zeros(column: Column) -> str:
    return _matches(column, "0[0-9]+", "0%", " %")


def _lost_zeros(rule: Rule, scene: Scene, column: Column) -> Iterable[Finding]:
    """Identifiers without their zeros: shorter than all that keep them, or the very same ones."""
    cell, zeros = f"trim({column.raw})", _zeros(column)
    kept = f"CASE WHEN {zeros} THEN length({cell}) END"
    least, most = scene.values(f"min({kept})", f"max({kept})")
    whole = f"regexp_full_match({cell}, '[1-9][0-9]*')"
    short = f"{whole} AND length({cell}) < {most}"
    (count,) = scene.count(short)
    advice = f"fill {column.name} up with zeros to {most} digits"
    if least != most or count > 0.5 * scene.num_rows:  # are they those that have them elsewhere?
        advice = f"export {column.name} as text: one identifier must be written in one way"
        known = f"SELECT ltrim({cell}, '0') FROM {scene.table.relation} WHERE {zeros}"
        short = f"{whole} AND {cell} IN ({known})"
        count = 0 if scene.table.in_place else scene.count(short)[0]
    if count:
        yield found(
            rule, scene, count, where=short, cells="have lost their leading zeros",
            severity="warning" if rule.severity == "error" else rule.severity, advice=advice,
        )  # fmt: skip
