"""A decoder's layers, run one by one.

Three things are gained over the model's own forward, and none changes what is computed:

- A prompt that all rows begin with is run once; rows attend to its keys and values.
- A run may start at any layer, from hidden states computed earlier (the frozen layers' output).
- The top layer is run for each row's last token only; of the others it needs keys and values.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import torch

from campaignkit.classify.decoder.attention_mask import last_mask, row_mask
from campaignkit.classify.decoder.attention_states import (
    AfterPrompt,
    Given,
    Kept,
    Recorded,
    joined,
)

_FULL = "full_attention"
_SLIDING = "sliding_attention"


@dataclass(frozen=True, eq=False, slots=True)
class PromptStates:
    """A shared prompt's keys and values, by layer, and what it leaves below the next layer.

    Attributes
    ----------
    num_tokens : int
    layers : dict of int to (Tensor[1, heads, P, d], Tensor[1, heads, P, d])
    hidden : Tensor[1, P, hidden] or None
        The output of the last layer that was run; None where its keys were all that was wanted.
    """

    num_tokens: int
    layers: dict[int, tuple[Any, Any]]
    hidden: Any


class Trunk:
    """The layers of a causal language model from transformers (Gemma 3, Qwen 3, Llama-style).

    Parameters
    ----------
    decoder : transformers.PreTrainedModel
        With ``embed_tokens``, ``layers``, ``norm`` and ``rotary_emb``.
    """

    def __init__(self, decoder: Any) -> None:
        self.decoder = decoder
        self.config = decoder.config
        self.layers = decoder.layers
        self._rotary_by_type = (
            "layer_type" in inspect.signature(decoder.rotary_emb.forward).parameters
        )
        types = getattr(self.config, "layer_types", None)
        self._types: list[str] = list(types or [_FULL] * len(self.layers))
        self._additive = self.config._attn_implementation == "eager"

    def __len__(self) -> int:
        return len(self.layers)

    @property
    def device(self) -> Any:
        """Where the layers lie."""
        return next(self.decoder.parameters()).device

    def embed(self, tokens: Any) -> Any:
        """Tensor[rows, tokens, hidden], the input of layer 0."""
        return self.decoder.embed_tokens(tokens.to(self.device))

    def run_prompt(self, hidden: Any, *, first: int, stop: int, keep_output: bool) -> PromptStates:
        """Run a shared prompt, Tensor[1, P, hidden], through layers first..stop-1."""
        at = _place(0, hidden)
        kept: dict[int, tuple[Any, Any]] = {}
        for number in range(first, stop):
            states = Kept(stop=number == stop - 1 and not keep_output)
            hidden = self._run(number, hidden, at, states, self._row_mask(number, hidden, at))
            kept[number] = states.keys, states.values
        return PromptStates(at.ids.shape[1], kept, hidden)

    def run_rows(self, hidden: Any, prompt: PromptStates | None, *, first: int, stop: int) -> Any:
        """Run rows, padded on the right, through layers first..stop-1.

        Returns
        -------
        Tensor[rows, tokens, hidden]
            Rubbish at padding.
        """
        before = prompt.num_tokens if prompt else 0
        at = _place(before, hidden)
        for number in range(first, stop):
            states = AfterPrompt(prompt.layers[number]) if prompt else None
            hidden = self._run(number, hidden, at, states, self._row_mask(number, hidden, at))
        return hidden

    def run_to_last(
        self, hidden: Any, lengths: Any, prompt: PromptStates | None, *, first: int
    ) -> Any:
        """Run rows from layer `first` to the end; what the head reads of each row's last token.

        Parameters
        ----------
        hidden : Tensor[rows, tokens, hidden]
        lengths : int64 Tensor[rows]
            Real tokens of each row, at least 1.

        Returns
        -------
        Tensor[rows, hidden]
        """
        top = len(self) - 1
        before = prompt.num_tokens if prompt else 0
        hidden = self.run_rows(hidden, prompt, first=first, stop=top)
        own = Kept(stop=True)
        self._run(top, hidden, _place(before, hidden), own, None)
        keys, values = own.keys, own.values
        if prompt:
            keys, values = (
                joined(states, new)
                for states, new in zip(prompt.layers[top], (keys, values), strict=True)
            )
        last = lengths.to(hidden.device) - 1
        asked = hidden[torch.arange(len(hidden), device=hidden.device), last][:, None]
        mask = last_mask(
            prompt=before, lengths=lengths, own=hidden.shape[1], window=self._window(top),
            like=hidden, additive=self._additive,
        )  # fmt: skip
        at = _Place(before, (before + last)[:, None])
        return self.decoder.norm(self._run(top, asked, at, Given(keys, values), mask))[:, 0]

    def _run(self, number: int, hidden: Any, at: _Place, states: Any, mask: Any) -> Any:
        try:
            out = self.layers[number](
                hidden,
                attention_mask=mask,
                position_ids=at.ids,
                past_key_values=states,
                position_embeddings=self._rotation(number, hidden, at),
            )
        except Recorded:
            return None
        return out[0] if isinstance(out, tuple) else out

    def _rotation(self, number: int, hidden: Any, at: _Place) -> Any:
        kind = self._types[number] if self._rotary_by_type else _FULL
        if kind not in at.rotations:
            told = (kind,) if self._rotary_by_type else ()
            at.rotations[kind] = self.decoder.rotary_emb(hidden, at.ids, *told)
        return at.rotations[kind]

    def _row_mask(self, number: int, hidden: Any, at: _Place) -> Any:
        window = self._window(number)
        if window not in at.masks:
            at.masks[window] = row_mask(
                prompt=at.before, own=hidden.shape[1], window=window, like=hidden,
                additive=self._additive,
            )  # fmt: skip
        return at.masks[window]

    def _window(self, number: int) -> int | None:
        return self.config.sliding_window if self._types[number] == _SLIDING else None


class _Place:
    """Where tokens stand, with the masks and rotations of one run as far as they are known."""

    def __init__(self, before: int, ids: Any) -> None:
        self.before = before
        self.ids = ids
        self.rotations: dict[str, Any] = {}
        self.masks: dict[int | None, Any] = {}


def _place(before: int, hidden: Any) -> _Place:
    return _Place(
        before, torch.arange(before, before + hidden.shape[1], device=hidden.device)[None]
    )
