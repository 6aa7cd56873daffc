"""The tokens a model answers with: one word per class, told apart by their first token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from campaignkit.classify.labels import LABELS
from campaignkit.errors import ClassifierError, Fault

_BEFORE = ":"  # what prompts end with; the prompts themselves are checked when they come


@dataclass(frozen=True, slots=True)
class LabelTokens:
    """Label words as a tokenizer reads them after a prompt.

    A word of several tokens is told by its first one: where only these words may be answered, the
    first token decides which it will be, so its probability among the words is the word's own.

    Attributes
    ----------
    words : tuple of str
        One per class, in the order neg, avg, pos.
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
        If there are not three different words, one is unknown to the tokenizer, or two begin with
        the same token.
    """
    _check_words(words)
    before = tokenizer.encode(_BEFORE, add_special_tokens=False)
    sequences, faults = [], []
    for word in words:
        tokens = tokenizer.encode(_BEFORE + word, add_special_tokens=False)
        if tokens[: len(before)] != before:
            tokens = before + tokenizer.encode(word, add_special_tokens=False)
        own = tuple(tokens[len(before) :])
        if not own or tokenizer.unk_token_id in own:
            faults.append(Fault(f"label {word!r}", "the tokenizer does not know it"))
        sequences.append(own)
    if faults:
        raise ClassifierError("label words cannot be read", faults=faults)
    _check_apart(tokenizer, words, sequences)
    return LabelTokens(tuple(words), tuple(sequences))


def check_prompt_ends(tokenizer: Any, texts: Sequence[str], labels: LabelTokens) -> None:
    """Check that after each text the label words are read as the tokens that are scored.

    ``"0"`` and ``" 0"`` are different tokens: a prompt that ends with a space, or one whose last
    characters join with the word, would be answered by tokens nobody looks at.

    Raises
    ------
    ClassifierError
        With one fault per ending and word (texts with the same last characters share one).
    """
    endings = {text[-_TAIL:]: text for text in reversed(texts)}  # the first of each stays
    prompts = tokenizer(list(endings.values()))["input_ids"]
    faults = []
    for word, expected in zip(labels.words, labels.sequences, strict=True):
        wholes = tokenizer([text + word for text in endings.values()])["input_ids"]
        for ending, prompt, whole in zip(endings, prompts, wholes, strict=True):
            if whole[: len(prompt)] != prompt or tuple(whole[len(prompt) :]) != expected:
                faults.append(_ending_fault(tokenizer, ending, word, whole, expected))
    if faults:
        raise ClassifierError(
            "the prompts' end and the label words do not fit together",
            hint="end every prompt right before the label, as in 'Answer:', with no space after "
            "it, or give the words as they follow, such as labels=(' 0', ' 1', ' 2'); a tokenizer "
            "that adds an end token has to be told not to",
            faults=faults,
        )


# Characters that a token with a label at its end could reach back over; a longer tail would tell
# apart prompts that end in the same cue, and check each.
_TAIL = 8


def _ending_fault(
    tokenizer: Any, ending: str, word: str, whole: list[int], expected: tuple[int, ...]
) -> Fault:
    read = tokenizer.convert_ids_to_tokens(whole[-len(expected) - 1 :])
    scored = tokenizer.convert_ids_to_tokens(list(expected))
    return Fault(
        f"prompt ending {ending!r}, label {word!r}", f"ends in tokens {read}; scored are {scored}"
    )


def _check_words(words: Sequence[str]) -> None:
    if not isinstance(words, list | tuple) or len(words) != len(LABELS):
        raise ClassifierError(
            f"labels are {words!r}; expected {len(LABELS)} words, for neg, avg and pos",
            hint='labels=("0", "1", "2")',
        )
    if not all(isinstance(word, str) and word.strip() for word in words):
        raise ClassifierError(f"labels are {tuple(words)!r}; expected words, none of them empty")
    if len(set(words)) < len(words):
        raise ClassifierError(f"labels are {tuple(words)!r}; expected different words")


def _check_apart(
    tokenizer: Any, words: Sequence[str], sequences: Sequence[tuple[int, ...]]
) -> None:
    by_first: dict[int, list[str]] = {}
    for word, tokens in zip(words, sequences, strict=True):
        by_first.setdefault(tokens[0], []).append(word)
    faults = [
        Fault(
            " and ".join(map(repr, shared)),
            f"begin with the same token {tokenizer.convert_ids_to_tokens(token)!r}",
        )
        for token, shared in by_first.items()
        if len(shared) > 1
    ]
    if faults:
        raise ClassifierError(
            "label words cannot be told apart by their first token",
            hint='choose words that begin differently, such as labels=("0", "1", "2")',
            faults=faults,
        )
