"""A double of BigQuery's service for its real client: data sets that are written and read."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_TYPES = {"int64": "INTEGER", "int32": "INTEGER", "string": "STRING", "date32[day]": "DATE",
          "bool": "BOOLEAN", "double": "FLOAT"}  # fmt: skip


class HomeDouble:
    """Data set -> table -> its rows; loads fail once `loads_left` is 0."""

    def __init__(self) -> None:
        self.sets: dict[str, dict[str, pa.Table]] = {}
        self.jobs: dict[str, Any] = {}
        self.loads_left: int | None = None

    def get(self, parts: list[str]) -> Any:
        if parts[-1] == "datasets":
            return {"datasets": [{"datasetReference": _set(name)} for name in self.sets]}
        if parts[-2] == "jobs":
            return self.jobs[parts[-1]]
        name, table = parts[3], parts[5]
        rows = self.sets.get(name, {}).get(table)
        if rows is None:
            return None
        if parts[-1] == "data":
            cells = zip(*(column.to_pylist() for column in rows.columns), strict=True)
            told = [{"f": [{"v": None if v is None else str(v)} for v in row]} for row in cells]
            return {"totalRows": str(rows.num_rows), "rows": told}
        fields = [{"name": f.name, "type": _TYPES.get(str(f.type), "NUMERIC"), "mode": "NULLABLE"}
                  for f in rows.schema]  # fmt: skip
        return {"tableReference": {**_set(name), "tableId": table}, "type": "TABLE",
                "schema": {"fields": fields}, "numRows": str(rows.num_rows)}  # fmt: skip

    def load(self, body: bytes, kind: str) -> Any:
        boundary = re.search(r'boundary="?([^";]+)', kind)
        assert boundary is not None
        parts = body.split(b"--" + boundary[1].encode())
        asked = json.loads(parts[1].split(b"\r\n\r\n", 1)[1])
        rows = pq.read_table(io.BytesIO(parts[2].split(b"\r\n\r\n", 1)[1][:-2]))
        settings = asked["configuration"]["load"]
        assert settings["writeDisposition"] == "WRITE_TRUNCATE"
        job = {"jobReference": asked["jobReference"], "configuration": asked["configuration"],
               "status": {"state": "DONE"}}  # fmt: skip
        self.jobs[asked["jobReference"]["jobId"]] = job
        if self.loads_left == 0:
            error = {"reason": "invalid", "message": "the load was ended"}
            job["status"] |= {"errorResult": error, "errors": [error]}
            return job
        self.loads_left = None if self.loads_left is None else self.loads_left - 1
        place = settings["destinationTable"]
        self.sets[place["datasetId"]][place["tableId"]] = rows
        return job

    def delete(self, parts: list[str]) -> None:
        if parts[-2] == "datasets":
            self.sets.pop(parts[-1], None)
        else:
            self.sets[parts[3]].pop(parts[5], None)


def _set(name: str) -> dict[str, str]:
    return {"projectId": "p", "datasetId": name}


@contextmanager
def bigquery_home(double: HomeDouble) -> Iterator[Any]:
    """A client of Google's that talks to the double."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    class Answers(BaseHTTPRequestHandler):
        def parts(self) -> list[str]:  # projects, p, datasets, name, tables, name
            return self.path.partition("?")[0].partition("/v2/")[2].split("/")

        def do_GET(self) -> None:
            found = double.get(self.parts())
            missing = {"error": {"code": 404, "message": "Not found"}}
            self.tell(missing if found is None else found, 404 if found is None else 200)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if "upload" in self.path:
                self.tell(double.load(body, self.headers["Content-Type"]))
            else:
                name = json.loads(body)["datasetReference"]["datasetId"]
                double.sets.setdefault(name, {})
                self.tell({"datasetReference": _set(name)})

        def do_DELETE(self) -> None:
            double.delete(self.parts())
            self.tell({})

        def tell(self, body: Any, status: int = 200) -> None:
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
