"""From a reply's text to a value of the type asked for, or an error that shows what came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from campaignkit.errors import CampaignkitError, Fault
from campaignkit.llm.model_errors import MalformedReply
from campaignkit.llm.reply import Usage

T = TypeVar("T")
_SHOWN = 160  # characters of a bad reply that an error shows
_THOUGHTS = ("<think>", "</think>")
_TRIES = 64  # openings of JSON looked at in one reply; a chatty one has two or three


def schema_of(reply_type: type[Any]) -> dict[str, Any]:
    """The JSON schema that a reply of this type must fit.

    Raises
    ------
    CampaignkitError
        If the type is neither a pydantic model nor made of JSON types.

    Examples
    --------
    >>> schema_of(dict[str, int])
    {'additionalProperties': {'type': 'integer'}, 'type': 'object'}
    """
    return cast("dict[str, Any]", json.loads(_schema_text(reply_type)))  # type: ignore[arg-type]


def parse_reply(text: str, reply_type: type[T], *, usage: Usage | None = None) -> T:
    """The value in a reply, which may be fenced or have prose around it.

    The JSON in the reply must be one that fits: none, two different ones that both fit, a key
    given twice, or a reply cut off in its middle is malformed.

    Parameters
    ----------
    text : str
        The whole reply.
    reply_type : type
        A pydantic model or a JSON type.
    usage : Usage or None
        What the reply cost; travels with the error, so that it is booked.

    Raises
    ------
    MalformedReply
        With the text and every reason why it does not fit.

    Examples
    --------
    >>> parse_reply('Here you are: {"1": 1, "2": -1}. Anything else?', dict[str, int])
    {'1': 1, '2': -1}
    >>> parse_reply("No idea.", dict[str, int])
    Traceback (most recent call last):
        ...
    campaignkit.llm.model_errors.MalformedReply: the reply holds no JSON: 'No idea.'
      hint: see the field text of the error for all of it
    """
    if not text.strip():
        raise _malformed("the reply is empty", text, usage)
    adapter = _adapter(reply_type)  # type: ignore[arg-type]  # types are hashable
    fits: list[T] = []
    why: ValidationError | None = None
    seen = 0
    for found in _json_in(text):
        seen += 1
        try:
            value = adapter.validate_json(found)
        except ValidationError as err:
            why = why or err
            continue
        if value not in fits:
            fits.append(value)
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise _malformed(f"the reply holds {len(fits)} answers that differ", text, usage)
    if why is not None:
        faults = [
            Fault(".".join(map(str, e["loc"])) or "reply", e["msg"])
            for e in why.errors(include_url=False, include_input=False)
        ]
        raise _malformed("the reply does not fit what was asked", text, usage, faults=faults)
    wanted = "no whole JSON" if any(c in text for c in "{[") else "no JSON"
    raise _malformed(f"the reply holds {wanted}", text, usage)


def _malformed(
    what: str, text: str, usage: Usage | None, *, faults: list[Fault] | None = None
) -> MalformedReply:
    shown = "".join(c if c.isprintable() else " " for c in text[:_SHOWN])
    told = f"{what}: {shown!r}{'...' if len(text) > _SHOWN else ''}" if text.strip() else what
    return MalformedReply(
        told,
        text=text,
        usage=usage,
        faults=faults or (),
        hint="see the field text of the error for all of it" if text.strip() else "",
    )


def _json_in(text: str) -> Iterator[str]:
    """The whole JSON values in a text; all of it first, if it is one."""
    bare = text.strip().removeprefix("\ufeff").strip()
    if bare.startswith(_THOUGHTS[0]):
        # What a model thinks aloud may hold drafts of its answer.
        bare = bare.partition(_THOUGHTS[1])[2].strip()
    decoder = json.JSONDecoder(object_pairs_hook=_once_each, parse_constant=_no_constant)
    try:
        decoder.decode(bare)
    except (ValueError, RecursionError):
        pass
    else:
        yield bare
        return
    at = 0
    for _ in range(_TRIES):
        starts = [i for i in (bare.find("{", at), bare.find("[", at)) if i >= 0]
        if not starts:
            return
        start = min(starts)
        try:
            _, end = decoder.raw_decode(bare, start)
        except (ValueError, RecursionError):
            # What opens here never closes: an inner value of a cut-off reply is no answer.
            if _cut_off(bare[start:]):
                return
            at = start + 1
        else:
            yield bare[start:end]
            at = end


def _cut_off(text: str) -> bool:
    """Whether brackets that open here are still open when the text ends."""
    depth, quoted, escaped = 0, False, False
    for c in text:
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = c == "\\", c != '"'
        elif c == '"':
            quoted = True
        elif c in "{[":
            depth += 1
        elif c in "}]":
            depth -= 1
            if depth == 0:
                return False
    return True


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


@lru_cache(maxsize=256)
def _adapter(reply_type: type[Any]) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(reply_type)
    except Exception as err:  # pydantic has a dozen errors for a type that it cannot read
        raise CampaignkitError(
            f"{reply_type!r} is no type that a reply can have",
            hint="give a pydantic model, or a type made of dict, list, str, int, float, bool",
        ) from err


@lru_cache(maxsize=256)
def _schema_text(reply_type: type[Any]) -> str:
    return json.dumps(_adapter(reply_type).json_schema(), sort_keys=True)  # type: ignore[arg-type]
