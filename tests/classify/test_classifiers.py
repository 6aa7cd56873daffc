"""What holds for every classifier of records, whichever it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from campaignkit import classify
from campaignkit.classify import (
    LABELS,
    BoostedTrees,
    Classifier,
    CombinedCells,
    EmbeddingLogistic,
    MajorityClassifier,
    OneHotLogistic,
    PairLogistic,
    PairwiseOrdinalClassifier,
    TargetLeakage,
    TfidfLogistic,
    UnseenValues,
)
from campaignkit.classify.encoding import warn_of_combined
from campaignkit.classify.estimator import CampaignClassifier, RecordClassifier
from campaignkit.classify.labels import PUBLISHED_WORDS, label_codes
from campaignkit.dataset import Vocabulary
from campaignkit.dataset.records import read_records
from campaignkit.embed import HashingEmbedder
from campaignkit.errors import ArtifactError, ClassifierError, DatasetError, NotFitted
from campaignkit.metrics import macro_f1
from campaignkit.testing import check_classifier
from told_campaigns import told_campaigns

EMBEDDER = HashingEmbedder(dimensions=64)
RECORDS, TRUTH, GRAPH = told_campaigns(900, seed=1)


MENU = [getattr(classify, name) for name in classify.__all__]
KINDS = [it for it in MENU if isinstance(it, type) and issubclass(it, RecordClassifier)]
GIVEN: dict[type, dict[str, Any]] = {
    EmbeddingLogistic: {"embedder": EMBEDDER},
    BoostedTrees: {"max_rounds": 40},
    PairwiseOrdinalClassifier: {"rank": 2},
}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def model(request: pytest.FixtureRequest) -> CampaignClassifier:
    """Every family that the menu lists."""
    if request.param is BoostedTrees:
        pytest.importorskip("lightgbm")
    found: CampaignClassifier = request.param(**GIVEN.get(request.param, {}))
    return found


def test_every_classifier_of_the_house_keeps_the_contract(model: Any) -> None:
    if "penalty" in model.get_params():  # chosen on rows held out, which the labels' order decides
        model.set_params(penalty=(3.0, 10.0) if hasattr(model, "rank") else 1.0)
    with_embedder = isinstance(model, EmbeddingLogistic)
    check_classifier(
        model,
        load=(lambda f: EmbeddingLogistic.load(f, embedder=EMBEDDER)) if with_embedder else None,
    )


class Guessing(MajorityClassifier):
    """Answers in the order of labels that it likes best: what the contract is there to find."""

    def fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Guessing:
        super().fit(X, y, sample_weight=sample_weight)
        self.classes_ = self.classes_[::-1]
        return self


class Forgetting(MajorityClassifier):
    """Loses what it was told when it is saved."""

    def predict_proba(self, X: Any) -> Any:
        shares = super().predict_proba(X)
        return shares if hasattr(self, "fitted_here") else np.full_like(shares, 1 / 3)

    def fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Forgetting:
        self.fitted_here = True
        return super().fit(X, y, sample_weight=sample_weight)


@pytest.mark.parametrize(
    ("kind", "told"), [(Guessing, "expected .*, sorted"), (Forgetting, "saved predicts otherwise")]
)
def test_the_contract_finds_classifiers_that_break_it(kind: Any, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        check_classifier(kind())


def test_all_but_the_majority_learn_what_can_be_learned(model: Any) -> None:
    model.fit(RECORDS[:700], TRUTH[:700])

    f1 = macro_f1(label_codes(TRUTH[700:]), label_codes(model.predict(RECORDS[700:])))

    assert isinstance(model, Classifier)
    assert f1 < 0.2 if isinstance(model, MajorityClassifier) else f1 > 0.4


def test_columns_are_sorted_however_rows_are_ordered_and_labels_come_back_as_given(
    model: Any,
) -> None:
    order = np.random.default_rng(5).permutation(700)
    records = [RECORDS[i] for i in order]
    words = np.array(PUBLISHED_WORDS)[label_codes(TRUTH[:700])[order]]

    proba = model.fit(records, words).predict_proba(RECORDS[700:])
    means = [proba[TRUTH[700:] == label].mean(axis=0) for label in LABELS]

    assert model.classes_.tolist() == sorted(PUBLISHED_WORDS)
    assert proba.sum(axis=1) == pytest.approx(np.ones(200))
    if not isinstance(model, MajorityClassifier):
        under, over = model.classes_.tolist().index(PUBLISHED_WORDS[0]), 1
        assert means[0][under] > means[2][under] and means[2][over] > means[0][over]
    assert model.predict(RECORDS[700:]).tolist() == model.classes_[proba.argmax(axis=1)].tolist()


def test_what_is_saved_predicts_the_same_after_loading(model: Any, tmp_path: Path) -> None:
    model.fit(RECORDS[:300], TRUTH[:300])
    expected = model.predict_proba(RECORDS[300:400])

    model.save(tmp_path / "model")
    more = {"embedder": EMBEDDER} if isinstance(model, EmbeddingLogistic) else {}
    again = type(model).load(tmp_path / "model", **more)

    assert again.predict_proba(RECORDS[300:400]).tolist() == expected.tolist()
    params = {k: v for k, v in model.get_params().items() if k != "embedder"}
    assert {k: v for k, v in again.get_params().items() if k != "embedder"} == params


def test_the_same_rows_and_seed_give_the_same_probabilities(model: Any) -> None:
    one = model.fit(RECORDS[:300], TRUTH[:300]).predict_proba(RECORDS[:50])

    two = model.fit(RECORDS[:300], TRUTH[:300]).predict_proba(RECORDS[:50])

    assert one.tolist() == two.tolist()


def test_a_changed_file_or_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    OneHotLogistic().fit(RECORDS[:300], TRUTH[:300]).save(tmp_path / "m")

    with pytest.raises(ArtifactError, match="contains a OneHotLogistic; expected a PairLogistic"):
        PairLogistic.load(tmp_path / "m")
    (tmp_path / "m" / "fitted.json").write_text("{}")
    with pytest.raises(ArtifactError, match="is not the file that was written"):
        OneHotLogistic.load(tmp_path / "m")


def test_weights_that_are_no_numbers_are_refused_on_loading(tmp_path: Path) -> None:
    model = OneHotLogistic().fit(RECORDS[:300], TRUTH[:300])
    model.weights_[0, 0] = np.nan
    model.save(tmp_path / "m")

    with pytest.raises(ArtifactError, match="numbers in weights_ are not finite"):
        OneHotLogistic.load(tmp_path / "m")


def test_another_embedder_than_that_of_training_is_refused(tmp_path: Path) -> None:
    EmbeddingLogistic(EMBEDDER).fit(RECORDS[:300], TRUTH[:300]).save(tmp_path / "m")

    with pytest.raises(ArtifactError, match="was trained on the embedder"):
        EmbeddingLogistic.load(tmp_path / "m", embedder=HashingEmbedder(dimensions=32))


def test_nothing_is_told_before_fitting(model: Any, tmp_path: Path) -> None:
    with pytest.raises(NotFitted, match="is not fitted"):
        model.predict(RECORDS[:2])
    with pytest.raises(NotFitted):
        model.save(tmp_path / "m")


def _first(num: int) -> tuple[list[Any], Any]:
    return list(RECORDS[:num]), TRUTH[:num]


@pytest.mark.parametrize(
    ("records", "labels", "told"),
    [
        (
            _first(30)[0],
            ["good", "bad", "so so"] * 10,
            "order of the labels bad, good, so so is not",
        ),
        (_first(30)[0], [0, 1, 2] * 10, "order of the labels 0, 1, 2 is not known"),
        (_first(30)[0], TRUTH[:29], "30 records and 29 labels"),
        (_first(30)[0], ["pos"] * 30, "all training rows are 'pos'"),
        ([{"brand": []}] * 30, TRUTH[:30], "30 of 30 records are empty"),
        ([], [], "there are no records"),
        (_first(30)[0], None, "no labels given"),
    ],
)
def test_rows_that_cannot_teach_are_refused_before_training(
    records: Any, labels: Any, told: str
) -> None:
    with pytest.raises(ClassifierError, match=told):
        PairwiseOrdinalClassifier().fit(records, labels)


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ([np.nan] * 30, "30 of 30 sample weights are negative or no number"),
        ([-1.0] + [1.0] * 29, "row 0 weighs -1.0"),
        ([1.0], r"shape \(1,\); expected \(30,\)"),
        ([0.0] * 30, "all sample weights are zero"),
        (["x"] * 30, "is not a list of numbers"),
    ],
)
def test_weights_that_cannot_be_used_are_refused(model: Any, weights: Any, told: str) -> None:
    labels = ["neg", "avg", "pos"] * 10

    with pytest.raises(ClassifierError, match=told):
        model.fit(RECORDS[:30], labels, sample_weight=weights)


def test_a_row_of_weight_two_counts_as_two_rows(model: Any) -> None:
    if isinstance(model, BoostedTrees | TfidfLogistic):
        pytest.skip("counts of rows decide which splits or terms there are")
    settings = {"penalty": (3.0, 10.0)} if hasattr(model, "rank") else {"penalty": 1.0}
    if "penalty" in model.get_params():
        model.set_params(**settings)
    records, labels = RECORDS[:24], np.array(["neg", "avg", "pos"] * 8)
    twice = model.fit(records + records, [*labels, *labels]).predict_proba(records)

    weighted = model.fit(records, labels, sample_weight=np.full(24, 2.0)).predict_proba(records)

    if isinstance(model, PairwiseOrdinalClassifier):
        # 48 rows are enough to hold some out, 24 are not: only what is not calibrated compares.
        assert weighted.shape == twice.shape
    elif not isinstance(model, EmbeddingLogistic):
        assert weighted == pytest.approx(twice, abs=2e-3)


def test_records_of_the_wrong_form_are_said_with_their_place() -> None:
    with pytest.raises(DatasetError, match=r"row 1\.geo"):
        OneHotLogistic().fit([{"geo": "a"}, {"geo": 1.5}, {"geo": "b"}], ["neg", "avg", "pos"])


def test_a_data_set_brings_its_own_labels() -> None:
    from campaignkit.dataset import Block, CampaignDataset

    found = read_records(RECORDS)
    block = Block(found.block.nodes, found.block.offsets, label_codes(TRUTH).astype(np.uint8))
    dataset = CampaignDataset(block, found.vocabulary, LABELS)

    one = OneHotLogistic().fit(dataset).predict_proba(dataset)
    two = OneHotLogistic().fit(RECORDS, TRUTH).predict_proba(RECORDS)

    assert one == pytest.approx(two)


def test_frames_teach_what_records_teach() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(RECORDS[:300])

    one = OneHotLogistic().fit(frame, pd.Series(TRUTH[:300])).predict(frame)
    two = OneHotLogistic().fit(RECORDS[:300], TRUTH[:300]).predict(RECORDS[:300])

    assert one.tolist() == two.tolist()


def _balance(model: Any, records: Any) -> Any:
    if isinstance(model, PairwiseOrdinalClassifier):
        return model.latent_score(records)
    logs = np.log(model.predict_proba(records))
    return logs[:, 2] - logs[:, 1]


@pytest.mark.parametrize("kind", [OneHotLogistic, PairwiseOrdinalClassifier])
def test_a_new_value_counts_as_the_mean_of_its_modality(kind: Any) -> None:
    model = kind().fit(RECORDS[:700], TRUTH[:700])
    brands = sorted({r["brand"][0] for r in RECORDS[:700]})
    known = _balance(model, [{**RECORDS[0], "brand": [b]} for b in brands])

    with pytest.warns(UnseenValues):
        new = _balance(model, [{**RECORDS[0], "brand": ["unheard of"]}])

    assert new[0] == pytest.approx(known.mean())


def test_new_values_are_counted_by_modality_and_warned_of_once(model: Any) -> None:
    model.fit(RECORDS[:300], TRUTH[:300])
    new = [{**RECORDS[0], "brand": ["unheard of"], "season": ["spring"]}] * 3
    if isinstance(model, EmbeddingLogistic | TfidfLogistic):
        assert model.count_unseen(new) == {}
        return

    with pytest.warns(
        UnseenValues, match=r"3 values in 3 rows .*\(3 of brand\).*; season was not in training"
    ) as told:
        model.predict_proba(new)

    assert len(told) == 1
    assert model.count_unseen(new) == {"brand": 3, "season": 3}


def test_columns_that_are_missing_or_misnamed_are_told() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame([{key: row[key][0] for key in row} for row in RECORDS[:300]])
    model = OneHotLogistic(penalty=1.0).fit(frame, TRUTH[:300])

    with pytest.warns(UnseenValues, match="no row has brand, which training had$"):
        model.predict(frame.drop(columns="brand"))
    with pytest.warns(
        UnseenValues, match=r"Brand was not in training .*; no row has brand.*rename"
    ):
        model.predict(frame.rename(columns={"brand": "Brand"}))
    with pytest.raises(ClassifierError, match=r"rows have x0, x1.*training had audience, brand"):
        model.predict(frame.to_numpy())


def test_two_new_values_of_one_modality_are_two_of_its_mean() -> None:
    model = PairwiseOrdinalClassifier().fit(RECORDS[:700], TRUTH[:700])

    with pytest.warns(UnseenValues, match="2 of geo"):
        proba = model.predict_proba([{**RECORDS[0], "geo": ["x", "y"]}])

    assert np.isfinite(proba).all()


def test_text_models_take_texts_as_they_are() -> None:
    texts = ["cheap and cheerful", "dull and dear", "so so"] * 20

    model = TfidfLogistic().fit(texts, ["pos", "neg", "avg"] * 20)

    assert model.predict(["cheap", "dear"]).tolist() == ["pos", "neg"]
    with pytest.raises(ClassifierError, match="is blank"):
        model.predict(["cheap", " "])


def test_tf_idf_columns_are_those_of_scikit_learn() -> None:
    text = pytest.importorskip("sklearn.feature_extraction.text")
    texts = ["Good FIT, good team!", "a poor fit", "x yy zz yy zz", "poor poor fit"]
    model = TfidfLogistic(min_rows=1)

    own = model._learn_columns(texts).toarray()
    theirs = text.TfidfVectorizer(ngram_range=(1, 2))
    expected = theirs.fit_transform(texts).toarray()

    order = [model.terms_.index(term) for term in theirs.get_feature_names_out()]
    assert own[:, order] == pytest.approx(expected)


def test_logistic_weights_are_those_of_scikit_learn() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    model = OneHotLogistic(penalty=1.0).fit(RECORDS[:300], TRUTH[:300])
    found = read_records(RECORDS[:300])
    columns = np.zeros((300, len(found.vocabulary)))
    for row in range(300):
        columns[row, found.block.row(row)] = 1

    theirs = linear.LogisticRegression(C=1.0, max_iter=2000, tol=1e-8)
    expected = theirs.fit(columns, TRUTH[:300]).predict_proba(columns)

    assert model.predict_proba(RECORDS[:300]) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("make", [TfidfLogistic, lambda: EmbeddingLogistic(HashingEmbedder())])
@pytest.mark.parametrize(
    ("given", "expected"),
    [([], "there are no records"), ([{}, {"brand": ["Nike"]}], "1 of 2 records are empty")],
)
def test_text_models_refuse_no_rows_and_empty_ones_as_the_others_do(
    make: Callable[[], Any], given: list[Any], expected: str
) -> None:
    records = [{"brand": [value]} for value in ("Nike", "Dior", "Rolex")] * 20
    model = make().fit(records, ["neg", "avg", "pos"] * 20)
    with pytest.raises(ClassifierError, match=expected):
        model.predict_proba(given)


@pytest.mark.parametrize("kind", [OneHotLogistic, PairLogistic, PairwiseOrdinalClassifier])
def test_a_forgotten_column_of_ids_is_named(kind: Any) -> None:
    records = [{**r, "id": f"c{i}"} for i, r in enumerate(RECORDS[:150])]

    with pytest.raises(ClassifierError, match="id: 150 values in 150 cells"):
        kind().fit(records, TRUTH[:150])
    if kind is OneHotLogistic:
        kept = kind(penalty=1.0, allow_unique=True).fit(records, TRUTH[:150])
        assert len(kept.vocabulary_) > 150


def test_a_column_that_decides_the_labels_is_warned_of() -> None:
    records = [{**r, "outcome": [t]} for r, t in zip(RECORDS[:90], TRUTH[:90], strict=True)]

    with pytest.warns(TargetLeakage, match="^outcome decides the label of every training row"):
        OneHotLogistic(penalty=1.0).fit(records, np.where(TRUTH[:90] == "pos", "hit", "miss"))


def test_cells_that_are_lists_in_one_text_are_noticed_and_split_where_asked() -> None:
    joined = [{**r, "audience": ", ".join(r["audience"])} for r in RECORDS[:200]]

    with pytest.warns(
        CombinedCells, match=r"values of audience are made of others.*separator=', '"
    ):
        OneHotLogistic(penalty=1.0).fit(joined, TRUTH[:200])
    split = OneHotLogistic(penalty=1.0, separator=", ").fit(joined, TRUTH[:200])
    plain = OneHotLogistic(penalty=1.0).fit(RECORDS[:200], TRUTH[:200])
    whole = OneHotLogistic(penalty=1.0, separator="").fit(joined, TRUTH[:200])

    assert split.predict_proba(joined).tolist() == plain.predict_proba(RECORDS[:200]).tolist()
    assert split.count_unseen(joined) == {}
    assert len(whole.vocabulary_) > len(plain.vocabulary_)


@pytest.mark.parametrize("separator", [", ", ",", ";", "|", " & "])
def test_each_way_to_join_values_that_the_page_names_is_noticed(separator: str) -> None:
    values = [f"Gamers{separator}Cyclists", "Gamers", "Cyclists"]

    with pytest.warns(CombinedCells, match="1 of 3 values of audience"):
        warn_of_combined(Vocabulary.from_values({"audience": values}))


def test_a_value_with_a_comma_of_its_own_is_no_list(recwarn: pytest.WarningsRecorder) -> None:
    records = [{"geo": v} for v in ("Washington, D.C.", "Paris, Texas", "Rome")] * 3

    OneHotLogistic(penalty=1.0).fit(records, ["neg", "avg", "pos"] * 3)

    assert [w for w in recwarn if w.category is CombinedCells] == []


def test_a_frame_brings_its_labels_in_a_column() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(RECORDS[:200]).assign(label=TRUTH[:200])

    one = OneHotLogistic(penalty=1.0).fit(frame).predict_proba(frame)
    two = OneHotLogistic(penalty=1.0).fit(frame, TRUTH[:200]).predict_proba(RECORDS[:200])
    told = OneHotLogistic(penalty=1.0).fit(frame.to_dict("records")).predict_proba(frame)

    assert one.tolist() == two.tolist() == told.tolist()


def test_two_columns_of_one_name_are_refused_in_words() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame([["a", "b"]] * 4, columns=["geo", "geo"])

    with pytest.raises(DatasetError, match=r"(?s)unique column names.*geo.*name each column once"):
        OneHotLogistic().fit(frame, ["x", "y"] * 2)


def test_a_filtered_column_of_texts_is_read() -> None:
    pd = pytest.importorskip("pandas")
    texts = pd.Series(["skip me", "cheap and cheerful", "dull and dear", "so so"] * 20)
    labels = pd.Series(["", "pos", "neg", "avg"] * 20)
    kept = texts != "skip me"

    model = TfidfLogistic().fit(texts[kept], labels[kept])

    assert model.predict(texts[kept][-3:]).tolist() == ["pos", "neg", "avg"]


@pytest.mark.parametrize("size", [0, -1, 2.0, True])
def test_batch_sizes_that_are_no_counts_are_refused(size: Any) -> None:
    model = EmbeddingLogistic(EMBEDDER, penalty=1.0)

    with pytest.raises(ClassifierError, match="batch_size is"):
        model.set_params(batch_size=size).fit(RECORDS[:30], TRUTH[:30])
    model.set_params(batch_size=7).fit(RECORDS[:30], TRUTH[:30])
    with pytest.raises(ClassifierError, match="batch_size is"):
        model.set_params(batch_size=size).predict_proba(RECORDS[:30])


def test_a_score_of_no_weight_or_of_labels_of_another_kind_is_refused() -> None:
    model = MajorityClassifier().fit(RECORDS[:30], TRUTH[:30])

    with pytest.raises(ClassifierError, match="all sample weights are zero"):
        model.score(RECORDS[:30], TRUTH[:30], np.zeros(30))
    with pytest.raises(
        ClassifierError, match="labels are numbers, such as 0; the classes are texts"
    ):
        model.score(RECORDS[:30], [0] * 30)
    with pytest.raises(ClassifierError, match="30 records and 29 labels"):
        model.score(RECORDS[:30], TRUTH[:29])


def test_more_labels_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(ClassifierError, match="300 different labels in 300 rows"):
        MajorityClassifier().fit(RECORDS[:300], list(range(300)))


def test_many_rows_are_predicted_in_parts(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = model.fit(RECORDS[:200], TRUTH[:200]).predict_proba(RECORDS[200:250])

    monkeypatch.setattr("campaignkit.classify.estimator._ROWS_AT_ONCE", 7)

    assert model.predict_proba(RECORDS[200:250]) == pytest.approx(expected, abs=1e-12)
