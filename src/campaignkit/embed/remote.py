"""What embedders behind a network share: batches, retries, a row for every text, a count."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from campaignkit.embed.embedder import FloatArray, checked_texts, unit_rows
from campaignkit.errors import EmbeddingError, Fault
from campaignkit.llm import CallError, MalformedReply, RetryPolicy

Send = Callable[[list[str]], Sequence[Sequence[float]]]
_NO_TEXT = "(no text)"  # services refuse blank texts; a blank one has a row all the same


class RemoteTexts:
    """Sends texts in batches, tries again as the policy has it, and counts.

    Parameters
    ----------
    name : str
        The embedder's, for messages.
    send : callable
        One call: texts in, rows out; raises our errors.
    batch_size : int
        Texts in one call, at most.
    retry : RetryPolicy
        When a call is tried again.
    dimensions : int
        Columns, where they are known before the first call; 0 where not.

    Attributes
    ----------
    num_calls, num_texts : int
        Calls sent, repeated ones included, and texts embedded so far.

    Examples
    --------
    >>> texts = RemoteTexts("demo", lambda batch: [[3.0, 4.0] for _ in batch])
    >>> texts.embed(["a", "b", "a"]).shape, texts.num_calls, texts.num_texts
    ((3, 2), 1, 2)
    """

    def __init__(
        self,
        name: str,
        send: Send,
        *,
        batch_size: int = 100,
        retry: RetryPolicy | None = None,
        dimensions: int = 0,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise EmbeddingError(f"batch_size is {batch_size!r}; expected an integer from 1 on")
        self._name, self._send, self._batch_size = name, send, batch_size
        self._retry = retry or RetryPolicy()
        self._dimensions = dimensions
        self._sleep = sleep
        self.num_calls = 0
        self.num_texts = 0

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Unit rows, one a text; each distinct text is sent once.

        Raises
        ------
        EmbeddingError
            If the texts are none, or the service gives rows that do not fit.
        CallError
            If a call fails for good.
        """
        listed = [text if text.strip() else _NO_TEXT for text in self._checked(texts)]
        distinct = list(dict.fromkeys(listed))
        size = self._batch_size
        rows = [self._asked(distinct[i : i + size]) for i in range(0, len(distinct), size)]
        if not rows:
            return np.zeros((0, self._dimensions), dtype=np.float32)
        widths = {part.shape[1] for part in rows} | ({self._dimensions} - {0})
        if len(widths) > 1:
            raise EmbeddingError(
                f"{self._name} gave rows of {' and '.join(map(str, sorted(widths)))} columns; "
                "expected one number of columns"
            )
        self._dimensions = widths.pop()
        place = {text: position for position, text in enumerate(distinct)}
        return unit_rows(np.concatenate(rows))[[place[text] for text in listed]]

    def _checked(self, texts: Sequence[str]) -> list[str]:
        listed = checked_texts(texts, name=self._name)
        # Half a character cannot be sent; what stands for it embeds alike.
        return [text.encode("utf-8", "replace").decode() for text in listed]

    def _asked(self, batch: list[str]) -> FloatArray:
        failed = malformed = 0
        while True:
            self.num_calls += 1
            try:
                rows = _rows(self._send(batch), batch, name=self._name)
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


def _rows(given: Sequence[Sequence[float]], batch: Sequence[str], *, name: str) -> FloatArray:
    """The rows of one call, checked: one for each text, finite, not all zero."""
    if len(given) != len(batch):
        raise MalformedReply(f"{name} gave {len(given)} rows for {len(batch)} texts")
    try:
        rows = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as err:
        raise MalformedReply(f"{name} gave rows that are not all of one length") from err
    if rows.ndim != 2 or not rows.shape[1]:
        raise MalformedReply(f"{name} gave rows without numbers")
    lengths = np.linalg.norm(rows, axis=1)
    bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if len(bad):
        faults = [Fault(repr(batch[i][:60]), f"row of length {lengths[i]}") for i in bad.tolist()]
        raise EmbeddingError(f"{name} gave {len(bad)} rows that point nowhere", faults=faults)
    return unit_rows(rows)
