"""Logistic regressions on the text of a campaign: weighted words, or embedded sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import checked_count
from campaignkit.classify.encoding import (
    TrainingRows,
    refuse_empty,
    row_weights,
    training_labels,
    warn_of_combined,
)
from campaignkit.classify.linear import PenalisedLogistic
from campaignkit.dataset import Block, CampaignDataset, Vocabulary
from campaignkit.dataset.logistic import Matrix, softmax
from campaignkit.dataset.records import read_records
from campaignkit.dataset.text import PromptTemplate, Wordings, prompt_template, render_briefs
from campaignkit.embed import Embedder
from campaignkit.errors import ArtifactError, ClassifierError, Fault
from campaignkit.extras import require
from campaignkit.progress import Silent, Steps, reporting
from campaignkit.store import checked_path

Floats = NDArray[np.float64]


@dataclass(kw_only=True, eq=False, repr=False)
class TextLogistic(PenalisedLogistic):
    """What text models share: records are written as briefs, texts are taken as they are.

    Examples
    --------
    >>> brief_texts([{"brand": "Nike"}]), brief_texts(["as it is"])
    (['brand: Nike'], ['as it is'])
    """

    def fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Self:
        """Learn from labelled campaigns or texts, and return the classifier itself.

        Parameters
        ----------
        X : CampaignDataset, data frame, list of {modality: [values]}, or column or list of str
        y : sequence, optional
            One label per row: names or whole numbers. Without it the labels that `X` brings.
        sample_weight : float[rows], optional

        Raises
        ------
        ClassifierError
            If labels, texts or weights cannot be used.
        """
        self._check_parameters()
        texts = brief_texts(X, separator=self.separator)
        classes, codes = training_labels(X, y, len(texts))
        weights = row_weights(sample_weight, len(texts))
        # Rows with the same text are one group when rows are held out, as node sets are elsewhere.
        _, group = np.unique(np.array(texts), return_inverse=True)
        block = Block(group.astype(np.int32), np.arange(len(texts) + 1), codes.astype(np.uint8))
        rows = TrainingRows(block, Vocabulary(()), weights, classes)
        self._fit_columns(self._learn_columns(texts), rows)
        self.vocabulary_, self.classes_ = rows.vocabulary, classes
        return self

    def predict_proba(self, X: Any) -> Floats:
        """float64[rows, classes], probabilities in the order of `classes_`; rows add up to 1."""
        self._fitted_classes()
        columns = self._columns_of(brief_texts(X, separator=self.separator))
        return softmax(np.asarray(columns @ self.weights_) + self.bias_)

    def count_unseen(self, X: Any) -> dict[str, int]:
        """Empty: a text model knows words, not values."""
        del X
        return {}

    def _learn_columns(self, texts: Sequence[str]) -> Matrix:
        raise NotImplementedError

    def _columns_of(self, texts: Sequence[str]) -> Matrix:
        raise NotImplementedError


@dataclass(kw_only=True, eq=False, repr=False)
class TfidfLogistic(TextLogistic):
    """Logistic regression on words and pairs of neighbouring words, weighted by rarity.

    The columns are those of scikit-learn's ``TfidfVectorizer(ngram_range=(1, 2))``: needs the
    extra ``learn``.

    Parameters
    ----------
    min_rows : int
        Terms in fewer training rows are left out.
    penalty, held_out, seed, separator
        As for :class:`OneHotLogistic`.

    Attributes
    ----------
    terms_ : list of str
    idf_ : float64[terms]
    weights_, bias_ : float64[terms, classes], float64[classes]

    Examples
    --------
    >>> texts = ["good fit", "poor fit", "plain fit"] * 4
    >>> model = TfidfLogistic(min_rows=1, penalty=0.1).fit(texts, ["pos", "neg", "avg"] * 4)
    >>> model.predict(["good", "poor"]).tolist()
    ['pos', 'neg']
    """

    min_rows: int = 2

    terms_: list[str] = field(init=False)
    idf_: Floats = field(init=False)

    def _learn_columns(self, texts: Sequence[str]) -> Matrix:
        vectorizer = _vectorizer(
            min_df=checked_count(self.min_rows, "min_rows", error=ClassifierError)
        )
        try:
            columns = vectorizer.fit_transform(texts)
        except ValueError as err:
            raise ClassifierError(
                f"no term comes in {self.min_rows} of the {len(texts):,} texts",
                hint="give more rows, or min_rows=1",
            ) from err
        self.terms_ = vectorizer.get_feature_names_out().tolist()
        self.idf_ = vectorizer.idf_
        return columns

    def _columns_of(self, texts: Sequence[str]) -> Matrix:
        vectorizer = _vectorizer(vocabulary=self.terms_)
        vectorizer.idf_ = self.idf_
        return vectorizer.transform(texts)


@dataclass(kw_only=True, eq=False, repr=False)
class EmbeddingLogistic(TextLogistic):
    """Logistic regression on sentence embeddings of the briefs.

    Parameters
    ----------
    embedder : Embedder
        ``embed(texts)`` gives float32[rows, d]. After :meth:`load`, which cannot know it, the same
        one has to be given: ``EmbeddingLogistic.load(folder, embedder=...)``.
    batch_size : int
        Texts handed to it at a time.
    penalty, held_out, seed, separator
        As for :class:`OneHotLogistic`; the embedding is scaled to mean square 1 a column.

    Attributes
    ----------
    weights_, bias_ : float64[d, classes], float64[classes]
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

    embedder: Embedder = field(kw_only=False)
    batch_size: int = 256

    scale_: float = field(init=False)
    embedder_name_: str = field(init=False)

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

    def _check_parameters(self) -> None:
        super()._check_parameters()
        checked_count(self.batch_size, "batch_size", error=ClassifierError)

    def _learn_columns(self, texts: Sequence[str]) -> Matrix:
        rows = self._embedded(texts)
        self.embedder_name_ = self.embedder.name
        self.scale_ = float(1 / max(np.sqrt((rows**2).mean()), 1e-12))
        return rows * self.scale_

    def _columns_of(self, texts: Sequence[str]) -> Matrix:
        return self._embedded(texts) * self.scale_

    def _embedded(self, texts: Sequence[str]) -> Floats:
        size = checked_count(self.batch_size, "batch_size", error=ClassifierError)
        steps, parts = Steps(None, "embedding", len(texts)), []
        for start in range(0, len(texts), size):
            some = texts[start : start + size]
            with reporting(Silent()):
                parts.append(np.asarray(self.embedder.embed(some), np.float64))
            steps.step(len(some))
        rows = np.concatenate(parts)
        if rows.shape[0] != len(texts) or rows.ndim != 2 or not np.isfinite(rows).all():
            raise ClassifierError(
                f"{self.embedder.name} gave an array of shape {rows.shape} for {len(texts):,} "
                "texts; expected a row of finite numbers for each"
            )
        return rows

    def _plain_parameters(self) -> dict[str, Any]:
        return {k: v for k, v in super()._plain_parameters().items() if k != "embedder"}


