"""API keys: found in an argument or the environment, and kept out of everything that is shown."""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

from campaignkit.llm.model_errors import WrongKey

_SHORTEST = 6  # "x" or "none", as local servers are given, is no secret


def find_key(given: str | None, variables: Sequence[str], *, service: str) -> str:
    """The key that was given, or the first that the environment holds.

    Raises
    ------
    WrongKey
        If there is none, or it cannot be a key (spaces, line ends, other alphabets).

    Examples
    --------
    >>> find_key("abc", ["MY_KEY"], service="the service")
    'abc'
    """
    found = given or next((os.environ[v] for v in variables if os.environ.get(v)), "")
    key = found.strip()
    if not key:
        raise WrongKey(
            f"there is no API key for {service}",
            hint=f"set {' or '.join(variables)} in the environment, or pass api_key=",
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise WrongKey(
            f"the API key for {service} holds characters that no key has",
            hint="copy it again, without quotes and line ends",
        )
    return key


def without_key(text: str, key: str) -> str:
    """The text with every mention of the key replaced.

    Examples
    --------
    >>> without_key("wrong key: abcdefgh", "abcdefgh")
    'wrong key: [key]'
    """
    return text.replace(key, "[key]") if len(key) >= _SHORTEST else text


def shown_url(url: str) -> str:
    """An address without a user's name or password in it.

    Examples
    --------
    >>> shown_url("http://me:secret@localhost:8000/v1?key=x")
    'http://localhost:8000/v1'
    """
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
