"""The classifiers of the main job: trained on its train side, scored on its test side, logged."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from campaignkit.progress import Progress

if TYPE_CHECKING:
    from campaignkit.classify import Classifier
    from campaignkit.dataset import CampaignDataset
    from campaignkit.evaluation import ClassifierTable
    from campaignkit.graph import SignedGraph
    from campaignkit.runs import RunLog

_FAMILIES = {
    "majority": "baseline",
    "one-hot logistic": "baseline",
    "pair logistic": "baseline",
    "pairwise ordinal": "pairwise",
    "TF-IDF logistic": "text",
    "hashed text logistic": "text",
    "boosted trees": "trees",
}
FEWEST = 20  # training rows of a label; below, a score says nothing


def train_classifiers(
    train: CampaignDataset,
    test: CampaignDataset,
    *,
    graph: SignedGraph,
    run_log: RunLog,
    all_baselines: bool = False,
    progress: Progress | None = None,
) -> ClassifierTable | None:
    """Fit and score the pairwise classifier and its baselines; None where rows are too few.

    Parameters
    ----------
    train, test : CampaignDataset
    graph : SignedGraph
        What made the labels: its own score is the ceiling.
    run_log : RunLog
    all_baselines : bool
        Also text models and boosted trees; needs the extra ``boost``.
    progress : Progress, optional

    Raises
    ------
    MissingExtra
        If `all_baselines` is asked for and LightGBM or scikit-learn is not installed.

    Examples
    --------
    >>> train_classifiers.__name__
    'train_classifiers'
    """
    from campaignkit.classify import LABELS
    from campaignkit.evaluation import compare_classifiers

    if any(train.label_counts.get(name, 0) < FEWEST for name in LABELS) or len(test) < FEWEST:
        return None
    return compare_classifiers(
        {**_core(), **(_others() if all_baselines else {})},
        train,
        test,
        graph=graph,
        run_log=run_log,
        dataset_name="quickstart",
        families=_FAMILIES,
        progress=progress,
    )


def _core() -> dict[str, Classifier]:
    from campaignkit.classify import (
        MajorityClassifier,
        OneHotLogistic,
        PairLogistic,
        PairwiseOrdinalClassifier,
    )

    return {
        "majority": MajorityClassifier(),
        "one-hot logistic": OneHotLogistic(),
        "pair logistic": PairLogistic(),
        "pairwise ordinal": PairwiseOrdinalClassifier(),
    }


def _others() -> dict[str, Classifier]:
    from campaignkit.classify import BoostedTrees, EmbeddingLogistic, TfidfLogistic
    from campaignkit.embed import HashingEmbedder

    return {
        "TF-IDF logistic": TfidfLogistic(),
        # Its load asks for the embedder too, which the protocol's does not.
        "hashed text logistic": cast("Classifier", EmbeddingLogistic(HashingEmbedder())),
        "boosted trees": BoostedTrees(),
    }
