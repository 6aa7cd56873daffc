"""What is trained, the layers above the cut and the labels' rows, as one module."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch

from campaignkit.classify.constrained.label_model import LabelModel, label_logits
from campaignkit.classify.training.recipe import FullFineTune, TrainingRecipe


class Trainee(torch.nn.Module):  # type: ignore[misc]  # torch is untyped here
    """A model under training.

    Everything below layer `cut` is frozen and run without gradients, in evaluation mode: no
    dropout, the same output each time, so that it can be kept. With low-rank additions in the
    layers, only those and the labels' rows are trained.

    Parameters
    ----------
    model : LabelModel
    recipe : TrainingRecipe
    """

    def __init__(self, model: LabelModel, recipe: TrainingRecipe) -> None:
        super().__init__()
        self._model = model
        self.cut = recipe.freeze_layers
        self.decoder = model.trunk.decoder
        self._is_full = isinstance(recipe, FullFineTune)
        self.trains_embeddings = self._is_full and not self.cut
        for name, weight in self.decoder.named_parameters():
            weight.requires_grad_(self._is_above(name) if self._is_full else "lora_" in name)
        # Tied rows cannot be trained apart from the table they lie in.
        self._rows_in_table = model.is_tied
        rows, self._bias = model.label_rows()
        if not self._rows_in_table:
            self.rows = torch.nn.Parameter(rows.detach().clone())
        # Halves are for arithmetic: steps of the optimiser would be lost in their rounding.
        self._dtypes = {name: weight.dtype for name, weight in self.trained()}
        for _, weight in self.trained():
            weight.data = weight.data.float()

    def _is_above(self, name: str) -> bool:
        parts = name.split(".")
        if parts[0] == "embed_tokens":
            return self.trains_embeddings
        return parts[0] != "layers" or int(parts[1]) >= self.cut

    def trained(self) -> list[tuple[str, Any]]:
        """Names and weights of what is trained."""
        return [(name, weight) for name, weight in self.named_parameters() if weight.requires_grad]

    def frozen_below(self) -> list[tuple[str, Any]]:
        """Names and weights that the output below the cut depends on."""
        return [
            (name, weight)
            for name, weight in self.decoder.named_parameters()
            if not self._is_above(name) and not weight.requires_grad
        ]

    def train(self, mode: bool = True) -> Trainee:
        """Train or evaluate; what is below the cut never trains."""
        super().train(mode=False)
        for layer in list(self.decoder.layers)[self.cut :]:
            layer.train(mode)
        self.training = mode
        return self

    def below(self, tokens: Any, prompt: Any) -> tuple[Any, Any]:
        """The states at the cut of rows and prompt.

        Parameters
        ----------
        tokens : int64 Tensor[rows, tokens]
        prompt : int64 Tensor[1, P] or None

        Returns
        -------
        Tensor[rows, tokens, hidden], Tensor[1, P, hidden] or None
        """
        trunk = self._model.trunk
        with nullcontext() if self.trains_embeddings else torch.no_grad():
            states = None
            asked = None if prompt is None else trunk.embed(prompt)
            if asked is not None and self.cut:
                states = trunk.run_prompt(asked, first=0, stop=self.cut, keep_output=True)
                asked = states.hidden
            hidden = trunk.run_rows(trunk.embed(tokens), states, first=0, stop=self.cut)
        return hidden, asked

    def forward(self, own: Any, lengths: Any, prompt: Any) -> Any:
        """float32 Tensor[rows, 3]: the labels' logits.

        Parameters
        ----------
        own : int64 Tensor[rows, tokens] or Tensor[rows, tokens, hidden]
            Tokens, or their states at the cut.
        lengths : int64 Tensor[rows]
        prompt : int64 Tensor[1, P] or Tensor[1, P, hidden] or None
            In the same form as `own`.
        """
        if not own.is_floating_point():
            own, prompt = self.below(own, prompt)
        if self._is_full:  # what lies above was widened; see __init__
            own, prompt = own.float(), None if prompt is None else prompt.float()
        trunk = self._model.trunk
        states = None
        if prompt is not None:
            states = trunk.run_prompt(prompt, first=self.cut, stop=len(trunk), keep_output=False)
        hidden = trunk.run_to_last(own, lengths, states, first=self.cut)
        rows = self._model.label_rows()[0] if self._rows_in_table else self.rows
        return label_logits(hidden, rows, self._bias, self._model.softcap)

    def restore_types(self) -> None:
        """Give weights the types back that they came with."""
        for name, weight in self.trained():
            weight.data = weight.data.to(self._dtypes[name])

    def finish(self) -> None:
        """Give weights their types back, and the head its rows."""
        self.restore_types()
        if not self._rows_in_table:
            self._model.put_label_rows(self.rows.detach())
        for weight in self.parameters():
            weight.requires_grad_(weight.is_floating_point())
        self.eval()
