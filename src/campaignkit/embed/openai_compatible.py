"""Embedding models behind OpenAI's protocol: vLLM, Ollama, OpenAI itself, many services."""

from __future__ import annotations

from typing import Any

from campaignkit.embed.remote import RemoteEmbedder, most_bytes
from campaignkit.llm import MalformedReply, RetryPolicy
from campaignkit.llm.providers.openai import OPENAI
from campaignkit.llm.transport import Service


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
        super().__init__(batch_size=batch_size, retry=retry, dimensions=dimensions)
        self._model, self._size = model, dimensions
        self._service = Service(
            OPENAI, model=model, base_url=base_url, api_key=api_key, timeout_s=timeout_s,
            user="OpenAICompatibleEmbedder",
        )  # fmt: skip

    @property
    def name(self) -> str:
        """The model's name, with what else the rows depend on."""
        return self._model + (f" {self._size} columns" if self._size else "")

    def __repr__(self) -> str:
        return f"OpenAICompatibleEmbedder({self._model!r}, at {self._service.where})"

    def _send(self, batch: list[str]) -> list[list[float]]:
        # Named, or some servers send packed numbers.
        asked: dict[str, Any] = {"model": self._model, "input": batch, "encoding_format": "float"}
        if self._size is not None:
            asked["dimensions"] = self._size
        return self._service.post(
            "embeddings",
            asked,
            lambda told: self._read(told["data"], len(batch)),
            most_bytes=most_bytes(batch),
        )

    def _read(self, rows: list[dict[str, Any]], num_texts: int) -> list[list[float]]:
        # The protocol numbers the rows; servers are not bound to their order, nor to the numbers.
        found = {row.get("index", at): row["embedding"] for at, row in enumerate(rows)}
        if sorted(found) != list(range(num_texts)):
            raise MalformedReply(f"{self._model} gave {len(found)} rows for {num_texts} texts")
        return [found[at] for at in range(num_texts)]
