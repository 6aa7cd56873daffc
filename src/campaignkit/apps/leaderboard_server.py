"""The leaderboard over HTTP: five addresses, no file of the disk behind any, and a guard."""

from __future__ import annotations

import hmac
import ipaddress
import socket
import sys
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from campaignkit.apps.leaderboard_page import LeaderboardPage, page_part, style_sheet
from campaignkit.errors import CampaignkitError
from campaignkit.show.escape import escape

_HTML, _TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"
# Nothing is loaded from elsewhere, nobody may frame the page, and its address, which may hold the
# token, is told to nobody. Pictures set their own width: a style attribute.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "style-src-attr 'unsafe-inline'; connect-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_UNKNOWN = (
    "403: this leaderboard asks for its token, and the request brings none or another one.\n"
    'Open the whole address that "campaignkit leaderboard" printed when it started, with\n'
    '"?token=" at its end; or send the header "Authorization: Bearer TOKEN".\n'
)


class LeaderboardServer(ThreadingHTTPServer):
    """Serves a page to this machine, or to everybody with the token.

    Parameters
    ----------
    page : LeaderboardPage
    host, port : str, int
        Where to listen; a port of 0 is any free one.
    token : str or None
        What every request must bring; None asks for nothing, which only a loopback address may.

    Examples
    --------
    >>> with LeaderboardServer(LeaderboardPage([]), "127.0.0.1", 0) as server:
    ...     server.server_address[0]
    '127.0.0.1'
    """

    daemon_threads = True
    allow_reuse_address = sys.platform != "win32"  # there it would share a port that is taken

    def __init__(
        self, page: LeaderboardPage, host: str, port: int, token: str | None = None
    ) -> None:
        self.page = page
        self.token = token
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # A name that an attacker's name server answers for is none of these (DNS rebinding).
        self.names = {"localhost", host.casefold(), socket.gethostname().casefold()}
        super().__init__((host, port), _Conversation)

    def handle_error(self, request: object, client_address: object) -> None:
        """A visitor who hangs up is no error of ours, and an address is not logged."""


class _Conversation(BaseHTTPRequestHandler):
    server: LeaderboardServer
    server_version, sys_version = "campaignkit", ""
    timeout = 30  # seconds that a visitor may take to ask

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: an address may contain the token."""

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        """What is no request of the page is answered in words, and under the same headers."""
        self._send(code, _TEXT, f"{code}: this request is none of the leaderboard's.\n")

    def do_GET(self) -> None:
        """Answer requests with the right token."""
        asked = urlsplit(self.path)
        if not self._is_from_here():
            self._refuse("403: this name is not the leaderboard's. Open the address as printed.\n")
        elif not self._brings_token():
            self._admit(asked.path, asked.query)
        else:
            try:
                self._answer(asked.path, asked.query)
            except CampaignkitError as err:
                self._send(500, _TEXT, f"500: {err.message}\n")
            except ValueError:
                self._send(400, _TEXT, "400: this address has too many fields.\n")

    def _answer(self, path: str, query: str) -> None:
        page = self.server.page
        if path == "/":
            self._send(200, _HTML, page.html(query))
        elif path == "/version":
            self._send(200, _TEXT, page.runs.version)
        elif path == "/leaderboard.csv":
            name = {"Content-Disposition": 'attachment; filename="leaderboard.csv"'}
            self._send(200, "text/csv; charset=utf-8", page.csv(query), name)
        elif path == "/style.css":
            self._send(200, "text/css; charset=utf-8", style_sheet())
        elif path == "/script.js":
            self._send(200, "text/javascript; charset=utf-8", page_part("page.js"))
        else:
            self._send(404, _TEXT, '404: there is no such page. The leaderboard is at "/".\n')

    def _is_from_here(self) -> bool:
        host = self.headers.get("Host", "")
        try:
            name = urlsplit(f"//{host}").hostname or ""
            if urlsplit(self.headers.get("Origin", f"//{host}")).netloc != host:
                return False
            if name.casefold() in self.server.names:
                return True
            ipaddress.ip_address(name)  # a number cannot be rebound
        except ValueError:
            return False
        return True

    def _brings_token(self) -> bool:
        if self.server.token is None:
            return True
        kind, _, told = self.headers.get("Authorization", "").partition(" ")
        if kind.casefold() == "bearer" and self._is_token(told.strip()):
            return True
        try:
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get(self._cookie)
        except CookieError:
            return False
        return cookie is not None and self._is_token(cookie.value)

    def _admit(self, path: str, query: str) -> None:
        """Exchange a token in the address for a cookie, and lead to the address without it."""
        fields = parse_qsl(query, keep_blank_values=True)
        if not any(name == "token" and self._is_token(value) for name, value in fields):
            self._refuse(_UNKNOWN)
            return
        rest = urlencode([(name, value) for name, value in fields if name != "token"])
        onward = escape(f"/?{rest}" if rest else "/")
        # Not a redirect: after a link from elsewhere, browsers send no strict cookie along.
        body = (
            '<!DOCTYPE html><html lang="en"><head><title>Leaderboard</title>'
            f'<meta http-equiv="refresh" content="0; url={onward}"></head>'
            f'<body><a href="{onward}">Open the leaderboard</a></body></html>'
        )
        cookie = f"{self._cookie}={self.server.token}; HttpOnly; SameSite=Strict; Path=/"
        self._send(200, _HTML, body, {"Set-Cookie": cookie})

    @property
    def _cookie(self) -> str:
        # Cookies do not tell ports apart; leaderboards on two ports have two tokens.
        return f"campaignkit-{self.server.server_address[1]}"

    def _is_token(self, told: str) -> bool:
        return hmac.compare_digest(told.encode(), (self.server.token or "").encode())

    def _refuse(self, words: str) -> None:
        self._send(403, _TEXT, words)

    def _send(self, status: int, kind: str, text: str, more: dict[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {**_HEADERS, **(more or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
