"""Settings that all tests share."""

from __future__ import annotations

from hypothesis import settings

# A deadline is a timing assert: the first call of a kernel compiles it.
settings.register_profile("campaignkit", deadline=None)
settings.load_profile("campaignkit")
