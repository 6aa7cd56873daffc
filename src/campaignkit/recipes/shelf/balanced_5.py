"""After V25: the three labels are about equally frequent."""

from __future__ import annotations

from campaignkit.recipes.recipe import Recipe
from campaignkit.recipes.worlds import FIVE_FEATURES, FIVE_TYPE_RANGES

BALANCED_5 = Recipe(
    name="balanced-5",
    description="five features, 29% neg, 40% avg, 31% pos; 42,000 train and 18,000 test rows",
    source=(
        "WPP AI Lab, Beyond the Hype: data set V25. Features and rows are published (test rows as "
        "about 18,000). The shares 29/40/31%, in the order neg, avg, pos, are inferred, and the "
        "graph is ours."
    ),
    world=FIVE_FEATURES,
    type_ranges=FIVE_TYPE_RANGES,
    label_shares={"neg": 29, "avg": 40, "pos": 31},
    train_rows=42_000,
    test_rows=18_000,
)
