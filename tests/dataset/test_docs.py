"""The examples in this room's docstrings run and give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import campaignkit.dataset

MODULES = [
    info.name
    for info in pkgutil.walk_packages(campaignkit.dataset.__path__, "campaignkit.dataset.")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
