"""Prompts and the labels that follow them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.constrained.token_rows import TokenRows
from campaignkit.store import digest_json


@dataclass(frozen=True, eq=False, slots=True)
class LabelledRows:
    """Prompts and the labels that follow them.

    Attributes
    ----------
    rows : TokenRows
    codes : int64[rows]
        0 neg, 1 avg, 2 pos.

    Examples
    --------
    >>> rows = TokenRows(np.int32([]), np.int32([1, 2]), np.int64([0, 1, 2]))
    >>> LabelledRows(rows, np.array([0, 2])).digest()[:7]
    'sha256:'
    """

    rows: TokenRows
    codes: NDArray[np.int64]

    def digest(self) -> str:
        """Of own tokens and labels."""
        codes = hashlib.sha256(self.codes.tobytes()).hexdigest()
        return digest_json([self.rows.digests()["rows"], codes])
