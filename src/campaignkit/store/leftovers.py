"""Folders under temporary names: locked while their run lives, cleaned up after it was killed.

A lock belongs to the run that made the folder and ends with it, whatever ended it. A folder is
removed only if its name is one of ours and its lock can be had. Where the system or the disk has
no such locks (Windows, some network disks), nothing is removed.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

NO_LOCK = -1
_HEX = re.compile(r"[0-9a-f]{32}")


class LeftoverRemoved(UserWarning):
    """What a killed run had left was cleaned up; the warning names it."""


@contextmanager
def held_folder(parent: Path, start: str, end: str, *, mode: int = 0o777) -> Iterator[Path]:
    """Make a folder named `start`, 32 digits, `end`; it is locked until it is removed.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as place:
    ...     with held_folder(Path(place), ".a.", ".partial") as folder:
    ...         len(dead_folders(Path(place), ".a.", ".partial")), folder.is_dir()
    (0, True)
    """
    while True:
        folder = parent / f"{start}{uuid.uuid4().hex}{end}"
        folder.mkdir(mode=mode)
        with suppress(BlockingIOError, FileNotFoundError):  # another run took it for a dead one
            lock = hold(folder)
            break
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        let_go(lock)


def dead_folders(parent: Path, start: str, end: str) -> list[Path]:
    """The folders of such names whose runs are dead."""
    found = []
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            name = entry.name
            if not (name.startswith(start) and name.endswith(end)):
                continue
            if _HEX.fullmatch(name[len(start) : len(name) - len(end)]):
                with suppress(OSError):
                    lock = hold(Path(entry.path))
                    if lock != NO_LOCK:
                        found.append(Path(entry.path))
                    let_go(lock)
    return found


def remove_dead(parent: Path, start: str, end: str) -> None:
    """Remove them, and name them in a :class:`LeftoverRemoved` warning."""
    dead = dead_folders(parent, start, end)
    for folder in dead:
        shutil.rmtree(folder, ignore_errors=True)
    if dead:
        told = ", ".join(folder.name for folder in dead)
        warnings.warn(f"a killed run had left {told} in {parent}; removed", LeftoverRemoved,
                      stacklevel=2)  # fmt: skip


@contextmanager
def scratch_folder(parent: Path | None = None) -> Iterator[Path]:
    """A folder for temporary files, of this user alone; those of killed runs are removed first.

    It is made in `parent`, or in the system's folder for such.

    Examples
    --------
    >>> with scratch_folder() as folder:
    ...     folder.is_dir()
    True
    """
    parent = parent or Path(tempfile.gettempdir())
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    remove_dead(parent, "campaignkit-", ".scratch")
    with held_folder(parent, "campaignkit-", ".scratch", mode=0o700) as folder:
        yield folder


def hold(folder: Path) -> int:
    """Take a folder's lock: a handle for :func:`let_go`, or -1 where there are no locks.

    Raises
    ------
    BlockingIOError
        If a living run holds it.
    FileNotFoundError
        If the folder is gone.
    """
    if sys.platform == "win32":
        return NO_LOCK
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise
    except OSError:  # of another user, or no folder
        return NO_LOCK
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(handle), folder.stat()):
            raise FileNotFoundError(folder)
    except (BlockingIOError, FileNotFoundError):
        os.close(handle)
        raise
    except OSError:
        os.close(handle)
        return NO_LOCK
    return handle


def let_go(lock: int) -> None:
    """Give a lock back."""
    if lock != NO_LOCK:
        os.close(lock)
