"""What an audit says of a table, as plain values that can be held against another engine's."""

from __future__ import annotations

from typing import Any

from campaignkit.auditing import AuditReport


def findings(report: AuditReport) -> list[tuple[Any, ...]]:
    """Each finding's kind, columns, rows, severity, blamed column and evidence, in order."""
    return sorted(
        (f.kind, f.columns, f.count, f.severity, f.blamed or "", str(f.evidence))
        for f in report.findings
    )
