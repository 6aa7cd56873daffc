"""From words on the command line to objects of the library."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from campaignkit.errors import Fault, SettingError

if TYPE_CHECKING:
    from campaignkit.catalogue import Catalogue
    from campaignkit.graph import SignedGraph
    from campaignkit.sample.strategies import Strategy

# At most nine digits: more is a slip of the finger, and no campaign.
_RANGE = re.compile(r"(?P<low>[0-9]{1,9})(?:-(?P<high>[0-9]{1,9}))?")
_COUNT = re.compile(r"[0-9]{1,12}")

T = TypeVar("T")


def catalogue_named(name: str, *, columns: Mapping[str, str] | None = None) -> Catalogue:
    """A catalogue from a .csv or .json file, or a bundled one by its name.

    Examples
    --------
    >>> len(catalogue_named("starter-27"))
    27
    """
    from campaignkit.catalogue import Catalogue

    path = Path(name)
    suffix = path.suffix.lower()
    if suffix == ".json":
        return Catalogue.read_json(path)
    if suffix or path.exists() or len(path.parts) > 1:
        return Catalogue.read_csv(path, columns=dict(columns or {}) or None)
    return Catalogue.bundled(name)


def graph_at(path: Path, *, catalogue: str | None = None) -> SignedGraph:
    """A graph from an edges.csv, or from a folder that ``graph.save`` made."""
    from campaignkit.graph import SignedGraph

    if path.is_dir():
        return SignedGraph.load(path)
    known = None if catalogue is None else catalogue_named(catalogue)
    return SignedGraph.read_csv(path, catalogue=known)


def strategy_named(
    name: str | None, *, chain_block: int | None = None, stop: str | None = None
) -> Strategy | None:
    """A sampling strategy with its option; None, without either, is the pilot's choice.

    Raises
    ------
    SettingError
        If there is no such strategy, or it has no such option.

    Examples
    --------
    >>> strategy_named("heat-bath", chain_block=32).chain_block
    32
    """
    from campaignkit.sample.strategies import Annealing, HeatBath, Rejection

    asked = {"--chain-block": chain_block, "--stop": stop}
    given = {option: value for option, value in asked.items() if value is not None}
    known: dict[str, tuple[Callable[..., Strategy], dict[str, str]]] = {
        "rejection": (Rejection, {}),
        "heat-bath": (HeatBath, {"--chain-block": "chain_block"}),
        "annealing": (Annealing, {"--stop": "stop"}),
    }
    if name is None and not given:
        return None
    if name not in known:
        found = "is missing" if name is None else f"is {name!r}"
        raise SettingError(f"--strategy {found}; expected one of {', '.join(known)}")
    made, fields = known[name]
    if idle := [option for option in given if option not in fields]:
        raise SettingError(
            f"--strategy {name} does not use {', '.join(idle)}", hint="leave it out"
        )
    settings = {
        fields[option]: value.replace("-", "_") if isinstance(value, str) else value
        for option, value in given.items()
    }
    strategy: Strategy = made(**settings)
    return strategy


def pairs_of(
    texts: Sequence[str], *, option: str, example: str, read: Callable[[str], T]
) -> dict[str, T]:
    """``["a=1", "b=2,c=3"]`` as a mapping, each value read by a function.

    Raises
    ------
    SettingError
        With every text that is not ``name=value``, every name that comes twice and every value
        that `read` refuses with a ValueError.

    Examples
    --------
    >>> pairs_of(["pos=10,neg=5"], option="--suggest", example="pos=10", read=int)
    {'pos': 10, 'neg': 5}
    """
    found: dict[str, T] = {}
    faults = []
    for text in (part.strip() for whole in texts for part in whole.split(",")):
        name, _, value = (part.strip() for part in text.partition("="))
        if not (name and value):
            faults.append(Fault(option, f"{text!r} is not name=value", f"such as {example}"))
        elif name in found:
            faults.append(Fault(option, f"{name!r} comes twice", "keep one of them"))
        else:
            try:
                found[name] = read(value)
            except ValueError as err:
                faults.append(Fault(option, f"{text} {err}", f"such as {example}"))
    if faults:
        raise SettingError(f"{option} cannot be read", faults=faults)
    return found


def ranges_of(texts: Sequence[str]) -> dict[str, tuple[int, int]]:
    """``["brand=1", "audience=2-4"]`` as type ranges.

    Raises
    ------
    SettingError
        With every text that is no range.

    Examples
    --------
    >>> ranges_of(["brand=1", "audience=2-4"])
    {'brand': (1, 1), 'audience': (2, 4)}
    """
    return pairs_of(texts, option="--ranges", example="audience=2-4", read=_range)


def counts_of(texts: Sequence[str]) -> dict[str, int]:
    """``["pos=4000", "neg=4000"]`` as numbers of campaigns by label.

    Raises
    ------
    SettingError
        With every text that is no count.

    Examples
    --------
    >>> counts_of(["pos=4000,neg=4000"])
    {'pos': 4000, 'neg': 4000}
    """
    return pairs_of(texts, option="--suggest", example="pos=4000", read=_count)


def _range(text: str) -> tuple[int, int]:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ValueError("is not a range")
    return int(match["low"]), int(match["high"] or match["low"])


def _count(text: str) -> int:
    if _COUNT.fullmatch(text) is None:
        raise ValueError("is not a count")
    return int(text)


def format_named(name: str) -> Literal["jsonl", "parquet"]:
    """A file format by its name.

    Raises
    ------
    SettingError
        If it is none.

    Examples
    --------
    >>> format_named("jsonl")
    'jsonl'
    """
    match name:
        case "jsonl" | "parquet":
            return name
        case _:
            raise SettingError(f"--format is {name!r}; expected jsonl or parquet")
