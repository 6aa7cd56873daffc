"""What a check owes: the conditions to count in the one pass, and the findings afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from campaignkit.auditing.finding import Finding
    from campaignkit.auditing.rule import Rule
    from campaignkit.auditing.scene import Scene
    from campaignkit.tables import OpenTable


class Check(Protocol):
    """Runs the rules of one form; held to `campaignkit.testing.check_audit_check`.

    Examples
    --------
    >>> from campaignkit.auditing import ALL_CHECKS
    >>> all(isinstance(check.form, str) for check in ALL_CHECKS.values())
    True
    """

    @property
    def form(self) -> str:
        """The form of rule it runs."""

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        """SQL conditions to be counted in the one pass over the table; may be none."""

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """The findings; none where the rule's columns are absent or it holds.

        A finding's `count` equals the length of its `rows`, which lie in the table.
        """


def applies(rule: Rule, table: OpenTable) -> bool:
    """Whether the table has all the rule's columns, by own or standard name."""
    return table.has(*rule.columns)
