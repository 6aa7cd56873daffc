"""Replies that answer numbered items: one form, and one loop that asks again for what is missing.

A prompt shows items as ``"[1]": ..., "[2]": ...``; the reply is one JSON object whose keys are
those numbers. A reply that lacks one key of 25 is a good reply for the other 24, and that one
alone is asked again.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, filterfalse
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, WithJsonSchema

from campaignkit.llm.chat_model import CallFailed, Reply, Request

Item = TypeVar("Item", bound=Hashable)
Value = TypeVar("Value")
Ask = Callable[[Sequence[Request]], "Sequence[Reply[Any] | CallFailed]"]  # Any: JSON values
BUDGET_SPENT = "the budget was spent before it was asked"
_CHUNK = 1000  # calls whose prompts are held at a time
_FIRST_LOOK = 8  # calls that are read before the rest is sent
_TOO_MANY_UNREAD = 40  # answers of which not one can be read: the next ones cannot either
_SHOWN = 60  # characters of an answer that was none
_LONGEST_KEY = 9  # digits; no prompt numbers a thousand million items


@dataclass(frozen=True, slots=True)
class NumberedAnswer(Generic[Item, Value]):
    """One answer that could be read.

    Attributes
    ----------
    item : hashable
        What it is about.
    value : object
        As `read` gave it.
    place : float
        Where in its call the item stood, in [0, 1].
    """

    item: Item
    value: Value
    place: float


@dataclass(frozen=True, slots=True)
class NumberedAnswers(Generic[Item, Value]):
    """What came of asking about numbered items.

    Attributes
    ----------
    answers : list of NumberedAnswer
        In the order read.
    failures : dict of item to str
        Why the others have none; items that are only asked once are not in it.
    """

    answers: list[NumberedAnswer[Item, Value]] = field(default_factory=list)
    failures: dict[Item, str] = field(default_factory=dict)

    @property
    def values(self) -> dict[Item, Value]:
        """The last answer about each item."""
        return {answer.item: answer.value for answer in self.answers}

    def _take(
        self,
        call: Sequence[Item],
        reply: Reply[Any] | CallFailed,  # Any: JSON values
        read: Callable[[Item, object], Value | None],
        asked: int,
    ) -> list[Item]:
        """Take what a reply answers; the items that are to be asked again."""
        if isinstance(reply, CallFailed):
            why = BUDGET_SPENT if reply.reason == "budget" else f"{reply.reason}: {reply.message}"
            self.failures.update(dict.fromkeys(call, why))
            # A reply that never had the right form may have it for other companions.
            return list(call) if reply.reason == "malformed" else []
        missing = []
        numbers = read_numbers(reply.value)
        for at, item in enumerate(call):
            value = read(item, numbers[at + 1]) if at + 1 in numbers else None
            if value is not None:
                self.answers.append(NumberedAnswer(item, value, at / max(1, len(call) - 1)))
                self.failures.pop(item, None)
            else:
                missing.append(item)
                said = repr(numbers[at + 1])[:_SHOWN] if at + 1 in numbers else "no answer"
                self.failures[item] = f"no valid answer, asked {asked} times: {said}"
        return missing

    def _give_up(self, unread: list[Item], items: Iterable[Item]) -> None:
        """Warn, and let every item fail that was not asked about yet."""
        why = f"not one of the first {len(unread)} answers can be read"
        warnings.warn(
            f"{why}, so no more are asked for; the last: {self.failures[unread[-1]]}. Let the "
            "prompt explain how to answer, or read the model's replies",
            stacklevel=3,
        )
        for item in items:
            self.failures.setdefault(item, f"not asked: {why}")


def numbered_reply(num_items: int, item: dict[str, Any]) -> Any:  # a type that pydantic reads
    """The reply type in which each of so many items has an answer of this JSON schema.

    The service is given a schema that requires every key; what is accepted is any JSON object that
    has one of them.

    Examples
    --------
    >>> from campaignkit.llm import parse_reply, schema_of
    >>> form = numbered_reply(2, {"type": "string"})
    >>> schema_of(form)["required"], parse_reply('{"1": "yes"}', form)
    (['1', '2'], {'1': 'yes'})
    """
    return _form(num_items, json.dumps(item, sort_keys=True))


def read_numbers(reply: dict[str, Any]) -> dict[int, Any]:
    """The answers by number, in brackets or not.

    What is no number is left out, and so is a number that is given two answers that differ.

    Examples
    --------
    >>> read_numbers({"[1]": 7, " 2 ": None, "Nike": 3})
    {1: 7, 2: None}
    >>> read_numbers({"[1]": "+", "1": "+", "2": "+", "[2]": "-"})
    {1: '+'}
    """
    found: dict[int, dict[str, Any]] = {}
    for key, said in reply.items():
        bare = str(key).strip().strip("[]").strip()
        if bare.isascii() and bare.isdigit() and len(bare) <= _LONGEST_KEY:
            found.setdefault(int(bare), {}).setdefault(json.dumps(said, sort_keys=True), said)
    return {number: next(iter(said.values())) for number, said in found.items() if len(said) == 1}


def ask_numbered(
    ask: Ask,
    calls: Sequence[Sequence[Item]],
    *,
    request: Callable[[Sequence[Item], int], Request],
    read: Callable[[Item, object], Value | None],
    asks: int = 2,
    arrange: Callable[[Sequence[Item], int], Sequence[Item]] = lambda items, asked: items,
    regroup: Callable[[list[list[Item]], int], Sequence[Sequence[Item]]] = lambda left, asked: (
        left
    ),
    only_once: Callable[[Item], bool] = lambda item: False,
) -> NumberedAnswers[Item, Value]:
    """Ask about the items of some calls, and again for those that got no answer.

    The one loop of its kind: all code that asks a model about numbered items uses it. Missing
    keys, unreadable values and replies of the wrong form are asked again; what the budget does not
    cover or the service refuses is not. Where not one of the first answers can be read, asked
    twice, the others would be paid for in vain: a warning reports this, and they fail without
    being asked.

    Parameters
    ----------
    ask : function
        Requests in, replies out, in order: ``account.ask_many``, or a build session's ``ask``.
    calls : sequence of sequence of item
        What each call asks about; items are hashable.
    request : function
        ``(items, asked) -> Request`` for a call; `asked` is 1 at first, then 2, ... and has to
        change the prompt's template, or the stored reply comes back. Its reply type is
        ``numbered_reply(len(items), schema)``.
    read : function
        ``(item, said) -> value``: what the JSON value means, or None where it means nothing.
    asks : int
        How often an item is asked about, at most.
    arrange : function
        ``(items, asked) -> items``: the order in which a call shows them.
    regroup : function
        ``(left, asked) -> calls``: the next calls from what each call left without an answer.
    only_once : function
        ``item -> bool``: whether an item without an answer is let go, unmentioned.

    Examples
    --------
    >>> from campaignkit.llm import Account, Prompt, ScriptedModel
    >>> model = ScriptedModel(lambda prompt, schema: '{"1": "yes"}')
    >>> with Account(model) as account:
    ...     told = ask_numbered(
    ...         account.ask_many,
    ...         [["Nike", "Puma"]],
    ...         request=lambda items, asked: Request(
    ...             Prompt(", ".join(items), template=f"demo@1 ask {asked}"),
    ...             numbered_reply(len(items), {"type": "string"}),
    ...         ),
    ...         read=lambda item, said: said or None,
    ...     )
    >>> told.values, account.spent.calls
    ({'Nike': 'yes', 'Puma': 'yes'}, 2)
    """
    told: NumberedAnswers[Item, Value] = NumberedAnswers()

    def asked_about(some: Sequence[Sequence[Item]], asked: int) -> list[list[Item]]:
        shown = [arrange(call, asked) for call in some]
        replies = ask([request(call, asked) for call in shown]) if shown else []
        both = zip(shown, replies, strict=True)
        missing = [told._take(call, reply, read, asked) for call, reply in both]
        for item in filter(only_once, list(told.failures)):
            del told.failures[item]
        return [[item for item in items if not only_once(item)] for items in missing]

    for start in range(0, len(calls), _CHUNK):
        left: Sequence[Sequence[Item]] = calls[start : start + _CHUNK]
        for asked in range(1, asks + 1):
            left = [call for call in left if call]
            looked = _FIRST_LOOK if not told.answers else len(left)
            missing = asked_about(left[:looked], asked)
            # Asked once more, these few tell a slip from a model that never fits.
            for again in (True, False):
                unread = list(chain.from_iterable(missing))
                if told.answers or len(unread) < _TOO_MANY_UNREAD:
                    break
                if not again or asked == asks:
                    told._give_up(unread, filterfalse(only_once, chain.from_iterable(calls)))
                    return told
                missing = asked_about([items for items in missing if items], asked + 1)
            missing += asked_about(left[looked:], asked)
            left = regroup([items for items in missing if items], asked) if asked < asks else []
    return told


@lru_cache(maxsize=512)
def _form(num_items: int, item: str) -> Any:
    keys = [str(number) for number in range(1, num_items + 1)]
    schema = {
        "type": "object",
        "properties": {key: json.loads(item) for key in keys},
        "required": keys,
        "additionalProperties": False,
    }
    wanted = frozenset(range(1, num_items + 1))

    def with_any_number(reply: dict[str, Any]) -> dict[str, Any]:
        if not wanted & read_numbers(reply).keys():
            raise ValueError("the reply has none of the keys that were asked for")
        return reply

    return Annotated[dict[str, Any], AfterValidator(with_any_number), WithJsonSchema(schema)]
