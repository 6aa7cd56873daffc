"""One POST to a service: JSON there and back within a time and a size, in our own errors.

The connection is ours alone: what the object says is what is asked. Redirects are never followed,
no variable of the environment adds an address, a header or a key, and a proxy that the environment
names is not used on this computer's own addresses. `timeout_s` limits the whole call, from the
look-up of the host's name to the last byte. What cannot be proven unsent counts as sent.
"""

from __future__ import annotations

import json
import os
import re
import weakref
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from math import isfinite
from time import monotonic, time
from typing import Any, TypeVar
from urllib.parse import urlsplit

from campaignkit.checks import checked_text
from campaignkit.errors import SettingError
from campaignkit.extras import require
from campaignkit.llm import errors
from campaignkit.llm.errors import CallError
from campaignkit.llm.network import LimitedNetwork, proxy_for, shown_url

T = TypeVar("T")
Json = Mapping[str, Any]  # Any: JSON values
MOST = 16 * 2**20  # bytes of one reply
_SHORTEST_KEY = 6  # "x" or "none", as local servers are given, is no secret
# Of a character that JSON may hold as it is: neither a quotation mark nor a backslash.
_ESCAPE = re.compile(r"\\u00((?!22|5c)[2-7][0-9a-f])", re.IGNORECASE)
_SAID = 500  # characters of a service's own words
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*|.)?")
_KEY_INVALID = re.compile(r"API_KEY_INVALID|api key", re.IGNORECASE)
_ABOUT_KEY = re.compile(
    r"api[ _-]?key|credential|permission|unauthenticated|unauthori[sz]ed|authenticat",
    re.IGNORECASE,
)
_ABOUT_QUOTA = re.compile(r"insufficient_quota|PerDay|credits are depleted|credit balance")
_BY_WORD = {"RESOURCE_EXHAUSTED": 429, "rate_limit_exceeded": 429, "insufficient_quota": 429}
_NEVER_SENT = {
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "UnsupportedProtocol",
    "ProxyError",
}
_TIMED_OUT = {"TimeoutException", "ReadTimeout", "WriteTimeout", "APITimeoutError"}
_CUT = {"NetworkError", "ProtocolError", "TransportError", "RequestError", "APIConnectionError"}


@dataclass(frozen=True, slots=True)
class Vendor:
    """What one service's address, key and errors look like.

    Attributes
    ----------
    name, url : str
        The service, and its own address.
    variables : tuple of str
        Where the environment may hold its key.
    key_header : str
        The header of the key, with ``{}`` in its place.
    elsewhere : bool
        Whether another address is sent a key from the environment too.
    model_hint : str
        What to check if the service does not know the model.
    """

    name: str
    url: str
    variables: tuple[str, ...]
    key_header: str
    elsewhere: bool
    model_hint: str


