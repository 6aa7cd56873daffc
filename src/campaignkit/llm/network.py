"""The wire below a call: connections that end in time, and the proxy on the way.

A proxy that the environment names is not used on this computer's own addresses.
"""

from __future__ import annotations

import os
import re
import socket
import urllib.request
from concurrent.futures import Future
from ipaddress import IPv6Address, ip_address
from threading import Thread
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from campaignkit.errors import SettingError

_SLICE = 16 * 2**10  # bytes written at a time: each looks at the clock


class LimitedNetwork:
    """A network back end whose timeouts are moments: when the whole call ends."""

    def __init__(self, http: Any) -> None:  # Any: the HTTP library, imported at first use
        self._http = http
        self._network = http.SyncBackend()

    def connect_tcp(self, host: str, port: int, timeout: float, **how: Any) -> _Stream:
        """Connect until then, however long a name is looked up or many addresses are tried."""
        made: Future[Any] = Future()
        left = _left(timeout, self._http.ConnectTimeout)

        def connect() -> None:
            try:
                made.set_result(self._network.connect_tcp(host, port, left, **how))
            except Exception as err:  # handed to whoever waits, whatever it is
                made.set_exception(err)

        try:
            # Nothing ends a look-up: who waits for it goes on.
            Thread(target=connect, name="campaignkit-connect", daemon=True).start()
            return _Stream(made.result(left), self._http)
        except RuntimeError as err:  # no more threads to be had
            raise self._http.ConnectError(str(err)) from err
        except TimeoutError as err:
            made.add_done_callback(lambda late: late.exception() or late.result().close())
            raise self._http.ConnectTimeout(f"no connection to {host} in time") from err


class _Stream:
    """A connection that reads and writes until the call ends."""

    def __init__(self, stream: Any, http: Any) -> None:  # Any: the library's
        self._stream, self._http = stream, http

    def read(self, max_bytes: int, timeout: float) -> bytes:
        """Some bytes."""
        found: bytes = self._stream.read(max_bytes, _left(timeout, self._http.ReadTimeout))
        return found

    def write(self, buffer: bytes, timeout: float) -> None:
        """All of it."""
        for start in range(0, len(buffer), _SLICE):
            left = _left(timeout, self._http.WriteTimeout)
            self._stream.write(buffer[start : start + _SLICE], left)

    def close(self) -> None:
        """End the connection."""
        self._stream.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None, timeout: float) -> _Stream:
        """The same, encrypted."""
        left = _left(timeout, self._http.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._http)

    def get_extra_info(self, info: str) -> Any:  # Any: the library's
        """What the library asks of its own."""
        return self._stream.get_extra_info(info)


def _left(end: float, error: type[Exception]) -> float:
    """Seconds left; raises if there are none."""
    left = end - monotonic()
    if left <= 0:
        raise error("the call's time is over")
    return left


def proxy_for(url: str, http: Any) -> tuple[Any, str]:  # Any: the HTTP library and its proxy
    """The proxy that the environment names for an address, and words that tell of it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_own(host) or urllib.request.proxy_bypass(host):
        return None, ""
    named = urllib.request.getproxies()
    kind = next((kind for kind in (parts.scheme, "all") if named.get(kind)), None)
    if kind is None:
        return None, ""
    full = named[kind] if "://" in named[kind] else f"http://{named[kind]}"
    try:
        parts = urlsplit(full)
        if not parts.hostname or parts.port == 0 or "@" in full.replace(parts.netloc, "", 1):
            raise ValueError(full)
        auth = (parts.username, parts.password or "") if parts.username else None
        proxy = http.Proxy(url=shown_url(full), auth=auth)
    except Exception:
        spelled = (f"{kind}_proxy", f"{kind}_proxy".upper())
        variable = next((name for name in spelled if os.environ.get(name)), f"the {kind} setting")
        raise SettingError(
            f"{variable} names a proxy that cannot be used; expected an address such as "
            "'http://proxy.example:8080'",
            hint=f"correct {variable}, or list {host} in NO_PROXY",
        ) from None  # the cause shows what may be secret
    return proxy, f" through the proxy {shown_url(full)}"


def is_own(host: str) -> bool:
    """Whether a host's name or number is this computer's own, however it is spelled."""
    host = host.rstrip(".")
    own = socket.gethostname().lower()
    names = ("localhost", "localhost.localdomain", "ip6-localhost", own, own.partition(".")[0])
    if host in names or host.endswith(".localhost"):
        return True
    try:
        number = ip_address(host)
    except ValueError:
        try:
            number = ip_address(socket.inet_aton(host))  # "127.1", "0x7f000001"
        except OSError:
            return False
    if isinstance(number, IPv6Address):
        number = number.ipv4_mapped or number
    return number.is_loopback or number.is_unspecified


def shown_url(url: str) -> str:
    """An address without what may be a name, a password or a query."""
    return re.sub(r"^(\w+://)?.*@", r"\1", url).partition("?")[0]
