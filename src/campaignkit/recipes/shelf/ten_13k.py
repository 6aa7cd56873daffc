"""After V27: the ten modalities of the published record, 13,000 campaigns."""

from __future__ import annotations

from campaignkit.recipes.recipe import Recipe
from campaignkit.recipes.worlds import TEN_MODALITIES
from campaignkit.simulation import PUBLISHED_TYPE_RANGES

TEN_13K = Recipe(
    name="ten-13k",
    description="ten modalities, 4,000 neg, 5,000 avg and 4,000 pos; 70% of them to train on",
    source=(
        "WPP AI Lab and WPP Research: data set V27, 13,000 campaigns from a graph of 746 "
        "attributes, 36,420 + and 40,629 - edges. The labels' 4,000, 5,000 and 4,000, how the "
        "attributes are shared out to the ten modalities and the split of 70 to 30 are ours."
    ),
    world=TEN_MODALITIES,
    type_ranges=PUBLISHED_TYPE_RANGES,
    label_shares={"neg": 4, "avg": 5, "pos": 4},
    train_rows=9_100,
    test_rows=3_900,
)
