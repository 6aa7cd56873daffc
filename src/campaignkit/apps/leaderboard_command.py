"""``campaignkit leaderboard``: a page over run logs, for this machine or for a team."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import socket
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaignkit.apps.output import print_json
from campaignkit.errors import ArtifactError, SettingError

if TYPE_CHECKING:
    from campaignkit.apps.leaderboard_server import LeaderboardServer
    from campaignkit.recommend import Recommender

HOST = "127.0.0.1"  # nobody else's machine can open the page
_FIRST_PORT, _LAST_PORT = 8501, 8530
_TOKEN = re.compile(r"[\w-]{16,200}", re.ASCII)
_EXPOSED = """\
Everybody with this address can read:
  - of each run: id, model, family, task, data set, digests, scores, intervals, confusion matrix,
    notes, parameters, seed, cost, times, and facts of its machine (Python, system, processor)
  - names, counts, digests and makers of the data sets and graphs that runs were made from
  - of lines that could not be read: file, line number and reason
  - with --recommend: the values that a model knows, and what it recommends
Nobody can read predictions of single rows, campaigns or other files, and nobody can write.
The connection is not encrypted. On a network that you do not trust, use an SSH tunnel or a proxy
with TLS instead."""


def leaderboard(
    logs: Annotated[
        list[Path],
        typer.Argument(
            metavar="LOG...", help="Run logs: .jsonl files, or folders of them; more than one."
        ),
    ],
    *,
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", help="Default: the first free from 8501.")
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            "--host",
            metavar="ADDRESS",
            help="Where to listen; 0.0.0.0 shares the page with your network, behind a token.",
        ),
    ] = HOST,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            metavar="FILE",
            help="Keep the token there, so that addresses stay valid; default: a new one.",
        ),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address of the page.")
    ] = False,
    recommend: Annotated[
        Path | None,
        typer.Option(
            "--recommend",
            metavar="MODEL",
            help="Complete campaigns on the page: labelled campaigns, a saved model or a graph.",
        ),
    ] = None,
    score: Annotated[
        str, typer.Option("--score", metavar="NAME", help="With --json: what to rank by.")
    ] = "macro_f1",
    json: Annotated[
        bool, typer.Option("--json", help="Print the ranking as JSON and open no page.")
    ] = False,
) -> None:
    """Show run logs as a page: rank, filter and compare runs; it follows the logs as they grow.

    The page is served to this machine alone unless --host says otherwise. Stop it with Ctrl-C.
    """
    for log in logs:
        if not log.exists():
            raise ArtifactError(
                f"there is no run log at {log}", hint="make the folder, or check the path"
            )
    if json:
        _print_ranking(logs, score)
        return
    from campaignkit.recommend import recommender_at

    shared = not _is_loopback(host)
    token = _token(token_file) if shared or token_file else None
    recommender = recommender_at(recommend) if recommend else None
    with listening(logs, host=host, port=port, token=token, recommender=recommender) as server:
        name = _reachable_name(host)
        address = f"http://{f'[{name}]' if ':' in name else name}:{server.server_address[1]}/"
        query = f"?token={token}" if token else ""
        print(f"leaderboard of {', '.join(map(str, logs))}\n  {address}{query}")
        if shared:
            print(_EXPOSED)
        print("Stop it with Ctrl-C.", flush=True)
        # A browser's command line is seen by all users of the machine: it never gets a token.
        if not (no_browser or token):
            threading.Timer(0.2, webbrowser.open, [address]).start()
        with suppress(KeyboardInterrupt):
            server.serve_forever()


def listening(
    logs: list[Path],
    *,
    host: str = HOST,
    port: int | None = None,
    token: str | None = None,
    recommender: Recommender | None = None,
) -> LeaderboardServer:
    """A server with its port: the one asked for, or the first free one from 8501.

    Raises
    ------
    SettingError
        If it is taken, or all are.

    Examples
    --------
    >>> with listening([]) as server:
    ...     1024 < server.server_address[1] < 65536
    True
    """
    from campaignkit.apps.leaderboard_page import LeaderboardPage
    from campaignkit.apps.leaderboard_server import LeaderboardServer

    page = LeaderboardPage(logs, shared=not _is_loopback(host), recommender=recommender)
    for number in [port] if port is not None else range(_FIRST_PORT, _LAST_PORT + 1):
        with suppress(OSError, OverflowError):
            return LeaderboardServer(page, host, number, token)
    said = port if port is not None else f"{_FIRST_PORT} to {_LAST_PORT}"
    raise SettingError(f"port {said} of {host} cannot be used",
                       hint="give another: --port 8600; and check --host")  # fmt: skip


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reachable_name(host: str) -> str:
    """What others call this machine: for "all addresses" the one that leads to the network."""
    if host not in ("0.0.0.0", "::"):  # noqa: S104  # asked for by name
        return host
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
        tried.connect(("192.0.2.1", 9))  # an address of examples; nothing is sent
        return str(tried.getsockname()[0])
    return socket.gethostname()


def _token(file: Path | None) -> str:
    """The token that is kept in a file, or a new one; kept for the owner's eyes alone."""
    if file is not None and file.exists():
        held = file.read_text(encoding="utf-8", errors="replace").strip()
        if not _TOKEN.fullmatch(held):
            raise SettingError(
                f"{file} contains no token; expected 16 or more letters, digits, _ and -",
                hint="remove the file: the next start makes one",
            )
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise SettingError(
                f"other users can read the token in {file}", hint=f"run: chmod 600 {file}"
            )
        return held
    made = secrets.token_urlsafe(32)
    if file is not None:
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as kept:
                kept.write(made + "\n")
        except OSError as err:
            raise ArtifactError(f"cannot write {file}: {err.strerror or err}") from err
    return made


def _print_ranking(logs: list[Path], score: str) -> None:
    from dataclasses import asdict

    from campaignkit.recipes import published_runs
    from campaignkit.report.leaderboard import FollowedRuns, rank_runs

    read = FollowedRuns(logs).read()
    ranked = rank_runs([*read.records, *published_runs()], score)
    print_json(
        {
            "score": score,
            "num_runs_read": len(read.records),
            "runs": [asdict(row) for row in ranked.rows],
            "published": [asdict(row) for row in ranked.published],
            "without_the_score": ranked.num_without,
            "faults": [str(fault) for fault in read.faults],
        }
    )
    if not read.records:
        raise ArtifactError(
            f"no run was read from {', '.join(map(str, logs))}: the ranking contains published "
            "runs alone",
            hint="give a .jsonl file that RunLog wrote, or a folder of them",
            faults=read.faults,
        )
