"""The answers of a language model for each row, as labels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.labels import LABELS, label_codes, read_labels
from campaignkit.dataset.text import PromptTemplate, prompt_template
from campaignkit.errors import ClassifierError, Fault

_SHOWN = 10

Said = tuple[Any, list[float] | None, str]  # label, probabilities, what is wrong


@dataclass(frozen=True, eq=False)
class ModelAnswers:
    """One answer a row.

    Attributes
    ----------
    labels : tuple of label or None
        None where the answer was no label.
    probabilities : float64[rows, labels] or None
        None where the service gave none; a row of NaN where it gave none for a row.
    failures : dict of int to str
        Rows without a label, and what came instead.

    Examples
    --------
    >>> ModelAnswers(("pos", None), failures={1: "said 'maybe'"}).num_failed
    1
    """

    labels: tuple[Any, ...]
    probabilities: NDArray[np.float64] | None = None
    failures: dict[int, str] = field(default_factory=dict)

    @classmethod
    def gather(cls, said: Sequence[Said], num_labels: int) -> ModelAnswers:
        """The answers of rows that were read one by one."""
        shares = None
        if any(given is not None for _, given, _ in said):
            unknown = [math.nan] * num_labels
            shares = np.array([given or unknown for _, given, _ in said], np.float64)
        failures = {row: why for row, (label, _, why) in enumerate(said) if label is None}
        return cls(tuple(label for label, _, _ in said), shares, failures)

    @property
    def num_failed(self) -> int:
        """Rows without a label."""
        return len(self.failures)

    def complete_labels(self) -> NDArray[Any]:
        """The labels, where every row has one.

        Raises
        ------
        ClassifierError
            With what came instead of a label, and in which rows.
        """
        rows_of: dict[str, list[int]] = {}
        for row in sorted(self.failures):
            rows_of.setdefault(self.failures[row], []).append(row)
        if rows_of:
            raise ClassifierError(
                f"{self.num_failed:,} of {len(self.labels):,} rows got no label",
                hint="ask these again, or take the answers as they are: ask(...)",
                faults=[
                    Fault(f"row {row}" + (f" and {len(more):,} more" if more else ""), why)
                    for why, (row, *more) in list(rows_of.items())[:_SHOWN]
                ],
            )
        return np.array(self.labels)

    def complete_probabilities(self) -> NDArray[np.float64]:
        """float64[rows, labels], where every row has them.

        Raises
        ------
        ClassifierError
            If rows failed, or the service gave no probabilities.
        """
        self.complete_labels()
        if self.probabilities is None or not np.isfinite(self.probabilities).all():
            raise ClassifierError(
                "the service gave no log-probabilities for some answers",
                hint="use predict, or a model that supports response_logprobs",
            )
        return self.probabilities


def label_words(
    given: Mapping[Any, str] | Sequence[str], classes: Sequence[Any]
) -> dict[Any, str]:
    """What a model says for each label.

    Parameters
    ----------
    given : mapping of label to word, or sequence of words
        Three words alone stand for neg, avg and pos, in any of their writings; other words alone
        are the labels themselves.
    classes : sequence
        The labels.

    Raises
    ------
    ClassifierError
        If no word is known for a label, two labels share one, or `given` contains no words.

    Examples
    --------
    >>> label_words(("0", "1", "2"), ["avg", "pos"]), label_words(("low", "high"), ["high"])
    ({'avg': '1', 'pos': '2'}, {'high': 'high'})
    """
    words, listed = given if isinstance(given, Mapping) else {}, listed_words(given)
    told = {label: words.get(label, _word_of(label, listed)) for label in classes}
    absent = [repr(label) for label, word in told.items() if not word]
    if absent or len({*told.values()}) < len(told):
        what = f"no word is known for {', '.join(absent)}" if absent else "two labels share a word"
        raise ClassifierError(
            f"{what}; words are {', '.join(map(repr, listed))}",
            hint="map each label to its word: labels={"
            f"{', '.join(f'{label!r}: ...' for label in classes[:_SHOWN])}}}; words alone are the "
            "labels themselves, or three for neg, avg and pos",
        )
    return told


def words_to_say(
    labels: Mapping[Any, str] | Sequence[str] | None,
    style: int | str | PromptTemplate,
    classes: Sequence[Any] | None = None,
) -> dict[Any, str]:
    """What a model says for each label: the words of a setting `labels`, or those of a style.

    Parameters
    ----------
    labels : mapping of label to word, or sequence of words, optional
        By default the words that the prompts of `style` ask for.
    style : int, str or PromptTemplate
    classes : sequence, optional
        The labels; by default all that the words are of, sorted.

    Raises
    ------
    ClassifierError
        As :func:`label_words`.

    Examples
    --------
    >>> words_to_say(None, 3)
    {'avg': '1', 'neg': '0', 'pos': '2'}
    """
    given = prompt_template(style).label_texts if labels is None else labels
    if classes is None:
        are_own = isinstance(given, Mapping) or len(listed_words(given)) != len(LABELS)
        classes = np.unique(read_labels(list(given) if are_own else list(LABELS))).tolist()
    return label_words(given, classes)


def listed_words(given: Any) -> list[str]:
    """The words in a setting `labels`, which may be anything.

    Raises
    ------
    ClassifierError
        If it is no mapping to words and no sequence of them, or contains less than two.

    Examples
    --------
    >>> listed_words({"no": "0", "yes": "1"})
    ['0', '1']
    """
    found = given.values() if isinstance(given, Mapping) else given
    listed = list(found) if isinstance(found, Iterable) and not isinstance(found, str) else []
    if len(listed) < 2 or not all(isinstance(one, str) and one.strip() for one in listed):
        raise ClassifierError(
            f"labels are {given!r:.80}; expected words, at least two and none of them empty, such "
            "as ('0', '1', '2'), or a mapping of label to word"
        )
    return listed


def _word_of(label: Any, words: Sequence[str]) -> str:
    if str(label) in words:
        return str(label)
    try:
        return words[int(label_codes([label])[0])] if len(words) == len(LABELS) else ""
    except ClassifierError:
        return ""
