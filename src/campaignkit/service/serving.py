"""Serving a home: the web server, and workers that run its jobs, until this process is stopped."""

from __future__ import annotations

import socket
from contextlib import suppress

from campaignkit.errors import SettingError
from campaignkit.extras import require
from campaignkit.service.home import Home
from campaignkit.service.worker import Workers


def serve(home: Home, listener: socket.socket, *, num_workers: int) -> None:
    """Answer requests and run jobs until this process gets SIGTERM or SIGINT.

    Jobs that run then are given back: the next start continues with their finished parts.

    Parameters
    ----------
    home : Home
    listener : socket
        From :func:`listening`.
    num_workers : int
        Jobs that run at a time; with 0, other processes run them.

    Raises
    ------
    MissingExtra
        If FastAPI or uvicorn is not installed.
    """
    require("fastapi", extra="service", user="the service")
    uvicorn = require("uvicorn", extra="service", user="the service")
    from campaignkit.service.web import service_app

    app = service_app(home, is_over=lambda: server.should_exit)
    config = uvicorn.Config(
        app, lifespan="off", ws="none", log_level="warning", access_log=False,
        server_header=False, timeout_graceful_shutdown=3,
    )  # fmt: skip
    server = uvicorn.Server(config)
    # The server raises the signal again that it was stopped by.
    with suppress(KeyboardInterrupt, SystemExit), Workers(home, num_workers):
        server.run(sockets=[listener])


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 is any free one.

    Raises
    ------
    SettingError
        If the address cannot be used.

    Examples
    --------
    >>> with listening("127.0.0.1", 0) as listener:
    ...     listener.getsockname()[0]
    '127.0.0.1'
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as err:
        raise SettingError(
            f"port {port} of {host} cannot be used: {getattr(err, 'strerror', None) or err}",
            hint="give another: --port 8301; and check --host",
        ) from err
    # Head and body of an answer are two packets: without this the second waits 40 ms for a sign
    # of the first. Connections inherit it; asyncio sets it on sockets of a named protocol alone.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
