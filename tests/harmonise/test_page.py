"""The page about platforms names every column, and its example of a platform is one."""

from __future__ import annotations

import re
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from campaignkit.harmonise import ClientStore, definition
from campaignkit.harmonise.outcomes import MODALITIES
from landed_tables import google, land

PAGE = Path(__file__).parent.parent.parent / "docs" / "platforms.md"


def explained(heading: str) -> set[str]:
    """What the first cells of the page's next table after a heading name."""
    _, found, rest = PAGE.read_text(encoding="utf-8").partition(heading)
    table = re.search(r"^\|.*?\n(?=\n)", rest, re.DOTALL | re.MULTILINE)
    assert found
    assert table is not None
    return {name for line in table[0].splitlines() for name in
            re.findall(r"`(\w+)`", line.split("|")[1])}  # fmt: skip


def test_every_column_is_explained_where_it_belongs(tmp_path: Path) -> None:
    with ClientStore(tmp_path, client="acme") as store:
        store.ingest(land(tmp_path / "landed", **google()), platform="google_ads")
        data = store.harmonise()
        performance, conversions, reach = (
            {*data.to_arrow(name).column_names} for name in ("performance", "conversions", "reach")
        )
        frame = {*data.campaigns(min_impressions=1).frame.column_names}

    assert explained("\n## What every column means\n") == performance
    assert explained('\n`data.to_frame("conversions")`') == conversions - performance
    assert reach - performance == {"reach"}
    labels = explained("\n## Labels for the ordinary path\n")
    modalities = explained("\nModalities are lists of values")
    assert labels | modalities == frame
    assert modalities == {*MODALITIES}


def test_the_platform_of_the_page_is_known_by_its_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = re.search(r'write_text\("""\n(.*?)"""\)', PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert text is not None
    own = shutil.copytree(definition._FOLDER, tmp_path / "platforms")
    (own / "example_ads.toml").write_text(text[1], encoding="utf-8")
    monkeypatch.setattr(definition, "_FOLDER", own)
    definition.platforms.cache_clear()
    try:
        report = [{"ad_id": 1, "account_id": 7, "date": "2026-03-01", "spend": 1_250_001,
                   "impressions": 900, "clicks": 12, "purchases": 2}]  # fmt: skip
        account = [{"id": 7, "currency": "EUR", "timezone": "Europe/Berlin"}]
        landed = land(tmp_path / "landed", example_ads_ad_report=report, account_history=account)
        with ClientStore(tmp_path / "clients", client="acme") as store:
            store.ingest(landed, platform="example_ads")
            data = store.harmonise()
            assert data.report.closes
            assert data.total("spend", by=["currency"]) == {("EUR",): Decimal("1.250001")}
            (sold,) = data.to_arrow("conversions").to_pylist()
        assert (sold["event_own"], sold["conversions"]) == ("purchase", 2)
    finally:
        definition.platforms.cache_clear()
        definition._shipped.cache_clear()
