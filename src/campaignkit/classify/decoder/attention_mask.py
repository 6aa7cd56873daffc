"""Which token sees which: causal, within a sliding window where a layer has one.

Rows are padded on the right, so no real token ever sees padding and one mask serves all rows.
"""

from __future__ import annotations

from typing import Any

import torch


def row_mask(*, prompt: int, own: int, window: int | None, like: Any, additive: bool) -> Any:
    """The mask of rows of `own` tokens after a shared prompt; None where plain causal will do.

    Parameters
    ----------
    prompt, own : int
        Tokens before the rows' own, and of the longest row.
    window : int or None
        How many tokens back a sliding layer sees, itself included.
    like : Tensor
        Tells device and dtype.
    additive : bool
        Whether the attention wants numbers to add (``eager``) instead of truth values (``sdpa``).

    Returns
    -------
    Tensor[1, 1, own, prompt + own] or None
    """
    everything = window is None or prompt + own <= window
    if everything and not prompt and not additive:
        return None
    queries = torch.arange(prompt, prompt + own, device=like.device)
    return _seen(
        queries[None, :], prompt + own, window if not everything else None, like, additive
    )


def last_mask(
    *, prompt: int, lengths: Any, own: int, window: int | None, like: Any, additive: bool
) -> Any:
    """The mask of each row's last real token alone: Tensor[rows, 1, 1, prompt + own]."""
    queries = prompt + lengths.to(like.device) - 1
    return _seen(queries[:, None], prompt + own, window, like, additive)


def _seen(queries: Any, num_keys: int, window: int | None, like: Any, additive: bool) -> Any:
    keys = torch.arange(num_keys, device=like.device)
    back = queries[:, None, :, None] - keys
    seen = back >= 0
    if window is not None:
        seen &= back < window
    if not additive:
        return seen
    hidden = torch.finfo(like.dtype).min
    return torch.zeros(seen.shape, dtype=like.dtype, device=like.device).masked_fill(~seen, hidden)
