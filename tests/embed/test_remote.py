"""Embedders behind a network, through the real clients against a server on this computer."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from campaignkit.embed import (
    CachedEmbedder,
    Embedder,
    GeminiEmbedder,
    HashingEmbedder,
    OpenAICompatibleEmbedder,
    embed_texts,
)
from campaignkit.errors import ArtifactError, EmbeddingError
from campaignkit.llm import (
    CallError,
    ConnectionCut,
    MalformedReply,
    RateLimited,
    RetryPolicy,
    UnknownModel,
    WrongKey,
)
from campaignkit.testing import FaultSchedule, ModelServer, check_embedder

for _module in ("google.genai", "openai"):
    try:
        _found = importlib.util.find_spec(_module)
    except ModuleNotFoundError:
        _found = None
    if _found is None:
        pytest.skip(f"{_module} is not installed", allow_module_level=True)

Make = Callable[..., GeminiEmbedder | OpenAICompatibleEmbedder]
QUICK = RetryPolicy(first_wait_s=0.001, longest_wait_s=0.002)


def gemini(server: ModelServer, **options: object) -> GeminiEmbedder:
    given = {"api_key": "right", "retry": QUICK, **options}
    return GeminiEmbedder("e-1", base_url=server.gemini_url, **given)


def openai(server: ModelServer, **options: object) -> OpenAICompatibleEmbedder:
    given = {"api_key": "right", "retry": QUICK, **options}
    return OpenAICompatibleEmbedder("e-1", base_url=server.openai_url, **given)


BOTH = pytest.mark.parametrize("make", [gemini, openai])


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(lambda prompt, schema: "") as running:
        yield running


@BOTH
def test_they_keep_the_contract(make: Make, server: ModelServer) -> None:
    check_embedder(make(server))
    check_embedder(make(server, batch_size=2))


@BOTH
def test_rows_are_scaled_and_keep_their_order(make: Make) -> None:
    with ModelServer(lambda p, s: "", embed=lambda text: [len(text), 0.0]) as server:
        rows = make(server).embed(["a", "bbb"])

    assert rows.tolist() == [[1.0, 0.0], [1.0, 0.0]]


@BOTH
def test_each_distinct_text_is_sent_once_in_batches(make: Make, server: ModelServer) -> None:
    embedder = make(server, batch_size=3)

    rows = embedder.embed([f"text {i % 7}" for i in range(20)])

    assert rows.shape == (20, 8)
    assert np.array_equal(rows[0], rows[7])
    assert embedder.num_calls == 3 == len(server.charges)


@BOTH
def test_failures_that_pass_are_tried_again(make: Make) -> None:
    faults = FaultSchedule(rate_limited=0.3, server_error=0.2, cut=0.1, retry_after_s=0.001)
    with ModelServer(lambda p, s: "", faults=faults) as server:
        embedder = make(server, batch_size=1, retry=RetryPolicy(attempts=30, first_wait_s=0.001))
        rows = embedder.embed([f"text {i}" for i in range(12)])

    assert rows.shape == (12, 8)
    assert embedder.num_calls == server.num_requests > 12


@BOTH
def test_a_wrong_key_and_an_unknown_model_are_told_at_once(make: Make) -> None:
    with ModelServer(lambda p, s: "", keys=["right"], models=["other"]) as server:
        with pytest.raises(WrongKey):
            make(server, api_key="wrong").embed(["a"])
        unknown = make(server)
        with pytest.raises(UnknownModel, match="e-1"):
            unknown.embed(["a"])

    assert unknown.num_calls == 1


@BOTH
def test_a_key_is_never_shown(make: Make, server: ModelServer) -> None:
    embedder = make(server, api_key="sk-very-secret")

    assert "secret" not in repr(embedder) + embedder.name + repr(vars(embedder))


@BOTH
@pytest.mark.parametrize("row", [[], [0.0, 0.0]])
def test_rows_that_are_none_are_refused(make: Make, row: list[float]) -> None:
    with (
        ModelServer(lambda p, s: "", embed=lambda text: row) as server,
        pytest.raises((EmbeddingError, MalformedReply)),
    ):
        make(server, retry=RetryPolicy(attempts=2, first_wait_s=0.001)).embed(["a"])


@BOTH
def test_a_server_that_is_not_there_is_told(make: Make) -> None:
    with ModelServer(lambda p, s: "") as server:
        embedder = make(server, retry=RetryPolicy(attempts=1))

    with pytest.raises(CallError):
        embedder.embed(["a"])


def test_the_number_of_columns_is_part_of_the_name(server: ModelServer) -> None:
    names = {
        gemini(server).name,
        gemini(server, dimensions=8).name,
        gemini(server, task=None).name,
    }

    assert len(names) == 3
    assert openai(server, dimensions=8).name != openai(server).name


def test_texts_before_the_first_call_give_no_rows_without_one(server: ModelServer) -> None:
    assert gemini(server, dimensions=8).embed([]).shape == (0, 8)
    assert openai(server).embed([]).shape == (0, 0)
    assert server.num_requests == 0


@pytest.mark.parametrize(
    ("rows", "error", "told"),
    [
        ([[1.0]], MalformedReply, "1 rows for 2 texts"),
        ([[1.0], [1.0, 2.0]], MalformedReply, "not all of one length"),
        ([[float("nan")], [1.0]], EmbeddingError, "1 rows of length 0"),
        (["a", "b"], MalformedReply, "not all of one length"),
    ],
)
def test_what_a_service_gives_is_checked(rows: object, error: type, told: str) -> None:
    texts = Rows(lambda batch: rows, retry=RetryPolicy(attempts=1))

    with pytest.raises(error, match=told):
        texts.embed(["a", "b"])


def test_waits_are_those_of_the_policy_and_then_the_error_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)

    def fail(batch: list[str]) -> list[list[float]]:
        raise RateLimited("slow down", retry_after_s=2.0)

    texts = Rows(fail, retry=RetryPolicy(attempts=3))
    with pytest.raises(RateLimited):
        texts.embed(["a"])

    assert len(waits) == 2
    assert all(2.0 <= wait <= 2.5 for wait in waits)
    assert texts.num_calls == 3


def test_columns_that_change_between_calls_are_refused() -> None:
    texts = Rows(lambda batch: [[1.0] * len(batch)] * len(batch), batch_size=2)

    with pytest.raises(EmbeddingError, match="1 and 2 columns"):
        texts.embed(["a", "b", "c"])


class Rows(OpenAICompatibleEmbedder):
    """An embedder whose calls are a function."""

    def __init__(self, send: Callable[[list[str]], Any], **how: Any) -> None:
        super().__init__("demo", base_url="http://localhost", **how)
        self._service.post = lambda path, body, read, most_bytes: send(body["input"])  # type: ignore[method-assign]


class Counting:
    """An embedder that knows what it was asked."""

    name = "counting"

    def __init__(self, *, fail_at: int = -1) -> None:
        self.asked: list[str] = []
        self._fail_at = fail_at

    def embed(self, texts: list[str]) -> np.ndarray:
        if len(self.asked) == self._fail_at:
            raise ConnectionCut("gone")
        self.asked += texts
        return HashingEmbedder(dimensions=8).embed(texts)


def test_a_kept_row_is_never_asked_for_again(tmp_path: Path) -> None:
    inner = Counting()
    first = CachedEmbedder(inner, tmp_path).embed(["a", "b", "a", "\ud800"])
    again = CachedEmbedder(inner, tmp_path).embed(["b", "c", "a", "\ud800"])

    assert inner.asked == ["a", "b", "\ud800", "c"]
    assert np.array_equal(again[[2, 0, 3]], first[[0, 1, 3]])


def test_what_was_embedded_before_a_failure_is_kept(tmp_path: Path) -> None:
    texts = [f"text {i}" for i in range(1200)]
    with pytest.raises(ConnectionCut):
        CachedEmbedder(Counting(fail_at=1000), tmp_path).embed(texts)
    inner = Counting()

    CachedEmbedder(inner, tmp_path).embed(texts)

    assert inner.asked == texts[1000:]


def test_a_cached_embedder_keeps_the_contract(tmp_path: Path) -> None:
    embedder: Embedder = CachedEmbedder(HashingEmbedder(), tmp_path / "new" / "folder")

    check_embedder(embedder, tolerance=0)
    assert embed_texts(embedder, ["a"]).shape == (1, 512)


def test_other_models_have_rows_of_their_own(tmp_path: Path) -> None:
    small, large = (
        CachedEmbedder(HashingEmbedder(dimensions=n), tmp_path).embed(["a"]) for n in (8, 16)
    )

    assert (small.shape, large.shape) == ((1, 8), (1, 16))


def test_a_folder_that_cannot_keep_rows_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "embeddings.sqlite").write_bytes(b"no database at all" * 100)

    for folder in (tmp_path / "file", tmp_path):
        with pytest.raises(ArtifactError, match="cannot keep embeddings"):
            CachedEmbedder(HashingEmbedder(), folder)
