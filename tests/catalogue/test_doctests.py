"""The examples in the docstrings of the catalogue room run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import campaignkit.catalogue

MODULES = sorted(
    m.name for m in pkgutil.walk_packages(campaignkit.catalogue.__path__, "campaignkit.catalogue.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
