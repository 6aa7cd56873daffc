"""Lines at the end of a file: each complete or absent, also with other writers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from campaignkit.errors import ArtifactError
from campaignkit.store import checked_path, kind_of_file


@dataclass(frozen=True, slots=True)
class Appender:
    """A file that this process alone may change for now.

    Attributes
    ----------
    handle : int
        Open for reading and appending.

    Examples
    --------
    >>> Appender.__name__
    'Appender'
    """

    handle: int

    def size(self) -> int:
        """Bytes in the file."""
        return os.fstat(self.handle).st_size

    def read(self, start: int = 0) -> bytes:
        """What is in the file, from a byte on."""
        os.lseek(self.handle, start, os.SEEK_SET)
        parts = []
        while part := os.read(self.handle, 1 << 20):
            parts.append(part)
        return b"".join(parts)

    def add(self, line: bytes) -> None:
        """Add one line (without its line end) and flush it to disk."""
        size = self.size()
        data = line + b"\n"
        if size:
            os.lseek(self.handle, -1, os.SEEK_END)
            if os.read(self.handle, 1) != b"\n":  # a writer was killed here
                data = b"\n" + data
        written = os.write(self.handle, data)
        if written != len(data):
            os.ftruncate(self.handle, size)
            raise OSError("the disk took only part of the line; it was taken back")
        os.fsync(self.handle)


@contextmanager
def appending(file: Path) -> Iterator[Appender]:
    """Open a file to append to, made with its folder if need be; others wait their turn.

    Raises
    ------
    ArtifactError
        If it cannot be opened or written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with appending(Path(folder, "log.jsonl")) as log:
    ...         log.add(b"{}")
    ...     Path(folder, "log.jsonl").read_bytes()
    b'{}\\n'
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if kind_of_file(checked_path(file)) not in ("", "a file"):
            raise ArtifactError(f"{file} is {kind_of_file(file)}; expected a file to append to")
        # Windows would write other line ends, which digests of lines do not survive.
        binary = getattr(os, "O_BINARY", 0)
        handle = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | binary, 0o644)
        try:
            if sys.platform != "win32":
                import fcntl

                # O_APPEND keeps lines apart; the lock lets a writer read and mend before it adds.
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield Appender(handle)
        finally:
            os.close(handle)
    except OSError as err:
        if isinstance(err, ArtifactError):
            raise
        raise ArtifactError(
            f"cannot append to {file}: {err.strerror or err}",
            hint="check the folder and the space on the disk",
        ) from err
