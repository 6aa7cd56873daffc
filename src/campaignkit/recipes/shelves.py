"""Recipes by name."""

from __future__ import annotations

from difflib import get_close_matches

from campaignkit.errors import SpecError
from campaignkit.recipes.recipe import Recipe
from campaignkit.recipes.shelf import RECIPES


def load(name: str) -> Recipe:
    """The recipe of this name.

    Raises
    ------
    SpecError
        If there is none; names the nearest.

    Examples
    --------
    >>> load("ten-13k").type_ranges["brand"]
    (1, 1)
    """
    found = {recipe.name: recipe for recipe in RECIPES}
    if name in found:
        return found[name]
    near = get_close_matches(str(name), found, n=1)
    raise SpecError(
        f"there is no recipe {name!r}; the recipes are: {', '.join(sorted(found))}",
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
