"""A file that knows its digest when it is closed, so nobody reads it a second time."""

from __future__ import annotations

import hashlib
from pathlib import Path

from campaignkit.errors import ArtifactError


class HashedFile:
    """A new binary file, unbuffered, hashed while it is written.

    Has the methods that pyarrow asks of a file it writes to.

    Examples
    --------
    >>> import tempfile
    >>> from campaignkit.store import digest_bytes
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = HashedFile(Path(folder, "a"))
    ...     _ = file.write(b"whole")
    ...     file.close()
    >>> file.digest == digest_bytes(b"whole")
    True
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("xb", buffering=0)
        self._hasher = hashlib.sha256()
        self._size = 0
        self._is_abandoned = False

    def write(self, data: memoryview | bytes) -> int:
        """Write and hash all of `data`.

        Raises
        ------
        ArtifactError
            If the disk is full or the file cannot be written.
        """
        view = memoryview(data).cast("B")
        if self._is_abandoned:
            return len(view)
        self._hasher.update(view)
        done = 0
        while done < len(view):  # an unbuffered write may take less than it is given
            try:
                done += self._file.write(view[done:]) or 0
            except OSError as err:
                raise ArtifactError(f"cannot write {self._path.name}: {err.strerror}") from err
        self._size += done
        return done

    def tell(self) -> int:
        """Bytes written so far."""
        return self._size

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def abandon(self) -> None:
        """Take further writes and drop them: the file will be removed."""
        self._is_abandoned = True

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        self._file.close()

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._file.closed

    def writable(self) -> bool:
        """Say yes."""
        return True

    def readable(self) -> bool:
        """Say no."""
        return False

    def seekable(self) -> bool:
        """Say no."""
        return False

    @property
    def digest(self) -> str:
        """``"sha256:..."`` of what was written so far."""
        return "sha256:" + self._hasher.hexdigest()
