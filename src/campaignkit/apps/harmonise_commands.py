"""``campaignkit ingest``, ``discover``, ``fetch``, ``harmonise``, ``campaigns``, ``across``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaignkit.apps.ending import FAILED
from campaignkit.apps.options import JsonOption, ReplaceOption, SeedOption
from campaignkit.apps.output import print_json, refuse_existing
from campaignkit.apps.working import working
from campaignkit.errors import SettingError

if TYPE_CHECKING:
    from campaignkit.harmonise import ClientStore

ClientOption = Annotated[str, typer.Option("--client", metavar="NAME", help="Whose data it is.")]
StoreOption = Annotated[
    str,
    typer.Option(
        "--clients",
        metavar="PLACE",
        help="Folder of the stores, or postgres://role@host/database.",
    ),
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--key-file", metavar="FILE", help="32 random bytes that encrypt the store."),
]
CurrencyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--currency", metavar="ACCOUNT=CODE", help="Currency of an account that no table gives."
    ),
]


def ingest_command(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A folder, a file, or postgres://user@host/database?schema=name.",
        ),
    ],
    *,
    client: ClientOption,
    platform: Annotated[
        str | None,
        typer.Option("--platform", metavar="NAME", help="Such as meta; else columns decide."),
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="ID", help="Of a downloaded report.")
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option("--currency", metavar="CODE", help="Of a report that tells none: EUR."),
    ] = None,
    days: Annotated[
        tuple[str, str] | None,
        typer.Option("--days", metavar="FIRST LAST", help="Of a warehouse's reports."),
    ] = None,
    clients: StoreOption = "clients",
    key_file: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Land a platform's tables in a client's store; later exports replace the days they cover."""

    with working("ingesting"), _opened(clients, client, key_file) as store:
        taken = store.ingest(
            source, platform=platform, account=account, currency=currency, days=days
        )
    _print_taken(taken, json=json)


def discover_command(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="Folder, file, DuckDB file, or a schema's address."),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the proposal there, such as shop.toml."),
    ] = None,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What the platform is called.")
    ] = "unknown",
    replace: ReplaceOption = False,
    json: JsonOption = False,
) -> None:
    """Rank an unknown schema's tables and columns, and propose its platform's file."""
    from dataclasses import asdict

    from campaignkit.harmonise import discover

    if out is not None:
        refuse_existing(out, replace=replace)
    with working("looking"):
        found = discover(source, name=name)
    if json:
        print_json([asdict(row) for row in (*found.tables, *found.columns)])
    else:
        print(found.to_toml())
    if out is not None:
        print(f"wrote {found.write(out)}")


def fetch_command(
    platform: Annotated[
        str, typer.Argument(metavar="PLATFORM", help="meta, tiktok or google_ads.")
    ],
    *,
    client: ClientOption,
    account: Annotated[
        list[str], typer.Option("--account", metavar="NUMBER", help="Once for each account.")
    ],
    since: Annotated[
        str, typer.Option("--since", metavar="DAY", help="First day, such as 2026-01-31.")
    ],
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="Last day; today by default.")
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            metavar="FILE",
            help="Holds the access token; by default it comes from the environment, such as "
            "META_ACCESS_TOKEN.",
        ),
    ] = None,
    base_url: Annotated[
        str, typer.Option("--base-url", metavar="URL", help="Another version of the API.")
    ] = "",
    clients: StoreOption = "clients",
    key_file: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Fetch a platform's tables from its own API into a client's store, a week at a time."""
    from campaignkit.errors import HarmoniseError
    from campaignkit.store import read_bytes

    token = read_bytes(token_file, error=HarmoniseError).decode().strip() if token_file else None
    with working("fetching"), _opened(clients, client, key_file) as store:
        taken = store.fetch(
            platform, accounts=account, since=since, until=until, token=token, base_url=base_url
        )
    _print_taken(taken, json=json)


def harmonise_command(
    *,
    client: ClientOption,
    clients: StoreOption = "clients",
    key_file: KeyOption = None,
    currency: CurrencyOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write the unified tables there, as Parquet."),
    ] = None,
    replace: ReplaceOption = False,
    json: JsonOption = False,
) -> None:
    """Make the unified tables of a client's store; exit code 1 if a total does not close."""
    from campaignkit.show import print_blocks  # brings numpy, which help does without

    stated = _currencies(currency or [])
    with working("harmonising"), _opened(clients, client, key_file) as store:
        data = store.harmonise(currencies=stated)
        report = data.report
        if out is not None:
            data.write(out, replace=replace)
    if json:
        print_json(report.to_dict())
    else:
        print_blocks(report.blocks())
        if out is not None:
            print(f"\nwrote {out}")
    if not report.closes:
        raise typer.Exit(FAILED)


