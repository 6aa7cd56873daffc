"""Every python block of the audit pages runs, in the order of the page."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import campaignkit as ck

PAGES = sorted((Path(__file__).parents[2] / "docs").glob("audit*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```(?:\n\n```text\n(.*?)^```)?", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_block_of_the_page_runs(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    may, june = (ck.synthetic_table(2000, seed=seed) for seed in (1, 2))
    dirty, _ = ck.ErrorInjector(["missing_values", "negative_metrics"], rate=0.05).inject(june)
    pq.write_table(may, "may.parquet")
    pq.write_table(june, "june.parquet")
    pq.write_table(dirty, "campaigns.parquet")
    ck.mine_rules("may.parquet").save("rules.yaml")
    names: dict[str, object] = {"ck": ck}

    for number, (code, told) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), 1):
        capsys.readouterr()
        exec(compile(code, f"{page.name}, block {number}", "exec"), names)
        printed = capsys.readouterr().out
        assert not told or "\n...\n" in told or printed.strip() == told.strip()


def test_the_pages_have_blocks() -> None:
    assert sum(len(BLOCK.findall(page.read_text(encoding="utf-8"))) for page in PAGES) >= 10
