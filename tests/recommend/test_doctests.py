"""The examples in the docstrings of the recommend room run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import campaignkit.recommend

MODULES = sorted(
    m.name for m in pkgutil.walk_packages(campaignkit.recommend.__path__, "campaignkit.recommend.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