def campaigns_command(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write, as Parquet.")],
    *,
    client: ClientOption,
    clients: StoreOption = "clients",
    key_file: KeyOption = None,
    currency: CurrencyOption = None,
    outcome: Annotated[
        str, typer.Option("--outcome", metavar="NAME", help="auto, or the KPI of all campaigns.")
    ] = "auto",
    level: Annotated[
        str, typer.Option("--level", metavar="LEVEL", help="ad, ad_group or campaign.")
    ] = "ad",
    period: Annotated[
        str, typer.Option("--period", metavar="PERIOD", help="month, quarter or year.")
    ] = "quarter",
    min_impressions: Annotated[
        int, typer.Option("--min-impressions", metavar="N", help="Campaigns of less are left out.")
    ] = 1000,
    seed: SeedOption = 0,
    replace: ReplaceOption = False,
) -> None:
    """Write a client's campaigns, each with its modalities and a label among its peers."""
    from campaignkit.extras import require
    from campaignkit.store import atomic_file

    refuse_existing(out, replace=replace)
    pq = require("pyarrow.parquet", extra="harmonise", user="writing campaigns")
    with working("labelling"), _opened(clients, client, key_file) as store:
        made = store.harmonise(currencies=_currencies(currency or [])).campaigns(
            outcome=outcome, level=level, period=period, min_impressions=min_impressions, seed=seed
        )
        with atomic_file(out) as partial:
            pq.write_table(made.frame, partial)
    print(f"wrote {made.frame.num_rows:,} campaigns to {out}")
    for reason, count in made.left_out.items():
        print(f"left out, {reason}: {count:,}")


def across_command(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write, as Parquet.")],
    *,
    client: Annotated[
        list[str], typer.Option("--client", metavar="NAME", help="Once for each client.")
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; it is logged next to the stores.")
    ],
    table: Annotated[
        str, typer.Option("--table", metavar="NAME", help="performance, conversions or reach.")
    ] = "performance",
    clients: StoreOption = "clients",
    replace: ReplaceOption = False,
) -> None:
    """Write rows of several clients into one table, and an entry into the log of such reads."""
    from campaignkit.extras import require
    from campaignkit.harmonise import read_across
    from campaignkit.store import atomic_file

    refuse_existing(out, replace=replace)
    pq = require("pyarrow.parquet", extra="harmonise", user="reading across clients")
    with working("reading"), atomic_file(out) as partial:
        rows = read_across(clients, clients=client, reason=reason, table=table)
        pq.write_table(rows, partial)
    print(f"wrote {rows.num_rows:,} rows of {len(client)} clients to {out}")


def _opened(clients: str, client: str, key_file: Path | None) -> ClientStore:
    from campaignkit.errors import HarmoniseError
    from campaignkit.harmonise import ClientStore
    from campaignkit.store import read_bytes

    key = None if key_file is None else read_bytes(key_file, error=HarmoniseError)
    return ClientStore(clients, client, key=key)


def _print_taken(taken: Mapping[str, int], *, json: bool) -> None:
    if json:
        print_json(taken)
        return
    for name, num_rows in taken.items():
        print(f"{name}: {num_rows:,} rows" if num_rows else f"{name}: ingested before")


def _currencies(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    wrong = [
        text for text, (_, sign, code) in zip(given, pairs, strict=True) if not sign or not code
    ]
    if wrong:
        raise SettingError(
            f"--currency is {wrong[0]!r:.60}; expected ACCOUNT=CODE", hint="--currency 123456=USD"
        )
    return {account: code for account, _, code in pairs}
