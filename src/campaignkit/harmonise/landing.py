"""How a loader's table is read: which of a platform's it is, and SQL of its unified columns.

A table comes in as a loader wrote it, and each of its roles goes out as a :class:`Reading`: SQL of
unified columns (identifiers as text, days, exact amounts in major units) and of the cells that
would be read wrongly. ``intake`` refuses those cells and lands the rest; nothing is parsed again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise.definition import (
    COUNTS,
    DESCRIBING,
    IDS,
    PARENTS,
    Conversions,
    Entity,
    Platform,
    Report,
    Term,
    Terms,
)
from campaignkit.tables import quoted

# Columns in which loaders write when a row was landed.
_SYNCED = (
    "_fivetran_synced", "_airbyte_extracted_at", "_airbyte_emitted_at",
    "_sdc_extracted_at", "_sdc_batched_at",
)  # fmt: skip
_MARKS = (*_SYNCED, "_fivetran_active", "_dlt_id", "_dlt_load_id", "_dlt_parent_id", "index")
_PARENT_KEYS = ("_sdc_source_key_", "_sdc_parent_")
_CELL = "DECIMAL(32,12)"
ROUNDED = "DECIMAL(26,6)"  # of cells that have no smaller parts
AMOUNT = "DECIMAL(38,12)"  # landed, in major units: sums are rounded to millionths, cells are not
WHOLE = (*COUNTS, "reach")  # measures that are whole numbers
PART = "_campaignkit_part"  # column: the number of the part that a row came in
BY_NAME = "_by_name"  # ends the name of a downloaded report without ids
BATCH_SECONDS = 1800  # apart, rows of one key were landed by two runs of a loader
_SCALES = {"micro": " * CAST(0.000001 AS DECIMAL(6,6))", "cent": " * CAST(0.01 AS DECIMAL(2,2))"}
_SHORTENED = "regexp_matches({}, '^[0-9]([.][0-9]+)?[eE][+][0-9]+$')"  # by a spreadsheet
_TAIL = '([^/:"\\[\\]]+)["\\]]*$'  # of a path, a URN, or a list of one of them
_BLANKS = "'', '-', '--', 'null', 'NULL', 'None', 'nan', 'NaN'"
_DATED = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")


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
    """A table as a loader wrote it: its name, where SQL finds it, and its columns.

    Parameters
    ----------
    name : str
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
        """SQL of an exact number in major units.

        In a `whole` number a comma cannot be a decimal one: it groups thousands.
        """
        return _first([self._amount_of(term, whole) for term in self.readable(terms)], _CELL)

    def moment(self, terms: Terms) -> str:
        """SQL of a moment in UTC, without a zone; a day is its midnight."""
        parts = [self._moment_of(self.own(t.column), in_utc=True) for t in self.readable(terms)]
        return _first(parts, "TIMESTAMP")

    def day(self, terms: Terms) -> str:
        """SQL of a day as it is written, whatever the offset behind it."""
        parts = [self._moment_of(self.own(t.column), in_utc=False) for t in self.readable(terms)]
        return f"CAST({_first(parts, 'TIMESTAMP')} AS DATE)"

    def shown(self, terms: Terms) -> str:
        """SQL of what stands in the first column of the terms, as text; it may be blank."""
        found = self.readable(terms)
        return f"CAST({quoted(self.own(found[0].column))} AS VARCHAR)" if found else "NULL"

    def shortened(self, terms: Terms) -> str:
        """SQL of whether an identifier has lost digits; "" where none can."""
        parts = []
        for term in self.readable(terms):
            kind, name = self.types[self.own(term.column)], quoted(self.own(term.column))
            if kind in ("DOUBLE", "FLOAT"):
                parts.append(f"abs({name}) >= 9007199254740992")
            elif kind == "VARCHAR":
                parts.append(_SHORTENED.format(f"trim({name})"))
        return " OR ".join(parts)

    def wrong_amounts(self, terms: Terms, *, whole: bool) -> Iterator[tuple[str, str]]:
        """SQL of where cells have a value and no amount can be read, and what is expected."""
        kinds = {t: self.types[self.own(t.column)] for t in self.readable(terms)}
        amount = self.amount(terms, whole=whole)
        if inexact := [t for t, kind in kinds.items() if kind not in _INTEGERS]:
            cells = ", ".join(
                self.cell(t.column) if kinds[t] == "VARCHAR" else quoted(self.own(t.column))
                for t in inexact
            )
            read = f"TRY_CAST({amount} AS {'BIGINT' if whole else AMOUNT})"
            wrong = f"({read} IS NULL AND coalesce({cells}) IS NOT NULL)"
            yield wrong, "numbers, such as 1234.5, or nothing"
            if whole:
                yield f"coalesce({amount} <> trunc({amount}), false)", "whole numbers"

    def cell(self, column: str) -> str:
        """SQL of a column's cell as text, NULL where it is blank."""
        own = self.own(column)
        text = f"trim({_as_text(quoted(own), self.types[own])})"
        return f"CASE WHEN {text} NOT IN ({_BLANKS}) THEN {text} END"

    def _text_of(self, term: Term) -> str:
        column, name = term.column, quoted(self.own(term.column))
        if self.types[self.own(column)] in ("DOUBLE", "FLOAT"):  # an identifier gone through float
            whole = f"CAST(TRY_CAST({name} AS HUGEINT) AS VARCHAR)"
            return (
                f"CASE WHEN {name} = trunc({name}) THEN {whole} ELSE CAST({name} AS VARCHAR) END"
            )
        if self.types[self.own(column)] in _INTEGERS:
            return f"CAST({name} AS VARCHAR)"
        cell = self.cell(column)
        if plain(column).endswith("id"):  # an identifier that went through a float
            cell = f"regexp_replace({cell}, '^([0-9]+)[.]0+$', '\\1')"
        return f"regexp_extract({cell}, '{_TAIL}', 1)" if term.unit == "tail" else cell

    def _amount_of(self, term: Term, whole: bool) -> str:
        name, kind = quoted(self.own(term.column)), self.types[self.own(term.column)]
        scale = _SCALES.get(term.unit, "")
        number = f"TRY_CAST({name} AS {_CELL})"
        if kind in ("DOUBLE", "FLOAT"):  # of the digits behind the point, a float has few
            exact = f"abs({name}) < 1000" if kind == "DOUBLE" else "false"
            number = f"CASE WHEN {exact} THEN {number} ELSE TRY_CAST({name} AS {ROUNDED}) END"
        elif kind in _INTEGERS:  # nothing to round, and half the time
            number = name if whole else f"CAST({name} AS {ROUNDED})"
        elif kind == "VARCHAR":
            # 1,234 alone may be 1234 or 1.234; a second comma, or a point behind it, tells.
            groups = "(,[0-9]{3})+([.][0-9]*)?"
            if not whole and term.unit != "grouped":
                groups = "((,[0-9]{3})+[.][0-9]*|(,[0-9]{3}){2,})"
            thousands = f"regexp_matches({name}, '^ *-?[0-9]{{1,3}}{groups} *$')"
            plain_text = f"CASE WHEN {thousands} THEN replace({name}, ',', '') END"
            number = f"coalesce({number}, TRY_CAST({plain_text} AS {_CELL}))"
        return f"({number}){scale}"

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


