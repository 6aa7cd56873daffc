"""What an attention layer is handed in place of its cache of earlier keys and values.

A layer of transformers calls ``past_key_values.update(keys, values, layer)`` once and attends to
what it gets back. That one call is all that sharing a prompt, and asking for the last token alone,
need to know of a model's attention: nothing here repeats a projection or a rotation of its own.
"""

from __future__ import annotations

from typing import Any

import torch


class Recorded(Exception):
    """How a layer is left once its keys and values are known: no error, and never seen outside."""


class Kept:
    """Lets a layer go on with its own keys and values, and keeps them.

    Attributes
    ----------
    keys, values : Tensor[rows, heads, tokens, head_dim] or None
        What the last layer that ran has handed over.
    """

    def __init__(self, *, stop: bool = False) -> None:
        self.keys: Any = None  # Tensor: torch is untyped here
        self.values: Any = None
        self._stop = stop

    def update(self, keys: Any, values: Any, *_: object, **__: object) -> tuple[Any, Any]:
        """Keep them; leave the layer where that is all that was wanted."""
        self.keys, self.values = keys, values
        if self._stop:
            raise Recorded
        return keys, values


class AfterPrompt:
    """Puts a shared prompt's keys and values before those of every row."""

    def __init__(self, prompt: tuple[Any, Any]) -> None:
        self._prompt = prompt

    def update(self, keys: Any, values: Any, *_: object, **__: object) -> tuple[Any, Any]:
        """The prompt's and the rows' own, as one."""
        return joined(self._prompt[0], keys), joined(self._prompt[1], values)


class Given:
    """Answers with keys and values that are known already, whatever the layer computes."""

    def __init__(self, keys: Any, values: Any) -> None:
        self._states = keys, values

    def update(self, *_: object, **__: object) -> tuple[Any, Any]:
        """The known ones."""
        return self._states


def joined(prompt: Any, own: Any) -> Any:
    """[1, heads, P, d] and [rows, heads, S, d] as [rows, heads, P + S, d]."""
    return torch.cat([prompt.to(own.dtype).expand(len(own), -1, -1, -1), own], dim=2)
