"""After V28: what fits and what does not is turned round for one pair of modalities."""

from __future__ import annotations

from campaignkit.recipes.shelf.baseline import BASELINE

INVERSE_PAIRS = BASELINE.vary(
    name="inverse-pairs",
    description="baseline, but edges between audience and brand count with the opposite sign",
    inverse_pairs=(("audience", "brand"),),
)
