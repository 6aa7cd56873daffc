"""How a reply is asked for and read: JSON of the type asked for, or an error that shows it.

What a model thinks aloud may contain drafts of its answer. What counts is what follows the last
closing tag of any form of thinking, and there the last whole JSON of the kind asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from math import isfinite
from typing import Any, NamedTuple, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from campaignkit.checks import checked_text
from campaignkit.errors import Fault, SettingError
from campaignkit.llm.chat_model import Prompt, Usage
from campaignkit.llm.errors import MalformedReply

T = TypeVar("T")
_SHOWN = 160  # characters of a bad reply that an error shows
_TRIES = 64  # openings of JSON looked at in one reply; a chatty one has two or three
_LONGEST = 2**20  # characters; no answer is longer, and looking for brackets takes its time
_WORDS = (
    r"(?:\w{1,16}:)?(?:ant)?(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad"
    r"|analysis|thought_process|inner_monologue)"
)
_S = r"\s{0,4}"  # bounded: a long run of white space would be tried from each of its places
_CLOSED = re.compile(
    rf"<{_S}/{_S}{_WORDS}{_S}>|\[{_S}/{_S}{_WORDS}{_S}\]|◁{_S}/{_S}{_WORDS}{_S}▷"
    rf"|<\|channel\|>{_S}final(?:(?!<\|message\|>)[^\n]){{0,80}}<\|message\|>"
    r"|<channel\|>|<\|end_(?:of_)?(?:thought|thinking)\|>",
    re.IGNORECASE,
)
_OPENED = re.compile(
    rf"<{_S}/?{_S}{_WORDS}\b|\[{_S}/?{_S}{_WORDS}{_S}(?:\]|$)|◁{_S}/?{_S}{_WORDS}"
    r"|<\|channel\|?>|<\|(?:begin|start)_(?:of_)?(?:thought|thinking)\|>",
    re.IGNORECASE,
)
_BRACKET = re.compile(r'[{}\[\]"\\]')


def schema_of(reply_type: type[Any]) -> dict[str, Any]:
    """The JSON schema that a reply of this type must fit.

    Raises
    ------
    SettingError
        If the type is neither a pydantic model nor made of JSON types.

    Examples
    --------
    >>> schema_of(dict[str, int])
    {'additionalProperties': {'type': 'integer'}, 'type': 'object'}
    """
    return cast("dict[str, Any]", json.loads(_form_of(reply_type).schema))  # type: ignore[arg-type]


def parse_reply(text: str, reply_type: type[T], *, usage: Usage | None = None) -> T:
    """The value in a reply, which may be fenced or have prose around it.

    Read is what follows the last closing tag of any form of thinking (``</think>``, ``[/THINK]``,
    a final channel, ...). The last JSON there has to fit; none, an earlier one that fits and
    differs, a key given twice, a number beyond all numbers, or a reply cut off in its middle or in
    its thoughts is malformed.

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
    campaignkit.llm.errors.MalformedReply: the reply contains no JSON: 'No idea.'
      hint: see the field text of the error for all of it
    """
    form = _form_of(reply_type)  # type: ignore[arg-type]  # types are hashable
    fits: list[T] = []
    last: Exception | None = None
    try:
        for found in _json_in(text, form.opening):
            try:
                value, last = form.adapter.validate_json(found), None
            except Exception as err:  # a type's own checks may raise anything
                last = err
            else:
                fits += [] if value in fits else [value]
        if last is None and len(fits) == 1:
            return fits[0]
        what = f"the reply contains {len(fits)} different answers"
        if last is not None:
            what = "the reply does not fit what was asked"
        elif not fits:
            what = f"the reply contains no {'whole ' if '{' in text or '[' in text else ''}JSON"
    except ValueError as err:
        what, last = str(err), None
    if not text.strip():
        raise MalformedReply("the reply is empty", text=text, usage=usage)
    shown = "".join(c if c.isprintable() else " " for c in text[:_SHOWN])
    raise MalformedReply(
        f"{what}: {shown!r}{'...' if len(text) > _SHOWN else ''}",
        text=text,
        usage=usage,
        faults=[] if last is None else _faults(last),
        hint="see the field text of the error for all of it",
    )


def with_schema(prompt: Prompt, schema: dict[str, Any]) -> str:
    """The system text of a prompt with the schema in words, for a server that takes none.

    Examples
    --------
    >>> with_schema(Prompt("?", system="Be brief."), {"type": "object"}).splitlines()[-1]
    '{"type": "object"}'
    """
    told = (
        "Answer with JSON alone, no other text, that fits this JSON schema:\n"
        f"{json.dumps(schema, ensure_ascii=False)}"
    )
    return f"{prompt.system}\n\n{told}" if prompt.system else told


def is_strict(schema: dict[str, Any]) -> bool:
    """Whether every object in a schema lists all its keys as required and allows no others.

    Only such a schema can be enforced strictly by OpenAI's servers.

    Examples
    --------
    >>> is_strict({"type": "object", "additionalProperties": {"type": "integer"}})
    False
    """
    if schema.get("type") == "object":
        closed = schema.get("additionalProperties") is False
        if not closed or set(schema.get("properties", {})) != set(schema.get("required", [])):
            return False
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    inner += [part for name in ("anyOf", "allOf", "prefixItems") for part in schema.get(name, [])]
    inner += [schema["items"]] if isinstance(schema.get("items"), dict) else []
    return all(is_strict(part) for part in inner)


def _faults(err: Exception) -> list[Fault]:
    if not isinstance(err, ValidationError):
        return [Fault("reply", f"{type(err).__name__}: {str(err)[:_SHOWN]}")]
    return [
        Fault(".".join(map(str, e["loc"])) or "reply", e["msg"])
        for e in err.errors(include_url=False, include_input=False)
    ]


def _json_in(text: str, opening: str) -> Iterator[str]:
    """The whole JSON values in a text that open like this; all of it first, if it is one.

    Raises `ValueError` with the reason where the text ends before what opens in it.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"the reply is longer than {_LONGEST:,} characters")
    bare = text.strip().removeprefix("\ufeff").strip()
    if _decoded(bare, 0) == len(bare):
        yield bare
        return
    ends = [found.end() for found in _CLOSED.finditer(bare)]
    bare = bare[max(ends, default=0) :].strip()
    if _OPENED.search(bare):
        raise ValueError("the reply is cut off in its thoughts")
    if _decoded(bare, 0) == len(bare):
        yield bare
        return
    at, garbled, answered = 0, False, -1
    for _ in range(_TRIES):
        starts = [i for i in (bare.find("{", at), bare.find("[", at)) if i >= 0]
        if not starts:
            if garbled:
                raise ValueError("the last JSON of the reply is not valid")
            if bare.count("```") % 2 and bare.rfind("```") > answered >= 0:
                raise ValueError("the reply is cut off where an answer begins")
            return
        start = min(starts)
        end = _decoded(bare, start)
        if end is None:
            # No inner value of what is no JSON is an answer; nor is a draft before it.
            at = _closing(bare, start)
            garbled |= bare[start] in opening and ":" in bare[start:at]
            continue
        if bare[start] in opening or '"' in bare[start:end]:
            garbled, answered = False, start
            yield bare[start:end]
        at = end
    raise ValueError(f"the reply opens more than {_TRIES} brackets")


