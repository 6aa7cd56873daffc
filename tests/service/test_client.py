"""The client against a live server: the library's errors, and connections that break."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import campaignkit as ck
from campaignkit.errors import ArtifactError, GraphError, ServiceError, SettingError
from campaignkit.progress import CallProgress
from campaignkit.service import (
    Cancelled,
    Cost,
    Home,
    NotThere,
    Outcome,
    RemoteJob,
    UnknownKey,
)
from campaignkit.service.client import error_of
from service_server import serving, write_inputs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("service client")
    write_inputs(folder)
    return folder


@pytest.fixture(scope="module")
def home(folder: Path) -> Home:
    return Home(folder / "home")


@pytest.fixture(scope="module")
def secret(home: Home) -> str:
    return home.keys.add("ana", scopes=["all"])[1]


@pytest.fixture(scope="module")
def client(home: Home, secret: str) -> Iterator[ck.Client]:
    with serving(home) as url:
        yield ck.Client(url, secret)


def done(
    client: ck.Client, home: Home, folder: Path, seed: int, files: dict[str, bytes]
) -> RemoteJob:
    """A job that a worker has done, with these files as its result."""
    job = client.submit(
        "dataset", graph=folder / "edges.csv", spec=folder / "spec.json", seed=seed
    )
    claim = home.queue.claim("w", 60, job.id)
    assert claim is not None
    told = []
    for name, content in files.items():
        digest, size = home.artifacts.put([content])
        told.append({"name": name, "digest": digest, "bytes": size})
    home.queue.finish(job.id, claim.fence, Outcome("done", {"files": told, "summary": {}}))
    return job.refresh()


def test_a_plan_tells_rows_and_bytes_and_submits_nothing(client: ck.Client, folder: Path) -> None:
    before = [job.id for job in client.jobs()]

    plan = client.plan("dataset", graph=folder / "edges.csv", spec=folder / "spec.json", seed=70)

    assert (plan.cost.rows, plan.unit) == (120, "campaigns")
    assert isinstance(plan.cost, Cost)
    assert [job.id for job in client.jobs()] == before


def test_a_table_is_uploaded_where_a_kind_takes_one(client: ck.Client, tmp_path: Path) -> None:
    table = tmp_path / "my table.csv"
    table.write_text("date,clicks\n2026-03-01,7\n2026-03-02,8\n", encoding="utf-8")

    job = client.submit("audit", table=table, history=None)

    assert job.last.request["table"]["name"] == "my_table.csv"
    assert job.cancel().state == "cancelled"


def test_errors_come_back_as_the_librarys_own_and_show_no_key(
    client: ck.Client, folder: Path, secret: str
) -> None:
    spec, url = folder / "spec.json", client.url
    cases = [
        (GraphError, lambda: client.submit("dataset", graph=spec, spec=spec)),
        (SettingError, lambda: client.submit("dataset", graph=spec, spec=spec, seed=-1)),
        (SettingError, lambda: client.submit("dataset", graph=spec, spec=spec, seeds=1)),
        (SettingError, lambda: client.submit("dataset", graph=spec, spec=spec, seed=object())),
        (SettingError, lambda: client.submit("dataset", graph=spec, spec=spec, seed=float("nan"))),
        (NotThere, lambda: client.submit("nothing")),
        (NotThere, lambda: client.job("job_" + "0" * 32)),
        (ArtifactError, lambda: client.submit("dataset", graph="no such file", spec=spec)),
        (UnknownKey, lambda: next(ck.Client(url, "ck_" + "0" * 64).jobs())),
        (SettingError, lambda: ck.Client(url, f"{secret} and more")),
        (SettingError, lambda: ck.Client("ftp://example.com", secret)),
        (ServiceError, lambda: ck.Client("http://127.0.0.1:9", secret).job("x")),
    ]

    for kind, call in cases:
        with pytest.raises(kind) as caught:
            call()
        assert secret not in repr(caught.value) + str(caught.value)
    assert secret not in repr(client)


def test_waiting_tells_progress_and_ends_with_the_error_of_the_job(
    client: ck.Client, home: Home, folder: Path
) -> None:
    told: list[tuple[str, int, int]] = []
    job = client.submit("dataset", graph=folder / "edges.csv", spec=folder / "spec.json", seed=11)
    claim = home.queue.claim("w", 60, job.id)
    assert claim is not None
    home.queue.beat(job.id, claim.fence, 30, 120)
    error = {
        "type": "urn:campaignkit:ArtifactError", "message": "no space", "hint": "make room",
        "faults": [{"where": "a", "found": "b"}],
    }  # fmt: skip

    with pytest.raises(ServiceError, match="has not ended"):
        job.wait(progress=CallProgress(lambda *how_far: told.append(how_far)), timeout_s=0.2)
    home.queue.finish(job.id, claim.fence, Outcome("failed", error=error))
    with pytest.raises(ArtifactError, match="no space") as caught:
        job.wait()

    assert ("dataset (campaigns)", 30, 120) in told
    assert (caught.value.hint, caught.value.faults[0].where) == ("make room", "a")


def test_a_cancelled_job_says_so_to_who_waits(client: ck.Client, folder: Path) -> None:
    job = client.submit("dataset", graph=folder / "edges.csv", spec=folder / "spec.json", seed=12)

    assert job.cancel().state == "cancelled"
    with pytest.raises(Cancelled):
        job.wait()
    with pytest.raises(ServiceError, match="is cancelled; expected"):
        job.download(folder / "never")


def test_an_interrupted_download_goes_on_and_a_damaged_file_is_not_taken(
    client: ck.Client, home: Home, folder: Path, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 4_000
    job = done(client, home, folder, 13, {"a/big.bin": content, "empty": b""})
    part = tmp_path / f".out.{job.id}.download" / "a" / "big.bin"
    part.parent.mkdir(parents=True)

    part.write_bytes(b"\xff" + content[1:500_000])
    with pytest.raises(ArtifactError, match="is not the file"):
        job.download(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    part.write_bytes(content[:500_000])
    with Thief(client.url) as thief:
        through = ck.Client(thief.url, client._key)
        through.job(job.id).download(tmp_path / "out")

    assert (tmp_path / "out" / "a" / "big.bin").read_bytes() == content
    assert (tmp_path / "out" / "empty").read_bytes() == b""
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert thief.cuts == 2  # connections that broke in the middle of the file
    assert thief.ranges[0] == "bytes=500000-"


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "C:\\evil", "", "."])
def test_a_file_is_written_nowhere_but_in_the_folder(
    client: ck.Client, home: Home, folder: Path, tmp_path: Path, name: str
) -> None:
    job = done(client, home, folder, 100 + len(name) + ord(name[:1] or " "), {name: b"x"})

    with pytest.raises(ArtifactError, match="names a file"):
        job.download(tmp_path / "out")

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_proxy_of_the_environment_is_not_used_on_this_computer(
    client: ck.Client, secret: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    asked = {"graph": folder / "edges.csv", "spec": folder / "spec.json", "seed": 14}
    assert ck.Client(client.url, secret).submit("dataset", **asked).state == "queued"


def test_an_error_of_a_stranger_is_a_service_error() -> None:
    for told in ({}, {"type": "urn:campaignkit:os.system"}, {"type": 7, "faults": None}):
        assert type(error_of(told, "it failed")) is ServiceError


class Thief:
    """A wire to a server that cuts the first two answers with a file in them short."""

    def __init__(self, url: str) -> None:
        self._to = int(url.rpartition(":")[2])
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self.cuts, self.ranges = 0, list[str]()

    def __enter__(self) -> Thief:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._door.close()

    def _serve(self) -> None:
        while True:
            try:
                visitor, _ = self._door.accept()
            except OSError:
                return
            with visitor, socket.create_connection(("127.0.0.1", self._to)) as server:
                request = visitor.recv(2**16)
                server.sendall(request)
                if b"/v1/artifacts" in request:
                    lines = request.decode().splitlines()
                    self.ranges += [line[7:] for line in lines if line.startswith("Range: ")]
                sent = 0
                while block := server.recv(2**15):
                    if b"/v1/artifacts" in request and self.cuts < 2 and sent > 100_000:
                        self.cuts += 1
                        break
                    visitor.sendall(block)
                    sent += len(block)
