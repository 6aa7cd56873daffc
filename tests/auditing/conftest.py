"""A dirty table and the rules of a clean one, for audits in place and here."""

from __future__ import annotations

import pyarrow as pa
import pytest

import campaignkit as ck
from campaignkit.auditing import RuleSet
from campaignkit.inject import STACK_KINDS


@pytest.fixture(scope="session")
def history() -> RuleSet:
    return ck.mine_rules(ck.synthetic_table(4000, seed=2))


@pytest.fixture(scope="session")
def dirty() -> pa.Table:
    clean = ck.synthetic_table(4000, seed=1)
    return ck.ErrorInjector(list(STACK_KINDS), rate=0.02, seed=3).inject(clean)[0]
