"""What a batch is made of: tokens, or the frozen layers' output kept from an earlier pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from campaignkit.classify.constrained.token_rows import TokenRows
from campaignkit.classify.training.cache_key import CacheKey

STATES_FILE, PROMPT_FILE = "states.bin", "prompt.bin"


class RowStates(Protocol):
    """Gives batches in the form `Trainee.forward` takes."""

    num_bytes: int

    def batch(self, rows: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """``own, lengths, prompt`` of these rows."""


class Tokens:
    """Nothing kept: batches of tokens."""

    num_bytes = 0

    def __init__(self, rows: TokenRows) -> None:
        self._rows = rows
        self._lengths = rows.lengths
        self._prompt = prompt_tokens(rows)

    def batch(self, rows: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """Tokens of the rows."""
        own = torch.from_numpy(self._rows.padded(rows))
        return own, torch.from_numpy(self._lengths[rows]), self._prompt


class KeptStates:
    """The states at the cut, in memory or on the device.

    Parameters
    ----------
    states : Tensor[total, hidden]
        Of all rows' own tokens, one after the other.
    prompt : Tensor[1, P, hidden] or None
    """

    def __init__(self, rows: TokenRows, states: Any, prompt: Any, device: Any) -> None:
        self._lengths, self._offsets = rows.lengths, rows.offsets
        self._states, self._prompt, self._device = states, prompt, device
        self.num_bytes = states.numel() * states.element_size()

    def batch(self, rows: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """States of the rows; at padding, those of other rows, which nobody reads."""
        lengths = self._lengths[rows]
        places = self._offsets[rows][:, None] + np.arange(lengths.max())
        places = torch.from_numpy(np.minimum(places, len(self._states) - 1))
        own = self._states[places.to(self._states.device)].to(self._device)
        return own, torch.from_numpy(lengths), self._prompt


class FileStates:
    """The states at the cut in a file, read batch by batch (not mapped: pages would pile up)."""

    def __init__(self, rows: TokenRows, folder: Path, key: CacheKey, device: Any) -> None:
        self._lengths, self._offsets = rows.lengths, rows.offsets
        self._width, self._dtype, self._device = key.width, getattr(torch, key.dtype), device
        self._path = folder / STATES_FILE
        self._row_bytes = self._width * self._dtype.itemsize
        self._prompt = None
        if len(rows.prompt):
            flat = np.fromfile(folder / PROMPT_FILE, np.uint8)
            self._prompt = self._as_states(flat)[None].to(device)
        self.num_bytes = int(self._offsets[-1]) * self._row_bytes

    def batch(self, rows: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """States of the rows, read from the file."""
        lengths = self._lengths[rows]
        own = torch.zeros((len(rows), int(lengths.max()), self._width), dtype=self._dtype)
        with self._path.open("rb") as file:
            for place, (row, num) in enumerate(zip(rows, lengths, strict=True)):
                file.seek(int(self._offsets[row]) * self._row_bytes)
                flat = np.frombuffer(bytearray(file.read(int(num) * self._row_bytes)), np.uint8)
                own[place, :num] = self._as_states(flat)
        return own.to(self._device), torch.from_numpy(lengths), self._prompt

    def _as_states(self, flat: NDArray[np.uint8]) -> Any:
        return torch.from_numpy(flat).view(self._dtype).reshape(-1, self._width)


def prompt_tokens(rows: TokenRows) -> Any:
    """int64 Tensor[1, P], or None where nothing is shared."""
    if not len(rows.prompt):
        return None
    return torch.from_numpy(rows.prompt.astype(np.int64))[None]
