"""After V28: some attributes are wrong."""

from __future__ import annotations

from campaignkit.recipes.shelf.baseline import BASELINE

ATTRIBUTE_NOISE = BASELINE.vary(
    name="attribute-noise",
    description="baseline, with one attribute replaced on 10% of the rows",
    attribute_noise=0.1,
)
