"""After V27: the ten modalities of the published record, 90,000 campaigns."""

from __future__ import annotations

from campaignkit.recipes.shelf.ten_13k import TEN_13K

TEN_90K = TEN_13K.vary(
    name="ten-90k",
    description="ten modalities, 90,000 campaigns in the proportions of ten-13k",
    source=(
        "WPP AI Lab and WPP Research: data set V27 in its size of 90,000. The proportions of "
        "labels are those of the 13,000; they and the split of 70 to 30 are ours."
    ),
    train_rows=63_000,
    test_rows=27_000,
)
