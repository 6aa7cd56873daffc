"""Replies that no protocol foresees: none ends a run raw, loses a request, or costs twice."""

from __future__ import annotations

import gzip
import json
import threading
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Literal

import pytest
from accounts import FreeClock

from campaignkit.embed import GeminiEmbedder, OpenAICompatibleEmbedder
from campaignkit.errors import ModelError, SettingError
from campaignkit.llm import (
    Account,
    Budget,
    CallError,
    CallFailed,
    CallTimedOut,
    ChatModel,
    GeminiModel,
    MalformedReply,
    OpenAICompatibleModel,
    Prompt,
    QuotaSpent,
    Reply,
    Request,
    RetryPolicy,
    ServerFailed,
    Usage,
    WrongAddress,
    WrongKey,
)
from campaignkit.testing import ModelServer
from campaignkit.testing.model_server import Response

KEY = 'AIza-secret/of-the-"test'
GOOD = '{"1": 1}'
BAD = '{"1": -1}'  # what no account may take for the answer
SIGNS = dict[str, Literal[-1, 0, 1]]
Json = Any
Wire = Callable[[BinaryIO], None]


class Protocol:
    """How one protocol says the same things."""

    def __init__(self, name: str, choices: str, usage: str, counts: tuple[str, str]) -> None:
        self.name, self.choices, self.usage, self.counts = name, choices, usage, counts

    def model(self, server: ModelServer, **more: Any) -> ChatModel:
        more = {"api_key": KEY, "timeout_s": 0.5, **more}
        if self.name == "gemini":
            return GeminiModel("g-1", base_url=server.gemini_url, **more)
        return OpenAICompatibleModel("o-1", base_url=server.openai_url, **more)

    def said(self, text: Json, *, ended: Json = None, counts: Json = (10, 5)) -> dict[str, Json]:
        """An envelope; any part of it may be nonsense."""
        if self.name == "gemini":
            parts = [{"text": text}] if isinstance(text, str) else text
            choice = {
                "content": {"role": "model", "parts": parts},
                "finishReason": ended or "STOP",
            }
        else:
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": ended or "stop"}
        used = dict(zip(self.counts, counts, strict=True)) if isinstance(counts, tuple) else counts
        return {self.choices: [choice], self.usage: used}


GEMINI = Protocol(
    "gemini", "candidates", "usageMetadata", ("promptTokenCount", "candidatesTokenCount")
)
OPENAI = Protocol("openai", "choices", "usage", ("prompt_tokens", "completion_tokens"))

