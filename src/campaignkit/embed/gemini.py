"""Google's embedding models."""

from __future__ import annotations

from typing import Any

from campaignkit.embed.remote import RemoteEmbedder, most_bytes
from campaignkit.llm import RetryPolicy
from campaignkit.llm.providers.gemini import GEMINI, gemini_path
from campaignkit.llm.transport import Service


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
        super().__init__(batch_size=batch_size, retry=retry, dimensions=dimensions)
        self._model, self._size, self._task = model, dimensions, task
        self._service = Service(
            GEMINI, model=model, base_url=base_url, api_key=api_key, timeout_s=timeout_s,
            user="GeminiEmbedder",
        )  # fmt: skip

    @property
    def name(self) -> str:
        """The model's name, with what else the rows depend on."""
        size = f" {self._size} columns" if self._size else ""
        return f"{self._model}{size}{f' for {self._task}' if self._task else ''}"

    def __repr__(self) -> str:
        return f"GeminiEmbedder({self._model!r}, at {self._service.where})"

    def _send(self, batch: list[str]) -> list[list[float]]:
        path = gemini_path(self._model)
        about: dict[str, Any] = {"model": path.partition("/")[2]}
        if self._task:
            about["taskType"] = self._task
        if self._size is not None:
            about["outputDimensionality"] = self._size
        asked = [{**about, "content": {"parts": [{"text": text}]}} for text in batch]
        return self._service.post(
            f"{path}:batchEmbedContents",
            {"requests": asked},
            lambda told: [row["values"] for row in told["embeddings"]],
            most_bytes=most_bytes(batch),
        )
