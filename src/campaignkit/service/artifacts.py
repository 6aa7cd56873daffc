"""Artifacts: files by their digests, uploaded or made by jobs, each stored once.

A file is written under a temporary name, flushed to disk and renamed to its digest, so a digest
that is there is whole. Who may read an artifact is in the queue, not here.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from campaignkit.service.jobs import NotThere, OutOfSpace, TooLarge, WrongDigest

MOST_BYTES = 64 * 1024 * 1024  # of an upload
DIGEST = r"^sha256:[0-9a-f]{64}$"
_BLOCK = 1 << 20


class Artifacts:
    """Files by digest in one folder.

    Parameters
    ----------
    folder : Path
    most_bytes : int
        The longest upload; what jobs make may be longer.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     digest, size = Artifacts(Path(place)).put([b"abc"])
    >>> digest[:15], size
    ('sha256:ba7816bf', 3)
    """

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self.most_bytes = most_bytes

    def put(
        self,
        parts: Iterable[bytes],
        *,
        digest: str | None = None,
        admit: Callable[[str, int], object] = lambda digest, size: None,
    ) -> tuple[str, int]:
        """Store an upload that arrives in parts: its digest and its length.

        `admit` is called with both before the upload is stored, and may raise.

        Raises
        ------
        TooLarge
            As soon as it is longer than the limit.
        WrongDigest
            If `digest` is given and is not that of the content. Nothing is stored.
        OutOfSpace
            If the disk is full.
        """
        with self._partial() as partial, partial.open("xb") as file:
            hashed, size = hashlib.sha256(), 0
            for part in parts:
                size += len(part)
                if size > self.most_bytes:
                    raise TooLarge(
                        f"the upload is longer than {self.most_bytes:,} bytes",
                        hint="upload less, or ask the operator to run the job on the computer",
                    )
                hashed.update(part)
                file.write(part)
            found = f"sha256:{hashed.hexdigest()}"
            if digest is not None and digest != found:
                raise WrongDigest(
                    f"the content has the digest {found}; {digest!r:.90} was announced",
                    hint="upload the file again",
                )
            file.flush()
            os.fsync(file.fileno())  # what is charged for has room on the disk
            admit(found, size)
            self._place(partial, file.fileno(), found)
        return found, size

    def put_file(self, path: Path) -> tuple[str, int]:
        """Store a copy of a file that a job made."""
        with self._partial() as partial:
            shutil.copyfile(path, partial)
            with partial.open("rb+") as file:
                found = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
                self._place(partial, file.fileno(), found)
        return found, path.stat().st_size

    def path(self, digest: str) -> Path:
        """Where the content lies; to read alone.

        Raises
        ------
        NotThere
            If there is no artifact of this digest.
        """
        place = self._at(digest) if re.fullmatch(DIGEST, digest) else None
        if place is None or not place.is_file():
            raise NotThere(f"there is no artifact {digest!r:.90}", hint="upload it again")
        return place

    def read(self, digest: str, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """The bytes from `first` to `last`, both included, in blocks."""
        with self.path(digest).open("rb") as file:
            file.seek(first)
            left = os.fstat(file.fileno()).st_size - first if last is None else last - first + 1
            while left > 0 and (block := file.read(min(_BLOCK, left))):
                left -= len(block)
                yield block

    def _at(self, digest: str) -> Path:
        name = digest.removeprefix("sha256:")
        return self.folder / name[:2] / name

    def _place(self, partial: Path, handle: int, digest: str) -> None:
        place = self._at(digest)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        os.fsync(handle)
        partial.chmod(0o400)
        partial.replace(place)

    @contextmanager
    def _partial(self) -> Iterator[Path]:
        partial = self.folder / f".{uuid.uuid4().hex}.partial"
        try:
            yield partial
        except OSError as err:
            if err.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise OutOfSpace(
                "the artifact was not stored: the disk of the service is full",
                hint="ask the operator to make room, then try again",
            ) from err
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
