"""Contracts for plug-ins: run them over your own corruption or check in your own tests.

>>> from campaignkit.inject import Outliers
>>> check_corruption(Outliers())
"""

from __future__ import annotations

from campaignkit.testing.audit_check_contract import check_audit_check
from campaignkit.testing.corruption_contract import check_corruption

__all__ = ["check_audit_check", "check_corruption"]
