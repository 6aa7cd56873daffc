"""The checks of arguments that every room makes at its doors: whole numbers, shares, texts."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from math import nan
from numbers import Real
from operator import index

from campaignkit.errors import CampaignkitError, Fault, SettingError

# Ranges of shares are compared with counts of pairs; this absorbs what binary floats lose: 0.3 of
# 10 pairs is 3.0000000000000004 or 2.9999999999999996.
BOX_EPSILON = 1e-9


def checked_count(
    value: object,
    name: str,
    *,
    least: int = 1,
    most: int | None = None,
    error: type[CampaignkitError] = SettingError,
) -> int:
    """A whole number within its range, as a plain int; numpy's integers are taken too.

    Raises
    ------
    SettingError
        Or `error`: if it is none, is a bool, or is out of range.

    Examples
    --------
    >>> checked_count(25, "batch_size")
    25
    >>> checked_count(0, "batch_size")
    Traceback (most recent call last):
        ...
    campaignkit.errors.SettingError: batch_size is 0; expected an integer of at least 1
    """
    upper = f"from {least:,} to {most:,}" if most is not None else f"of at least {least:,}"
    expected = f"expected an integer {upper}"
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise error(f"{name} is {value!r:.60}; {expected}")
    number = index(value)
    if number < least or (most is not None and number > most):
        raise error(f"{name} is {value!r:.60}; {expected}")
    return number


def checked_share(
    value: object,
    name: str,
    *,
    low: float = 0.0,
    high: float = 1.0,
    error: type[CampaignkitError] = SettingError,
) -> float:
    """A number from `low` to `high`, both ends included, as a plain float; nan is refused.

    Raises
    ------
    SettingError
        Or `error`: if it is none, is a bool, or is out of range.

    Examples
    --------
    >>> checked_share(1, "repeat_share")
    1.0
    >>> checked_share(1.5, "repeat_share")
    Traceback (most recent call last):
        ...
    campaignkit.errors.SettingError: repeat_share is 1.5; expected a number from 0 to 1
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    number = float(value) if is_number else nan  # type: ignore[arg-type]
    if not low <= number <= high:
        raise error(f"{name} is {value!r:.60}; expected a number from {low:g} to {high:g}")
    return number


def checked_text(value: object, name: str, *, error: type[CampaignkitError] = SettingError) -> str:
    """A text that UTF-8 can encode, so that it can be sent and stored.

    Raises
    ------
    SettingError
        Or `error`: if it is none, or contains half a character (a lone surrogate).

    Examples
    --------
    >>> checked_text("my-model", "the model's name")
    'my-model'
    """
    if not isinstance(value, str):
        raise error(f"{name} is {value!r:.60}; expected text")
    try:
        value.encode()
    except UnicodeEncodeError as err:
        there = value[max(0, err.start - 30) : err.end + 30]
        told = f"{name} contains half a character (a lone surrogate): {there!r}"
        raise error(told, hint="give text that can be written as UTF-8") from err
    return value


def check_all(
    message: str,
    settings: Mapping[str, tuple[object, bool, str]],
    *,
    error: type[CampaignkitError] = SettingError,
) -> None:
    """Refuse settings that are not what is expected of them, all at once.

    Parameters
    ----------
    message : str
        What is the matter, if anything is.
    settings : mapping of str to (object, bool, str)
        For each setting what was given, whether it is right, and what was expected.
    error : type
        What is raised.

    Raises
    ------
    SettingError
        Or `error`, with a fault for each setting that is wrong.

    Examples
    --------
    >>> check_all("no such dish", {"salt": (-1, False, "0 or more"), "peas": (9, True, "peas")})
    Traceback (most recent call last):
        ...
    campaignkit.errors.SettingError: no such dish
      salt: is -1; expected 0 or more
    """
    faults = [
        Fault(name, f"is {given!r:.60}; expected {expected}")
        for name, (given, is_right, expected) in settings.items()
        if not is_right
    ]
    if faults:
        raise error(message, faults=faults)


def check_plugin(
    given: object,
    name: str,
    is_right: bool,
    expected: str,
    hint: str,
    *,
    error: type[CampaignkitError] = SettingError,
) -> None:
    """Refuse what is not the object that an argument takes: a class of it, or another thing.

    Raises
    ------
    SettingError
        Or `error`, with `hint`, or with the brackets that a class lacks.

    Examples
    --------
    >>> check_plugin(int, "scorer", False, "an object with score(pairs)", "")
    Traceback (most recent call last):
        ...
    campaignkit.errors.SettingError: scorer is the class int; expected an object
      hint: pass int(), with the brackets
    """
    if isinstance(given, type):
        found = f"{name} is the class {given.__name__}; expected an object"
        raise error(found, hint=f"pass {given.__name__}(), with the brackets")
    if not is_right:
        raise error(f"{name} is a {type(given).__name__}; expected {expected}", hint=hint)


def takes(function: object, num_arguments: int) -> bool:
    """Whether it can be called with so many arguments by position, as far as it can be known.

    Examples
    --------
    >>> takes(lambda pairs: [], 1), takes(lambda one, other: 0, 1), takes(7, 1)
    (True, False, False)
    """
    if not callable(function):
        return False
    try:
        signature(function).bind(*range(num_arguments))
    except TypeError:
        return False
    except ValueError:  # compiled functions do not always tell
        return True
    return True


def is_count(value: object, *, least: int = 1) -> bool:
    """Whether it is a whole number and no less; True is none.

    Examples
    --------
    >>> is_count(3), is_count(0), is_count(True), is_count(3.0)
    (True, False, False, False)
    """
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_share(value: object, *, high: float = 1.0) -> bool:
    """Whether it is a number from 0 to `high`; True and nan are none.

    Examples
    --------
    >>> is_share(0.5), is_share(2), is_share(True)
    (True, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= high