def brief_texts(
    X: Any, *, separator: str | None = None, wordings: Wordings | None = None, seed: int = 0
) -> list[str]:
    """Texts as they are, or the briefs of records.

    Parameters
    ----------
    X : CampaignDataset, data frame, list of {modality: [values]}, or column or list of str
    separator : str, optional
        What divides the values of one cell of a record.

    Raises
    ------
    ClassifierError
        If there is none, a text is blank, a record is empty, or the two are mixed.

    Examples
    --------
    >>> brief_texts([{"geo": ["Peru"]}])
    ['geo: [Peru]']
    """
    if not _are_texts(X):
        found = read_records(X, separator=separator)
        refuse_empty(found.block)
        if separator is None:
            warn_of_combined(found.vocabulary)
        rows = CampaignDataset(found.block, found.vocabulary, found.label_names)
        return render_briefs(rows, wordings=wordings, seed=seed)
    texts = list(X)
    faults = [
        Fault(
            f"row {row}", "is blank" if isinstance(text, str) else f"is not a text: {text!r:.40}"
        )
        for row, text in enumerate(texts)
        if not isinstance(text, str) or not text.strip()
    ]
    if faults:
        raise ClassifierError("these texts cannot be read", faults=faults)
    return [str(text) for text in texts]


def prompt_texts(
    records: Any, *, style: str | int | PromptTemplate, separator: str | None = None
) -> list[str]:
    """Whole prompts for a language model: texts as they are, records written in a prompt style.

    `separator` divides the values of a record's cell, as for :func:`brief_texts`.

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
    texts = brief_texts(records, separator=separator)
    return texts if _are_texts(records) else [template.render(brief) for brief in texts]


def _are_texts(X: Any) -> bool:
    if hasattr(X, "to_list"):  # a column of a data frame, whatever its index
        X = X.to_list()
    is_list = isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.ndim == 1)
    return is_list and len(X) > 0 and isinstance(X[0], str)


def _vectorizer(**settings: Any) -> Any:
    text = require("sklearn.feature_extraction.text", extra="learn", user="TfidfLogistic")
    return text.TfidfVectorizer(ngram_range=(1, 2), **settings)
