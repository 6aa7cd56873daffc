"""An audit as one self-contained page, as JSON, as Markdown and as PDF; everything escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from campaignkit.auditing.groups import titled
from campaignkit.errors import ArtifactError, MissingExtra
from campaignkit.extras import require
from campaignkit.show import (
    Check,
    Section,
    counted,
    escape,
    in_words,
    page,
    paragraph,
    percent,
    table,
    verdict,
)
from campaignkit.store import atomic_file, checked_path, kind_of_file

if TYPE_CHECKING:
    from campaignkit.auditing import AuditReport, Finding, Group
    from campaignkit.show.page import State

_DETAILS = 20  # findings of one group told in full
_CELL = 80  # letters of a cell shown
_SAMPLE_COLUMNS = 8
_PARTS = {"error": "Errors", "warning": "Warnings", "info": "Notes"}
_PANGO = "Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0; macOS: brew install pango"


def audit_page(report: AuditReport) -> str:
    """The HTML page of an audit: the verdict, what to fix first, then all findings, folded.

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
    sections = [
        _listed("What was decided about the file", report.decisions),
        *(_part(report, severity) for severity in _PARTS),
        _listed("Not checked", report.unchecked),
        _listed("Silenced", [f"{f.message} ({f.silenced})" for f in report.silenced]),
    ]
    return page(
        f"Audit of {report.name}",
        [s for s in [_first(report), *sections] if s is not None],
        lead=f"{counted(report.num_rows, 'row')}, {counted(report.num_columns, 'column')}, "
        f"{counted(len(report.rules), 'rule')}",
        opening=_opening(report),
        style=(files("campaignkit.report") / "audit_page.css").read_text(encoding="utf-8"),
    )


