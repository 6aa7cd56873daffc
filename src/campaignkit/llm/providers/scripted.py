"""A chat model whose answers are a function: for tests, rehearsals and replies of your own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from campaignkit.checks import takes
from campaignkit.errors import ModelError, SettingError
from campaignkit.llm.chat_model import Prompt, Reply, Usage, identity_of
from campaignkit.llm.replies import parse_reply, schema_of

T = TypeVar("T")


class ScriptedModel:
    """Answers through a function of the prompt and the reply's JSON schema.

    It is a real :class:`ChatModel`: its text is parsed and validated like any other, and the
    function may raise any kind of :class:`campaignkit.llm.CallError`.

    Parameters
    ----------
    answer : callable
        ``(prompt, schema) -> text``; called from several threads at once.
    name : str
        In the ledger, the price table and the cache.

    Raises
    ------
    SettingError
        If `answer` takes no two arguments. What it gives later and is no text is a `ModelError`.

    Examples
    --------
    >>> model = ScriptedModel(lambda prompt, schema: '{"1": 1, "2": -1}')
    >>> model.ask(Prompt("Do they suit each other?"), dict[str, int]).value
    {'1': 1, '2': -1}
    """

    def __init__(
        self, answer: Callable[[Prompt, dict[str, Any]], str], *, name: str = "scripted"
    ) -> None:
        if not takes(answer, 2):
            raise SettingError(
                f"answer is {answer!r:.60}; expected a function of two arguments",
                hint="(prompt, schema) -> text",
            )
        self._answer = answer
        self.name = identity_of(name, None)

    def __repr__(self) -> str:
        return f"ScriptedModel(name={self.name!r})"

    def ask(self, prompt: Prompt, reply_type: type[T]) -> Reply[T]:
        """Answer by the function; tokens are estimated from the bytes."""
        text: object = self._answer(prompt, schema_of(reply_type))
        if not isinstance(text, str):
            raise ModelError(
                f"the function of {self!r} gave a {type(text).__name__}; expected text",
                hint="JSON is given as text: json.dumps(...)",
            )
        usage = Usage.of_text(prompt.text, text)
        return Reply(parse_reply(text, reply_type, usage=usage), text, usage)
