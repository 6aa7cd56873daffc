"""Embedding models behind OpenAI's protocol: vLLM, Ollama, OpenAI itself, many services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from campaignkit.embed.embedder import FloatArray
from campaignkit.embed.remote import RemoteTexts
from campaignkit.llm import MalformedReply, RetryPolicy
from campaignkit.llm.openai_client import OpenAIClient


class OpenAICompatibleEmbedder:
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
        For one call.
    retry : RetryPolicy, optional
        When a call is tried again; the client's own retries are off.

    Raises
    ------
    WrongKey
        If OpenAI's own server is asked and there is no key.
    MissingExtra
        If openai is not installed: ``pip install "campaignkit[llm]"``.

    Examples
    --------
    >>> from campaignkit.testing import ModelServer
    >>> with ModelServer(lambda prompt, schema: "") as server:
    ...     embedder = OpenAICompatibleEmbedder("any", base_url=server.openai_url)
    ...     embedder.embed(["Nike", "Rolex"]).shape, embedder.num_calls
    ((2, 8), 1)
    """

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
        self._model, self._size = model, dimensions
        self._client = OpenAIClient(
            model,
            base_url=base_url,
            api_key=api_key,
            timeout_s=timeout_s,
            user="OpenAICompatibleEmbedder",
        )
        self._texts = RemoteTexts(
            self.name, self._send, batch_size=batch_size, retry=retry, dimensions=dimensions or 0
        )

    @property
    def name(self) -> str:
        """The model's name, with what else the rows depend on."""
        return self._model + (f" {self._size} columns" if self._size else "")

    @property
    def num_calls(self) -> int:
        """Calls sent so far, repeated ones included."""
        return self._texts.num_calls

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """One unit row for each text; each distinct text is sent once.

        Raises
        ------
        CallError
            If a call fails for good, of the kind that says why.
        """
        return self._texts.embed(texts)

    def __repr__(self) -> str:
        return f"OpenAICompatibleEmbedder({self._model!r}, at {self._client.where})"

    def _send(self, batch: list[str]) -> list[list[float]]:
        asked: dict[str, Any] = {"model": self._model, "input": batch}
        if self._size is not None:
            asked["dimensions"] = self._size
        # Named, or the client asks for packed numbers, which not every server knows.
        reply = self._client.call(
            lambda api: api.embeddings.create(**asked, encoding_format="float")
        )
        rows = getattr(reply, "data", None)
        if rows is None:
            raise MalformedReply(f"{self._client.where} answered with something that is no reply")
        # The protocol numbers the rows; servers are not bound to their order.
        found = {int(row.index): list(row.embedding or []) for row in rows}
        if sorted(found) != list(range(len(batch))) or not all(found.values()):
            raise MalformedReply(f"{self._model} gave {len(found)} rows for {len(batch)} texts")
        return [found[position] for position in range(len(batch))]
