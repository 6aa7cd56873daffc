"""Classifiers in a table, along a curve, and without a feature; the floor and the ceiling."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import polars
import pytest

import campaignkit as ck
from campaignkit.classify import LABELS, MajorityClassifier
from campaignkit.errors import EvaluationError
from campaignkit.evaluation import labelled_rows, signal_shares
from campaignkit.store import origin_digest

RANGES = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 2)}


@pytest.fixture(scope="module")
def world() -> tuple[ck.SignedGraph, ck.SamplingSpec, ck.CampaignDataset]:
    graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    spec = ck.diagnose(graph, type_ranges=RANGES).suggest({"pos": 150, "avg": 200, "neg": 150})
    return graph, spec, ck.AnnealingSampler(graph, spec, seed=3).sample()


class Recaller:
    """A classifier that remembers the label of each training row's brand; a real one."""

    def __init__(self) -> None:
        self.classes_ = np.array(sorted(LABELS))

    def fit(self, records: ck.CampaignDataset, labels: np.ndarray) -> Recaller:
        self._counts: dict[tuple[str, ...], np.ndarray] = {}
        for campaign, label in zip(records, labels, strict=True):
            key = campaign.attributes.get("brand", ())
            counts = self._counts.setdefault(key, np.ones(3))
            counts[self.classes_.tolist().index(label)] += 1
        return self

    def predict_proba(self, records: ck.CampaignDataset) -> np.ndarray:
        rows = [self._counts.get(c.attributes.get("brand", ()), np.ones(3)) for c in records]
        return np.array([row / row.sum() for row in rows])

    def predict(self, records: ck.CampaignDataset) -> np.ndarray:
        return self.classes_[self.predict_proba(records).argmax(axis=1)]


class Shifted:
    """A tuner that adds to the log-probability of pos what suits the validation rows best."""

    def fit(self, probabilities: np.ndarray, labels: np.ndarray) -> Shifted:
        offsets = np.linspace(-1, 1, 21)
        truth = np.searchsorted(sorted(LABELS), labels)
        hits = [(self._told(probabilities, shift) == truth).mean() for shift in offsets]
        self.shift = float(offsets[int(np.argmax(hits))])
        return self

    def predict(self, probabilities: np.ndarray) -> np.ndarray:
        return np.array(sorted(LABELS))[self._told(probabilities, self.shift)]

    def _told(self, probabilities: np.ndarray, shift: float) -> np.ndarray:
        return (np.log(probabilities) + np.array([0, 0, shift])).argmax(axis=1)

    def __repr__(self) -> str:
        return "Shifted()"


def test_the_graph_scores_one_on_its_own_campaigns_and_less_with_labels_redrawn(world) -> None:
    graph = world[0]
    spec = ck.diagnose(graph, type_ranges=RANGES).suggest({"pos": 150, "neg": 150})
    dataset = ck.AnnealingSampler(graph, spec, seed=3).sample()
    labels = dataset.labels.copy()
    labels[:9] = labels[-9:]

    clean = ck.evaluation.GraphOracle(graph, spec).score(dataset)
    noisy = ck.Yardsticks.measure((dataset, labels), graph=graph, spec=spec).oracle

    assert (clean.macro_f1, clean.num_outside, clean.num_ambiguous) == (1.0, 0, 0)
    assert noisy is not None
    assert 0.9 < noisy.macro_f1 < 1.0


def test_where_boxes_overlap_the_graph_takes_the_likelier_label(world) -> None:
    graph, spec, dataset = world
    told = ck.evaluation.GraphOracle(graph, spec).predict(dataset)
    score = ck.evaluation.GraphOracle(graph, spec).score(dataset)

    # Every way to settle the rows in two boxes by a fixed order of labels, the oracle's included.
    distances = ck.evaluation.GraphOracle(graph, spec)._distances(dataset)
    names = np.array([*spec.label_params])
    orders = [np.array(order) for order in permutations(range(3))]
    hits = [
        (names[order[distances[:, order].argmin(axis=1)]] == dataset.labels).mean()
        for order in orders
    ]

    assert score.num_ambiguous > 50
    assert score.accuracy == (told == dataset.labels).mean()
    assert score.accuracy > max(hits) - 0.02
    assert max(hits) - min(hits) > 0.05


def test_signal_shares_add_up_and_follow_the_pairs(world) -> None:
    graph, _, dataset = world

    shares = signal_shares(dataset, graph)

    assert sum(shares.by_modality.values()) == pytest.approx(1.0)
    assert sum(shares.by_pair.values()) == pytest.approx(1.0)
    # Counted again, row by row, for one pair of modalities.
    nets = []
    for campaign in dataset:
        keys = [(m, v) for m, values in campaign.attributes.items() for v in values]
        pairs = [(a, b) for i, a in enumerate(keys) for b in keys[i + 1 :]]
        signs = {
            pair: (graph.sign(*pair) or 0) if pair[0][0] != pair[1][0] else 0 for pair in pairs
        }
        both = sum(s for (a, b), s in signs.items() if {a[0], b[0]} == {"audience", "brand"})
        nets.append((both / len(pairs), sum(signs.values()) / len(pairs)))
    part, whole = np.array(nets).T
    expected = np.cov(part, whole, bias=True)[0, 1] / whole.var()
    assert shares.by_pair["audience", "brand"] == pytest.approx(expected)


