"""A double of BigQuery's service for its real client: it answers from DuckDB and keeps the meter.

It says nothing about BigQuery's SQL, only about what is asked, on which terms, and what it costs.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

LEAST = 10 * 1024 * 1024
_TYPES = {"int64": "INTEGER", "double": "FLOAT", "string": "STRING", "date32[day]": "DATE"}


class Double:
    """One table, `p.d.t`; `lies` makes dry runs tell a tenth of what is billed."""

    def __init__(
        self, table: pa.Table, *, width: int = 8, lies: bool = False, name: str = "t"
    ) -> None:
        self.table, self.width, self.lies, self.name = table, width, lies, name
        self.con = duckdb.connect()
        self.con.register("arrived", table)
        self.con.execute("CREATE TABLE theirs AS SELECT * FROM arrived")
        self.jobs: dict[str, dict[str, Any]] = {}
        self.billed: list[int] = []
        self.refused = 0
        self.asked: list[dict[str, Any]] = []
        self.about: dict[str, Any] = {}

    def metadata(self) -> dict[str, Any]:
        fields = [{"name": f.name, "type": _TYPES[str(f.type)], "mode": "NULLABLE"}
                  for f in self.table.schema]  # fmt: skip
        return {"tableReference": {"projectId": "p", "datasetId": "d", "tableId": self.name},
                "type": "TABLE", "schema": {"fields": fields}, **self.about}  # fmt: skip

    def size_of(self, sql: str) -> int:
        tree = sqlglot.parse_one(sql, read="bigquery")
        names = {c.name for c in tree.find_all(exp.Column)} & set(self.table.column_names)
        return len(names) * self.width

    def job(self, asked: dict[str, Any]) -> dict[str, Any]:
        settings = asked["configuration"]
        self.asked.append(settings)
        sql = settings["query"]["query"]
        read = self.size_of(sql)
        billed = max(read, LEAST) if read else 0
        name = asked["jobReference"]["jobId"]
        out = {"jobReference": {"projectId": "p", "jobId": name, "location": "EU"},
               "configuration": settings, "status": {"state": "DONE"},
               "statistics": {"query": {
                   "totalBytesBilled": str(billed),
                   "totalBytesProcessed": str(read // (1 + 9 * self.lies))}}}  # fmt: skip
        if settings.get("dryRun"):
            return out
        limit = settings["query"].get("maximumBytesBilled")
        if limit is not None and billed > int(limit):
            self.refused += 1
            error = {"reason": "bytesBilledLimitExceeded",
                     "message": f"Query exceeded limit for bytes billed: {limit}."}  # fmt: skip
            out["status"] |= {"errorResult": error, "errors": [error]}
        else:
            self.billed.append(billed)
        self.jobs[name] = out
        return out

    def results(self, name: str) -> dict[str, Any]:
        job = self.jobs[name]
        result = self.con.cursor().execute(_in_duckdb(job["configuration"]["query"]["query"]))
        rows, kinds = result.fetchall(), [str(d[1]) for d in result.description]
        modes = ["REPEATED" if "[]" in kind else "NULLABLE" for kind in kinds]
        fields = [{"name": f"c{i}", "type": _type(kind), "mode": mode}
                  for i, (kind, mode) in enumerate(zip(kinds, modes, strict=True))]  # fmt: skip
        told = [{"f": [{"v": _cell(v)} for v in row]} for row in rows]
        return {"jobReference": job["jobReference"], "jobComplete": True, "rows": told,
                "totalRows": str(len(rows)), "schema": {"fields": fields}}  # fmt: skip


def _type(kind: str) -> str:
    if "INT" in kind or "DECIMAL" in kind:
        return "INTEGER"
    return "FLOAT" if "DOUBLE" in kind else "DATE" if "DATE" in kind else "STRING"


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return [{"v": str(v)} for v in value]
    return None if value is None else str(value)


def _in_duckdb(sql: str) -> str:
    tree = sqlglot.parse_one(sql, read="bigquery")
    for table in list(tree.find_all(exp.Table)):
        if table.db:
            assert table.args.get("version"), "asked without a snapshot"
            alias = {"alias": table.args.get("alias")} if table.alias else {}
            table.replace(exp.Table(this=exp.to_identifier("theirs"), **alias))
    for found in list(tree.find_all(exp.ApproxQuantiles)):
        steps = int(found.expression.name)
        grid = ", ".join(str(i / steps) for i in range(steps + 1))
        found.replace(sqlglot.parse_one(f"quantile_cont({found.this.sql('duckdb')}, [{grid}])",
                                        read="duckdb"))  # fmt: skip
    return tree.sql(dialect="duckdb")


@contextmanager
def bigquery_double(double: Double) -> Iterator[Any]:
    """A client of Google's that talks to the double."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                self.answer()
            except duckdb.Error as err:  # a client asks again and again after anything else
                error = {"code": 400, "message": str(err), "errors": [{"reason": "invalidQuery"}]}
                self.tell({"error": error}, 400)

        def answer(self) -> None:
            parts = self.path.partition("?")[0].strip("/").split("/")
            if parts[-1] == "tables":
                self.tell({"tables": [double.metadata()]})
            elif "tables" in parts:
                self.tell(double.metadata())
            elif "queries" in parts:
                self.tell(double.results(parts[-1]))
            else:
                self.tell(double.jobs[parts[-1]])

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self.tell(double.job(json.loads(self.rfile.read(length))))

        def tell(self, body: dict[str, Any], status: int = 200) -> None:
            told = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        client = bigquery.Client(
            project="p", credentials=AnonymousCredentials(),
            client_options={"api_endpoint": f"http://127.0.0.1:{server.server_port}"},
        )  # fmt: skip
        yield client
        client.close()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        double.con.close()
