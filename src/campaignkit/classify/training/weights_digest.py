"""What identifies a model's weights: the digest of names, types, shapes and bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import torch


def digest_weights(named: Iterable[tuple[str, Any]]) -> str:
    """``"sha256:..."`` of named tensors, in the order given.

    Parameters
    ----------
    named : iterable of (str, Tensor)
    """
    hasher = hashlib.sha256()
    for name, weight in named:
        told = f"{name}:{weight.dtype}:{tuple(weight.shape)};"
        hasher.update(told.encode())
        flat = weight.detach().cpu().contiguous().reshape(-1)
        if flat.numel():
            hasher.update(memoryview(flat.view(torch.uint8).numpy()))
    return "sha256:" + hasher.hexdigest()
