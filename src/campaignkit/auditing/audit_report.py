"""What an audit came to: findings, what could not be checked, and the ways to hand it on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    from campaignkit.auditing.finding import Finding
    from campaignkit.auditing.rule import RuleSet
    from campaignkit.tables import OpenTable

_SHOWN_FINDINGS = 12  # in a notebook; .findings holds all
_ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(eq=False)
class AuditReport:
    """The findings of one audit, the gravest first.

    Rows are fetched from the table when they are asked for; close the report, or use it as a
    context manager, when that is over.

    Attributes
    ----------
    findings : list of Finding
        Errors, warnings, infos.
    silenced : list of Finding
        Findings of silenced rules, within the rate and time of their silence.
    num_rows, num_columns : int
        Size of the table.
    name : str
        What the table is called.
    rules : RuleSet
        The rules it was held to.
    notes : list of str
        What was odd about the input.
    unchecked : list of str
        What could not be checked and why.
    seconds : mapping of str to float
        Time by stage.

    Examples
    --------
    >>> import campaignkit as ck
    >>> report = ck.audit({"clicks": [1, 9], "impressions": [5, 5]})
    >>> [(f.kind, f.rows.tolist()) for f in report.errors]
    [('clicks_exceed_impressions', [1])]
    """

    findings: list[Finding]
    num_rows: int
    num_columns: int
    name: str
    rules: RuleSet
    silenced: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    seconds: Mapping[str, float] = field(default_factory=dict)
    table: OpenTable | None = None

    def __post_init__(self) -> None:
        self.findings.sort(key=lambda f: (_ORDER.get(f.severity, 3), -f.rate, f.kind, f.columns))

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.of_severity(s))} {s}s" for s in ("error", "warning"))
        return (
            f"AuditReport({self.name}: {self.num_rows:,} rows, {len(self.rules)} rules; {counts})"
        )

    def __enter__(self) -> AuditReport:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the table; rows not fetched by now cannot be fetched any more."""
        if self.table is not None:
            self.table.close()

    @property
    def errors(self) -> list[Finding]:
        """Findings that must be mended."""
        return self.of_severity("error")

    @property
    def warnings(self) -> list[Finding]:
        """Findings a person should look at."""
        return self.of_severity("warning")

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds found, once each, the gravest first."""
        return tuple(dict.fromkeys(f.kind for f in self.findings))

    def of_severity(self, *severities: str) -> list[Finding]:
        """Findings of these severities."""
        return [f for f in self.findings if f.severity in severities]

    def fails_on(self, severity: str) -> bool:
        """Whether there is a finding of this severity or a graver one."""
        limit = _ORDER[severity]
        return any(_ORDER.get(f.severity, 3) <= limit for f in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without rows."""
        return {
            "table": self.name,
            "num_rows": self.num_rows,
            "num_columns": self.num_columns,
            "counts": {s: len(self.of_severity(s)) for s in _ORDER},
            "findings": [f.to_dict() for f in self.findings],
            "silenced": [f.to_dict() for f in self.silenced],
            "notes": list(self.notes),
            "unchecked": list(self.unchecked),
            "num_rules": len(self.rules),
            "seconds": {k: round(v, 3) for k, v in self.seconds.items()},
        }

    def to_json(self) -> str:
        """The report as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2, default=str)

    def to_markdown(self) -> str:
        """The report as Markdown; cells of the table are kept from becoming markup."""
        counts = [f"{len(self.of_severity(s))} {s}s" for s in ("error", "warning")]
        lines = [
            f"# Audit of {_plain(self.name)}",
            "",
            f"{self.num_rows:,} rows, {self.num_columns} columns, {len(self.rules)} rules: "
            f"{' and '.join(counts)}.",
            "",
        ]
        if self.findings:
            lines += [
                "| severity | kind | columns | rows | share | what |",
                "|---|---|---|---|---|---|",
            ]
            lines += [
                f"| {f.severity} | {_plain(f.kind)} | {_plain(', '.join(f.columns[:6]))} "
                f"| {f.count:,} | {f.rate:.2%} | {_plain(f.message)} |"
                for f in self.findings
            ]
            lines += ["", "## What to do next", ""]
            lines += [
                f"{i}. {_plain(', '.join(f.columns[:4]))}: {_plain(f.advice)}"
                for i, f in enumerate(self.findings, 1)
                if f.severity != "info"
            ]
        else:
            lines.append("No fault found.")
        for title, items in (("Notes", self.notes), ("Not checked", self.unchecked)):
            if items:
                lines += ["", f"## {title}", "", *(f"- {_plain(item)}" for item in items)]
        if self.silenced:
            lines += ["", "## Silenced", ""]
            lines += [f"- {_plain(f.kind)}: {_plain(f.silenced)}" for f in self.silenced]
        return "\n".join(lines) + "\n"

    def _repr_html_(self) -> str:
        from campaignkit.show.page import paragraph, table

        held = {severity: len(self.of_severity(severity)) for severity in _ORDER}
        counts = ", ".join(f"{n} {severity}{'s' * (n != 1)}" for severity, n in held.items())
        size = f"{self.num_rows:,} rows, {self.num_columns} columns, {len(self.rules)} rules"
        parts = [paragraph(f"Audit of {self.name}: {size}: {counts}.")]
        if self.findings:
            rows = [
                [f.severity, f.kind, in_words(f.columns, 4), f.count, f"{f.rate:.2%}", f.message]
                for f in self.findings[:_SHOWN_FINDINGS]
            ]
            parts.append(table(["severity", "kind", "columns", "rows", "share", "what"], rows))
        else:
            parts.append(paragraph("No fault found."))
        more = len(self.findings) - _SHOWN_FINDINGS
        if more > 0:
            parts.append(paragraph(f"and {more:,} more in .findings"))
        if self.unchecked:
            parts.append(paragraph(f"Not checked: {in_words(self.unchecked, 3)}"))
        return "".join(parts)


def _plain(text: str) -> str:
    out = text.replace("\\", "\\\\").replace("\r", " ").replace("\n", " ")
    for mark in "|<>`*_[]":
        out = out.replace(mark, f"\\{mark}")
    return out


def in_words(items: Sequence[str], most: int = 8) -> str:
    """A list cut to length.

    Examples
    --------
    >>> in_words(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    head = ", ".join(items[:most])
    return head if len(items) <= most else f"{head} and {len(items) - most} more"
