"""After V28: some labels are wrong."""

from __future__ import annotations

from campaignkit.recipes.shelf.baseline import BASELINE

LABEL_NOISE = BASELINE.vary(
    name="label-noise",
    description="baseline, with another label on 10% of the rows",
    label_noise=0.1,
)
