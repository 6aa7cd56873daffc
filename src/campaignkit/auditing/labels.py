"""A few labelled rows: rules that they contradict are silenced, with the count as the reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from campaignkit.auditing.rule import Rule, RuleSet, Silence
from campaignkit.errors import Fault, TableError

if TYPE_CHECKING:
    from campaignkit.auditing.audit_report import AuditReport
    from campaignkit.auditing.finding import Finding


# What a finding claims counts like two labelled cells: one that contradicts it is no verdict, as
# silencing on one did more harm than good (benchmarks/audit_thresholds.py), but two are.
_PRIOR_CELLS = 2.0
_SUREST = 0.75


def teach(report: AuditReport, labels: Mapping[int, Collection[str]]) -> RuleSet:
    """Silence the rules of a report that labelled rows contradict.

    Parameters
    ----------
    report : AuditReport
        Of the labelled table, still open.
    labels : mapping of int to collection of str
        Row position -> the columns whose cell is wrong there; empty for a row that is right. The
        row must have been looked at as a whole.

    Returns
    -------
    RuleSet
        The rules whose findings hit mostly right cells of the labelled rows, at least two, each
        silenced with that count as its reason. Pass it to the next :func:`audit`; review it like
        any other rules.

    Raises
    ------
    TableError
        If a label names a row or column that is not there; all such labels at once.

    Examples
    --------
    >>> from campaignkit.auditing import audit
    >>> table = {"name": ["Ana"] * 5 + ["Berta"] * 5, "spend": [1.0] * 8 + [-2.0, -3.0]}
    >>> rules = teach(audit(table), {8: [], 9: [], 0: []})
    >>> rules.rules[0].silence.reason
    '2 right and 0 wrong cells among 3 labelled rows'
    """
    faults = [
        Fault(f"labels[{row}]", f"there is no row {row}", f"rows are 0 to {report.num_rows - 1}")
        for row in labels
        if not 0 <= row < report.num_rows
    ]
    known = set(report.table.columns) if report.table is not None else set()
    faults += [
        Fault(f"labels[{row}]", f"there is no column {column!r}")
        for row, wrong in labels.items()
        for column in wrong
        if column not in known
    ]
    if faults:
        raise TableError("some labels fit nowhere", faults=faults)
    quiet: dict[str, Rule] = {}
    for finding in report.of_severity("error", "warning"):
        wrong, right = _verdict(finding, labels)
        believed = _PRIOR_CELLS * min(finding.confidence, _SUREST) + wrong
        if 2 * believed >= _PRIOR_CELLS + wrong + right:
            continue
        reason = f"{right} right and {wrong} wrong cells among {len(labels)} labelled rows"
        for name in finding.rule.split(", "):
            if name:
                silence = Silence(reason, author="labels")
                quiet[name] = replace(report.rules[name], silence=silence)
    return RuleSet(quiet.values())


def _verdict(finding: Finding, labels: Mapping[int, Collection[str]]) -> tuple[int, int]:
    wrong = right = 0
    for column, rows in finding.cells().items():
        for row in set(rows.tolist()) & set(labels):
            wrong += column in labels[row]
            right += column not in labels[row]
    return wrong, right
