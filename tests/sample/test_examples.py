"""The examples in the room's docstrings run."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "quality",
        "reference",
        "sampler",
        "strategies.annealing",
        "strategies.heat_bath",
        "strategies.rejection",
    ],
)
def test_examples_run(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"campaignkit.sample.{module}"))

    assert found.attempted > 0
    assert found.failed == 0
