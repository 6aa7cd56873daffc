"""Replies that answer numbered items: every number is asked for, what comes is read leniently."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Annotated, Any

from pydantic import WithJsonSchema


def numbered_reply(num_items: int, item: dict[str, Any]) -> Any:  # a type that pydantic reads
    """The reply type in which each of so many items has an answer of this JSON schema.

    The service is given a schema that requires every key; what is accepted is any JSON object, so
    that a reply which lacks one key is good for the others and that one alone is asked again.

    Examples
    --------
    >>> from campaignkit.llm import parse_reply, schema_of
    >>> form = numbered_reply(2, {"type": "string"})
    >>> schema_of(form)["required"], parse_reply('{"1": "yes"}', form)
    (['1', '2'], {'1': 'yes'})
    """
    return _form(num_items, json.dumps(item, sort_keys=True))


def read_numbers(reply: dict[str, Any]) -> dict[int, Any]:
    """The answers by number, in brackets or not; what is no number is left out.

    Examples
    --------
    >>> read_numbers({"[1]": 7, " 2 ": None, "Nike": 3})
    {1: 7, 2: None}
    """
    bare = {str(key).strip().strip("[]").strip(): said for key, said in reply.items()}
    return {int(key): said for key, said in bare.items() if key.isascii() and key.isdigit()}


@lru_cache(maxsize=512)
def _form(num_items: int, item: str) -> Any:
    keys = [str(number) for number in range(1, num_items + 1)]
    schema = {
        "type": "object",
        "properties": {key: json.loads(item) for key in keys},
        "required": keys,
        "additionalProperties": False,
    }
    return Annotated[dict[str, Any], WithJsonSchema(schema)]
