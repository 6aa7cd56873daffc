"""A client's own data base: landed tables go in, the unified tables are made of them.

The client's connection reads no file: what is ingested is read by a second connection, which
never sees the client's tables, and handed over as Arrow batches. Everything that is written is
one transaction.
"""

from __future__ import annotations

import datetime
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Unpack

from campaignkit.errors import HarmoniseError
from campaignkit.harmonise.clients import CHANGING, Clients, checked_client, telling
from campaignkit.harmonise.data import CampaignData
from campaignkit.harmonise.definition import (
    Platform,
    platform as platform_of,
    read_platform,
    text_of_own,
)
from campaignkit.harmonise.exports import Part, described
from campaignkit.harmonise.fetching import Fetcher, checked_spans, days_of, windows
from campaignkit.harmonise.finding import find, kept
from campaignkit.harmonise.intake import (
    Intake,
    forget,
    forget_names,
    note_own,
    num_landed,
    refuse_other_form,
)
from campaignkit.harmonise.landing import parts_named, plain
from campaignkit.harmonise.outcomes import question
from campaignkit.harmonise.places import clients_of
from campaignkit.harmonise.sources import FILES, Asked, parts_of
from campaignkit.harmonise.unified import Unified
from campaignkit.store import scratch_folder
from campaignkit.tables import DatabaseTable, ReadOptions, connect

_ORDER = ("entity", "report", "conversions")  # in which tables are landed


