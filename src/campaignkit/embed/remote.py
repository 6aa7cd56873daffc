"""What embedders behind a network share: batches, retries, a row for every text, a count."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from campaignkit.checks import checked_count
from campaignkit.embed.embedder import FloatArray, checked_texts, unit_rows
from campaignkit.errors import EmbeddingError, Fault
from campaignkit.llm import CallError, MalformedReply, RetryPolicy

_NO_TEXT = "(no text)"  # services refuse blank texts; a blank one has a row all the same
_MOST_BYTES_A_TEXT = 256 * 2**10  # of a reply: ten thousand numbers, written out


class RemoteEmbedder:
    """Sends texts in batches, tries again as the policy has it, and counts.

    A kind of it has a `name` and sends one call in `_send`: texts in, rows out; it raises our
    errors.

    Parameters
    ----------
    batch_size : int
        Texts in one call, at most.
    retry : RetryPolicy, optional
        When a call is tried again.
    dimensions : int or None
        Columns, where they are chosen.
    sleep : callable
        Waits for so many seconds.

    Attributes
    ----------
    num_calls, num_texts : int
        Calls sent, repeated ones included, and texts embedded so far.
    """

    def __init__(
        self,
        *,
        batch_size: int = 100,
        retry: RetryPolicy | None = None,
        dimensions: int | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._batch_size = checked_count(batch_size, "batch_size", error=EmbeddingError)
        if dimensions is not None:
            checked_count(dimensions, "dimensions", error=EmbeddingError)
        self._retry = retry or RetryPolicy()
        self._columns = dimensions or 0
        self._sleep = sleep
        self.num_calls = 0
        self.num_texts = 0

    @property
    def name(self) -> str:
        """The model's name, with what else the rows depend on."""
        raise NotImplementedError

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """One unit row for each text; each distinct text is sent once.

        Raises
        ------
        EmbeddingError
            If the texts are none, or the service gives rows that do not fit.
        CallError
            If a call fails for good, of the kind that says why.
        """
        # Half a character cannot be sent; what stands for it embeds alike.
        whole = [
            t.encode("utf-8", "replace").decode() for t in checked_texts(texts, name=self.name)
        ]
        listed = [text if text.strip() else _NO_TEXT for text in whole]
        distinct = list(dict.fromkeys(listed))
        size = self._batch_size
        rows = [self._asked(distinct[i : i + size]) for i in range(0, len(distinct), size)]
        if not rows:
            return np.zeros((0, self._columns), dtype=np.float32)
        widths = {part.shape[1] for part in rows} | ({self._columns} - {0})
        if len(widths) > 1:
            raise EmbeddingError(
                f"{self.name} gave rows of {' and '.join(map(str, sorted(widths)))} columns; "
                "expected one number of columns"
            )
        self._columns = widths.pop()
        place = {text: position for position, text in enumerate(distinct)}
        return unit_rows(np.concatenate(rows))[[place[text] for text in listed]]

    def _send(self, batch: list[str]) -> Sequence[Sequence[float]]:
        raise NotImplementedError

    def _asked(self, batch: list[str]) -> FloatArray:
        failed = malformed = 0
        while True:
            self.num_calls += 1
            try:
                rows = _rows(self._send(batch), batch, name=self.name)
            except CallError as err:
                failed += 1
                malformed += isinstance(err, MalformedReply)
                wait = self._retry.wait_s(err, failed, batch[0], malformed=malformed)
                if wait is None:
                    raise
                self._sleep(wait)
            else:
                self.num_texts += len(batch)
                return rows


def most_bytes(batch: Sequence[str]) -> int:
    """The longest reply that rows for these texts can be."""
    return _MOST_BYTES_A_TEXT * (len(batch) + 1)


def _rows(given: Sequence[Sequence[float]], batch: Sequence[str], *, name: str) -> FloatArray:
    """The rows of one call, checked: one for each text, finite, not all zero."""
    if len(given) != len(batch):
        raise MalformedReply(f"{name} gave {len(given)} rows for {len(batch)} texts")
    try:
        rows = np.array(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as err:
        raise MalformedReply(f"{name} gave rows that are not all of one length") from err
    if rows.ndim != 2 or not rows.shape[1]:
        raise MalformedReply(f"{name} gave rows without numbers")
    lengths = np.linalg.norm(rows, axis=1)
    bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if len(bad):
        faults = [Fault(repr(batch[i][:60]), f"row of length {lengths[i]}") for i in bad.tolist()]
        raise EmbeddingError(f"{name} gave {len(bad)} rows that point nowhere", faults=faults)
    return unit_rows(rows)
