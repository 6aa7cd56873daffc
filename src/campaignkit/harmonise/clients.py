"""Where the tables of clients live, each client's apart from every other's.

A client's tables are reached through one DuckDB connection, which reaches nothing else. Another
kind of place (a schema or a data set for each client in a warehouse) is a class with the methods
of :class:`Clients`.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from campaignkit.errors import HarmoniseError
from campaignkit.extras import require
from campaignkit.harmonise.access_log import AccessLog
from campaignkit.store import checked_path
from campaignkit.tables import connect, literal

_CLIENT = re.compile(r"[a-z0-9_]{1,40}")
_PURGED = re.compile(r"\.([a-z0-9_]{1,40})\.([0-9a-f]{32})\.purged")
_FILE = "data.duckdb"
_SPILL = "spill"  # temporary files, in the client's own folder
_LOG = ".across"
# What fails, and what to do.
READING = "cannot be read", "is the memory or the disk full? Give the store more: memory_mb"
CHANGING = "could not do that", "nothing was changed; is the disk full, an amount absurd?"


def checked_client(client: object) -> str:
    """A client's name: 1 to 40 lower-case letters, digits and underscores.

    Raises
    ------
    HarmoniseError
        If it is none.

    Examples
    --------
    >>> checked_client("acme")
    'acme'
    """
    if not isinstance(client, str) or not _CLIENT.fullmatch(client):
        raise HarmoniseError(
            f"client is {client!r:.60}; expected 1 to 40 of a-z, 0-9 and _",
            hint="a client's name is a folder's name: give a short plain one",
        )
    return client


class Clients(ABC):
    """Where clients' tables live. Names of clients are checked before they come here.

    Examples
    --------
    >>> isinstance(ClientFolder("clients"), Clients)
    True
    """

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """The clients that have tables, sorted."""

    @abstractmethod
    def open(self, client: str, *, memory_mb: int | None = None, key: bytes | None = None) -> Any:
        """A DuckDB connection whose current data base has this client's tables and no others.

        It is :func:`walled`: it can read no file and attach no data base.

        Raises
        ------
        HarmoniseError
            If it is open in another process, or cannot be opened.
        """

    @abstractmethod
    def purge(self, client: str) -> None:
        """Delete all that is kept of a client; what an interrupted call left is deleted too."""

    def keep(self, client: str, con: Any) -> None:
        """Called before each commit: write what changed, if it is kept elsewhere too."""
        return

    def discard(self, client: str) -> None:
        """Called where an open store has kept nothing yet: undo what opening it has made."""
        return

    def note(self, entry: Mapping[str, Any]) -> None:
        """Add an entry to the log of what was read across clients.

        Raises
        ------
        HarmoniseError
            Where clients are not read together.
        """
        raise HarmoniseError(
            "clients of a warehouse are not read together",
            hint="an administrator can: each client's tables lie in ck_<client>_harmonised",
        )

    @property
    def log(self) -> list[dict[str, Any]]:
        """The entries of that log, the oldest first."""
        return []


def walled(con: Any) -> Any:
    """A connection from which no statement reads a file, attaches a data base or sets anything.

    Examples
    --------
    >>> walled(connect()).sql("SELECT current_setting('lock_configuration')").fetchall()
    [(True,)]
    """
    for setting in (
        "TimeZone = 'UTC'",
        "preserve_insertion_order = false",
        "python_enable_replacements = false",  # no variable is a table
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        con.execute(f"SET {setting}")
    return con


@contextmanager
def telling(client: str, doing: tuple[str, str]) -> Iterator[None]:
    """What DuckDB refuses of a client's store, in words, while it is read or changed.

    Examples
    --------
    >>> con = connect()
    >>> con.close()
    >>> with telling("acme", READING):
    ...     con.execute("SELECT 1")
    Traceback (most recent call last):
        ...
    campaignkit.errors.HarmoniseError: the store of acme is closed
      hint: open it again: ClientStore(...)
    """
    duckdb = require("duckdb", extra="harmonise", user="a client's store")
    try:
        yield
    except duckdb.Error as err:
        found, hint = f"{doing[0]}: {str(err).splitlines()[0][:200]}", doing[1]
        if isinstance(err, duckdb.ConnectionException):
            found, hint = "is closed", "open it again: ClientStore(...)"
        elif isinstance(err, duckdb.CatalogException) and doing == READING:
            found = "has no unified tables"
            hint = "ClientStore(...).harmonise(), or campaignkit harmonise, makes them"
        raise HarmoniseError(f"the store of {client} {found}", hint=hint) from err


class ClientFolder(Clients):
    """A folder with a folder for each client, in which lies one DuckDB file.

    Parameters
    ----------
    folder : path
        Made if it is missing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     clients = ClientFolder(folder)
    ...     clients.open("acme").close()
    ...     clients.names
    ['acme']
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = checked_path(folder, error=HarmoniseError)
        self._log = AccessLog(self.folder / _LOG)

    def __repr__(self) -> str:
        return f"ClientFolder({str(self.folder)!r})"

    @property
    def names(self) -> list[str]:
        """The clients that have a store here, sorted."""
        found = [path.parent.name for path in self.folder.glob(f"*/{_FILE}")]
        return sorted(name for name in found if _CLIENT.fullmatch(name))

    def open(self, client: str, *, memory_mb: int | None = None, key: bytes | None = None) -> Any:
        """A connection to a client's file that reads no other, with its settings locked.

        Raises
        ------
        HarmoniseError
            If the file is open already, another client's, or cannot be opened; or if it is to be
            encrypted, and DuckDB cannot do that securely here.
        """
        duckdb = require("duckdb", extra="harmonise", user="a client's store")
        self.finish_purges()
        folder = self.folder / client
        path = folder / _FILE
        con = connect(memory_mb, None)
        try:
            values = [] if key is None else [_loaded_key(con, key)]
            self._own(folder)
            con.execute(f"SET temp_directory = {literal(str(folder / _SPILL))}")
            given = " (ENCRYPTION_KEY ?)" if values else ""
            con.execute(f"ATTACH {literal(str(path))} AS store{given}", values)
            path.chmod(0o600)
            shutil.rmtree(folder / _SPILL, ignore_errors=True)  # of a run that was killed
            con.execute("USE store")
            con.execute(f"CREATE TABLE IF NOT EXISTS owner AS SELECT {literal(client)} AS client")
            if con.execute("SELECT client FROM owner").fetchall() != [(client,)]:
                raise HarmoniseError(
                    f"{path} is not the store of {client}",
                    hint="was a file of another client copied there? Put its own file back",
                )
            return walled(con)
        except (HarmoniseError, duckdb.Error, OSError) as err:
            con.close()
            if isinstance(err, HarmoniseError):
                raise
            raise _not_opened(path, str(err)) from None  # what DuckDB was given stands nowhere

    def _own(self, folder: Path) -> None:
        """Make a client's folder, or refuse one through which another place would be written."""
        try:
            if not folder.is_symlink():
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                folder.chmod(0o700)
            inside = [folder] if folder.is_symlink() else folder.iterdir()
            if any(path.is_symlink() or (path.is_file() and path.stat().st_nlink > 1)
                   for path in inside):  # fmt: skip
                raise HarmoniseError(
                    f"{folder} leads to another place; expected files of its own",
                    hint="a link could lead into another client's store",
                )
        except OSError as err:
            raise HarmoniseError(
                f"{folder} cannot be made: {err.strerror}", hint="name a folder of your own"
            ) from err

    def discard(self, client: str) -> None:
        """Delete the folder of a client whose store has kept nothing, while it is still open."""
        shutil.rmtree(self.folder / client, ignore_errors=True)

    def purge(self, client: str) -> None:
        """Delete a client's folder and its name in the log; an interrupted call is finished.

        No key is needed for it. The log keeps a line that says when the client was purged.

        Raises
        ------
        HarmoniseError
            If something cannot be deleted.
        """
        folder = self.folder / checked_client(client)
        if folder.is_symlink() or folder.exists():
            # First out of sight in one step: nobody ever opens half of it.
            try:
                folder.rename(self.folder / f".{client}.{uuid.uuid4().hex}.purged")
            except OSError as err:
                raise HarmoniseError(
                    f"{folder} cannot be purged: {err.strerror}",
                    hint="nothing was deleted; may you write in the folder of the stores?",
                ) from err
        self.finish_purges()

    def finish_purges(self) -> None:
        """Delete what purges that were interrupted have left."""
        for left in sorted(self.folder.glob(".*.purged")):
            if name := _PURGED.fullmatch(left.name):
                self._log.forget(name[1])
                self._log.add({"purged": name[1]}, name=name[2])
                shutil.rmtree(left, ignore_errors=True)  # another process may be at it too
                if left.exists():
                    raise HarmoniseError(
                        f"{left} cannot be deleted, which a purge has left",
                        hint="delete it yourself: the client's tables lie there",
                    )

    def note(self, entry: Mapping[str, Any]) -> None:
        """Add an entry to the stores' log."""
        self._log.add(entry)

    @property
    def log(self) -> list[dict[str, Any]]:
        """What was read across clients and which were purged, the oldest first."""
        return self._log.entries


