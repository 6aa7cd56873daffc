"""Google's embedding models."""

from __future__ import annotations

from collections.abc import Sequence

from campaignkit.embed.embedder import FloatArray
from campaignkit.embed.remote import RemoteTexts
from campaignkit.llm import MalformedReply, RetryPolicy
from campaignkit.llm.gemini_client import GeminiClient


class GeminiEmbedder:
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
        For one call.
    retry : RetryPolicy, optional
        When a call is tried again; the client's own retries are off.

    Raises
    ------
    WrongKey
        If there is no key.
    MissingExtra
        If google-genai is not installed: ``pip install "campaignkit[llm]"``.

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
        self._model, self._size, self._task = model, dimensions, task
        self._client = GeminiClient(
            model, api_key=api_key, base_url=base_url, timeout_s=timeout_s, user="GeminiEmbedder"
        )
        self._texts = RemoteTexts(
            self.name, self._send, batch_size=batch_size, retry=retry, dimensions=dimensions or 0
        )

    @property
    def name(self) -> str:
        """The model's name, with what else the rows depend on."""
        size = f" {self._size} columns" if self._size else ""
        return f"{self._model}{size}{f' for {self._task}' if self._task else ''}"

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
        return f"GeminiEmbedder({self._model!r})"

    def _send(self, batch: list[str]) -> list[list[float]]:
        types = self._client.types
        config = types.EmbedContentConfig(task_type=self._task, output_dimensionality=self._size)
        # A list of texts would be read as the parts of one content by newer models.
        contents = [types.Content(parts=[types.Part(text=text)]) for text in batch]
        reply = self._client.call(
            lambda models: models.embed_content(
                model=self._model, contents=contents, config=config
            )
        )
        found = [list(row.values or []) for row in reply.embeddings or []]
        if not all(found):
            raise MalformedReply(f"{self._model} gave a row without numbers")
        return found
