"""Named data sets to make: a world, a spec, a split and noise, after the published ones.

>>> from campaignkit import recipes
>>> recipes.load("imbalanced-5").label_counts("train")
{'neg': 3570, 'avg': 34860, 'pos': 3570}
"""

from __future__ import annotations

import builtins

from campaignkit.recipes.noise import NoiseRecord
from campaignkit.recipes.published import published_runs
from campaignkit.recipes.recipe import Recipe, RecipeResult
from campaignkit.recipes.shelves import list, load
from campaignkit.recipes.world import World

__all__ = ["NoiseRecord", "Recipe", "RecipeResult", "World", "list", "load", "published_runs"]


def __dir__() -> builtins.list[str]:
    return sorted(__all__)
