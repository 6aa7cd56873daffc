"""The file a tuning job learns from: a conversation a line, as the service wants it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from campaignkit.classify.labels import LABELS, label_codes
from campaignkit.errors import ClassifierError, Fault
from campaignkit.store import atomic_file, digest_file

_SHOWN = 5
_LETTERS = 400_000  # of a prompt: above the 131,072 tokens an example may have, whatever the text


@dataclass(frozen=True)
class TuningFile:
    """A file that was written.

    Attributes
    ----------
    path : Path
    digest : str
        ``"sha256:..."`` of the file.
    num_examples, num_letters : int
        Lines, and letters of prompts and answers together.

    Examples
    --------
    >>> TuningFile(Path("train.jsonl"), "sha256:0", 2, 20).num_examples
    2
    """

    path: Path
    digest: str
    num_examples: int
    num_letters: int


def write_tuning_file(
    path: Path,
    texts: Sequence[str],
    labels: Any,
    *,
    answers: Sequence[str] = ("0", "1", "2"),
    system: str = "",
    is_training: bool = True,
) -> TuningFile:
    """Write prompts with the answers they should get.

    Parameters
    ----------
    path : Path
        The file, written whole or not at all.
    texts : sequence of str
        Whole prompts.
    labels : sequence
        neg, avg, pos, or 0, 1, 2, or the published words.
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
    ...     file = write_tuning_file(
    ...         Path(folder, "train.jsonl"), ["a", "b", "c"], ["neg", "avg", "pos"])
    ...     print(file.path.read_text().splitlines()[0])
    {"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"0"}]}]}
    """
    said = checked_answers(answers)
    codes = label_codes(labels)
    rows = checked_texts(texts)
    faults = []
    if len(rows) != len(codes):
        faults.append(Fault("labels", f"{len(codes):,} for {len(rows):,} texts"))
    absent = [name for i, name in enumerate(LABELS) if not (codes == i).any()]
    if is_training and absent:
        faults.append(
            Fault("labels", f"no row is {' or '.join(absent)}", "give rows of all three")
        )
    if faults:
        raise ClassifierError("rows that cannot be tuned on", faults=faults)
    letters = 0
    with atomic_file(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        for text, code in zip(rows, codes.tolist(), strict=True):
            line: dict[str, Any] = {}
            if system:
                line["systemInstruction"] = {"role": "system", "parts": [{"text": system}]}
            line["contents"] = [_turn("user", text), _turn("model", said[code])]
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
            letters += len(text) + len(said[code]) + len(system)
    return TuningFile(path, digest_file(path), len(rows), letters)


def checked_texts(texts: Any) -> list[str]:
    """The prompts as a list, or all that is wrong with them.

    Raises
    ------
    ClassifierError
        If they are no list of texts, or one is blank or too long.
    """
    if isinstance(texts, str | bytes) or not hasattr(texts, "__len__"):
        raise ClassifierError(f"texts are {type(texts).__name__}; expected a prompt a row")
    rows = list(texts.tolist() if isinstance(texts, np.ndarray) else texts)
    faults = []
    problems = {
        "is no text": [i for i, t in enumerate(rows) if not isinstance(t, str)],
        "is blank": [i for i, t in enumerate(rows) if isinstance(t, str) and not t.strip()],
        f"has more than {_LETTERS:,} letters": [
            i for i, t in enumerate(rows) if isinstance(t, str) and len(t) > _LETTERS
        ],
    }
    for problem, found in problems.items():
        faults += [Fault(f"texts[{i}]", problem) for i in found[:_SHOWN]]
        if len(found) > _SHOWN:
            faults.append(Fault("texts", f"{len(found) - _SHOWN:,} more: each {problem}"))
    if not rows:
        faults.append(Fault("texts", "are none", "give one or more"))
    if faults:
        raise ClassifierError("prompts that cannot be sent", faults=faults)
    return rows


def checked_answers(answers: Sequence[str]) -> tuple[str, str, str]:
    """What the model says for neg, avg and pos.

    Raises
    ------
    ClassifierError
        If there are not three different texts, or one is the beginning of another.
    """
    said = tuple(answers)
    is_right = not isinstance(answers, str) and len(said) == 3
    is_right = is_right and all(isinstance(word, str) and word.strip() for word in said)
    if is_right:
        pairs = [(one, two) for i, one in enumerate(said) for j, two in enumerate(said) if i != j]
        is_right = not any(two.strip().startswith(one.strip()) for one, two in pairs)
        said = tuple(word.strip() for word in said)
    if not is_right:
        raise ClassifierError(
            f"answers are {answers!r}; expected three texts for neg, avg, pos, "
            "none the beginning of another",
            hint='answers=("0", "1", "2")',
        )
    return said[0], said[1], said[2]


def _turn(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": text}]}
