"""What the tests of accounts share: a clock that does not wait, and models that fail on plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from campaignkit.llm import CallError, Prompt, Request, ScriptedModel


class FreeClock:
    """Time passes at once; what was waited is kept."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.waits.append(seconds)


Plan = Callable[[str], Sequence[CallError | str]]


class Planned:
    """Answers each prompt after the failures planned for it; counts what was asked."""

    def __init__(self, failures: Plan = lambda _: ()) -> None:
        self.asked: Counter[str] = Counter()
        self._failures = failures
        self._lock = Lock()
        self.model = ScriptedModel(self._answer)

    def _answer(self, prompt: Prompt, schema: dict[str, Any]) -> str:
        with self._lock:
            times = self.asked[prompt.user]
            self.asked[prompt.user] += 1
        plan = self._failures(prompt.user)
        if times < len(plan):
            step = plan[times]
            if isinstance(step, CallError):
                raise step
            return step
        return answer_to(prompt.user)


def answer_to(text: str) -> str:
    return f'{{"{text}": {len(text)}}}'


def asking(*texts: str, stage: str = "demo") -> list[Request]:
    return [Request(Prompt(text), dict[str, int], stage) for text in texts]