class ClientStore:
    """The data of one client, kept apart from every other's.

    Parameters
    ----------
    stores : path, address or Clients
        Where the clients' stores lie: a folder, which is made if it is missing, or a warehouse
        (``postgres://role@host/database``, ``bigquery://project``).
    client : str
        The client's name: 1 to 40 lower-case letters, digits and underscores.
    memory_mb : int or None
        Budget of the data base, at least 32; above it work goes to temporary files in the
        client's folder.
    key : bytes or None
        32 random bytes that encrypt the file and the temporary files (AES in GCM), such as
        ``secrets.token_bytes(32)``. It is kept nowhere: who loses it loses the data. None: the
        file is not encrypted.

    Raises
    ------
    HarmoniseError
        If the name is none, the store is open already, is another client's or no data base, the
        key does not fit, or DuckDB cannot encrypt securely here.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, ClientStore(folder, client="acme") as store:
    ...     store.tables
    []
    """

    def __init__(
        self, stores: str | os.PathLike[str] | Clients, client: str, *,
        memory_mb: int | None = None, key: bytes | None = None,
    ) -> None:  # fmt: skip
        self.client = checked_client(client)
        self.stores = clients_of(stores)
        self._con = self.stores.open(client, memory_mb=memory_mb, key=key)
        try:
            with self._transaction():
                self._con.execute(question("store"))
                refuse_other_form(self._con, client)
        except HarmoniseError:
            self.close()
            raise

    def __enter__(self) -> ClientStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        with suppress(HarmoniseError):  # it is closed
            if kind is not None and not self._rows(question("kept")):
                self.stores.discard(self.client)  # while no other process can open it
        self.close()

    def __repr__(self) -> str:
        try:
            return f"ClientStore({self.client!r}, {len(self.tables)} landed tables)"
        except HarmoniseError:
            return f"ClientStore({self.client!r}, closed)"

    def close(self) -> None:
        """Close the data base; the frames that came of it stay."""
        self._con.close()

    def purge(self) -> None:
        """Delete all that is kept of the client, without a way back."""
        self.close()
        self.stores.purge(self.client)

    @property
    def tables(self) -> list[tuple[str, str, int]]:
        """Platform, name and number of rows of each landed table."""
        return [
            (key, name, num_rows)
            for (key,) in self._rows("SELECT DISTINCT platform FROM ingested ORDER BY platform")
            for name, num_rows in num_landed(self._con, self._known(key))
        ]

    def ingest(
        self, source: str | os.PathLike[str] | DatabaseTable, *,
        platform: str | os.PathLike[str] | None = None, account: str | None = None,
        currency: str | None = None, days: tuple[str, str] | None = None,
        **read: Unpack[ReadOptions],
    ) -> dict[str, int]:  # fmt: skip
        """Land a platform's tables: exports, a data base's tables, or those of a warehouse.

        A file that was ingested before is left out. Of a report the days it covers replace the
        same accounts' days that were there: a later export is the better one. Of other tables
        new rows are added, and the newest row of each account, campaign or ad is read. Files of
        one call that are parts of one table (``ad_stats/part-0.parquet``) count as one export.

        A CSV file that is no loader's table is read as the report that a person downloads: its
        title lines and totals are set aside. If its rows do not add up to its own total, the
        report of :meth:`harmonise` does not close.

        Parameters
        ----------
        source : path, address or DatabaseTable
            A folder of CSV and Parquet files, one file, a DuckDB file,
            ``postgres://user@host/database?schema=name``, ``bigquery://project.dataset``; or a
            DuckDB file, connection or client, with the name of the schema.
        platform : str, path or None
            Such as ``"google_ads"``; :func:`campaignkit.harmonise.platforms` lists them. Or a file
            that describes one (``"shop.toml"``); the store keeps its text. None: the names and
            columns decide, if they fit one platform only.
        account : str or None
            The account of a downloaded report.
        currency : str or None
            Its ISO 4217 code, where the report does not tell it.
        days : tuple of str or None
            The first and the last day to read of a warehouse's reports: ``("2026-03-01",
            "2026-03-31")``. None: all.
        **read : ReadOptions
            How a downloaded report is read (``decimal``, ``day_first``, ``header``, ``columns``),
            or on which terms a warehouse is asked (``maximum_bytes``, ``timeout_s``).

        Returns
        -------
        dict of str to int
            Rows taken from each table; 0 where it was ingested before.

        Raises
        ------
        HarmoniseError
            If there is no table, or none that is one of the platform's; if cells cannot be read,
            with their column and first row; if a downloaded report does not tell its days or its
            currency. Nothing is kept then.
        TableError, BudgetExceeded
            If a warehouse refuses, or would read more than `maximum_bytes`.
        """
        key = None if platform is None else os.fspath(platform)
        asked = Asked(key, self.client, _checked_days(days), account, currency, read)
        with self._transaction():
            return self._ingest(source, asked)

    def _ingest(
        self, source: str | os.PathLike[str] | DatabaseTable, asked: Asked
    ) -> dict[str, int]:
        taken: dict[str, int] = {}
        with closing(connect()) as reader:
            known, found = parts_of(reader, source, asked)
            if asked.platform and asked.platform.endswith(".toml"):
                kept = [known.key, text_of_own(Path(asked.platform))]
                self._con.execute("INSERT OR REPLACE INTO defined VALUES (?, ?)", kept)
            known = described(
                known, [*self._read(known), *(p.name for p in found if not p.is_stray)]
            )
            parts: dict[str, list[Part]] = {}
            for part in found:
                parts.setdefault(plain(part.name), []).append(part)
            # Histories first: they tell whose account the rows of a report are.
            order = {name: [_ORDER.index(what) for what, *_ in parts_named(known, name)]
                     for name in parts}  # fmt: skip
            for relation in sorted(parts, key=lambda name: max(order[name], default=0)):
                own = parts[relation]
                taken[own[0].name] = Intake(self._con, known, relation, own[0].name).take(
                    reader, own
                )
            if not taken:
                raise HarmoniseError(
                    f"the source has no table of {known.name}",
                    hint=f"expected files that end in {', '.join(FILES)}, or landed tables",
                )
            read = self._read(known)
            find(self._con, known, need_report=False)
            if not {*map(plain, read)} & parts.keys():
                theirs = "; ".join(
                    f"{p.name} has {', '.join(reader.sql(p.select).columns[:12])}" for p in found
                )
                raise HarmoniseError(
                    f"there is no table of {known.name} here: {theirs[:400]}",
                    hint="are names and columns as the loader wrote them? A downloaded report "
                    'needs days, campaigns and cost: columns={"Budget used": "spend"}, or '
                    '--columns "Budget used=spend", says which column is which',
                )
        return taken

    def _read(self, known: Platform) -> list[str]:
        """Names of the landed tables that are read: of what is not read none is double."""
        return [name for name, own in kept(self._con, known).items() if own]

    def _known(self, key: str) -> Platform:
        """A platform of the store: by the file that was given with it, or a known one."""
        rows = self._rows("SELECT text FROM defined WHERE platform = ?", [key])
        return read_platform(Path(f"{key}.toml"), rows[0][0]) if rows else platform_of(key)

    def fetch(
        self, platform: str, *, accounts: str | Sequence[str], since: str | datetime.date,
        until: str | datetime.date | None = None, token: str | Mapping[str, str] | None = None,
        base_url: str = "", max_pages: int = 2000,
    ) -> dict[str, int]:  # fmt: skip
        """Fetch a platform's tables from its own API and ingest them, a week at a time.

        A later call continues after the last window that was ingested, and reads the last 28 days
        again. The extra ``fetch`` is needed.

        Parameters
        ----------
        platform : {"meta", "tiktok", "google_ads"}
        accounts : str or sequence of str
            Numbers of the client's accounts, such as ``"act_123"`` or ``"123-456-7890"``.
        since, until : str or date
            The days that are wanted, both included; until today (UTC) where it is left out.
        token, base_url, max_pages
            See :class:`campaignkit.harmonise.fetching.Fetcher`. Without a token the variables of
            the environment are read, such as ``META_ACCESS_TOKEN``.

        Returns
        -------
        dict of str to int
            Rows fetched of each table.

        Raises
        ------
        HarmoniseError
            If the platform refuses or is not reached; weeks that were fetched before are kept.
        """
        fetcher = Fetcher(platform, token=token, base_url=base_url, max_pages=max_pages)
        known, taken = platform_of(platform), Counter[str]()
        numbers = [accounts] if isinstance(accounts, str) else accounts
        settings = dict(self._rows("SELECT name, value FROM duckdb_settings()"))
        spill = settings["temp_directory"]
        if settings.get("temp_file_encryption") == "true":
            raise HarmoniseError(
                "what is fetched lies on the disk, not encrypted, until it is ingested",
                hint="use an encrypted disk and a store without a key",
            )
        for account, start, end in checked_spans(numbers, since, until):
            asked = "FROM fetched SELECT first_day, last_day WHERE (platform, account) = (?, ?)"
            asked += " AND ? BETWEEN first_day AND last_day"
            done = self._rows(asked, [platform, account, start])
            begun, last = done[0] if done else (start, None)
            for number, (first, last_) in enumerate(windows(start, end, last)):
                with scratch_folder(Path(spill) if spill else None) as folder:
                    fetcher.land(folder, account, first, last_, only_days=number > 0)
                    with self._transaction():
                        note_own(self._con, known, account, alone=True)
                        forget(self._con, known, first, last_)
                        if any(folder.rglob("*.parquet")):
                            taken.update(self._ingest(folder, Asked(platform, self.client)))
                        self._con.execute(
                            "INSERT OR REPLACE INTO fetched VALUES (?, ?, ?, ?)",
                            [platform, account, begun, last_],
                        )
        return dict(taken)

    def remove(self, platform: str, *, account: str | None = None) -> int:
        """Delete what was ingested of a platform, or an account's rows of its reports.

        For a file of the wrong client. The same files can be ingested again then. What tables tell
        of the account, and of the campaigns, ad groups, ads and creatives that are its alone, goes
        too. The unified tables follow when :meth:`harmonise` is called next.

        Parameters
        ----------
        platform : str
        account : str or None
            As the reports write it; None: all that there is of the platform, unified rows too.

        Returns
        -------
        int
            Landed rows that were deleted.

        Raises
        ------
        HarmoniseError
            If there are none. Of a report without a column of accounts the histories tell which
            campaigns, ad groups and ads are the account's.
        """
        with self._transaction():
            known = self._known(platform)
            if account is not None:
                note_own(self._con, known, account)
                gone = forget(self._con, known, datetime.date.min, datetime.date.max)
                gone += forget_names(self._con, known)
                told = {"fetched": "account", "stated": "account_id"}
                for (name,) in self._rows("SELECT table_name FROM duckdb_tables()"):
                    if name in told:
                        statement = f"DELETE FROM {name} WHERE platform = ? AND {told[name]} = ?"
                        self._con.execute(statement, [known.key, account])
            else:
                gone = sum(rows for key, _, rows in self.tables if key == known.key)
                for own in kept(self._con, known).values():
                    for table in own.values():
                        self._con.execute(f"DROP TABLE {table.relation}")
                for statement in self._rows(question("of_a_platform")):
                    self._con.execute(statement[0], [known.key])
            if not gone:
                of = known.name if account is None else f"account {account} of {known.name}"
                has = ", ".join(sorted({key for key, *_ in self.tables})) or "nothing"
                raise HarmoniseError(
                    f"the store of {self.client} has no rows of {of}",
                    hint=f"it has {has}; an account is written as in the report",
                )
        return gone

    def harmonise(self, *, currencies: Mapping[str, str | None] | None = None) -> CampaignData:
        """Make the unified tables of all that was landed; days that did not change are kept.

        Parameters
        ----------
        currencies : mapping or None
            Account, or ``"platform:account"`` -> ISO 4217 code of its currency. What is stated
            is kept and overrules what the tables give; a code of None takes it back.

        Raises
        ------
        HarmoniseError
            If nothing was landed, or no table is a report of its platform.
        """
        with self._transaction():
            rows = self._rows("SELECT DISTINCT platform FROM ingested ORDER BY platform")
            if not rows:
                raise HarmoniseError(
                    f"nothing of client {self.client} was ingested",
                    hint='ingest comes first: store.ingest("exports/meta", platform="meta"), or '
                    "campaignkit ingest",
                )
            unified = Unified(self._con, currencies or {})
            for (key,) in rows:
                known = self._known(key)
                known = described(known, self._read(known))
                unified.make(known, find(self._con, known))
            self._con.execute(question("told"))
        return CampaignData(self._con, self.client)

    def _rows(self, sql: str, values: list[Any] | None = None) -> list[Any]:
        with telling(self.client, CHANGING):
            rows: list[Any] = self._con.execute(sql, values or []).fetchall()
        return rows

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with telling(self.client, CHANGING):
            self._con.execute("BEGIN")
            try:
                yield
                self.stores.keep(self.client, self._con)
            except BaseException:
                self._con.execute("ROLLBACK")
                raise
            self._con.execute("COMMIT")


def _checked_days(days: tuple[str, str] | None) -> tuple[datetime.date, datetime.date] | None:
    if days is None:
        return None
    first, last = days_of(*days) if isinstance(days, tuple | list) else days_of()
    if first > last:
        raise HarmoniseError(
            f"days are {days!r:.80}; expected the first and the last day",
            hint='days=("2026-03-01", "2026-03-31"), or --days 2026-03-01 2026-03-31',
        )
    return first, last
