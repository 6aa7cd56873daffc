"""Contracts for plug-ins: run them over your own corruption or check in your own tests.

>>> from campaignkit.inject import Outliers
>>> check_corruption(Outliers())
"""

from __future__ import annotations

from campaignkit.testing.corruption_contract import check_corruption

__all__ = ["check_corruption"]
