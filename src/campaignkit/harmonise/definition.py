"""What is known of a platform's tables, read from its TOML file: names, columns, units, events."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

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
PARENTS = (*IDS, "creative_id", "currency", "report_tz", "click_days", "view_days")
_UNITS = ("micro", "cent", "tail", "grouped")
_FOLDER = Path(__file__).with_name("platforms")


@dataclass(frozen=True, slots=True)
class Term:
    """One way to read a value: a column, and what its cells are.

    Attributes
    ----------
    column : str
    unit : str
        ``"micro"`` (millionths), ``"cent"`` (hundredths), ``"tail"`` (the last part of a path),
        ``"grouped"`` (a comma groups thousands, even where it could be a decimal one), or ``""``.

    Examples
    --------
    >>> Term.of("micro:cost_micros")
    Term(column='cost_micros', unit='micro')
    """

    column: str
    unit: str = ""

    @classmethod
    def of(cls, text: str) -> Term:
        """A term as the platforms' files write it: ``unit:column``.

        Examples
        --------
        >>> Term.of("clicks").unit
        ''
        """
        unit, _, column = text.rpartition(":")
        if unit not in ("", *_UNITS):
            raise HarmoniseError(
                f"{text!r} is in an unknown unit {unit!r}",
                hint=f"units are {', '.join(_UNITS)}, or none",
            )
        return cls(column.strip(), unit)


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
    list: str = ""  # column of the report, in JSON, where there is no table beside it
    date: Terms = ()
    ids: Mapping[str, Terms] = field(default_factory=dict)
    event: Terms = ()
    event_is: str = ""
    windows: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    click_days: int | None = None
    view_days: int | None = None
    basis: str = ""

    def column(self, amount: str) -> str:
        """The landed column of an amount that is a column of the level's own report.

        Examples
        --------
        >>> platform("amazon_ads").conversions[0].column("count")
        'purchase_30_0_count'
        """
        days = ("" if d is None else str(d) for d in (self.click_days, self.view_days))
        basis = "" if self.basis == "click" else self.basis
        return "_".join(filter(None, (self.event_is, *days, basis, amount)))


@dataclass(frozen=True, slots=True)
class Export:
    """The report that a person downloads: headers that do not go by the tables room's names."""

    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    conversions: tuple[Conversions, ...] = ()
    report_tz: str = "account"


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
    export : Export
        The report that a person downloads.
    entities, reports : mapping
    conversions : tuple of Conversions
    events : mapping of str to tuple of str
        Canonical event -> the platform's own, the preferred one first; they overlap.

    Examples
    --------
    >>> platform("pinterest").reports["ad"].measures["spend"]
    (Term(column='spend_in_micro_dollar', unit='micro'),)
    """

    key: str
    name: str
    report_tz: str
    click_kind: str
    entities: Mapping[str, Entity] = field(default_factory=dict)
    reports: Mapping[str, Report] = field(default_factory=dict)
    conversions: tuple[Conversions, ...] = ()
    events: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    strip: tuple[str, ...] = ()
    export: Export = Export()

    def parts(self) -> Iterator[tuple[str, str, Entity | Report | Conversions]]:
        """What its tables are: entities, reports and conversions, each with its place."""
        yield from (("entity", kind, part) for kind, part in self.entities.items())
        yield from (("report", level, part) for level, part in self.reports.items())
        yield from (("conversions", str(n), part) for n, part in enumerate(self.conversions))


@cache
def platforms() -> tuple[str, ...]:
    """Keys of the platforms that are known, in order.

    Examples
    --------
    >>> len(platforms())
    10
    """
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def platform(key: str) -> Platform:
    """A platform by its key, or by a file of your own: a path that ends in ``.toml``.

    Raises
    ------
    HarmoniseError
        If there is none of that key, or the file does not describe one.

    Examples
    --------
    >>> platform("x").click_kind
    'all'
    """
    if key.endswith(".toml"):
        return read_platform(Path(key))
    if key not in platforms():
        raise HarmoniseError(
            f"platform is {key!r}; expected one of {', '.join(platforms())}",
            hint="another platform is one TOML file: see 'Add a platform' in the documentation",
        )
    return _shipped(key)


@cache
def _shipped(key: str) -> Platform:
    return read_platform(_FOLDER / f"{key}.toml")


def read_platform(path: Path, text: str | None = None) -> Platform:
    """A platform from its file, or from the text that the file had.

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
        given = tomllib.loads(path.read_text(encoding="utf-8") if text is None else text)
    except (OSError, ValueError) as err:
        raise HarmoniseError(f"{path} cannot be read: {err}", hint="write it as TOML") from err
    reader = _Reader(path.name)
    made = reader.make(Platform, "", given, key=path.stem)
    if reader.faults:
        raise HarmoniseError(f"{path.name} does not describe a platform", faults=reader.faults)
    return cast("Platform", made)


def text_of_own(path: Path) -> str:
    """The text of a file of your own, which is named as no known platform is.

    Raises
    ------
    HarmoniseError
        If it is named as one, or as no platform can be.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "shop.toml").write_text('name = "Shop"')
    ...     text_of_own(Path(folder) / "shop.toml")
    'name = "Shop"'
    """
    if path.stem in platforms() or not re.fullmatch("[a-z0-9_]{1,40}", path.stem):
        raise HarmoniseError(
            f"{path.name} cannot be the name of a platform's file of your own",
            hint="name it after the platform, in a-z, 0-9 and _, and as none that is known: "
            f"{', '.join(platforms())}",
        )
    return path.read_text(encoding="utf-8")


