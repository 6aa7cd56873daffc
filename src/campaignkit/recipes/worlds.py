"""The worlds that recipes share: five features, and the ten modalities of the published record."""

from __future__ import annotations

from types import MappingProxyType

from campaignkit.recipes.world import World
from campaignkit.simulation.synthetic import (
    PUBLISHED_NEGATIVE,
    PUBLISHED_POSITIVE,
    PUBLISHED_SIZES,
)

# The five features are published; how many attributes each has, how many a campaign holds and how
# dense the graph is are not. These are ours: 400 attributes, 10.5 of them in a campaign on
# average, + and - equally frequent, so that neither label is the rarer one by nature.
FIVE_FEATURES = World(
    MappingProxyType(
        {"audience": 160, "brand": 60, "creative": 120, "geography": 48, "platform": 12}
    ),
    pos_frac=0.24,
    neg_frac=0.24,
)
FIVE_TYPE_RANGES = MappingProxyType(
    {
        "audience": (2, 5),
        "brand": (1, 1),
        "creative": (1, 4),
        "geography": (1, 3),
        "platform": (1, 2),
    }
)

# The 746 attributes and the edges of campaignkit.simulation.published_graph.
TEN_MODALITIES = World(
    PUBLISHED_SIZES, num_positive=PUBLISHED_POSITIVE, num_negative=PUBLISHED_NEGATIVE
)
