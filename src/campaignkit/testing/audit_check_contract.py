"""The contract of :class:`campaignkit.auditing.Check`, for ours and for yours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from campaignkit.testing.breaches import assert_offers, contract

if TYPE_CHECKING:
    from campaignkit.auditing import Check, Rule


@contract
def check_audit_check(check: Check, rule: Rule | None = None, *, clean: Any, dirty: Any) -> None:
    """Test a check against its contract; raises `AssertionError` on the first breach.

    It must: find nothing in the clean table and something in the dirty one; count exactly the rows
    it lists, each once, inside the table; say what it found and what to do; find the same again;
    keep quiet, or raise `TableError`, on a table without its columns. The rules it states itself
    must be of its form and say why.

    Parameters
    ----------
    check : Check
        The one under test.
    rule : Rule or None
        A rule of its form that the clean table keeps and the dirty one breaks; None: the rules
        that the check states itself are that.
    clean, dirty : frame or path
        The two tables.

    Examples
    --------
    >>> from campaignkit.auditing import ALL_CHECKS, Rule
    >>> rule = Rule("non_negative:spend", "non_negative", "negative_metrics", ("spend",))
    >>> check = ALL_CHECKS["non_negative"]
    >>> check_audit_check(check, rule, clean={"spend": [1.0]}, dirty={"spend": [-1.0]})
    """
    from campaignkit.errors import TableError

    assert_offers(check, "check", "form", "sets_aside", "rules", "applies", "conditions", "find")
    if rule is not None:
        assert_offers(rule, "rule", "id", "form", "columns")
        assert check.form == rule.form, f"{check.form} was given a rule of form {rule.form}"
    told = rule.id if rule is not None else check.form
    found = _found(check, rule, clean)
    assert not found, f"{told} found {[f.kind for f in found]} in the clean table"
    found = _found(check, rule, dirty)
    assert found, f"{told} found nothing in the dirty table"
    once, again = _counts(found), _counts(_found(check, rule, dirty))
    assert again == once, f"{told} found something else the second time"
    try:
        strange = _found(check, rule, {"nothing_it_knows": [1, 2]})
    except TableError:  # said in words
        return
    listed = [f for f in strange if len(f.rows)]
    assert not listed, f"{told} lists rows of a table without its columns"


def _counts(found: list[Any]) -> list[tuple[Any, ...]]:
    return [(f.kind, f.columns, f.count) for f in found]


def _found(check: Check, rule: Rule | None, table: Any) -> list[Any]:
    """The check's findings by this rule, or by those it states itself, each looked at."""
    from campaignkit.auditing import audit

    given = [] if rule is None else [rule]
    with audit(table, given, pack=rule is None, checks=[check]) as report:
        stated = [r for r in report.rules if r.form == check.form]
        for one in stated:
            assert one.reason or rule is not None, f"{one.id} has no reason"
        mine = {r.id for r in stated}
        found = [f for f in report.findings if mine & set(f.rule.split(", "))]
        for finding in found:
            _check_finding(finding, report.num_rows)
    return found


def _check_finding(finding: Any, num_rows: int) -> None:
    rows = finding.rows
    assert finding.severity in ("error", "warning", "info"), finding.severity
    assert finding.message, f"{finding.kind} has no message"
    assert finding.advice, f"{finding.kind} advises nothing"
    assert 0 < finding.confidence <= 1, finding.confidence
    if len(rows):
        assert len(rows) == finding.count, (
            f"{finding.kind} counts {finding.count} rows and lists {len(rows)}"
        )
        assert (rows[1:] > rows[:-1]).all(), f"{finding.kind} lists rows out of order or twice"
        assert rows[0] >= 0, f"{finding.kind} lists row {rows[0]}"
        assert rows[-1] < num_rows, f"{finding.kind} lists row {rows[-1]} of {num_rows}"