def _as_text(name: str, kind: str) -> str:
    nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))
    return f"CAST({f'to_json({name})' if nested else name} AS VARCHAR)"


def _first(parts: Sequence[str], kind: str) -> str:
    if not parts:
        return f"CAST(NULL AS {kind})"
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


@dataclass(frozen=True, slots=True)
class Kept:
    """A landed table: its name as a loader wrote it, where SQL finds it, and its columns."""

    name: str
    relation: str
    columns: tuple[str, ...]


Check = tuple[str, str, str, str]  # columns, SQL of what they show and whether it is wrong, why


@dataclass(frozen=True)
class Reading:
    """What is read of a table in one of its roles.

    Attributes
    ----------
    role : str
        Ends the name of its landed table: "" for a report or a table of conversions, a kind of
        entity, or the column of a report's list of conversions.
    level : str
        Of a report or of conversions; "" for entities.
    relation : str
        SQL behind FROM.
    columns : mapping of str to str
        Unified column -> SQL.
    checks : sequence of Check
        Cells that would be read wrongly.
    identity : sequence of str
        SQL of what a row is, apart from its day; empty where rows are of no day of their own.
    """

    role: str
    level: str
    relation: str
    columns: Mapping[str, str]
    checks: Sequence[Check] = ()
    identity: Sequence[str] = ()
    behind: str = ""  # SQL behind the relation

    @property
    def select(self) -> str:
        """SQL of its rows."""
        number = f"max({PART})" if self.behind else PART
        given = {**self.columns, "number": number}
        read = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in given.items())
        rows = f"SELECT {read} FROM {self.relation} {self.behind}"
        spread = f"SELECT * EXCLUDE (span), unnest(span) FROM ({rows})"
        return spread if "span" in given else rows


