"""What an audit came to: findings, what could not be checked, and the ways to hand it on."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from campaignkit.auditing.groups import ORDER, Group, grouped, judged
from campaignkit.errors import TableError
from campaignkit.extras import frame_library
from campaignkit.show import Block, as_html, as_markdown, as_text, counted, in_words

if TYPE_CHECKING:
    from campaignkit.auditing.finding import Finding
    from campaignkit.auditing.rule import RuleSet
    from campaignkit.tables import OpenTable

_FIRST = 3
_LONGEST = 240  # letters of a message in a table
_HEADER = ("severity", "finding", "where", "how much")


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
        Time by stage; no part of the JSON, which is the same for the same table.

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
        self.findings.sort(key=lambda f: (ORDER.get(f.severity, 3), -f.rate, f.kind, f.columns))

    def __repr__(self) -> str:
        return (
            f"AuditReport({self.name}: {counted(self.num_rows, 'row')}, "
            f"{counted(len(self.rules), 'rule')}; {self._counts('error', 'warning')})"
        )

    def __str__(self) -> str:
        return self.summary()

    def __enter__(self) -> AuditReport:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the table; rows not fetched by now cannot be fetched any more."""
        if self.table is not None:
            self.table.close()

    @property
    def errors(self) -> list[Finding]:
        """Findings that must be corrected."""
        return self.of_severity("error")

    @property
    def warnings(self) -> list[Finding]:
        """Findings a person should look at."""
        return self.of_severity("warning")

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds found, once each, the gravest first."""
        return tuple(dict.fromkeys(f.kind for f in self.findings))

    @property
    def groups(self) -> tuple[Group, ...]:
        """Findings of one kind and severity together, the weightiest first."""
        return grouped(self.findings, self.num_rows)

    @property
    def first(self) -> tuple[Group, ...]:
        """Up to three groups to correct first: by severity, rows, and the faults they imply."""
        return tuple(g for g in self.groups if g.severity != "info")[:_FIRST]

    @property
    def verdict(self) -> str:
        """Usable, usable with care, or not usable as it is, and why, in one sentence."""
        return judged(self.groups, self.num_rows, len(self.rules))

    def of_severity(self, *severities: str) -> list[Finding]:
        """Findings of these severities."""
        return [f for f in self.findings if f.severity in severities]

    def fails_on(self, severity: str) -> bool:
        """Whether there is a finding of this severity or a graver one."""
        limit = ORDER[severity]
        return any(ORDER.get(f.severity, 3) <= limit for f in self.findings)

    def summary(self, *, width: int = 100) -> str:
        """The report as plain text, no line wider than `width`; what ``print(report)`` prints."""
        return as_text(self.blocks(), width=width)

    def to_markdown(self) -> str:
        """The report as Markdown; cells of the table are kept from becoming markup."""
        return as_markdown(self.blocks())

    def blocks(self) -> list[Block]:
        """The report in parts, as terminal and Markdown show it."""
        tone = self.first[0].severity if self.first else ""
        out = [Block(f"Audit of {self.name}", [self.verdict, self.about], tone=tone)]
        if self.decisions:
            out.append(Block("What was decided about the file", points=self.decisions))
        if self.first:
            steps = [f"{g.title}{g.where}: {g.extent}. To do: {g.advice}." for g in self.first]
            out.append(Block(self.first_title, points=steps, numbered=True))
        rows = [
            ["" if i else group.severity, f"{'' if i else group.title + ': '}{_cut(f.message)}",
             in_words(f.columns, 4), f.extent]
            for group in self.groups for i, f in enumerate(group.findings)
        ]  # fmt: skip
        if rows:
            out.append(Block("All findings", header=_HEADER, rows=rows))
        if self.unchecked:
            out.append(Block("Not checked", points=self.unchecked))
        if self.silenced:
            quiet = [f"{g.title}{g.where}: {g.findings[0].silenced}"
                     for g in grouped(self.silenced, self.num_rows)]  # fmt: skip
            out.append(Block("Silenced", points=quiet))
        return out

    @property
    def decisions(self) -> list[str]:
        """What became of each line of a file, and what was decided about it as a whole."""
        told = [note.removeprefix(f"{self.name}: ") for note in self.notes]
        lines = self.table.lines if self.table is not None else None
        if lines is None:
            return told
        parts = {"header": lines.header, "above or below the table": lines.skipped,
                 "blank": lines.blank, "line breaks inside cells": lines.inside,
                 "refused": lines.refused_lines, "rows": lines.rows}  # fmt: skip
        held = ", ".join(f"{number:,} {what}" for what, number in parts.items() if number)
        return [f"{counted(lines.lines, 'line')} in the file: {held}", *told]

    @property
    def about(self) -> str:
        """The size of the audit in sentences."""
        size = f"{counted(self.num_rows, 'row')} and {counted(self.num_columns, 'column')}"
        exact = "" if any(f.sampled for f in self.findings) else "Every row was counted. "
        return (
            f"{size} were held to {counted(len(self.rules), 'rule')}: "
            f"{self._counts(*ORDER)}. {exact}"
        ).strip()

    @property
    def first_title(self) -> str:
        """The heading over :attr:`first`."""
        number = ("", "this", "these two", "these three")[len(self.first)]
        return f"{'Fix' if self.errors else 'Look at'} {number} first"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without rows and timings: the same for the same table and rules."""
        places = {id(f): i for i, f in enumerate(self.findings)}
        groups = [
            {"kind": g.kind, "title": g.title, "severity": g.severity,
             "findings": [places[id(f)] for f in g.findings]}
            for g in self.groups
        ]  # fmt: skip
        return {
            "table": self.name,
            "verdict": self.verdict,
            "num_rows": self.num_rows,
            "num_columns": self.num_columns,
            "num_rules": len(self.rules),
            "counts": {s: len(self.of_severity(s)) for s in ORDER},
            "groups": groups,
            "findings": [f.to_dict() for f in self.findings],
            "silenced": [f.to_dict() for f in self.silenced],
            "notes": self.decisions,
            "unchecked": list(self.unchecked),
        }

    def to_json(self) -> str:
        """The report as JSON; numbers that are not finite become null."""
        plain = _finite(self.to_dict())
        return json.dumps(plain, ensure_ascii=False, indent=2, default=str, allow_nan=False)

    def to_frame(self, backend: str = "pandas") -> Any:  # a frame of the library asked for
        """The findings as a data frame, a row each; `backend` is pandas, polars or pyarrow.

        Raises
        ------
        TableError
            If it is none of them.

        Examples
        --------
        >>> import campaignkit as ck
        >>> report = ck.audit({"clicks": [1, -9], "impressions": [5, 5]})
        >>> report.to_frame("pyarrow").column_names[:5]
        ['severity', 'kind', 'title', 'columns', 'blamed']
        """
        import narwhals as nw

        library = frame_library(backend, error=TableError)
        names = ("blamed", "count", "unit", "rate", "confidence", "message", "advice", "rule")
        data: dict[str, list[Any]] = {"severity": [], "kind": [], "title": [], "columns": []}
        data |= {name: [] for name in names}
        for group in self.groups:
            for finding in group.findings:
                told = {"title": group.title, "columns": ", ".join(finding.columns)}
                for name, cells in data.items():
                    cells.append(told[name] if name in told else getattr(finding, name))
        return nw.from_dict(data, backend=library).to_native()

    def _counts(self, *severities: str) -> str:
        nouns = ("note" if s == "info" else s for s in severities)
        numbers = (len(self.of_severity(s)) for s in severities)
        return ", ".join(map(counted, numbers, nouns))

    def _repr_html_(self) -> str:
        return as_html(self.blocks())


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _finite(value: Any) -> Any:  # any plain value
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
