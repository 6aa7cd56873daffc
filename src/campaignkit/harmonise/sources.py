"""What can be landed: folders, files, data bases and warehouses, each table of them one part."""

from __future__ import annotations

import codecs
import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from campaignkit.errors import HarmoniseError
from campaignkit.extras import require
from campaignkit.harmonise.definition import Platform, Report, platform as platform_of, platforms
from campaignkit.harmonise.exports import Part, exported, opened_export
from campaignkit.harmonise.landing import Landed, needed, parts_named, roles
from campaignkit.store import checked_path, digest_file, readable_file
from campaignkit.tables import DatabaseTable, OpenTable, ReadOptions, literal, quoted
from campaignkit.tables.engines import Metered, Schema, Terms, as_arrow, schema_of
from campaignkit.tables.read_options import OF_A_WAREHOUSE

FILES = (".csv", ".tsv", ".parquet", ".pq")
_MOST_FILES = 20_000


@dataclass(frozen=True, slots=True)
class Asked:
    """How a source is to be read.

    Attributes
    ----------
    platform : str or None
        None: names and columns of the tables decide.
    client : str
        Whose jobs they are in a warehouse.
    days : tuple of date or None
        The first and the last day of a warehouse's reports.
    account, currency : str or None
        Of a report that a person downloaded.
    read : ReadOptions
        How that report is read, and on which terms a warehouse is asked.
    """

    platform: str | None
    client: str
    days: tuple[datetime.date, datetime.date] | None = None
    account: str | None = None
    currency: str | None = None
    read: ReadOptions = field(default_factory=ReadOptions)


@dataclass
class _Table:
    """A table that was found: what it may be called, its columns, and how it is read."""

    names: tuple[str, ...]
    columns: Mapping[str, str]
    select: str
    file: Path | None = None
    export: OpenTable | None = None
    failed: Exception | None = None

    def landed(self, known: Platform) -> Landed | None:
        """The table under the first name by which it is one of the platform's."""
        tables = (Landed(name, "", self.columns, known.strip) for name in self.names)
        return next((table for table in tables if roles(known, table)), None)

    def is_report(self, known: Platform) -> bool:
        """Whether it is a report of the platform, not just a table of names."""
        table = self.landed(known)
        return table is not None and any(what == "report" for what, _ in roles(known, table))


def parts_of(reader: Any, source: Any, asked: Asked) -> tuple[Platform, list[Part]]:
    """The platform of a source, and the parts that it has to land.

    Raises
    ------
    HarmoniseError
        If it cannot be read, or may be of several platforms.
    """
    given = (source.database, source.table) if isinstance(source, DatabaseTable) else (source, "")
    told = {k: v for k, v in asked.read.items() if k in OF_A_WAREHOUSE}
    told["labels"] = {"client": asked.client, **asked.read.get("labels", {})}
    terms = Terms(**cast("Any", told))
    if (schema := schema_of(*given, terms)) is not None:
        try:
            return _in_a_warehouse(reader, schema, asked, terms)
        finally:
            schema.close()
    path = checked_path(given[0], error=HarmoniseError)
    tables = list(tables_in(reader, path, given[1]))
    keys = [asked.platform] if asked.platform else platforms()
    try:
        for table in tables:
            is_text = table.file is not None and table.file.suffix.lower() in FILES[:2]
            if is_text and not any(table.landed(platform_of(key)) for key in keys):
                table.export = opened_export(cast("Path", table.file), asked.read)
        known = platform_of(asked.platform or _platform_of_all(tables, path))
        return known, [_part(reader, table, known, asked) for table in tables]
    finally:
        for table in tables:
            if table.export is not None:
                table.export.close()


def _platform_of_all(tables: Sequence[_Table], path: Path) -> str:
    """The one platform of all tables; else what each table shows is told."""
    keys = _platforms(tables)
    if failed := next((table for table in tables if table.failed and not table.export), None):
        raise unreadable(failed)
    if not keys and not any(
        table.export or table.landed(platform_of(key)) for table in tables for key in platforms()
    ):
        raise HarmoniseError(
            f"{path} has no spend of advertising: no loader's table of a platform, and no report "
            f"with a column of cost",
            hint='if a column is the cost, name it: columns={"Budget used": "spend"}, or '
            '--columns "Budget used=spend"',
        )
    each = {table.names[0]: sorted(_platforms([table])) for table in tables}
    if len(keys) > 1 and any(own != sorted(keys) for own in each.values() if own):
        told = "; ".join(f"{name}: {', '.join(own)}" for name, own in each.items() if own)
        raise HarmoniseError(
            f"{path} has tables of several platforms ({told[:400]})",
            hint="ingest each platform's files by themselves: put them into folders of their own",
        )
    return _only(keys, str(path))


