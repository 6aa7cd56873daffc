"""Batch prediction files: a request a line, and answers in any order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from campaignkit.classify.managed.answers import ManagedAnswers, gather_answers, read_answer
from campaignkit.errors import ClassifierError, Fault

_NAMES = {
    "temperature": "temperature",
    "max_output_tokens": "maxOutputTokens",
    "response_logprobs": "responseLogprobs",
    "logprobs": "logprobs",
    "thinking_config": "thinkingConfig",
}


def write_batch(texts: Sequence[str], config: dict[str, Any]) -> bytes:
    """The requests of each different prompt, as JSON lines.

    Examples
    --------
    >>> write_batch(["a", "a"], {"temperature": 0.0}).count(b"\\n")
    1
    """
    system = config.get("system_instruction")
    options = {theirs: config[ours] for ours, theirs in _NAMES.items() if ours in config}
    if thinking := options.get("thinkingConfig"):
        options["thinkingConfig"] = {"thinkingBudget": thinking["thinking_budget"]}
    lines = []
    for text in dict.fromkeys(texts):
        request: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
        if system:
            request["systemInstruction"] = {"parts": [{"text": system}]}
        request["generationConfig"] = options
        lines.append(json.dumps({"request": request}, ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode()


def read_batch(
    texts: Sequence[str], files: Sequence[bytes], answers: Sequence[str]
) -> ManagedAnswers:
    """The answers in the order of the prompts; each is found by its prompt's text.

    Raises
    ------
    ClassifierError
        If a line is no answer. Prompts without one are failures, told in the result.

    Examples
    --------
    >>> line = {"request": {"contents": [{"role": "user", "parts": [{"text": "a"}]}]},
    ...         "response": {"candidates": [{"content": {"parts": [{"text": "2"}]}}]}}
    >>> read_batch(["a", "b"], [json.dumps(line).encode()], ("0", "1", "2")).labels
    ('pos', None)
    """
    found: dict[str, tuple[str | None, list[float] | None, str]] = {}
    faults = []
    for part, data in enumerate(files, start=1):
        for number, line in enumerate(data.split(b"\n"), start=1):
            if not line.strip():
                continue
            try:
                told = json.loads(line)
                text = told["request"]["contents"][0]["parts"][0]["text"]
                failed = told.get("status") or ""
                response = told.get("response") or {}
                read = (
                    (None, None, str(failed)[:200]) if failed else read_answer(response, answers)
                )
            except (ValueError, KeyError, IndexError, TypeError, AttributeError):
                faults.append(Fault(f"answers {part}:{number}", "is no answer to a request"))
                continue
            if text not in found or found[text][0] is None:
                found[text] = read
    if faults:
        raise ClassifierError("batch answers that cannot be read", faults=faults)
    nothing = (None, None, "no answer came")
    return gather_answers([found.get(text, nothing) for text in texts])


def _read(
    told: dict[str, Any], answers: Sequence[str]
) -> tuple[str | None, list[float] | None, str]:
    if failed := told.get("status"):
        return None, None, str(failed)[:200]
    return read_answer(told.get("response") or {}, answers)
