"""What is known of a platform's tables, read from its TOML file: names, columns, units, events."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from campaignkit.errors import Fault, HarmoniseError

LEVELS = ("ad", "ad_group", "campaign")  # of reports, the finest first
ENTITIES = ("ad", "creative", "ad_group", "campaign", "account")  # in the order ids are looked up
IDS = ("account_id", "campaign_id", "ad_group_id", "ad_id")
BREAKDOWNS = ("device", "os", "placement", "geo_raw")
COUNTS = (
    "impressions_paid", "impressions_earned", "clicks_platform", "clicks_link",
    "video_plays", "video_p25", "video_p50", "video_p75", "video_completions",
)  # fmt: skip
ADDITIVE = ("spend", *COUNTS)
MEASURES = (*ADDITIVE, "reach")
CONVERSION_AMOUNTS = ("count", "value", "view_through")
# Attributes of entities that describe a row and are no part of its key.
DESCRIBING = (
    "account_name", "campaign_name", "ad_group_name", "ad_name", "objective_raw", "channel_raw",
    "conversion_event", "targeting", "age", "gender", "geo", "placement_targeted",
    "creative_text", "creative_format", "landing_url",
)  # fmt: skip
_PARENTS = (*IDS, "creative_id", "currency", "report_tz", "click_days", "view_days")
_UNITS = ("micro", "tail")
_FOLDER = Path(__file__).with_name("platforms")


@dataclass(frozen=True, slots=True)
class Term:
    """One way to read a value: a column, and what its cells are.

    Attributes
    ----------
    columns : tuple of str
        Added up, where there are several.
    unit : str
        ``"micro"`` (millionths), ``"tail"`` (the last part of a path), or ``""``.

    Examples
    --------
    >>> Term.of("micro:cost_micros")
    Term(columns=('cost_micros',), unit='micro')
    """

    columns: tuple[str, ...]
    unit: str = ""

    @classmethod
    def of(cls, text: str) -> Term:
        """A term as the platforms' files write it: ``unit:column + column``.

        Examples
        --------
        >>> Term.of("clicks + views").columns
        ('clicks', 'views')
        """
        unit, _, rest = text.rpartition(":")
        if unit not in ("", *_UNITS):
            raise HarmoniseError(
                f"{text!r} is in an unknown unit {unit!r}",
                hint=f"units are {', '.join(_UNITS)}, or none",
            )
        return cls(tuple(part.strip() for part in rest.split("+")), unit)


Terms = tuple[Term, ...]  # the first that has a value is taken


@dataclass(frozen=True, slots=True)
class Entity:
    """A table of accounts, campaigns, ad groups, ads or creatives: names and parents."""

    names: tuple[str, ...]
    key: Mapping[str, Terms]
    columns: Mapping[str, Terms]
    newest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A table of amounts by day, or hour, at one level."""

    names: tuple[str, ...]
    ids: Mapping[str, Terms]
    measures: Mapping[str, Terms]
    needs: tuple[str, ...] = ()
    date: Terms = ()
    hour: Terms = ()
    currency: Terms = ()
    breakdown: Mapping[str, Terms] = field(default_factory=dict)
    days_as_moments: bool = False  # a day is the moment at which it begins, in UTC


@dataclass(frozen=True, slots=True)
class Conversions:
    """Columns of a report, or of a table next to it, that count conversions."""

    level: str
    amounts: Mapping[str, Terms]
    names: tuple[str, ...] = ()  # none: columns of the level's own report
    needs: tuple[str, ...] = ()
    list_column: str = ""  # of the report, in JSON, where there is no table beside it
    date: Terms = ()
    ids: Mapping[str, Terms] = field(default_factory=dict)
    event: Terms = ()
    event_is: str = ""
    windows: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    click_days: int | None = None
    view_days: int | None = None
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Platform:
    """One ad platform, as its file describes it.

    Attributes
    ----------
    key : str
        The file's name: ``"google_ads"``.
    name : str
    report_tz : str
        ``"account"`` where days are the account's own, or ``"UTC"``.
    click_kind : str
        What its clicks are: ``"link"``, ``"all"``, ``"swipe"`` or ``"platform"``.
    notes : tuple of str
        Its traps, and what is done about each.
    prefixes, strip : tuple of str
        What stands before the names of its tables and columns.
    entities, reports : mapping
    conversions : tuple of Conversions
    events : mapping of str to tuple of str
        Canonical event -> the platform's own, the preferred one first; they overlap.

    Examples
    --------
    >>> platform("pinterest").reports["ad"].measures["spend"]
    (Term(columns=('spend_in_micro_dollar',), unit='micro'),)
    """

    key: str
    name: str
    report_tz: str
    click_kind: str
    entities: Mapping[str, Entity]
    reports: Mapping[str, Report]
    conversions: tuple[Conversions, ...] = ()
    events: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    strip: tuple[str, ...] = ()


