"""``campaignkit blind``: a service in a process of its own, and the standings of its log."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from pathlib import Path

import pytest

from command_line import run_here, start

LABELS = ["neg", "avg", "pos", "avg"] * 10


def _write(folder: Path) -> None:
    rows = "".join(f"row {i},{label}\n" for i, label in enumerate(LABELS))
    (folder / "labels.csv").write_text("id,label\n" + rows)
    (folder / "tokens.json").write_text('{"ana": "a long secret of ana"}')


@pytest.mark.slow
def test_a_service_is_started_asked_and_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _write(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["blind", "serve", "labels.csv", "--tokens", "tokens.json", "--log", "log.jsonl"]
    service = start([*words, "--port", str(port)])
    try:
        told = {"predictions": {f"row {i}": label for i, label in enumerate(LABELS)}}
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/submissions",
            data=json.dumps(told).encode(),
            headers={"Authorization": "Bearer a long secret of ana"},
        )
        for _ in range(600):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    score = json.load(answer)
                break
            except ConnectionError:
                time.sleep(0.1)
            except OSError:
                time.sleep(0.1)
    finally:
        service.terminate()
        service.wait(timeout=60)
        service.communicate()

    ended = run_here(
        ["blind", "standings", "labels.csv", "--log", "log.jsonl", "--private"], capsys
    )

    assert score["macro_f1"] == 1.0
    assert ended.code == 0
    assert "ana" in ended.out and "private 1.0000" in ended.out


@pytest.mark.parametrize(
    ("tokens", "said"),
    [("{", "is not JSON"), ("[]", "contains no token"), ('{"ana": "x"}', "fewer than 16")],
)
def test_what_cannot_be_served_ends_with_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    tokens: str, said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    _write(tmp_path)
    (tmp_path / "tokens.json").write_text(tokens)

    words = ["blind", "serve", "labels.csv", "--tokens", "tokens.json", "--log", "log.jsonl"]
    ended = run_here(words, capsys)
    unlogged = run_here(["blind", "standings", "labels.csv", "--log", "nowhere.jsonl"], capsys)

    assert (ended.code, unlogged.code) == (2, 2)
    assert said in ended.err
    assert "there is no log" in unlogged.err
