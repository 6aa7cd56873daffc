"""The label words' logits of a causal language model, and nothing computed that is not needed.

The model's own layers are run one by one. Three things are gained over its own forward, and none
changes what is computed:

- A prompt that all rows begin with is run once; rows attend to its keys and values.
- A run may start at any layer, from hidden states computed earlier (the frozen layers' output).
- The top layer is run for each row's last token only; of the others it needs keys and values.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.checkpoint import checkpoint

from campaignkit.errors import ClassifierError

States = tuple[Any, Any]  # keys and values of one layer: Tensor[rows, heads, tokens, head_dim]
_SLIDING = "sliding_attention"
_MASKED = 1 << 30  # the place of a key that nobody sees


class Rows(Protocol):
    """Gives batches of rows, as tokens or as what the frozen layers make of them."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """int64[rows], own tokens of each row."""

    def batch(self, rows: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """``own, lengths, prompt`` of these rows, as :meth:`LabelModel.forward` takes them."""


class PromptCache:
    """What a layer is handed as its cache: keys and values that stand before the layer's own.

    It keeps nothing from call to call, so that a layer can be computed again.
    """

    def __init__(self, before: States | None) -> None:
        self._before = before
        self.states: Any = None  # keys and values as the layer attends to them

    def update(self, keys: Any, values: Any, *_: object, **__: object) -> States:
        """Called once by a layer of transformers: what came before and its own, as one."""
        self.states = joined(self._before, (keys, values))
        return self.states  # type: ignore[no-any-return]


def joined(before: States | None, own: States) -> States:
    """[1 or rows, heads, P, d] and [rows, heads, S, d] as [rows, heads, P + S, d]."""
    if before is None:
        return own
    keys, values = (
        torch.cat([old.to(new.dtype).expand(len(new), -1, -1, -1), new], dim=2)
        for old, new in zip(before, own, strict=True)
    )
    return keys, values


class LabelModel(torch.nn.Module):  # type: ignore[misc]  # torch is untyped here
    """A causal language model of which only the label words' logits are computed.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        A causal LM, or the same with its head cut to the labels (see `hf.trim_head`).
    first_tokens : sequence of int, optional
        The token that tells each label; None for a model whose head has the labels' rows only.

    Attributes
    ----------
    cut : int
        How many layers are frozen: run without gradients, in evaluation mode, the same each time.
    rows : Parameter or None
        The labels' rows of the head while they are trained apart from it.
    """

    def __init__(self, model: Any, first_tokens: Sequence[int] | None = None) -> None:
        super().__init__()
        self.model = model.eval()
        self.is_trimmed = first_tokens is None
        self.first = list(first_tokens or ())
        self.cut = 0
        self.rows: Any = None
        self.checkpoints_gradients = False
        self.is_between_states = False  # a training has begun to change weights, and not ended
        self.is_widened = False  # weights above the cut are held in fp32
        self.runs_whole_top = False  # the top layer is run for all tokens
        decoder = self.decoder
        rotary = inspect.signature(decoder.rotary_emb.forward).parameters
        self._rotates_by_type = "layer_type" in rotary
        types = getattr(decoder.config, "layer_types", None)
        self._types: list[str] = list(types or ["full_attention"] * len(decoder.layers))

    @property
    def decoder(self) -> Any:
        """The part that turns tokens into hidden states."""
        return getattr(self.model, self.model.base_model_prefix)

    @property
    def num_layers(self) -> int:
        """Of the decoder."""
        return len(self._types)

    @property
    def device(self) -> Any:
        """Where the embeddings lie."""
        return self.decoder.embed_tokens.weight.device

    @property
    def head(self) -> Any:
        """The linear layer that the labels' rows belong to."""
        return self.model.score if self.is_trimmed else self.model.get_output_embeddings()

    @property
    def is_tied(self) -> bool:
        """Whether the head is the embedding table itself."""
        return self.head.weight is self.decoder.embed_tokens.weight

    @property
    def is_quantised(self) -> bool:
        """Whether the weights are stored in less than their floating-point form."""
        return getattr(self.model, "hf_quantizer", None) is not None

    def forward(self, own: Any, lengths: Any, prompt: Any = None) -> Any:
        """float32 Tensor[rows, labels]: the labels' logits.

        Parameters
        ----------
        own : int64 Tensor[rows, tokens] or Tensor[rows, tokens, hidden]
            Tokens, or their states at the cut; padded on the right.
        lengths : int64 Tensor[rows]
            Real tokens of each row, at least 1.
        prompt : int64 Tensor[1, P] or Tensor[1, P, hidden], optional
            What stands before all rows, in the same form as `own`.
        """
        own, prompt = self._at_cut(own, prompt)
        return self.label_logits(self._last_states(own, lengths, self._prompt_states(prompt)))

    def proba(self, rows: Rows, *, batch_size: int) -> NDArray[np.float64]:
        """float64[rows, labels], in the order of the rows; rows add up to 1."""
        parts: list[NDArray[np.float64]] = []
        by_length = np.argsort(rows.lengths, kind="stable")
        states = None
        with torch.no_grad():
            for start in range(0, len(by_length), batch_size):
                own, lengths, prompt = rows.batch(by_length[start : start + batch_size])
                own, prompt = self._at_cut(own, prompt)
                states = self._prompt_states(prompt) if states is None else states
                logits = self.label_logits(self._last_states(own, lengths, states))
                parts.append(logits.double().softmax(-1).cpu().numpy())
        found = np.concatenate(parts)
        if not np.isfinite(found).all():
            raise ClassifierError(
                "the model's probabilities are not numbers",
                hint="its activations overflow; load it with torch_dtype='float32' or 'bfloat16'",
            )
        out = np.empty_like(found)
        out[by_length] = found
        return out

    def frozen_states(self, own: Any, prompt: Any) -> tuple[Any, Any]:
        """What the layers below the cut make of tokens: the states of rows and prompt there.

        Parameters
        ----------
        own : int64 Tensor[rows, tokens]
        prompt : int64 Tensor[1, P] or None

        Returns
        -------
        Tensor[rows, tokens, hidden], Tensor[1, P, hidden] or None
        """
        with torch.no_grad() if self.cut else nullcontext():
            states: dict[int, States] = {}
            hidden = self.decoder.embed_tokens(own.to(self.device))
            if prompt is not None:
                prompt = self.decoder.embed_tokens(prompt.to(self.device))
                prompt = self._run(prompt, {}, first=0, stop=self.cut, kept=states)
            return self._run(hidden, states, first=0, stop=self.cut), prompt

    def label_rows(self) -> tuple[Any, Any]:
        """The head's rows and biases of the labels: Tensor[labels, hidden], Tensor or None."""
        weight, bias = self.head.weight, getattr(self.head, "bias", None)
        if not self.is_trimmed:
            first = torch.tensor(self.first, device=weight.device)
            weight, bias = weight[first], None if bias is None else bias[first]
        return weight if self.rows is None else self.rows, bias

    def put_label_rows(self, rows: Any) -> None:
        """Write the labels' rows into the head."""
        with torch.no_grad():
            weight = self.head.weight
            first = range(len(rows)) if self.is_trimmed else self.first
            weight[torch.tensor(list(first), device=weight.device)] = rows.to(weight)

    def label_logits(self, hidden: Any) -> Any:
        """Logits in float32, of last tokens' states, capped as the model caps its own."""
        weight, bias = self.label_rows()
        hidden = hidden.to(weight.device, weight.dtype)
        logits = torch.nn.functional.linear(hidden, weight, bias).float()
        cap = getattr(self.model.config, "final_logit_softcapping", None)
        return logits if cap is None else cap * torch.tanh(logits / cap)

    def train(self, mode: bool = True) -> LabelModel:
        """Train or evaluate; what is below the cut never trains."""
        super().train(mode=False)
        for layer in list(self.decoder.layers)[self.cut :]:
            layer.train(mode)
        self.training = mode
        return self

    def _at_cut(self, own: Any, prompt: Any) -> tuple[Any, Any]:
        """States at the cut of what are tokens or such states; as the layers above want them."""
        if not own.is_floating_point():
            own, prompt = self.frozen_states(own, prompt)
        own, prompt = (one if one is None else one.to(self.device) for one in (own, prompt))
        if self.is_widened:
            own, prompt = own.float(), None if prompt is None else prompt.float()
        return own, prompt

    def _prompt_states(self, prompt: Any) -> dict[int, States]:
        """Keys and values of a shared prompt, by layer from the cut on."""
        states: dict[int, States] = {}
        if prompt is not None:
            top = self.num_layers - 1 + self.runs_whole_top
            hidden = self._run(prompt, {}, first=self.cut, stop=top, kept=states)
            if not self.runs_whole_top:
                states[top] = self._keys_values(top, hidden, _Place(0, hidden))
        return states

    def _last_states(self, hidden: Any, lengths: Any, prompt: dict[int, States]) -> Any:
        """Tensor[rows, hidden]: what the head reads of each row's last token."""
        top, before = self.num_layers - 1, _num_tokens(prompt)
        hidden = self._run(hidden, prompt, first=self.cut, stop=top + self.runs_whole_top)
        rows = torch.arange(len(hidden), device=hidden.device)
        last = lengths.to(hidden.device) - 1
        asked = hidden[rows, last]
        if not self.runs_whole_top:
            states = self._keys_values(top, hidden, _Place(before, hidden))
            at = (before + last)[:, None]
            # The layer adds the last token's own keys and values behind those of all tokens.
            places = torch.arange(before + hidden.shape[1], device=hidden.device)
            keys = torch.cat([places.masked_fill(places >= at, _MASKED), at], dim=1)
            mask = self._mask(at, keys, top, hidden)
            place = _Place(before, hidden, at)
            states = joined(prompt.get(top), states)
            asked = self._layer(top, asked[:, None], place, states, mask)[0][:, 0]
        return self.decoder.norm(asked)

    def _run(
        self,
        hidden: Any,
        prompt: dict[int, States],
        *,
        first: int,
        stop: int,
        kept: dict[int, States] | None = None,
    ) -> Any:
        """Rows, padded on the right, through layers first..stop-1; rubbish comes out at padding.

        Keys and values of each layer are put into `kept`.
        """
        before = _num_tokens(prompt)
        place = _Place(before, hidden)
        keys = torch.arange(before + hidden.shape[1], device=hidden.device)[None]
        masks: dict[int | None, Any] = {}
        for number in range(first, stop):
            window = self._window(number)
            if window not in masks:
                is_causal = window is None or keys.shape[1] <= window
                is_plain = self._attention == "sdpa" and is_causal and not before
                hides_nothing = is_plain or self._attention.startswith("flash")
                masks[window] = (
                    None if hides_nothing else self._mask(place.ids, keys, number, hidden)
                )
            hidden, states = self._layer(number, hidden, place, prompt.get(number), masks[window])
            if kept is not None:
                kept[number] = states
        return hidden

    def _layer(
        self, number: int, hidden: Any, place: _Place, before: States | None, mask: Any
    ) -> tuple[Any, States]:
        """A layer's output, and the keys and values that it attended to."""
        rotation = self._rotation(number, hidden, place)

        def run(hidden: Any, before: States | None) -> tuple[Any, States]:
            cache = PromptCache(before)
            out = self.decoder.layers[number](
                hidden,
                attention_mask=mask,
                position_ids=place.ids,
                past_key_values=cache,
                position_embeddings=rotation,
            )
            return out[0] if isinstance(out, tuple) else out, cache.states

        if self.checkpoints_gradients and self.training and number >= self.cut:
            again: tuple[Any, States] = checkpoint(run, hidden, before, use_reentrant=False)
            return again
        return run(hidden, before)

    def _keys_values(self, number: int, hidden: Any, place: _Place) -> States:
        """Keys and values of a layer that is not run itself.

        Loading compares the outcome with the model's own; an attention built otherwise is run
        whole (:attr:`runs_whole_top`).
        """
        layer = self.decoder.layers[number]
        attention, normed = layer.self_attn, layer.input_layernorm(hidden)
        shape = (*normed.shape[:-1], -1, attention.head_dim)
        keys = attention.k_proj(normed).view(shape)
        if (norm := getattr(attention, "k_norm", None)) is not None:
            keys = norm(keys)
        keys, values = keys.transpose(1, 2), attention.v_proj(normed).view(shape).transpose(1, 2)
        cosine, sine = (one.unsqueeze(1) for one in self._rotation(number, hidden, place))
        left, right = keys.chunk(2, dim=-1)
        return keys * cosine + torch.cat([-right, left], dim=-1) * sine, values

    def _rotation(self, number: int, hidden: Any, place: _Place) -> Any:
        told = (self._types[number],) if self._rotates_by_type else ()
        if told not in place.rotations:
            place.rotations[told] = self.decoder.rotary_emb(hidden, place.ids, *told)
        return place.rotations[told]

    def _mask(self, queries: Any, keys: Any, number: int, like: Any) -> Any:
        """Which query sees which key, by their places int64[1 or rows, tokens].

        As the model's attention takes it: truth values (sdpa), numbers to add (eager), or which
        keys there are (flash, which sees to windows itself).
        """
        back = queries[:, None, :, None] - keys[:, None, None, :]
        seen = back >= 0
        if self._attention.startswith("flash"):
            return seen[:, 0, 0].int()
        if (window := self._window(number)) is not None:
            seen &= back < window
        if self._attention != "eager":
            return seen
        hidden = torch.zeros(seen.shape, dtype=like.dtype, device=like.device)
        return hidden.masked_fill(~seen, torch.finfo(like.dtype).min)

    def _window(self, number: int) -> int | None:
        """How many tokens back a layer sees, itself included; None for all."""
        window: int | None = (
            self.decoder.config.sliding_window if self._types[number] == _SLIDING else None
        )
        return window

    @property
    def _attention(self) -> str:
        told: str = self.decoder.config._attn_implementation
        return told


class _Place:
    """Where tokens stand in their rows, with the rotations of these places as far as known."""

    def __init__(self, before: int, hidden: Any, ids: Any = None) -> None:
        end = before + hidden.shape[1]
        self.ids = torch.arange(before, end, device=hidden.device)[None] if ids is None else ids
        self.rotations: dict[tuple[str, ...], Any] = {}


def _num_tokens(prompt: dict[int, States]) -> int:
    return next((keys.shape[2] for keys, _ in prompt.values()), 0)
