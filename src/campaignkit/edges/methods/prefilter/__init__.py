"""The published cluster pre-filter: judge clusters of attributes first, pairs where it matters."""

from __future__ import annotations

from campaignkit.edges.methods.prefilter.builder import ClusterPrefilter, embedded_text
from campaignkit.edges.methods.prefilter.clustering import (
    HDBSCAN,
    PCA,
    UMAP,
    Cluster,
    Clusterer,
    Clustering,
    Reduction,
    cluster_catalogue,
)
from campaignkit.edges.methods.prefilter.describing import (
    Descriptions,
    describe_attributes,
    describe_request,
)
from campaignkit.edges.methods.prefilter.labels import ClusterLabel
from campaignkit.edges.methods.prefilter.prefiltering import Prefiltering
from campaignkit.edges.methods.prefilter.prompts import GUIDES, Guide, guide_for
from campaignkit.edges.methods.prefilter.routing import Bands, Route
from campaignkit.edges.methods.prefilter.scores import ClusterScore

__all__ = [
    "GUIDES",
    "HDBSCAN",
    "PCA",
    "UMAP",
    "Bands",
    "Cluster",
    "ClusterLabel",
    "ClusterPrefilter",
    "ClusterScore",
    "Clusterer",
    "Clustering",
    "Descriptions",
    "Guide",
    "Prefiltering",
    "Reduction",
    "Route",
    "cluster_catalogue",
    "describe_attributes",
    "describe_request",
    "embedded_text",
    "guide_for",
]
