"""A tuned model's answers as labels and probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.labels import LABELS
from campaignkit.errors import ClassifierError, Fault

_SHOWN = 10
_LEAST = 1e-6  # a label that is not among the candidates is at least so probable


@dataclass(frozen=True, eq=False)
class ManagedAnswers:
    """One answer a prompt.

    Attributes
    ----------
    labels : tuple of str or None
        neg, avg or pos; None where the answer was none of the three.
    probabilities : float64[rows, 3] or None
        From the first token's candidates; None where the service gave none.
    failures : dict of int to str
        Rows without a label, and what came instead.

    Examples
    --------
    >>> ManagedAnswers(("pos", None), None, {1: "said 'maybe'"}).num_failed
    1
    """

    labels: tuple[str | None, ...]
    probabilities: NDArray[np.float64] | None = None
    failures: dict[int, str] = field(default_factory=dict)

    @property
    def num_failed(self) -> int:
        """Rows without a label."""
        return len(self.failures)

    def complete_labels(self) -> NDArray[np.str_]:
        """str[rows], where every row has one.

        Raises
        ------
        ClassifierError
            With the rows that have none.
        """
        self._refuse_failures()
        return np.array(self.labels, dtype=np.str_)

    def complete_probabilities(self) -> NDArray[np.float64]:
        """float64[rows, 3], where every row has them.

        Raises
        ------
        ClassifierError
            If rows failed, or the service gave no probabilities.
        """
        self._refuse_failures()
        if self.probabilities is None or not np.isfinite(self.probabilities).all():
            raise ClassifierError(
                "the service gave no log-probabilities for some answers",
                hint="use predict, or a model that supports response_logprobs",
            )
        return self.probabilities

    def _refuse_failures(self) -> None:
        if self.failures:
            rows = sorted(self.failures)
            raise ClassifierError(
                f"{len(rows):,} of {len(self.labels):,} prompts have no label",
                hint="ask these again, or take ManagedAnswers as they are",
                faults=[Fault(f"texts[{row}]", self.failures[row]) for row in rows[:_SHOWN]],
            )


def gather_answers(read: Sequence[tuple[str | None, list[float] | None, str]]) -> ManagedAnswers:
    """The answers of rows that were read one by one."""
    shares = [row[1] for row in read]
    table = None
    if any(share is not None for share in shares):
        table = np.array([share or [math.nan] * 3 for share in shares], np.float64)
    failures = {i: why for i, (label, _, why) in enumerate(read) if label is None}
    return ManagedAnswers(tuple(row[0] for row in read), table, failures)


def read_answer(
    response: Any, answers: Sequence[str]
) -> tuple[str | None, list[float] | None, str]:
    """Label, probabilities and what is wrong, of a response as JSON.

    Examples
    --------
    >>> told = {"candidates": [{"content": {"parts": [{"text": " 2\\n"}]}}]}
    >>> read_answer(told, ("0", "1", "2"))
    ('pos', None, '')
    """
    candidates = response.get("candidates") if isinstance(response, dict) else None
    first = candidates[0] if isinstance(candidates, list) and candidates else {}
    content = first.get("content") or {}
    parts = content.get("parts") or []
    text = "".join(part.get("text") or "" for part in parts if not part.get("thought")).strip()
    label = _label_of(text, answers)
    if label is None:
        ended = first.get("finishReason") or first.get("finish_reason") or "no candidate"
        return None, None, f"said {text[:60]!r}" if text else f"said nothing ({ended})"
    return label, _shares(first, answers), ""


def _label_of(text: str, answers: Sequence[str]) -> str | None:
    for label, answer in zip(LABELS, answers, strict=True):
        if text == answer:
            return label
    return None


def _shares(candidate: dict[str, Any], answers: Sequence[str]) -> list[float] | None:
    """Probabilities of the three answers, from what the first token might have been."""
    result = candidate.get("logprobsResult") or candidate.get("logprobs_result") or {}
    steps = result.get("topCandidates") or result.get("top_candidates") or []
    tokens = (steps[0].get("candidates") or []) if steps else []
    masses, total = [0.0] * 3, 0.0
    for token in tokens:
        log_share = token.get("logProbability", token.get("log_probability"))
        if log_share is None:
            continue
        share = math.exp(min(float(log_share), 0.0))
        total += share
        text = str(token.get("token") or "").strip()
        named = [i for i, answer in enumerate(answers) if text and answer.startswith(text)]
        if len(named) == 1:
            masses[named[0]] += share
    if not any(masses):
        return None
    # What the candidates leave over may hold the labels that are not among them.
    missing = [i for i, mass in enumerate(masses) if mass == 0]
    least = min(mass for mass in masses if mass)
    for i in missing:
        masses[i] = max(_LEAST, min((1 - total) / len(missing), least))
    whole = sum(masses)
    return [mass / whole for mass in masses]
