"""Prompts and label words as a tokenizer reads them, and the mask that lets no other word out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LogitsProcessor

from campaignkit.classify.texts import prompt_texts
from campaignkit.dataset.text import PromptTemplate
from campaignkit.errors import ClassifierError, Fault

_BEFORE = ":"  # what prompts end with; the prompts themselves are checked when they come
_CHUNK = 1024  # prompts tokenised at a time
# Characters that a token with a label at its end could reach back over; a longer tail would tell
# apart prompts that end in the same cue, and check each.
_TAIL = 8
_LEAST_SHARED = 4  # tokens; fewer are not worth a run of their own


@dataclass(frozen=True, slots=True)
class LabelTokens:
    """Label words as a tokenizer reads them after a prompt.

    A word of several tokens is recognised by its first one: where only these words may be
    answered, the first token decides which it will be, so its probability among the words is the
    word's own.

    Attributes
    ----------
    words : tuple of str
    sequences : tuple of tuple of int
        The tokens of each word.

    Examples
    --------
    >>> LabelTokens(("0", "1", "2"), ((7,), (8,), (9,))).first
    [7, 8, 9]
    """

    words: tuple[str, ...]
    sequences: tuple[tuple[int, ...], ...]

    @property
    def first(self) -> list[int]:
        """The token that tells each word."""
        return [tokens[0] for tokens in self.sequences]


def find_label_tokens(tokenizer: Any, words: Sequence[str]) -> LabelTokens:
    """Read the label words with a tokenizer.

    Raises
    ------
    ClassifierError
        If a word is unknown to the tokenizer, or two begin with the same token.
    """
    before = tokenizer.encode(_BEFORE, add_special_tokens=False)
    sequences, faults = [], []
    by_first: dict[int, list[str]] = {}
    for word in words:
        tokens = tokenizer.encode(_BEFORE + word, add_special_tokens=False)
        if tokens[: len(before)] != before:
            tokens = before + tokenizer.encode(word, add_special_tokens=False)
        own = tuple(tokens[len(before) :])
        if not own or tokenizer.unk_token_id in own:
            faults.append(Fault(f"label {word!r}", "the tokenizer does not know it"))
        else:
            by_first.setdefault(own[0], []).append(word)
        sequences.append(own)
    for token, alike in by_first.items():
        if len(alike) > 1:
            told = f"begin with the same token {tokenizer.convert_ids_to_tokens(token)!r}"
            faults.append(Fault(" and ".join(map(repr, alike)), told))
    if faults:
        raise ClassifierError(
            "label words cannot be distinguished by their first token",
            hint='choose words that begin differently, such as labels=("0", "1", "2")',
            faults=faults,
        )
    return LabelTokens(tuple(words), tuple(sequences))


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
    >>> [part.tolist() for part in rows.batch(np.array([1, 0]))]
    [[[3, 0], [1, 2]], [1, 2], [[5]]]
    """

    prompt: NDArray[np.int32]
    tokens: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """int64[rows], own tokens of each row."""
        return np.diff(self.offsets)

    def take(self, rows: NDArray[np.int64]) -> TokenRows:
        """Some of the rows, in the order given."""
        return _token_rows(self.prompt, [self._row(int(row)) for row in rows])

    def batch(self, rows: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """``own, lengths, prompt``: rows padded on the right with token 0, which nobody reads."""
        lengths = self.lengths[rows]
        own = np.zeros((len(rows), int(lengths.max())), dtype=np.int64)
        for place, row in enumerate(rows):
            own[place, : lengths[place]] = self._row(int(row))
        prompt = torch.from_numpy(self.prompt.astype(np.int64))[None] if len(self.prompt) else None
        return torch.from_numpy(own), torch.from_numpy(lengths), prompt

    def digests(self) -> dict[str, str]:
        """Of the shared prompt, and of the rows' own tokens."""
        rows = hashlib.sha256(self.tokens.tobytes())
        rows.update(self.offsets.tobytes())
        return {
            "prompt": hashlib.sha256(self.prompt.tobytes()).hexdigest(),
            "rows": rows.hexdigest(),
        }

    def _row(self, row: int) -> NDArray[np.int32]:
        return self.tokens[self.offsets[row] : self.offsets[row + 1]]


@dataclass(frozen=True, eq=False, slots=True)
class Prompts:
    """What a model is asked, a row each, before it is tokenised.

    Attributes
    ----------
    rows : list of str, or list of list of {"role": ..., "content": ...}
        Whole texts, or chat messages for the tokenizer's own template. Each ends right where the
        label is to follow.
    is_inert : bool
        Whether texts such as ``"<eos>"`` inside are plain text, as in a campaign's values. In
        messages they always are.
    """

    rows: list[Any]
    is_inert: bool = False

    @classmethod
    def of(
        cls,
        X: Any,
        *,
        style: int | str | PromptTemplate,
        chat: bool = False,
        separator: str | None = None,
    ) -> Prompts:
        """Texts and messages as they are, campaigns written in the style.

        Parameters
        ----------
        X : list or column of str, list of chat messages, or campaigns
        chat : bool
            Whether texts are put as a user's message into the tokenizer's chat template.
        separator : str, optional
            What divides the values of one cell of a record.

        Raises
        ------
        ClassifierError
            If there is no row, one is blank or empty, or kinds are mixed.
        """
        if isinstance(X, str) or not hasattr(X, "__len__"):
            found = "one string" if isinstance(X, str) else repr(X)[:60]
            expected = "expected a list of prompts or campaigns"
            raise ClassifierError(f"texts are {found}; {expected}", hint="[text]")
        listed = list(X) if isinstance(X, list | tuple) else _column(X)
        if listed is not None and not listed:
            raise ClassifierError("there are no texts; expected at least one")
        first = listed[0] if listed else None
        if listed and isinstance(first, list | tuple):
            if wrong := [number for number, row in enumerate(listed) if not _are_messages(row)]:
                raise ClassifierError(
                    f"{len(wrong):,} of {len(listed):,} rows are not chat messages, the first is "
                    f"row {wrong[0]}: {listed[wrong[0]]!r:.60}",
                    hint='a row is [{"role": "user", "content": "..."}]',
                )
            return cls(listed)
        given = X if listed is None else listed
        rows: list[Any] = prompt_texts(given, style=style, separator=separator)
        if chat:
            rows = [[{"role": "user", "content": row}] for row in rows]
        return cls(rows, is_inert=not isinstance(first, str))

    def tokenised(
        self,
        tokenizer: Any,
        labels: LabelTokens,
        *,
        context: int | None = None,
        share_prompt: bool = True,
    ) -> TokenRows:
        """Tokenise, and check that the label words can follow.

        Parameters
        ----------
        context : int, optional
            The most tokens the model takes.
        share_prompt : bool
            Whether what all rows begin with is kept once.

        Raises
        ------
        ClassifierError
            If a prompt is empty or too long, or ends so that the label words are read as other
            tokens. All such prompts are named.
        """
        self._check_ends(tokenizer, labels)
        rows = [
            np.array(tokens, dtype=np.int32)
            for start in range(0, len(self.rows), _CHUNK)
            for tokens in self._tokens(tokenizer, self.rows[start : start + _CHUNK])
        ]
        _check_context(rows, context)
        num = _num_shared(rows) if share_prompt else 0
        return _token_rows(rows[0][:num], [row[num:] for row in rows])

    def _tokens(self, tokenizer: Any, rows: list[Any]) -> list[list[int]]:
        if not isinstance(rows[0], str):
            told = tokenizer.apply_chat_template(
                rows, add_generation_prompt=True, sanitize_control_tokens=True, return_dict=True
            )
            return told["input_ids"]  # type: ignore[no-any-return]
        found = tokenizer(rows, split_special_tokens=self.is_inert)["input_ids"]
        begin = tokenizer.bos_token_id
        # A text that begins with the token that the tokenizer puts before every text has it twice.
        return [row[1:] if begin is not None and row[:2] == [begin] * 2 else row for row in found]

    def _check_ends(self, tokenizer: Any, labels: LabelTokens) -> None:
        """``"0"`` and ``" 0"`` are different tokens: after each end, words are read as scored."""
        texts, are_texts = self.rows, isinstance(self.rows[0], str)
        if not are_texts:  # the template ends all of them alike
            try:
                texts = tokenizer.apply_chat_template(
                    self.rows[:1], tokenize=False, add_generation_prompt=True
                )
            except Exception as err:  # templates are programs and raise what they like
                raise ClassifierError(
                    f"the tokenizer's chat template cannot write these messages: {err}",
                    hint='messages are [{"role": "user", "content": "..."}]; a tokenizer without '
                    "a template takes plain prompts",
                ) from err
        endings = {text[-_TAIL:]: text for text in reversed(texts)}  # the first of each stays
        options = {"add_special_tokens": are_texts, "split_special_tokens": self.is_inert}
        prompts = tokenizer(list(endings.values()), **options)["input_ids"]
        faults = []
        for word, expected in zip(labels.words, labels.sequences, strict=True):
            wholes = tokenizer([text + word for text in endings.values()], **options)["input_ids"]
            for ending, prompt, whole in zip(endings, prompts, wholes, strict=True):
                if whole[: len(prompt)] != prompt or tuple(whole[len(prompt) :]) != expected:
                    read = tokenizer.convert_ids_to_tokens(whole[-len(expected) - 1 :])
                    scored = tokenizer.convert_ids_to_tokens(list(expected))
                    told = f"ends in tokens {read}; scored are {scored}"
                    faults.append(Fault(f"prompt ending {ending!r}, label {word!r}", told))
        if faults:
            raise ClassifierError(
                "the prompts' end and the label words do not fit together",
                hint="end every prompt right before the label, as in 'Answer:', with no space "
                "after it, or give the words as they follow, such as labels=(' 0', ' 1', ' 2'); a "
                "tokenizer that adds an end token must be configured not to",
                faults=faults,
            )


class LabelMask(LogitsProcessor):  # type: ignore[misc]  # transformers is untyped here
    """A `LogitsProcessor` for ``model.generate``: only label words come out.

    The most probable label comes out of a greedy search and of beams, and sampling draws labels
    by their probabilities: what follows a word's first token is forced at no cost, and words of
    fewer tokens are filled up with padding, so that beams compare nothing else.

    Parameters
    ----------
    labels : LabelTokens
    end_token : int or None
        Forced once a word is whole; where there is none, its last token comes again.
    pad_token : int or None
        What fills words up; left out of decoded text.

    Raises
    ------
    ClassifierError
        If words differ in their number of tokens and there is no padding token of its own.
    """

    def __init__(
        self, labels: LabelTokens, *, end_token: int | None, pad_token: int | None
    ) -> None:
        longest = max(map(len, labels.sequences))
        is_uneven = min(map(len, labels.sequences)) < longest
        if is_uneven and pad_token in (None, end_token):
            raise ClassifierError(
                f"the words {', '.join(map(repr, labels.words))} have different numbers of "
                "tokens, and the tokenizer has no padding token to fill them up with",
                hint="take words of one token each, or give the tokenizer a pad_token",
            )
        fill = [pad_token] * longest
        self._sequences = [(*one, *fill)[:longest] for one in labels.sequences]
        self._end_token = end_token
        self._prompts: Any = None  # what the generation under way began with
        self._num_seen = 0

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores with minus infinity at every token that no label word goes on with."""
        if not self._goes_on(input_ids):
            self._prompts = input_ids.clone()
        self._num_seen = input_ids.shape[1]
        masked = torch.full_like(scores, -torch.inf)
        for row, begun in enumerate(input_ids[:, self._prompts.shape[1] :].tolist()):
            num = len(begun)
            after = {one[num] for one in self._sequences if one[:num] == tuple(begun) != one}
            if num or not after:  # the first token has told the word: what follows is no choice
                end = begun[-1] if self._end_token is None else self._end_token
                masked[row, list(after) or [end]] = 0
            else:
                masked[row, list(after)] = scores[row, list(after)]
        return masked

    def _goes_on(self, input_ids: Any) -> bool:
        """Whether these are the rows of the last call, in any order, with one token more."""
        if self._prompts is None or input_ids.shape[1] != self._num_seen + 1:
            return False
        begin = input_ids[:, : self._prompts.shape[1]]
        return begin.shape == self._prompts.shape and bool((begin == self._prompts).all())


def _are_messages(row: Any) -> bool:
    is_list = isinstance(row, list | tuple) and bool(row)
    return is_list and all(isinstance(m, Mapping) and {"role", "content"} <= {*m} for m in row)


def _column(X: Any) -> list[Any] | None:
    """A column of any data frame library as a list; None for what is none."""
    names = [name for name in ("to_list", "to_pylist", "tolist") if hasattr(X, name)]
    return list(getattr(X, names[0])()) if names and getattr(X, "ndim", 1) == 1 else None


def _token_rows(prompt: NDArray[np.int32], rows: Sequence[NDArray[np.int32]]) -> TokenRows:
    tokens = np.concatenate([*rows, np.empty(0, np.int32)])
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return TokenRows(prompt, tokens, offsets)


def _num_shared(rows: Sequence[NDArray[np.int32]]) -> int:
    """How many tokens all rows begin with; each keeps one of its own at least."""
    num = min(map(len, rows)) - 1
    first = rows[0][:num]
    for row in rows:
        if len(apart := np.flatnonzero(row[:num] != first[:num])):
            num = int(apart[0])
    return num if num >= _LEAST_SHARED else 0


def _check_context(rows: Sequence[NDArray[np.int32]], context: int | None) -> None:
    lengths = np.array(list(map(len, rows)))
    long = np.flatnonzero(lengths > (context or lengths.max()))
    if len(long):
        raise ClassifierError(
            f"{len(long):,} of {len(rows):,} texts are longer than the model's context of "
            f"{context:,} tokens",
            hint="shorten the prompt; cutting it would cut off the campaign or the question",
            faults=[Fault(f"text {row}", f"has {lengths[row]:,} tokens") for row in long],
        )
