"""Embedders behind a network: batches, retries, a row for every text, and two protocols."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from campaignkit.checks import checked_count
from campaignkit.embed.embedder import FloatArray, checked_texts, unit_rows
from campaignkit.errors import EmbeddingError, Fault
from campaignkit.llm import CallError, MalformedReply, RetryPolicy
from campaignkit.llm.providers.gemini import GEMINI, gemini_path
from campaignkit.llm.providers.openai import OPENAI
from campaignkit.llm.transport import Service, Vendor
from campaignkit.progress import Steps

_NO_TEXT = "(no text)"  # services refuse blank texts; a blank one has a row all the same
_MOST_BYTES_A_TEXT = 256 * 2**10  # of a reply: ten thousand numbers, written out


class RemoteEmbedder:
    """Sends texts in batches, tries again as the policy has it, and counts.

    A kind of it is one protocol: its vendor, how a call is spelled, and how the rows are read.

    Attributes
    ----------
    name : str
        The model's name, with what else the rows depend on.
    num_calls, num_texts : int
        Calls sent, repeated ones included, and texts embedded so far.
    """

    vendor: ClassVar[Vendor]

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        dimensions: int | None = None,
        batch_size: int = 100,
        timeout_s: float = 60.0,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._batch_size = checked_count(batch_size, "batch_size", error=EmbeddingError)
        if dimensions is not None:
            checked_count(dimensions, "dimensions", error=EmbeddingError)
        self._model, self._size, self._columns = model, dimensions, dimensions or 0
        self.name = f"{model} {dimensions} columns" if dimensions else model
        self._retry = retry or RetryPolicy()
        self.num_calls = self.num_texts = 0
        self._service = Service(
            self.vendor, model=model, base_url=base_url, api_key=api_key, timeout_s=timeout_s,
            user=type(self).__name__,
        )  # fmt: skip

    def __repr__(self) -> str:
        where = f"{self._service.where}{self._service.through}"
        return f"{type(self).__name__}({self._model!r}, at {where})"

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
        given = checked_texts(texts, name=self.name)
        whole = [text.encode("utf-8", "replace").decode() for text in given]
        listed = [text if text.strip() else _NO_TEXT for text in whole]
        distinct = list(dict.fromkeys(listed))
        size = self._batch_size
        steps, rows = Steps(None, "embedding", len(distinct)), []
        for start in range(0, len(distinct), size):
            rows.append(self._asked(distinct[start : start + size]))
            steps.step(len(rows[-1]))
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

    def _request(self, batch: list[str]) -> tuple[str, dict[str, Any]]:  # Any: JSON values
        """The path and the body of a call."""
        raise NotImplementedError

    def _rows(self, told: dict[str, Any], num_texts: int) -> Sequence[Sequence[float]]:
        """The rows of a reply; whatever it raises means that it is none of the protocol."""
        raise NotImplementedError

    def _asked(self, batch: list[str]) -> FloatArray:
        path, body = self._request(batch)
        failed = malformed = 0
        while True:
            self.num_calls += 1
            try:
                given = self._service.post(
                    path,
                    body,
                    lambda told: self._rows(told, len(batch)),
                    most_bytes=_MOST_BYTES_A_TEXT * (len(batch) + 1),
                )
                rows = _checked(given, batch, name=self.name)
            except CallError as err:
                failed += 1
                malformed += isinstance(err, MalformedReply)
                wait = self._retry.wait_s(err, failed, batch[0], malformed=malformed)
                if wait is None:
                    raise
                time.sleep(wait)
            else:
                self.num_texts += len(batch)
                return rows


class GeminiEmbedder(RemoteEmbedder):
    """Embeds through a Gemini model; rows are scaled to length 1.

    Parameters
    ----------
    model : str
        ``"gemini-embedding-2-preview"`` is the published one.
    api_key : str or None
        None reads GEMINI_API_KEY or GOOGLE_API_KEY. It is never shown or stored.
    base_url : str or None
        Another address than Google's.
    dimensions : int or None
        Columns asked for; None leaves them to the model.
    task : str or None
        What the rows are for, in Gemini's words; ``"CLUSTERING"`` suits the pre-filter.
    batch_size : int
        Texts in one call, at most; 100 is the service's limit.
    timeout_s : float
        For the whole of one call, in seconds.
    retry : RetryPolicy, optional
        When a call is tried again; the client's own retries are off.

    Raises
    ------
    WrongKey
        If there is no key.
    MissingExtra
        If the HTTP library is not installed: ``pip install "campaignkit[llm]"``.

    Examples
    --------
    >>> from campaignkit.testing import ModelServer
    >>> with ModelServer(lambda prompt, schema: "") as server:
    ...     embedder = GeminiEmbedder("any", api_key="k", base_url=server.gemini_url)
    ...     embedder.embed(["Nike", "Rolex"]).shape, embedder.num_calls
    ((2, 8), 1)
    """

    vendor = GEMINI

    def __init__(
        self,
        model: str = "gemini-embedding-2-preview",
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        dimensions: int | None = None,
        task: str | None = "CLUSTERING",
        batch_size: int = 100,
        timeout_s: float = 60.0,
        retry: RetryPolicy | None = None,
    ) -> None:
        super().__init__(
            model, api_key=api_key, base_url=base_url, dimensions=dimensions,
            batch_size=batch_size, timeout_s=timeout_s, retry=retry,
        )  # fmt: skip
        self._task = task
        self.name += f" for {task}" if task else ""

    def _request(self, batch: list[str]) -> tuple[str, dict[str, Any]]:
        path = gemini_path(self._model)
        about: dict[str, Any] = {"model": path.partition("/")[2]}
        if self._task:
            about["taskType"] = self._task
        if self._size is not None:
            about["outputDimensionality"] = self._size
        asked = [{**about, "content": {"parts": [{"text": text}]}} for text in batch]
        return f"{path}:batchEmbedContents", {"requests": asked}

    def _rows(self, told: dict[str, Any], num_texts: int) -> Sequence[Sequence[float]]:
        return [row["values"] for row in told["embeddings"]]


class OpenAICompatibleEmbedder(RemoteEmbedder):
    """Embeds through a server that speaks OpenAI's protocol; rows are scaled to length 1.

    Parameters
    ----------
    model : str
        The model's name at the server.
    base_url : str or None
        ``"http://localhost:8000/v1"`` (vLLM), ``"http://localhost:11434/v1"`` (Ollama), ...; None
        is OpenAI's own server.
    api_key : str or None
        None reads OPENAI_API_KEY for OpenAI's own server, and sends no key to any other. It is
        never shown or stored.
    dimensions : int or None
        Columns asked for, of models that can choose; None leaves them to the model.
    batch_size : int
        Texts in one call, at most.
    timeout_s : float
        For the whole of one call, in seconds.
    retry : RetryPolicy, optional
        When a call is tried again; the client's own retries are off.

    Raises
    ------
    WrongKey
        If OpenAI's own server is asked and there is no key.
    MissingExtra
        If the HTTP library is not installed: ``pip install "campaignkit[llm]"``.

    Examples
    --------
    >>> from campaignkit.testing import ModelServer
    >>> with ModelServer(lambda prompt, schema: "") as server:
    ...     embedder = OpenAICompatibleEmbedder("any", base_url=server.openai_url)
    ...     embedder.embed(["Nike", "Rolex"]).shape, embedder.num_calls
    ((2, 8), 1)
    """

    vendor = OPENAI

    def _request(self, batch: list[str]) -> tuple[str, dict[str, Any]]:
        # Named, or some servers send packed numbers.
        asked: dict[str, Any] = {"model": self._model, "input": batch, "encoding_format": "float"}
        if self._size is not None:
            asked["dimensions"] = self._size
        return "embeddings", asked

    def _rows(self, told: dict[str, Any], num_texts: int) -> Sequence[Sequence[float]]:
        # The protocol numbers the rows; servers are not bound to their order, nor to the numbers.
        found = {row.get("index", at): row["embedding"] for at, row in enumerate(told["data"])}
        if sorted(found) != list(range(num_texts)):
            raise MalformedReply(f"{self._model} gave {len(found)} rows for {num_texts} texts")
        return [found[at] for at in range(num_texts)]


def _checked(given: Sequence[Sequence[float]], batch: Sequence[str], *, name: str) -> FloatArray:
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
        raise EmbeddingError(f"{name} gave {len(bad)} rows of length 0", faults=faults)
    return unit_rows(rows)
