"""The examples in the docstrings of the edges room run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import campaignkit.edges

MODULES = sorted(
    m.name for m in pkgutil.walk_packages(campaignkit.edges.__path__, "campaignkit.edges.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
