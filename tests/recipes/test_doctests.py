"""The examples in this room's docstrings run and give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import campaignkit.recipes

MODULES = [
    "campaignkit.recipes",
    *(
        info.name
        for info in pkgutil.walk_packages(campaignkit.recipes.__path__, "campaignkit.recipes.")
    ),
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
