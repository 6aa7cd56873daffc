"""The log of what was read across clients: entries are added, and a purge takes a client out."""

from __future__ import annotations

import datetime
import getpass
import json
import os
import shutil
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from campaignkit.errors import HarmoniseError
from campaignkit.store import atomic_file
from campaignkit.store.leftovers import dead_folders, held_folder

_HALF = ".entry."  # an entry that is being written
_WITHDRAWN = "withdrawn: it was given for a client that was purged since"


class AccessLog:
    """A folder with a file for each entry; two processes that write at once lose none.

    Parameters
    ----------
    folder : path
        Made at the first entry.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = AccessLog(Path(folder, "log"))
    ...     log.add({"reason": "prices", "rows": {"acme": 3, "bell": 1}})
    ...     log.forget("acme")
    ...     [(entry["reason"][:9], entry["rows"]) for entry in log.entries]
    [('withdrawn', {'bell': 1})]
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The entries, the oldest first; each says when (``at``, UTC) and by whom (``who``)."""
        return sorted((entry for _, entry in self._files()), key=lambda entry: entry["at"])

    def add(self, entry: Mapping[str, Any], *, name: str | None = None) -> None:
        """Add an entry, on disk when this returns; one that has the name of another is left out.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{name or uuid.uuid4().hex}.json"
        if not path.exists():
            at = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
            self._write(path, {"at": at, "who": _user(), **entry})

    def forget(self, client: str) -> None:
        """Take a client out of all entries; reasons may name it, so they are withdrawn."""
        for half in dead_folders(self.folder, _HALF, ".partial"):  # none whose writer lives
            shutil.rmtree(half, ignore_errors=True)
        for path, entry in self._files():
            if client in entry.get("rows", ()):
                left = {name: count for name, count in entry["rows"].items() if name != client}
                if left:
                    self._write(path, {**entry, "rows": left, "reason": _WITHDRAWN})
                else:
                    path.unlink()

    def _files(self) -> list[tuple[Path, dict[str, Any]]]:
        found = []
        for path in sorted(self.folder.glob("*.json")):
            try:
                found.append((path, json.loads(path.read_text(encoding="utf-8"))))
            except ValueError as err:
                raise HarmoniseError(
                    f"{path} is no entry of the log: it was changed by hand",
                    hint="look who changed it, and put it away",
                ) from err
        return found

    def _write(self, path: Path, entry: Mapping[str, Any]) -> None:
        with held_folder(self.folder, _HALF, ".partial", mode=0o700) as folder:
            with atomic_file(folder / path.name) as partial:  # on the disk before it has a name
                partial.write_text(json.dumps(entry) + "\n", encoding="utf-8")
            (folder / path.name).replace(path)


def _user() -> str:
    """Who runs this process; the name may come of its environment, the number does not."""
    if sys.platform == "win32":
        return getpass.getuser()
    try:
        return f"{getpass.getuser()}, uid {os.getuid()}"
    except (KeyError, OSError):  # a number without a name, as in containers
        return f"uid {os.getuid()}"