def write_audit(
    report: AuditReport,
    folder: str | Path,
    *,
    pdf: bool = False,
    rules: str | Path | None = None,
) -> Path:
    """Write ``audit.html``, ``audit.json`` and ``audit.md`` into a folder: all of them, or none.

    Parameters
    ----------
    report : AuditReport
    folder : path
        Made if it is not there; files of an earlier audit are replaced.
    pdf : bool
        Also ``audit.pdf``; needs the extra ``pdf``.
    rules : path
        Where to write the rules in force too (:meth:`RuleSet.save`); nowhere unless told.

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
    print_pdf = pdf_printer() if pdf else None
    html = audit_page(report)
    files = {"audit.html": html.encode()}
    if print_pdf is not None:
        files["audit.pdf"] = print_pdf(html)
    files |= {"audit.md": report.to_markdown().encode(), "audit.json": report.to_json().encode()}
    new = not kind_of_file(place)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ArtifactError(f"{place} cannot be made: {err}", hint="name another folder") from err
    try:
        with ExitStack() as stack:  # all are written before the first gets its name; HTML last
            for name, content in files.items():
                stack.enter_context(atomic_file(place / name)).write_bytes(content)
            if rules is not None:
                report.rules.save(stack.enter_context(atomic_file(rules)))
    except BaseException:
        with suppress(OSError):
            if new:
                place.rmdir()
        raise
    return place / "audit.html"


def pdf_printer() -> Callable[[str], bytes]:
    """What makes a PDF of a page; asked for before long work, it says at once what is missing.

    Raises
    ------
    MissingExtra
        If weasyprint is not installed, or finds no Pango, which is no Python package.

    Examples
    --------
    >>> pdf_printer()("<p>no fault</p>")[:5]  # doctest: +SKIP
    b'%PDF-'
    """
    try:
        weasyprint = require("weasyprint", extra="pdf", user="an audit as PDF")
    except OSError as err:
        raise MissingExtra("an audit as PDF needs Pango, a system library", hint=_PANGO) from err
    return lambda html: bytes(weasyprint.HTML(string=html).write_pdf())


def _opening(report: AuditReport) -> str:
    word, _, reason = report.verdict.partition(": ")
    found = cast("State", report.groups[0].severity if report.first else "good")
    checks = [_counts(report, severity) for severity in _PARTS]
    estimated = sum(finding.sampled for finding in report.findings)
    said = counted(estimated, "finding", "are") + " estimated" if estimated else "every row"
    checks.append(Check("Counted", said, "info" if estimated else "good"))
    if report.unchecked:
        checks.append(Check("Not checked", counted(len(report.unchecked), "rule"), "info"))
    return verdict(f"{word}:", reason, checks, state=found)


def _counts(report: AuditReport, severity: str) -> Check:
    groups = [group for group in report.groups if group.severity == severity]
    if not groups:
        return Check(_PARTS[severity], "none", "info" if severity == "info" else "good")
    return Check(_PARTS[severity], _numbers(groups), cast("State", severity))


def _numbers(groups: Sequence[Group]) -> str:
    number = sum(len(group.findings) for group in groups)
    return f"{counted(len(groups), 'kind')}, {counted(number, 'finding')}"


def _first(report: AuditReport) -> Section | None:
    steps = "".join(
        f'<li class="{group.severity}"><h3>{i}. <b>{escape(group.title)}</b></h3>'
        f"{escape(group.extent)}"
        f'<span class="muted">{escape(_cut(group.where))}</span>{_bar(group)}'
        f"{paragraph(_sentence(group.findings[0].message))}{_explained(group.findings[0])}"
        f"{_to_do(group.advice)}</li>"
        for i, group in enumerate(report.first, 1)
    )
    return Section(report.first_title, f'<ol class="first">{steps}</ol>') if steps else None


def _listed(title: str, items: Sequence[str]) -> Section | None:
    points = "".join(f"<li>{escape(_sentence(item))}</li>" for item in items)
    return Section(title, f"<ul>{points}</ul>") if points else None


def _part(report: AuditReport, severity: str) -> Section | None:
    groups = [group for group in report.groups if group.severity == severity]
    body = "".join(map(_group, groups))
    return Section(f"{_PARTS[severity]} ({_numbers(groups)})", body) if groups else None


def _group(group: Group) -> str:
    several = len(group.findings) > 1
    inside = paragraph(group.about) if group.about else ""
    for finding in group.findings[:_DETAILS]:
        head = f"{in_words(finding.columns, 4)}: {finding.extent}" if several else ""
        inside += f"<h3>{escape(head)}</h3>" if head else ""
        inside += _detail(finding)
    more = group.findings[_DETAILS:]
    if more:
        named = in_words([f"{in_words(f.columns, 4)} ({f.extent})" for f in more], 100)
        inside += paragraph(f"Also, told in full in audit.json: {named}.")
    return (
        f'<details class="{group.severity}"><summary><span class="row"><span>'
        f'<b>{escape(group.title)}</b><span class="muted">{escape(_cut(group.where))}</span>'
        f"</span><span>{escape(group.extent)}{_bar(group)}</span></span></summary>"
        f"<div>{inside}</div></details>"
    )


def _bar(group: Group) -> str:
    share = max((f.rate for f in group.findings if f.unit == "row"), default=0.0)
    if not share:
        return ""
    return f'<span class="bar"><i style="width: {share:.1%}"></i></span>'


def _detail(finding: Finding) -> str:
    body = paragraph(_sentence(finding.message)) + _explained(finding) + _to_do(finding.advice)
    body += _rows(finding)
    told: dict[str, Any] = {
        "column to blame": finding.blamed or "",
        "confidence": percent(finding.confidence),
        "rule": finding.rule,
        **{name.replace("_", " "): value for name, value in finding.evidence.items()},
    }
    facts = [[n, _cut(text, 600)] for n, v in told.items() if (text := _plain(v))]
    if finding.query:  # whole, to be run
        facts.append(["all rows", finding.query])
    inner = table(["evidence", "value"], facts)
    return f"{body}<details><summary>Evidence, rule and query</summary>{inner}</details>"


def _explained(finding: Finding) -> str:
    kinds = finding.explains.items()
    listed = ", ".join(f"{titled(kind)[0].lower()} ({counted(n, 'row')})" for kind, n in kinds)
    return paragraph(f"The same cells also explain: {listed}.") if listed else ""


def _to_do(advice: str) -> str:
    return f"<p><b>To do</b>: {escape(_sentence(advice))}</p>"


def _rows(finding: Finding) -> str:
    sample = finding.sample
    if not sample:
        return ""
    first = [c for c in dict.fromkeys([*finding.columns, *sample[0]]) if c in sample[0]]
    place = finding.table.place if finding.table else ""
    shown = [place, *[c for c in first if c != place]][: _SAMPLE_COLUMNS + 1]
    rows = [[_cut(row.get(c)) for c in shown] for row in sample]
    header = [_cut(c) for c in shown]
    lines = finding.table.lines if finding.table else None
    where = [lines.line_of(row[place]) for row in sample] if lines else []
    if all(where) and where:
        header = [header[0], "line", *header[1:]]
        rows = [[row[0], str(line), *row[1:]] for line, row in zip(where, rows, strict=True)]
    return table(header, rows)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{k}: {_plain(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _cut(value: object, most: int = _CELL) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value is None else str(value)
    return text if len(text) <= most else text[: most - 1] + "…"
