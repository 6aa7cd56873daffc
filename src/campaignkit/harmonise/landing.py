"""Which landed table is which of a platform's, whatever loader wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from campaignkit.errors import Fault, HarmoniseError
from campaignkit.harmonise.definition import Conversions, Entity, Platform, Report, Term, Terms
from campaignkit.tables import quoted

# Columns in which loaders write when a row was landed.
_SYNCED = (
    "_fivetran_synced", "_airbyte_extracted_at", "_airbyte_emitted_at",
    "_sdc_extracted_at", "_sdc_batched_at",
)  # fmt: skip
DAY = "_campaignkit_day"  # of a row of a report, in UTC where it has hours: added on landing
_MARKS = (*_SYNCED, "_fivetran_active", "_dlt_id", "_dlt_parent_id", "index")
_PARENT_KEYS = ("_sdc_source_key_", "_sdc_parent_")
AMOUNT = "DECIMAL(32,12)"  # sums are rounded to millionths, and cells are not
ROUNDED = "DECIMAL(26,6)"  # of cells that have no smaller parts
BY_NAME = "_by_name"  # ends the name of a downloaded report without ids
BATCH_SECONDS = 1800  # apart, rows of one key were landed by two runs of a loader
_TAIL = '([^/:"\\[\\]]+)["\\]]*$'  # of a path, a URN, or a list of one of them
_BLANKS = "'', '-', '--', 'null', 'NULL', 'None', 'nan', 'NaN'"


def plain(name: str) -> str:
    """A name as names are compared: lower case, words apart by one underscore.

    Examples
    --------
    >>> plain(" metrics.cost_micros"), plain("_7_d_click"), plain("insights__actions")
    ('metrics_cost_micros', '_7_d_click', 'insights_actions')
    >>> plain("costInLocalCurrency"), plain("DeviceOS")
    ('cost_in_local_currency', 'device_os')
    """
    given = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip().strip("\ufeff"))
    text = re.sub(r"[^0-9a-z]+", "_", given.lower()).rstrip("_")
    return text if given.startswith("_") else text.lstrip("_")


@dataclass(frozen=True)
class Landed:
    """A landed table: its name, where SQL finds it, and its columns.

    Parameters
    ----------
    name : str
        As it was landed.
    relation : str
        SQL that stands behind FROM.
    types : mapping of str to str
        Own name of each column -> its DuckDB type.
    strip : tuple of str
        What may stand before a column's name.

    Examples
    --------
    >>> landed = Landed("ad_stats", "ad_stats", {"metrics.clicks": "VARCHAR"}, ("metrics_",))
    >>> landed.own("clicks")
    'metrics.clicks'
    """

    name: str
    relation: str
    types: Mapping[str, str]
    strip: tuple[str, ...] = ()
    _own: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        own: dict[str, str] = {}
        for column in self.types:
            own.setdefault(plain(column), column)
        for column in self.types:
            for prefix in (*self.strip, *_PARENT_KEYS):
                if plain(column).startswith(prefix):
                    own.setdefault(plain(column).removeprefix(prefix), column)
        object.__setattr__(self, "_own", own)

    def __contains__(self, column: str) -> bool:
        return column in self._own

    def own(self, column: str) -> str:
        """The table's own name of a column."""
        return self._own[column]

    @property
    def synced(self) -> str:
        """SQL of the moment a row was landed; NULL where no loader wrote it."""
        found = next((quoted(self.own(name)) for name in _SYNCED if name in self), "NULL")
        return f"TRY_CAST({found} AS TIMESTAMP)"

    @property
    def batch(self) -> str:
        """SQL of seconds that order the loads of a loader that may append; "" where none does."""
        if "_dlt_load_id" in self:
            return f"TRY_CAST({quoted(self.own('_dlt_load_id'))} AS DOUBLE)"
        appended = any(name in self for name in _SYNCED[1:])  # Fivetran replaces rows by their key
        return f"epoch({self.synced})" if appended else ""

    def readable(self, terms: Terms) -> list[Term]:
        """The terms whose columns are there."""
        return [term for term in terms if term.column in self]

    def text(self, terms: Terms) -> str:
        """SQL of a text: the first term that has one; NULL if none can be read."""
        return _first([self._text_of(term) for term in self.readable(terms)], "VARCHAR")

    def amount(self, terms: Terms, *, whole: bool = False) -> str:
        """SQL of an exact number, in the unit that is written in the table.

        In a `whole` number a comma cannot be a decimal one: it groups thousands.
        """
        return _first([self._amount_of(term, whole) for term in self.readable(terms)], AMOUNT)

    def moment(self, terms: Terms) -> str:
        """SQL of a moment in UTC, without a zone; a day is its midnight."""
        parts = [self._moment_of(self.own(t.column), in_utc=True) for t in self.readable(terms)]
        return _first(parts, "TIMESTAMP")

    def day(self, terms: Terms) -> str:
        """SQL of a day as it is written, whatever the offset behind it."""
        parts = [self._moment_of(self.own(t.column), in_utc=False) for t in self.readable(terms)]
        return f"CAST({_first(parts, 'TIMESTAMP')} AS DATE)"

    def unread(self, terms: Terms, *, whole: bool = False) -> str | None:
        """SQL that is true where a cell has a value and no number can be read from it.

        None where no such cell can be: the columns are numbers.
        """
        columns = [term.column for term in self.readable(terms)]
        inexact = [c for c in columns if self.types[self.own(c)] in ("VARCHAR", "DOUBLE", "FLOAT")]
        if not inexact:
            return None
        cells = ", ".join(
            self.cell(c) if self.types[self.own(c)] == "VARCHAR" else quoted(self.own(c))
            for c in inexact
        )
        return f"({self.amount(terms, whole=whole)}) IS NULL AND coalesce({cells}) IS NOT NULL"

    def shown(self, terms: Terms) -> str:
        """SQL of what stands in the first column of the terms, as text; it may be blank."""
        found = self.readable(terms)
        return f"CAST({quoted(self.own(found[0].column))} AS VARCHAR)" if found else "NULL"

    def may_be_broken(self, terms: Terms) -> bool:
        """Whether the columns could have fractions: they are no integers."""
        columns = [self.own(term.column) for term in self.readable(terms)]
        return not all(self.types[own].endswith(("INT", "INTEGER")) for own in columns)

    def cell(self, column: str) -> str:
        """SQL of a column's cell as text, NULL where it is blank."""
        text = f"trim(CAST({quoted(self.own(column))} AS VARCHAR))"
        return f"CASE WHEN {text} NOT IN ({_BLANKS}) THEN {text} END"

    def _text_of(self, term: Term) -> str:
        column, name = term.column, quoted(self.own(term.column))
        if self.types[self.own(column)] in ("DOUBLE", "FLOAT"):  # an identifier gone through float
            whole = f"CAST(TRY_CAST({name} AS HUGEINT) AS VARCHAR)"
            return (
                f"CASE WHEN {name} = trunc({name}) THEN {whole} ELSE CAST({name} AS VARCHAR) END"
            )
        cell = self.cell(column)
        if plain(column).endswith("id"):  # an identifier that went through a float
            cell = f"regexp_replace({cell}, '^([0-9]+)[.]0+$', '\\1')"
        return f"regexp_extract({cell}, '{_TAIL}', 1)" if term.unit == "tail" else cell

    def _amount_of(self, term: Term, whole: bool) -> str:
        name, kind = quoted(self.own(term.column)), self.types[self.own(term.column)]
        number = f"TRY_CAST({name} AS {AMOUNT})"
        if kind in ("DOUBLE", "FLOAT"):  # of the digits behind the point, a float has few
            exact = f"abs({name}) < 1000" if kind == "DOUBLE" else "false"
            return f"CASE WHEN {exact} THEN {number} ELSE TRY_CAST({name} AS {ROUNDED}) END"
        if kind.endswith(("INT", "INTEGER")):  # nothing to round, and half the time
            return f"TRY_CAST({name} AS {ROUNDED})"
        if kind != "VARCHAR":
            return number
        # 1,234 alone may be 1234 or 1.234; a second comma, or a point behind it, tells.
        groups = "(,[0-9]{3})+([.][0-9]*)?"
        if not whole and term.unit != "grouped":
            groups = "((,[0-9]{3})+[.][0-9]*|(,[0-9]{3}){2,})"
        thousands = f"regexp_matches({name}, '^ *-?[0-9]{{1,3}}{groups} *$')"
        plain_text = f"CASE WHEN {thousands} THEN replace({name}, ',', '') END"
        return f"coalesce({number}, TRY_CAST({plain_text} AS {AMOUNT}))"

    def _moment_of(self, own: str, *, in_utc: bool) -> str:
        name, kind = quoted(own), self.types[own]
        if kind.startswith("TIMESTAMP WITH TIME ZONE"):
            return f"({name} AT TIME ZONE 'UTC')"
        if kind in _DATED:
            return f"CAST({name} AS TIMESTAMP)"
        text = f"regexp_replace(trim(CAST({name} AS VARCHAR)), ' ?(UTC|Z)$', '')"
        # A text without an offset is in UTC, as the connection is; a cast to TIMESTAMP drops one.
        zoned = f"TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
        read = zoned if in_utc else f"TRY_CAST({text} AS TIMESTAMP)"
        return f"coalesce({read}, CAST(try_strptime({text}, '%Y%m%d') AS TIMESTAMP))"


