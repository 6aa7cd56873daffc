"""BigQuery: dry runs first, a cap on every job and on the whole audit, one snapshot, labels."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from campaignkit.errors import BudgetExceeded, Fault, TableError
from campaignkit.extras import require
from campaignkit.tables.engines.warehouse import Home, Schema, Terms, Warehouse, refusal

_LEAST_BYTES = 10 * 1024 * 1024  # charged at least, for a statement that reads anything
_ROUNDED_TO = 1024 * 1024
_UNCOMPARABLE = ("JSON", "GEOGRAPHY", "STRUCT", "RECORD", "ARRAY", "BYTES", "RANGE", "INTERVAL")


class BigQueryTable(Warehouse):
    """A table or view of BigQuery.

    Parameters
    ----------
    place : str or google.cloud.bigquery.Client
        ``bigquery://project.dataset.table``, with the machine's own credentials, or a client.
    table : str
        ``project.dataset.table`` or ``dataset.table`` of a client.
    terms : Terms
        All of them are heeded.
    """

    dialect = "bigquery"

    def __init__(self, place: Any, table: str, terms: Terms) -> None:
        self._api: Any = require("google.cloud.bigquery", extra="bigquery", user="BigQuery")
        self._terms = terms
        if isinstance(place, str):
            table = place.partition("://")[2]
        parts = table.rsplit(".", 2)
        if len(parts) != 3 and (isinstance(place, str) or len(parts) != 2):
            raise TableError(f"{table!r} is no table", hint="bigquery://project.dataset.table")
        self.name = f"bigquery://{table}"
        self._client = _client(self.name, parts[0]) if isinstance(place, str) else place
        self._about = self._asked(lambda: self._client.get_table(self._reference(parts)), table)
        self._refuse_unpartitioned()
        self.source = self._reference(parts, quote="`")
        moment = (terms.snapshot or datetime.now(UTC)).astimezone(UTC)
        if self._about.table_type == "TABLE":
            self.source += (
                f" FOR SYSTEM_TIME AS OF TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}+00:00'"
            )
        else:
            kind = str(self._about.table_type).lower()
            self.notes = [
                Fault(table, f"is a {kind}", "it has no snapshot: statements may differ")
            ]
        if terms.where:
            self.source = f"(SELECT * FROM {self.source} WHERE {terms.where})"

    def _reference(self, parts: Sequence[str], quote: str = "") -> str:
        project = parts[0] if len(parts) == 3 else self._client.project
        return ".".join(quote + part.replace("`", "") + quote for part in (project, *parts[-2:]))

    def _refuse_unpartitioned(self) -> None:
        needed = self._about.require_partition_filter
        if needed and not self._terms.where:
            time = self._about.time_partitioning or self._about.range_partitioning
            field = time.field or "_PARTITIONTIME"
            raise TableError(
                f"{self.name} is asked with a filter on its partitions only",
                hint=f"give one: where=\"{field} >= '2026-01-01'\"",
            )

    def columns(self) -> Mapping[str, str]:
        """Name -> type, from the metadata: no statement is run."""
        turned = {"FLOAT": "FLOAT64", "INTEGER": "INT64", "BOOLEAN": "BOOL"}
        turned |= dict.fromkeys(_UNCOMPARABLE, "JSON")
        kinds = {f.name: str(f.field_type if f.mode != "REPEATED" else "ARRAY")
                 for f in self._about.schema}  # fmt: skip
        return {name: turned.get(kind, kind) for name, kind in kinds.items()}

    def bytes_of(self, sql: str) -> int | None:
        """What a dry run says, as it is charged: in whole MiB, and 10 of them at least."""
        job = self._asked(
            lambda: self._client.query(sql, job_config=self._config(dry_run=True)), sql
        )
        read = int(job.total_bytes_processed or 0)
        return max(-(-read // _ROUNDED_TO) * _ROUNDED_TO, _LEAST_BYTES) if read else 0

    def run(self, sql: str, *, maximum_bytes: int | None) -> tuple[list[Sequence[Any]], int]:
        """Rows and bytes billed; BigQuery itself refuses the job above the cap."""
        rows, charged = self.stream(sql, maximum_bytes=maximum_bytes)
        return list(rows), charged

    def stream(
        self, sql: str, *, maximum_bytes: int | None
    ) -> tuple[Iterable[Sequence[Any]], int]:
        """Rows, fetched page by page."""
        config = self._config(maximum_bytes_billed=maximum_bytes)

        def ask() -> tuple[Any, int]:
            job = self._client.query(sql, job_config=config)
            found = job.result(timeout=self._terms.timeout_s)
            return iter(found), int(job.total_bytes_billed or 0)

        rows, charged = self._asked(ask, sql)
        return self._paged(rows, sql), charged

    def _paged(self, rows: Iterator[Any], sql: str) -> Iterator[Sequence[Any]]:
        while (row := self._asked(lambda: next(rows, None), sql)) is not None:
            yield row.values()

    def _config(self, **settings: Any) -> Any:
        labels = {"app": "campaignkit", **self._terms.labels}
        told = {_label(k): _label(v) for k, v in labels.items()}
        wait = int(self._terms.timeout_s * 1000)
        given = {k: v for k, v in settings.items() if v is not None}
        return self._api.QueryJobConfig(
            labels=told, job_timeout_ms=wait, use_legacy_sql=False, **given
        )

    def _asked(self, ask: Callable[[], Any], sql: str) -> Any:
        return _asked(self.name, ask, sql)


class BigQuerySchema(Schema):
    """A data set of BigQuery, whose tables are read as they are at one moment.

    Parameters
    ----------
    place : str or google.cloud.bigquery.Client
        ``bigquery://project.dataset``, with the machine's own credentials, or a client.
    schema : str
        ``project.dataset`` or ``dataset`` of a client.
    terms : Terms
        ``snapshot`` is now, unless it is given.
    """

    def __init__(self, place: Any, schema: str, terms: Terms) -> None:
        if isinstance(place, str):
            schema = place.partition("://")[2]
        self.name = f"bigquery://{schema}"
        project, _, dataset = schema.rpartition(".")
        if not dataset or (isinstance(place, str) and not project):
            raise TableError(f"{self.name} names no data set", hint="bigquery://project.dataset")
        self._client = _client(self.name, project) if isinstance(place, str) else place
        self._path = f"{project or self._client.project}.{dataset}"
        self._snapshot = terms.snapshot or datetime.now(UTC)

    @property
    def tables(self) -> list[str]:
        """Names of its tables and views, from the metadata."""
        found = _asked(
            self.name, lambda: list(self._client.list_tables(self._path)), "its list of tables"
        )
        return sorted(table.table_id for table in found)

    def table(self, name: str, terms: Terms) -> BigQueryTable:
        """One of its tables, at the data set's moment."""
        return BigQueryTable(
            self._client, f"{self._path}.{name}", replace(terms, snapshot=self._snapshot)
        )


