"""What requests are made of: models that refuse unknown keys, and files by digest.

Bounds are those of JSON: no integer beyond 2^53 - 1, no number that is not finite, no NUL.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from campaignkit.errors import Fault, SettingError
from campaignkit.service.artifacts import DIGEST
from campaignkit.service.jobs import MOST


def _number(value: object) -> object:
    """No text and no bool; 7.0 is the integer 7 in JSON."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("expected a number")
    return value


# Bounds stand before it: what stands after it is in no OpenAPI document.
OF_JSON = BeforeValidator(_number)
Whole = Annotated[int, Field(ge=0, le=MOST), OF_JSON]
Number = Annotated[float, Field(ge=-MOST, le=MOST, allow_inf_nan=False), OF_JSON]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), OF_JSON]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Request(BaseModel):
    """A request of one kind of job; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class InputFile(Request):
    """A file by its digest; the name says its format and appears in messages and reports."""

    digest: Annotated[str, Field(pattern=DIGEST)]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")]


class TableFile(InputFile):
    """A table, plain or Parquet: nothing that is unpacked or attached."""

    name: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,90}\.(csv|tsv|parquet|jsonl)$")
    ]


def read_json(text: bytes | str) -> Any:
    """A JSON text, read strictly.

    Raises
    ------
    SettingError
        If it is no JSON, is nested too deeply, has a key twice, a number that is not finite or
        an integer beyond 2^53 - 1, a NUL or half a surrogate pair.

    Examples
    --------
    >>> read_json('{"seed": 7}')
    {'seed': 7}
    >>> read_json('{"seed": 7, "seed": 8}')
    Traceback (most recent call last):
        ...
    campaignkit.errors.SettingError: the body is not JSON: the key 'seed' comes twice
    """
    try:
        told = json.loads(
            text.decode() if isinstance(text, bytes) else text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_finite,
        )
        _check_texts(told)
    except (ValueError, RecursionError) as err:
        raise SettingError(f"the body is not JSON: {str(err)[:200]}") from err
    return told


def checked_request(model: type[Request], told: object) -> Request:
    """A request of a model, or all that is wrong with it, each with its place.

    Raises
    ------
    SettingError
        With a fault for each field.
    """
    try:
        return model.model_validate(told)
    except ValidationError as err:
        faults = [
            Fault(
                ".".join(map(str, e["loc"])) or "request", e["msg"].removeprefix("Value error, ")
            )
            for e in err.errors(include_url=False, include_input=False)
        ]
        raise SettingError("a request that cannot be run", faults=faults) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for key, value in pairs:
        if key in told:
            raise ValueError(f"the key {key!r:.60} comes twice")
        told[key] = value
    return told


def _check_texts(value: object) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("a text contains NUL")
        value.encode()  # half a surrogate pair raises UnicodeEncodeError, a ValueError
    elif isinstance(value, dict):
        _check_texts([*value, *value.values()])
    elif isinstance(value, list):
        for item in value:
            _check_texts(item)


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MOST:
        raise ValueError(f"{digits[:30]} is beyond 2^53 - 1")
    return int(digits)


def _finite(digits: str) -> float:
    if digits.lstrip("-") in ("NaN", "Infinity") or not isfinite(number := float(digits)):
        raise ValueError(f"{digits[:30]} is not a finite number")
    return number