def _decoded(text: str, start: int) -> int | None:
    """Where the JSON value that starts here ends; None if there is none."""
    try:
        return _DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None


def _closing(text: str, start: int) -> int:
    """Where the brackets that open here are closed again."""
    depth, quoted, escaped = 0, False, -1
    for found in _BRACKET.finditer(text, start):
        at, c = found.start(), found.group()
        if at == escaped:
            continue
        if quoted:
            quoted = c != '"'
            escaped = at + 1 if c == "\\" else -1
        elif c == '"':
            quoted = True
        elif c in "{[":
            depth += 1
        elif c in "}]":
            depth -= 1
            if depth == 0:
                return at + 1
    raise ValueError("the reply contains no whole JSON: it is cut off")


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _finite(digits: str) -> float:
    number = float(digits)  # also of NaN and Infinity, which are no JSON
    if not isfinite(number):
        raise ValueError(f"{digits[:20]} is beyond all numbers")
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_once_each, parse_constant=_finite, parse_float=_finite
)


class _Form(NamedTuple):
    """How replies of a type are described and read."""

    adapter: TypeAdapter[Any]
    schema: str
    opening: str  # the brackets that such a reply can open with


@lru_cache(maxsize=256)
def _form_of(reply_type: type[Any]) -> _Form:
    try:
        adapter = TypeAdapter(reply_type)
        schema = adapter.json_schema()
    except Exception as err:  # pydantic has a dozen errors for a type that it cannot read
        raise SettingError(
            f"{reply_type!r} is not a type that a reply can have",
            hint="give a pydantic model, or a type made of dict, list, str, int, float, bool",
        ) from err
    told = json.dumps(schema, sort_keys=True, ensure_ascii=False)
    checked_text(told, "the schema of the reply's type")
    return _Form(adapter, told, {"object": "{", "array": "["}.get(schema.get("type", ""), "{["))
