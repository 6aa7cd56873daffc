"""Lets ``generate`` answer with a label word and nothing else."""

from __future__ import annotations

from typing import Any

import torch
from transformers import LogitsProcessor

from campaignkit.classify.constrained.label_tokens import LabelTokens


class LabelMask(LogitsProcessor):  # type: ignore[misc]  # transformers is untyped here
    """A `LogitsProcessor` that leaves only the tokens with which a label word goes on.

    Parameters
    ----------
    labels : LabelTokens
    prompt_length : int
        Tokens of the padded prompts: what generate is given, ``input_ids.shape[1]``.
    end_token : int or None
        Forced once a word is whole.
    """

    def __init__(self, labels: LabelTokens, *, prompt_length: int, end_token: int | None) -> None:
        self._sequences = labels.sequences
        self._prompt_length = prompt_length
        self._end_token = end_token

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores with minus infinity at every token that no label word goes on with."""
        masked = torch.full_like(scores, -torch.inf)
        for row, told in enumerate(input_ids[:, self._prompt_length :].tolist()):
            allowed = self._after(tuple(told))
            masked[row, allowed] = scores[row, allowed]
            if not torch.isfinite(masked[row, allowed]).any():
                masked[row, allowed] = 0  # an end token that the model itself rules out
        return masked

    def _after(self, told: tuple[int, ...]) -> list[int]:
        num = len(told)
        going_on = {
            tokens[num] for tokens in self._sequences if len(tokens) > num and tokens[:num] == told
        }
        if going_on:
            return sorted(going_on)
        return [self._end_token if self._end_token is not None else told[-1]]
