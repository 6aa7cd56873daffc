"""Low-rank additions through peft: put in, and merged or taken out again."""

from __future__ import annotations

import warnings

import torch

from campaignkit.classify.constrained.label_model import LabelModel
from campaignkit.classify.training.recipe import LoRA
from campaignkit.errors import ClassifierError
from campaignkit.extras import require
from campaignkit.seeds import key64


class Adapters:
    """Low-rank additions in the layers above the frozen ones.

    Parameters
    ----------
    model : LabelModel
        Changed in place: its linear layers are wrapped until :meth:`merge` or :meth:`remove`.
    recipe : LoRA

    Raises
    ------
    ClassifierError
        If no layer has a name among the recipe's target modules.
    MissingExtra
        If peft is not installed.
    """

    def __init__(self, model: LabelModel, recipe: LoRA) -> None:
        peft = require("peft", extra="train", user="LoRA")
        above = list(range(recipe.freeze_layers, len(model.trunk)))
        settings = peft.LoraConfig(
            r=recipe.rank,
            lora_alpha=recipe.scale,
            lora_dropout=recipe.dropout,
            target_modules=list(recipe.target_modules),
            layers_to_transform=above,
            layers_pattern="layers",
        )
        torch.manual_seed(key64(recipe.seed, "train", "adapters") % 2**63)
        try:
            with warnings.catch_warnings():
                # peft asks transformers for a name that the next version of it drops.
                warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
                self._model = peft.get_peft_model(model.model, settings)
        except ValueError as err:
            raise ClassifierError(
                f"no layer to add to is called {' or '.join(recipe.target_modules)}",
                hint="give the names of the model's linear layers as target_modules",
            ) from err
        below = [
            name
            for layer in list(model.trunk.layers)[: recipe.freeze_layers]
            for name, _ in layer.named_parameters()
            if "lora_" in name
        ]
        assert not below, "an adapter below the cut would make the cache wrong"

    def merge(self) -> None:
        """Add them to the weights and take them out."""
        self._model.merge_and_unload()

    def remove(self) -> None:
        """Take them out as if they had never been."""
        self._model.unload()