# What a model may write where an answer was asked for.
TEXTS = {
    "empty": "",
    "blank": " \n\t ",
    "null": "null",
    "true": "true",
    "a number": "5",
    "a word": "Positive",
    "a text": '"+"',
    "a list": "[1]",
    "an empty list": "[]",
    "another value": '{"1": "plus"}',
    "beyond all numbers": '{"1": 1e999}',
    "minus beyond": '{"1": -1e999}',
    "not a number": '{"1": NaN}',
    "infinity": '{"1": Infinity}',
    "2^80": '{"1": 1208925819614629174706176}',
    "five thousand digits": '{"1": ' + "9" * 5000 + "}",
    "a key twice": '{"1": 1, "1": -1}',
    "a key twice around a draft": '{"a": {"1": -1}, "a": 1}',
    "cut off": '{"1": 1',
    "a cut list of answers": '[{"1": -1}',
    "deep": "[" * 100_000,
    "deep and closed": '{"1":' * 3_000 + "1" + "}" * 3_000,
    "many openings": "{x} " * 200 + BAD,
    "two answers": f"{GOOD} or {BAD}",
    "a draft, then a lone closing": f"Draft {BAD}, no.</think>",
    "a draft, then half a second": f'Draft {BAD}, rather {{"1": 1, "2"',
    "a draft, then another form": f'{BAD} and so {{"1": "plus"}}',
    "a draft in thoughts that end": f"<think>{BAD}? no</think>",
    "a draft in thoughts cut off": f"<thinking>{BAD}, or",
    "a draft before cut thoughts": f"{BAD}\n<think>hm",
    "a draft before half a tag": f"{BAD} <think",
    "thoughts closed twice": f"<think>a</think> {BAD} </THINK>",
    "brackets of thought": f"[THINK]{BAD}[/THINK]",
    "brackets of thought, cut": f"[THINK]{BAD}",
    "diamonds of thought": f"◁think▷{BAD}◁/think▷",
    "diamonds of thought, cut": f"◁think▷{BAD}",
    "a channel of analysis": f"<|channel|>analysis<|message|>{BAD}<|end|>",
    "a final channel cut off": f"<|channel|>analysis<|message|>{BAD}<|end|><|channel|>final",
    "reasoning": f"<reasoning>{BAD}</reasoning>",
    "a tag with attributes": f'<thought depth="3">{BAD}',
    "half an emoji": "\ud83d",
    "half an emoji in a key": '{"\ud83d": 5}',
    "NUL": "\0",
    "escapes of a terminal": "\x1b[31mno\x1b]0;title\x07",
    "a page": "<!DOCTYPE html><html></html>",
}
# The same, but with an answer in it that may be taken.
TEXTS_THAT_ANSWER = {
    "fenced": f"```json\n{GOOD}\n```",
    "after thoughts": f"<think>{BAD}?</think>{GOOD}",
    "after thoughts in capitals": f"<THINKING>{BAD}?</THINKING>\n{GOOD}",
    "in a final channel": f"<|channel|>analysis<|message|>{BAD}<|end|><|start|>assistant"
    f"<|channel|>final<|message|>{GOOD}<|return|>",
    "after thoughts closed twice": f"<think>a</think>{BAD}</think>{GOOD}",
    "after brackets of thought": f"[THINK]{BAD}[/THINK]{GOOD}",
    "with half an emoji": GOOD + " \ud83d",
    "with a footnote": GOOD + " [1]",
    "with a mark of byte order": "\ufeff" + GOOD,
}


def envelopes(side: Protocol) -> dict[str, Json]:
    """Bodies of status 200 that are not as they should be."""
    whole = side.said(BAD)
    first = whole[side.choices][0]
    counts = {
        "text": "many",
        "a word in a count": dict.fromkeys(side.counts, "ten"),
        "2^80": dict.fromkeys(side.counts, 2**80),
        "a list": [10, 5],
        "null": None,
        "negative": dict.fromkeys(side.counts, -1000),
        "fractions": dict.fromkeys(side.counts, 0.5),
        "bools": dict.fromkeys(side.counts, True),
        "not a number": dict.fromkeys(side.counts, float("nan")),
        "empty": {},
        "lists in counts": {name: [1] for name in side.counts},
        "zero": dict.fromkeys(side.counts, 0),
    }
    modes: dict[str, Json] = {
        f"usage: {name}": side.said(GOOD, counts=c) for name, c in counts.items()
    }
    for name, choices in {
        "null": None,
        "an object": {"0": first},
        "a text": "none",
        "a number": 7,
        "a list of null": [None],
        "a list of texts": ["x"],
        "a list of lists": [[]],
        "a list of empty objects": [{}],
    }.items():
        modes[f"choices: {name}"] = {side.choices: choices, "more": 1}
    for name, content in {
        "null": None,
        "a number": 5,
        "true": True,
        "an object": {"text": BAD},
        "a list of numbers": [1, 2],
        "a list of lists": [[BAD]],
        "a list of null": [None],
        "parts of another kind": [{"type": "image", "image": BAD}],
        "a part whose text is a list": [{"type": "text", "text": [BAD]}],
        "an empty list": [],
    }.items():
        modes[f"content: {name}"] = side.said(content)
    modes |= {
        "content: good parts": side.said([{"type": "text", "text": GOOD}]),
        "ended: cut at its longest": side.said(
            BAD, ended=("MAX_TOKENS" if side is GEMINI else "length")
        ),
        "ended: a list": side.said(GOOD if side is OPENAI else BAD, ended=["x"]),
        "body: a list": [whole],
        "body: a text": "hello",
        "body: a number": 3,
        "body: empty": {},
        "body: a page of a proxy": {"welcome": "please log in"},
        "error: 429": {"error": {"code": 429, "message": "slow down"}},
        "error: 429 as text": {"error": {"code": "429"}},
        "error: a word": {"error": {"code": "rate_limit_exceeded"}},
        "error: exhausted": {"error": {"status": "RESOURCE_EXHAUSTED"}},
        "error: a text": {"error": "overloaded"},
        "error: a list": {"error": ["overloaded"]},
        "error: no code": {"error": {"message": None}},
        "error: beside a reply": {**whole, "error": {"code": 503, "message": "half way"}},
        "error: null beside a reply": {**side.said(GOOD), "error": None},
    }
    return modes


