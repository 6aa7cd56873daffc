"""``campaignkit serve``: jobs over HTTP for a team."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from campaignkit.apps.service_commands import QueueOption

_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104  # asked for by name
_EXPOSED = """\
Everybody who reaches this address can try keys, and the connection is not encrypted. On a network
that you do not trust, put a proxy with TLS in front."""


def serve_command(
    *,
    home: Annotated[
        Path, typer.Option("--home", metavar="DIR", help="The folder of the service.")
    ],
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="N", help="Which port; 0 is any free one.")
    ] = 8300,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", help="Jobs at a time, each in a process.")
    ] = 1,
    queue: QueueOption = None,
) -> None:
    """Run jobs for people with keys, over HTTP, until stopped. Needs the extra service."""
    from campaignkit.checks import checked_count
    from campaignkit.llm.network import is_own
    from campaignkit.service import Home
    from campaignkit.service.serving import listening, serve

    checked_count(workers, "--workers", least=0)
    place = Home(home, queue=queue)
    with listening(host, port) as listener:
        name = f"[{host}]" if ":" in host else host
        print(f"serving {home}\n  http://{name}:{listener.getsockname()[1]}/")
        if not place.keys.list():
            print(f"There is no key yet. Make one: campaignkit keys add --home {home} --scope all")
        if host in _EVERYWHERE or not is_own(host):
            print(_EXPOSED)
        print("Stop it with Ctrl-C.", flush=True)
        serve(place, listener, num_workers=workers)
