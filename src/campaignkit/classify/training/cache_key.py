"""What cached states of frozen layers depend on, so that stale ones are never used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from campaignkit.errors import ArtifactError, Fault

CACHE_KIND = "frozen-states"


@dataclass(frozen=True, slots=True)
class CacheKey:
    """All that the frozen layers' output depends on.

    Attributes
    ----------
    weights : str
        Digest of the embeddings and of every layer below the cut.
    config : str
        Digest of the model's settings, its way of attention included.
    cut : int
        How many layers were run.
    prompt, rows : str
        Digests of tokens: another tokenizer, prompt, text or order gives others.
    dtype, precision : str
        Of the states, and of the arithmetic that gave them.
    width : int
        Numbers a token.

    Examples
    --------
    >>> key = CacheKey("a", "b", 2, "c", "d", "float32", "fp32", 8)
    >>> key.to_dict()["cut"]
    2
    """

    weights: str
    config: str
    cut: int
    prompt: str
    rows: str
    dtype: str
    precision: str
    width: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


_WORDS = {
    "weights": "the frozen weights",
    "config": "the model's settings",
    "cut": "the number of frozen layers",
    "prompt": "the shared prompt",
    "rows": "the rows",
    "dtype": "the type of the states",
    "precision": "the precision",
    "width": "the model's width",
}


def check_key(folder: Path, found: Mapping[str, Any], expected: CacheKey) -> None:
    """Refuse a cache of something else.

    Raises
    ------
    ArtifactError
        With everything that differs.

    Examples
    --------
    >>> key = CacheKey("a", "b", 2, "c", "d", "float32", "fp32", 8)
    >>> check_key(Path("kept"), key.to_dict(), key)
    """
    faults = [
        Fault(_WORDS[name], f"{found.get(name)} in the cache; now {value}")
        for name, value in expected.to_dict().items()
        if found.get(name) != value
    ]
    if faults:
        raise ArtifactError(
            f"{folder} holds the frozen layers' output of another training",
            hint="give another cache_folder, or remove this one",
            faults=faults,
        )