def test_each_classifier_is_fitted_tuned_scored_timed_and_logged(world, tmp_path: Path) -> None:
    graph, _, dataset = world
    rest, test = dataset.split(test=0.3)
    train, held = rest.split(test=0.3)
    log = ck.RunLog(tmp_path / "runs.jsonl")

    spec_digest = dataset.provenance.spec_digest
    table = ck.compare_classifiers(
        {"majority": MajorityClassifier(), "by brand": Recaller()},
        train, test, validation=held, tuner=Shifted(), graph=graph, run_log=log, seed=2,
    )  # fmt: skip
    read = log.read()

    assert table.best.name == "by brand"
    assert table.yardsticks.oracle.macro_f1 > table.best.scores.macro_f1
    assert 0 < table.yardsticks.one_hot.macro_f1 < 1
    assert read.faults == ()
    assert [r.kind for r in read.records] == ["fit", "evaluation", "evaluation"] * 2
    kept = read.records[4]
    assert kept.scores["macro_f1"] == table["by brand"].scores.macro_f1
    assert kept.dataset.digest == labelled_rows(test).digest() == read.records[1].dataset.digest
    assert kept.lineage == {
        "campaigns": origin_digest({"graph": graph.digest, "spec": spec_digest}, 3),
        "graph": graph.digest, "fit": read.records[3].run_id,
    }  # fmt: skip
    assert read.records[5].parameters["decision"] == "Shifted()"
    predictions = log.read_predictions(kept)
    assert list(predictions.truth) == test.labels.tolist()
    # What stands in the log is enough for a paired test.
    other = log.read_predictions(read.records[1])
    assert ck.compare_predictions(
        predictions.truth,
        predictions.probabilities,
        other.probabilities,
        labels=predictions.labels,
    ) == table.paired("by brand", "majority")
    assert "(the graph itself)" in table.to_markdown()


def test_records_may_be_a_data_set_a_frame_or_a_list(world) -> None:
    _, _, dataset = world
    frame = dataset.to_frame(backend="polars")
    records = [dict(campaign.attributes) for campaign in dataset]

    digests = {
        labelled_rows(data).digest()
        for data in (dataset, (frame.drop("label"), frame["label"]), (records, dataset.labels))
    }

    assert isinstance(frame, polars.DataFrame)
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("train", "given", "said"),
    [
        (([{"geo": "Peru"}], ["neg", "pos"]), {}, "train: 1 records and 2 labels"),
        (([{"geo": "Peru"}], ["good"]), {}, r"train: labels\[0\]: 'good'"),
        ([{"geo": "Peru"}], {}, "train: list; expected a CampaignDataset"),
        (([], []), {}, "no rows"),
        (None, {"tuner": Shifted()}, "needs validation rows"),
        (None, {"classifiers": {}}, "no classifier"),
    ],
)
def test_what_cannot_be_compared_is_a_clear_error(
    train: object, given: dict[str, object], said: str
) -> None:
    rows = ([{"geo": "Peru"}] * 3, ["neg", "avg", "pos"])
    classifiers = given.pop("classifiers", {"majority": MajorityClassifier()})

    with pytest.raises(EvaluationError, match=said):
        ck.compare_classifiers(classifiers, train or rows, rows, **given)


def test_a_learning_curve_grows_and_its_parts_contain_each_other(world, tmp_path: Path) -> None:
    _, _, dataset = world
    train, test = dataset.split(test=0.3)

    log = ck.RunLog(tmp_path / "runs.jsonl")
    curve = ck.learning_curve(
        {"by brand": lambda seed: Recaller()}, train, test, sizes=[20, 340], num_seeds=2,
        run_log=log,
    )  # fmt: skip

    few, many = curve.points["by brand"]
    assert (few.num_rows, many.num_rows, many.num_seeds) == (20, 340, 2)
    assert many.log_loss < few.log_loss
    assert [r.dataset.num_rows for r in log.read().records if r.kind == "fit"] == [20] * 2 + [
        340
    ] * 2
    assert "340" in curve.to_markdown() and "<svg" in curve.to_svg()
    with pytest.raises(EvaluationError, match="expected 3"):
        ck.learning_curve({"by brand": lambda seed: Recaller()}, train, test, sizes=[2, 10_000])


def test_leaving_out_what_a_classifier_reads_costs_and_what_it_does_not_read_is_free(
    world, tmp_path: Path
) -> None:
    graph, _, dataset = world
    train, test = dataset.split(test=0.4)
    log = ck.RunLog(tmp_path / "runs.jsonl")

    report = ck.FeatureAblation(lambda seed: Recaller(), num_seeds=2).run(
        train, test, graph=graph, run_log=log
    )

    drops = {found.feature: found for found in report.drops}
    low, high = drops["brand"].interval
    assert report.drops[0].feature == "brand"
    assert 0 < low <= drops["brand"].drop <= high
    assert drops["geo"].drop_by_seed == (0.0, 0.0)
    assert drops["brand"].log_loss > report.log_loss == drops["geo"].log_loss
    assert sum(found.signal_share for found in report.drops) == pytest.approx(1.0)
    assert len(log.read().records) == 2 * 2 * 5
    assert "true share of signal" in report.to_markdown()


def test_an_ablation_that_cannot_be_run_is_refused_before_any_fit() -> None:
    rows = ([{"geo": "Peru"}, {"geo": "Chile", "brand": "Nike"}], ["neg", "pos"])
    ablation = ck.FeatureAblation(lambda seed: MajorityClassifier())

    with pytest.raises(EvaluationError, match="geo: 1 training rows hold nothing else, first: 0"):
        ablation.run(rows, rows)
    with pytest.raises(EvaluationError, match="color: is no modality"):
        ablation.run(rows, rows, features=["color"])
    with pytest.raises(EvaluationError, match="train_share: is 2; expected"):
        ck.FeatureAblation(lambda seed: MajorityClassifier(), train_share=2, num_seeds=0)
