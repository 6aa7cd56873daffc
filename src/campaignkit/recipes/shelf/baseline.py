"""After V28: what the harder variants are compared with."""

from __future__ import annotations

from campaignkit.recipes.shelf.balanced_5 import BALANCED_5

BASELINE = BALANCED_5.vary(
    name="baseline",
    description="balanced-5, as the arm that the four harder ones are compared with",
    source=(
        "WPP AI Lab: data set V28 names a baseline, inverse pairs, middle pairs and noise. What "
        "they mean, their world (that of balanced-5) and their rates are ours."
    ),
)
