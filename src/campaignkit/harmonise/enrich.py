"""What is derived of landed values: generations, regions, objectives, facets of a targeting."""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
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
_FORMATS = {
    "carousel": "CAROUSEL|COLLECTION", "video": "VIDEO", "image": "IMAGE|PHOTO",
    "shopping": "SHOP|PRODUCT|CATALOG", "text": "TEXT|SEARCH_AD",
}  # fmt: skip
_AGES = re.compile(r"(\d{2})\D+(\d{2,3})|(\d{2})\s*\+|(\d{2})-$")
_YOUNGEST, _OLDEST = 13, 99
# Words of a platform's name for a facet, and what it is in common words.
_FACETS = {
    "dma": "dma dmas metro metros markets",
    "geo": "geo geos geolocation geolocations country countries region regions city cities "
    "location locations zip zips places",
    "age": "age ages",
    "gender": "gender genders sex",
    "language": "language languages locale locales",
}
_AUDIENCES = re.compile(
    "^(custom_|saved_|matched_)?audience|interest|behavio|segment|job|industr|senior|life_event"
    "|education|skill|keyword|communit|employer|title|categor",
    re.IGNORECASE,
)
_EXCLUDES = re.compile(r"exclu|(^|\W|_)not(\W|_|$)|negat", re.IGNORECASE)


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
    """A country: its ISO 3166-1 code, its sub-region and region of UN M49; and a place in it.

    Attributes
    ----------
    country, sub_region, region : str
    place : str
        Within the country: a subdivision's ISO 3166-2 code, or a name; "" for all of it.
    """

    country: str
    sub_region: str
    region: str
    place: str = ""


@cache
def geography(text: str) -> Geography | None:
    """The country or subdivision that a text names, by code or by name; None where it names none.

    A name that subdivisions of two countries share names none.

    Raises
    ------
    MissingExtra
        If pycountry is not installed.

    Examples
    --------
    >>> geography("Germany")
    Geography(country='DE', sub_region='Western Europe', region='Europe', place='')
    >>> geography("California").place, geography("2840")
    ('US-CA', None)
    """
    pycountry = require("pycountry", extra="harmonise", user="countries and regions")
    try:
        return _regions().get(pycountry.countries.lookup(text.strip()).alpha_2)
    except LookupError:
        codes = _subdivisions().get(text.strip().casefold(), ())
    countries = {code[:2] for code in codes}
    whole = _regions().get(countries.pop()) if len(countries) == 1 else None
    return whole and replace(whole, place=min(codes))


@cache
def _subdivisions() -> Mapping[str, set[str]]:
    pycountry = require("pycountry", extra="harmonise", user="countries and regions")
    codes: dict[str, set[str]] = defaultdict(set)
    for part in pycountry.subdivisions:
        for text in (part.code, part.name):
            codes[text.casefold()].add(part.code)
    return codes


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
    return _in_common_words(raw or "", _OBJECTIVES, "other")


def creative_format(raw: str) -> str:
    """A creative's format in common words; what is none of them stays as it is.

    Examples
    --------
    >>> creative_format("SINGLE_VIDEO"), creative_format("RESPONSIVE_SEARCH_AD")
    ('video', 'text')
    """
    return _in_common_words(raw, _FORMATS, raw)


def _in_common_words(raw: str, words: Mapping[str, str], default: str) -> str:
    return next((name for name, own in words.items() if re.search(own, raw.upper())), default)


def ages(text: str) -> tuple[int, int] | None:
    """An age bracket as platforms write it: AGE_25_34, 18-24, 35+, 24- (24 and younger).

    Examples
    --------
    >>> ages("AGE_RANGE_18_24"), ages("65+"), ages("24-"), ages("all")
    ((18, 24), (65, 99), (13, 24), None)
    """
    found = _AGES.search(text)
    if found is None:
        return None
    low, high = int(found[1] or found[3] or _YOUNGEST), int(found[2] or found[4] or _OLDEST)
    return (low, min(high, _OLDEST)) if low <= high else None


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
    return [
        Facet(_plain_facet(path), _op(path), _plain_value(path, value), raw)
        for path, value, raw in _leaves(given, (name,))
        if value
    ]


