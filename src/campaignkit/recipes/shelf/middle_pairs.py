"""After V28: one pair of modalities does not count."""

from __future__ import annotations

from campaignkit.recipes.shelf.baseline import BASELINE

MIDDLE_PAIRS = BASELINE.vary(
    name="middle-pairs",
    description="baseline, but edges between audience and brand count as neutral",
    middle_pairs=(("audience", "brand"),),
)
