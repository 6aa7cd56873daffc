"""The most that may be spent: calls, tokens, money."""

from __future__ import annotations

from dataclasses import dataclass, fields

from campaignkit.errors import SettingError


@dataclass(frozen=True, slots=True)
class Budget:
    """A hard limit on what is spent, over all runs of a store; None is no limit.

    Each call is reserved before it is sent, at the most it can cost, retries included. Where the
    rest does not cover another call, none is sent.

    Parameters
    ----------
    calls : int or None
        Requests sent, whatever came back.
    tokens : int or None
        In and out together.
    money : float or None
        In the currency of the price table.

    Raises
    ------
    SettingError
        If a limit is negative or no number.

    Examples
    --------
    >>> Budget(calls=260, money=5.0)  # whichever is reached first
    Budget(calls=260, tokens=None, money=5.0)
    >>> Budget(calls=-1)
    Traceback (most recent call last):
        ...
    campaignkit.errors.SettingError: the budget's calls is -1; expected an integer, at least 0
      hint: leave it out for no limit
    """

    calls: int | None = None
    tokens: int | None = None
    money: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            limit = getattr(self, field.name)
            kinds = (int, float) if field.name == "money" else (int,)
            wanted = "a number" if field.name == "money" else "an integer"
            if limit is None:
                continue
            if isinstance(limit, bool) or not isinstance(limit, kinds) or not limit >= 0:
                raise SettingError(
                    f"the budget's {field.name} is {limit!r}; expected {wanted}, at least 0",
                    hint="leave it out for no limit",
                )


def checked_budget(budget: object) -> Budget | None:
    """The budget as it is, or an error that says what was given instead.

    Examples
    --------
    >>> checked_budget(Budget(calls=260))
    Budget(calls=260, tokens=None, money=None)
    >>> checked_budget(None) is None
    True
    """
    if budget is not None and not isinstance(budget, Budget):
        raise SettingError(
            f"budget is {budget!r:.60}; expected a Budget", hint="pass Budget(calls=260)"
        )
    return budget
