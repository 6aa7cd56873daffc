"""Files and folders that are complete or absent.

Everything is written in a folder under a temporary name in the target's own parent folder (a
rename is atomic only within one file system), flushed to disk, and renamed into place. A killed
run leaves at most a folder whose name starts with ``.`` and ends with ``.partial`` or
``.replaced``, which no reader takes for a result; the next run that writes the same target cleans
it up and reports this (see :mod:`campaignkit.store.leftovers`).

A rename replaces whatever has the name, so only regular files and folders are ever replaced. What
goes to a pipe or a device (``/dev/stdout``, ``/dev/null``) is made whole elsewhere, then written
to it; sockets and disks are refused. A link is followed: what it points to is replaced, the link
stays.
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from campaignkit.errors import ArtifactError, CampaignkitError
from campaignkit.store.doors import checked_path, kind_of_file
from campaignkit.store.leftovers import (
    NO_LOCK,
    LeftoverRemoved,
    dead_folders,
    held_folder,
    hold,
    let_go,
    remove_dead,
    scratch_folder,
)

MANIFEST_NAME = "manifest.json"  # what tells an artifact from any other folder
_PARTIAL, _REPLACED = ".partial", ".replaced"
_SHOWN = 40  # characters of the target's name in that of the temporary folder


@contextmanager
def atomic_file(given: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path to write; on success it becomes the file, on error it is removed.

    Parameters
    ----------
    given : path
        A regular file, or nothing yet; or a pipe or a device, which is written to.

    Raises
    ------
    ArtifactError
        If it is no path, the parent folder is missing or cannot be written, or there is a folder,
        a socket or a disk of that name.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_file(Path(folder, "a.txt")) as partial:
    ...         _ = partial.write_text("whole")
    ...     Path(folder, "a.txt").read_text()
    'whole'
    """
    path = _target(given)
    kind = kind_of_file(path)
    if kind in ("a pipe", "a device"):
        with scratch_folder() as elsewhere, _telling(path):
            partial = elsewhere / "whole"
            yield partial
            _pour(partial, path)
        return
    if kind not in ("", "a file"):
        raise ArtifactError(f"{path} is {kind}; expected a file name", hint="give a file name")
    with _folder_beside(path) as folder, _telling(path):
        partial = folder / "whole"
        yield partial
        _flush(partial)
        partial.replace(path)


@contextmanager
def atomic_folder(given: str | os.PathLike[str], *, replace: bool = False) -> Iterator[Path]:
    """Yield a temporary folder to fill; on success it becomes the folder, on error it is removed.

    Parameters
    ----------
    given : path
        The folder to make. An empty folder there is taken over.
    replace : bool
        Whether an artifact that is already there may be replaced: a folder with a
        ``manifest.json``, never one that something else filled. The old one is renamed away first
        and removed only after the new one stands.

    Raises
    ------
    ArtifactError
        If it is not a path or not a folder, is not empty and `replace` is false, contains
        something that is no artifact, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     with atomic_folder(Path(parent, "out")) as partial:
    ...         _ = (partial / "a.txt").write_text("whole")
    ...     sorted(p.name for p in Path(parent, "out").iterdir())
    ['a.txt']
    """
    _restore(_target(given))
    path = refuse_occupied(given, replace=replace)
    with _folder_beside(path) as partial, _telling(path):
        yield partial
        for file in sorted(partial.rglob("*")):
            if file.is_file():
                _flush(file)
        _swap_in(partial, path)


def refuse_occupied(given: str | os.PathLike[str], *, replace: bool = False) -> Path:
    """The folder's path; ArtifactError if it is none that `atomic_folder` may make or replace.

    For asking before long or paid work whose result is to go there.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "mine.txt").write_text("keep me")
    ...     try:
    ...         refuse_occupied(folder, replace=True)
    ...     except ArtifactError as error:
    ...         print(error.hint)
    give a new folder, or remove this one yourself
    """
    path = _target(given)
    kind = kind_of_file(path)
    if kind not in ("", "a folder"):
        raise ArtifactError(f"{path} is {kind}; expected a folder", hint="give another name")
    with _telling(path):
        occupied = kind == "a folder" and any(path.iterdir())
    if occupied and not replace:
        raise ArtifactError(
            f"{path} is not empty; nothing was written",
            hint="give a new folder, or allow its replacement (replace=True, or --replace)",
        )
    if occupied and not (path / MANIFEST_NAME).is_file():
        raise ArtifactError(
            f"{path} contains no {MANIFEST_NAME}, so it is not replaced; nothing was written",
            hint="give a new folder, or remove this one yourself",
        )
    return path


def _target(given: object) -> Path:
    path = checked_path(given)
    is_link = path.is_symlink() and kind_of_file(path) in ("", "a file", "a folder")
    return Path(os.path.realpath(path)) if is_link else path


def _swap_in(partial: Path, path: Path) -> None:
    # Windows cannot rename onto a folder, so the old one steps aside first, on every system alike.
    if not path.exists():
        partial.rename(path)
        return
    aside = path.parent / f"{_start(path)}{uuid.uuid4().hex}{_REPLACED}"
    lock = NO_LOCK
    with suppress(BlockingIOError, FileNotFoundError):
        lock = hold(path)
    try:
        path.rename(aside)
        try:
            partial.rename(path)
        except OSError:
            aside.rename(path)
            raise
        shutil.rmtree(aside, ignore_errors=True)
    finally:
        let_go(lock)


def _restore(path: Path) -> None:
    """Put back what a run was replacing when it was killed, or remove it if the new one stands."""
    for aside in dead_folders(path.parent, _start(path), _REPLACED):
        if path.exists() or len(path.name) > _SHOWN:
            continue
        with suppress(OSError):
            aside.rename(path)
            told = f"a run was killed while it replaced {path}; the old content was restored"
            warnings.warn(told, LeftoverRemoved, stacklevel=2)
    if path.exists():
        remove_dead(path.parent, _start(path), _REPLACED)


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    parent = path.absolute().parent
    if not parent.is_dir():
        raise ArtifactError(
            f"the folder {parent} does not exist", hint="make it first, or give another place"
        )
    remove_dead(parent, _start(path), _PARTIAL)
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(held_folder(parent, _start(path), _PARTIAL))
        except OSError as err:
            raise ArtifactError(f"cannot write in {path.parent}: {err.strerror}") from err
        yield folder


def _start(path: Path) -> str:
    # Short, however long the name is: the longest names leave no room for more.
    return f".{path.name[:_SHOWN]}."


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        if isinstance(err, CampaignkitError | ConnectionError | TimeoutError):
            raise
        why = "nobody reads from it" if err.errno == errno.ENXIO else err.strerror or err
        raise ArtifactError(
            f"{path} was not written: {why}",
            hint="check the folder, its permissions and the space on the disk",
        ) from err


def _pour(partial: Path, path: Path) -> None:
    # Not waiting for a reader: a pipe that nobody reads from is told at once.
    handle = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    os.set_blocking(handle, True)
    with partial.open("rb") as source, os.fdopen(handle, "wb") as sink:
        shutil.copyfileobj(source, sink)


def _flush(file: Path) -> None:
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())