def _platforms(tables: Iterable[_Table]) -> set[str]:
    """The platforms that tables may be of: by their reports, else by telling headers."""
    made = {key for key in platforms() for table in tables if table.is_report(platform_of(key))}
    told = [name for table in tables if table.export for name in table.export.matching.platforms]
    by_header = {k for k in platforms() for name in told if name.startswith(platform_of(k).name)}
    return made or by_header


def _only(keys: set[str], source: str) -> str:
    if len(keys) != 1:
        found = f"may be of {', '.join(sorted(keys))}" if keys else "does not show its platform"
        raise HarmoniseError(
            f"{source} {found}",
            hint=f'say which: platform="{min(keys, default="meta")}", or '
            f"--platform {min(keys, default='meta')}; known are {', '.join(platforms())}",
        )
    return next(iter(keys))


def _part(reader: Any, table: _Table, known: Platform, asked: Asked) -> Part:
    landed = table.landed(known)
    if landed is None and table.export is not None:
        digest = f"{digest_file(cast('Path', table.file))}:{asked.account}:{asked.currency}"
        return exported(
            reader, table.export, known, digest, account=asked.account, currency=asked.currency
        )
    if table.failed is not None:
        raise unreadable(table)
    name = table.names[0] if landed is None else landed.name
    digest = digest_file(table.file) if table.file else digest_rows(reader, table.select)
    return Part(name, table.select, digest, is_stray=landed is None)


def unreadable(table: _Table) -> HarmoniseError:
    """Why a file is no table, in words that a person can act on."""
    path = cast("Path", table.file)
    if path.suffix.lower() in FILES[2:]:
        found, fix = "it is no Parquet file, or is cut off", "copy it again"
    else:
        with path.open("rb") as file:
            head = file.read(1 << 20)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            found = "it is binary, or in UTF-16" if b"\0" in head else ""
            decoder.decode(head)
        except UnicodeDecodeError:
            found = found or "it is not in UTF-8"
        fix = "save it as CSV in UTF-8"
        if not found:
            found = "its lines have different numbers of cells"
            fix = "a loader's table has its header in the first line; was it cut off while copied?"
    error = HarmoniseError(f"{path} cannot be read: {found}", hint=fix)
    error.__cause__ = table.failed
    return error


def tables_in(reader: Any, path: Path, schema: str = "") -> Iterator[_Table]:
    """The tables of a folder, a file or a data base."""
    if path.is_dir():
        for file in files_in(path):
            yield from tables_in(reader, file, schema)
        return
    readable_file(path, error=HarmoniseError)
    suffix = path.suffix.lower()
    if any(mark in str(path) for mark in "*?["):
        raise HarmoniseError(
            f"{path} has one of * ? [ in its name, which would be read as a pattern",
            hint="rename the file or its folder",
        )
    duckdb = require("duckdb", extra="harmonise", user="reading landed tables")
    if suffix in (".duckdb", ".db"):
        try:
            yield from _in_a_data_base(reader, path, schema)
        except duckdb.Error as err:
            raise HarmoniseError(
                f"{path} cannot be read: {str(err).splitlines()[0][:200]}",
                hint="is it a DuckDB file, and not open for writing?",
            ) from err
    elif suffix in FILES:
        place = literal(str(path))
        is_parquet = suffix in FILES[2:]
        scan = f"read_parquet({place})" if is_parquet else f"read_csv({place}, {_as_text(path)})"
        table = _Table((path.stem, path.parent.name), {}, f"SELECT * FROM {scan}", path)
        try:
            table.columns = dict.fromkeys(reader.sql(table.select).columns, "VARCHAR")
        except duckdb.Error as err:
            table.failed = err
        yield table
    else:
        raise HarmoniseError(
            f"{path} is no table that can be landed",
            hint=f"expected {', '.join(FILES)}, .duckdb; save a spreadsheet as CSV",
        )


