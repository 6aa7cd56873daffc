"""A PostgreSQL of Debian's binaries for the tests, on a socket that nobody else sees."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

TYPES = {"int64": "bigint", "double": "double precision", "date32[day]": "date", "bool": "boolean"}


def _as_somebody() -> list[str]:
    """PostgreSQL refuses root: the command line by which root becomes somebody else."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={_account()}", f"--regid={_account()}", "--clear-groups"]


def _account() -> str:
    text = Path("/etc/passwd").read_text(encoding="utf-8")
    return "postgres" if "\npostgres:" in text else "nobody"


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a fresh server without its table; skips in words where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = str(found[-1]) if found else shutil.which("initdb")
    if initdb is None:
        pytest.skip("no PostgreSQL on this machine: apt-get install postgresql")
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL refuses root, and there is no setpriv to become somebody else")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a socket's path must be short
    if os.geteuid() == 0:
        shutil.chown(folder, _account())
    control = str(Path(initdb).resolve().with_name("pg_ctl"))
    data = str(folder / "data")
    options = f"-k {folder} -h '' -F -c shared_buffers=32MB"
    start = ["start", "-w", "-D", data, "-o", options, "-l", str(folder / "log")]
    try:
        for command in (
            [initdb, "-D", data, "-A", "trust", "-U", "tester", "-E", "UTF8", "--locale=C.UTF-8"],
            [control, *start],
        ):
            subprocess.run(
                [*_as_somebody(), *command], check=True, stdout=subprocess.DEVNULL, cwd=folder
            )
        yield f"postgres://tester@/postgres?host={folder}"
    finally:
        stop = [*_as_somebody(), control, "stop", "-D", data, "-m", "immediate"]
        subprocess.run(stop, check=False, capture_output=True, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)


def load(address: str, name: str, table: object) -> str:
    """Put an Arrow table under a name; the address to audit it by."""
    import psycopg

    columns = ", ".join(f'"{f.name}" {TYPES.get(str(f.type), "text")}' for f in table.schema)
    with psycopg.connect(address) as con:
        con.execute(f"DROP TABLE IF EXISTS {name}")
        con.execute(f"CREATE TABLE {name} ({columns})")
        with con.cursor().copy(f"COPY {name} FROM STDIN") as copy:
            for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
                copy.write_row(row)
    return f"{address}&table={name}"
