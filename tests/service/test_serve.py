"""``campaignkit serve`` as a process: what it prints, the lines of its page, and how it ends."""

from __future__ import annotations

import re
import signal
import socket
from pathlib import Path

import pytest

import campaignkit as ck
import command_line
from command_line import run_here
from service_server import Visitor, write_inputs

PAGE = Path(__file__).parent.parent.parent / "docs" / "service.md"


def test_the_lines_of_the_page_give_the_bytes_of_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_inputs(tmp_path)
    lines = re.search(r"^```py\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert lines is not None

    server = command_line.start(["serve", "--home", "home", "--port", "0", "--workers", "1"])
    try:
        assert server.stdout is not None
        said = [server.stdout.readline() for _ in range(4)]
        url = said[1].strip()
        assert "keys add --home home --scope all" in said[2]
        added = run_here(["keys", "add", "--home", "home", "--scope", "all"], capsys).out
        secret = re.search(r"ck_\w+", added)
        assert secret is not None
        exec(lines[1].replace("http://127.0.0.1:8300", url), {"key": secret[0]})
        assert Visitor(url).ask("GET", "/healthz").status == 200
        assert Visitor(url, secret[0]).ask("GET", "/v1/jobs").json["jobs"][0]["state"] == "done"
        told = ck.Client(url, secret[0])
        job = told.submit("dataset", graph="edges.csv", spec="spec.json", seed=8)
        stream = told._open("GET", f"/v1/jobs/{job.id}/events")
        assert stream.readline() == b"id: 1\n"  # it is open while the server stops
    finally:
        server.send_signal(signal.SIGTERM)
        _, complaints = server.communicate(timeout=60)
    with stream:
        assert b'"queued"' in stream.read()  # and ends whole

    generated = "dataset generate edges.csv spec.json --seed 7 --out here"
    assert (server.returncode, complaints) == (0, "")
    assert run_here(generated.split(), capsys).code == 0
    theirs, ours = (
        {path.name: path.read_bytes() for path in Path(name).iterdir()} for name in ("out", "here")
    )
    assert theirs == ours
    assert len(ours) > 2
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_port_that_is_taken_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run_here(["serve", "--home", tmp_path / "home", "--port", port], capsys)

    assert ended.code == 2
    assert f"port {port} of 127.0.0.1 cannot be used" in ended.err
