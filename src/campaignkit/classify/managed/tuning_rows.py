"""Rows as the service reads and answers them: conversations to learn from, requests, responses."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from campaignkit.classify.answers import ModelAnswers, Said, label_words, listed_words
from campaignkit.classify.encoding import own_labels
from campaignkit.classify.labels import read_labels
from campaignkit.classify.texts import prompt_texts
from campaignkit.dataset.text import PromptTemplate, prompt_template
from campaignkit.errors import ClassifierError, Fault
from campaignkit.store import atomic_file, digest_file

_SHOWN = 5
_LETTERS = 400_000  # of a prompt: above the 131,072 tokens an example may have, whatever the text
_LEAST = 1e-6  # a label that is not among the candidates is at least so probable


def sendable_texts(records: Any, style: int | str | PromptTemplate) -> list[str]:
    """The prompts of campaigns.

    Raises
    ------
    ClassifierError
        If there is none, one is blank, or too long to be sent.
    """
    texts = prompt_texts(records, style=style)
    long = [row for row, text in enumerate(texts) if len(text) > _LETTERS]
    if long:
        raise ClassifierError(
            f"{len(long):,} of {len(texts):,} prompts cannot be sent",
            faults=[
                Fault(f"row {row}", f"more than {_LETTERS:,} letters") for row in long[:_SHOWN]
            ],
        )
    return texts


def write_tuning_file(
    path: Path,
    X: Any,
    y: Any = None,
    *,
    style: int | str | PromptTemplate = 3,
    labels: Mapping[Any, str] | Sequence[str] | None = None,
    system: str = "",
    words: dict[Any, str] | None = None,
) -> str:
    """Write prompts with the answers they should get, a conversation a line; gives its digest.

    Parameters
    ----------
    path : Path
        The file, written whole or not at all.
    X : campaigns, or whole prompts
    y : sequence, optional
        One label per row. Without it the labels that `X` brings.
    style : int, str or PromptTemplate
        The prompt that campaigns are written into.
    labels : mapping of label to word, or sequence of words, optional
        What the model is to say for each label; by default what the prompt asks for.
    system : str
        A system instruction for every line.
    words : dict, optional
        Of training rows, by label: filled where it is empty, else what rows may contain.

    Raises
    ------
    ClassifierError
        With every blank or over-long prompt, a label without a word, and of training rows a word
        without a row.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "train.jsonl")
    ...     digest = write_tuning_file(path, ["a", "b", "c"], ["neg", "avg", "pos"])
    ...     print(path.read_text().splitlines()[0])
    {"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"0"}]}]}
    """
    texts = sendable_texts(X, style)
    told = read_labels(own_labels(X) if y is None else y).tolist()
    if len(texts) != len(told):
        raise ClassifierError(f"labels: {len(told):,} for {len(texts):,} texts")
    words = {} if words is None else words
    if not words:
        given = labels or prompt_template(style).label_texts
        offered = checked_words(given)
        words |= label_words(given, np.unique(told).tolist())
        absent = [word for word in offered if word not in words.values()]
        if absent:
            raise ClassifierError(
                f"labels: no row is {' or '.join(absent)}", hint="give rows of all"
            )
    strange = [label for label in told if label not in words]
    if strange:
        raise ClassifierError(f"labels: {strange[0]!r} is in no training row")
    rows = zip(texts, told, strict=True)
    lines = _lines(_asked(system, _turn("user", t), _turn("model", words[w])) for t, w in rows)
    with atomic_file(path) as partial:
        partial.write_bytes(lines)
    return digest_file(path)


def checked_words(given: Mapping[Any, str] | Sequence[str]) -> list[str]:
    """What the model says for the labels.

    Raises
    ------
    ClassifierError
        If there are no two different texts, or one is the beginning of another.
    """
    said = listed_words(given)
    # In order, what begins with a text follows it at once.
    if any(b.startswith(a) for a, b in pairwise(sorted(said))):
        raise ClassifierError(
            f"labels are {given!r}; expected two words or more, none the beginning of another",
            hint='labels=("0", "1", "2")',
        )
    return said


def write_requests(texts: Sequence[str], system: str, options: dict[str, Any]) -> bytes:
    """The requests of each different prompt, as JSON lines.

    Examples
    --------
    >>> write_requests(["a", "a"], "", {"temperature": 0.0}).count(b"\\n")
    1
    """
    asked = (_asked(system, _turn("user", text)) for text in dict.fromkeys(texts))
    return _lines({"request": {**request, "generationConfig": options}} for request in asked)


def read_responses(
    texts: Sequence[str], files: Sequence[bytes], words: Mapping[Any, str]
) -> ModelAnswers:
    """The answers in the order of the prompts; each is found by its prompt's text.

    Raises
    ------
    ClassifierError
        If a line is no answer. Prompts without one are failures, listed in the result.

    Examples
    --------
    >>> line = {"request": {"contents": [{"role": "user", "parts": [{"text": "a"}]}]},
    ...         "response": {"candidates": [{"content": {"parts": [{"text": "2"}]}}]}}
    >>> read_responses(["a", "b"], [json.dumps(line).encode()], {"pos": "2"}).labels
    ('pos', None)
    """
    found: dict[str, Said] = {}
    faults = []
    for number, line in enumerate(b"\n".join(files).split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            text = told["request"]["contents"][0]["parts"][0]["text"]
            failed = str(told.get("status") or "")[:200]
            read = (None, None, failed) if failed else read_response(told["response"], words)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            faults.append(Fault(f"line {number}", "is not an answer to a request"))
            continue
        if found.get(text, (None,))[0] is None:
            found[text] = read
    if faults:
        raise ClassifierError("batch answers that cannot be read", faults=faults)
    nothing = (None, None, "no answer came")
    return ModelAnswers.gather([found.get(text, nothing) for text in texts], len(words))


def read_response(response: dict[str, Any], words: Mapping[Any, str]) -> Said:
    """Label, probabilities and what is wrong, of a response as JSON.

    Examples
    --------
    >>> told = {"candidates": [{"content": {"parts": [{"text": " 2 "}]}}]}
    >>> read_response(told, {"neg": "0", "pos": "2"})
    ('pos', None, '')
    """
    first = (response.get("candidates") or [{}])[0]
    parts = (first.get("content") or {}).get("parts") or []
    text = "".join(part.get("text") or "" for part in parts if not part.get("thought")).strip()
    for label, word in words.items():
        if text == word:
            return label, _shares(first, list(words.values())), ""
    ended = first.get("finishReason") or "no candidate"
    return None, None, f"answered {text[:60]!r}" if text else f"no answer ({ended})"


def _shares(candidate: dict[str, Any], answers: Sequence[str]) -> list[float] | None:
    """Probabilities of the answers, from what the first token might have been."""
    steps = (candidate.get("logprobsResult") or {}).get("topCandidates") or [{}]
    masses, total = [0.0] * len(answers), 0.0
    for token in steps[0].get("candidates") or []:
        share = math.exp(min(float(token.get("logProbability", -math.inf)), 0.0))
        total += share
        text = str(token.get("token") or "").strip()
        named = [i for i, answer in enumerate(answers) if text and answer.startswith(text)]
        if len(named) == 1:
            masses[named[0]] += share
    if not any(masses):
        return None
    # What the candidates leave over may hold the labels that are not among them.
    rest = (1 - total) / max(masses.count(0), 1)
    left = max(_LEAST, min(rest, *filter(None, masses)))
    masses = [mass or left for mass in masses]
    return [mass / sum(masses) for mass in masses]


def _asked(system: str, *turns: dict[str, Any]) -> dict[str, Any]:
    first = {"systemInstruction": _turn("system", system)} if system else {}
    return {**first, "contents": list(turns)}


def _turn(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": text}]}


def _lines(values: Iterable[dict[str, Any]]) -> bytes:
    told = (json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values)
    return "".join(f"{line}\n" for line in told).encode()