_DATED = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")


def _first(parts: Sequence[str], kind: str) -> str:
    if not parts:
        return f"CAST(NULL AS {kind})"
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def unit_of(terms: Terms) -> str:
    """The unit of a measure; its ways of being read share one.

    Examples
    --------
    >>> unit_of((Term("cost_micros", "micro"),))
    'micro'
    """
    return terms[0].unit if terms else ""


@dataclass(frozen=True)
class Found:
    """Which landed tables are which of a platform's.

    Attributes
    ----------
    entities : mapping of str to list of Landed
        The tables of each kind of entity; several are read as one.
    reports : mapping of str to Landed
        The report of each level.
    conversions : list of (Conversions, Landed)
        What counts conversions, and the table it is counted in.
    unused : list of str
        Tables that are none of the platform's that are read.
    used : sequence of str
        Names of the tables that are read, sorted.
    """

    entities: Mapping[str, list[Landed]]
    reports: Mapping[str, Landed]
    conversions: list[tuple[Conversions, Landed]]
    unused: list[str]
    used: Sequence[str] = ()


def find(platform: Platform, tables: Iterable[Landed]) -> Found:
    """Find a platform's tables among the landed ones, by name and by the columns they need.

    Raises
    ------
    HarmoniseError
        If two tables are the report of one level, or none is a report of any.

    Examples
    --------
    >>> from campaignkit.harmonise.definition import platform
    >>> types = dict.fromkeys(["ad_id", "date", "account_id", "spend", "impressions"], "VARCHAR")
    >>> found = find(platform("meta"), [Landed("facebook_ads_basic_ad", "t", types)])
    >>> list(found.reports)
    ['ad']
    """
    tables = list(tables)
    claimed: dict[tuple[str, str], list[Landed]] = {}
    for table in tables:
        for role in roles(platform, table):
            claimed.setdefault(role, []).append(table)
    faults = [
        Fault(platform.name, f"{first.name} and {other.name} are both its {what} of {place}",
              "ingest only one of them")
        for (what, place), (first, *others) in claimed.items() if what != "entity"
        for other in others
    ]  # fmt: skip
    if faults:
        raise HarmoniseError(f"the tables of {platform.name} are ambiguous", faults=faults)
    entities = {place: of for (what, place), of in claimed.items() if what == "entity"}
    reports = {place: of[0] for (what, place), of in claimed.items() if what == "report"}
    conversions = [(platform.conversions[int(place)], of[0])
                   for (what, place), of in claimed.items() if what == "conversions"]  # fmt: skip
    if not reports:
        asked = ", ".join(name for report in platform.reports.values() for name in report.names)
        names = ", ".join(sorted(table.name for table in tables))
        raise HarmoniseError(
            f"no table is a report of {platform.name}: {names}",
            hint=f"expected one of {asked}, with the columns that it needs",
        )
    beside = {id(counted) for counted, _ in conversions}
    for counted in platform.conversions:
        report = reports.get(counted.level)
        if report is None or id(counted) in beside:
            continue
        has_columns = any(report.readable(terms) for terms in counted.amounts.values())
        if counted.list in report if counted.names else has_columns:
            conversions.append((counted, report))
    used = {table.name for of in claimed.values() for table in of}
    unused = sorted({table.name for table in tables} - used)
    return Found(entities, reports, conversions, unused, sorted(used))