def head(*lines: str, status: str = "200 OK") -> bytes:
    told = "".join(f"{line}\r\n" for line in lines)
    return f"HTTP/1.1 {status}\r\n{told}".encode("latin-1")


def whole(body: bytes, *lines: str, status: str = "200 OK") -> Wire:
    return lambda out: (  # type: ignore[return-value]
        out.write(
            head(*lines, "Connection: close", f"Content-Length: {len(body)}", status=status)
            + b"\r\n"
            + body
        )
    )


def endless(first: bytes, again: bytes, pause_s: float = 0.0) -> Wire:
    def write(out: BinaryIO) -> None:
        out.write(first)
        for _ in range(20_000):
            out.write(again)
            out.flush()
            if pause_s:
                time.sleep(pause_s)

    return write


def raw(data: bytes) -> Wire:
    return lambda out: out.write(data) and None


@cache
def wires(side: Protocol) -> dict[str, Wire]:
    """What goes wrong below JSON."""
    good = json.dumps(side.said(GOOD)).encode()
    bad = json.dumps(side.said(BAD)).encode()
    bomb = zlib.compressobj(9, wbits=31)
    packed = b"".join(bomb.compress(bytes(2**20)) for _ in range(32)) + bomb.flush()
    pages = {
        "nothing": b"",
        "a page": b"<html>502</html>",
        "half a JSON": bad[: len(bad) // 2],
        "deep JSON": b'{"a":' * 100_000,
        "deep and closed": b"[" * 5_000 + b"]" * 5_000,
        "bytes of another alphabet": b"\xff\xfe{\x00}\x00",
        "zeros": bytes(1000),
        "a number of digits": b"9" * 10_000,
    }
    modes: dict[str, Wire] = {f"body: {name}": whole(page) for name, page in pages.items()}
    for status in (
        "408 T",
        "409 C",
        "425 E",
        "429 R",
        "499 C",
        "500 I",
        "502 B",
        "503 U",
        "529 O",
        "599 N",
    ):
        modes[f"status {status[:3]}"] = whole(b"\x1b[31m<html>", status=status)
    for wait in (
        "soon",
        "-5",
        "nan",
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "0.01",
        "Fri, 31 Dec 9999 99:99:99",
    ):
        modes[f"wait {wait}"] = whole(b"{}", f"Retry-After: {wait}", status="429 R")
    modes |= {
        "no content": raw(head(status="204 No Content") + b"\r\n"),
        "in gzip": whole(gzip.compress(good), "Content-Encoding: gzip"),
        "in half a gzip": whole(gzip.compress(bad)[:-20], "Content-Encoding: gzip"),
        "no gzip at all": whole(bad, "Content-Encoding: gzip"),
        "in deflate": whole(zlib.compress(good), "Content-Encoding: deflate"),
        "in what nobody asked for": whole(b"\x0b\x02\x80", "Content-Encoding: br"),
        "a bomb": whole(packed, "Content-Encoding: gzip"),
        "without its length": raw(head("Connection: close") + b"\r\n" + good),
        "shorter than told": raw(head("Content-Length: 9999") + b"\r\n" + bad),
        "a length that is none": raw(head("Content-Length: many") + b"\r\n" + bad),
        "two lengths": raw(head("Content-Length: 5", "Content-Length: 9") + b"\r\n" + bad),
        "a broken chunk": raw(head("Transfer-Encoding: chunked") + b"\r\nzz\r\n" + bad),
        "no reply": raw(b""),
        "no status": raw(b"hello\r\n\r\n"),
        "half a head": raw(b"HTTP/1.1 200 OK\r\nContent-"),
        "a header with no end": endless(head(), b"X: " + b"x" * 2**14),
        "headers with no end": endless(head(), b"X-More: 1\r\n" * 1000),
        "early hints with no end": endless(b"", head(status="103 E") + b"\r\n", 0.01),
        "a byte now and then": endless(head("Content-Length: 9999") + b"\r\n", b" ", 0.05),
        "a header now and then": endless(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n", 0.05),
        "a body with no end": endless(head() + b"\r\n", bytes(2**20)),
    }
    return modes


class OddServer:
    """Answers each prompt once as its mode has it, and well from then on."""

    def __init__(self, side: Protocol, modes: dict[str, Any]) -> None:
        self.side, self.modes = side, modes
        self.asked: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.server = ModelServer(lambda prompt, schema: GOOD)
        self.server._http.serve = self.serve

    def serve(self, path: str, headers: Any, body: Any) -> Response:
        told = json.dumps(body)
        name = next(name for name in self.modes if json.dumps(f"mode {name}")[1:-1] + "?" in told)
        with self._lock:
            self.asked[name] += 1
            times = self.asked[name]
        if times > 1:
            return Response(200, self.side.said(GOOD))
        mode = self.modes[name]
        return Response(200, None, wire=mode) if callable(mode) else Response(200, mode)

    def requests(self) -> list[Request]:
        return [Request(Prompt(f"mode {name}?"), SIGNS, "odd") for name in self.modes]


def modes_of(side: Protocol) -> dict[str, Any]:
    texts = {
        f"text: {name}": side.said(text) for name, text in (TEXTS | TEXTS_THAT_ANSWER).items()
    }
    return {**texts, **envelopes(side), **wires(side)}


@pytest.fixture(params=[GEMINI, OPENAI], ids=["gemini", "openai"])
def side(request: pytest.FixtureRequest) -> Protocol:
    found: Protocol = request.param
    return found


def test_there_are_enough_odd_replies(side: Protocol) -> None:
    assert len(modes_of(side)) >= 86


def test_every_odd_reply_is_booked_asked_again_and_never_taken_for_the_answer(
    side: Protocol, tmp_path: Path
) -> None:
    odd = OddServer(side, modes_of(side))
    how: dict[str, Any] = {"retry": RetryPolicy(failures_in_a_row=None), "clock": FreeClock()}
    with odd.server as server:
        model = side.model(server)
        with Account(model, store=tmp_path, **how) as account:
            replies = account.ask_many(odd.requests())
            spent = account.spent
        asked = odd.asked.copy()
        with Account(model, store=tmp_path, **how) as account:
            again = account.ask_many(odd.requests())

    values = {name: getattr(r, "value", r) for name, r in zip(odd.modes, replies, strict=True)}
    assert {name: value for name, value in values.items() if value != {"1": 1}} == {}
    assert odd.asked == asked  # nothing stored was asked again
    assert all(isinstance(r, Reply) and r.stored for r in again)
    assert max(asked.values()) == 2
    assert spent.calls >= sum(asked.values())  # what never came may never have arrived
    taken = {name for name, times in asked.items() if times == 1}
    assert {name for name in taken if name.startswith("text: ")} == {
        f"text: {name}" for name in TEXTS_THAT_ANSWER
    }


def test_a_budget_of_calls_holds_by_the_servers_own_count(side: Protocol) -> None:
    odd = OddServer(
        side, {**envelopes(side), **{f"text: {n}": side.said(t) for n, t in TEXTS.items()}}
    )
    with odd.server as server, Account(side.model(server), budget=Budget(calls=50)) as account:
        replies = account.ask_many(odd.requests())

    assert sum(odd.asked.values()) == 50
    assert all(isinstance(r, Reply) or r.reason == "budget" for r in replies)


@pytest.mark.parametrize("counts", [(-1000, -1000), (0, 0), (0.5, 0.25), ("9", None), (2**80, 1)])
def test_counts_that_are_none_do_not_lower_what_was_spent(side: Protocol, counts: Json) -> None:
    prompts = [f"Pair {i}, {'word ' * 80}?" for i in range(60)]
    sent: list[int] = []
    with ModelServer(lambda prompt, schema: GOOD) as server:

        def serve(path: str, headers: Any, body: Any) -> Response:
            sent.append(len("".join(p for p in prompts if p in json.dumps(body))) // 4)
            return Response(200, side.said(GOOD, counts=counts))

        server._http.serve = serve
        budget = Budget(tokens=3_000)
        with Account(side.model(server), budget=budget, reply_tokens=50) as account:
            account.ask_many([Request(Prompt(text), SIGNS) for text in prompts])

            assert sum(sent) <= account.spent.tokens_in <= 3_000
    assert 0 < len(sent) < 30


REFUSED = {
    "400": ("400 B", b'{"error": {"message": "too long"}}'),
    "403 of another kind": ("403 F", b'{"error": {"message": "this prompt was flagged"}}'),
    "403 of a proxy": ("403 F", b"<html>blocked</html>"),
    "413": ("413 P", b""),
    "422": ("422 U", b'{"detail": [{"loc": ["body"]}]}'),
}


def test_what_is_refused_is_asked_once(side: Protocol) -> None:
    modes: dict[str, Any] = {n: whole(body, status=s) for n, (s, body) in REFUSED.items()}
    if side is GEMINI:
        modes |= {
            "no candidates": {"candidates": [], "usageMetadata": {"promptTokenCount": 9}},
            "a blocked prompt": {"promptFeedback": {"blockReason": "SAFETY"}},
            "a blocked reply": side.said(GOOD, ended="PROHIBITED_CONTENT"),
        }
    else:
        modes["a filtered reply"] = side.said(GOOD, ended="content_filter")
    odd = OddServer(side, modes)
    with odd.server as server, Account(side.model(server)) as account:
        replies = account.ask_many(odd.requests())

    assert [isinstance(r, CallFailed) and r.reason for r in replies] == ["refused"] * len(modes)
    assert set(odd.asked.values()) == {1}


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P", "304 N"])
def test_a_redirect_is_never_followed_and_stops_the_run(side: Protocol, status: str) -> None:
    with ModelServer(lambda prompt, schema: BAD) as elsewhere:
        target = f"Location: {elsewhere.gemini_url}/models/x:generateContent?key={KEY}"
        odd = OddServer(side, {"away": whole(b"", target, status=status)})
        with odd.server as server, Account(side.model(server), budget=Budget(calls=3)) as account:
            with pytest.raises(WrongAddress, match="sends to http") as caught:
                account.ask_many(odd.requests())

            assert account.spent.calls == 1
        assert elsewhere.num_requests == 0
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        ("401 U", b"", WrongKey),
        ("403 F", b'{"error": {"message": "API key not valid"}}', WrongKey),
        ("403 F", b'{"error": {"status": "PERMISSION_DENIED"}}', WrongKey),
        ("402 P", b"{}", QuotaSpent),
        ("429 R", b'{"error": {"code": "insufficient_quota"}}', QuotaSpent),
    ],
)
def test_what_every_request_would_meet_stops_the_run(
    side: Protocol, status: str, body: bytes, kind: type[CallError]
) -> None:
    odd = OddServer(side, {"stop": whole(body, status=status)})
    with odd.server as server, pytest.raises(kind):
        side.model(server).ask(odd.requests()[0].prompt, SIGNS)


def test_a_key_that_comes_back_is_nowhere(
    side: Protocol, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    escaped = "".join(f"\\u{ord(c):04x}" for c in KEY)
    spelled = f'{{"error": {{"message": "\\u001b[31mkey {escaped} is wrong"}}}}'.encode()
    modes = {
        "in a text": side.said(f"{KEY} no answer"),
        "in an answer": side.said(GOOD + KEY),
        "in an error": whole(f"key={KEY}".encode(), status="500 I"),
        "in escapes": whole(spelled, status="500 I"),
        "in a refusal": whole(spelled, status="400 B"),
    }
    odd = OddServer(side, modes)
    caplog.set_level("DEBUG")
    with odd.server as server:
        model = side.model(server)
        with Account(model, store=tmp_path, clock=FreeClock()) as account:
            told = account.ask_many(odd.requests())
        odd.asked.clear()
        shown = repr(told) + repr(model) + caplog.text
        for request in odd.requests():
            try:
                shown += repr(model.ask(request.prompt, SIGNS))
            except CallError as err:
                shown += "".join(traceback.format_exception(err)) + repr(vars(err))
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert KEY not in shown
    assert KEY.encode() not in held
    assert "\x1b" not in shown
    assert "[key]" in shown


def test_no_variable_of_the_environment_changes_where_a_call_goes(
    side: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    for name in ("OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/elsewhere")
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS"):
        monkeypatch.setenv(name, "X-Leak: leaked")
    seen: list[str] = []
    with ModelServer(lambda prompt, schema: GOOD) as server:
        serve = server._http.serve

        def noted(path: str, headers: Any, body: Any) -> Response:
            seen.append(str(headers))
            return serve(path, headers, body)

        server._http.serve = noted
        model = side.model(server, timeout_s=5.0)
        assert model.ask(Prompt("Fit?"), SIGNS).value == {"1": 1}

    assert "leaked" not in seen[0]
    assert server.gemini_url in repr(model)


def test_the_services_own_addresses_are_named_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/elsewhere")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9/elsewhere")

    assert "https://api.openai.com/v1" in repr(OpenAICompatibleModel("o-1", api_key=KEY))
    assert "https://generativelanguage.googleapis.com" in repr(GeminiModel("g-1", api_key=KEY))


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "ftp://a", "http://", "http://me:pass@a/v1", "http://a?key=x", "http://a:b",
     "http://a b", None, 7, b"http://a", "http://a\n", "http://[::1"],
)  # fmt: skip
def test_an_address_that_is_none_is_told_at_once(url: Any) -> None:
    with pytest.raises(SettingError, match="base_url") as caught:
        OpenAICompatibleModel("o-1", base_url=url if url is not None else 0)  # type: ignore[arg-type]

    assert "pass" not in str(caught.value).split("hint")[0].replace("password", "")