def values_of(facet: Facet, year: int) -> list[tuple[str, str]]:
    """Modalities of a condition with their values: an age is of a generation, too.

    Examples
    --------
    >>> values_of(Facet("geo", "include", "US-CA", "US-CA"), 2025)
    [('geo', 'US'), ('sub_region', 'Northern America'), ('region', 'US-CA')]
    """
    if facet.facet in ("geo", "dma"):
        place = _place(facet)
        if place is None:
            return [("geo", facet.value)]
        told = [("geo", place.country), ("sub_region", place.sub_region)]
        return told + ([("region", place.place)] if place.place else [])
    if facet.facet == "age":
        told = [("age", facet.value)]
        with suppress(HarmoniseError):  # a bracket of no generation
            if bracket := ages(facet.value):
                told.append(("generation", generation(*bracket, year)[0]))
        return told
    if facet.facet in ("gender", "language"):
        return [(facet.facet, facet.value)]
    return [("audience", facet.value)] if _AUDIENCES.search(facet.facet) else []


def _place(facet: Facet) -> Geography | None:
    """Where a place lies: in the country that its entry names, or by its own name."""
    own = geography(facet.value)
    entry = json.loads(facet.raw) if facet.raw.startswith("{") else {}
    country = "US" if facet.facet == "dma" else entry.get("country", entry.get("country_code"))
    whole = geography(str(country)) if country else None
    if whole is None or (own and facet.facet == "geo" and own.country == whole.country):
        return own
    return replace(whole, place=f"{'DMA ' if facet.facet == 'dma' else ''}{facet.value}")


def _leaves(given: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Each value of a targeting with the keys above it, and as the platform writes it."""
    if isinstance(given, list):
        for value in given:
            yield from _leaves(value, path)
    elif not isinstance(given, Mapping):
        if given is not None:
            yield path, str(given), str(given)
    elif isinstance(given.get("targeting_type"), str):  # one condition a row, as X writes them
        of = (*path, "exclude") if given.get("operator_type") == "NE" else path
        yield (
            (*of, given["targeting_type"].lower()),
            str(given.get("targeting_value", "")),
            (json.dumps(given)),
        )
    else:
        of = (*path, "exclude") if str(given.get("negative")).lower() == "true" else path
        named = given.get("name", given.get("id"))
        if named is not None and not any(isinstance(v, Mapping | list) for v in given.values()):
            yield of, str(named), json.dumps(given)
            return
        low, high = (given.get(f"age_{end}", given.get(f"{end}_age")) for end in ("min", "max"))
        if low is not None or high is not None:
            bracket = f"{low or _YOUNGEST}-{high or _OLDEST}"
            yield (*of, "age"), bracket, bracket
        for key, value in given.items():
            if key not in ("age_min", "age_max", "min_age", "max_age", "negative"):
                yield from _leaves(value, (*of, str(key)))


def _plain_facet(path: tuple[str, ...]) -> str:
    for part in reversed(path):
        words = {word.lower() for word in re.findall("[A-Z]?[a-z]+|[A-Z]+", part)}
        if words & {"type", "types"}:  # such as location_types: living there, or travelling
            return part
        for facet, known in _FACETS.items():
            if words.intersection(known.split()):
                return facet
    own = [
        part for part in path if not re.fullmatch(r"or|and|include|exclude\w*|not|targeting", part)
    ]
    return (own or list(path))[-1].rsplit(":", 1)[-1]


def _op(path: tuple[str, ...]) -> str:
    if any(_EXCLUDES.search(part) for part in path):
        return "exclude"
    return "and_also" if {"flexible_spec", "and"} & {*path} else "include"


def _plain_value(path: tuple[str, ...], raw: str) -> str:
    facet = _plain_facet(path)
    if facet == "age" and (bracket := ages(raw)):
        return f"{bracket[0]}-{bracket[1]}"
    if facet == "gender":
        known = {"1": "male", "2": "female", "0": "all", "UNLIMITED": "all"}
        text = raw.upper().removeprefix("GENDER_")
        return known.get(text, text.lower())
    return raw.rsplit(":", 1)[-1]
