"""After V26: a second balanced data set, from a world of its own."""

from __future__ import annotations

from dataclasses import replace

from campaignkit.recipes.shelf.balanced_5 import BALANCED_5
from campaignkit.recipes.worlds import FIVE_FEATURES

BALANCED_5_SECOND = BALANCED_5.vary(
    name="balanced-5-second",
    description="balanced-5 once more, from another world",
    source=(
        "WPP AI Lab, Beyond the Hype: data set V26. Features and rows are published (test rows as "
        "about 18,000). The shares 29/40/31%, in the order neg, avg, pos, are inferred. What sets "
        "V26 apart from V25 is not published: here it is another world, of fewer communities."
    ),
    world=replace(FIVE_FEATURES, communities=6),
)