def roles(platform: Platform, table: Landed) -> list[tuple[str, str]]:
    """What a table is of a platform's: an entity, a level's report, or its conversions.

    Examples
    --------
    >>> from campaignkit.harmonise.definition import platform
    >>> roles(platform("meta"), Landed("campaign_history", "t", {"id": "VARCHAR"}))
    [('entity', 'campaign')]
    """
    short = short_name(platform, table.name)
    return [
        (what, place)
        for what, place, part in platform.parts()
        if short in part.names
        and (
            table.readable(part.key[f"{place}_id"])
            if isinstance(part, Entity)
            else all(need in table for need in part.needs)
        )
    ]


def table_names(platform: Platform, names: Iterable[str], *, reports: bool = False) -> list[str]:
    """Those of some names that tables of the platform, or its reports alone, have.

    Examples
    --------
    >>> from campaignkit.harmonise.definition import platform
    >>> table_names(platform("meta"), ["basic_ad", "orders"])
    ['basic_ad']
    """
    parts = [part for what, _, part in platform.parts() if what == "report" or not reports]
    known = {name for part in parts for name in part.names}
    return [name for name in names if short_name(platform, name) in known]


def needed(platform: Platform, table: Landed) -> list[str]:
    """A table's own names of the columns that a platform's definition speaks of.

    Examples
    --------
    >>> from campaignkit.harmonise.definition import platform
    >>> types = dict.fromkeys(["Id", "Name", "Secret"], "VARCHAR")
    >>> needed(platform("meta"), Landed("campaign_history", "t", types))
    ['Id', 'Name']
    """
    said = (platform.entities, platform.reports, platform.conversions, _MARKS)
    words = {text.replace("_", "") for text in re.findall(r"'(\w+)'", repr(said))}
    found = [own for name, own in table._own.items() if name.replace("_", "") in words]
    return list(dict.fromkeys(found))


