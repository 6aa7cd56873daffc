"""The one thing a language model must be able to do here."""

from __future__ import annotations

from typing import Protocol, TypeVar

from campaignkit.llm.prompt import Prompt
from campaignkit.llm.reply import Reply

T = TypeVar("T")


class ChatModel(Protocol):
    """Answers a prompt with a value of the type asked for.

    A model sends at most one request an `ask` and never tries again by itself:
    :class:`campaignkit.llm.Account` does, so that no call escapes the budget. Bring your own with
    these two members; :func:`campaignkit.llm.parse_reply` turns a reply's text into the value.

    Attributes
    ----------
    name : str
        Names the model in the ledger, the price table and the cache. Two models that may answer
        differently need different names, or an ``identity`` (str) beside it.

    Notes
    -----
    `ask` is called from several threads at once. A model may also have
    ``async def ask_async(prompt, reply_type)``, which is then used instead.

    Examples
    --------
    >>> from campaignkit.llm import parse_reply, Usage
    >>> class Echo:
    ...     name = "echo"
    ...
    ...     def ask(self, prompt, reply_type):
    ...         text = '["' + prompt.user + '"]'
    ...         return Reply(parse_reply(text, reply_type), text, Usage.of_text(prompt.text, text))
    >>> Echo().ask(Prompt("hello"), list[str]).value
    ['hello']
    """

    @property
    def name(self) -> str:
        """Names the model in the ledger, the price table and the cache."""

    def ask(self, prompt: Prompt, reply_type: type[T]) -> Reply[T]:
        """Send the prompt once.

        Raises
        ------
        campaignkit.llm.CallError
            One of its kinds, and nothing of the vendor's own.
        """
