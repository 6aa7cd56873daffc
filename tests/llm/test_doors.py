"""What a call may wait for, which addresses are this computer's, and what no store can hold."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges import Judgement, build_graph
from campaignkit.embed import CachedEmbedder, GeminiEmbedder, OpenAICompatibleEmbedder
from campaignkit.errors import EmbeddingError, SettingError
from campaignkit.llm import (
    Account,
    GeminiModel,
    NotReached,
    OpenAICompatibleModel,
    Prompt,
    Reply,
    Request,
    ScriptedModel,
    Usage,
    numbered_reply,
)
from campaignkit.testing import ModelServer
from campaignkit.testing.model_server import Response

KEY = "AIza-secret-of-the-test"
GOOD = '{"1": 1}'
HALF = "\ud83d"
SIGNS = dict[str, int]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(lambda prompt, schema: GOOD) as running:
        yield running


@pytest.fixture(autouse=True)
def no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("http", "https", "all", "no"):
        for name in (f"{kind}_proxy", f"{kind}_proxy".upper()):
            monkeypatch.delenv(name, raising=False)


def port_of(server: ModelServer) -> int:
    return int(server.openai_url.split(":")[2].split("/")[0])


def asked(url: str, timeout_s: float = 0.2) -> Any:
    model = OpenAICompatibleModel("o-1", base_url=url, timeout_s=timeout_s)
    return model.ask(Prompt("Fit?"), SIGNS)


def test_a_look_up_that_does_not_end_is_within_the_time_of_the_call(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, found = Event(), socket.getaddrinfo

    def slow(host: Any, *more: Any, **how: Any) -> Any:
        over.wait(3.0)
        return found("127.0.0.1", *more, **how)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(NotReached, match="nobody answers"):
        asked(f"http://slow.example:{port_of(server)}/v1")
    over.set()

    assert server.num_requests == 0


def test_all_addresses_of_a_host_share_the_time_of_the_call(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, tried = port_of(server), []
    connect = socket.create_connection

    def several(host: Any, *more: Any, **how: Any) -> Any:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, (f"127.0.0.{n}", port)) for n in (9, 9, 9, 9, 9, 9, 1)]

    class Silent(socket.socket):
        """Nobody answers at one of them, as behind a wall."""

        def connect(self, address: Any) -> None:
            tried.append(address[0])
            if address[0] == "127.0.0.9":
                Event().wait(self.gettimeout())
                raise TimeoutError("timed out")
            super().connect(address)

    monkeypatch.setattr(socket, "getaddrinfo", several)
    monkeypatch.setattr(socket, "socket", Silent)
    assert connect is socket.create_connection
    with pytest.raises(NotReached, match="nobody answers"):
        asked(f"http://many.example:{port}/v1")

    assert "127.0.0.1" not in tried
    assert server.num_requests == 0


OWN = [
    "localhost", "LOCALHOST", "localhost.", "me.localhost", "127.0.0.1", "127.1", "127.8.8.8",
    "0.0.0.0", "0", "0x7f000001", "2130706433", "[::1]", "[::]", "[::ffff:127.0.0.1]",
    "[::ffff:0:0]", socket.gethostname(),
]  # fmt: skip


@pytest.mark.parametrize("host", OWN)
def test_a_proxy_is_not_used_on_this_computers_own_addresses(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:9")
    model = OpenAICompatibleModel("o-1", base_url=f"http://{host}:8000/v1")

    assert "proxy" not in repr(model)


@pytest.mark.parametrize("host", ["localhost.example", "10.0.0.1", "128.1", "[::ffff:10.0.0.1]"])
def test_a_proxy_is_used_on_all_others_and_told_without_its_password(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://me:hidden@proxy.example:9")
    model = OpenAICompatibleModel("o-1", base_url=f"http://{host}:8000/v1")

    assert repr(model).endswith("through the proxy http://proxy.example:9)")


@pytest.mark.parametrize(
    "named",
    ["http://[hidden", "http://me:hidden@", "http://me:hid/den@proxy:9", "http://me:9/hidden@proxy",
     "http://hidden:99999", "http://hidden:port", "me:hidden#@proxy:9", "http://hïdden:9"],
)  # fmt: skip
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_variable_that_names_no_proxy_is_named_and_its_content_is_not_shown(
    variable: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, named)
    with pytest.raises(SettingError, match=f"^{variable} names a proxy that cannot") as caught:
        GeminiModel("g-1", api_key=KEY)

    assert caught.value.__cause__ is None
    assert not {"hidden", "hid", "den@", "hïdden"} & set(str(caught.value).split())
    assert "hid" not in str(caught.value)


def test_a_text_that_cannot_be_written_is_refused_at_each_door(tmp_path: Path) -> None:
    class Own:
        name = f"own {HALF}"

        def ask(self, prompt: Prompt, reply_type: type[Any]) -> Reply[Any]:
            raise AssertionError("nobody is asked")

    class Identified(Own):
        name = "own"
        identity = f"own {HALF}"

    class Embedding:
        name = HALF

        def embed(self, texts: list[str]) -> Any:
            raise AssertionError("nobody is asked")

    doors: dict[str, Callable[[], object]] = {
        "gemini": lambda: GeminiModel(HALF, api_key=KEY),
        "openai": lambda: OpenAICompatibleModel(HALF, base_url="http://localhost"),
        "scripted": lambda: ScriptedModel(lambda prompt, schema: GOOD, name=HALF),
        "a name of one's own": lambda: Account(Own(), store=tmp_path),
        "an identity of one's own": lambda: Account(Identified(), store=tmp_path),
        "options": lambda: GeminiModel("g-1", api_key=KEY, options={"stop_sequences": [HALF]}),
        "user": lambda: Prompt(HALF),
        "system": lambda: Prompt("Fit?", system=HALF),
        "template": lambda: Prompt("Fit?", template=HALF),
        "stage": lambda: Request(Prompt("Fit?"), SIGNS, HALF),
        "schema": lambda: Account(ScriptedModel(lambda prompt, schema: GOOD)).ask_many(
            [Request(Prompt("Fit?"), numbered_reply(1, {"enum": [HALF]}))]
        ),
        "prompt": lambda: Request("Fit?", SIGNS),  # type: ignore[arg-type]
        "an embedder": lambda: GeminiEmbedder(HALF, api_key=KEY),
        "another": lambda: OpenAICompatibleEmbedder(HALF, base_url="http://localhost"),
    }
    for name, door in doors.items():
        with pytest.raises(SettingError) as caught:
            door()
        assert not isinstance(caught.value, UnicodeError), name
    for embedder in (Embedding(), None, Embedding):
        with pytest.raises(EmbeddingError):
            CachedEmbedder(embedder, tmp_path)  # type: ignore[arg-type]


def test_a_scorer_whose_words_cannot_be_kept_is_told(tmp_path: Path) -> None:
    class Reasoned:
        def score(self, pairs: list[Any]) -> list[int]:
            return [1] * len(pairs)

        def judge(self, pairs: list[Any]) -> list[Judgement]:
            return [Judgement(1, f"since {HALF}") for _ in pairs]

    class Named(Reasoned):
        identity = f"mine {HALF}"

    nodes = Catalogue([Attribute("brand", "Nike"), Attribute("geo", "Peru")])
    for scorer in (Reasoned(), Named()):
        for store in (None, tmp_path):
            with pytest.raises(SettingError, match="half a character"):
                build_graph(nodes, scorer=scorer, store=store)


def test_counts_are_bounded_by_the_bytes_that_were_sent_and_the_longest_reply() -> None:
    counts: dict[str, int] = {}
    long = "word " * 4_000  # 20,000 bytes
    with ModelServer(lambda prompt, schema: GOOD) as server:

        def serve(path: str, headers: Any, body: Any) -> Response:
            choice = {"message": {"content": GOOD}, "finish_reason": "stop"}
            return Response(200, {"choices": [choice], "usage": counts})

        server._http.serve = serve
        model = OpenAICompatibleModel("o-1", base_url=server.openai_url)

        def booked(told_in: int, told_out: int, prompt: Prompt) -> Usage:
            counts.update(prompt_tokens=told_in, completion_tokens=told_out)
            return model.ask(prompt, SIGNS).usage

        short = Prompt("Fit?", max_tokens=400)
        assert booked(9, 5, short) == Usage(9, 5)
        assert booked(9_000, 800, short) == Usage(9_000, 800)  # a template, a schema, thoughts
        assert booked(50_000, 5, short) == Usage(1, 5, estimated=True)
        assert booked(50_000, 5, Prompt(long)) == Usage(50_000, 5)
        assert booked(9_999_999, 5, Prompt(long)) == Usage(5_000, 5, estimated=True)
        assert booked(9, 801, short) == Usage(9, 2, estimated=True)
        assert booked(9, 90_000, Prompt("Fit?")) == Usage(9, 90_000)  # nobody told a limit
        assert booked(9, 2_000_000, Prompt("Fit?")) == Usage(9, 2, estimated=True)


def test_a_cached_document_counts_as_the_prompts() -> None:
    with ModelServer(lambda prompt, schema: GOOD) as server:

        def serve(path: str, headers: Any, body: Any) -> Response:
            content = {"content": {"parts": [{"text": GOOD}]}, "finishReason": "STOP"}
            used = {"promptTokenCount": 800_000, "candidatesTokenCount": 5}
            return Response(200, {"candidates": [content], "usageMetadata": used})

        server._http.serve = serve
        how: dict[str, Any] = {"api_key": KEY, "base_url": server.gemini_url}
        plain = GeminiModel("g-1", **how).ask(Prompt("Fit?"), SIGNS)
        cached = GeminiModel("g-1", **how, options={"cached_content": "cachedContents/a"})

        assert plain.usage == Usage(1, 5, estimated=True)
        assert cached.ask(Prompt("Fit?"), SIGNS).usage == Usage(800_000, 5)
