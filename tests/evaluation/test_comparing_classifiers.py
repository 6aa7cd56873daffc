"""Classifiers in a table, along a curve, and without a feature; the floor and the ceiling."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pandas
import polars
import pytest
from sklearn.metrics import f1_score, log_loss

import campaignkit as ck
from campaignkit.classify import LABELS, MajorityClassifier
from campaignkit.errors import ClassifierError, EvaluationError
from campaignkit.evaluation import labelled_rows, signal_shares
from campaignkit.report.classifier_section import classifier_section
from campaignkit.report.leaderboard import rank_runs
from campaignkit.report.subject import Subject
from campaignkit.runs import RunLog
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
    found = ck.compare_predictions(
        predictions.truth, predictions.probabilities, other.probabilities,
        labels=predictions.labels,
    ).to_dict()  # fmt: skip
    paired = table.paired("by brand", "majority").to_dict()
    assert found.pop("log_loss_difference") == pytest.approx(paired.pop("log_loss_difference"))
    assert found == paired
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
        (([{"geo": "Peru"}] * 2, ["good", "neg"]), {}, r"train: labels\[0\]: 'good'"),
        ([{"geo": "Peru"}], {}, "train: list without labels; expected a CampaignDataset"),
        (pandas.DataFrame({"geo": ["Peru"]}), {}, "have the labels in a column 'label'"),
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
        ck.compare_classifiers(classifiers, rows if train is None else train, rows, **given)


ONE = ck.OneHotLogistic()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([ONE, ONE], r"expected a dict of them by name\n  hint: give \{\"name\": classifier\}"),
        (ONE, "classifiers are OneHotLogistic"),
        ({1: ONE}, "by name"),
        ({"oh": ck.OneHotLogistic}, r"oh is the class OneHotLogistic.*\n.*OneHotLogistic\(\)"),
        ({"oh": "OneHot"}, "oh is a str; expected a classifier"),
        ({"oh": None}, "oh is a NoneType; expected a classifier"),
    ],
)
def test_what_is_no_classifier_by_name_is_told_by_every_door(given: object, said: str) -> None:
    rows = ([{"geo": "Peru"}, {"geo": "Chile"}] * 3, ["neg", "pos"] * 3)

    for compare in (ck.compare_classifiers, ck.learning_curve):
        with pytest.raises(EvaluationError, match=said):
            compare(given, rows, rows)
    if isinstance(given, dict) and "oh" in given:
        with pytest.raises(EvaluationError, match=said.replace("oh", "classifier", 1)):
            ck.FeatureAblation(given["oh"])
    with pytest.raises(EvaluationError, match="expected a classifier with get_params"):
        ck.FeatureAblation(Recaller())
    with pytest.raises(EvaluationError, match="what the function made is the class OneHot"):
        ck.learning_curve({"oh": lambda seed: ck.OneHotLogistic}, rows, rows, sizes=[4])


def test_an_error_of_a_fit_names_the_classifier() -> None:
    class Broken(MajorityClassifier):
        def fit(self, X: object, y: object = None) -> Broken:
            raise KeyError("foreign")

    rows = ([{"geo": "Peru"}, {"geo": "Chile"}, {"geo": "Cuba"}] * 3, ["low", "mid", "high"] * 3)
    one, cuts = {"one-hot": ONE}, ck.DecisionTuner("cuts")
    ordinal = {"my ordinal": ck.PairwiseOrdinalClassifier()}

    with pytest.raises(ClassifierError, match="my ordinal: the order of the labels"):
        ck.compare_classifiers(ordinal, rows, rows)
    with pytest.raises(ClassifierError, match="my ordinal: the order of the labels"):
        ck.learning_curve(ordinal, rows, rows, sizes=[9])
    with pytest.raises(ClassifierError, match="one-hot: the tuner: the order of the labels"):
        ck.compare_classifiers(one, rows, rows, validation=rows, tuner=cuts)
    with pytest.raises(KeyError) as caught:
        ck.compare_classifiers({"theirs": Broken()}, rows, rows)
    assert caught.value.__notes__ == ["classifier: theirs"]


def test_notes_on_the_scores_are_printed_and_results_are_a_line() -> None:
    rows = [{"geo": "Peru", "brand": "Nike"}, {"geo": "Chile", "brand": "Puma"}] * 10
    words, codes = ["lose", "win"] * 10, [0, 1] * 10
    two = {"one-hot": ONE, "majority": MajorityClassifier()}

    table = ck.compare_classifiers(two, (rows, words), (rows, codes))
    report = ck.FeatureAblation(ONE, num_seeds=1).run((rows, words), (rows, words))

    assert "\nnote: no training row is 0, 1\n" in str(table)
    assert "\nnote: one-hot: no row is truly win; its F1 is 0" in str(table)
    assert "no training row is 0, 1" in table._repr_html_()
    section = classifier_section(Subject(rows, *[None] * 3, classifiers=table))
    assert section is not None and "<p>Note: no training row is 0, 1</p>" in section.body
    assert repr(table["one-hot"]).startswith("ClassifierResult(one-hot, Scores(20 rows")
    assert max(len(repr(table["one-hot"])), len(repr(report))) < 150
    assert repr(report).startswith("AblationReport(macro F1 1.000 on 20 rows; drops: ")


OWN = {"poor": -1, "fair": 0, "good": 1, "great": 2}


def own_rows(num: int, seed: int = 0) -> tuple[list[dict[str, str]], list[str]]:
    """Rows whose four labels follow from two brands and two places, nearly always."""
    rng = np.random.default_rng(seed)
    brand, geo = rng.integers(0, 2, num), rng.integers(0, 2, num)
    codes = np.where(rng.random(num) < 0.9, 2 * brand + geo, rng.integers(0, 4, num))
    rows = [
        {"brand": f"b{b}", "geo": f"g{g}", "audience": f"a{i % 3}"}
        for i, (b, g) in enumerate(zip(brand, geo, strict=True))
    ]
    return rows, [list(OWN)[code] for code in codes]


def test_labels_of_any_names_and_number_go_through_all_of_it(tmp_path: Path) -> None:
    train, test, held = own_rows(400), own_rows(200, 1), own_rows(200, 2)
    models = {"one-hot": ck.OneHotLogistic(), "majority": MajorityClassifier()}

    table = ck.compare_classifiers(
        models, train, test, validation=held, tuner=ck.DecisionTuner("offsets"),
        labels=list(OWN), run_log=tmp_path / "runs",
    )  # fmt: skip
    ablation = ck.FeatureAblation(models["one-hot"], num_seeds=2).run(train, test)
    curve = ck.learning_curve(models, train, test, sizes=[100, 400], num_seeds=1)
    ranked = rank_runs(RunLog(tmp_path / "runs").read().records, "macro_f1")

    assert table.best.name == "one-hot"
    assert list(table.best.scores.f1) == list(OWN)
    assert table.yardsticks.one_hot is not None and table.yardsticks.one_hot.macro_f1 > 0.7
    assert table.best.scores.macro_f1 == pytest.approx(
        f1_score(test[1], models["one-hot"].predict(test[0]), average="macro")
    )
    assert set(ablation.f1) == set(OWN)
    left = {found.feature: found.f1 for found in ablation.drops}
    assert all(left["brand"][name] < ablation.f1[name] for name in OWN)
    assert ablation.drops[-1].feature == "audience"
    assert curve.points["one-hot"][1].macro_f1 > 0.7
    assert set(ranked.rows[0].per_label) == set(OWN)


def test_labels_are_taken_as_they_are_written() -> None:
    rows, words = own_rows(200)
    codes = [OWN[word] + 1 for word in words]
    binary = [word in ("good", "great") for word in words]

    def score(labels: list[object]) -> ck.evaluation.Scores:
        return ck.compare_classifiers({"it": ck.OneHotLogistic()}, (rows, labels), (rows, labels))[
            "it"
        ].scores

    # What is learned does not hang on names; in their order ties may fall otherwise.
    assert score(codes).labels == ("0", "1", "2", "3")
    assert score(codes).accuracy == pytest.approx(score(words).accuracy)
    assert score(binary).labels == ("False", "True")
    assert score([str(label) for label in binary]).accuracy == score(binary).accuracy


def test_any_classifier_of_scikit_learn_stands_in_the_table() -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder
    from sklearn.svm import LinearSVC

    (rows, labels), (tested, truth) = own_rows(300), own_rows(150, 1)
    train, test = pandas.DataFrame(rows), pandas.DataFrame(tested)
    encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["brand", "geo"]))
    models = {
        "theirs": make_pipeline(encoder, LogisticRegression()),
        "without probabilities": make_pipeline(encoder, LinearSVC()),
        "ours": ck.OneHotLogistic(),
    }

    table = ck.compare_classifiers(models, (train, labels), (test, truth))
    report = ck.FeatureAblation(
        make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()), num_seeds=1
    ).run((train, labels), (test, truth))

    theirs = models["theirs"]
    assert table["theirs"].scores.log_loss == pytest.approx(
        log_loss(truth, theirs.predict_proba(test))
    )
    assert table["theirs"].scores.macro_f1 == pytest.approx(
        f1_score(truth, theirs.predict(test), average="macro")
    )
    assert table["without probabilities"].scores.log_loss is None
    assert table["without probabilities"].scores.accuracy > 0.8
    assert report.drops[-1].feature == "audience"
    assert len(str(table)) < 1500


def test_what_a_test_set_may_spring_on_a_model_gets_a_right_answer_or_words() -> None:
    rows, labels = own_rows(300)
    three = [i for i, label in enumerate(labels) if label != "great"]
    train = ([rows[i] for i in three], [labels[i] for i in three])
    model = {"it": ck.OneHotLogistic()}

    only_there = ck.compare_classifiers(model, train, (rows, labels))["it"]
    one_class = ck.compare_classifiers(model, train, (rows[:20], ["fair"] * 20))["it"]
    one_row = ck.compare_classifiers(model, train, (rows[:1], labels[:1]))["it"]

    assert only_there.scores.f1["great"] == 0.0
    assert only_there.run.notes == ("no training row is great",)
    assert only_there.scores.log_loss > 1
    assert any("is truly good" in note for note in one_class.scores.notes)
    assert one_row.scores.num_rows == 1
    with pytest.raises(ClassifierError, match="all training rows are 'fair'"):
        ck.compare_classifiers(model, (rows[:20], ["fair"] * 20), (rows, labels))
    with pytest.raises(EvaluationError, match="gave predictions that cannot be scored"):
        ck.compare_classifiers({"it": Wrong()}, train, (rows, labels))


class Wrong:
    """Answers with labels that nobody gave it."""

    def fit(self, records: object, labels: object) -> Wrong:
        return self

    def predict(self, records: list[object]) -> list[str]:
        return ["nonsense"] * len(records)


def test_a_printed_table_is_short_and_tests_each_against_the_best(world) -> None:
    train, test = world[2].split(test=0.3)

    table = ck.compare_classifiers(
        {"majority": MajorityClassifier(), "by brand": Recaller()}, train, test
    )

    shown = str(table)
    assert len(shown) < 1000 and max(map(len, shown.splitlines())) < 160
    assert "p of the paired test against by brand" in shown
    assert list(table.against_best) == ["majority"]
    assert table.against_best["majority"].is_significant
    assert len(repr(table)) < 200


def test_no_key_of_a_classifier_comes_into_a_log(tmp_path: Path) -> None:
    class Keyed(Recaller):
        def get_params(self, deep: bool = True) -> dict[str, object]:
            return {"token": "hf-secret", "api_key": "secret", "style": 3}

        def fit(self, records: object, labels: object) -> Keyed:
            self._counts = {}
            return self

        def predict_proba(self, records: list[object]) -> np.ndarray:
            return np.full((len(records), 3), 1 / 3)

    rows = ([{"brand": "Nike"}] * 3, ["neg", "avg", "pos"])

    ck.compare_classifiers({"it": Keyed()}, rows, rows, run_log=tmp_path / "runs.jsonl")

    assert "secret" not in (tmp_path / "runs.jsonl").read_text()
    assert '"style":3' in (tmp_path / "runs.jsonl").read_text()


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

    with pytest.raises(
        EvaluationError, match="geo: 1 training rows contain nothing else, first: 0"
    ):
        ablation.run(rows, rows)
    with pytest.raises(EvaluationError, match="color: is not a modality"):
        ablation.run(rows, rows, features=["color"])
    with pytest.raises(EvaluationError, match="train_share: is 2; expected"):
        ck.FeatureAblation(lambda seed: MajorityClassifier(), train_share=2, num_seeds=0)
