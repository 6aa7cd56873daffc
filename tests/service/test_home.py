"""A home is one user's; artifacts are checked, limited and read in parts."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from campaignkit.errors import ArtifactError, ServiceError
from campaignkit.service import Artifacts, Home, NotThere, Quota, QuotaExceeded, TooLarge
from campaignkit.store import digest_bytes
from command_line import run_here


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_everything_in_a_home_is_its_users_alone(office: Any) -> None:
    office.dataset()
    home = office.home.path

    folders = [home, *(path for path in home.rglob("*") if path.is_dir())]
    files = [path for path in home.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in files} == {0}


def test_a_folder_of_something_else_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(ArtifactError, match="is not the home of a service"):
        Home(tmp_path)
    with pytest.raises(ArtifactError, match="cannot be used as a home"):
        Home(tmp_path / "thesis.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_upload_is_whole_of_its_digest_and_within_the_limit(tmp_path: Path) -> None:
    store = Artifacts(tmp_path, most_bytes=10)

    digest, size = store.put([b"0123", b"456789"])
    assert (digest, size) == (digest_bytes(b"0123456789"), 10)
    assert store.put([b"0123456789"], digest=digest) == (digest, 10)
    with pytest.raises(TooLarge, match="longer than 10 bytes"):
        store.put([b"0123456789", b"a", b"b"])
    with pytest.raises(ServiceError, match="was announced"):
        store.put([b"other"], digest=digest)
    with pytest.raises(ZeroDivisionError):
        store.put(b"%d" % (1 // (2 - i)) for i in range(5))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [digest[7:]]


def test_an_artifact_is_read_whole_or_in_part(tmp_path: Path) -> None:
    store = Artifacts(tmp_path)
    digest, _ = store.put([b"0123456789"])

    read = [b"".join(store.read(digest, *part)) for part in ((), (3,), (3, 5), (9, 99), (20, 30))]
    assert read == [b"0123456789", b"3456789", b"345", b"9", b""]
    for wrong in ("sha256:" + "0" * 64, "sha256:../../etc", "", "\x00"):
        with pytest.raises(NotThere):
            list(store.read(wrong))


def test_uploads_beyond_the_quota_of_bytes_are_refused_and_not_kept(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    key, _ = home.keys.add("ana", scopes=["all"], quota=Quota(bytes=10))

    first, _ = home.upload(key, [b"0123456789"])
    assert home.upload(key, [b"0123456789"]) == (first, 10)  # counts once
    with pytest.raises(QuotaExceeded, match="quota of bytes is 10, of which 10 are taken"):
        home.upload(key, [b"a"])
    assert len([path for path in (home.path / "artifacts").rglob("*") if path.is_file()]) == 1


def test_keys_and_jobs_from_the_command_line(
    office: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", office.home.path]
    made = run_here(["keys", "add", *home, "--scope", "dataset", "--money", "2.5"], capsys)
    secret = made.out.splitlines()[0]
    key = office.home.keys.check(secret)
    assert (key.scopes, key.quota.micros) == (("dataset",), 2_500_000)
    assert secret not in run_here(["keys", "list", *home, "--json"], capsys).out
    assert run_here(["keys", "add", *home, "--scope", "x"], capsys).code == 2
    assert run_here(["keys", "add", *home, "--scope", "all", "--rows", "-1"], capsys).code == 2

    job = office.submit("dataset", **office.dataset())
    assert job.id in run_here(["job", "list", *home], capsys).out
    assert run_here(["job", "run", job.id, *home], capsys).code == 0
    assert run_here(["job", "run", "job_0", *home], capsys).code == 2
    assert run_here(["keys", "revoke", key.id, *home], capsys).code == 0
    assert "revoked" in run_here(["keys", "list", *home], capsys).out
