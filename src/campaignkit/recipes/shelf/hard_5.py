"""After V14: labels that even the graph tells badly."""

from __future__ import annotations

from campaignkit.recipes.shelf.imbalanced_5 import IMBALANCED_5

# Measured on this world with 14,000 rows to train on: the pairwise ordinal classifier with tuned
# cuts scores .408 (neg .204, avg .828, pos .192). Published: .4059 (.2225, .8191, .1760).
_FROM = 0.24

HARD_5 = IMBALANCED_5.vary(
    name="hard-5",
    description="five features, 8.25% neg, 83.5% avg, 8.25% pos, and boxes that overlap widely",
    source=(
        "WPP AI Lab, Beyond the Hype: data set V14, on which the specialised model scored .4059. "
        "Features and rows are published (test rows as about 18,000). The share 83.5% of avg is "
        "inferred; that the others are equal, the graph, and boxes that overlap so far that a "
        "model scores about as published are ours."
    ),
    label_shares={"neg": 8.25, "avg": 83.5, "pos": 8.25},
    label_boxes={
        "neg": ((0.0, 1.0), (_FROM, 1.0)),
        "avg": ((0.0, 0.9), (0.0, 0.9)),
        "pos": ((_FROM, 1.0), (0.0, 1.0)),
    },
)
