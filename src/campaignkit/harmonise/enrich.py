"""What is derived of landed values: generations, regions, objectives, facets of a targeting."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from campaignkit.errors import HarmoniseError
from campaignkit.extras import require

# First and last year of birth, after Pew Research Center 2019, "Defining generations".
GENERATIONS = {
    "Silent": (1928, 1945), "Boomer": (1946, 1964), "X": (1965, 1980), "Millennial": (1981, 1996),
    "Z": (1997, 2012), "Alpha": (2013, 2028),
}  # fmt: skip
_DOMINANT = 0.8  # share of the birth years from which one generation stands for all
_OBJECTIVES = {
    "leads": "LEAD", "app": "APP_|INSTALL|MOBILE_APP", "video": "VIDEO",
    "sales": "SALE|CONVERSION|PURCHASE|CATALOG", "awareness": "AWARENESS|REACH|BRAND|IMPRESSION",
    "traffic": "TRAFFIC|CLICK|VISIT|CONSIDERATION", "engagement": "ENGAGE|FOLLOW|LIKE|MESSAGE",
}  # fmt: skip
_AGES = re.compile(r"(\d{2})\D+(\d{2,3})|(\d{2})\s*\+|(\d{2})-$")


@dataclass(frozen=True, slots=True)
class Facet:
    """One condition of a targeting.

    Attributes
    ----------
    facet : str
        What is targeted: ``"age"``, ``"gender"``, ``"geo"``, or the platform's own word.
    op : str
        ``"include"``, ``"exclude"``, or ``"and_also"`` for conditions that must also be true.
    value, raw : str
        The value in plain words, and as the platform writes it.
    """

    facet: str
    op: str
    value: str
    raw: str


def generation(age_lo: int, age_hi: int, year: int) -> tuple[str, dict[str, float]]:
    """The generation of an age bracket in a year, and the share of each by years of birth.

    Parameters
    ----------
    age_lo, age_hi : int
        Both included, in years.
    year : int
        Of the campaign: the same bracket is another generation ten years on.

    Returns
    -------
    str
        The generation of at least 80% of the birth years, else ``"mixed"``.
    dict of str to float
        Shares that add up to 1, over the birth years that have a generation.

    Raises
    ------
    HarmoniseError
        If the bracket is empty, or no birth year has a generation.

    Examples
    --------
    >>> generation(25, 34, 2016)
    ('Millennial', {'Millennial': 1.0})
    >>> name, shares = generation(25, 34, 2026)
    >>> name, round(shares["Millennial"], 2)
    ('mixed', 0.55)
    """
    births = range(year - age_hi - 1, year - age_lo + 1)
    counts = {
        name: len(range(max(first, births[0]), min(last, births[-1]) + 1))
        for name, (first, last) in GENERATIONS.items()
        if births
    }
    total = sum(counts.values())
    if not total:
        raise HarmoniseError(
            f"ages {age_lo} to {age_hi} in {year} are of no generation; "
            f"expected births from 1928 to 2028, and age_lo at most age_hi"
        )
    shares = {name: count / total for name, count in counts.items() if count}
    top = max(shares, key=lambda name: shares[name])
    return (top if shares[top] >= _DOMINANT else "mixed"), shares


@dataclass(frozen=True, slots=True)
class Geography:
    """A country: its ISO 3166-1 code, and its sub-region and region of UN M49."""

    country: str
    sub_region: str
    region: str


@cache
def geography(text: str) -> Geography | None:
    """The country that a text names, by code or by name; None where it names none.

    Raises
    ------
    MissingExtra
        If pycountry is not installed.

    Examples
    --------
    >>> geography("Germany")
    Geography(country='DE', sub_region='Western Europe', region='Europe')
    >>> geography("2840") is None
    True
    """
    pycountry = require("pycountry", extra="harmonise", user="countries and regions")
    try:
        code: str = pycountry.countries.lookup(text.strip()).alpha_2
    except LookupError:
        return None
    return _regions().get(code)


@cache
def _regions() -> Mapping[str, Geography]:
    text = Path(__file__).with_name("regions.toml").read_text(encoding="utf-8")
    return {
        code: Geography(code, sub_region, region)
        for region, parts in tomllib.loads(text).items()
        for sub_region, codes in parts.items()
        for code in codes.split()
    }


def objective(raw: str | None) -> str:
    """A platform's objective in common words: sales, leads, traffic, awareness, ..., or other.

    Examples
    --------
    >>> objective("OUTCOME_SALES"), objective("VIDEO_VIEWS"), objective(None)
    ('sales', 'video', 'other')
    """
    text = (raw or "").upper()
    return next((name for name, words in _OBJECTIVES.items() if re.search(words, text)), "other")


def ages(text: str) -> tuple[int, int] | None:
    """An age bracket as platforms write it: AGE_25_34, 18-24, 35+, AGE_55_100.

    Examples
    --------
    >>> ages("AGE_RANGE_18_24"), ages("65+"), ages("all")
    ((18, 24), (65, 99), None)
    """
    found = _AGES.search(text)
    if found is None:
        return None
    low = int(found[1] or found[3] or found[4])
    return low, min(int(found[2] or 99), 99)


def facets(text: str | None, *, name: str = "targeting") -> list[Facet]:
    """The conditions of a targeting, in the platform's JSON or as a plain list.

    Nothing is dropped: a facet that is not known keeps the platform's own word for it.

    Parameters
    ----------
    text : str or None
        JSON, a list such as ``["en", "de"]``, or one value.
    name : str
        What the text is a targeting of, where it does not say: ``"age"``.

    Examples
    --------
    >>> spec = '{"excluded_geo": {"countries": ["FR"]}, "age_min": 18, "age_max": 24}'
    >>> [(facet.facet, facet.op, facet.value) for facet in facets(spec)]
    [('geo', 'exclude', 'FR'), ('age', 'include', '18-24')]
    """
    if text is None or not text.strip():
        return []
    try:
        given = json.loads(text)
    except ValueError:
        given = [part.strip() for part in text.strip("[]").split(",")]
    if isinstance(given, dict) and {"age_min", "age_max"} & set(given):
        low, high = given.pop("age_min", 13), given.pop("age_max", 99)
        given["age"] = f"{low}-{high}"
    return [
        Facet(_plain_facet(path), _op(path), _plain_value(path, raw), raw)
        for path, raw in _leaves(given, (name,))
        if raw
    ]


def _leaves(given: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(given, Mapping):
        named = given.get("name", given.get("id"))
        if named is not None and not isinstance(named, Mapping | list):
            yield path, str(named)
            return
        for key, value in given.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(given, list):
        for value in given:
            yield from _leaves(value, path)
    elif given is not None:
        yield path, str(given)


_WORDS = {
    "age": "age",
    "gender": "gender|genders",
    "geo": "geo|location|countr|region|cities|city",
}


def _plain_facet(path: tuple[str, ...]) -> str:
    for part in reversed(path):
        for facet, words in _WORDS.items():
            if re.search(rf"(?:^|_)(?:{words})", part.lower()):
                return facet
    own = [part for part in path if not re.fullmatch(r"or|and|include|exclude\w*|targeting", part)]
    return (own or list(path))[-1].rsplit(":", 1)[-1]


def _op(path: tuple[str, ...]) -> str:
    text = " ".join(path).lower()
    if "exclu" in text:
        return "exclude"
    return "and_also" if "flexible_spec" in text or " and " in f" {text} " else "include"


def _plain_value(path: tuple[str, ...], raw: str) -> str:
    facet = _plain_facet(path)
    if facet == "age" and (bracket := ages(raw)):
        return f"{bracket[0]}-{bracket[1]}"
    if facet == "gender":
        known = {"1": "male", "2": "female", "0": "all"}
        text = raw.upper().removeprefix("GENDER_")
        return known.get(text, "all" if text == "UNLIMITED" else text.lower())
    return raw.rsplit(":", 1)[-1]