@pytest.mark.parametrize("timeout_s", [0, -1, None, "60", True, float("nan"), float("inf")])
def test_a_time_that_is_none_is_told_at_once(timeout_s: Any) -> None:
    with pytest.raises(SettingError, match="timeout_s"):
        GeminiModel("g-1", api_key=KEY, timeout_s=timeout_s)


@pytest.mark.parametrize("name", ["a byte now and then", "a header now and then"])
def test_a_call_ends_at_its_limit_however_slowly_a_reply_comes(side: Protocol, name: str) -> None:
    odd = OddServer(side, {name: wires(side)[name]})
    with (
        odd.server as server,
        pytest.raises(CallTimedOut, match=r"no complete reply within 0\.5 s"),
    ):
        side.model(server).ask(odd.requests()[0].prompt, SIGNS)


def test_a_failure_in_the_body_is_waited_for_like_one_in_the_status(side: Protocol) -> None:
    told = {"error": {"code": 429, "details": [{"retryDelay": "2s"}]}}
    odd = OddServer(side, {"busy": told})
    clock = FreeClock()
    with odd.server as server, Account(side.model(server), clock=clock) as account:
        account.ask_many(odd.requests())

    assert 2.0 <= clock.time <= 2.5 + 2.5


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"data": [{"embedding": [1.0, 2.0]}, {"embedding": [2.0, 1.0]}]}, None),
        ({"data": [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]}, None),
        ({"data": [{"index": 0, "embedding": [1.0]}]}, MalformedReply),
        ({"data": [{"index": 0, "embedding": [1.0]}] * 3}, MalformedReply),
        ({"data": [{"index": "x", "embedding": [1.0]}, {"index": 1}]}, MalformedReply),
        ({"data": [{"index": [], "embedding": [1.0]}]}, MalformedReply),
        ({"data": {"0": [1.0]}}, MalformedReply),
        ({"data": [{"embedding": "AACA"}, {"embedding": "AACA"}]}, MalformedReply),
        ({"data": [{"embedding": [2**2000]}, {"embedding": [1]}]}, MalformedReply),
        ({"data": [{"embedding": [[1.0]]}, {"embedding": [[1.0]]}]}, MalformedReply),
        ({"data": [{"embedding": []}, {"embedding": []}]}, MalformedReply),
        ({"data": None}, MalformedReply),
        ([], MalformedReply),
        ({"error": {"code": 503}}, ServerFailed),
    ],
)
def test_odd_embeddings_are_rows_or_a_malformed_reply(
    side: Protocol, body: Json, kind: type[CallError] | None
) -> None:
    if side is GEMINI and isinstance(body, dict) and isinstance(body.get("data"), list):
        rows = sorted(body["data"], key=lambda row: str(row.get("index")))
        body = {"embeddings": [{"values": row.get("embedding")} for row in rows]}
    once = RetryPolicy(attempts=1)
    with ModelServer(lambda prompt, schema: "") as server:
        server._http.serve = lambda path, headers, asked: Response(200, body)
        embedder = (
            GeminiEmbedder("e", api_key=KEY, base_url=server.gemini_url, retry=once)
            if side is GEMINI
            else OpenAICompatibleEmbedder("e", base_url=server.openai_url, retry=once)
        )
        if kind is None:
            assert embedder.embed(["a", "b"]).shape[0] == 2
            return
        with pytest.raises(kind):
            embedder.embed(["a", "b"])