def readings(known: Platform, table: Landed, parents: Mapping[str, Kept]) -> Iterator[Reading]:
    """What is read of a table, in each of its roles.

    Parameters
    ----------
    parents : mapping of str to Kept
        Level -> its landed report, whose rows the items of a child table belong to.

    Raises
    ------
    HarmoniseError
        If it is a child table, and its parent was not landed.
    """
    for what, place in roles(known, table):
        if what == "entity":
            yield _of_entity(place, known.entities[place], table)
        elif what == "report":
            yield _of_report(known, place, table)
            for counted in known.conversions:
                if counted.list and counted.level == place and counted.list in table:
                    yield _of_conversions(
                        known, counted, _exploded(known, counted, table), {}, counted.list
                    )
        else:
            yield _of_conversions(known, known.conversions[int(place)], table, parents)


def _of_entity(kind: str, entity: Entity, table: Landed) -> Reading:
    given = {**entity.columns, **entity.key}
    columns = {n: table.text(given[n]) for n in (*PARENTS, *DESCRIBING)
               if table.readable(given.get(n, ()))}  # fmt: skip
    checks = [check for name in (*IDS, "creative_id") for check in
              _checked_id(table, given.get(name, ()))]  # fmt: skip
    active = "true"
    if "_fivetran_active" in table:
        own = quoted(table.own("_fivetran_active"))
        active = f"coalesce(lower(CAST({own} AS VARCHAR)) <> 'false', true)"
    newest = [name for name in entity.newest if name in table]
    moment = f"CAST({table.moment(tuple(map(Term, newest[:1])))} AS TIMESTAMP)"
    number = f"TRY_CAST({table.cell(newest[-1]) if newest else 'NULL'} AS DOUBLE)"
    columns |= {"active": active, "version": number}
    by = ", ".join(str(n + 1) for n in range(len(columns)))
    stamps = {"newest": f"max({moment})", "synced": f"max({table.synced})"}
    return Reading(kind, "", table.relation, columns | stamps, checks, behind=f"GROUP BY {by}")


def _of_report(known: Platform, level: str, table: Landed) -> Reading:
    report = known.reports[level]
    columns, checks = _keys(table, report.ids, report.currency, level)
    columns |= {n: table.text(t) for n, t in report.breakdown.items() if table.readable(t)}
    identity = [*columns.values(), table.text((Term("index"),))]
    _add_day(columns, checks, table, report.date, report.hour)
    amounts = dict(report.measures)
    for counted in known.conversions:
        if counted.level == level and not counted.names:
            amounts |= {counted.column(name): terms for name, terms in counted.amounts.items()}
    _add_amounts(columns, checks, table, amounts)
    if "_dlt_id" in table:
        columns["row_id"] = table.text((Term("_dlt_id"),))
    return Reading("", level, table.relation, columns, checks, identity)


