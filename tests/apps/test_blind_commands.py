"""``campaignkit blind``: labels go into a home; the standings of submissions come out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from campaignkit.service import Home, run_job
from command_line import run_here

LABELS = ["neg", "avg", "pos", "avg"] * 10


def test_labels_are_added_and_the_standings_of_a_job_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"row {i},{label}\n" for i, label in enumerate(LABELS))
    (tmp_path / "labels.csv").write_text("id,label\n" + rows)
    added = run_here(["blind", "add", "spring", "labels.csv", "--home", "home"], capsys)
    again = run_here(["blind", "add", "spring", "labels.csv", "--home", "home"], capsys)
    home = Home(tmp_path / "home")
    key, _ = home.keys.add("ana", scopes=["blind"])
    told = {"name": "first", "predictions": {f"row {i}": v for i, v in enumerate(LABELS)}}
    digest, _ = home.upload(key, [json.dumps(told).encode()])
    file = {"digest": digest, "name": "first.json"}
    job = home.submit(key, "blind", {"set": "spring", "predictions": file})[0]
    run_job(home, job.id)

    ended = run_here(["blind", "standings", "spring", "--home", "home", "--private"], capsys)
    unknown = run_here(["blind", "standings", "autumn", "--home", "home"], capsys)

    assert (added.code, again.code, ended.code, unknown.code) == (0, 2, 0, 2)
    assert "can reveal 948 bits at most" in added.out
    assert "public 1.000  private 1.0000" in ended.out
    assert "there is no set of labels 'autumn'" in unknown.err
