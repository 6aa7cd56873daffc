"""``campaignkit ingest``, ``discover``, ``fetch``, ``harmonise``, ``campaigns``, ``across``,
``remove``, ``purge`` and ``access-log``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaignkit.apps.ending import FAILED
from campaignkit.apps.names import pairs_of
from campaignkit.apps.options import (
    ColumnsOption,
    DayFirstOption,
    DecimalOption,
    DelimiterOption,
    EncodingOption,
    HeaderOption,
    JsonOption,
    ReplaceOption,
    SeedOption,
    SkipOption,
    read_options,
)
from campaignkit.apps.output import print_json, refuse_existing
from campaignkit.apps.working import working
from campaignkit.errors import ArtifactError, HarmoniseError, SettingError

if TYPE_CHECKING:
    from campaignkit.harmonise import CampaignData, ClientStore
    from campaignkit.show.outline import Block

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
_AMOUNTS = ("platform", "currency", "spend", "impressions_paid")
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
    header: HeaderOption = None,
    skip: SkipOption = None,
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    decimal: DecimalOption = None,
    day_first: DayFirstOption = None,
    columns: ColumnsOption = None,
    clients: StoreOption = "clients",
    key_file: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Land a platform's tables in a client's store; later exports replace the days they cover."""
    read = read_options(
        header=header, delimiter=delimiter, columns=columns, skip=skip, encoding=encoding,
        decimal=decimal, day_first=day_first,
    )  # fmt: skip
    with working("ingesting"), _opened(clients, client, key_file) as store:
        taken = store.ingest(
            source, platform=platform, account=account, currency=currency, days=days, **read
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
    with working("harmonising"), _opened(clients, client, key_file, known=True) as store:
        data = store.harmonise(currencies=stated)
        report, totals = data.report, _totals(data)
        if out is not None:
            data.write(out, replace=replace)
    if json:
        amounts = [dict(zip(_AMOUNTS, row, strict=True)) for row in totals]
        print_json(report.to_dict() | {"amounts": amounts})
    else:
        print_blocks([*report.blocks(), _block_of(totals)])
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
    dataset: Annotated[
        Path | None,
        typer.Option(
            "--dataset",
            metavar="DIR",
            help="Also write them there as a data set, for recommend and dataset split.",
        ),
    ] = None,
    catalogue: Annotated[
        Path | None,
        typer.Option("--catalogue", metavar="FILE", help="And their values, for graph build."),
    ] = None,
    seed: SeedOption = 0,
    replace: ReplaceOption = False,
) -> None:
    """Write a client's campaigns, each with its modalities and a label among its peers."""
    from campaignkit.extras import require
    from campaignkit.store import atomic_file

    _refuse_another_format(out, replace=replace)
    if catalogue is not None:
        refuse_existing(catalogue, replace=replace)
    pq = require("pyarrow.parquet", extra="harmonise", user="writing campaigns")
    with working("labelling"), _opened(clients, client, key_file, known=True) as store:
        made = store.harmonise(currencies=_currencies(currency or [])).campaigns(
            outcome=outcome, level=level, period=period, min_impressions=min_impressions, seed=seed
        )
        if dataset is not None:
            made.to_dataset().write(dataset, replace=replace)
        if catalogue is not None:
            made.catalogue().write_csv(catalogue)
        with atomic_file(out) as partial:
            pq.write_table(made.frame, partial)
    places = ", ".join(str(place) for place in (out, dataset, catalogue) if place is not None)
    print(f"wrote {made.frame.num_rows:,} campaigns to {places}")
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
    key_file: Annotated[
        list[str] | None,
        typer.Option(
            "--key-file", metavar="CLIENT=FILE", help="Key of a client's store, once for each."
        ),
    ] = None,
    clients: StoreOption = "clients",
    replace: ReplaceOption = False,
) -> None:
    """Write rows of several clients into one table, and an entry into the log of such reads."""
    from campaignkit.extras import require
    from campaignkit.harmonise import read_across
    from campaignkit.store import atomic_file

    _refuse_another_format(out, replace=replace)
    files = pairs_of(key_file or [], option="--key-file", example="acme=acme.key", read=Path)
    if strange := sorted({*files} - {*client}):
        raise SettingError(
            f"--key-file names {', '.join(strange)}; expected clients that are read",
            hint=f"--client {strange[0]}",
        )
    keys = {name: _key(file) for name, file in files.items()}
    pq = require("pyarrow.parquet", extra="harmonise", user="reading across clients")
    with working("reading"), atomic_file(out) as partial:
        rows = read_across(clients, clients=client, reason=reason, table=table, keys=keys)
        pq.write_table(rows, partial)
    print(f"wrote {rows.num_rows:,} rows of {len(client)} clients to {out}")


