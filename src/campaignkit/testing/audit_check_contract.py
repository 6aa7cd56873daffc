"""The contract of :class:`campaignkit.auditing.Check`, for ours and for yours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from campaignkit.testing.breaches import assert_offers, contract

if TYPE_CHECKING:
    from campaignkit.auditing import Check, Rule


@contract
def check_audit_check(check: Check, rule: Rule, *, clean: Any, dirty: Any) -> None:
    """Hold a check to its contract; raises `AssertionError` on the first breach.

    It must: find nothing in the clean table and something in the dirty one; count exactly the rows
    it lists, each once, inside the table; say what it found and what to do; find the same again;
    keep quiet, or raise `TableError`, on a table without its columns.

    Parameters
    ----------
    check : Check
        The one under test.
    rule : Rule
        A rule of its form that the clean table keeps and the dirty one breaks.
    clean, dirty : frame or path
        The two tables.

    Examples
    --------
    >>> from campaignkit.auditing import ALL_CHECKS, Rule
    >>> rule = Rule("non_negative:spend", "non_negative", "negative_metrics", ("spend",))
    >>> check = ALL_CHECKS["non_negative"]
    >>> check_audit_check(check, rule, clean={"spend": [1.0]}, dirty={"spend": [-1.0]})
    """
    from campaignkit.auditing import audit
    from campaignkit.errors import TableError

    assert_offers(check, "check", "form", "conditions", "find")
    assert_offers(rule, "rule", "id", "form", "columns")
    assert check.form == rule.form, f"{check.form} was given a rule of form {rule.form}"
    alone: dict[str, Any] = {"pack": False, "checks": [check]}
    with audit(clean, [rule], **alone) as report:
        assert not report.findings, f"{rule.id} found {report.kinds} in the clean table"
    with audit(dirty, [rule], **alone) as report:
        assert report.findings, f"{rule.id} found nothing in the dirty table"
        for finding in report.findings:
            _check_finding(finding, report.num_rows)
        counts = [(f.kind, f.columns, f.count) for f in report.findings]
    with audit(dirty, [rule], **alone) as report:
        again = [(f.kind, f.columns, f.count) for f in report.findings]
        assert again == counts, f"{rule.id} found something else the second time"
    try:
        with audit({"nothing_it_knows": [1, 2]}, [rule], **alone) as report:
            strange = [f for f in report.findings if f.rule == rule.id and len(f.rows)]
            assert not strange, f"{rule.id} lists rows of a table without its columns"
    except TableError:
        pass  # said in words


def _check_finding(finding: Any, num_rows: int) -> None:
    rows = finding.rows
    assert finding.severity in ("error", "warning", "info"), finding.severity
    assert finding.message, f"{finding.kind} says nothing"
    assert finding.advice, f"{finding.kind} advises nothing"
    assert 0 < finding.confidence <= 1, finding.confidence
    if len(rows):
        assert len(rows) == finding.count, (
            f"{finding.kind} counts {finding.count} rows and lists {len(rows)}"
        )
        assert (rows[1:] > rows[:-1]).all(), f"{finding.kind} lists rows out of order or twice"
        assert rows[0] >= 0, f"{finding.kind} lists row {rows[0]}"
        assert rows[-1] < num_rows, f"{finding.kind} lists row {rows[-1]} of {num_rows}"
