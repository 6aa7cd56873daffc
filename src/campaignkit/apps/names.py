"""From words on the command line to objects of the library."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from campaignkit.errors import CampaignkitError, Fault, SpecError

if TYPE_CHECKING:
    from campaignkit.catalogue import Catalogue
    from campaignkit.graph import SignedGraph

_RANGE = re.compile(r"(?P<low>\d+)(?:-(?P<high>\d+))?")


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


def pairs_of(texts: Sequence[str], *, option: str, example: str) -> dict[str, str]:
    """``["a=1", "b=2,c=3"]`` as a mapping.

    Raises
    ------
    CampaignkitError
        With every text that is not ``name=value``, and every name that comes twice.

    Examples
    --------
    >>> pairs_of(["pos=10,neg=5"], option="--suggest", example="pos=10")
    {'pos': '10', 'neg': '5'}
    """
    found: dict[str, str] = {}
    faults = []
    for text in (part.strip() for whole in texts for part in whole.split(",")):
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            faults.append(Fault(option, f"{text!r} is not name=value", f"such as {example}"))
        elif name in found:
            faults.append(Fault(option, f"{name!r} comes twice", "keep one of them"))
        else:
            found[name] = value
    if faults:
        raise CampaignkitError(f"{option} cannot be read", faults=faults)
    return found


def ranges_of(texts: Sequence[str]) -> dict[str, tuple[int, int]]:
    """``["brand=1", "audience=2-4"]`` as type ranges.

    Raises
    ------
    SpecError
        With every text that is no range.

    Examples
    --------
    >>> ranges_of(["brand=1", "audience=2-4"])
    {'brand': (1, 1), 'audience': (2, 4)}
    """
    option, example = "--ranges", "audience=2-4"
    found = {}
    faults = []
    for name, value in pairs_of(texts, option=option, example=example).items():
        match = _RANGE.fullmatch(value)
        if match is None:
            faults.append(Fault(option, f"{name}={value} is no range", f"such as {example}"))
        else:
            found[name] = (int(match["low"]), int(match["high"] or match["low"]))
    if faults:
        raise SpecError("the ranges cannot be read", faults=faults)
    return found


def counts_of(texts: Sequence[str]) -> dict[str, int]:
    """``["pos=4000", "neg=4000"]`` as numbers of campaigns by label.

    Raises
    ------
    SpecError
        With every text that is no count.

    Examples
    --------
    >>> counts_of(["pos=4000,neg=4000"])
    {'pos': 4000, 'neg': 4000}
    """
    option, example = "--suggest", "pos=4000"
    found = {}
    faults = []
    for name, value in pairs_of(texts, option=option, example=example).items():
        if value.isascii() and value.isdigit():
            found[name] = int(value)
        else:
            faults.append(Fault(option, f"{name}={value} is no count", f"such as {example}"))
    if faults:
        raise SpecError("the numbers of campaigns cannot be read", faults=faults)
    return found


def format_named(name: str) -> Literal["jsonl", "parquet"]:
    """A file format by its name.

    Raises
    ------
    CampaignkitError
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
            raise CampaignkitError(f"--format is {name!r}; expected jsonl or parquet")
