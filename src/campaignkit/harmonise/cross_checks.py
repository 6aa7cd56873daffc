"""Checks across a client's platforms: what no audit of one table can see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from campaignkit.auditing import Finding, Rule
from campaignkit.auditing.checks.check import Check
from campaignkit.auditing.scene import Scene
from campaignkit.harmonise.outcomes import question

# Kind of finding, which is the name of a question -> the columns it is about, and what to do.
_KINDS = {
    "account_twice": ("account_id", "leave out one of the two exports"),
    "event_fell": ("account_id", "was the pixel, the event's name or a window changed there?"),
    "platform_days_missing": (
        "date_local",
        "ingest those days of the platform again, or confirm the pause",
    ),
}


class CrossPlatformCheck(Check):
    """Compares the platforms and accounts of one client with each other.

    Finds one account under two keys (the same spend and impressions day by day), an event that
    falls away while its campaigns' spend goes on, and days, at most a week at a time, that an
    account lacks while others have rows.

    Parameters
    ----------
    rows : callable
        SQL -> rows of the client's store.
    """

    form = "cross_platform"

    def __init__(self, rows: Callable[[str], list[tuple[Any, ...]]]) -> None:
        self._ask = rows

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """One, for all three."""
        columns = ("platform", "account_id", "event_date")
        if scene.table.has(*columns):
            yield Rule.over(
                self.form, "cross_platform", *columns, id=self.form, severity="warning",
                reason="a client's platforms are compared with each other",
            )  # fmt: skip

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """The findings of all three."""
        for kind, (column, advice) in _KINDS.items():
            for count, message, evidence in self._ask(question(kind)):
                yield Finding(
                    kind=kind, columns=(column,), count=count, message=message, advice=advice,
                    evidence=evidence, rate=0.0, rule=rule.id, confidence=0.9, unit="day",
                    severity=rule.severity, table=scene.table,
                )  # fmt: skip
