"""The sampler's pages quote the figures that its benchmark has recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("name", "table"), [("sampling", "rate_table"), ("what-is-a-sample", "quality_table")]
)
def test_a_page_quotes_the_recorded_figures(
    name: str, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import sampler

    recorded = json.loads((ROOT / "benchmarks/results/sampler.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")

    expected = sampler.told_in_docs(page, getattr(sampler, table)(recorded["figures"]))

    assert page == expected
