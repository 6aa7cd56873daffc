"""``campaignkit keys`` and ``campaignkit job``: who may use a service, and its jobs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaignkit.apps.ending import FAILED
from campaignkit.apps.options import JsonOption
from campaignkit.apps.output import print_json
from campaignkit.checks import checked_share

if TYPE_CHECKING:
    from campaignkit.service import Job, Key

keys_app = typer.Typer(help="Make, list and revoke the keys of a service.", no_args_is_help=True)
job_app = typer.Typer(help="Run and list the jobs of a service.", no_args_is_help=True)

HomeOption = Annotated[
    Path, typer.Option("--home", metavar="DIR", help="The folder of the service.")
]
QueueOption = Annotated[
    str | None,
    typer.Option("--queue", metavar="ADDRESS", help="postgres://...; default: in the home."),
]
_DAY_S = 86_400
_MOST_MONEY = 9e9


@keys_app.command("add")
def add(
    *,
    home: HomeOption,
    scope: Annotated[
        list[str],
        typer.Option("--scope", metavar="KIND", help="A kind of job, or all. Once for each."),
    ],
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Whose it is.")] = "a team",
    rows: Annotated[
        int | None, typer.Option("--rows", metavar="N", help="Rows in all; default: no limit.")
    ] = None,
    calls: Annotated[
        int, typer.Option("--calls", metavar="N", help="Calls of language models in all.")
    ] = 0,
    money: Annotated[
        float, typer.Option("--money", metavar="X", help="Money for language models in all.")
    ] = 0.0,
    queued: Annotated[
        int, typer.Option("--queued", metavar="N", help="Jobs that wait or run at a time.")
    ] = 100,
    bytes: Annotated[
        int | None,
        typer.Option("--bytes", metavar="N", help="Bytes of files in all; default: no limit."),
    ] = None,
    expires: Annotated[
        float | None,
        typer.Option("--expires", metavar="DAYS", help="Days until it ends; default: never."),
    ] = None,
    queue: QueueOption = None,
    json: JsonOption = False,
) -> None:
    """Make a key and print it: it is shown this once."""
    from campaignkit.service import Home, Quota

    micros = round(checked_share(money, "--money", high=_MOST_MONEY) * 1e6)
    key, secret = Home(home, queue=queue).keys.add(
        name,
        scopes=scope,
        quota=Quota(rows=rows, calls=calls, micros=micros, queued=queued, bytes=bytes),
        expires_s=None if expires is None else expires * _DAY_S,
    )
    if json:
        print_json({"key": secret, **_told(key)})
    else:
        print(f"{secret}\n  {key.id} for {key.name}; it is not shown again")


@keys_app.command("list")
def list_keys(*, home: HomeOption, queue: QueueOption = None, json: JsonOption = False) -> None:
    """Print all keys with what they have used; secrets are not stored."""
    from campaignkit.service import Home

    keys = Home(home, queue=queue).keys.list()
    if json:
        print_json([*map(_told, keys)])
        return
    for key in keys:
        used, state = key.used, "revoked" if key.revoked else "live"
        print(
            f"{key.id}  {state}  {key.name}  for {', '.join(key.scopes)}; used "
            f"{used.rows:,} rows, {used.calls:,} calls, {used.micros / 1e6:,.2f} of money, "
            f"{used.bytes:,} bytes"
        )


@keys_app.command("revoke")
def revoke(
    id: Annotated[str, typer.Argument(metavar="ID", help="The id that keys list shows.")],
    *,
    home: HomeOption,
    queue: QueueOption = None,
) -> None:
    """End a key at once; its jobs are cancelled."""
    from campaignkit.service import Home

    key = Home(home, queue=queue).keys.revoke(id)
    print(f"revoked {key.id} of {key.name}")


@job_app.command("run")
def run(
    id: Annotated[str, typer.Argument(metavar="ID", help="The id of a job.")],
    *,
    home: HomeOption,
    queue: QueueOption = None,
    json: JsonOption = False,
) -> None:
    """Run one job and wait for it: for the tasks of a cluster. Exit code 1 if it failed."""
    from campaignkit.service import Home, run_job

    job = run_job(Home(home, queue=queue), id)
    _print([job], as_json=json)
    if job.state != "done":
        raise typer.Exit(FAILED)


@job_app.command("list")
def list_jobs(
    *,
    home: HomeOption,
    queue: QueueOption = None,
    count: Annotated[int, typer.Option("--count", metavar="N", help="How many.")] = 20,
    json: JsonOption = False,
) -> None:
    """Print the newest jobs of all keys."""
    from campaignkit.service import Home

    _print(Home(home, queue=queue).queue.list(None, limit=count), as_json=json)


def _told(key: Key) -> dict[str, object]:
    return {name: value for name, value in asdict(key).items() if name != "digest"}


def _print(jobs: list[Job] | tuple[Job, ...], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(job) for job in jobs])
        return
    for job in jobs:
        error = f": {job.error['message']}" if job.error else ""
        far = f"{job.done:,} of {job.all:,} {job.unit}"
        print(f"{job.id}  {job.kind}  {job.state}  {far}{error}")
