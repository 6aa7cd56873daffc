"""The recipes that come along, one a file; a new one is its file and two lines here."""

from __future__ import annotations

from campaignkit.recipes.recipe import Recipe
from campaignkit.recipes.shelf.attribute_noise import ATTRIBUTE_NOISE
from campaignkit.recipes.shelf.balanced_5 import BALANCED_5
from campaignkit.recipes.shelf.balanced_5_second import BALANCED_5_SECOND
from campaignkit.recipes.shelf.baseline import BASELINE
from campaignkit.recipes.shelf.hard_5 import HARD_5
from campaignkit.recipes.shelf.imbalanced_5 import IMBALANCED_5
from campaignkit.recipes.shelf.inverse_pairs import INVERSE_PAIRS
from campaignkit.recipes.shelf.label_noise import LABEL_NOISE
from campaignkit.recipes.shelf.middle_pairs import MIDDLE_PAIRS
from campaignkit.recipes.shelf.ten_13k import TEN_13K
from campaignkit.recipes.shelf.ten_90k import TEN_90K

RECIPES: tuple[Recipe, ...] = (
    HARD_5,
    IMBALANCED_5,
    BALANCED_5,
    BALANCED_5_SECOND,
    TEN_13K,
    TEN_90K,
    BASELINE,
    INVERSE_PAIRS,
    MIDDLE_PAIRS,
    LABEL_NOISE,
    ATTRIBUTE_NOISE,
)

__all__ = ["RECIPES"]
