"""Embedders keep the contract, and the library says what is wrong with one that does not."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, strategies as st

from campaignkit.embed import HashingEmbedder, embed_texts
from campaignkit.errors import EmbeddingError
from campaignkit.testing import check_embedder


class Answering:
    """An embedder that gives whatever it was made with."""

    name = "answering"

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def embed(self, texts: object) -> object:
        return self._answer


def test_the_hashing_embedder_keeps_the_contract() -> None:
    check_embedder(HashingEmbedder(), tolerance=0)
    check_embedder(HashingEmbedder(dimensions=8), tolerance=0)


@given(st.lists(st.text(), max_size=5))
def test_every_text_has_a_unit_row_of_its_own(texts: list[str]) -> None:
    rows = embed_texts(HashingEmbedder(dimensions=16), texts)

    one_by_one = [HashingEmbedder(dimensions=16).embed([text])[0] for text in texts]

    assert rows.shape == (len(texts), 16)
    assert all(np.array_equal(row, alone) for row, alone in zip(rows, one_by_one, strict=True))


def test_texts_that_share_words_are_closer_than_texts_that_share_none() -> None:
    texts = ["sports shoes for runners", "running shoes", "private banking for the wealthy"]

    rows = HashingEmbedder().embed(texts)

    assert rows[0] @ rows[1] > 0.25
    assert abs(rows[0] @ rows[2]) < 0.15


def test_spelling_variants_of_a_name_are_one_text() -> None:
    rows = HashingEmbedder().embed(["NIKE", "nike", "ｎｉｋｅ"])

    assert np.array_equal(rows[0], rows[1])
    assert np.array_equal(rows[0], rows[2])


def test_the_rows_of_hashing_are_the_same_for_ever() -> None:
    rows = HashingEmbedder(dimensions=64).embed(["Nike", "Une montre suisse", "日本", ""])
    rounded = np.round(rows * 1000).astype("<i4")

    digest = hashlib.sha256(rounded.tobytes()).hexdigest()[:16]

    assert digest == "5d077f735b7af03e"


def test_hashing_needs_no_optional_library() -> None:
    code = (
        "import sys, campaignkit.embed as e; e.HashingEmbedder().embed(['a']);"
        "print(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {"scipy", "tokenizers", "torch", "google", "openai"} & set(done.stdout.split()) == set()


@pytest.mark.parametrize("dimensions", [0, 7, 65_537, True, 2.5])
def test_dimensions_out_of_range_are_refused(dimensions: object) -> None:
    with pytest.raises(EmbeddingError, match="dimensions is"):
        HashingEmbedder(dimensions=dimensions)


def test_one_text_in_place_of_a_list_is_refused() -> None:
    with pytest.raises(EmbeddingError, match=r"one text 'Nike'.*\n.*pass \[text\]"):
        HashingEmbedder().embed("Nike")


def test_everything_that_is_no_text_is_named() -> None:
    with pytest.raises(EmbeddingError) as caught:
        HashingEmbedder().embed(["Nike", None, 3])

    assert [fault.where for fault in caught.value.faults] == ["texts[1]", "texts[2]"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (np.ones((1, 4)) / 2, "1, 4.* for 2 texts"),
        (np.ones(2), r"\(2,\)"),
        (np.zeros((2, 4)), "2 rows that are not of length 1"),
        (np.array([[1, 0], [np.nan, 0]]), "1 rows that are not of length 1"),
        ([["a"], ["b"]], "not numbers"),
    ],
)
def test_an_answer_that_is_no_embedding_is_refused(answer: object, told: str) -> None:
    with pytest.raises(EmbeddingError, match=told):
        embed_texts(Answering(answer), ["one", "two"])


@pytest.mark.parametrize("thing", [HashingEmbedder, "hashing", None])
def test_what_is_no_embedder_is_refused(thing: object) -> None:
    with pytest.raises(EmbeddingError, match="embedder is"):
        embed_texts(thing, ["one"])


def test_the_contract_notices_a_row_that_depends_on_its_neighbours() -> None:
    class Centring:
        name = "centring"

        def embed(self, texts):
            rows = HashingEmbedder().embed(texts)
            rows = rows - rows.mean(axis=0) + 1e-3 if len(rows) else rows
            return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    with pytest.raises(AssertionError, match=r"other rows|another row|told repeats"):
        check_embedder(Centring())