class BigQueryHome(Home):
    """Two data sets of BigQuery that one owner's service account writes.

    Each table is replaced at once. Of the tables of one call the last is the list of tables, so
    that a call that is killed leaves the state before it.

    Parameters
    ----------
    place : str or google.cloud.bigquery.Client
        ``bigquery://project``, with the machine's own credentials, or a client.
    owner : str
        What both data sets' names begin with.
    """

    def __init__(self, place: Any, owner: str) -> None:
        self._api: Any = require("google.cloud.bigquery", extra="bigquery", user="BigQuery")
        self._owned = isinstance(place, str)
        project = place.partition("://")[2].strip("/") if self._owned else place.project
        self.name = f"bigquery://{project}"
        self._client = _client(self.name, project) if self._owned else place
        self._project = project
        self.parts = (f"{owner}_raw", f"{owner}_harmonised")

    def reached(self) -> list[str]:
        """All data sets of clients that the account sees."""
        found = self._asked(lambda: list(self._client.list_datasets()), "its data sets")
        names = sorted(dataset.dataset_id for dataset in found)
        return [name for name in names if re.fullmatch("ck_.*_(raw|harmonised)", name)]

    def make(self) -> None:
        """Make both data sets, where an administrator has not made them for the account."""
        for part in {*self.parts} - {*self.reached()}:
            path = f"{self._project}.{part}"
            self._asked(partial(self._client.create_dataset, path, exists_ok=True), path)

    def read(self, table: str) -> Any:
        """A table, all its cells as text; None if there is none."""
        from google.api_core.exceptions import NotFound

        pa = require("pyarrow", extra="harmonise", user="reading a warehouse")
        path = self._path(self.parts[0], table)

        def ask() -> Any:
            try:
                found = self._client.list_rows(self._client.get_table(path))
            except NotFound:
                return None
            names = [field.name for field in found.schema]
            cells = list(zip(*(row.values() for row in found), strict=True)) or [()] * len(names)
            return pa.table(
                {n: pa.array(c, pa.string()) for n, c in zip(names, cells, strict=True)}
            )

        return self._asked(ask, path)

    def replace(
        self, raw: Mapping[str, Any], shown: Mapping[str, Any], drop: Iterable[str],
        check: Callable[[], None],
    ) -> None:  # fmt: skip
        """Load tables one after the other, and then delete those that are not listed any more."""
        pq = require("pyarrow.parquet", extra="harmonise", user="writing to a warehouse")
        check()
        config = self._api.LoadJobConfig(
            source_format="PARQUET", write_disposition="WRITE_TRUNCATE"
        )
        for part, tables in zip(self.parts, (raw, shown), strict=True):
            for name, rows in tables.items():
                file = io.BytesIO()
                pq.write_table(rows, file)
                path = self._path(part, name)
                self._asked(partial(self._load, file, path, config), path)
        for name in drop:
            path = self._path(self.parts[0], name)
            self._asked(partial(self._client.delete_table, path, not_found_ok=True), path)

    def _load(self, file: io.BytesIO, path: str, config: Any) -> None:
        size = file.getbuffer().nbytes
        job = self._client.load_table_from_file(
            file, path, rewind=True, size=size, job_config=config
        )
        job.result()

    def remove(self) -> None:
        """Delete both data sets."""
        for part in self.parts:
            path = f"{self._project}.{part}"
            self._asked(
                partial(
                    self._client.delete_dataset, path, delete_contents=True, not_found_ok=True
                ),
                path,
            )

    def close(self) -> None:
        """Close the client, where it was made for this."""
        if self._owned:
            self._client.close()

    def _path(self, part: str, name: str) -> str:
        return f"{self._project}.{part}.{name}"

    def _asked(self, ask: Callable[[], Any], sql: str) -> Any:
        return _asked(self.name, ask, sql)


def _client(name: str, project: str) -> Any:
    api: Any = require("google.cloud.bigquery", extra="bigquery", user="BigQuery")
    from google.auth.exceptions import DefaultCredentialsError

    try:
        return api.Client(project=project)
    except DefaultCredentialsError as err:
        raise TableError(
            f"{name} cannot be reached: this machine has no credentials of Google's",
            hint="gcloud auth application-default login, or pass DatabaseTable(client, name)",
        ) from err


def _asked(name: str, ask: Callable[[], Any], sql: str) -> Any:
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        return ask()
    except (GoogleAPIError, GoogleAuthError, TimeoutError) as err:
        refused = refusal(name, err, sql)
        if "bytesBilledLimitExceeded" in str(err) or "limit for bytes billed" in str(err):
            raise BudgetExceeded(
                f"{refused.message}; maximum_bytes allows no more",
                hint="nothing was read for it; give where= to read less, or raise the cap",
            ) from err
        raise refused from err


def _label(text: str) -> str:
    """As BigQuery takes labels: lower-case letters, digits, - and _, 63 at most."""
    return re.sub(r"[^\w-]", "_", text.lower())[:63]