def _of_conversions(
    known: Platform,
    counted: Conversions,
    table: Landed,
    parents: Mapping[str, Kept],
    role: str = "",
) -> Reading:
    report, level = known.reports[counted.level], counted.level
    date, hour = (counted.date, ()) if table.readable(counted.date) else (report.date, report.hour)
    relation, identity = table.relation, list[str]()
    if "_dlt_parent_id" in table and not table.readable((*hour, *date)):
        if level not in parents or "row_id" not in parents[level].columns:
            raise HarmoniseError(
                f"{table.name} is a child table, and its parent was not ingested",
                hint=f"ingest one of {', '.join(report.names)} too",
            )
        told = [
            n for n in ("moment", "day", "synced", *IDS, "currency") if n in parents[level].columns
        ]
        own = ", ".join(f"{n} AS its_{n}" for n in ("row_id", *told))
        relation = (
            f"({relation} c JOIN (SELECT {own} FROM {parents[level].relation}) p "
            f"ON c.{quoted(table.own('_dlt_parent_id'))} = p.its_row_id)"
        )
        columns, checks = {n: f"its_{n}" for n in told}, list[Check]()
    else:
        ids = counted.ids if table.readable(counted.ids.get(f"{level}_id", ())) else report.ids
        columns, checks = _keys(table, ids, report.currency, level)
        more = (counted.event, (Term("index"),))
        identity = [*columns.values(), *(table.text(terms) for terms in more)]
        _add_day(columns, checks, table, date, hour)
    columns["event_own"] = f"coalesce({table.text(counted.event)}, 'unknown')"
    read = {n: terms for n, terms in counted.amounts.items() if table.readable(terms)}
    # Amounts with their window: the report's own, then each other's that has any.
    spans = [(read, counted.click_days, counted.view_days)]
    for window, (click, view) in counted.windows.items():
        columns_of = [plain(column) for column in table.types if _same_window(column, window)]
        spans += [(dict.fromkeys(read, (Term(c),)), click, view) for c in columns_of[:1]]
    made: list[str] = []
    for amounts, *days in spans:
        span = {f"{kind}_days": "CAST(NULL AS VARCHAR)" if of is None else f"'{of}'"
                for kind, of in zip(("click", "view"), days, strict=True)}  # fmt: skip
        _add_amounts(span, checks, table, amounts)
        struct = f"{{{', '.join(f'{n}: {sql}' for n, sql in span.items())}}}"
        some = " AND ".join(f"{span[name]} IS NULL" for name in amounts)
        made.append(f"CASE WHEN {some} THEN NULL ELSE {struct} END" if made else struct)
    columns["span"] = f"unnest(list_filter([{', '.join(made)}], lambda x: x IS NOT NULL))"
    return Reading(role, level, relation, columns, checks, identity)


def _keys(
    table: Landed, ids: Mapping[str, Terms], currency: Terms, level: str
) -> tuple[dict[str, str], list[Check]]:
    """SQL of the identifiers and the currency that a row of amounts has, and their checks."""
    own = ids.get(f"{level}_id", ())
    said = f"an identifier in every row of a report of level {level}"
    checks = [_check(table, own, f"{table.text(own)} IS NULL", said)]
    for terms in ids.values():
        checks += _checked_id(table, terms)
    given = {**ids, "currency": currency}
    return {n: table.text(terms) for n, terms in given.items() if table.readable(terms)}, checks


