"""After V15: most campaigns perform on average."""

from __future__ import annotations

from campaignkit.recipes.recipe import Recipe
from campaignkit.recipes.worlds import FIVE_FEATURES, FIVE_TYPE_RANGES

IMBALANCED_5 = Recipe(
    name="imbalanced-5",
    description="five features, 8.5% neg, 83% avg, 8.5% pos; 42,000 train and 18,000 test rows",
    source=(
        "WPP AI Lab, Beyond the Hype: data set V15. Features and rows are published (test rows as "
        "about 18,000). The shares 8.5/83/8.5% are inferred, and the graph is ours."
    ),
    world=FIVE_FEATURES,
    type_ranges=FIVE_TYPE_RANGES,
    label_shares={"neg": 8.5, "avg": 83, "pos": 8.5},
    train_rows=42_000,
    test_rows=18_000,
)
