"""``campaignkit leaderboard``: a page over run logs, on this machine alone."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from campaignkit.apps.output import print_json
from campaignkit.errors import ArtifactError, SettingError

HOST = "127.0.0.1"  # nobody else's machine can open the page
_FIRST_PORT, _LAST_PORT = 8501, 8530
# Nothing is sent anywhere, no file is watched, no question is asked on the terminal.
_FLAGS = {
    "browser.gatherUsageStats": "false",
    "server.address": HOST,
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "global.developmentMode": "false",
    "logger.level": "error",
    "theme.base": "light",
}


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
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only say where the page is.")
    ] = False,
    score: Annotated[
        str, typer.Option("--score", metavar="NAME", help="With --json: what to rank by.")
    ] = "macro_f1",
    json: Annotated[
        bool, typer.Option("--json", help="Print the ranking as JSON and open no page.")
    ] = False,
) -> None:
    """Show run logs as a page: rank, filter and compare runs; it follows the logs as they grow.

    The page is served to this machine alone, and nothing leaves it. Stop it with Ctrl-C.
    """
    for log in logs:
        if not log.exists():
            raise ArtifactError(
                f"there is no run log at {log}", hint="make the folder, or check the path"
            )
    if json:
        _print_ranking(logs, score)
        return
    from campaignkit.extras import require

    require("streamlit.version", extra="ui", user="campaignkit leaderboard")
    require("altair", extra="ui", user="campaignkit leaderboard")
    chosen = free_port(port)
    address = f"http://{HOST}:{chosen}"
    print(f"leaderboard of {', '.join(map(str, logs))}\n  {address}  (stop it with Ctrl-C)")
    if not no_browser:
        threading.Thread(target=_open_when_ready, args=(address, chosen), daemon=True).start()
    ended = subprocess.run(serve_command(logs, port=chosen), check=False)
    if ended.returncode:
        raise ArtifactError(f"the page ended with code {ended.returncode}")


def serve_command(logs: list[Path], *, port: int) -> list[str]:
    """The command that serves the page.

    Examples
    --------
    >>> command = serve_command([Path("runs")], port=8501)
    >>> command[command.index("--server.address") + 1], command[-1].endswith("runs")
    ('127.0.0.1', True)
    """
    page = Path(__file__).with_name("leaderboard_page.py")
    flags = [part for name, value in _FLAGS.items() for part in (f"--{name}", value)]
    places = [str(log.absolute()) for log in logs]
    serve = [sys.executable, "-m", "streamlit", "run", str(page)]
    return [*serve, *flags, "--server.port", str(port), "--", *places]


def free_port(wanted: int | None) -> int:
    """A port of this machine that nobody listens on: the one asked for, or the first from 8501.

    Raises
    ------
    SettingError
        If it is taken, or all are.

    Examples
    --------
    >>> 1024 < free_port(None) < 65536
    True
    """
    for port in [wanted] if wanted is not None else range(_FIRST_PORT, _LAST_PORT + 1):
        with socket.socket() as tried:
            if sys.platform != "win32":  # a port just given up is free; there it would share one
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((HOST, port))
            except (OSError, OverflowError):
                continue
            return port
    said = wanted if wanted is not None else f"{_FIRST_PORT} to {_LAST_PORT}"
    raise SettingError(f"port {said} cannot be used", hint="give another: --port 8600")


def _open_when_ready(address: str, port: int) -> None:
    for _ in range(100):
        with socket.socket() as tried:
            if tried.connect_ex((HOST, port)) == 0:
                webbrowser.open(address)
                return
        time.sleep(0.2)


def _print_ranking(logs: list[Path], score: str) -> None:
    from dataclasses import asdict

    from campaignkit.recipes import published_runs
    from campaignkit.report.leaderboard import FollowedRuns, rank_runs

    read = FollowedRuns(logs).read()
    ranked = rank_runs([*read.records, *published_runs()], score)
    print_json(
        {
            "score": score,
            "runs": [asdict(row) for row in ranked.rows],
            "published": [asdict(row) for row in ranked.published],
            "without_the_score": ranked.num_without,
            "faults": [str(fault) for fault in read.faults],
        }
    )
