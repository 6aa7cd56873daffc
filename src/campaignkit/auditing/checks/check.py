"""What a check owes: rules it states itself, conditions of the one pass, findings afterwards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from campaignkit.show import counted
from campaignkit.tables import literal

if TYPE_CHECKING:
    from campaignkit.auditing.finding import Finding
    from campaignkit.auditing.rule import Rule
    from campaignkit.auditing.scene import Scene
    from campaignkit.tables import OpenTable


class Check(ABC):
    """Runs the rules of one form; held to `campaignkit.testing.check_audit_check`.

    Attributes
    ----------
    form : str
        The form of rule it runs.
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
    sets_aside: ClassVar[bool] = False

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """The rules it holds a table to without being told any; none unless overridden.

        Asked before the one pass: the scene has no profile yet.
        """
        return ()

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        """SQL conditions to be counted in the one pass over the table; none unless overridden."""
        return ()

    @abstractmethod
    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """The findings; none where the rule's columns are absent or it holds.

        A finding's `count` equals the length of its `rows`, which lie in the table. Ask the scene
        (`count`, `values`, `rows`): what all checks want to know is then asked together, and this
        is called again with the answers there.
        """


def applies(rule: Rule, table: OpenTable) -> bool:
    """Whether the table has all the rule's columns, by own or standard name."""
    return table.has(*rule.columns)


def standard(scene: Scene, name: str) -> str:
    """The standard name of a table's own column, or its own: what rules call it by."""
    return scene.table.matching.standard(name) or name


def unknown_columns(scene: Scene) -> tuple[str, ...]:
    """Columns that no standard column stands for: rules for them are read off the table."""
    return scene.table.matching.unknown + scene.table.matching.ambiguous


def cells_with(values: Iterable[str], rule: Rule, scene: Scene, **fields: Any) -> Finding:
    """A finding of the cells of a rule's text column that hold some of its values.

    Its message says how many cells and of which column, before what `fields` has for it.
    """
    from campaignkit.auditing.finding import Finding

    column = scene.column(rule.columns[0])
    held, counts = list(values), scene.histogram(column.name)
    count = sum(counts[v] for v in held)
    told = {"kind": rule.kind, "severity": rule.severity} | fields
    verb, rest = told["message"].split(" ", 1)
    told["message"] = f"in {column.name}, {counted(count, 'cell', verb)} {rest}"
    return Finding(
        columns=(column.name,), count=count, rate=count / max(scene.num_rows, 1),
        blamed=column.name, rule=rule.id, table=scene.table,
        parts={column.name: f"{column.sql} IN ({', '.join(map(literal, held))})"}, **told,
    )  # fmt: skip
