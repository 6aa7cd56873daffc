"""The command ``campaignkit``: what it is made of, and how it ends.

Exit codes: 0 all is well, 1 a check or a run failed, 2 the input is wrong, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from campaignkit import __version__
from campaignkit.apps.audit_commands import audit_command, inject_command, sweep_command
from campaignkit.apps.blind_commands import blind_app
from campaignkit.apps.dataset_commands import dataset_app
from campaignkit.apps.diagnose_command import diagnose
from campaignkit.apps.ending import TRACEBACK, run_to_exit_code
from campaignkit.apps.graph_commands import graph_app
from campaignkit.apps.harmonise_commands import (
    access_log_command,
    across_command,
    campaigns_command,
    discover_command,
    fetch_command,
    harmonise_command,
    ingest_command,
    purge_command,
    remove_command,
)
from campaignkit.apps.leaderboard_command import leaderboard
from campaignkit.apps.quickstart_command import quickstart
from campaignkit.apps.recommend_command import recommend_command
from campaignkit.apps.serve_command import serve_command
from campaignkit.apps.service_commands import job_app, keys_app

app = typer.Typer(
    name="campaignkit",
    help="From marketing knowledge to labelled campaigns, with the evidence.\n\n"
    "The path: catalogue -> graph build -> diagnose -> dataset generate -> dataset verify. "
    "Start with: campaignkit quickstart",
    epilog="Exit codes: 0 all is well, 1 a check or a run failed, 2 the input is wrong.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(quickstart)
app.add_typer(graph_app, name="graph")
app.command()(diagnose)
app.add_typer(dataset_app, name="dataset")
app.add_typer(blind_app, name="blind")
app.command("audit")(audit_command)
app.command("inject")(inject_command)
app.command("audit-sweep")(sweep_command)
app.command("ingest")(ingest_command)
app.command("discover")(discover_command)
app.command("fetch")(fetch_command)
app.command("harmonise")(harmonise_command)
app.command("campaigns")(campaigns_command)
app.command("across")(across_command)
app.command("remove")(remove_command)
app.command("purge")(purge_command)
app.command("access-log")(access_log_command)
app.command("recommend")(recommend_command)
app.command()(leaderboard)
app.command("serve")(serve_command)
app.add_typer(keys_app, name="keys")
app.add_typer(job_app, name="job")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code.

    Examples
    --------
    >>> main(["--version"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    SystemExit: 0
    """
    sys.exit(run_to_exit_code(app, sys.argv[1:] if arguments is None else arguments))


def _print_version(*, wanted: bool) -> None:
    if wanted:
        print(f"campaignkit {__version__}")
        raise typer.Exit


@app.callback()
def _whole(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and exit.",
            is_eager=True,
            callback=lambda value: _print_version(wanted=value),
        ),
    ] = False,
    traceback: Annotated[
        bool,
        typer.Option(
            TRACEBACK, help="On an error, print where it occurred; works with every command."
        ),
    ] = False,
) -> None:
    del version, traceback  # the first ends in its callback, the second is read before parsing
