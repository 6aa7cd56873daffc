"""Recipes by name, ours and the published one."""

from __future__ import annotations

from difflib import get_close_matches

from campaignkit.errors import SpecError
from campaignkit.recipes.recipe import Recipe
from campaignkit.recipes.shelf import RECIPES

# V27 is published in two sizes; of V28 the baseline is what its other arms are compared with.
PUBLISHED_NAMES = {
    "V14": "hard-5",
    "V15": "imbalanced-5",
    "V25": "balanced-5",
    "V26": "balanced-5-second",
    "V27": "ten-13k",
    "V27 90,000": "ten-90k",
    "V28": "baseline",
    "V28 inverse pairs": "inverse-pairs",
    "V28 middle pairs": "middle-pairs",
    "V28 label noise": "label-noise",
    "V28 attribute noise": "attribute-noise",
}


def load(name: str) -> Recipe:
    """The recipe of this name, or of this published name.

    Raises
    ------
    SpecError
        If there is none; names the nearest.

    Examples
    --------
    >>> load("ten-13k").type_ranges["brand"]
    (1, 1)
    >>> load("V14").name, load("v28 label noise").name
    ('hard-5', 'label-noise')
    """
    found = {recipe.name: recipe for recipe in RECIPES}
    published = {_bare(given): ours for given, ours in PUBLISHED_NAMES.items()}
    ours = name if name in found else published.get(_bare(name), "")
    if ours in found:
        return found[ours]
    near = get_close_matches(str(name), found, n=1)
    raise SpecError(
        f"there is no recipe {name!r}; the recipes are: {', '.join(sorted(found))}; "
        f"or by published name: {', '.join(PUBLISHED_NAMES)}",
        hint=f"did you mean {near[0]}?" if near else "make your own: a Recipe takes a name",
    )


def list() -> dict[str, str]:
    """What recipes there are: name and description, in order of names.

    Examples
    --------
    >>> "imbalanced-5" in list()
    True
    """
    named = sorted(RECIPES, key=lambda recipe: recipe.name)
    return {recipe.name: recipe.description for recipe in named}


def _bare(name: object) -> str:
    return "".join(c for c in str(name).casefold() if c.isalnum())