def short_name(platform: Platform, name: str) -> str:
    """A table's name without the platform's before it and ``_data`` behind it.

    Examples
    --------
    >>> from campaignkit.harmonise.definition import platform
    >>> short_name(platform("meta"), "facebook_ads_basic_ad_data")
    'basic_ad'
    """
    text = plain(name).removesuffix("_data")
    return next((text.removeprefix(p) for p in platform.prefixes if text.startswith(p)), text)


def exploded(table: Landed, column: str, kept: Sequence[str]) -> Landed:
    """A report's column of JSON lists as a table: one row per item, with the row's own columns.

    Parameters
    ----------
    table : Landed
    column : str
        The column of lists, such as Meta's ``actions``.
    kept : sequence of str
        Columns of the report that are kept: its identifiers and its day.
    """
    items = f"from_json(CAST({quoted(table.own(column))} AS VARCHAR), '[\"JSON\"]')"
    columns = {name: quoted(table.own(name)) for name in kept if name in table}
    for name in ("action_type", "value", "1d_click", "7d_click", "28d_click", "1d_view"):
        shown = f"_{name}" if name[0].isdigit() else name
        columns[shown] = f"item ->> '$.\"{name}\"'"
    inner = f"SELECT *, unnest({items}) AS item FROM {table.relation}"
    types = {n: table.types[table.own(n)] if n in table else "VARCHAR" for n in columns}
    read = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())
    return Landed(table.name, f"(SELECT {read} FROM ({inner}))", types)


@dataclass(frozen=True, slots=True)
class Slices:
    """What a later export replaces: SQL of its day or hour, its owner, and what a row is.

    `level` is "" where the owner is an account; else the owner is an identifier of that level.
    """

    day: str
    owner: Terms
    identity: tuple[Terms, ...]
    level: str


def slices_of(known: Platform, table: Landed) -> Slices | None:
    """The slices of a report or of conversions next to one; None for other tables."""
    for what, place in roles(known, table):
        if what == "entity":
            continue
        part: Report | Conversions = (
            known.reports[place] if what == "report" else known.conversions[int(place)]
        )
        level = place if isinstance(part, Report) else part.level
        hour = part.hour if isinstance(part, Report) else ()
        more = tuple(part.breakdown.values()) if isinstance(part, Report) else (part.event,)
        terms = hour if table.readable(hour) else part.date
        if table.readable(terms):
            own = part.ids.get("account_id", ())
            has_account = bool(table.readable(own))
            owner = own if has_account else part.ids[f"{level}_id"]
            identity = (*part.ids.values(), *more, (Term("index"),))
            day = table.moment(hour) if table.readable(hour) else table.day(part.date)
            return Slices(day, owner, identity, "" if has_account else level)
    return None
