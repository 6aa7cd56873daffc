"""A table of PostgreSQL audited where it is, against DuckDB on the same rows.

python -m benchmarks.audit_in_place postgres://user@host/db [rows]    # writes two tables there
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

import psycopg

import campaignkit as ck
from benchmarks.record import record
from campaignkit.inject import STACK_KINDS
from campaignkit.tables.engines import Terms
from campaignkit.tables.engines.postgres import PostgresTable

_TYPES = {"int64": "bigint", "double": "double precision", "date32[day]": "date"}


class Weighed(PostgresTable):
    """Counts the characters of the answers that leave."""

    left = 0

    def run(self, sql, *, maximum_bytes):
        rows, charged = super().run(sql, maximum_bytes=maximum_bytes)
        self.left += sum(len(str(cell)) for row in rows for cell in row)
        return rows, charged


def load(address: str, name: str, table) -> None:
    columns = ", ".join(f'"{f.name}" {_TYPES.get(str(f.type), "text")}' for f in table.schema)
    with psycopg.connect(address) as con:
        con.execute(f"DROP TABLE IF EXISTS {name}")
        con.execute(f"CREATE TABLE {name} ({columns})")
        with con.cursor().copy(f"COPY {name} FROM STDIN") as copy:
            for batch in table.to_batches(65_536):
                for row in zip(*(c.to_pylist() for c in batch.columns), strict=True):
                    copy.write_row(row)
        con.execute(f"ANALYZE {name}")


def findings(report) -> list[tuple]:
    return sorted((f.kind, f.columns, f.count, f.severity) for f in report.findings)


def differing(here: Iterable, there: Iterable) -> int:
    return len(set(here) ^ set(there))


def main(address: str = "", rows: int = 1_000_000) -> None:
    if not address:
        print("skipped: it needs the address of a PostgreSQL server, see its first lines")
        return
    clean = ck.synthetic_table(rows, seed=1)
    dirty, _ = ck.ErrorInjector(list(STACK_KINDS), rate=0.01, seed=3).inject(clean)
    rules = ck.mine_rules(ck.synthetic_table(min(rows, 100_000), seed=2))
    load(address, "dirty", dirty)
    figures: dict[str, float] = {"rows": rows, "cells": dirty.num_rows * dirty.num_columns}
    for name, held in (("pack", None), ("mined rules", rules)):
        start = time.perf_counter()
        place = Weighed(f"{address}&table=dirty", "", Terms())
        report = ck.audit(place, held)
        figures[f"{name}: seconds in place"] = round(time.perf_counter() - start, 1)
        figures[f"{name}: statements"] = len(report.table.warehouse.statements)
        figures[f"{name}: characters that left"] = place.left
        local = ck.audit(dirty, held)
        figures[f"{name}: findings"] = len(local.findings)
        figures[f"{name}: findings that differ"] = differing(findings(local), findings(report))
        for one in sorted(set(findings(local)) ^ set(findings(report))):
            print("differs:", one)
        report.close()
    for name, value in figures.items():
        print(name, value)
    record("audit_in_place", figures, about=__doc__.split("\n", maxsplit=1)[0])


if __name__ == "__main__":
    main(*sys.argv[1:2], *map(int, sys.argv[2:3]))
