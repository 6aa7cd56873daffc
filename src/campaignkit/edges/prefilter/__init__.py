"""The published cluster pre-filter: judge clusters of attributes first, pairs where it matters."""

from __future__ import annotations

from campaignkit.edges.prefilter.bands import Bands, Route
from campaignkit.edges.prefilter.build import ClusterPrefilter, embedded_text
from campaignkit.edges.prefilter.clusterer import HDBSCAN, Clusterer
from campaignkit.edges.prefilter.clustering import Cluster, Clustering, cluster_catalogue
from campaignkit.edges.prefilter.labels import ClusterLabel
from campaignkit.edges.prefilter.picture import draw_clusters
from campaignkit.edges.prefilter.prefiltering import Prefiltering
from campaignkit.edges.prefilter.reduction import PCA, UMAP, Reduction
from campaignkit.edges.prefilter.scores import ClusterScore

__all__ = [
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
    "Prefiltering",
    "Reduction",
    "Route",
    "cluster_catalogue",
    "draw_clusters",
    "embedded_text",
]
