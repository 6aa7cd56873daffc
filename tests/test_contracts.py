"""Contracts answer for what is no plug-in at all in words, not with a traceback of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from campaignkit import testing
from campaignkit.auditing import Rule

RULE = Rule("non_negative:spend", "non_negative", "negative_metrics", ("spend",))
SPEND = {"spend": [1.0]}
CONTRACTS: dict[str, Callable[[Any], None]] = {
    name: getattr(testing, name) for name in testing.__all__ if name.startswith("check_")
} | {"check_audit_check": lambda it: testing.check_audit_check(it, RULE, clean=SPEND, dirty=SPEND)}


KINDS = ["number", "None", "text", "object", "class", "function"]


class Empty:
    """Has no member of any protocol."""


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("thing", [5, None, "text", Empty(), Empty, lambda: 0], ids=KINDS)
def test_what_is_no_plug_in_is_a_breach_that_says_what_is_lacking(
    contract: str, thing: object
) -> None:
    with pytest.raises(AssertionError, match=r"\w+ \w+"):
        CONTRACTS[contract](thing)


def test_a_rule_that_is_none_is_told_apart_from_the_check() -> None:
    from campaignkit.auditing import ALL_CHECKS

    with pytest.raises(AssertionError, match="is no rule: it has no id"):
        testing.check_audit_check(ALL_CHECKS["non_negative"], 5, clean=SPEND, dirty=SPEND)  # type: ignore[arg-type]
