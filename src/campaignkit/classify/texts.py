"""Logistic regressions on the text of a campaign: weighted words, or embedded sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.encoding import (
    EncodedRows,
    TrainingRows,
    refuse_empty,
    row_weights,
    training_codes,
)
from campaignkit.classify.linear import PenalisedLogistic
from campaignkit.classify.softmax import Matrix, softmax
from campaignkit.dataset import Block, CampaignDataset, Vocabulary
from campaignkit.dataset.records import read_records
from campaignkit.dataset.text import PromptTemplate, Wordings, prompt_template, render_briefs
from campaignkit.embed import Embedder
from campaignkit.errors import ArtifactError, ClassifierError, Fault
from campaignkit.store import checked_path

if TYPE_CHECKING:
    import scipy.sparse

Floats = NDArray[np.float64]

_WORD = re.compile(r"(?u)\b\w\w+\b")
_NO_VALUES = Vocabulary(())


class TextLogistic(PenalisedLogistic):
    """What text models share: records are written as briefs, texts are taken as they are.

    Examples
    --------
    >>> brief_texts([{"brand": "Nike"}]), brief_texts(["as it is"])
    (['brand: Nike'], ['as it is'])
    """

    def fit(self, records: Any, labels: Any = None, *, sample_weight: Any = None) -> Self:
        """Learn from labelled records or texts.

        Parameters
        ----------
        records : CampaignDataset, data frame, list of {modality: [values]}, or list of str
        labels : sequence
            A `CampaignDataset` brings its own where none are given.
        sample_weight : float[rows], optional

        Raises
        ------
        ClassifierError
            If labels, texts or weights cannot be used.
        """
        self._check_parameters()
        if labels is None:
            if not isinstance(records, CampaignDataset):
                raise ClassifierError(
                    "no labels given; expected one a row", hint="fit(records, labels)"
                )
            labels = records.labels
        texts = brief_texts(records)
        codes = training_codes(labels, len(texts))
        weights = row_weights(sample_weight, len(texts))
        # Rows with the same text are one group when rows are held out, as node sets are elsewhere.
        _, group = np.unique(np.array(texts, object).astype(str), return_inverse=True)
        offsets = np.arange(len(texts) + 1, dtype=np.int64)
        block = Block(group.astype(np.int32), offsets, codes.astype(np.uint8))
        self._fit(self._learn_columns(texts), TrainingRows(block, _NO_VALUES, weights))
        self._learned(_NO_VALUES)
        return self

    def predict_proba(self, records: Any) -> Floats:
        """float64[rows, 3], probabilities of neg, avg, pos; rows add up to 1."""
        self._classes()
        columns = self._columns_of(brief_texts(records))
        return softmax(np.asarray(columns @ self.weights_) + self.bias_)

    def count_unseen(self, records: Any) -> dict[str, int]:
        """Empty: a text model knows words, not values."""
        del records
        return {}

    def _learn_columns(self, texts: Sequence[str]) -> Matrix:
        return self._columns_of(texts)

    def _columns_of(self, texts: Sequence[str]) -> Matrix:
        raise NotImplementedError

    def _probabilities(self, rows: EncodedRows) -> Floats:
        raise NotImplementedError("a text model reads texts")


class TfidfLogistic(TextLogistic):
    """Logistic regression on words and pairs of neighbouring words, weighted by rarity.

    Term counts times the smoothed inverse document frequency, each row of length 1; words are two
    letters or more, in lower case: what scikit-learn's TfidfVectorizer(ngram_range=(1, 2)) gives.

    Parameters
    ----------
    min_rows : int
        Terms in fewer training rows are left out.
    penalty, held_out, seed
        As for :class:`OneHotLogistic`.

    Attributes
    ----------
    terms_ : list of str
    idf_ : float64[terms]
    weights_, bias_ : float64[terms, 3], float64[3]

    Examples
    --------
    >>> texts = ["good fit", "poor fit", "plain fit"] * 4
    >>> model = TfidfLogistic(min_rows=1, penalty=0.1).fit(texts, ["pos", "neg", "avg"] * 4)
    >>> model.predict(["good", "poor"]).tolist()
    ['pos', 'neg']
    """

    _SAVED: ClassVar[tuple[str, ...]] = (*PenalisedLogistic._SAVED, "terms_", "idf_")

    terms_: list[str]
    idf_: Floats

    def __init__(
        self,
        *,
        min_rows: int = 2,
        penalty: float | None = None,
        held_out: float = 0.15,
        seed: int = 0,
    ) -> None:
        super().__init__(penalty=penalty, held_out=held_out, seed=seed)
        self.min_rows = min_rows

    def _learn_columns(self, texts: Sequence[str]) -> Matrix:
        number: dict[str, int] = {}
        counts = _count_terms(texts, number, is_learning=True)
        rows_with = np.bincount(counts.indices, minlength=len(number))
        kept = np.flatnonzero(rows_with >= self.min_rows)
        if not len(kept):
            raise ClassifierError(
                f"no term comes in {self.min_rows} of the {len(texts):,} texts",
                hint="give more rows, or min_rows=1",
            )
        listed = np.array(list(number), object)[kept].tolist()
        self.terms_ = listed
        self.idf_ = np.log((1 + len(texts)) / (1 + rows_with[kept])) + 1
        return _weighted(counts[:, kept], self.idf_)

    def _columns_of(self, texts: Sequence[str]) -> Matrix:
        number = {term: column for column, term in enumerate(self.terms_)}
        return _weighted(_count_terms(texts, number, is_learning=False), self.idf_)


class EmbeddingLogistic(TextLogistic):
    """Logistic regression on sentence embeddings of the briefs.

    Parameters
    ----------
    embedder : Embedder
        ``embed(texts)`` gives float32[rows, d]. After :meth:`load`, which cannot know it, the same
        one has to be given: ``EmbeddingLogistic.load(folder, embedder=...)``.
    batch_size : int
        Texts handed to it at a time.
    penalty, held_out, seed
        As for :class:`OneHotLogistic`; the embedding is scaled to mean square 1 a column.

    Attributes
    ----------
    weights_, bias_ : float64[d, 3], float64[3]
    scale_ : float
    embedder_name_ : str

    Examples
    --------
    >>> from campaignkit.embed import HashingEmbedder
    >>> texts = ["a very good fit", "rather poor", "so so"] * 4
    >>> model = EmbeddingLogistic(HashingEmbedder(), penalty=0.1)
    >>> model.fit(texts, ["pos", "neg", "avg"] * 4).predict(["a very good fit"]).tolist()
    ['pos']
    """

    _SAVED: ClassVar[tuple[str, ...]] = (*PenalisedLogistic._SAVED, "scale_", "embedder_name_")

    scale_: float
    embedder_name_: str

    def __init__(
        self,
        embedder: Embedder,
        *,
        batch_size: int = 256,
        penalty: float | None = None,
        held_out: float = 0.15,
        seed: int = 0,
    ) -> None:
        super().__init__(penalty=penalty, held_out=held_out, seed=seed)
        self.embedder = embedder
        self.batch_size = batch_size

    @classmethod
    def load(  # type: ignore[override]  # one argument more than the others
        cls, folder: str | PathLike[str], *, embedder: Embedder
    ) -> Self:
        """Read what `save` wrote, with the embedder it was trained on.

        Raises
        ------
        ArtifactError
            If the folder is another classifier's, or was trained on another embedder.
        """
        place = checked_path(folder)
        model = cls._loaded(place, {"embedder": embedder})
        if model.embedder_name_ != embedder.name:
            raise ArtifactError(
                f"{place} was trained on the embedder {model.embedder_name_!r}; "
                f"given was {embedder.name!r}"
            )
        return model

    def _learn_columns(self, texts: Sequence[str]) -> Matrix:
        rows = self._embedded(texts)
        self.embedder_name_ = self.embedder.name
        self.scale_ = float(1 / max(np.sqrt((rows**2).mean()), 1e-12))
        return rows * self.scale_

    def _columns_of(self, texts: Sequence[str]) -> Matrix:
        return self._embedded(texts) * self.scale_

    def _embedded(self, texts: Sequence[str]) -> Floats:
        parts = [
            np.asarray(self.embedder.embed(texts[start : start + self.batch_size]), np.float64)
            for start in range(0, len(texts), self.batch_size)
        ]
        rows = np.concatenate(parts)
        if rows.shape[0] != len(texts) or rows.ndim != 2 or not np.isfinite(rows).all():
            raise ClassifierError(
                f"{self.embedder.name} gave an array of shape {rows.shape} for {len(texts):,} "
                "texts; expected a row of finite numbers for each"
            )
        return rows

    def _plain_parameters(self) -> dict[str, Any]:
        told = super()._plain_parameters()
        del told["embedder"]
        return told


def brief_texts(records: Any, *, wordings: Wordings | None = None, seed: int = 0) -> list[str]:
    """Texts as they are, or the briefs of records.

    Raises
    ------
    ClassifierError
        If there is none, a text is blank, a record is empty, or the two are mixed.

    Examples
    --------
    >>> brief_texts([{"geo": ["Peru"]}])
    ['geo: [Peru]']
    """
    if not _are_texts(records):
        refuse_empty(read_records(records).block)
        return render_briefs(records, wordings=wordings, seed=seed)
    faults = [
        Fault(f"row {row}", "is blank" if isinstance(text, str) else f"is no text: {text!r:.40}")
        for row, text in enumerate(records)
        if not isinstance(text, str) or not text.strip()
    ]
    if faults:
        raise ClassifierError("these texts cannot be read", faults=faults)
    return [str(text) for text in records]


def prompt_texts(records: Any, *, style: str | int | PromptTemplate) -> list[str]:
    """Whole prompts for a language model: texts as they are, records written in a prompt style.

    Raises
    ------
    DatasetError
        If there is no such style.
    ClassifierError
        If there is no record, a text is blank, a record is empty, or the two are mixed.

    Examples
    --------
    >>> prompt_texts([{"geo": ["Peru"]}], style=3)[0].splitlines()[-3:]
    ['geo: [Peru]', '', 'Label:']
    >>> prompt_texts(["as it is"], style=3)
    ['as it is']
    """
    template = prompt_template(style)
    texts = brief_texts(records)
    return texts if _are_texts(records) else [template.render(brief) for brief in texts]


def _are_texts(records: Any) -> bool:
    is_list = isinstance(records, list | tuple | np.ndarray) and len(records) > 0
    return is_list and isinstance(records[0], str)


def _count_terms(
    texts: Sequence[str], number: dict[str, int], *, is_learning: bool
) -> scipy.sparse.csr_array:
    """Counts of words and word pairs; `number` grows only while learning."""
    import scipy.sparse

    columns: list[int] = []
    offsets = [0]
    for text in texts:
        words = _WORD.findall(text.lower())
        terms = words + [f"{a} {b}" for a, b in pairwise(words)]
        if is_learning:
            columns += [number.setdefault(term, len(number)) for term in terms]
        else:
            columns += [number[term] for term in terms if term in number]
        offsets.append(len(columns))
    shape = (len(texts), len(number))
    counts = scipy.sparse.csr_array((np.ones(len(columns)), columns, offsets), shape=shape)
    counts.sum_duplicates()
    return counts


def _weighted(counts: scipy.sparse.csr_array, idf: Floats) -> scipy.sparse.csr_array:
    weighted = counts.copy()
    weighted.data = weighted.data * idf[weighted.indices]
    row_of = np.repeat(np.arange(weighted.shape[0]), np.diff(weighted.indptr))
    squares = np.bincount(row_of, weights=weighted.data**2, minlength=weighted.shape[0])
    weighted.data /= np.sqrt(np.maximum(squares, 1e-300))[row_of]
    return weighted
