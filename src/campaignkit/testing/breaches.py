"""What all contracts share: a breach is an `AssertionError` that says what is wrong."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

_HERE = str(Path(__file__).parent)
_LIBRARIES = (str(Path(_HERE).parent), *(sysconfig.get_path(p) for p in ("stdlib", "purelib")))

Given = ParamSpec("Given")


def contract(check: Callable[Given, None]) -> Callable[Given, None]:
    """A check whose every error is an `AssertionError`.

    Where the thing under test raises another one, it says what was called, what came, and from
    which line outside the library.
    """

    @wraps(check)
    def held(*args: Given.args, **kwargs: Given.kwargs) -> None:
        try:
            check(*args, **kwargs)
        except AssertionError:
            raise
        except Exception as err:
            frames = traceback.extract_tb(err.__traceback__)
            if len(frames) == 1:  # the check itself was called wrongly
                raise
            called = [frame.line for frame in frames if frame.filename.startswith(_HERE)][-1]
            told = f"`{called}` raised {type(err).__name__}: {err}"
            for frame in [f for f in frames if not f.filename.startswith(_LIBRARIES)][-1:]:
                told += f", in {frame.name}, {Path(frame.filename).name} line {frame.lineno}"
            raise AssertionError(told) from err

    return held


def assert_offers(given: object, kind: str, *members: str) -> None:
    """Raise `AssertionError` for a class, and for what lacks members of a protocol.

    Examples
    --------
    >>> assert_offers("text", "embedder", "name", "embed")
    Traceback (most recent call last):
        ...
    AssertionError: str is not a valid embedder: it has no name, embed
    """
    told = getattr(given, "__name__", "")
    assert not isinstance(given, type), f"{told} is a class; expected an object, {told}()"
    lacking = [name for name in members if not hasattr(given, name)]
    found = f"{type(given).__name__} is not a valid {kind}"
    assert not lacking, f"{found}: it has no {', '.join(lacking)}"
