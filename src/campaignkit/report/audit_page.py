"""An audit as one self-contained page, as JSON and as Markdown; everything escaped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from campaignkit.errors import ArtifactError
from campaignkit.extras import require
from campaignkit.show import Section, bar_chart, facts, figure, page, paragraph, table
from campaignkit.store import atomic_file, checked_path

if TYPE_CHECKING:
    from campaignkit.auditing import AuditReport, Finding

_BARS = 20
_DETAILS = 200
_CELL = 80  # letters of a cell shown
_SAMPLE_COLUMNS = 8


def audit_page(report: AuditReport) -> str:
    """The HTML page of an audit: summary, charts, each finding with rows, what to do next.

    Parameters
    ----------
    report : AuditReport
        Still open: sample rows are fetched from its table.

    Returns
    -------
    str
        A page that loads nothing and runs nothing; text from the table stays text.

    Examples
    --------
    >>> import campaignkit as ck
    >>> report = ck.audit({"brand": ["<script>", "a"], "clicks": [1, -1]})
    >>> "<script>" in audit_page(report)
    False
    """
    sections = [_summary(report), _charts(report), *_details(report), _next_steps(report)]
    sections.append(_limits(report))
    return page(
        f"Audit of {report.name}", [s for s in sections if s is not None], lead=_lead(report)
    )


def write_audit(report: AuditReport, folder: str | Path, *, pdf: bool = False) -> Path:
    """Write ``audit.html``, ``audit.json`` and ``audit.md`` into a folder.

    Parameters
    ----------
    report : AuditReport
    folder : path
        Made if it is not there; files of an earlier audit are replaced.
    pdf : bool
        Also ``audit.pdf``; needs the extra ``pdf``.

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    ArtifactError
        If the folder cannot be made or written.
    MissingExtra
        If a PDF is asked for without its extra.

    Examples
    --------
    >>> import tempfile
    >>> import campaignkit as ck
    >>> write_audit(ck.audit({"clicks": [1, -1]}), tempfile.mkdtemp()).name
    'audit.html'
    """
    place = checked_path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ArtifactError(f"{place} cannot be made: {err}", hint="name another folder") from err
    html = audit_page(report)
    texts = {"audit.html": html, "audit.json": report.to_json(), "audit.md": report.to_markdown()}
    for name, text in texts.items():
        with atomic_file(place / name) as partial:
            partial.write_text(text, encoding="utf-8")
    if pdf:
        weasyprint = require("weasyprint", extra="pdf", user="an audit as PDF")
        with atomic_file(place / "audit.pdf") as partial:
            weasyprint.HTML(string=html).write_pdf(str(partial))
    return place / "audit.html"


def _lead(report: AuditReport) -> str:
    errors, warnings = len(report.errors), len(report.warnings)
    if not report.findings:
        return (
            f"{report.num_rows:,} rows were held to {len(report.rules)} rules; all of them hold."
        )
    worst = report.findings[0]
    return (
        f"{errors} errors and {warnings} warnings in {report.num_rows:,} rows. "
        f"The widest: {worst.message}."
    )


def _summary(report: AuditReport) -> Section:
    named = {
        "rows": report.num_rows,
        "columns": report.num_columns,
        "rules": len(report.rules),
        "errors": len(report.errors),
        "warnings": len(report.warnings),
        "silenced": len(report.silenced),
    }
    body = facts(named)
    if report.findings:
        rows = [
            [f.severity, f.kind, _cut(", ".join(f.columns)), f.count, f"{f.rate:.2%}",
             f.blamed or ""]
            for f in report.findings[:_DETAILS]
        ]  # fmt: skip
        head = ["severity", "kind", "columns", "rows", "share", "to blame"]
        body += table(head, rows)
    return Section("Summary", body)


def _charts(report: AuditReport) -> Section | None:
    shares: dict[str, float] = {}
    for finding in report.of_severity("error", "warning"):
        if finding.rate:
            shares[finding.kind] = max(shares.get(finding.kind, 0.0), round(finding.rate * 100, 3))
    columns: dict[str, float] = {}
    for finding in report.of_severity("error", "warning"):
        for name in [finding.blamed] if finding.blamed else finding.columns[:8]:
            columns[_cut(name)] = columns.get(_cut(name), 0.0) + 1
    if not shares:
        return None
    top = dict(sorted(shares.items(), key=lambda kv: -kv[1])[:_BARS])
    body = figure(
        bar_chart(top, title="Share of rows by kind", unit="%"),
        "The widest finding of each kind, in percent of the rows.",
    )
    if columns:
        most = dict(sorted(columns.items(), key=lambda kv: -kv[1])[:_BARS])
        body += figure(
            bar_chart(most, title="Findings by column"), "How many findings blame a column."
        )
    return Section("Charts", body)


def _details(report: AuditReport) -> list[Section]:
    return [
        Section(f"{i}. {finding.kind}: {_cut(', '.join(finding.columns))}", _detail(finding))
        for i, finding in enumerate(report.findings[:_DETAILS], 1)
    ]


def _detail(finding: Finding) -> str:
    body = paragraph(finding.message + ".")
    named: dict[str, Any] = {
        "severity": finding.severity,
        "rows": finding.count,
        "share": f"{finding.rate:.2%}",
        "confidence": round(finding.confidence, 3),
        "to blame": finding.blamed or "not clear",
        "rule": _cut(finding.rule),
    }
    body += facts(named)
    if finding.explains:
        listed = ", ".join(f"{kind} ({n:,} rows)" for kind, n in finding.explains.items())
        body += paragraph(f"The same cells also explain: {listed}.")
    if finding.evidence:
        rows = [[_cut(k), _cut(v, 400)] for k, v in finding.evidence.items()]
        body += table(["evidence", ""], rows)
    body += _rows(finding)
    if finding.query:
        body += paragraph(f"All rows: {_cut(finding.query, 600)}")
    return body + paragraph(f"What to do: {finding.advice}.")


def _rows(finding: Finding) -> str:
    sample = finding.sample
    if not sample:
        return ""
    first = [c for c in dict.fromkeys([*finding.columns, *sample[0]]) if c in sample[0]]
    shown = ["position", *[c for c in first if c != "position"]][: _SAMPLE_COLUMNS + 1]
    return table([_cut(c) for c in shown], [[_cut(row.get(c)) for c in shown] for row in sample])


def _next_steps(report: AuditReport) -> Section | None:
    steps: dict[str, list[str]] = {}
    for finding in report.of_severity("error", "warning"):
        steps.setdefault(finding.advice, []).append(", ".join(finding.columns[:4]))
    if not steps:
        return None
    rows = [
        [i, _cut(advice, 300), _cut("; ".join(dict.fromkeys(where)), 200)]
        for i, (advice, where) in enumerate(steps.items(), 1)
    ]
    return Section("What to do next", table(["", "step", "columns"], rows))


def _limits(report: AuditReport) -> Section | None:
    body = "".join(paragraph(f"Input: {note}") for note in report.notes)
    body += "".join(paragraph(f"Not checked: {item}") for item in report.unchecked)
    body += "".join(
        paragraph(f"Silenced: {f.kind} ({', '.join(f.columns[:4])}): {f.silenced}")
        for f in report.silenced
    )
    if len(report.findings) > _DETAILS:
        body += paragraph(f"{len(report.findings) - _DETAILS} further findings are in audit.json.")
    return Section("Limits of this audit", body) if body else None


def _cut(value: object, most: int = _CELL) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= most else text[: most - 1] + "…"
