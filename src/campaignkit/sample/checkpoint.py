"""Finished chunks on disk, so that a run that was stopped goes on where it was.

A chunk's file is named after everything its rows depend on. Another graph, spec, seed, version or
cut into chunks gives other names: a stale file cannot be taken for a fresh one.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from campaignkit import __version__
from campaignkit.errors import ArtifactError
from campaignkit.sample.job import Chunk, ChunkRows
from campaignkit.store import atomic_file, checked_path, digest_json

_PARTS = ("nodes", "sizes", "counts", "effort")


class Checkpoint:
    """Keeps finished chunks in a folder; with no folder, keeps nothing."""

    def __init__(self, folder: Path | str | None) -> None:
        self._folder = None if folder is None else checked_path(folder)
        self._own: set[str] = set()
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise ArtifactError(
                f"{folder} cannot be used as a checkpoint folder: {err.strerror}",
                hint="give a folder that can be written",
            ) from err

    @property
    def is_on(self) -> bool:
        """Whether chunks are kept."""
        return self._folder is not None

    def find(self, chunk: Chunk) -> ChunkRows | None:
        """The finished chunk, or None. A file that cannot be read counts as not there."""
        if self._folder is None:
            return None
        name = _name(chunk)
        self._own.add(name)
        path = self._folder / name
        try:
            with np.load(path, allow_pickle=False) as stored:
                rows = ChunkRows(*(stored[part] for part in _PARTS))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        return rows if len(rows.sizes) == chunk.num_rows else None

    def keep(self, chunk: Chunk, rows: ChunkRows) -> None:
        """Store a finished chunk, whole or not at all."""
        if self._folder is None:
            return
        with atomic_file(self._folder / _name(chunk)) as partial, partial.open("wb") as file:
            np.savez(file, **{part: getattr(rows, part) for part in _PARTS})

    def clear(self) -> None:
        """Remove the files of this run's chunks, and the folder if nothing else is in it."""
        if self._folder is None:
            return
        for name in self._own:
            (self._folder / name).unlink(missing_ok=True)
        if not any(self._folder.iterdir()):
            self._folder.rmdir()


def _name(chunk: Chunk) -> str:
    job = chunk.job
    described = {
        "version": __version__,
        "graph": job.lists.digest,
        "spec": job.spec.digest,
        "label": job.label,
        "strategy": job.strategy.identity,
        "key": job.key,
        "first": chunk.first,
        "num_rows": chunk.num_rows,
    }
    return f"chunk-{digest_json(described).removeprefix('sha256:')[:40]}.npz"