def _in_a_data_base(reader: Any, path: Path, schema: str) -> Iterator[_Table]:
    reader.execute(f"ATTACH {literal(str(path))} AS theirs (READ_ONLY)")
    listed = reader.execute(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_catalog = 'theirs' ORDER BY ALL"
    ).fetchall()
    schemas = sorted({schema for schema, _ in listed})
    is_store = "ingested" in {table for _, table in listed}
    if is_store or ((schema or len(schemas) > 1) and schema not in schemas):
        raise HarmoniseError(
            f"{path} has tables in {', '.join(schemas)}; expected landed tables of one platform"
            + (" and no client's store" if is_store else ""),
            hint=f'name the schema: DatabaseTable(path, "{schemas[0] if schemas else "main"}")',
        )
    for own, table in listed:
        if own == (schema or own):
            select = f"SELECT * FROM theirs.{quoted(own)}.{quoted(table)}"
            columns = {row[0]: row[1] for row in reader.execute(f"DESCRIBE {select}").fetchall()}
            yield _Table((table,), columns, select)


def _in_a_warehouse(
    reader: Any, schema: Schema, asked: Asked, terms: Terms
) -> tuple[Platform, list[Part]]:
    """Read the tables of a platform, and of them what is needed; a cap holds for all together."""
    names = schema.tables
    keys = {
        key
        for key in platforms()
        for name in names
        if any(what == "report" for what, *_ in parts_named(platform_of(key), name))
    }
    known = platform_of(asked.platform or _only(keys, schema.name))
    parts: list[Part] = []
    paid: list[tuple[str, int | None]] = []
    for name in (name for name in names if parts_named(known, name)):
        # The days are the filter that a partitioned table asks for.
        kept = replace(terms, where=terms.where or "TRUE") if asked.days else terms
        place = Metered(schema.table(name, kept), terms, paid)
        table = Landed(name, "", place.types(), known.strip)
        if not roles(known, table):
            continue
        columns = needed(known, table)
        days = _within(known, table, asked.days)
        query = f"SELECT {', '.join(map(quoted, columns))} FROM audited{days}"
        own = f"warehouse_{len(parts)}"
        kinds = {c: table.types[c] for c in columns}
        reader.register("incoming", as_arrow(place.stream(query), kinds))
        reader.execute(f"CREATE TEMP TABLE {own} AS SELECT * FROM incoming")
        reader.unregister("incoming")
        select = f"SELECT * FROM {own}"
        parts.append(Part(name, select, digest_rows(reader, select)))
    return known, parts


def _within(
    known: Platform, table: Landed, days: tuple[datetime.date, datetime.date] | None
) -> str:
    """The condition that keeps a report to some days; none for tables of names."""
    for what, place in roles(known, table) if days else ():
        if what == "entity":
            continue
        part = known.reports[place] if what == "report" else known.conversions[int(place)]
        hour = part.hour if isinstance(part, Report) else ()
        for term in table.readable((*hour, *part.date)):
            own, (first, last) = quoted(table.own(term.column)), cast("Any", days)
            return f" WHERE {own} >= '{first}' AND {own} < '{last + datetime.timedelta(1)}'"
    return ""


def _as_text(path: Path) -> str:
    """Options that read a CSV file cell by cell: an identifier is no number."""
    with path.open("rb") as file:
        head = file.readline(1 << 20).decode("utf-8", "replace")
    delim = max(",;\t|", key=head.count)
    return (
        f"all_varchar = true, header = true, strict_mode = true, delim = {literal(delim)}, "
        f"quote = '\"', escape = '\"', null_padding = false"
    )


def files_in(folder: Path) -> list[Path]:
    """The files below a folder that may be tables, in order."""
    found = []
    for number, path in enumerate(folder.rglob("*")):
        if number > _MOST_FILES:
            raise HarmoniseError(
                f"{folder} has more than {_MOST_FILES:,} entries",
                hint="name the exports' own folder",
            )
        # What begins with a dot is a system's or an editor's own, such as macOS' "._ad_stats.csv".
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in FILES and path.is_file() and not is_hidden:
            found.append(path)
    return sorted(found)


def digest_rows(reader: Any, select: str) -> str:
    """What the rows of a query are, in any order."""
    asked = (
        f"SELECT count(*), sum(md5_number_lower(r)), bit_xor(md5_number_upper(r)) "
        f"FROM (SELECT CAST(t AS VARCHAR) AS r FROM ({select}) t)"
    )
    return ":".join(str(part) for part in reader.execute(asked).fetchall()[0])
