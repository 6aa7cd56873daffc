"""Content digests: the identity of graphs, specs and files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def digest_bytes(data: bytes) -> str:
    """``"sha256:..."`` of some bytes.

    Examples
    --------
    >>> digest_bytes(b"")[:15]
    'sha256:e3b0c442'
    """
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_file(path: Path) -> str:
    """``"sha256:..."`` of a file's content, read in blocks.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "empty")
    ...     path.touch()
    ...     digest_file(path) == digest_bytes(b"")
    True
    """
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def digest_json(value: object) -> str:
    """``"sha256:..."`` of a JSON value in one canonical form: sorted keys, no spaces, UTF-8.

    Examples
    --------
    >>> digest_json({"b": 1, "a": 2}) == digest_json({"a": 2, "b": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return digest_bytes(text.encode())