def _not_opened(path: Path, text: str) -> HarmoniseError:
    """Why a client's file cannot be opened."""
    why, hint = text.splitlines()[0][:200], "has it another key, or is it another version's?"
    if re.search("already attached|set lock on|being used by another", text):
        process = re.search(r"PID (\d+)", text)
        here = "this process" if "already attached" in text else "another process"
        return HarmoniseError(
            f"{path} is open already, in {f'process {process[1]}' if process else here}",
            hint="close it there first: store.close(), or with ClientStore(...) as store",
        )
    if "not a valid DuckDB database" in text:
        why, hint = "it is no data base of DuckDB", "was it damaged? Put its own file back"
    return HarmoniseError(f"{path} cannot be opened: {why}", hint=hint)


def _loaded_key(con: Any, key: object) -> str:
    """The key for a connection that writes encrypted files; or refuse, where it would do it badly.

    DuckDB's own cryptography only reads; that of its extension httpfs (OpenSSL) writes.
    """
    if not isinstance(key, bytes) or len(key) != 32 or len(set(key)) < 16:
        told = f"{len(key)} bytes" if isinstance(key, bytes) else f"a {type(key).__name__}"
        raise HarmoniseError(
            f"key is {told}; expected 32 random bytes",
            hint="secrets.token_bytes(32) makes one; keep it where the store is not",
        )
    duckdb = require("duckdb", extra="harmonise", user="a client's store")
    try:
        con.execute("LOAD httpfs")
        con.execute("SET temp_file_encryption = true")
    except duckdb.Error:
        raise HarmoniseError(
            f"DuckDB {duckdb.__version__} cannot write encrypted files here: its extension httpfs "
            f"is not installed",
            hint="install it once (INSTALL httpfs), or give no key and use an encrypted disk",
        ) from None
    return base64.b64encode(key).decode()