@cache
def platforms() -> tuple[str, ...]:
    """Keys of the platforms that are known, in order.

    Examples
    --------
    >>> len(platforms())
    10
    """
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@cache
def platform(key: str) -> Platform:
    """A platform by its key.

    Raises
    ------
    HarmoniseError
        If there is none of that key.

    Examples
    --------
    >>> platform("x").click_kind
    'all'
    """
    if key not in platforms():
        raise HarmoniseError(
            f"platform is {key!r}; expected one of {', '.join(platforms())}",
            hint="another platform is one TOML file: see 'Add a platform' in the documentation",
        )
    return read_platform(_FOLDER / f"{key}.toml")


def read_platform(path: Path) -> Platform:
    """A platform from its file.

    Raises
    ------
    HarmoniseError
        With every fault of the file: unknown keys, levels, measures, units, missing parts.

    Examples
    --------
    >>> read_platform(_FOLDER / "x.toml").name
    'X'
    """
    try:
        text = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise HarmoniseError(f"{path} cannot be read: {err}", hint="write it as TOML") from err
    reader = _Reader(path.name)
    made = reader.platform(path.stem, text)
    if reader.faults:
        raise HarmoniseError(f"{path.name} does not describe a platform", faults=reader.faults)
    return made


class _Reader:
    """Reads tables of TOML into the classes above, and collects what is wrong with them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def fault(self, where: str, found: str, fix: str = "") -> None:
        self.faults.append(Fault(f"{self.file}: {where}", found, fix))

    def platform(self, key: str, given: Mapping[str, Any]) -> Platform:
        self.known("the top", given, Platform, needs=("name", "report_tz", "click_kind"))
        entities = {
            name: self.entity(f"entities.{name}", part)
            for name, part in self.parts(given, "entities", ENTITIES)
        }
        reports = {
            level: self.report(f"reports.{level}", part)
            for level, part in self.parts(given, "reports", LEVELS)
        }
        if not reports:
            self.fault("reports", "there is none", "describe [reports.ad] at least")
        conversions = tuple(
            self.conversions(f"conversions[{number}]", part)
            for number, given_part in enumerate(given.get("conversions", ()))
            for level in self.texts(given_part.get("level", ()))
            for part in ({**given_part, "level": level},)
        )
        return Platform(
            key=key,
            name=str(given.get("name", "")),
            report_tz=self.one_of("report_tz", given.get("report_tz"), ("account", "UTC")),
            click_kind=self.one_of(
                "click_kind", given.get("click_kind"), ("link", "all", "swipe", "platform")
            ),
            entities=entities,
            reports=reports,
            conversions=conversions,
            events={to: tuple(own) for to, own in given.get("events", {}).items()},
            notes=tuple(given.get("notes", ())),
            prefixes=tuple(given.get("prefixes", ())),
            strip=tuple(given.get("strip", ())),
        )

    def entity(self, where: str, given: Mapping[str, Any]) -> Entity:
        self.known(where, given, Entity, needs=("names", "key", "columns"))
        return Entity(
            names=self.texts(given.get("names", ())),
            key=self.columns(f"{where}.key", given.get("key", {}), (*IDS, "creative_id")),
            columns=self.columns(
                f"{where}.columns", given.get("columns", {}), _PARENTS + DESCRIBING
            ),
            newest=self.texts(given.get("newest", ())),
        )

    def report(self, where: str, given: Mapping[str, Any]) -> Report:
        self.known(where, given, Report, needs=("names", "ids", "measures"))
        if not given.get("date") and not given.get("hour"):
            self.fault(where, "has neither date nor hour", "name the column of its days")
        return Report(
            names=self.texts(given.get("names", ())),
            ids=self.columns(f"{where}.ids", given.get("ids", {}), IDS),
            measures=self.columns(f"{where}.measures", given.get("measures", {}), MEASURES),
            needs=self.texts(given.get("needs", ())),
            date=self.terms(where, given.get("date", ())),
            hour=self.terms(where, given.get("hour", ())),
            currency=self.terms(where, given.get("currency", ())),
            breakdown=self.columns(f"{where}.breakdown", given.get("breakdown", {}), BREAKDOWNS),
            days_as_moments=bool(given.get("days_as_moments", False)),
        )

    def conversions(self, where: str, given: Mapping[str, Any]) -> Conversions:
        asked = dict(given)
        amounts = {name: asked.pop(name) for name in CONVERSION_AMOUNTS if name in asked}
        if "list" in asked:
            asked["list_column"] = asked.pop("list")
        self.known(where, asked | {"amounts": amounts}, Conversions, needs=("level",))
        if bool(given.get("event")) == bool(given.get("event_is")):
            self.fault(where, "has both or neither of event and event_is", "give one of them")
        return Conversions(
            level=self.one_of(f"{where}.level", given.get("level"), LEVELS),
            amounts=self.columns(where, amounts, CONVERSION_AMOUNTS),
            names=self.texts(asked.get("names", ())),
            needs=self.texts(asked.get("needs", ())),
            list_column=str(asked.get("list_column", "")),
            date=self.terms(where, asked.get("date", ())),
            ids=self.columns(f"{where}.ids", asked.get("ids", {}), IDS),
            event=self.terms(where, asked.get("event", ())),
            event_is=str(asked.get("event_is", "")),
            windows={name: (int(c), int(v)) for name, (c, v) in asked.get("windows", {}).items()},
            click_days=asked.get("click_days"),
            view_days=asked.get("view_days"),
            basis=str(asked.get("basis", "")),
        )

    def known(self, where: str, given: Mapping[str, Any], kind: Any, needs: Sequence[str]) -> None:
        known = set(kind.__dataclass_fields__) - {"key"} | ({"key"} if kind is Entity else set())
        for name in given:
            if name not in known:
                self.fault(where, f"{name!r} is unknown", f"expected {', '.join(sorted(known))}")
        for name in needs:
            if not given.get(name):
                self.fault(where, f"{name} is missing")

    def parts(
        self, given: Mapping[str, Any], name: str, allowed: Sequence[str]
    ) -> list[tuple[str, Mapping[str, Any]]]:
        found = given.get(name, {})
        for part in found:
            if part not in allowed:
                self.fault(name, f"{part!r} is unknown", f"expected {', '.join(allowed)}")
        return [(part, found[part]) for part in allowed if part in found]

    def columns(
        self, where: str, given: Mapping[str, Any], allowed: Sequence[str]
    ) -> dict[str, Terms]:
        for name in given:
            if name not in allowed:
                self.fault(where, f"{name!r} is unknown", f"expected {', '.join(allowed)}")
        return {name: self.terms(f"{where}.{name}", given[name]) for name in given}

    def terms(self, where: str, given: str | Sequence[str]) -> Terms:
        made = []
        for text in self.texts(given):
            try:
                made.append(Term.of(text))
            except HarmoniseError as err:
                self.fault(where, err.message, err.hint)
        return tuple(made)

    @staticmethod
    def texts(given: str | Sequence[str]) -> tuple[str, ...]:
        return (given,) if isinstance(given, str) else tuple(given)

    def one_of(self, where: str, given: Any, allowed: Sequence[str]) -> str:
        if given not in allowed:
            self.fault(where, f"is {given!r}", f"expected {', '.join(allowed)}")
        return str(given)
