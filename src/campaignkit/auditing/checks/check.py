"""What a check gives: its own rules, conditions for the one pass, findings afterwards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import Scene
from campaignkit.show import counted
from campaignkit.tables import OpenTable, literal
from campaignkit.tables.schema import plain


class Check(ABC):
    """Runs the rules of one form; held to `campaignkit.testing.check_audit_check`.

    Attributes
    ----------
    form : str
        The form of rule it runs.
    kinds : tuple of str
        The kinds that the first columns of its rules must have; empty where any will do.
    sets_aside : bool
        Whether it runs before the others, which then do not see the rows it finds (they must be
        told by `Finding.parts`).

    Examples
    --------
    >>> from campaignkit.auditing import ALL_CHECKS
    >>> all(isinstance(check.form, str) for check in ALL_CHECKS.values())
    True
    """

    form: str
    kinds: ClassVar[tuple[str, ...]] = ()
    sets_aside: ClassVar[bool] = False

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """The rules it holds a table to without being told any; none unless overridden.

        Asked before the one pass: the scene has no profile yet.
        """
        return ()

    def applies(self, rule: Rule, table: OpenTable) -> bool:
        """Whether a table can be held to a rule; else the two methods below are not called.

        Unless overridden: it has rows, and the rule's columns, by own or standard name, which are
        of the kinds asked for.
        """
        return table.num_rows != 0 and table.has(*rule.columns) and all(
            table.column(name).kind == kind
            for name, kind in zip(rule.columns, self.kinds, strict=False)
        )  # fmt: skip

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        """SQL conditions to be counted in the one pass over the table; none unless overridden."""
        return ()

    @abstractmethod
    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """The findings; none where the rule holds.

        A finding's `count` equals the length of its `rows`, which lie in the table. Ask the scene
        (`count`, `values`, `rows`): what all checks want to know is then asked together, and this
        is called again with the answers there.
        """


class ConditionCheck(Check):
    """A check of rows one by one: what is wrong with a row is one or more SQL conditions.

    Examples
    --------
    >>> from campaignkit.auditing import Rule, audit
    >>> class Round(ConditionCheck):
    ...     form = "round"
    ...     def wrong(self, rule, table):
    ...         where = f"{table.sql(rule.columns[0])} % 1000 = 0"
    ...         return {where: {"rows": "have no cents", "advice": "ask for cents"}}
    >>> rule = Rule("round:spend", "round", "round_spend", ("spend",))
    >>> audit({"spend": [12.5, 3000.0]}, [rule], checks=[Round()]).findings[0].message
    '1 row has no cents'
    """

    @abstractmethod
    def wrong(self, rule: Rule, table: OpenTable) -> Mapping[str, Mapping[str, Any]]:
        """SQL condition of wrong rows -> what is to be said of them.

        ``rows``: verb and rest of a sentence about the rows (``cells``: about the cells of the
        rule's column); and fields of a :class:`Finding`, such as ``advice``, which override those
        of the rule.
        """

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        """All of them."""
        return list(self.wrong(rule, table))

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding for each condition that is ever true."""
        wrong = self.wrong(rule, scene.table)
        for (where, told), count in zip(wrong.items(), scene.count(*wrong), strict=True):
            if count:
                yield found(rule, scene, count, where=where, **told)


def found(
    rule: Rule, scene: Scene, count: int, *columns: str, where: str = "", cells: str = "",
    rows: str = "", **fields: Any,
) -> Finding:  # fmt: skip
    """A finding of a rule, whose severity, confidence and columns it has unless told otherwise.

    Parameters
    ----------
    count : int
        Rows, or what the field `unit` names.
    *columns : str
        Own names; those of the rule unless told.
    where : str
        SQL condition of the faulty cells: of the blamed column, which is the only one if there
        is one.
    cells, rows : str
        Instead of a message: verb and rest of a sentence about the cells of the column, or rows;
        ``:`` in place of a verb.
    **fields
        Of the :class:`Finding`.
    """
    names = columns or tuple(scene.column(c).name for c in rule.columns)
    told: dict[str, Any] = {"kind": rule.kind, "severity": rule.severity,
                            "confidence": rule.confidence, "rate": 0.0}  # fmt: skip
    if fields.get("unit", "row") == "row":
        told["rate"] = scene.share(count)
    if where:
        told["blamed"] = fields.get("blamed", names[0] if len(names) == 1 else None)
        told["parts"] = {told["blamed"] or "*": where}
    if cells or rows:
        verb, rest = (cells or rows).split(" ", 1)
        place, what = (f"in {names[0]}, ", "cell") if cells else ("", "row")
        said = f"{counted(count, what)}:" if verb == ":" else counted(count, what, verb)
        told["message"] = f"{place}{said} {rest}"
    return Finding(columns=names, count=count, rule=rule.id, table=scene.table, **told | fields)


def standard(scene: Scene, name: str) -> str:
    """The standard name of a table's own column, or its own: what rules call it by."""
    return scene.table.matching.standard(name) or name


def unknown_columns(scene: Scene) -> tuple[str, ...]:
    """Columns that no standard column stands for: rules for them are read off the table."""
    return scene.table.matching.unknown + scene.table.matching.ambiguous


def standard_columns(scene: Scene) -> set[str]:
    """The usual columns of a campaign table that are there by their standard names."""
    own = scene.table.own
    usual = (spec.name for spec in scene.table.schema.columns if spec.group and spec.name in own)
    return {name for name in usual if plain(own[name]) == plain(name)}


def is_export(scene: Scene) -> bool:
    """Whether most columns have a platform's names instead of the standard ones."""
    usual = sum(bool(scene.table.schema[name].group) for name in scene.table.own)
    return 2 * len(standard_columns(scene)) < usual


def values_of(name: str, scene: Scene) -> dict[str, int]:
    """Value -> rows of a text column, the most frequent first, without null."""
    return {v: n for v, n in scene.histogram(name).items() if v is not None}


def in_values(sql: str, values: Iterable[str]) -> str:
    """SQL of whether an expression is one of some values."""
    return f"{sql} IN ({', '.join(map(literal, values))})"


def cells_with(values: Iterable[str], rule: Rule, scene: Scene, **fields: Any) -> Finding:
    """A finding of the cells of a rule's text column that hold some of its values."""
    held, counts = list(values), values_of(rule.columns[0], scene)
    where = in_values(scene.table.sql(rule.columns[0]), held)
    return found(rule, scene, sum(counts[v] for v in held), where=where, **fields)
