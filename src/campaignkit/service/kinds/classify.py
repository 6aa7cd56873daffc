"""Jobs of kind ``classify``: train a classifier on labelled campaigns, score it and predict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from campaignkit.service.jobs import Cost, Plan
from campaignkit.service.kinds.kind import Files, Kind, Tell
from campaignkit.service.kinds.request import OF_JSON, InputFile, Request, Whole
from campaignkit.store import csv_text, escape_cell

if TYPE_CHECKING:
    from campaignkit.dataset import CampaignDataset

CLASSIFIERS = {
    "majority": "MajorityClassifier",
    "one-hot-logistic": "OneHotLogistic",
    "pair-logistic": "PairLogistic",
    "pairwise-ordinal": "PairwiseOrdinalClassifier",
    "boosted-trees": "BoostedTrees",
}


class ClassifyRequest(Request):
    """Campaigns with labels to learn from; others to predict, or a share of the same to test."""

    campaigns: InputFile
    predict: InputFile | None = None
    classifier: Literal[
        "majority", "one-hot-logistic", "pair-logistic", "pairwise-ordinal", "boosted-trees"
    ] = "pairwise-ordinal"
    test: Annotated[float, Field(gt=0, lt=1), OF_JSON] = 0.3
    seed: Whole = 0


class ClassifyKind(Kind[ClassifyRequest]):
    """Trains a classifier of the library with its defaults."""

    name: ClassVar[str] = "classify"
    request: ClassVar[type[Request]] = ClassifyRequest

    def plan(self, request: ClassifyRequest, files: Files) -> Plan:
        """The campaigns that are learned from and predicted."""
        train, test = _parts(request, files)
        rows = len(train) + len(test)
        return Plan((), Cost(rows=rows, bytes=10_000 + 200 * len(test)), 2, "steps")

    def run(
        self, request: ClassifyRequest, files: Files, out: Path, kept: Path, tell: Tell
    ) -> tuple[Mapping[str, Any], Cost]:
        """Write ``predictions.csv``, in the order of the rows, and ``scores.json``."""
        from campaignkit import classify
        from campaignkit.evaluation import evaluate

        train, test = _parts(request, files)
        classifier = getattr(classify, CLASSIFIERS[request.classifier])().fit(train)
        tell(1, 2)
        shares, labels = classifier.predict_proba(test), [*map(str, classifier.classes_)]
        predicted = [*map(str, classifier.predict(test))]
        rows = zip(predicted, shares.tolist(), strict=True)
        names = [*map(escape_cell, labels)]
        table = [["row", "predicted", *names]]
        table += [
            [str(i), escape_cell(label), *map(repr, row)] for i, (label, row) in enumerate(rows)
        ]
        scores = evaluate(test.labels, predicted, seed=request.seed).to_dict()
        out.mkdir()
        (out / "predictions.csv").write_text(csv_text(table), encoding="utf-8")
        (out / "scores.json").write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
        tell(2, 2)
        return scores, Cost(rows=len(train) + len(test))


def _parts(request: ClassifyRequest, files: Files) -> tuple[CampaignDataset, CampaignDataset]:
    from campaignkit.dataset import CampaignDataset

    campaigns = CampaignDataset.read(files.path(request.campaigns))
    if request.predict is None:
        return campaigns.split(test=request.test, seed=request.seed)
    return campaigns, CampaignDataset.read(files.path(request.predict))
