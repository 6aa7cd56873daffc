"""Rows kept on disk: no text is embedded, or paid for, twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from os import PathLike

import numpy as np

from campaignkit.embed.embedder import (
    Embedder,
    FloatArray,
    checked_embedder,
    checked_texts,
    embed_texts,
)
from campaignkit.errors import ArtifactError
from campaignkit.store import checked_path, digest_bytes

_FILE = "embeddings.sqlite"
_AT_ONCE = 500  # texts embedded between two writes: what a kill can cost


class CachedEmbedder:
    """An embedder around an embedder: rows it has given once come from a folder.

    Rows are kept under the embedder's name and the text, so another model or size has its own.

    Parameters
    ----------
    embedder : Embedder
        Who is asked for what is not there yet.
    folder : path
        Where ``embeddings.sqlite`` is kept; made if it is not there.

    Raises
    ------
    ArtifactError
        If the folder cannot be used, or contains a file that is no such store.

    Examples
    --------
    >>> import tempfile
    >>> from campaignkit.embed import HashingEmbedder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     embedder = CachedEmbedder(HashingEmbedder(dimensions=8), folder)
    ...     first = embedder.embed(["Nike"])
    ...     bool((embedder.embed(["Nike"]) == first).all()), embedder.num_kept
    (True, 1)
    """

    def __init__(self, embedder: Embedder, folder: str | PathLike[str]) -> None:
        self._embedder = checked_embedder(embedder)
        self._path = checked_path(folder) / _FILE
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._open() as table:
                table.execute(
                    "CREATE TABLE IF NOT EXISTS rows (name TEXT, text TEXT, numbers BLOB, "
                    "PRIMARY KEY (name, text)) WITHOUT ROWID"
                )
        except (OSError, sqlite3.Error) as err:
            raise ArtifactError(f"{self._path} cannot keep embeddings: {err}") from err

    @property
    def name(self) -> str:
        """The inner embedder's: the rows are the same."""
        return self._embedder.name

    @property
    def num_kept(self) -> int:
        """Rows of this embedder in the folder."""
        with self._open() as table:
            asked = table.execute("SELECT count(*) FROM rows WHERE name = ?", (self.name,))
            return int(asked.fetchone()[0])

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """One unit row for each text; those kept are not asked for again."""
        listed = checked_texts(texts, name=self.name)
        if not listed:
            return self._embedder.embed([])
        keys = {text: digest_bytes(text.encode("utf-8", "surrogatepass")) for text in listed}
        find = "SELECT numbers FROM rows WHERE name = ? AND text = ?"
        held = {}
        with self._open() as table:
            for text, key in keys.items():
                for (numbers,) in table.execute(find, (self.name, key)):
                    held[text] = np.frombuffer(numbers, dtype="<f4")
        missing = [text for text in keys if text not in held]
        for start in range(0, len(missing), _AT_ONCE):
            some = missing[start : start + _AT_ONCE]
            rows = embed_texts(self._embedder, some).astype("<f4")
            kept = [(self.name, keys[t], row.tobytes()) for t, row in zip(some, rows, strict=True)]
            with self._open() as table:
                table.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", kept)
            held.update(zip(some, rows, strict=True))
        return np.array([held[text] for text in listed], dtype=np.float32)

    def __repr__(self) -> str:
        return f"CachedEmbedder({self._embedder!r})"

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=60)) as table, table:
            yield table
