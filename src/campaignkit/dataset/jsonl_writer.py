"""JSONL at the speed of a sampler: a kernel fills one buffer while a thread writes the other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from campaignkit.dataset.block import Block
from campaignkit.dataset.hashed_file import HashedFile
from campaignkit.dataset.vocabulary import RESERVED, Vocabulary

_BUFFER_BYTES = 1 << 20


class JsonlWriter:
    """Streams blocks to one JSONL file in bounded memory.

    Parameters
    ----------
    path : Path
        The file to make; must not exist.
    vocabulary, label_names
        What the blocks' codes stand for.

    Notes
    -----
    Hashing and writing let go of the interpreter lock, so on a second core they cost no time
    in parallel to the kernel. Blocks are trusted: check them first.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.jsonl")
    ...     writer = JsonlWriter(path, Vocabulary.of([("brand", "Nike")]), ["pos"])
    ...     writer.append(Block.of_rows([[0]], labels=[0]))
    ...     _ = writer.close()
    ...     print(path.read_text(), end="")
    {"brand":["Nike"],"label":"pos"}
    """

    def __init__(self, path: Path, vocabulary: Vocabulary, label_names: Sequence[str]) -> None:
        self._fragments = JsonlFragments.of(vocabulary, label_names)
        self._starts = vocabulary.starts
        self._file = HashedFile(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="campaignkit-jsonl")
        self._buffer: NDArray[np.uint8] = np.empty(_BUFFER_BYTES, np.uint8)
        self._spare: NDArray[np.uint8] = np.empty(_BUFFER_BYTES, np.uint8)
        self._used = 0
        self._pending: Future[int] | None = None

    def append(self, block: Block) -> None:
        """Add a block's rows."""
        from campaignkit.dataset.kernels.jsonl import write_lines

        parts = self._fragments
        rows = [np.ascontiguousarray(part) for part in (block.nodes, block.offsets, block.labels)]
        row = 0
        while row < len(block):
            row, written = write_lines(
                *rows, row, parts.arena, parts.values, parts.heads, parts.tails, self._starts,
                self._buffer[self._used :],
            )  # fmt: skip
            self._used += written
            if row == len(block):
                return
            if self._used == 0:  # one line is longer than the buffer
                self._buffer = np.empty(2 * len(self._buffer), np.uint8)
            else:
                self._send()

    def close(self) -> str:
        """Write what is left and return the file's digest."""
        self._send()
        self._send()  # has nothing to hand over: waits for the first
        self._thread.shutdown()
        self._file.close()
        return self._file.digest

    def abandon(self) -> None:
        """Let go of the file and the thread; what was written is for the caller to remove."""
        self._thread.shutdown(cancel_futures=True)
        self._file.close()

    def _send(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()
        if self._used:
            full = self._buffer[: self._used].data
            self._pending = self._thread.submit(self._file.write, full)
            self._buffer, self._spare = self._spare, self._buffer
            self._used = 0


_escape = partial(json.dumps, ensure_ascii=False)
_PADDING = 16  # the kernel reads up to 15 bytes past a fragment


@dataclass(frozen=True, eq=False)
class JsonlFragments:
    """UTF-8 fragments in one arena, with begin and length of each.

    A line is, per modality, its head and its values (each with a comma behind, the last taken
    back), then the tail of its label. Joined they are what ``json.dumps`` gives with
    ``ensure_ascii=False`` and separators ``,`` and ``:``.

    Examples
    --------
    >>> fragments = JsonlFragments.of(Vocabulary.of([("brand", "Nike")]), ["pos"])
    >>> bytes(fragments.arena[: fragments.tails[0].sum()]).decode()
    '"Nike",{"brand":[],"label":"pos"}\\n'
    """

    arena: NDArray[np.uint8]
    values: NDArray[np.int64]
    heads: NDArray[np.int64]
    tails: NDArray[np.int64]

    @classmethod
    def of(cls, vocabulary: Vocabulary, label_names: Sequence[str]) -> JsonlFragments:
        """The fragments of a vocabulary and its labels."""
        values = [f"{_escape(value)}," for _, value in vocabulary.keys]
        heads = [f"],{_escape(modality)}:[" for modality in vocabulary.modalities]
        heads[:1] = ["{" + head.removeprefix("],") for head in heads[:1]]
        close = "]," if heads else "{"
        tails = [f"{close}{_escape(RESERVED)}:{_escape(name)}}}\n" for name in label_names]
        pieces = [text.encode() for text in (*values, *heads, *tails)]
        spans = np.zeros((len(pieces), 2), np.int64)
        spans[:, 1] = [len(piece) for piece in pieces]
        spans[1:, 0] = np.cumsum(spans[:-1, 1])
        arena = np.frombuffer(b"".join(pieces) + bytes(_PADDING), np.uint8)
        cut = (len(values), len(values) + len(heads))
        return cls(arena.copy(), *(part.copy() for part in np.split(spans, cut)))
