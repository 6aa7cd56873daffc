"""Prompts as rows of tokens, with what all of them begin with kept once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.constrained.label_tokens import LabelTokens, check_prompt_ends
from campaignkit.errors import ClassifierError, Fault

_CHUNK = 1024  # texts tokenised at a time


@dataclass(frozen=True, eq=False, slots=True)
class TokenRows:
    """Tokenised prompts: a shared beginning, and each row's own tokens.

    Attributes
    ----------
    prompt : int32[P]
        The tokens all rows begin with; empty where nothing is shared.
    tokens : int32[total]
        All rows' own tokens, one after the other.
    offsets : int64[rows + 1]
        Where each row begins and ends in `tokens`; no row is empty.

    Examples
    --------
    >>> rows = TokenRows(np.int32([5]), np.int32([1, 2, 3]), np.int64([0, 2, 3]))
    >>> len(rows), rows.lengths.tolist(), rows.row(1).tolist()
    (2, [2, 1], [3])
    """

    prompt: NDArray[np.int32]
    tokens: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """int64[rows], own tokens of each row."""
        return np.diff(self.offsets)

    def row(self, number: int) -> NDArray[np.int32]:
        """A row's own tokens."""
        return self.tokens[self.offsets[number] : self.offsets[number + 1]]

    def padded(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[rows, longest], padded on the right with token 0, which nobody reads."""
        lengths = self.lengths[rows]
        out = np.zeros((len(rows), int(lengths.max())), dtype=np.int64)
        for place, number in enumerate(rows):
            out[place, : lengths[place]] = self.row(int(number))
        return out

    def take(self, rows: NDArray[np.int64]) -> TokenRows:
        """The rows at these positions."""
        kept = [self.tokens[:0], *(self.row(int(number)) for number in rows)]
        offsets = np.concatenate([[0], np.cumsum(self.lengths[rows])]).astype(np.int64)
        return TokenRows(self.prompt, np.concatenate(kept), offsets)

    def digests(self) -> dict[str, str]:
        """What identifies the prompt and the rows: ``{"prompt": ..., "rows": ...}``."""
        rows = hashlib.sha256(self.offsets.tobytes() + self.tokens.tobytes())
        return {
            "prompt": "sha256:" + hashlib.sha256(self.prompt.tobytes()).hexdigest(),
            "rows": "sha256:" + rows.hexdigest(),
        }


def tokenise(
    tokenizer: Any,
    texts: Sequence[str],
    *,
    labels: LabelTokens,
    shared_prompt: str | None,
    context: int | None,
) -> TokenRows:
    """Read whole prompts, check each, and split off what they share.

    Parameters
    ----------
    texts : sequence of str
        Whole prompts, each ending where the label is to follow.
    shared_prompt : str or None
        What all texts begin with, in characters and in tokens.
    context : int or None
        The most tokens the model takes.

    Raises
    ------
    ClassifierError
        If a text is empty or too long, does not begin with the shared prompt, or ends so that
        the label words are read as other tokens. All such texts are named.
    """
    _check_texts(texts)
    check_prompt_ends(tokenizer, texts, labels)
    prompt = tokenizer(shared_prompt)["input_ids"] if shared_prompt else []
    rows: list[NDArray[np.int32]] = []
    for start in range(0, len(texts), _CHUNK):
        told = tokenizer(list(texts[start : start + _CHUNK]))["input_ids"]
        rows += [np.array(tokens, dtype=np.int32) for tokens in told]
    _check_context(rows, context)
    _check_shared(rows, prompt, texts, shared_prompt)
    own = [tokens[len(prompt) :] for tokens in rows]
    return TokenRows(
        np.array(prompt, dtype=np.int32),
        np.concatenate(own),
        np.concatenate([[0], np.cumsum([len(tokens) for tokens in own])]).astype(np.int64),
    )


def _check_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str):
        raise ClassifierError("texts is one string; expected a list of prompts", hint="[text]")
    if not hasattr(texts, "__len__"):
        raise ClassifierError(f"texts are {texts!r:.60}; expected a list of prompts")
    if not len(texts):
        raise ClassifierError("there are no texts; expected at least one")
    faults = [
        Fault(f"text {number}", f"is {text!r}; expected a prompt that is not empty")
        for number, text in enumerate(texts)
        if not isinstance(text, str) or not text.strip()
    ]
    if faults:
        raise ClassifierError("some texts are no prompts", faults=faults)


def _check_context(rows: Sequence[NDArray[np.int32]], context: int | None) -> None:
    faults = [
        Fault(f"text {number}", f"has {len(tokens):,} tokens")
        for number, tokens in enumerate(rows)
        if context is not None and len(tokens) > context
    ]
    if faults:
        raise ClassifierError(
            f"{len(faults):,} of {len(rows):,} texts are longer than the model's context of "
            f"{context:,} tokens",
            hint="shorten the prompt; cutting it would cut off the campaign or the question",
            faults=faults,
        )


def _check_shared(
    rows: Sequence[NDArray[np.int32]],
    prompt: Sequence[int],
    texts: Sequence[str],
    shared_prompt: str | None,
) -> None:
    num = len(prompt)
    faults = []
    for number, tokens in enumerate(rows):
        if num and not texts[number].startswith(shared_prompt or ""):
            faults.append(Fault(f"text {number}", "does not begin with the shared prompt"))
        elif tokens[:num].tolist() != list(prompt):
            same = _num_common(tokens, prompt)
            faults.append(
                Fault(f"text {number}", f"has {same} of the shared prompt's {num} tokens")
            )
        elif len(tokens) == num:
            faults.append(Fault(f"text {number}", "is the shared prompt and nothing more"))
    if faults:
        raise ClassifierError(
            "shared_prompt is not what all texts begin with, token by token",
            hint="end it where a token ends whatever follows, such as after a line break",
            faults=faults,
        )


def _num_common(tokens: NDArray[np.int32], prompt: Sequence[int]) -> int:
    same = 0
    for ours, theirs in zip(tokens.tolist(), prompt, strict=False):
        if ours != theirs:
            break
        same += 1
    return same
