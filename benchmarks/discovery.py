"""How well the tables and columns of an unknown platform are found: its own file is withheld.

``python -m benchmarks.discovery FOLDER...``: a folder a platform, named after its key, with the
exports that a loader landed. With ``--hidden`` the tables' names are hidden too.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from campaignkit.harmonise import discover, platform, platforms
from campaignkit.harmonise.landing import Landed, plain, roles


@dataclass(frozen=True)
class Score:
    """Tables ranked first and columns mapped as the platform's own file does, of how many."""

    right_tables: int
    num_tables: int
    right_columns: int
    num_columns: int
    other_columns: int  # proposed, and another or none in the file


def score(key: str, folder: Path, *, hidden: bool = False) -> Score:
    """Look at a platform's exports without its file, and compare with the file."""
    files = sorted(folder.glob("*.csv"))
    known = [platform(other) for other in platforms() if other != key]
    with tempfile.TemporaryDirectory() as scratch:
        names = {}
        for number, file in enumerate(files):
            name = f"t{number}" if hidden else file.stem
            names[file] = name
            shutil.copyfile(file, Path(scratch, f"{name}.csv"))
        found = discover(scratch, name=key, known=known)
    counts = [0, 0, 0, 0, 0]
    own = platform(key)
    for file in files:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = Landed(file.stem, "", dict.fromkeys(next(csv.reader(lines)), ""), own.strip)
        name = plain(names[file]).removeprefix(found.prefix).removesuffix("_data")
        for what, place in roles(own, table):
            if what == "conversions" or place == "creative":
                continue
            role = place if what == "entity" else f"report of {place}"
            ranked = [one.table for one in found.tables if one.role == role]
            right = _right(own, table, what, place)
            told = {
                c.field: c.column.rsplit(":", 1)[-1]
                for c in found.columns
                if (c.role, c.table) == (role, name) and c.field not in ("count", "value")
            }
            told = {("date" if field == "hour" else field): c for field, c in told.items()}
            counts[0] += ranked[:1] == [name]
            counts[1] += 1
            counts[2] += sum(told.get(field) == column for field, column in right.items())
            counts[3] += len(right)
            counts[4] += sum(right.get(field) != column for field, column in told.items())
    return Score(*counts)


def _right(own, table, what, place):  # type: ignore[no-untyped-def]
    if what == "entity":
        given = {**own.entities[place].key, **own.entities[place].columns}
    else:
        report = own.reports[place]
        day = report.hour if table.readable(report.hour) else report.date
        given = {**report.ids, **report.measures, **report.breakdown, "date": day,
                 "currency": report.currency}  # fmt: skip
    read = {field: table.readable(terms) for field, terms in given.items()}
    return {field: plain(table.own(terms[0].column)) for field, terms in read.items() if terms}


def show() -> None:
    """Print a line a platform, and their sum."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--hidden", action="store_true")
    given = parser.parse_args()
    total = [0] * 5
    for folder in given.folders:
        one = score(folder.name, folder, hidden=given.hidden)
        row = [one.right_tables, one.num_tables, one.right_columns, one.num_columns,
               one.other_columns]  # fmt: skip
        total = [a + b for a, b in zip(total, row, strict=True)]
        right = f"{row[0]} of {row[1]} | {row[2]} of {row[3]} | {row[4]}"
        print(f"| {platform(folder.name).name} | {right} |")
    print(f"| all | {total[0]} of {total[1]} | {total[2]} of {total[3]} | {total[4]} |")


if __name__ == "__main__":
    show()
