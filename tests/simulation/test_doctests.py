"""The examples in the docstrings of the simulation room run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import campaignkit.simulation

MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(campaignkit.simulation.__path__, "campaignkit.simulation.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
