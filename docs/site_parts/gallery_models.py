"""Exhibits of graphs built by a simulated model, and of classifiers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import campaignkit as ck
from campaignkit.report import charts
from site_parts.exhibit import Exhibit


def building() -> Iterator[Exhibit]:
    """What calls buy, and a map of attributes; simulated."""
    world = ck.simulation.RehearsalWorld(80, seed=1)
    catalogue = world.carded()
    full = ck.build_graph(catalogue, scorer=world.scorer(), method=ck.BruteForce(), seed=1)
    points = []
    for calls in (15, 25, 40, 60):
        cheap = ck.build_graph(
            catalogue, scorer=world.scorer(), budget=ck.Budget(calls=calls),
            method=ck.ActiveBuilder(target_disagreement=None), seed=2,
        )  # fmt: skip
        agreement = ck.compare(full.graph, cheap.graph).overall.three_way_agreement
        points.append((cheap.report.calls, agreement))
    again = ck.build_graph(catalogue, scorer=world.scorer(), method=ck.BruteForce(), seed=2)
    methods = {
        "active builder": points,
        "all pairs, once more": [
            (again.report.calls, ck.compare(full.graph, again.graph).overall.three_way_agreement)
        ],
    }
    yield Exhibit(
        "calls", "Calls against quality", "calls_chart(methods)",
        "simulated: 80 attributes, a model with 5% flips; agreement with a complete build of its.",
        charts.calls_chart(methods, quality="three-way agreement"),
    )  # fmt: skip


def clusters() -> Iterator[Exhibit]:
    """The brands of the bundled catalogue, clustered as the pre-filter does."""
    from campaignkit.edges.methods.prefilter import HDBSCAN, PCA, cluster_catalogue

    retail = ck.Catalogue.bundled("retail-160")
    brands = ck.Catalogue([a for a in retail if a.modality == "brand"])
    texts = [" ".join([*a.items("category"), *a.items("appeals_to")]) for a in brands]
    rows = ck.HashingEmbedder().embed(texts)
    found = cluster_catalogue(
        brands, rows, reduction=PCA(), clusterer=HDBSCAN(min_samples=1), noise="alone",
    )  # fmt: skip
    sizes = [len(cluster.members) for cluster in found.clusters]
    numbers = {i: n for n, i in enumerate(i for i, size in enumerate(sizes) if size > 1)}
    codes = [numbers.get(code, -1) for code in found.of_attribute.tolist()]
    yield Exhibit(
        "clusters", "A cluster map", "cluster_chart(points, clusters, names)",
        "the brands of the bundled catalogue by the words of their traits, clustered as in the "
        "published pre-filter; a good part is in no cluster.",
        charts.cluster_chart(found.places, codes, [a.value for a in brands]),
    )  # fmt: skip


def classifying() -> Iterator[Exhibit]:
    """Learning curves, a confusion, calibration, an ablation; on a recipe's synthetic data."""
    made = ck.recipes.load("balanced-5").vary(train_rows=6_000, test_rows=3_000).generate(seed=7)
    train, test = made.train, made.test
    makers = {
        "pairs, rank 8": lambda seed: ck.PairwiseOrdinalClassifier(rank=8, seed=seed),
        "single attributes": lambda seed: ck.OneHotLogistic(),
    }
    curve = ck.learning_curve(makers, train, test, sizes=[300, 1000, 3000, 6000], num_seeds=2)
    lines = {
        name: [(p.num_rows, p.macro_f1, p.lowest, p.highest) for p in points]
        for name, points in curve.points.items()
    }
    on = "6,000 training rows of a smaller `balanced-5` (synthetic)"
    yield Exhibit(
        "learning", "Learning curves", "learning_chart(curves)",
        f"{on}; bars are the range over two parts.", charts.learning_chart(lines),
    )  # fmt: skip
    table = ck.compare_classifiers({name: make(0) for name, make in makers.items()}, train, test)
    best = table["pairs, rank 8"]
    yield Exhibit(
        "confusion", "Confusion", "confusion_chart(matrix, labels)", f"the pair model, {on}.",
        charts.confusion_chart(best.scores.confusion, best.scores.labels),
    )  # fmt: skip
    told = {}
    for result in table:
        rows = result.run.rows
        assert rows.probabilities is not None
        told[result.name] = (rows.probabilities.max(axis=1), rows.predicted == rows.truth)
    yield Exhibit(
        "calibration", "Calibration", "calibration_chart(models)",
        "the probability each gave its answer, against how often it was right.",
        charts.calibration_chart(told),
    )  # fmt: skip
    make = partial(ck.PairwiseOrdinalClassifier, rank=8)
    report = ck.FeatureAblation(lambda seed: make(seed=seed), num_seeds=2).run(train, test)
    drops = {drop.feature: (drop.drop, *drop.interval) for drop in report.drops}
    yield Exhibit(
        "ablation", "Ablation", "ablation_chart(drops)",
        "macro F1 lost without one modality, the model fitted anew each time.",
        charts.ablation_chart(drops, whole=best.scores.macro_f1),
    )  # fmt: skip
