"""Rows as the service reads and answers them: conversations to learn from, requests, responses."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from campaignkit.classify.answers import ModelAnswers, Said
from campaignkit.classify.labels import LABELS, label_codes
from campaignkit.classify.texts import prompt_texts
from campaignkit.dataset.text import PromptTemplate
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
    records: Any,
    labels: Any,
    *,
    style: int | str | PromptTemplate = 3,
    answers: Sequence[str] = ("0", "1", "2"),
    system: str = "",
    is_training: bool = True,
) -> str:
    """Write prompts with the answers they should get, a conversation a line; gives its digest.

    Parameters
    ----------
    path : Path
        The file, written whole or not at all.
    records : campaigns, or whole prompts
    labels : sequence
        neg, avg, pos, or 0, 1, 2, or the published words.
    style : int, str or PromptTemplate
        The prompt that campaigns are written into.
    answers : (str, str, str)
        What the model is to say for neg, avg and pos.
    system : str
        A system instruction for every line.
    is_training : bool
        Whether every label must be there.

    Raises
    ------
    ClassifierError
        With every blank or over-long prompt and a label without a row.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "train.jsonl")
    ...     digest = write_tuning_file(path, ["a", "b", "c"], ["neg", "avg", "pos"])
    ...     print(path.read_text().splitlines()[0])
    {"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"0"}]}]}
    """
    said, codes = checked_answers(answers), label_codes(labels).tolist()
    texts = sendable_texts(records, style)
    absent = [name for i, name in enumerate(LABELS) if i not in codes]
    if len(texts) != len(codes):
        raise ClassifierError(f"labels: {len(codes):,} for {len(texts):,} texts")
    if is_training and absent:
        raise ClassifierError(
            f"labels: no row is {' or '.join(absent)}", hint="give rows of all three"
        )
    rows = zip(texts, codes, strict=True)
    lines = _lines(_asked(system, _turn("user", t), _turn("model", said[c])) for t, c in rows)
    with atomic_file(path) as partial:
        partial.write_bytes(lines)
    return digest_file(path)


def checked_answers(answers: Sequence[str]) -> tuple[str, ...]:
    """What the model says for neg, avg and pos.

    Raises
    ------
    ClassifierError
        If there are not three different texts, or one is the beginning of another.
    """
    is_list = not isinstance(answers, str) and all(isinstance(word, str) for word in answers)
    said = tuple(word.strip() for word in answers) if is_list else ()
    # In order, what begins with a text follows it at once.
    if len(said) != 3 or any(two.startswith(one) for one, two in pairwise(sorted(said))):
        raise ClassifierError(
            f"answers are {answers!r}; expected three texts for neg, avg, pos, "
            "none the beginning of another",
            hint='answers=("0", "1", "2")',
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
    texts: Sequence[str], files: Sequence[bytes], answers: Sequence[str]
) -> ModelAnswers:
    """The answers in the order of the prompts; each is found by its prompt's text.

    Raises
    ------
    ClassifierError
        If a line is no answer. Prompts without one are failures, told in the result.

    Examples
    --------
    >>> line = {"request": {"contents": [{"role": "user", "parts": [{"text": "a"}]}]},
    ...         "response": {"candidates": [{"content": {"parts": [{"text": "2"}]}}]}}
    >>> read_responses(["a", "b"], [json.dumps(line).encode()], ("0", "1", "2")).labels
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
            read = (None, None, failed) if failed else read_response(told["response"], answers)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            faults.append(Fault(f"line {number}", "is no answer to a request"))
            continue
        if found.get(text, (None,))[0] is None:
            found[text] = read
    if faults:
        raise ClassifierError("batch answers that cannot be read", faults=faults)
    nothing = (None, None, "no answer came")
    return ModelAnswers.gather([found.get(text, nothing) for text in texts], len(answers))


def read_response(response: dict[str, Any], answers: Sequence[str]) -> Said:
    """Label, probabilities and what is wrong, of a response as JSON.

    Examples
    --------
    >>> told = {"candidates": [{"content": {"parts": [{"text": " 2\\n"}]}}]}
    >>> read_response(told, ("0", "1", "2"))
    ('pos', None, '')
    """
    first = (response.get("candidates") or [{}])[0]
    parts = (first.get("content") or {}).get("parts") or []
    text = "".join(part.get("text") or "" for part in parts if not part.get("thought")).strip()
    if text in answers:
        return LABELS[list(answers).index(text)], _shares(first, answers), ""
    ended = first.get("finishReason") or "no candidate"
    return None, None, f"said {text[:60]!r}" if text else f"said nothing ({ended})"


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
