"""What turns texts into points, and the one way the library asks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import check_plugin, checked_text
from campaignkit.errors import EmbeddingError, Fault

FloatArray = NDArray[np.float32]

_UNIT = 1e-3  # how far a row's length may be from 1; float16 servers round that far


@runtime_checkable
class Embedder(Protocol):
    """Turns each text into a row of length 1; texts of like meaning get rows of high cosine.

    Any object with these two members will do; `campaignkit.testing.check_embedder` tests yours
    against the contract.

    Examples
    --------
    >>> class LettersEmbedder:
    ...     name = "letters"
    ...
    ...     def embed(self, texts):
    ...         letters = "abcdefghijklmnopqrstuvwxyz"
    ...         counts = [[1 + text.lower().count(letter) for letter in letters] for text in texts]
    ...         return unit_rows(np.array(counts, dtype=float))
    >>> embed_texts(LettersEmbedder(), ["Nike", "Rolex"]).shape
    (2, 26)
    """

    @property
    def name(self) -> str:
        """What the rows depend on in addition to the text: kind, model, size; kept in reports."""

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """One row for each text, in order.

        Returns
        -------
        float32[n, d]
            Finite, each row of Euclidean length 1. A row depends on its own text alone. A blank
            text has a row too, and no texts give float32[0, d].

        Raises
        ------
        EmbeddingError
            If the texts are not texts.
        ModelError
            If a model that has to be asked fails (remote embedders only).
        """


def checked_embedder(embedder: Embedder) -> Embedder:
    """The embedder as it is, or an error that says what it lacks.

    Examples
    --------
    >>> from campaignkit.embed import HashingEmbedder
    >>> checked_embedder(HashingEmbedder()).name
    'hashing-512'
    """
    expected = "an object with a name and embed(texts)"
    hint = "pass HashingEmbedder(), or an object of your own with both"
    is_right = isinstance(embedder, Embedder)
    check_plugin(embedder, "embedder", is_right, expected, hint, error=EmbeddingError)
    checked_text(embedder.name, "the embedder's name", error=EmbeddingError)
    return embedder


def checked_texts(texts: Sequence[str], *, name: str) -> list[str]:
    """The texts as a list, or an error that names each that is none.

    Examples
    --------
    >>> checked_texts("Nike", name="demo")
    Traceback (most recent call last):
        ...
    campaignkit.errors.EmbeddingError: demo was given the one text 'Nike'; expected a list of texts
      hint: pass [text]
    """
    if isinstance(texts, str):
        raise EmbeddingError(
            f"{name} was given the one text {texts[:40]!r}; expected a list of texts",
            hint="pass [text]",
        )
    listed = list(texts)
    faults = [
        Fault(f"texts[{i}]", f"is a {type(text).__name__}; expected text")
        for i, text in enumerate(listed)
        if not isinstance(text, str)
    ]
    if faults:
        raise EmbeddingError(
            f"{name} was given {len(faults)} things to embed that are not texts", faults=faults
        )
    return listed


def unit_rows(rows: NDArray[np.floating]) -> FloatArray:
    """The rows scaled to length 1; the work is done in float64.

    Examples
    --------
    >>> unit_rows(np.array([[3.0, 4.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    wide = rows.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
    scaled: FloatArray = (wide / np.maximum(lengths, 1e-30)).astype(np.float32)
    return scaled


def embed_texts(embedder: Embedder, texts: Sequence[str]) -> FloatArray:
    """Ask an embedder, and test its answer against the contract.

    Parameters
    ----------
    embedder : Embedder
        Ours or yours.
    texts : sequence of str
        What to embed.

    Returns
    -------
    float32[n, d]
        Unit rows, one a text.

    Raises
    ------
    EmbeddingError
        If it is no embedder, or its answer has another number of rows, contains what is no number,
        or has rows that are not of length 1.

    Examples
    --------
    >>> from campaignkit.embed import HashingEmbedder
    >>> texts = ["running shoes", "shoes for running", "Swiss watches"]
    >>> points = embed_texts(HashingEmbedder(), texts)
    >>> [round(float(cosine), 1) for cosine in points @ points[0]]
    [1.0, 0.9, 0.0]
    """
    listed = checked_texts(texts, name=checked_embedder(embedder).name)
    rows = np.asarray(embedder.embed(listed))
    if rows.ndim != 2 or len(rows) != len(listed):
        raise EmbeddingError(
            f"{embedder.name} gave an array of shape {rows.shape} for {len(listed)} texts; "
            "expected one row for each"
        )
    try:
        rows = rows.astype(np.float32)
    except (TypeError, ValueError) as err:
        raise EmbeddingError(f"{embedder.name} gave rows that are not numbers") from err
    lengths = np.linalg.norm(rows, axis=1)
    # Written so that nan, which compares as false, is a fault.
    off = np.flatnonzero(~(np.abs(lengths - 1) <= _UNIT))
    if len(off):
        faults = [
            Fault(f"row {i}", f"has length {lengths[i]:.4g}; expected 1 (text {listed[i][:40]!r})")
            for i in off.tolist()
        ]
        raise EmbeddingError(
            f"{embedder.name} gave {len(off)} rows that are not of length 1",
            hint="divide each row by its length; a blank text needs a row too",
            faults=faults,
        )
    return rows