def test_an_interrupt_inside_a_model_ends_the_run() -> None:
    class Interrupted:
        name = "interrupted"

        def ask(self, prompt: Prompt, reply_type: type[Any]) -> Reply[Any]:
            if prompt.user == "3":
                raise KeyboardInterrupt
            return Reply({"1": 1}, GOOD, Usage(1, 1))

    with Account(Interrupted(), concurrency=2) as account:
        with pytest.raises(KeyboardInterrupt):
            account.ask_many([Request(Prompt(str(i)), SIGNS) for i in range(6)])

        assert account.spent.unconfirmed == 1


@pytest.mark.parametrize(
    "reply",
    [None, "text", Reply(1, 2, Usage(1, 1)), Reply(1, "1", None), Reply(1, "1", Usage(-1, 1)),
     Reply(1, "1", Usage(1, 2**80)), Reply(1, "1", Usage(0.5, 1))],  # type: ignore[arg-type]
)  # fmt: skip
def test_a_model_of_ones_own_that_gives_no_reply_is_told_so(reply: Any) -> None:
    class Own:
        name = "own"

        def ask(self, prompt: Prompt, reply_type: type[Any]) -> Any:
            return reply

    with Account(Own()) as account, pytest.raises(ModelError, match=r"own\.ask"):
        account.ask_many([Request(Prompt("Fit?"), SIGNS)])


@pytest.fixture(autouse=True)
def no_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OPENAI_API_KEY", "of-the-environment")
    yield
