"""Jobs of kind ``audit``: what is wrong with a table, as ``campaignkit audit --report`` writes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from campaignkit.progress import CallProgress
from campaignkit.service.jobs import Cost, Plan
from campaignkit.service.kinds.kind import Files, Kind, Tell
from campaignkit.service.kinds.request import Request, Share, TableFile, Text, Whole


class AuditRequest(Request):
    """What ``campaignkit audit`` takes, but rule files, which can contain SQL."""

    table: TableFile
    history: TableFile | None = None
    no_pack: bool = False
    no_duplicates: bool = False
    tolerance: Share = 0.05
    header: Whole | None = None
    skip: Whole | None = None
    delimiter: Annotated[str, Field(pattern=r"^[^\x00]$")] | None = None
    encoding: Literal["utf-8", "utf-16", "cp1252", "latin-1"] | None = None
    decimal: Literal[".", ","] | None = None
    day_first: bool | None = None
    columns: dict[Text, Text | None] | None = None


_READING = ("header", "skip", "delimiter", "encoding", "decimal", "day_first", "columns")


class AuditKind(Kind[AuditRequest]):
    """Audits a table."""

    name: ClassVar[str] = "audit"
    request: ClassVar[type[Request]] = AuditRequest

    def plan(self, request: AuditRequest, files: Files) -> Plan:
        """The table's rows; a table that cannot be read is refused here."""
        from campaignkit.tables import open_table

        with open_table(files.path(request.table), **_reading(request)) as table:
            num_rows = table.num_rows
        return Plan((), Cost(rows=num_rows, bytes=20_000_000), 0, "rules")

    def run(
        self, request: AuditRequest, files: Files, out: Path, kept: Path, tell: Tell
    ) -> tuple[Mapping[str, Any], Cost]:
        """Write ``audit.html``, ``audit.json`` and ``audit.md``."""
        from campaignkit.auditing import audit
        from campaignkit.report import write_audit

        place, history = files.folder, request.history and files.path(request.history)
        table = files.path(request.table).relative_to(place)
        with chdir(place), audit(  # reports name the table as it was given
            table, history=history and history.relative_to(place), pack=not request.no_pack,
            duplicates=not request.no_duplicates, tolerance=request.tolerance,
            progress=CallProgress(lambda _, *far: tell(*far)), **_reading(request),
        ) as found:  # fmt: skip
            write_audit(found, out)
            summary = {"num_rows": found.num_rows, "num_findings": len(found.findings)}
        return summary, Cost(rows=found.num_rows)


def _reading(request: AuditRequest) -> dict[str, Any]:
    told = {name: getattr(request, name) for name in _READING}
    return {name: value for name, value in told.items() if value is not None}
