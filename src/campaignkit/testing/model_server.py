"""A server on this computer that speaks Gemini's and OpenAI's protocols, to rehearse with."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from campaignkit.seeds import key64
from campaignkit.testing.fault_schedule import FaultSchedule
from campaignkit.testing.protocols import Asked, GeminiSide, OpenAISide, ProtocolSide, Refusal

Answer = Callable[[str, "dict[str, Any] | None"], str]
_MALFORMED = {"empty", "truncated", "wrong_keys"}


@dataclass(frozen=True, slots=True)
class Charge:
    """One request that the server charged.

    Attributes
    ----------
    prompt : str
        System and user text.
    fate : str
        ``"whole"``, or the fault: ``"timed_out"``, ``"cut"``, ``"empty"``, ``"truncated"``,
        ``"wrong_keys"``.
    tokens : int
        In and out together.

    Examples
    --------
    >>> Charge("hello", "whole", 12).tokens
    12
    """

    prompt: str
    fate: str
    tokens: int


class ModelServer:
    """Answers Gemini's and OpenAI's clients through a function, and fails on a schedule.

    It listens on 127.0.0.1 alone, at a free port, from ``with`` to its end.

    Parameters
    ----------
    answer : callable
        ``(prompt text, schema or None) -> reply text``; called from several threads at once.
    faults : FaultSchedule or None
        When it fails; None never.
    keys : collection of str
        The API keys it accepts; empty accepts any.
    models : collection of str
        The models it knows; empty knows any.
    forms : collection of str
        The reply formats it knows, of ``"json_schema"``, ``"json_object"``, ``"text"``.
    quota : int or None
        After so many charges its quota is used up.
    embed : callable or None
        ``text -> numbers``; None gives eight numbers that depend on the text.
    hang_s : float
        How long a request that is to time out is kept waiting.

    Attributes
    ----------
    charges : list of Charge
        What was charged, in order.
    num_requests : int
        What came in, charged or not.

    Examples
    --------
    >>> from campaignkit.llm import OpenAICompatibleModel, Prompt
    >>> with ModelServer(lambda prompt, schema: '{"1": 1}') as server:
    ...     model = OpenAICompatibleModel("any", base_url=server.openai_url)
    ...     model.ask(Prompt("Does it fit?"), dict[str, int]).value, len(server.charges)
    ({'1': 1}, 1)
    """

    def __init__(
        self,
        answer: Answer,
        *,
        faults: FaultSchedule | None = None,
        keys: Collection[str] = (),
        models: Collection[str] = (),
        forms: Collection[str] = ("json_schema", "json_object", "text"),
        quota: int | None = None,
        embed: Callable[[str], Sequence[float]] | None = None,
        hang_s: float = 30.0,
    ) -> None:
        self.charges: list[Charge] = []
        self.num_requests = 0
        self._answer = answer
        self._faults = faults or FaultSchedule()
        self._keys, self._models, self._forms = set(keys), set(models), set(forms)
        self._quota = quota
        self._embed = embed or _eight_numbers
        self._hang_s = hang_s
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._http = _Server(("127.0.0.1", 0), _Conversation)
        self._http.serve = self.respond
        self._http.wait = lambda: self._over.wait(self._hang_s)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> ModelServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> ModelServer:
        """Listen from now on; what ``with`` does."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Listen no more."""
        self._over.set()
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    @property
    def gemini_url(self) -> str:
        """The base_url for `GeminiModel`."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def openai_url(self) -> str:
        """The base_url for `OpenAICompatibleModel`."""
        return f"{self.gemini_url}/v1"

    @property
    def repeats(self) -> int:
        """Charges for prompts that had been charged for a good reply before.

        Lost ones count as good here: the server has done its work. A reply of the wrong form does
        not: the client has to ask again.
        """
        with self._lock:
            good = Counter(c.prompt for c in self.charges if c.fate not in _MALFORMED)
        return sum(count - 1 for count in good.values())

    def respond(self, path: str, headers: Any, body: Any) -> Response:  # Any: HTTP, JSON
        """What one request gets; the counts are kept here."""
        side: ProtocolSide = GeminiSide() if "/models/" in path else OpenAISide()
        asked = side.asked(path, body)
        with self._lock:
            self.num_requests += 1
        refusal = self._refused(side.key(headers), asked, path)
        if refusal is not None or asked is None:
            return Response.of_refusal(side, refusal or Refusal(404, f"no such path: {path}"))
        with self._lock:
            times = self._seen[asked.prompt]
            self._seen[asked.prompt] += 1
        fault = self._faults.fault(asked.prompt, times)
        if fault == "rate_limited":
            wait = self._faults.retry_after_s
            return Response.of_refusal(side, Refusal(429, "slow down", retry_after_s=wait))
        if fault == "server_error":
            return Response.of_refusal(side, Refusal(500, "something broke"))
        return self._charged(side, asked, fault)

    def _charged(self, side: ProtocolSide, asked: Asked, fault: str | None) -> Response:
        if asked.kind == "embed":
            reply, tokens = side.embedded(asked, [self._embed(t) for t in asked.texts]), (0, 0)
        else:
            text = self._answer(asked.prompt, asked.schema)
            tokens = (-(-len(asked.prompt) // 4), -(-len(text) // 4))
            text = _spoiled(text, fault)
            reply = side.said(asked, text, tokens, whole=fault != "truncated")
        with self._lock:
            if self._quota is not None and len(self.charges) >= self._quota:
                gone = Refusal(429, "the quota is used up", code="insufficient_quota")
                return Response.of_refusal(side, gone)
            self.charges.append(Charge(asked.prompt, fault or "whole", sum(tokens)))
        return Response(200, reply, fault=fault if fault in ("timed_out", "cut") else None)

    def _refused(self, key: str, asked: Asked | None, path: str) -> Refusal | None:
        if self._keys and key not in self._keys:
            # Google answers a wrong key with 400, OpenAI with 401.
            status = 400 if "/models/" in path else 401
            return Refusal(status, "API key not valid.", code="API_KEY_INVALID")
        if asked is None:
            return None
        if self._models and asked.model not in self._models:
            told = f"the model {asked.model} does not exist"
            return Refusal(404, told, code="model_not_found")
        if asked.kind == "chat" and asked.form not in self._forms:
            return Refusal(400, f"response_format {asked.form} is not supported")
        return None


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back over the wire, and how it breaks off.

    Attributes
    ----------
    status : int
    body : JSON
    retry_after_s : float or None
        Sent in a header.
    fault : str or None
        ``"timed_out"`` or ``"cut"``.
    wire : function or None
        Writes all of the reply itself, head and body; the connection ends with it.
    """

    status: int
    body: Any
    retry_after_s: float | None = None
    fault: str | None = None
    wire: Callable[[Any], None] | None = None  # Any: a file of bytes

    @classmethod
    def of_refusal(cls, side: ProtocolSide, refusal: Refusal) -> Response:
        """An error in the words of a protocol."""
        return cls(refusal.status, side.refused(refusal), refusal.retry_after_s)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    serve: Callable[[str, Any, Any], Response]
    wait: Callable[[], bool]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no error of ours."""


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        response = self.server.serve(self.path, self.headers, json.loads(self.rfile.read(length)))
        if response.wire is not None:
            self.close_connection = True
            with suppress(OSError):  # the client has heard enough
                response.wire(self.wfile)
            return
        content = json.dumps(response.body).encode()
        if response.fault == "timed_out":
            self.server.wait()
            self.close_connection = True
            return
        self.send_response(response.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if response.retry_after_s is not None:
            self.send_header("Retry-After", str(response.retry_after_s))
        self.end_headers()
        if response.fault == "cut":
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _spoiled(text: str, fault: str | None) -> str:
    if fault == "empty":
        return ""
    if fault == "truncated":
        return text[: len(text) // 2]
    return '{"no such key": "nobody asked"}' if fault == "wrong_keys" else text


def _eight_numbers(text: str) -> list[float]:
    return [key64(0, "embed", text, i) / 2**63 - 1 for i in range(8)]
