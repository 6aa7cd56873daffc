"""What tokens cost: a table that the user writes, since services change their prices."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from campaignkit.errors import Fault, SettingError
from campaignkit.llm.chat_model import Usage
from campaignkit.store import TextFileKind, read_text

_FILE = TextFileKind(
    SettingError,
    "a price table",
    '["my-model"]\nin_per_million = 0.10\nout_per_million = 0.40',
)


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    in_per_million: float = Field(ge=0, allow_inf_nan=False)
    out_per_million: float = Field(ge=0, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Price:
    """What a model's tokens cost, per million, in a currency of your choice.

    Examples
    --------
    >>> Price(0.10, 0.40).of(Usage(1_000_000, 500_000))
    0.3
    """

    in_per_million: float
    out_per_million: float

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
    rows = {str(name): _as_row(price) for name, price in prices.items()}
    try:
        checked = TypeAdapter(dict[str, _Row]).validate_python(rows)
    except ValidationError as err:
        faults = [Fault(".".join(map(str, e["loc"])), e["msg"]) for e in err.errors()]
        raise SettingError(
            f"{where} is no price table: {len(faults)} faults",
            faults=faults,
            hint="each model has in_per_million and out_per_million",
        ) from err
    return {name: Price(r.in_per_million, r.out_per_million) for name, r in checked.items()}


def _as_row(price: object) -> object:
    if isinstance(price, Price):
        price = (price.in_per_million, price.out_per_million)
    if isinstance(price, tuple | list) and len(price) == 2:
        return {"in_per_million": price[0], "out_per_million": price[1]}
    return price
