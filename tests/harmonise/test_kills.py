"""What is killed, finds the disk full or may not write leaves no store half done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from campaignkit.harmonise import CampaignData, ClientFolder, ClientStore
from client_walls import arrow_bytes
from landed_tables import google, land

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and limits are those of Unix")

DAYS = [f"2025-03-{day:02}" for day in range(1, 4)]
# The process that kills itself, or is stopped by a limit; it forks for each case.
CHILD = """
    import os, shutil, signal, sys, traceback
    import duckdb
    from campaignkit.harmonise import ClientFolder, ClientStore
    from campaignkit.errors import HarmoniseError

    class Killed:
        '''A connection that kills its process before the nth statement that has a text in it.'''
        def __init__(self, con, text, number):
            self.con, self.text, self.left = con, text, number
        def __getattr__(self, name):
            return getattr(self.con, name)
        def execute(self, sql, *values):
            self.left -= self.text in sql
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return self.con.execute(sql, *values)

    def forked(work):
        pid = os.fork()
        if pid == 0:
            try:
                work()
            except HarmoniseError as error:
                print(type(error).__name__, error, flush=True)
            except BaseException:
                traceback.print_exc(file=sys.stdout)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def change(clients, source, text="", number=0):
        with ClientStore(clients, "acme") as store:
            store._con = Killed(store._con, text, number) if text else store._con
            store.ingest(source, platform="google_ads")
            store.harmonise()
"""


def child(code: str, *values: object) -> list[str]:
    """What lines a process with that code prints; it has ``forked`` and ``change``."""
    script = textwrap.dedent(CHILD) + textwrap.dedent(code)
    command = [sys.executable, "-c", script, *map(str, values)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def seen(clients: Path) -> list[bytes]:
    """What a store shows, without anything being made anew."""
    with ClientStore(clients, "acme") as store:
        data = CampaignData(store._con, "acme")
        made = [arrow_bytes(data.to_arrow(n)) for n in ("performance", "conversions", "reach")]
        return [*made, repr(data.report.to_dict()).encode(), repr(store.tables).encode()]


def changed(clients: Path, source: Path) -> list[bytes]:
    with ClientStore(clients, "acme") as store:
        store.ingest(source, platform="google_ads")
        store.harmonise()
    return seen(clients)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``clients`` with a store of acme, and ``later``, an export that changes and adds days."""
    folder = tmp_path_factory.mktemp("start")
    changed(folder / "clients", land(folder / "first", **google(DAYS[:2])))
    land(folder / "later", **google(DAYS[1:], spend=77))
    return folder


KILLS = [
    ("DELETE FROM landed.", 1),  # days that the new export replaces
    ("COMMIT", 1),  # all of the ingest is done, and not yet kept
    ("BEGIN", 2),  # the ingest is kept, and harmonise has not begun
    ("INSERT INTO conversion_fact", 1),  # performance is new, conversions are old
    ("COMMIT", 2),
]


def test_a_kill_leaves_nothing_half_done_and_nothing_doubled(start: Path, tmp_path: Path) -> None:
    runs = [shutil.copytree(start / "clients", tmp_path / f"run{n}") for n in range(len(KILLS))]
    undisturbed = shutil.copytree(start / "clients", tmp_path / "undisturbed")
    before, after = seen(undisturbed), changed(undisturbed, start / "later")
    told = child(
        """
        source = sys.argv[1]
        for line in sys.argv[2:]:
            clients, text, number = line.split("|")
            print(forked(lambda: change(clients, source, text, int(number))))
        """,
        start / "later",
        *(f"{run}|{text}|{number}" for run, (text, number) in zip(runs, KILLS, strict=True)),
    )

    assert told == ["-9"] * len(KILLS)
    for run, (text, number) in zip(runs, KILLS, strict=True):
        found = seen(run)
        assert found[:4] == before[:4], (text, number)  # the unified tables: the old ones
        is_kept = (text, number) not in KILLS[:2]
        assert (found[4] == before[4]) != is_kept, (text, number)  # the landed: all or none
        assert changed(run, start / "later") == after, (text, number)


@pytest.mark.parametrize("finish", ["purge", "open"])
@pytest.mark.parametrize("where", ["forget", "rmtree"])
def test_a_purge_that_was_killed_is_finished_by_the_next_call(
    finish: str, where: str, start: Path, tmp_path: Path
) -> None:
    clients = shutil.copytree(start / "clients", tmp_path / "clients")
    ClientFolder(clients).note({"reason": "acme and bell", "rows": {"acme": 1, "bell": 1}})
    told = child(
        """
        from campaignkit.harmonise.access_log import AccessLog
        clients, where = sys.argv[1:]
        place = {"forget": AccessLog, "rmtree": shutil}[where]
        setattr(place, where, lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL))
        print(forked(lambda: ClientFolder(clients).purge("acme")))
        """,
        clients,
        where,
    )
    assert told == ["-9"]
    assert ClientFolder(clients).names == []  # out of sight at once
    finishing: dict[str, Callable[[], object]] = {
        "purge": lambda: ClientFolder(clients).purge("acme"),
        "open": lambda: ClientStore(clients, "bell").close(),
    }
    finishing[finish]()

    assert not [path for path in clients.rglob("*") if "acme" in str(path.relative_to(clients))]
    assert [list(entry)[-1] for entry in ClientFolder(clients).log].count("purged") == 1
    assert "acme" not in repr(ClientFolder(clients).log[0])


def test_a_full_disk_is_told_and_the_store_stays_as_it_was(start: Path, tmp_path: Path) -> None:
    """The system takes no file beyond a size: at the first write, in the middle, or at the end."""
    sizes = (2_000, 40_000, 300_000)
    runs = [shutil.copytree(start / "clients", tmp_path / f"run{size}") for size in sizes]
    days = [f"2025-{month:02}-{day:02}" for month in range(4, 8) for day in range(1, 29)]
    full = land(tmp_path / "full", **google(days))
    before = seen(runs[0])
    told = child(
        """
        import resource
        source = sys.argv[1]
        for line in sys.argv[2:]:
            clients, size = line.split("|")
            def limited():
                resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
                change(clients, source)
            print(forked(limited), flush=True)
        """,
        full, *(f"{run}|{size}" for run, size in zip(runs, sizes, strict=True)),
    )  # fmt: skip
    said = [line for line in told if not line.startswith("  hint")]
    assert [line[:14] for line in said] == ["HarmoniseError", "0"] * len(sizes)
    for run in runs:
        assert seen(run)[:4] == before[:4]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs another user")
def test_a_folder_that_may_not_be_written_is_told(start: Path, tmp_path: Path) -> None:
    told = child(
        """
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            shutil.copytree(sys.argv[1], os.path.join(folder, "clients"))
            for top, folders, files in os.walk(folder):
                for name in (*folders, *files):
                    os.chmod(os.path.join(top, name), 0o555)
            def as_nobody():
                os.setuid(65_534)
                ClientStore(os.path.join(folder, "clients"), sys.argv[2])
            print(forked(as_nobody))
            sys.argv[2] = "bell"
            print(forked(as_nobody))
        """,
        start / "clients", "acme",
    )  # fmt: skip

    assert told[0].startswith("HarmoniseError") and "cannot be" in told[0]
    assert [line for line in told if line == "0"] == ["0", "0"]
