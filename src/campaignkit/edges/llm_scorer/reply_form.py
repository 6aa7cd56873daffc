"""The form of a reply: every bracket number is asked for, and what comes is read leniently.

The schema that the service is given requires every key. What is accepted is any JSON object with
one of the keys: a reply that lacks one key of 25 is a good reply for the other 24, and that one
alone is asked again. A reply without any of them is malformed, and the same prompt is sent again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema

from campaignkit.edges.llm_scorer.scale import Scale


@lru_cache(maxsize=512)
def reply_form(num_items: int, scale: Scale) -> Any:  # a type that pydantic reads
    """The reply type for so many numbered items.

    Examples
    --------
    >>> from campaignkit.edges.llm_scorer import SignScale
    >>> from campaignkit.llm import parse_reply, schema_of
    >>> form = reply_form(2, SignScale())
    >>> schema_of(form)["required"], parse_reply('{"1": "+"}', form)
    (['1', '2'], {'1': '+'})
    """
    keys = [str(number) for number in range(1, num_items + 1)]
    schema = {
        "type": "object",
        "properties": dict.fromkeys(keys, scale.schema),
        "required": keys,
        "additionalProperties": False,
    }
    wanted = frozenset(keys)

    def with_any_key(reply: dict[str, Any]) -> dict[str, Any]:
        if not wanted & _bare(reply).keys():
            raise ValueError("the reply has none of the keys that were asked for")
        return reply

    return Annotated[dict[str, Any], AfterValidator(with_any_key), WithJsonSchema(schema)]


def read_keys(reply: dict[str, Any], num_items: int) -> list[object]:  # JSON values
    """The answer to each item, in order; `MISSING` where its key is not there.

    Keys are bracket numbers, in brackets or not.

    Examples
    --------
    >>> read_keys({"[1]": "+", "3": "0", "Nike": "-"}, 2)[0]
    '+'
    """
    bare = _bare(reply)
    return [bare.get(str(number), MISSING) for number in range(1, num_items + 1)]


class Missing:
    """Says that a key was not in a reply; null is an answer.

    Examples
    --------
    >>> Missing()
    no answer
    """

    def __repr__(self) -> str:
        return "no answer"


MISSING = Missing()


def _bare(reply: dict[str, Any]) -> dict[str, Any]:
    return {str(key).strip().strip("[]").strip(): said for key, said in reply.items()}
