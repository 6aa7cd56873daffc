"""Files and folders that are there whole or not at all.

Everything is written under a temporary name in the target's own parent folder (a rename is atomic
only within one file system), flushed to disk, and renamed into place. A killed run leaves at most
a name that starts with ``.`` and ends with ``.partial``, which no reader takes for a result.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from campaignkit.errors import ArtifactError

MANIFEST_NAME = "manifest.json"  # what tells an artifact from any other folder


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write; on success it becomes `path`, on error it is removed.

    Raises
    ------
    ArtifactError
        If the parent folder is missing or cannot be written, or `path` is a folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_file(Path(folder, "a.txt")) as partial:
    ...         _ = partial.write_text("whole")
    ...     Path(folder, "a.txt").read_text()
    'whole'
    """
    if path.is_dir():
        raise ArtifactError(f"{path} is a folder; expected a file name", hint="give a file name")
    partial = _partial_beside(path)
    try:
        yield partial
        _flush(partial)
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield a temporary folder to fill; on success it becomes `path`, on error it is removed.

    Parameters
    ----------
    path : Path
        The folder to make. An empty folder there is taken over.
    replace : bool
        Whether an artifact that is already there may be replaced: a folder with a
        ``manifest.json``, never one that something else filled. The old one is renamed away first
        and removed only after the new one stands.

    Raises
    ------
    ArtifactError
        If `path` is a file, holds something and `replace` is false, holds something that is no
        artifact, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     with atomic_folder(Path(parent, "out")) as partial:
    ...         _ = (partial / "a.txt").write_text("whole")
    ...     sorted(p.name for p in Path(parent, "out").iterdir())
    ['a.txt']
    """
    refuse_occupied(path, replace=replace)
    partial = _partial_beside(path)
    try:
        partial.mkdir()
    except OSError as err:
        raise ArtifactError(f"cannot write in {path.parent}: {err.strerror}") from err
    try:
        yield partial
        for file in sorted(partial.rglob("*")):
            if file.is_file():
                _flush(file)
        _swap_in(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def refuse_occupied(path: Path, *, replace: bool = False) -> None:
    """Raise ArtifactError if `path` is no folder that `atomic_folder` may make or replace.

    For asking before long or paid work whose result is to go there.

    Examples
    --------
    >>> refuse_occupied(Path("nowhere"))
    """
    if path.exists() and not path.is_dir():
        raise ArtifactError(f"{path} is a file; expected a folder", hint="give another name")
    occupied = path.is_dir() and any(path.iterdir())
    if occupied and not replace:
        raise ArtifactError(
            f"{path} already holds something; nothing was written",
            hint="give a new folder, or say that it may be replaced (replace=True, or --replace)",
        )
    if occupied and not (path / MANIFEST_NAME).is_file():
        raise ArtifactError(
            f"{path} holds no {MANIFEST_NAME}, so it is not replaced; nothing was written",
            hint="give a new folder, or remove this one yourself",
        )


def _swap_in(partial: Path, path: Path) -> None:
    # Windows cannot rename onto a folder, so the old one steps aside first, on every system alike.
    if not path.exists():
        partial.rename(path)
        return
    aside = _partial_beside(path)
    path.rename(aside)
    try:
        partial.rename(path)
    except OSError:
        aside.rename(path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _partial_beside(path: Path) -> Path:
    parent = path.absolute().parent
    if not parent.is_dir():
        raise ArtifactError(
            f"the folder {parent} does not exist", hint="make it first, or give another place"
        )
    return parent / f".{path.name}.{uuid.uuid4().hex}.partial"


def _flush(file: Path) -> None:
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())