def remove_command(
    *,
    client: ClientOption,
    platform: Annotated[
        str, typer.Option("--platform", metavar="NAME", help="Whose tables are taken out.")
    ],
    account: Annotated[
        str | None, typer.Option("--account", metavar="ID", help="Of these the rows of one.")
    ] = None,
    clients: StoreOption = "clients",
    key_file: KeyOption = None,
) -> None:
    """Take a platform, or one account of it, out of a client's store, as if never ingested."""
    with working("removing"), _opened(clients, client, key_file, known=True) as store:
        num_rows = store.remove(platform, account=account)
    print(f"removed {num_rows:,} rows of {platform}; harmonise makes the tables without them")


def purge_command(
    *,
    client: ClientOption,
    confirm: Annotated[
        str, typer.Option("--confirm", metavar="NAME", help="The client's name once more.")
    ] = "",
    clients: StoreOption = "clients",
) -> None:
    """Delete all that is kept of a client, without a way back; no key is needed."""
    from campaignkit.harmonise.clients import checked_client
    from campaignkit.harmonise.places import clients_of

    places = clients_of(clients)
    if confirm != checked_client(client):
        raise SettingError(
            f"--confirm is {confirm!r:.60}; expected {client!r}; nothing was deleted",
            hint=f"all of {client} in {clients} is deleted without a way back: --confirm {client}",
        )
    known = client in places.names
    places.purge(client)  # what an interrupted purge has left has no name any more
    if not known:
        raise _unknown(client, clients, places.names)
    print(f"purged {client} from {clients}")


def access_log_command(*, clients: StoreOption = "clients", json: JsonOption = False) -> None:
    """Show what was read across clients, when, by whom and why, and which were purged."""
    from campaignkit.harmonise.places import clients_of

    entries = clients_of(clients).log
    if json:
        print_json(entries)
        return
    for entry in entries:
        rows = entry.get("rows", {})
        told = ", ".join(f"{name} {count:,}" for name, count in rows.items())
        said = f"{entry.get('table')} ({told}): {entry.get('reason')}"
        purged = entry.get("purged")
        print(f"{entry['at']}  {entry['who']}  {f'purged {purged}' if purged else said}")
    if not entries:
        print(f"nothing of {clients} was read across clients, and none was purged")


def _opened(
    clients: str, client: str, key_file: Path | None, *, known: bool = False
) -> ClientStore:
    """A client's store; with `known`, one that is there: a misspelt name makes no folder."""
    from campaignkit.harmonise import ClientStore
    from campaignkit.harmonise.clients import checked_client
    from campaignkit.harmonise.places import clients_of

    key = None if key_file is None else _key(key_file)
    places = clients_of(clients)
    if known and checked_client(client) not in (names := places.names):
        raise _unknown(client, clients, names)
    return ClientStore(places, client, key=key)


def _key(file: Path) -> bytes:
    from campaignkit.store import read_bytes

    return read_bytes(file, error=HarmoniseError)


def _unknown(client: str, clients: str, names: list[str]) -> HarmoniseError:
    there = f"it has {', '.join(names[:10])}" if names else "it has no client"
    return HarmoniseError(
        f"nothing of client {client} was ingested into {clients}; {there}",
        hint="is the name spelt right? campaignkit ingest makes a client's store",
    )


def _refuse_another_format(out: Path, *, replace: bool) -> None:
    """Raise ArtifactError if `out` is named after another format than what is written, Parquet."""
    if out.suffix.lower() not in ("", ".parquet", ".pq"):
        raise ArtifactError(
            f"{out} ends in {out.suffix}; expected .parquet, which is what is written",
            hint=f"give {out.with_suffix('.parquet').name}",
        )
    refuse_existing(out, replace=replace)


def _totals(data: CampaignData) -> list[tuple[str, ...]]:
    """Spend and impressions by platform and currency; unknown currencies by account."""
    made: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for at, measure in enumerate(_AMOUNTS[2:]):
        keys = ["platform", "account_id", "currency"]
        for (platform, account, code), amount in data.total(measure, by=keys).items():
            unit = f"XXX of account {account}" if code == "XXX" else code
            made[platform, unit][at] += amount
    return [
        (*of, f"{spend:f}", f"{impressions.normalize():f}")
        for of, (spend, impressions) in sorted(made.items())
    ]


def _block_of(totals: list[tuple[str, ...]]) -> Block:
    from campaignkit.show.outline import Block

    rows = [[*of, f"{Decimal(spend):,}", f"{Decimal(num):,}"] for *of, spend, num in totals]
    return Block("Totals", header=["platform", "currency", "spend", "impressions"], rows=rows)


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
