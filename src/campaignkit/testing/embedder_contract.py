"""The contract of :class:`campaignkit.embed.Embedder`, for ours and for yours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from campaignkit.testing.breaches import assert_offers, contract

if TYPE_CHECKING:
    from campaignkit.embed import Embedder

TEXTS = (
    "Nike",
    "A sportswear brand that sells running shoes.",
    "Une montre de luxe suisse, très chère.",
    "日本の消費者",
    "",
    "   ",
    "!?",
    '{braces} and "quotes" and\nlines',
    "word " * 600,
)


@contract
def check_embedder(
    embedder: Embedder, *, texts: Sequence[str] = TEXTS, tolerance: float = 1e-4
) -> None:
    """Test an embedder against its contract; raises `AssertionError` on the first breach.

    It must: have a name that is text; give float32[n, d], finite, with rows of length 1, for any
    texts, blank and very long ones among them; give float32[0, d] for none; make a row from its
    own text alone, whatever other texts there are, in any order; and leave its input as it was.

    Parameters
    ----------
    embedder : Embedder
        The one under test.
    texts : sequence of str
        What to try; at least two that differ.
    tolerance : float
        How far the entries of a row may differ between calls; models behind a network may need
        more than the default.

    Examples
    --------
    >>> from campaignkit.embed import HashingEmbedder
    >>> check_embedder(HashingEmbedder())
    """
    import numpy as np

    assert_offers(embedder, "embedder", "name", "embed")
    assert isinstance(embedder.name, str), "the name is not text"
    assert embedder.name, "the name is empty"
    given = list(texts)
    rows = embedder.embed(given)
    assert given == list(texts), f"{embedder.name} changed its input"
    assert isinstance(rows, np.ndarray), f"{embedder.name} gave a {type(rows).__name__}"
    assert rows.dtype == np.float32, f"{embedder.name} gave {rows.dtype}, not float32"
    assert rows.ndim == 2, f"{embedder.name} gave {rows.ndim} dimensions"
    assert len(rows) == len(given), f"{embedder.name} gave {len(rows)} rows for {len(given)} texts"
    assert np.isfinite(rows).all(), f"{embedder.name} gave what is not a number"
    lengths = np.linalg.norm(rows, axis=1)
    assert np.allclose(lengths, 1, atol=1e-3), f"{embedder.name} gave rows of length {lengths}"
    none = embedder.embed([])
    assert none.shape == (0, rows.shape[1]), f"{embedder.name} gave {none.shape} for no texts"
    turned = embedder.embed([*reversed(given), given[0]])
    apart = np.abs(turned[:-1][::-1] - rows).max()
    assert apart <= tolerance, f"{embedder.name} gave other rows in another order: {apart:.2g}"
    assert np.abs(turned[-1] - rows[0]).max() <= tolerance, (
        f"{embedder.name} gave repeated texts different rows"
    )
    alone = embedder.embed(given[1:2])
    apart = np.abs(alone[0] - rows[1]).max()
    assert apart <= tolerance, f"{embedder.name} gave another row to a text alone: {apart:.2g}"
    assert np.abs(rows[0] - rows[1]).max() > tolerance, f"{embedder.name} gives all texts one row"
