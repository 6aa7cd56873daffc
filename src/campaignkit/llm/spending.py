"""What may be spent, what tokens cost, and what was spent: a budget, a price table, an account."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from campaignkit.checks import checked_count, checked_share
from campaignkit.errors import Fault, SettingError
from campaignkit.llm.chat_model import Usage
from campaignkit.store import TextFileKind, read_text

_FILE = TextFileKind(
    SettingError,
    "a price table",
    '["my-model"]\nin_per_million = 0.10\nout_per_million = 0.40',
)
_Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]


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
    campaignkit.errors.SettingError: the budget's calls is -1; expected an integer of at least 0
    """

    calls: int | None = None
    tokens: int | None = None
    money: float | None = None

    def __post_init__(self) -> None:
        for name in ("calls", "tokens"):
            if (limit := getattr(self, name)) is not None:
                checked_count(limit, f"the budget's {name}", least=0)
        if self.money is not None:
            checked_share(self.money, "the budget's money", high=inf)


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


@dataclass(frozen=True, slots=True)
class Price:
    """What a model's tokens cost, per million, in a currency of your choice.

    Examples
    --------
    >>> Price(0.10, 0.40).of(Usage(1_000_000, 500_000))
    0.3
    """

    # A file may hold none but these two.
    __pydantic_config__ = ConfigDict(extra="forbid", revalidate_instances="always")

    in_per_million: _Rate
    out_per_million: _Rate

    def of(self, usage: Usage) -> float:
        """The cost of one call."""
        paid_in = usage.tokens_in * self.in_per_million
        return (paid_in + usage.tokens_out * self.out_per_million) / 1e6


def read_prices(path: str | Path) -> dict[str, Price]:
    """Read a price table: TOML, one section a model.

    ::

        ["my-model"]
        in_per_million = 0.10
        out_per_million = 0.40

    Raises
    ------
    SettingError
        With every fault of the file and its place.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "prices.toml")
    ...     _ = path.write_text('["m"]' + chr(10) + "in_per_million = 1" + chr(10)
    ...                         + "out_per_million = 2")
    ...     read_prices(path)
    {'m': Price(in_per_million=1.0, out_per_million=2.0)}
    """
    try:
        table = tomllib.loads(read_text(path, _FILE))
    except tomllib.TOMLDecodeError as err:
        raise SettingError(
            f"{path} is not TOML: {err}", hint='quote names with dots: ["my-model-1.5"]'
        ) from err
    return checked_prices(table, where=str(path))


def checked_prices(prices: object, *, where: str = "prices") -> dict[str, Price]:
    """A table of prices from a mapping of names to `Price`, pairs or rows of a file.

    Examples
    --------
    >>> checked_prices({"m": (0.1, 0.4)})
    {'m': Price(in_per_million=0.1, out_per_million=0.4)}
    """
    if prices is None:
        return {}
    if not isinstance(prices, Mapping):
        raise SettingError(
            f"{where} is a {type(prices).__name__}; expected models and what they cost",
            hint='prices={"my-model": (0.10, 0.40)}: in and out, per million tokens',
        )
    rows: dict[str, object] = {}
    for name, price in prices.items():
        is_pair = isinstance(price, tuple | list) and len(price) == 2
        rows[str(name)] = dict(zip(Price.__slots__, price, strict=True)) if is_pair else price
    try:
        return TypeAdapter(dict[str, Price]).validate_python(rows)
    except ValidationError as err:
        faults = [Fault(".".join(map(str, e["loc"])), e["msg"]) for e in err.errors()]
        raise SettingError(
            f"{where} is not a price table: {len(faults)} faults",
            faults=faults,
            hint="each model has in_per_million and out_per_million",
        ) from err


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls have cost: all of a store, one build's, or one stage's.

    ``calls == answered + malformed + rejected + unconfirmed + in_flight``. Tokens and money of a
    call whose reply never arrived are counted at the most it can have cost.

    Attributes
    ----------
    calls : int
        Requests sent.
    tokens_in, tokens_out : int
        Of all calls.
    money : float or None
        None if any call's model has no price.
    repeats : int
        Calls that sent an unconfirmed request again.
    unconfirmed : int
        Calls whose reply never arrived: cut, timed out, or in flight when the run was killed.
    answered, malformed, rejected : int
        Calls that brought a good reply, one of the wrong form, or the service's refusal (too
        many requests, a failure of its own), which costs no tokens.
    in_flight : int
        Calls sent and not yet settled.
    tokens_unconfirmed : int
        The part of the tokens that is counted for unconfirmed calls.
    by_stage : mapping of str to Spent
        The same by stage; empty in a stage's own.

    Examples
    --------
    >>> Spent(calls=3, answered=2, unconfirmed=1).repeats
    0
    """

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float | None = None
    repeats: int = 0
    unconfirmed: int = 0
    answered: int = 0
    malformed: int = 0
    rejected: int = 0
    in_flight: int = 0
    tokens_unconfirmed: int = 0
    by_stage: Mapping[str, Spent] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnconfirmedCall:
    """A request that was sent and whose reply never arrived.

    Attributes
    ----------
    stage : str
        The stage that sent it.
    prompt : str
        The user text.
    why : str
        ``"timed_out"``, ``"cut"``, or ``"killed"`` where the process ended first.
    sent_again : bool
        Whether the request was sent once more.
    """

    stage: str
    prompt: str
    why: str
    sent_again: bool
