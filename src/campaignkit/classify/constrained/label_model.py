"""A causal language model of which only the label words' scores are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from campaignkit.classify.constrained.label_tokens import LabelTokens
from campaignkit.classify.constrained.token_rows import TokenRows
from campaignkit.classify.decoder.trunk import PromptStates, Trunk
from campaignkit.classify.labels import LABELS
from campaignkit.errors import ClassifierError

Method = Literal["mask", "trim"]


class LabelModel:
    """Model, tokenizer and label tokens, with the head's rows that belong to the labels.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        A causal LM (``"mask"``), or the same with its head cut to the labels (``"trim"``, see
        :func:`trim_head`).
    tokenizer : transformers.PreTrainedTokenizerBase
    labels : LabelTokens
    method : {"mask", "trim"}
    """

    def __init__(self, model: Any, tokenizer: Any, labels: LabelTokens, method: Method) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.labels = labels
        self.method: Method = method
        self.is_between_states = False  # a training has begun to change weights, and not ended
        self.trunk = Trunk(decoder_of(model))
        self.softcap: float | None = getattr(model.config, "final_logit_softcapping", None)

    @property
    def context(self) -> int | None:
        """The most tokens a prompt may have."""
        num: int | None = getattr(self.model.config, "max_position_embeddings", None)
        return num

    @property
    def head(self) -> Any:
        """The whole linear layer that the labels' rows belong to."""
        return self.model.score if self.method == "trim" else self.model.get_output_embeddings()

    @property
    def is_tied(self) -> bool:
        """Whether the head is the embedding table itself."""
        table = self.trunk.decoder.embed_tokens.weight
        return self.method == "mask" and self.head.weight is table

    @property
    def is_quantised(self) -> bool:
        """Whether the weights are stored in less than their floating-point form."""
        return getattr(self.model.config, "quantization_config", None) is not None

    def label_rows(self) -> tuple[Any, Any]:
        """The head's rows and biases of the labels: Tensor[3, hidden], Tensor[3] or None."""
        weight, bias = self.head.weight, getattr(self.head, "bias", None)
        if self.method == "trim":
            return weight, bias
        first = torch.tensor(self.labels.first, device=weight.device)
        return weight[first], None if bias is None else bias[first]

    def put_label_rows(self, rows: Any) -> None:
        """Write trained rows back into the head."""
        with torch.no_grad():
            weight = self.head.weight
            if self.method == "trim":
                weight.copy_(rows)
            else:
                weight[torch.tensor(self.labels.first, device=weight.device)] = rows.to(weight)

    def score(self, hidden: Any) -> Any:
        """float32 Tensor[rows, 3]: the logits of the labels, given the last tokens' states."""
        weight, bias = self.label_rows()
        return label_logits(hidden, weight, bias, self.softcap)

    def proba(self, rows: TokenRows, *, batch_size: int) -> NDArray[np.float64]:
        """float64[rows, 3], in the order of the rows; rows add up to 1."""
        out = np.empty((len(rows), len(LABELS)))
        by_length = np.argsort(rows.lengths, kind="stable")
        with torch.inference_mode():
            prompt = self._prompt(rows)
            for start in range(0, len(rows), batch_size):
                batch = by_length[start : start + batch_size]
                hidden = self.trunk.run_to_last(
                    self.trunk.embed(torch.from_numpy(rows.padded(batch))),
                    torch.from_numpy(rows.lengths[batch]),
                    prompt,
                    first=0,
                )
                out[batch] = self.score(hidden).double().softmax(-1).cpu().numpy()
        if not np.isfinite(out).all():
            raise ClassifierError(
                "the model's probabilities are not numbers",
                hint="its activations overflow; load it with dtype='float32' or 'bfloat16'",
            )
        return out

    def padded_logits(self, input_ids: Any, attention_mask: Any) -> Any:
        """The labels' logits of whole padded prompts, by the model's own forward.

        Parameters
        ----------
        input_ids, attention_mask : int64 Tensor[rows, tokens]
            Padded on either side.
        """
        mask = attention_mask.to(self.trunk.device)
        out = self.trunk.decoder(
            input_ids=input_ids.to(self.trunk.device),
            attention_mask=mask,
            position_ids=(mask.cumsum(-1) - 1).clamp(min=0),
            use_cache=False,
        )
        places = torch.arange(mask.shape[1], device=mask.device)
        last = (mask * places).argmax(-1)
        return self.score(out.last_hidden_state[torch.arange(len(last), device=last.device), last])

    def _prompt(self, rows: TokenRows) -> PromptStates | None:
        if not len(rows.prompt):
            return None
        tokens = torch.from_numpy(rows.prompt.astype(np.int64))[None]
        return self.trunk.run_prompt(
            self.trunk.embed(tokens), first=0, stop=len(self.trunk), keep_output=False
        )


def label_logits(hidden: Any, weight: Any, bias: Any, softcap: float | None) -> Any:
    """Logits in float32, capped as the model caps its own."""
    logits = torch.nn.functional.linear(hidden.to(weight.dtype), weight, bias).float()
    return logits if softcap is None else softcap * torch.tanh(logits / softcap)


def decoder_of(model: Any) -> Any:
    """The part of a model that turns tokens into hidden states."""
    return getattr(model, model.base_model_prefix)


def trim_head(model: Any, first_tokens: Sequence[int]) -> Any:
    """The model with its head cut to the rows of these tokens, as transformers can save and load.

    Its layers are the given model's own, not copies.

    Raises
    ------
    ClassifierError
        If the architecture has no form with a small head, or its head has biases.
    """
    from transformers import AutoModelForSequenceClassification

    head = model.get_output_embeddings()
    if getattr(head, "bias", None) is not None:
        raise ClassifierError(
            "the head has biases, which a trimmed head cannot keep", hint='use method="mask"'
        )
    config = type(model.config).from_dict(model.config.to_dict())
    config.id2label = dict(enumerate(LABELS))
    config.label2id = {label: number for number, label in enumerate(LABELS)}
    rows = head.weight.detach()[torch.tensor(list(first_tokens))].clone()
    try:
        with torch.device("meta"):  # no second copy of the weights, and no random numbers drawn
            small = AutoModelForSequenceClassification.from_config(config)
    except ValueError as err:
        raise ClassifierError(
            f"transformers has no classifier form of {type(model).__name__}",
            hint='use method="mask"',
        ) from err
    setattr(small, small.base_model_prefix, decoder_of(model))
    small.score = torch.nn.Linear(rows.shape[1], len(LABELS), bias=False, device="meta")
    small.score.weight = torch.nn.Parameter(rows)
    return small
