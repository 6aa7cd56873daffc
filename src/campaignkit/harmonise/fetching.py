"""A platform's tables from its own API: a few days at a time, with a guard around each request.

A file of ``apis`` says which requests give a platform's tables, how their pages follow each other
and how a failure is told. dlt sends the requests and lands each window of days as Parquet files.
A client's store ingests them and notes the days in the same transaction: a run that is killed has
lost the window it was at, and begins with it again.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from campaignkit.errors import Fault, HarmoniseError
from campaignkit.extras import require
from campaignkit.llm.transport import retry_after_s

WINDOW_DAYS = 7  # of one run: a kill costs no more
REREAD_DAYS = 28  # conversions arrive late: these last days are read again each time
_FOLDER = Path(__file__).with_name("apis")
_TRIES = 6  # of one request
_PASSING = (429, 500, 502, 503, 504)  # HTTP's codes of what may pass
_LONGEST_WAIT_S = 300.0
_MOST_POLLS = 360  # of a report that is being made: three hours
_LONGEST_POLL_S = 30.0
_TIMEOUT_S = (15, 300)  # to connect, and between two bytes
_OWN_COMPUTER = ("127.0.0.1", "::1", "localhost")
# What each part of a file must have, and what it may have.
_KEYS = {
    "file": ("base_url secrets headers failure tables", "hidden"),
    "failure": ("code message wait", ""),
    "tables": ("name key request", "by_day as_json add job"),
    "request": ("path", "method params json data_selector paginator"),
    "job": ("id status done failed request", ""),
}

Json = Any  # what a reply or a file says


def read_api(platform: str) -> dict[str, Json]:
    """The API of a platform, as its file describes it.

    Raises
    ------
    HarmoniseError
        If there is no file of it, or the file lacks a key or has one that is unknown.

    Examples
    --------
    >>> [table["name"] for table in read_api("meta")["tables"] if table.get("by_day")]
    ['insights']
    """
    known = sorted(path.stem for path in _FOLDER.glob("*.toml"))
    if platform not in known:
        raise HarmoniseError(
            f"platform is {platform!r:.40}; expected one of {', '.join(known)}",
            hint="tables of other platforms are ingested as a loader landed them",
        )
    api = tomllib.loads((_FOLDER / f"{platform}.toml").read_text(encoding="utf-8"))
    if faults := list(_faults(f"{platform}.toml", "file", api)):
        raise HarmoniseError(f"{platform}.toml does not describe an API", faults=faults)
    return api


def _faults(where: str, part: str, given: Mapping[str, Json]) -> Iterator[Fault]:
    """What a part of a file lacks, or has and nobody reads."""
    needed, more = (words.split() for words in _KEYS[part])
    for name in needed:
        if name not in given:
            yield Fault(where, f"{name} is missing")
    for name, value in given.items():
        if name not in needed and name not in more:
            expected = f"expected {', '.join(sorted([*needed, *more]))}"
            yield Fault(f"{where}: {name}", "is unknown", expected)
        for number, each in enumerate(value if isinstance(value, list) else [value]):
            if name in _KEYS and isinstance(each, dict):
                at = f"{name}[{number}]" if isinstance(value, list) else name
                yield from _faults(f"{where}: {at}", name, each)


def days_of(*span: object) -> list[datetime.date]:
    """The first and the last day of a span, as given or as ISO 8601; out of order if it is none.

    Examples
    --------
    >>> [str(day) for day in days_of("2026-01-01", "2026-01-31")]
    ['2026-01-01', '2026-01-31']
    """
    try:
        first, last = (datetime.date.fromisoformat(str(day)) for day in span)
    except ValueError:
        return [datetime.date.max, datetime.date.min]
    return [first, last]


def checked_spans(
    accounts: Sequence[str], since: str | datetime.date, until: str | datetime.date | None
) -> list[tuple[str, datetime.date, datetime.date]]:
    """Each account's number as its API writes it, and the days that are wanted.

    Raises
    ------
    HarmoniseError
        If one of them is none, or the days are none.

    Examples
    --------
    >>> checked_spans(["act_12", "123-456"], "2026-01-01", "2026-01-02")[1][0]
    '123456'
    """
    until = until or datetime.datetime.now(datetime.UTC).date()
    first, last = days_of(since, until)
    numbers = [re.sub("^act_|-", "", account) for account in accounts]
    if first > last or not numbers or not all(re.fullmatch(r"\w{1,40}", n) for n in numbers):
        raise HarmoniseError(
            f"accounts are {list(accounts)!r:.80}, since {since}, until {until}",
            hint='expected numbers and days in order: accounts=["123"], since="2026-01-31", or '
            "--account 123 --since 2026-01-31",
        )
    return [(number, first, last) for number in dict.fromkeys(numbers)]


def windows(
    since: datetime.date, until: datetime.date, read_until: datetime.date | None = None
) -> list[tuple[datetime.date, datetime.date]]:
    """Windows of at most seven days that are to be read, the earliest first.

    Examples
    --------
    >>> day = datetime.date.fromisoformat
    >>> [str(first) for first, _ in windows(day("2026-01-01"), day("2026-01-20"))]
    ['2026-01-01', '2026-01-08', '2026-01-15']
    >>> str(windows(day("2025-01-01"), day("2026-01-20"), day("2026-01-19"))[0][0])
    '2025-12-24'
    """
    one = datetime.timedelta(days=1)
    if read_until is not None:
        since = max(since, min(read_until + one, until - (REREAD_DAYS - 1) * one))
    starts = [since + n * one for n in range(0, (until - since).days + 1, WINDOW_DAYS)]
    return [(start, min(until, start + (WINDOW_DAYS - 1) * one)) for start in starts]


class Fetcher:
    """Fetches one platform's tables.

    Parameters
    ----------
    platform : str
        One that has a file in ``apis``.
    token : str, mapping of str to str, or None
        The access token, or each secret by its name. What is not given is read from the variables
        of the environment that the platform's file names.
    base_url : str
        Another address: a newer version of the API, or a server on this computer.
    max_pages : int
        Of one table and window; with more of them a cursor is taken to have no end.

    Raises
    ------
    HarmoniseError
        If a secret is missing, or the address is not encrypted.
    """

    def __init__(
        self, platform: str, *, token: str | Mapping[str, str] | None = None, base_url: str = "",
        max_pages: int = 2000,
    ) -> None:  # fmt: skip
        self.platform, self.max_pages = platform, max_pages
        self.api = read_api(platform)
        self.base_url = base_url or self.api["base_url"]
        address = urlsplit(self.base_url)
        if address.scheme != "https" and address.hostname not in _OWN_COMPUTER:
            raise HarmoniseError(
                f"base_url is {self.base_url!r:.80}; expected https://",
                hint="the token is sent there, and could be read on its way",
            )
        given = {"token": token} if isinstance(token, str) else token or {}
        variables = self.api["secrets"]
        self._secrets = {n: given.get(n) or os.environ.get(v, "") for n, v in variables.items()}
        for name, secret in self._secrets.items():
            if not re.fullmatch("[!-~]+", secret):
                raise HarmoniseError(
                    f"the {name} of {platform} is missing, or has characters that no token has",
                    hint=f"set {variables[name]} in the environment, or pass token=, or "
                    "--token-file",
                )

    def land(
        self, folder: Path, account: str, since: datetime.date, until: datetime.date, *,
        only_days: bool = False,
    ) -> None:  # fmt: skip
        """Land an account's tables as Parquet files: all of some days, or none.

        Parameters
        ----------
        folder : path
            Empty; also for what dlt keeps while it works.
        account : str
        since, until : date
        only_days : bool
            Without the tables that are not asked for by day: names, currencies, time zones.

        Raises
        ------
        HarmoniseError
            If the platform refuses, is not reached, or its pages have no end.
        """
        place = {"account": account, "since": str(since), "until": str(until)}
        tables = [t for t in self.api["tables"] if t.get("by_day") or not only_days]
        try:
            with _alone(folder / "dlt") as dlt:
                pipeline = dlt.pipeline(
                    self.platform, str(folder / "dlt"), dataset_name=self.platform,
                    destination=dlt.destinations.filesystem((folder / "landed").as_uri()),
                )  # fmt: skip
                client = self._client()
                resources = [
                    dlt.resource(self._rows(client, table, place), name=table["name"])
                    for table in tables
                ]
                schema = dlt.Schema(self.platform)
                schema.remove_type_detection("iso_timestamp")  # cells stay as they were sent
                pipeline.run(resources, schema=schema, loader_file_format="parquet")
        except Exception as err:
            raise self._told(err, place) from None
        shutil.rmtree(folder / "dlt")

    def _client(self) -> Any:
        from dlt.sources.helpers.rest_client import RESTClient

        requests = require("requests", extra="fetch", user="fetching from a platform")
        session = requests.Session()
        session.trust_env = False  # a password of ~/.netrc would take the token's place
        session.proxies = requests.utils.get_environ_proxies(self.base_url)
        headers = {n: text.format_map(self._secrets) for n, text in self.api["headers"].items()}
        guard = _Guard(requests.adapters.HTTPAdapter(), self.api, self.base_url, headers)
        session.adapters = {"http://": guard, "https://": guard}
        return RESTClient(self.base_url, session=session)

    def _rows(
        self, client: Any, table: Json, place: Mapping[str, str]
    ) -> Iterator[list[dict[str, str]]]:
        """Pages of rows, their cells as text: no row twice, and pages that end."""
        from dlt.sources.rest_api.config_setup import create_paginator

        if "job" in table:
            place = {**place, "job": _job(client, table["job"], place)}
        asked = _filled(table["request"], place)
        paginator = create_paginator(asked.pop("paginator", "single_page"))
        seen: set[int] = set()
        for number, page in enumerate(client.paginate(**asked, paginator=paginator), start=1):
            fresh = []
            for row in page:
                cells = _filled(table.get("add", {}), place) | dict(_cells(row, table))
                if missing := [name for name in table["key"] if name not in cells]:
                    raise HarmoniseError(
                        f"{table['name']} has a row without {', '.join(missing)}",
                        hint="is it another version of the API? base_url names the version",
                    )
                key = hash(tuple(cells[name] for name in table["key"]))
                if key not in seen:
                    seen.add(key)
                    fresh.append(cells)
            if number > self.max_pages or (page and not fresh):
                raise HarmoniseError(
                    f"the pages of {table['name']} have no end: page {number:,} is "
                    + ("one too many" if fresh or not page else "rows of earlier pages"),
                    hint=f"max_pages is {self.max_pages:,}",
                )
            yield fresh

    def _told(self, err: BaseException | None, place: Mapping[str, str]) -> HarmoniseError:
        """An error in our own words, in which no secret is."""
        said = f"{type(err).__name__}: {err}".splitlines()[0]
        while err is not None and not isinstance(err, HarmoniseError):
            err = err.__cause__ or err.__context__
        said = err.message if err else said
        # Replaced before the text is cut: no part of a secret may be left at its end.
        for secret in sorted(self._secrets.values(), key=len, reverse=True):
            for form in (secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1]):
                said = said.replace(form, "***")
        said = said[:300]
        days = f"account {place['account']}, {place['since']} to {place['until']}"
        return HarmoniseError(
            f"{self.platform}, {days}: {said}", faults=err.faults if err else (),
            hint=f"{err.hint + '; ' if err and err.hint else ''}days before are kept: fetch again",
        )  # fmt: skip


class _Guard:
    """Stands between dlt and the network, as an adapter of requests.

    Sends to one address alone, puts secrets into headers and takes them out of addresses, waits
    where the platform asks for it, and tells a failure, whatever HTTP says.
    """

    def __init__(self, inner: Any, api: Json, base_url: str, headers: Mapping[str, str]) -> None:
        self.inner, self.api, self.headers = inner, api, headers
        self.origin = urlsplit(base_url)[:2]

    def send(self, request: Any, **options: Any) -> Any:
        parts = urlsplit(request.url)
        if parts[:2] != self.origin:
            raise HarmoniseError(
                f"the next page is at {parts.netloc}; expected {self.origin[1]}",
                hint="the token is sent to the platform alone",
            )
        asked = parse_qsl(parts.query, keep_blank_values=True)
        kept = [pair for pair in asked if pair[0] not in self.api.get("hidden", ())]
        request.url = parts._replace(query=urlencode(kept)).geturl()
        request.headers.update(self.headers)
        failure = self.api["failure"]
        for number in range(_TRIES):
            wait: float | None = None
            try:
                reply = self.inner.send(request, **options | {"timeout": _TIMEOUT_S})
                told = json.loads(reply.content)
            except OSError as err:  # as errors of requests are
                is_passing, problem = True, type(err).__name__
            except ValueError:
                is_passing = reply.status_code in _PASSING
                problem = f"HTTP {reply.status_code}, and no JSON"
            else:
                code, said = (_at(told, failure[part]) for part in ("code", "message"))
                if reply.status_code < 300 and code in (None, 0):
                    return reply
                is_passing = reply.status_code in _PASSING or code in failure["wait"]
                problem = f"HTTP {reply.status_code}, code {code}: {said}"
                wait = retry_after_s(reply.headers, told)
            if not is_passing:
                break
            time.sleep(min(2.0**number if wait is None else wait, _LONGEST_WAIT_S))
        raise HarmoniseError(problem)


def _at(told: Json, path: str) -> Json:
    """What a reply tells at a place such as ``error.code``; None if it tells nothing there."""
    told = told[0] if isinstance(told, list) and told else told
    for part in path.split("."):
        told = told.get(part) if isinstance(told, dict) else None
    return told


def _job(client: Any, job: Json, place: Mapping[str, str]) -> str:
    """Have a report made and wait until it is; the number of its job."""
    number = str(_at(client.request(**_filled(job["request"], place)).json(), job["id"]))
    for polls in range(_MOST_POLLS):
        status = _at(client.get(number).json(), job["status"])
        if status == job["done"]:
            return number
        if status in job["failed"]:
            break
        time.sleep(min(0.1 * 2.0 ** min(polls, 20), _LONGEST_POLL_S))
    raise HarmoniseError(f"the report was not made: its status is {status!r}")


def _filled(given: Json, place: Mapping[str, str]) -> Json:
    """Texts, however deep, with account, days and job in their places."""
    if isinstance(given, Mapping):
        return {name: _filled(part, place) for name, part in given.items()}
    for name, value in place.items() if isinstance(given, str) else ():
        given = given.replace(f"{{{name}}}", value)
    return given


def _cells(row: Json, table: Json, start: str = "") -> Iterator[tuple[str, str]]:
    """A row's cells as text: objects are flattened as dlt does, lists stay JSON."""
    for name, value in row.items():
        if isinstance(value, dict) and name not in table.get("as_json", ()):
            yield from _cells(value, table, f"{start}{name}__")
        elif value is not None:
            yield f"{start}{name}", value if isinstance(value, str) else json.dumps(value)


@contextmanager
def _alone(folder: Path) -> Iterator[Any]:
    """dlt without telemetry and log, and without settings of the environment or of files."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    dlt = require("dlt", extra="fetch", user="fetching from a platform")
    from dlt.common.configuration.specs import RuntimeConfiguration
    from dlt.common.runtime.run_context import RunContext, switched_run_context
    from dlt.common.runtime.telemetry import stop_telemetry

    stop_telemetry()  # where the program had started it
    quiet = RuntimeConfiguration(dlthub_telemetry=False, log_level="CRITICAL")
    context = RunContext(str(folder))
    context._global_dir = str(folder)
    context.initial_providers = list
    context.initialize_runtime = partial(RunContext.initialize_runtime, context, quiet)
    with switched_run_context(context):
        yield dlt
