"""The examples in the docstrings of the model room run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import campaignkit.llm

MODULES = sorted(
    m.name for m in pkgutil.walk_packages(campaignkit.llm.__path__, "campaignkit.llm.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
