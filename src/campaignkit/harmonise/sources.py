"""What can be landed: folders, files and data bases, each table of them one part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaignkit.errors import HarmoniseError
from campaignkit.extras import require
from campaignkit.harmonise.definition import Platform
from campaignkit.harmonise.landing import Landed, roles
from campaignkit.store import digest_file, readable_file
from campaignkit.tables import literal, quoted

FILES = (".csv", ".tsv", ".parquet", ".pq")
_MOST_FILES = 20_000


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a landed table, or a data base's table: name, how it is read, digest."""

    name: str
    select: str
    digest: str


def parts_of(reader: Any, path: Path, known: Platform) -> Iterator[Part]:
    """What a folder, a file or a data base has to land."""
    if path.is_dir():
        for file in _files(path):
            yield from parts_of(reader, file, known)
        return
    readable_file(path, error=HarmoniseError)
    suffix = path.suffix.lower()
    if any(mark in str(path) for mark in "*?["):
        raise HarmoniseError(
            f"{path} has one of * ? [ in its name, which would be read as a pattern",
            hint="rename the file or its folder",
        )
    duckdb = require("duckdb", extra="harmonise", user="reading landed tables")
    try:
        if suffix in (".duckdb", ".db"):
            reader.execute(f"ATTACH {literal(str(path))} AS theirs (READ_ONLY)")
            listed = reader.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() "
                "WHERE database_name = 'theirs' ORDER BY ALL"
            ).fetchall()
            schemas = sorted({schema for schema, _ in listed})
            if len(schemas) > 1 or {("main", "ingested"), ("main", "place")} <= set(listed):
                raise HarmoniseError(
                    f"{path} has tables in {', '.join(schemas)}; "
                    f"expected one schema of landed tables",
                    hint="put the tables of one platform and one client into a file of their own",
                )
            for schema, table in listed:
                select = f"SELECT * FROM theirs.{quoted(schema)}.{quoted(table)}"
                yield Part(table, select, _digest_rows(reader, select))
        elif suffix in FILES:
            place = literal(str(path))
            is_parquet = suffix in (".parquet", ".pq")
            scan = (
                f"read_parquet({place})" if is_parquet else f"read_csv({place}, {_as_text(path)})"
            )
            select = f"SELECT * FROM {scan}"
            columns = dict.fromkeys(reader.sql(select).columns, "VARCHAR")
            here, above = (
                Landed(n, "", columns, known.strip) for n in (path.stem, path.parent.name)
            )
            name = above.name if roles(known, above) and not roles(known, here) else here.name
            yield Part(name, select, digest_file(path))
        else:
            raise HarmoniseError(
                f"{path} is no table that can be landed",
                hint=f"expected {', '.join(FILES)}, .duckdb",
            )
    except duckdb.Error as err:
        raise HarmoniseError(
            f"{path} cannot be read: {str(err).splitlines()[0][:200]}",
            hint="was it cut off while copied? A CSV file is expected in UTF-8",
        ) from err


def _as_text(path: Path) -> str:
    """Options that read a CSV file cell by cell: an identifier is no number."""
    with path.open("rb") as file:
        head = file.readline(1 << 20).decode("utf-8", "replace")
    delim = max(",;\t|", key=head.count)
    return (
        f"all_varchar = true, header = true, strict_mode = true, delim = {literal(delim)}, "
        f"quote = '\"', escape = '\"', null_padding = false"
    )


def _files(folder: Path) -> list[Path]:
    found = []
    for number, path in enumerate(folder.rglob("*")):
        if number > _MOST_FILES:
            raise HarmoniseError(
                f"{folder} has more than {_MOST_FILES:,} entries",
                hint="name the exports' own folder",
            )
        if path.suffix.lower() in FILES and path.is_file():
            found.append(path)
    return sorted(found)


def _digest_rows(reader: Any, select: str) -> str:
    asked = (
        f"SELECT count(*), md5(string_agg(r, '' ORDER BY r)) "
        f"FROM (SELECT md5(CAST(t AS VARCHAR)) AS r FROM ({select}) t)"
    )
    return ":".join(str(part) for part in reader.execute(asked).fetchall()[0])
