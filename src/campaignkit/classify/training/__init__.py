"""Fine-tuning a causal language model to classify, with nothing computed that is not needed."""

from __future__ import annotations

from campaignkit.classify.training.recipe import FullFineTune, LoRA, TrainingRecipe
from campaignkit.classify.training.report import EpochFigures, TrainingReport

__all__ = ["EpochFigures", "FullFineTune", "LoRA", "TrainingRecipe", "TrainingReport"]
