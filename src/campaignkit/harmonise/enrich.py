"""What is derived of landed values: generations, regions, objectives, facets of a targeting."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from campaignkit.errors import HarmoniseError
from campaignkit.extras import require

_DOMINANT = 0.8  # share of the birth years from which one generation stands for all
_AGES = re.compile(r"(\d{2})\D+(\d{2,3})|(\d{2})\s*\+|(\d{2})-$")
_YOUNGEST, _OLDEST = 13, 99
_WRAPPERS = re.compile(r"or|and|include|exclude\w*|not|targeting")
_EXCLUDES = re.compile(r"exclu|(^|\W|_)not(\W|_|$)|negat", re.IGNORECASE)


@cache
def words(file: str = "words.toml") -> Mapping[str, Mapping[str, Any]]:
    """What platforms write in common words, and UN M49's regions: tables that lie next to this."""
    return tomllib.loads(Path(__file__).with_name(file).read_text(encoding="utf-8"))


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
    counts = Counter(
        name for born in range(year - age_hi - 1, year - age_lo + 1)
        for name, (first, last) in words()["generations"].items() if first <= born <= last
    )  # fmt: skip
    if not counts:
        raise HarmoniseError(
            f"ages {age_lo} to {age_hi} in {year} are of no generation; "
            f"expected births from 1928 to 2028, and age_lo at most age_hi"
        )
    shares = {name: count / counts.total() for name, count in counts.items()}
    top = counts.most_common(1)[0][0]
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

    A name of a country and of a subdivision, such as Georgia, names the country. A name that
    subdivisions of two countries share names none, and neither does a number: platforms number
    places in their own ways.

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
    if text.strip().isdigit():
        return None
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
    return {
        code: Geography(code, sub_region, region)
        for region, parts in words("regions.toml").items()
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
    return _in_common_words(raw or "", "objectives", "other")


def creative_format(raw: str) -> str:
    """A creative's format in common words; what is none of them stays as it is.

    Examples
    --------
    >>> creative_format("SINGLE_VIDEO"), creative_format("RESPONSIVE_SEARCH_AD")
    ('video', 'text')
    """
    return _in_common_words(raw, "formats", raw)


def _in_common_words(raw: str, of: str, default: str) -> str:
    return next(
        (name for name, own in words()[of].items() if re.search(own, raw.upper())), default
    )


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
    return [_condition(*leaf) for leaf in _leaves(given, (name,)) if leaf[1]]


def values_of(facet: Facet, year: int) -> list[tuple[str, str]]:
    """Modalities of a condition with their values: an age is of a generation, too.

    Examples
    --------
    >>> values_of(Facet("geo", "include", "US-CA", "US-CA"), 2025)
    [('geo', 'US'), ('sub_region', 'Northern America'), ('region', 'US-CA')]
    """
    told = [(facet.facet, facet.value)]
    if facet.facet in ("geo", "dma"):
        place = _place(facet)
        if place is None:
            return [("geo", facet.value)]
        told = [("geo", place.country), ("sub_region", place.sub_region)]
        return told + ([("region", place.place)] if place.place else [])
    if facet.facet == "age" and (bracket := ages(facet.value)):
        with suppress(HarmoniseError):  # a bracket of no generation
            told.append(("generation", generation(*bracket, year)[0]))
    if facet.facet in ("age", "gender", "language", "placement"):
        return told
    return [("audience", facet.value)] if _in_common_words(facet.facet, "audiences", "") else []


def _place(facet: Facet) -> Geography | None:
    """Where a place lies: in the country that its entry names, or by its own name."""
    own, is_dma = geography(facet.value), facet.facet == "dma"
    entry = json.loads(facet.raw) if facet.raw.startswith("{") else {}
    country = "US" if is_dma else entry.get("country", entry.get("country_code"))
    whole = geography(str(country)) if country else None
    if whole is None or (own and not is_dma and own.country == whole.country):
        return own
    return replace(whole, place=f"DMA {facet.value}" if is_dma else facet.value)


def _leaves(given: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Each value of a targeting with the keys above it, and as the platform writes it."""
    if isinstance(given, list):
        for value in given:
            yield from _leaves(value, path)
    elif not isinstance(given, Mapping):
        if given is not None:
            yield path, str(given), str(given)
    elif isinstance(given.get("targeting_type"), str):  # one condition, as X writes it
        op = "exclude" if given.get("operator_type") == "NE" else "include"
        value = str(given.get("targeting_value", ""))
        yield (*path, op, given["targeting_type"].lower()), value, json.dumps(given)
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


def _condition(path: tuple[str, ...], value: str, raw: str) -> Facet:
    named = [part for part in path if not _WRAPPERS.fullmatch(part)] or path
    facet = named[-1].rsplit(":", 1)[-1]
    for part in reversed(path):
        own = {word.lower() for word in re.findall("[A-Z]?[a-z]+|[A-Z]+", part)}
        known = [of for of, them in words()["facets"].items() if own.intersection(them.split())]
        if own & {"type", "types"}:  # such as location_types: living there, or travelling
            facet = part
        elif known:
            facet = known[0]
        else:
            continue
        break
    bracket = ages(value) if facet == "age" else None
    plain = f"{bracket[0]}-{bracket[1]}" if bracket else value.rsplit(":", 1)[-1]
    if facet == "gender":
        plain = value.lower().removeprefix("gender_")
        plain = next((g for g, own in words()["genders"].items() if plain in own.split()), plain)
    op = "and_also" if {"flexible_spec", "and"} & {*path} else "include"
    return Facet(facet, "exclude" if _EXCLUDES.search(" ".join(path)) else op, plain, raw)
