"""A recommender from a file or a folder: campaigns with labels, a saved model, a graph."""

from __future__ import annotations

from pathlib import Path

from campaignkit.classify import PairwiseOrdinalClassifier
from campaignkit.dataset import CampaignDataset
from campaignkit.graph import SignedGraph
from campaignkit.recommend.recommender import Recommender
from campaignkit.store import read_manifest


def recommender_at(path: Path) -> Recommender:
    """A recommender of labelled campaigns, of a saved model or of a graph.

    Raises
    ------
    ArtifactError
        If there is none of them.

    Examples
    --------
    >>> import tempfile
    >>> import campaignkit as ck
    >>> graph = ck.SignedGraph.from_edges([ck.Edge(("geo", "Peru"), ("brand", "Nike"), 1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     graph.write_csv(Path(folder, "edges.csv"))
    ...     type(recommender_at(Path(folder, "edges.csv"))).__name__
    'Recommender'
    """
    kind = read_manifest(path).kind if path.is_dir() or not path.suffix else path.suffix
    if kind == "graph":
        return Recommender(SignedGraph.load(path))
    if kind == ".csv":
        return Recommender(SignedGraph.read_csv(path))
    if kind in {"dataset", ".jsonl", ".parquet"}:
        campaigns = CampaignDataset.read(path)
        return Recommender(PairwiseOrdinalClassifier().fit(campaigns), campaigns)
    return Recommender(PairwiseOrdinalClassifier.load(path))