# What the names of a mapping of columns may be, by the field it belongs to.
_NAMES: Mapping[str, Sequence[str]] = {
    "key": (*IDS, "creative_id"), "columns": PARENTS + DESCRIBING, "ids": IDS,
    "measures": MEASURES, "breakdown": BREAKDOWNS, "amounts": CONVERSION_AMOUNTS,
    "entities": ENTITIES, "reports": LEVELS,
    "headers": (*IDS, *DESCRIBING, *MEASURES, *BREAKDOWNS, "date", "period_end", "currency"),
}  # fmt: skip
_ONE_OF: Mapping[str, Sequence[str]] = {
    "level": LEVELS, "report_tz": ("account", "UTC"),
    "click_kind": ("link", "all", "swipe", "platform"),
}  # fmt: skip
_NEEDED: Mapping[type, Sequence[str]] = {
    Platform: ("name", "report_tz", "click_kind", "reports"), Entity: ("names", "key", "columns"),
    Report: ("names", "ids", "measures"), Conversions: ("level", "amounts"), Export: (),
}  # fmt: skip


class _Reader:
    """Reads tables of TOML into the classes above, and collects what is wrong with them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def fault(self, where: str, found: str, fix: str = "") -> None:
        self.faults.append(Fault(f"{self.file}: {where}", found, fix))

    def make(self, kind: type[Any], where: str, given: Any, **known: str) -> Any:
        """One of the classes above, from a table of the file; None if a part of it is missing."""
        table = self.of(where or "the top", given, dict, "a table") or {}
        fields = {n: f for n, f in kind.__dataclass_fields__.items() if n not in known}
        values: dict[str, Any] = dict(known)
        for name, value in table.items():
            at = f"{where}.{name}" if where else name
            if name not in fields:
                self.fault(at, "is unknown", f"expected {', '.join(sorted(fields))}")
                continue
            values[name] = self.read(fields[name].type, at, value)
        missing = [name for name in _NEEDED[kind] if not table.get(name)]
        for name in missing:
            self.fault(where or "the top", f"{name} is missing")
        if kind is Report and not table.get("date") and not table.get("hour"):
            self.fault(where, "has neither date nor hour", "name the column of its days")
        return None if missing else kind(**values)

    def read(self, kind: str, where: str, given: Any) -> Any:
        """A value of the file, as the type of its field asks for it."""
        if kind.startswith("Mapping[str, "):
            return self.mapping(where, given, kind.removeprefix("Mapping[str, ").removesuffix("]"))
        ways: Mapping[str, Callable[[str, Any], Any]] = {
            "str": self.text, "tuple[str, ...]": self.texts, "Terms": self.terms,
            "int | None": self.number, "tuple[int, int]": self.window, "bool": self.flag,
            "tuple[Conversions, ...]": self.conversions,
            "Entity": partial(self.make, Entity), "Report": partial(self.make, Report),
            "Export": partial(self.make, Export),
        }  # fmt: skip
        return ways[kind](where, given)

    def conversions(self, where: str, given: Any) -> tuple[Conversions, ...]:
        made: list[Conversions] = []
        for number, part in enumerate(self.of(where, given, list, "a list of tables") or ()):
            at = f"{where}[{number}]"
            table = dict(self.of(at, part, dict, "a table") or {})
            table["amounts"] = {n: table.pop(n) for n in CONVERSION_AMOUNTS if n in table}
            if bool(table.get("event")) == bool(table.get("event_is")):
                self.fault(at, "has both or neither of event and event_is", "give one of them")
            levels = self.texts(f"{at}.level", table.get("level", ())) or ("",)
            made += [self.make(Conversions, at, table | {"level": level}) for level in levels]
        return tuple(made)

    def mapping(self, where: str, given: Any, kind: str) -> dict[str, Any]:
        """A table of the file, each of its values read as a kind."""
        table = self.of(where, given, dict, "a table") or {}
        allowed = _NAMES.get(where.rpartition(".")[2])
        for name in table:
            if allowed is not None and name not in allowed:
                self.fault(f"{where}.{name}", "is unknown", f"expected {', '.join(allowed)}")
        return {name: self.read(kind, f"{where}.{name}", part) for name, part in table.items()}

    def of(self, where: str, given: Any, kind: type[Any], named: str) -> Any:
        """What was given, if it is of a kind; None, and a fault, if it is not."""
        if isinstance(given, kind) and (kind is not int or not isinstance(given, bool)):
            return given
        self.fault(where, f"is {given!r:.60}", f"expected {named}")
        return None

    def text(self, where: str, given: Any) -> str:
        allowed = _ONE_OF.get(where.rpartition(".")[2])
        if allowed is None:
            return self.of(where, given, str, "a text") or ""
        if given not in allowed:
            self.fault(where, f"is {given!r:.60}", f"expected {', '.join(allowed)}")
        return str(given)

    def texts(self, where: str, given: Any) -> tuple[str, ...]:
        parts = given if isinstance(given, list) else [given]
        if not all(isinstance(part, str) for part in parts):
            self.fault(where, f"is {given!r:.60}", "expected a text or a list of texts")
            return ()
        return tuple(parts)

    def terms(self, where: str, given: Any) -> Terms:
        made = []
        for text in self.texts(where, given):
            try:
                made.append(Term.of(text))
            except HarmoniseError as err:
                self.fault(where, err.message, err.hint)
        return tuple(made)

    def flag(self, where: str, given: Any) -> bool:
        return bool(self.of(where, given, bool, "true or false"))

    def number(self, where: str, given: Any) -> int:
        return self.of(where, given, int, "a whole number of days") or 0

    def window(self, where: str, given: Any) -> tuple[int, int]:
        if isinstance(given, list) and len(given) == 2:
            return self.number(where, given[0]), self.number(where, given[1])
        self.fault(where, f"is {given!r:.60}", "expected two numbers of days: click and view")
        return 0, 0