class Service:
    """Posts JSON to one address with one key, once a call.

    Parameters
    ----------
    vendor : Vendor
        Whose protocol it is.
    model : str
        Who is asked, as the errors show it.
    base_url : str or None
        The address that calls go below; None is the vendor's own.
    api_key : str or None
        None reads the environment, where that may be.
    timeout_s : float
        For the whole of one call, in seconds.
    user : str
        Who needs it, in the words of the error where the HTTP library is not installed.

    Attributes
    ----------
    where : str
        The address.
    through : str
        Words that name the proxy in between; empty without one.

    Raises
    ------
    WrongKey
        If there is no key, or it cannot be one.
    SettingError
        If the address, the time or the name is none, or a variable names a proxy that is none.
    MissingExtra
        If the HTTP library is not installed.
    """

    def __init__(
        self,
        vendor: Vendor,
        *,
        model: str,
        base_url: str | None,
        api_key: str | None,
        timeout_s: float,
        user: str,
    ) -> None:
        self.where = vendor.url if base_url is None else checked_url(base_url)
        is_number = isinstance(timeout_s, int | float) and not isinstance(timeout_s, bool)
        if not is_number or not 0 < timeout_s < 1e6:
            raise SettingError(f"timeout_s is {timeout_s!r:.60}; expected seconds, above 0")
        http: Any = require("httpcore2", extra="llm", user=user)  # Any: imported at first use
        self._vendor, self._timeout_s = vendor, float(timeout_s)
        self._model = checked_text(model, "the model's name")
        needs_key = base_url is None or api_key is not None or vendor.elsewhere
        self._key = find_key(api_key, vendor.variables, service=vendor.name) if needs_key else ""
        name, _, value = vendor.key_header.partition(": ")
        self._headers = {name: value.format(self._key)} if needs_key else {}
        proxy, self.through = proxy_for(self.where, http)
        self._pool: Any = http.ConnectionPool(
            proxy=proxy,
            max_connections=None,
            keepalive_expiry=2.0,  # sooner than servers hang up: what they cut may be paid for
            network_backend=LimitedNetwork(http),
        )
        weakref.finalize(self, self._pool.close)

    def __repr__(self) -> str:
        return f"Service({self.where!r})"

    def post(
        self,
        path: str,
        body: Mapping[str, Any],
        read: Callable[[Any], T],
        *,
        most_bytes: int = MOST,
    ) -> T:
        """Send once, and read the reply.

        Parameters
        ----------
        path : str
            Below the address.
        body : mapping
            JSON values.
        read : function
            From the reply's JSON to what is wanted. It may raise any kind of `CallError`; whatever
            else it raises means that the reply was none of the protocol.
        most_bytes : int
            The longest reply, before and after it is unpacked.

        Raises
        ------
        CallError
            One of its kinds, and nothing else.
        """
        status, headers, raw = self._exchanged(path, json.dumps(body).encode(), most_bytes)
        told = self._json(raw)
        error = told.get("error") if isinstance(told, dict) else None
        has_failed = not 200 <= status < 300
        if has_failed or error:
            code = status if has_failed else _code_of(error)
            raise self._refused(code, headers, told, raw)
        try:
            return read(told)
        except CallError:
            raise
        except Exception:  # whatever a strange reply does to a reader
            # What it raised may show the reply, and the reply may show anything.
            raise errors.MalformedReply(
                f"{self.where} answered with something that is not a reply"
            ) from None

    def _exchanged(
        self, path: str, body: bytes, most_bytes: int
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by their names in lower case, and the unpacked body."""
        sent = {
            "Host": urlsplit(self.where).netloc,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "campaignkit",
            **self._headers,
        }
        end = monotonic() + self._timeout_s
        try:
            with self._pool.stream(
                "POST",
                f"{self.where.rstrip('/')}/{path}",
                headers=sent,
                content=body,
                extensions={"timeout": dict.fromkeys(("connect", "read", "write"), end)},
            ) as response:
                headers = {k.decode("latin-1").lower(): v.decode("latin-1")
                           for k, v in response.headers}  # fmt: skip
                raw = bytearray()
                for part in response.iter_stream():
                    raw += part
                    if len(raw) > most_bytes:
                        raise self._too_long(most_bytes)
        except CallError:
            raise
        except Exception as err:
            where = f"{self.where}{self.through}"
            told = transport_error(err, where=where, timeout_s=self._timeout_s)
            if told is None:
                if not isinstance(err, ValueError | KeyError | ImportError):
                    raise
                told = errors.WrongAddress(
                    f"{where} cannot be asked: {type(err).__name__}",
                    hint="is the address right, and the proxy one for http?",
                )
            shows_key = bool(self._key) and self._key in repr(err)
            raise told from (None if shows_key else err)
        return response.status, headers, self._unpacked(bytes(raw), headers, most_bytes)

    def _unpacked(self, raw: bytes, headers: Mapping[str, str], most_bytes: int) -> bytes:
        packed = headers.get("content-encoding", "").strip().lower()
        if packed not in ("gzip", "x-gzip", "deflate"):
            return raw  # none was asked for: any other is no JSON, and told as such
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
        try:
            plain = unpacker.decompress(raw, most_bytes)
        except zlib.error:
            return b""
        if unpacker.unconsumed_tail:
            raise self._too_long(most_bytes)
        return plain

    def _too_long(self, most_bytes: int) -> errors.MalformedReply:
        return errors.MalformedReply(f"{self.where} sent more than {most_bytes / 2**20:.0f} MiB")

    def _json(self, raw: bytes) -> Any:  # Any: JSON
        """The JSON of a body, without the key and without half characters; None if it is none."""
        try:
            told = json.loads(raw.decode("utf-8-sig", "replace"))
            if b"\\" not in raw and (not self._key or self._key.encode() not in raw):
                return told
            # An escape can spell anything: look at the text that it comes to.
            plain = json.dumps(told, ensure_ascii=False)
            return json.loads(self._clean(plain, json.dumps(self._key)[1:-1]))
        except (ValueError, RecursionError):
            return None

    def without_key(self, text: str) -> str:
        """A reply's text without the key, also where JSON escapes spell it."""
        plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        return self._clean(plain, self._key) if self._key and self._key in plain else text

    def words(self, said: str) -> str:
        """A service's own words as they may be shown."""
        # Cleaned twice: what is taken out of the words may have stood inside the key.
        return self._clean(plain_words(self._clean(said, self._key)), self._key)

    def _clean(self, text: str, key: str) -> str:
        if len(key) >= _SHORTEST_KEY:
            text = text.replace(key, "[key]")
        return text.encode("utf-8", "replace").decode()

    def _refused(self, code: int, headers: Mapping[str, str], told: Any, raw: bytes) -> CallError:
        """What a status means; `told` is the body's JSON, None if it is none."""
        body = raw[:4096].decode("utf-8", "replace")
        all_of_it = body if told is None else json.dumps(told, ensure_ascii=False)
        said = self.words(_message_of(told) or body)
        text, hint = f"{self.where} answered {code}: {said}", ""
        kind: type[CallError] = errors.RequestRefused
        about_key = {400: _KEY_INVALID, 403: _ABOUT_KEY}.get(code)
        if code == 401 or (about_key is not None and about_key.search(all_of_it)):
            kind, text = errors.WrongKey, f"{self.where} does not accept the API key: {said}"
            hint = f"check {self._vendor.variables[0]}, or pass api_key="
        elif code == 404:
            kind, hint = errors.UnknownModel, self._vendor.model_hint
            text = f"{self.where} does not know the model {self._model!r}: {said}"
        elif code == 402 or (code == 429 and _ABOUT_QUOTA.search(all_of_it)):
            kind, text = errors.QuotaSpent, f"the quota for {self._model!r} is used up: {said}"
            hint = "what was answered is stored: run the same line again when there is quota"
        elif code == 429:
            kind = errors.RateLimited
            hint = "set requests_per_minute to what the service allows, or a smaller concurrency"
        elif code >= 500 or code in (408, 409, 425, 499):
            kind = errors.ServerFailed
        elif code < 400:
            kind, target = errors.WrongAddress, self.words(headers.get("location", "elsewhere"))
            text = f"{self.where} answered {code} and sends to {target}; it is not followed"
            hint = "give the right address as base_url, if you trust it with the key"
        return kind(text, hint=hint, retry_after_s=retry_after_s(headers, told))


def transport_error(err: BaseException, *, where: str, timeout_s: float) -> CallError | None:
    """The kind of a connection's failure; None if it is something else.

    Recognised by the class names, so that the library and those built on it are read alike.

    Parameters
    ----------
    err : exception
        As raised by the HTTP library, or with it as its cause.
    where : str
        The address, as it may be shown.
    timeout_s : float
        How long was waited.

    Examples
    --------
    >>> class ReadTimeout(Exception):
    ...     pass
    >>> transport_error(ReadTimeout(), where="http://localhost", timeout_s=60).reason
    'timed_out'
    """
    seen: BaseException | None = err
    names: set[str] = set()
    while seen is not None:
        names |= {kind.__name__ for kind in type(seen).__mro__}
        seen = seen.__cause__
    if names & _NEVER_SENT:
        return errors.NotReached(
            f"nobody answers at {where} ({plain_words(str(err)) or type(err).__name__})",
            hint="is the server running, and the address right?",
        )
    if names & _TIMED_OUT:
        return errors.CallTimedOut(
            f"{where} sent no complete reply within {timeout_s:g} s",
            hint="raise timeout_s for long replies",
        )
    if names & _CUT or isinstance(err, ConnectionError):
        return errors.ConnectionCut(
            f"the connection to {where} broke before the reply was complete"
        )
    return None


def retry_after_s(headers: object, told: object = None) -> float | None:
    """How long a reply's headers ask to wait, or the details of its error: seconds, or a date.

    Examples
    --------
    >>> retry_after_s({"retry-after": "2.5"}), retry_after_s({"retry-after": "soon"})
    (2.5, None)
    >>> retry_after_s({}, {"error": {"details": [{"retryDelay": "3s"}]}})
    3.0
    """
    get = getattr(headers, "get", lambda name: None)
    asked: list[tuple[Any, float]] = [(get("retry-after-ms"), 1e-3), (get("retry-after"), 1.0)]
    error = told.get("error") if isinstance(told, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    for part in details if isinstance(details, list) else []:
        delay = part.get("retryDelay") if isinstance(part, dict) else None
        asked.append((delay.removesuffix("s") if isinstance(delay, str) else None, 1.0))
    for text, unit in asked:
        try:
            wait = float(text) * unit
        except (TypeError, ValueError):
            try:
                wait = parsedate_to_datetime(text).timestamp() - time()
            except (TypeError, ValueError, OverflowError):
                continue
        if isfinite(wait):
            return max(0.0, wait)
    return None


def find_key(given: str | None, variables: Sequence[str], *, service: str) -> str:
    """The key that was given, or the first that the environment contains.

    Raises
    ------
    WrongKey
        If there is none, or it cannot be a key (spaces, line ends, other alphabets).

    Examples
    --------
    >>> find_key("abc", ["MY_KEY"], service="the service")
    'abc'
    """
    found = given or next((os.environ[v] for v in variables if os.environ.get(v)), "")
    key = found.strip() if isinstance(found, str) else ""
    if not key:
        raise errors.WrongKey(
            f"there is no API key for {service}",
            hint=f"set {' or '.join(variables)} in the environment, or pass api_key=",
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise errors.WrongKey(
            f"the API key for {service} contains characters that no key has",
            hint="copy it again, without quotes and line ends",
        )
    return key


def checked_url(url: str) -> str:
    """An address of a service as it is.

    Raises
    ------
    SettingError
        If it is none, or contains a name, a password or a query.

    Examples
    --------
    >>> checked_url("http://localhost:8000/v1")
    'http://localhost:8000/v1'
    """
    wanted = "expected one such as 'http://localhost:8000/v1'"
    if not isinstance(url, str):
        raise SettingError(f"base_url is {url!r:.60}; {wanted}")
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        fits = None
    if not fits or not (url.isascii() and url.isprintable()) or " " in url:
        raise SettingError(f"base_url is {shown_url(url)!r:.100}; {wanted}")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise SettingError(
            f"base_url {shown_url(url)!r:.100} contains a name, a password or a query; {wanted}",
            hint="pass the key as api_key=",
        )
    return url


def plain_words(text: str) -> str:
    """Words of a service as they may be shown: one line, nothing that steers a terminal.

    Examples
    --------
    >>> plain_words("\\x1b[31mno such" + chr(10) + "model")
    'no such model'
    """
    bare = "".join(c if c.isprintable() else " " for c in _ANSI.sub("", text[: 4 * _SAID]))
    return " ".join(bare.split())[:_SAID]


def _message_of(told: Any) -> str:  # Any: JSON
    """The words in an error's body."""
    told = told[0] if isinstance(told, list) and told else told
    error = told.get("error", told) if isinstance(told, dict) else told
    if isinstance(error, dict):
        error = error.get("message") or error.get("status") or error.get("detail")
    return error if isinstance(error, str) else "" if error is None else json.dumps(error)


def _code_of(error: Any) -> int:  # Any: JSON
    """The status of an error that came as 200."""
    for name in ("code", "status", "type") if isinstance(error, dict) else ():
        said = str(error[name]) if name in error else ""
        code = int(said) if re.fullmatch("[3-5][0-9][0-9]", said) else _BY_WORD.get(said)
        if code is not None:
            return code
    return 500
