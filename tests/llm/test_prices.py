"""A price table is the user's own, and its faults are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaignkit.errors import CampaignkitError
from campaignkit.llm import Price, checked_prices, read_prices


def test_a_table_is_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('["model-1.5"]\nin_per_million = 0.1\nout_per_million = 0.4\n')

    assert read_prices(path) == {"model-1.5": Price(0.1, 0.4)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[m]\nin_per_million = 'x'\nout_per_million = -1",
        "[m]\nprice = 3",
        "m = 3",
        "[m",
        "[m]\nin_per_million = nan\nout_per_million = 1",
    ],
)
def test_faults_of_a_table_are_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)

    with pytest.raises(CampaignkitError, match=r"prices\.toml"):
        read_prices(path)


@pytest.mark.parametrize("bad", [3, {"m": 1}, {"m": (1,)}, {"m": (1, "x")}])
def test_what_is_no_table_is_refused(bad: object) -> None:
    with pytest.raises(CampaignkitError):
        checked_prices(bad)
