"""The examples in the docstrings of the classify room run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import campaignkit.classify

OPTIONAL = {"torch", "transformers", "peft", "accelerate", "lightgbm"}
MODULES = sorted(
    m.name for m in pkgutil.walk_packages(campaignkit.classify.__path__, "campaignkit.classify.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as err:
        if err.name in OPTIONAL:
            pytest.skip(f"{err.name} is not installed")
        raise

    assert doctest.testmod(module).failed == 0
