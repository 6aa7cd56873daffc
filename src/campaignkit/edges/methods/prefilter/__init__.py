"""The published cluster pre-filter: judge clusters of attributes first, pairs where it matters."""

from __future__ import annotations

from campaignkit.edges.methods.prefilter.asking import (
    ClusterLabel,
    ClusterScore,
    Descriptions,
    describe_attributes,
    describe_request,
)
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
from campaignkit.edges.methods.prefilter.prompts import GUIDES, Guide, PrefilterPrompts
from campaignkit.edges.methods.prefilter.routing import Bands, Prefiltering, Route

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
    "PrefilterPrompts",
    "Prefiltering",
    "Reduction",
    "Route",
    "cluster_catalogue",
    "describe_attributes",
    "describe_request",
    "embedded_text",
]