def _add_day(
    columns: dict[str, str], checks: list[Check], table: Landed, date: Terms, hour: Terms
) -> None:
    """Add a row's day, and its moment in UTC where hours, or the beginnings of days, are given."""
    if table.readable(hour):
        columns["moment"] = table.moment(hour)
    when = columns.get("moment") or table.day(date)
    columns["day"] = f"CAST({when} AS DATE)"
    terms = hour if "moment" in columns else date
    expected = "a day in every row, such as 2026-03-31"
    checks.append(_check(table, terms, f"{when} IS NULL", expected))
    columns["synced"] = table.synced


def _add_amounts(
    columns: dict[str, str], checks: list[Check], table: Landed, amounts: Mapping[str, Terms]
) -> None:
    for name, terms in amounts.items():
        if table.readable(terms):
            whole = name in WHOLE
            amount, kind = table.amount(terms, whole=whole), "BIGINT" if whole else AMOUNT
            columns[name] = f"TRY_CAST({amount} AS {kind})"
            checks += [_check(table, terms, wrong, expected)
                       for wrong, expected in table.wrong_amounts(terms, whole=whole)]  # fmt: skip


def _checked_id(table: Landed, terms: Terms) -> list[Check]:
    """The check that no identifier has lost digits; a campaign may be called 2E3."""
    lost = "" if table.name.endswith(BY_NAME) else table.shortened(terms)
    return [_check(table, terms, lost, "an identifier with all its digits")] if lost else []


def _check(table: Landed, terms: Terms, wrong: str, expected: str) -> Check:
    columns = ", ".join(term.column for term in table.readable(terms))
    return columns, table.shown(terms), wrong, expected


def _same_window(column: str, window: str) -> bool:
    return re.sub("_", "", column.lower()) == re.sub("_", "", window)


def _exploded(known: Platform, counted: Conversions, table: Landed) -> Landed:
    """A report's column of JSON lists as a table: one row per item, with the row's own keys."""
    report = known.reports[counted.level]
    own = quoted(table.own(counted.list))
    text = _as_text(own, table.types[table.own(counted.list)])
    keys = (*report.ids.values(), report.date, report.hour, report.currency)
    kept = [table.own(term.column) for terms in keys for term in table.readable(terms)]
    kept += [table.own(name) for name in _MARKS if name in table]
    columns = {name: quoted(name) for name in dict.fromkeys((*kept, PART)) if name in table.types}
    for name in ("action_type", "value", "1d_click", "7d_click", "28d_click", "1d_view"):
        shown = f"_{name}" if name[0].isdigit() else name
        columns[shown] = f"item ->> '$.\"{name}\"'"
    inner = f"SELECT *, unnest(from_json({text}, '[\"JSON\"]')) AS item FROM {table.relation}"
    types = {name: table.types.get(name, "VARCHAR") for name in columns}
    read = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())
    return Landed(table.name, f"(SELECT {read} FROM ({inner}))", types, table.strip)


def roles(platform: Platform, table: Landed) -> list[tuple[str, str]]:
    """What a table is of a platform's: an entity, a level's report, or its conversions.

    Examples
    --------
    >>> from campaignkit.harmonise.definition import platform
    >>> roles(platform("meta"), Landed("campaign_history", "t", {"id": "VARCHAR"}))
    [('entity', 'campaign')]
    """
    return [
        (what, place)
        for what, place, part in parts_named(platform, table.name)
        if (
            table.readable(part.key[f"{place}_id"])
            if isinstance(part, Entity)
            else all(need in table for need in part.needs)
        )
    ]


def parts_named(
    platform: Platform, name: str
) -> list[tuple[str, str, Entity | Report | Conversions]]:
    """What tables of a name are of a platform's, each part with its place.

    Examples
    --------
    >>> from campaignkit.harmonise.definition import platform
    >>> [what for what, *_ in parts_named(platform("meta"), "facebook_ads_basic_ad_data")]
    ['report']
    """
    short = short_name(platform, name)
    return [told for told in platform.parts() if short in told[2].names]


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
