"""What the active builder learns from and how its rounds go, without a build around them."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.edges.methods.active import rounds
from campaignkit.edges.methods.active.cards import CardColumns, read_cards
from campaignkit.edges.methods.active.columns import LikeFields, card_columns
from campaignkit.edges.methods.active.ordinal_probit import OrdinalProbit
from campaignkit.edges.methods.active.rounds import (
    HOLDOUT,
    INITIAL,
    NO_ANSWER,
    ROUNDS,
    ActiveLearning,
    PairLearner,
    RoundsResult,
    likeliest,
    round_sizes,
    sharpened,
    sharpness,
    upper_bound,
)
from campaignkit.edges.pairs import PairTable
from campaignkit.errors import GraphError
from campaignkit.seeds import stream
from campaignkit.simulation import RehearsalWorld


@cache
def world(size: int = 80) -> RehearsalWorld:
    return RehearsalWorld(size, seed=1)


class Judge:
    """Answers from a table, and remembers what it was asked."""

    def __init__(self, answers: np.ndarray, *, holdout: np.ndarray | None = None) -> None:
        self.answers, self.holdout = answers, answers if holdout is None else holdout
        self.asked: list[int] = []
        self.by_stage: dict[str, list[int]] = {}

    def __call__(self, calls: list[np.ndarray], *, stage: str, round: int) -> np.ndarray:
        pairs = np.concatenate(calls)
        assert all(len(call) == 25 for call in calls[:-1])
        self.asked += pairs.tolist()
        self.by_stage.setdefault(stage, []).extend(pairs.tolist())
        return (self.holdout if stage == HOLDOUT else self.answers)[pairs]


class Rates:
    """A cheap learner: a pair's signs are as frequent as those of its attributes' known pairs."""

    def __init__(self) -> None:
        self.pairs = PairTable(world().catalogue).pairs

    def learn(self, signs: np.ndarray, known: np.ndarray) -> None:
        self.counts = np.ones((len(world().catalogue), 3))
        for side in (0, 1):
            np.add.at(self.counts, (self.pairs[known, side], signs[known] + 1), 1)

    def probabilities(self, pairs: np.ndarray) -> np.ndarray:
        found = self.counts[self.pairs[pairs, 0]] * self.counts[self.pairs[pairs, 1]]
        return (found / found.sum(axis=1, keepdims=True)).astype(np.float32)


def run(
    judge: Judge,
    learner: PairLearner | None = None,
    *,
    most: int | None = 900,
    target: float | None = None,
    seed: int = 3,
) -> RoundsResult:
    unknown = np.full(len(judge.answers), NO_ANSWER, dtype=np.int8)
    return ActiveLearning(learner or Rates(), judge, unknown, most=most, seed=seed).run(target)


# Rounds


@given(st.integers(26, 10**6), st.none() | st.integers(100, 10**6), st.sampled_from([1, 7, 25]))
def test_sizes_of_rounds_are_whole_calls_within_what_is_there(
    num_pairs: int, most: int | None, batch_size: int
) -> None:
    sizes = round_sizes(num_pairs, most=most, batch_size=batch_size)

    room = num_pairs if most is None else min(most, num_pairs)
    assert 0 < sizes.holdout <= room
    assert 0 <= sizes.initial <= room - sizes.holdout
    assert sizes.step % batch_size == 0 < sizes.step
    assert all(size % batch_size == 0 or size in (room, room - sizes.holdout) for size in (
        sizes.holdout, sizes.initial,
    ))  # fmt: skip


def test_no_pair_is_asked_about_twice_and_no_more_than_allowed() -> None:
    judge = Judge(world().answers())

    result = run(judge)

    assert len(judge.asked) == len(set(judge.asked)) == 900 == result.judged.sum()
    assert sorted(judge.asked) == np.flatnonzero(result.judged).tolist()
    assert len(judge.by_stage[HOLDOUT]) == round_sizes(world().num_pairs, most=900).holdout


def test_what_is_asked_and_predicted_does_not_depend_on_the_hold_out() -> None:
    honest = Judge(world().answers())
    garbled = Judge(world().answers(), holdout=-world().answers())

    one, other = run(honest), run(garbled)

    assert honest.asked == garbled.asked
    rest = ~one.judged
    assert (one.sign[rest] == other.sign[rest]).all()
    assert other.rounds[-1].bound > one.rounds[-1].bound


def test_what_earlier_builds_judged_is_learnt_from_and_not_asked_again() -> None:
    answers = world().answers()
    known = np.where(np.arange(len(answers)) < 600, answers, NO_ANSWER).astype(np.int8)
    judge = Judge(answers)

    result = ActiveLearning(Rates(), judge, known, most=300, seed=1).run(None)

    assert min(judge.asked) >= 600
    assert result.judged.sum() == 900
    assert (result.sign[:600] == answers[:600]).all()


def test_what_is_asked_does_not_depend_on_how_many_pairs_are_predicted_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, parted = Judge(world().answers()), Judge(world().answers())

    one = run(whole)
    monkeypatch.setattr(rounds, "_AT_A_TIME", 97)
    other = run(parted)

    assert parted.asked == whole.asked
    assert (other.sign == one.sign).all()
    assert np.array_equal(other.probability, one.probability, equal_nan=True)


def test_the_pairs_asked_about_are_the_least_sure() -> None:
    sure = np.linspace(0.4, 1.0, 2000)
    found = np.stack([(1 - sure) / 2, (1 - sure) / 2, sure], axis=1).astype(np.float32)
    found[:, 0] = 0  # no pull of negatives
    judge = Judge(np.ones(2000, dtype=np.int8))

    result = run(judge, Given(found), most=700)

    asked_first = set(judge.by_stage[ROUNDS][:200])
    passed_over = set(range(2000)) - set(judge.asked)
    assert max(asked_first) < min(passed_over)
    # Hold-out pairs as unsure as those that were asked about have left it: the rest is a sample
    # of what is predicted.
    left = [pair for pair in judge.by_stage[HOLDOUT] if pair > max(judge.by_stage[ROUNDS])]
    assert result.rounds[-1].num_holdout == len(left) < len(judge.by_stage[HOLDOUT])


class Given:
    """A learner that always says the same."""

    def __init__(self, probabilities: np.ndarray) -> None:
        self.given = probabilities

    def learn(self, signs: np.ndarray, known: np.ndarray) -> None:
        pass

    def probabilities(self, pairs: np.ndarray) -> np.ndarray:
        return self.given[pairs]


@pytest.mark.parametrize(("negative_frac", "least"), [(0.05, 0.95), (0.5, 0.4)])
def test_likely_negatives_are_asked_about_sooner_where_they_are_rare(
    negative_frac: float, least: float
) -> None:
    likely = np.arange(4000) % 2 == 0  # to be -; all pairs are as unsure as each other
    found = np.where(likely[:, None], [0.4, 0.05, 0.55], [0.05, 0.4, 0.55]).astype(np.float32)
    found += stream(1, "jitter").random((4000, 1)).astype(np.float32) * 1e-3
    answers = np.where(stream(2, "signs").random(4000) < negative_frac, -1, 1).astype(np.int8)
    judge = Judge(answers)

    run(judge, Given(found), most=1000)

    asked = np.array(judge.by_stage[ROUNDS])
    assert least <= likely[asked].mean()
    assert likely[asked].mean() <= 0.6 or negative_frac < 0.25


def test_the_bound_holds_over_all_rounds_together() -> None:
    """Each round's bound may end the build, so together they may fail as often as promised.

    Here every round errs anew, at the same rate, and the build ends as soon as a bound lies below
    that rate: bounds of 95% each would be violated in 32 of the 200 runs.
    """
    num_pairs, wrong_frac, violated = 1200, 0.3, 0
    for seed in range(200):
        rng = stream(seed, "simulated rounds")
        truth = rng.integers(-1, 2, size=num_pairs).astype(np.int8)

        result = run(
            Judge(truth), Erring(truth, wrong_frac, rng), most=None, target=0.29, seed=seed
        )

        rest = ~result.judged
        realised = (result.sign[rest] != truth[rest]).mean() if rest.any() else 0.0
        violated += realised > result.rounds[-1].bound

    assert violated <= 10  # 5% of 200


def test_a_weight_of_negatives_asks_about_and_predicts_more_of_them() -> None:
    answers, results = world().answers(), []
    for weight in (1.0, 8.0):
        unknown = np.full(len(answers), NO_ANSWER, dtype=np.int8)
        rounds = ActiveLearning(
            Rates(), Judge(answers), unknown, most=900, negative_weight=weight, seed=3
        )
        results.append(rounds.run(None))

    plain, weighted = results
    judged = [int((answers == -1)[result.judged].sum()) for result in results]
    assert judged[1] > 1.1 * judged[0]
    assert (weighted.sign == -1)[~weighted.judged].sum() > (plain.sign == -1)[~plain.judged].sum()
    last = weighted.rounds[-1], plain.rounds[-1]
    assert last[0].bound_missed_negatives < last[1].bound_missed_negatives


class Erring:
    """A learner that is wrong about so many pairs, about others each time."""

    def __init__(self, truth: np.ndarray, wrong_frac: float, rng: np.random.Generator) -> None:
        self.truth, self.wrong_frac, self.rng = truth, wrong_frac, rng

    def learn(self, signs: np.ndarray, known: np.ndarray) -> None:
        wrong = self.rng.random(len(signs)) < self.wrong_frac
        guess = np.where(wrong, (self.truth + 2) % 3 - 1, self.truth)
        found = np.full((len(signs), 3), 0.2, dtype=np.float32)
        found[np.arange(len(signs)), guess + 1] = 0.6
        found += self.rng.random((len(signs), 1)).astype(np.float32) * 1e-3
        self.found = found

    def probabilities(self, pairs: np.ndarray) -> np.ndarray:
        return self.found[pairs]


def test_the_bound_holds_with_the_real_learner() -> None:
    violated = 0
    for seed in range(4):
        answers = world(48).answers(rerun=seed)
        learner = OrdinalProbit(world(48).carded(), seed=seed)
        result = run(Judge(answers), learner, most=400, seed=seed)
        rest = ~result.judged
        violated += (result.sign != answers)[rest].mean() > result.rounds[-1].bound

    assert violated <= 1  # each may fail with a chance of 5%


def test_pairs_without_an_answer_are_predicted() -> None:
    deaf = np.arange(world().num_pairs) % 10 == 0
    judge = Judge(np.where(deaf, NO_ANSWER, world().answers()).astype(np.int8))

    result = run(judge)

    unanswered = [pair for pair in judge.asked if pair % 10 == 0]
    assert unanswered
    assert not result.judged[unanswered].any()
    assert np.isin(result.sign, (-1, 0, 1)).all()
    assert len(judge.asked) == len(set(judge.asked))


def test_where_nobody_answers_there_is_no_build() -> None:
    with pytest.raises(GraphError, match="none got a valid answer"):
        run(Judge(np.full(world().num_pairs, NO_ANSWER, dtype=np.int8)))


def test_rounds_end_when_answers_stop() -> None:
    class Tiring(Judge):
        num_answered = 0

        def __call__(self, calls: list[np.ndarray], *, stage: str, round: int) -> np.ndarray:
            given_ = super().__call__(calls, stage=stage, round=round)
            self.num_answered += len(given_) if round < 2 else 0
            return np.full_like(given_, NO_ANSWER) if round >= 2 else given_

    judge = Tiring(world().answers())

    result = run(judge)

    assert len(result.rounds) == 2
    assert len(judge.asked) < 900
    assert result.judged.sum() == judge.num_answered
    assert Counter(judge.by_stage.keys()) == Counter([HOLDOUT, INITIAL, ROUNDS])


# Calibration


@given(st.integers(0, 50), st.integers(0, 400), st.floats(0.001, 0.4))
def test_a_bound_is_where_so_few_would_be_seen_with_chance_delta(
    seen: int, more: int, delta: float
) -> None:
    from scipy.stats import binom

    bound = upper_bound(seen, seen + more, delta=delta)

    assert bound == 1 if more == 0 else seen / (seen + more) < bound < 1
    if more:
        assert binom.cdf(seen, seen + more, bound) == pytest.approx(delta, rel=1e-6)


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_temperature_scaling_keeps_the_likeliest_sign(seed: int) -> None:
    rng = stream(seed, "chances")
    probabilities = rng.dirichlet([1, 1, 1], size=200).astype(np.float32)
    signs = rng.integers(-1, 2, size=200).astype(np.int8)

    made = sharpened(probabilities, sharpness(probabilities[:100], signs[:100]))

    assert (likeliest(made)[0] == likeliest(probabilities)[0]).mean() > 0.995
    assert made.sum(axis=1) == pytest.approx(1, abs=1e-5)


# The learner


def fitted(catalogue: Catalogue, signs: np.ndarray, known: np.ndarray) -> np.ndarray:
    learner = OrdinalProbit(catalogue, seed=3)
    learner.learn(signs, known)
    return learner.probabilities(np.arange(len(signs)))


def test_scores_and_their_transpose_are_one_linear_map() -> None:
    learner, rng = OrdinalProbit(world(48).carded(), seed=1), stream(1, "map")
    design = learner._design
    some = np.flatnonzero(rng.random(world(48).num_pairs) < 0.3)
    _, blocks = learner._blocks_of(some)
    weights = rng.normal(size=len(design.group)).astype(np.float32)
    others = rng.normal(size=len(some)).astype(np.float32)

    there = float(np.vdot(design.scores(weights, blocks), others))
    back = float(np.vdot(weights, design.transposed(others, blocks)))

    assert there == pytest.approx(back, rel=1e-3)


def test_conjugate_gradients_solve_the_ridge_regression_that_is_meant() -> None:
    traits = [{"tier": t} for t in ("budget", "mid", "luxury") * 2]
    catalogue = Catalogue(
        Attribute(m, f"{m}{at}", traits=held) for m in "ab" for at, held in enumerate(traits)
    )
    learner, rng = OrdinalProbit(catalogue, seed=1), stream(2, "ridge")
    design, num = learner._design, len(learner._design.group)
    _, blocks = learner._blocks_of(np.flatnonzero(rng.random(36) < 0.6))
    target = rng.normal(size=blocks[0].part.stop).astype(np.float32)
    columns = np.stack(
        [design.scores(row, blocks) for row in np.eye(num, dtype=np.float32)], axis=1
    ).astype(float)
    ridge = np.diag(1 / learner._variances[design.group].astype(float))
    exact = np.linalg.solve(0.7 * columns.T @ columns + ridge, 0.7 * columns.T @ target)

    size = design.sizes(blocks)
    found = learner._solved(np.zeros(num, dtype=np.float32), target, blocks, size, 300)

    assert found == pytest.approx(exact, abs=1e-3)


def test_factors_find_what_no_card_shows() -> None:
    rng = stream(4, "hidden")
    bare = Catalogue(Attribute(m, f"{m}{at}", traits={"n": "1"}) for m in "ab" for at in range(60))
    hidden = rng.normal(size=(2, 60, 2))
    score = (hidden[0] @ hidden[1].T).ravel() + rng.normal(size=3600) / 3
    signs = np.select([score < -1, score > 0.5], [-1, 1], 0).astype(np.int8)
    known = rng.random(3600) < 0.5

    found = fitted(bare, signs, known)

    right = (likeliest(found)[0] == signs)[~known].mean()
    assert right > 0.7 > (signs == 0).mean() + 0.15


def test_answers_by_chance_teach_nothing() -> None:
    rng = stream(5, "noise")
    num_pairs = world(80).num_pairs
    signs = rng.integers(-1, 2, size=num_pairs).astype(np.int8)

    found = fitted(world(80).carded(), signs, rng.random(num_pairs) < 0.4)

    assert found.max(axis=1).mean() < 0.5  # a third each, and what chance makes of it


def test_a_few_wild_answers_move_little() -> None:
    rng = stream(6, "wild")
    answers = world(80).truth
    known = rng.random(len(answers)) < 0.5
    wild = np.where(rng.random(len(answers)) < 0.02, -answers, answers).astype(np.int8)

    found = [likeliest(fitted(world(80).carded(), given, known))[0] for given in (answers, wild)]

    rights = [(signs == answers)[~known].mean() for signs in found]
    assert rights[1] > rights[0] - 0.04


def test_silent_cards_cost_no_more_than_they_say() -> None:
    """A similarity that guessed at silence was no kernel, and conjugate gradients went astray.

    The more attributes there were, the further: with 400 of each modality the prediction was right
    for 55% of the pairs; the commonest sign alone is for 50%.
    """
    large = RehearsalWorld({"brand": 400, "audience": 400}, seed=1, wrong_cards=0.0)
    rng = stream(2, "missed")
    silent = Catalogue(
        Attribute(
            a.modality,
            a.value,
            traits={name: held for name, held in large.cards(a).items() if rng.random() >= 0.6},
        )
        for a in large.catalogue
    )
    known = rng.random(large.num_pairs) < 0.25

    found = fitted(silent, large.answers(), known)

    assert (likeliest(found)[0] == large.answers())[~known].mean() > 0.6


def test_one_sign_alone_and_no_answer_at_all_are_learnt_from() -> None:
    carded, num_pairs = world(48).carded(), world(48).num_pairs
    for signs, known in ((np.ones(num_pairs), True), (np.full(num_pairs, -1), True)):
        found = fitted(carded, signs.astype(np.int8), np.full(num_pairs, known))
        assert (likeliest(found)[0] == signs).all()
        assert found.sum(axis=1) == pytest.approx(1, abs=1e-4)


# Columns


def fields_of(cards: CardColumns, *ends: np.ndarray) -> np.ndarray:
    """float32[a, b, f]: the comparisons of some attributes with others."""
    one, other = (end.astype(np.int32) for end in ends)
    at, to = (grid.ravel() for grid in np.meshgrid(one, other, indexing="ij"))
    found = LikeFields(cards, None, [(one, other)]).of_block(0, at, to)
    return found.reshape(len(one), len(other), -1)


TRAITS = st.dictionaries(
    st.sampled_from(["ages", "tier", "about"]),
    st.lists(st.sampled_from(["18-34", "55+", "low", "high", "tea", "Tea", "9"]), max_size=3),
)


@given(st.lists(TRAITS, min_size=2, max_size=8))
@settings(max_examples=50)
def test_columns_and_fields_of_any_traits_are_numbers(traits: list[dict]) -> None:
    num = len(traits)
    cards = read_cards(Attribute("a", f"a{at}", traits=held) for at, held in enumerate(traits))

    columns, group = card_columns(cards, None, num)
    fields = fields_of(cards, np.arange(num), np.arange(num))

    assert np.isfinite(columns).all()
    assert (columns[:, 0] == 1).all()
    assert columns.shape == (num, len(group))
    assert np.isfinite(fields).all()


def test_words_that_two_lists_share_are_compared_however_rare_they_are() -> None:
    """A word that one attribute sells and one audience loves is in no column worth its weight."""
    cards = read_cards(
        [
            *(Attribute("a", f"a{at}", traits={"sells": [f"w{at}"]}) for at in range(30)),
            *(Attribute("b", f"b{at}", traits={"loves": [f"w{at}"]}) for at in range(30)),
        ]
    )

    fields = fields_of(cards, np.arange(30), np.arange(30, 60))

    assert (fields[:, :, 1:].argmax(axis=1) == np.arange(30)[:, None]).all(axis=0).any()


def test_words_that_only_attributes_of_one_modality_share_leave_room_for_others() -> None:
    """Seven lists of brands alone make 49 comparisons, more than are kept; no pair has any."""
    alone = {f"list {at}": ["tea"] for at in range(7)}
    cards = read_cards(
        [
            *(Attribute("a", f"a{at}", traits=alone | {"sells": [f"w{at}"]}) for at in range(9)),
            *(Attribute("b", f"b{at}", traits={"loves": [f"w{at}"]}) for at in range(9)),
        ]
    )

    fields = fields_of(cards, np.arange(9), np.arange(9, 18))

    assert fields.shape[-1] == 3
    assert (fields[:, :, 1].argmax(axis=1) == np.arange(9)).all()


def test_an_attribute_without_traits_among_others_is_no_trouble() -> None:
    mixed = Catalogue(
        [
            Attribute("brand", "bare"),
            *(Attribute("brand", f"b{i}", traits={"ages": f"{20 + i}-40"}) for i in range(3)),
            *(Attribute("geo", f"g{i}", traits={"likes": ["tea", f"x{i}"]}) for i in range(3)),
        ]
    )

    signs = np.array([1, -1, 0] * 4, dtype=np.int8)
    found = fitted(mixed, signs, np.arange(12) < 9)

    assert found.shape == (12, 3)
    assert np.isfinite(found).all()


def test_spans_and_words_are_told_apart_by_what_is_said() -> None:
    cards = read_cards(
        [
            Attribute("a", "x", traits={"ages": "18-34", "min_age": "16", "tier": "Mid"}),
            Attribute("b", "y", traits={"ages": ["55+", "20-30"], "tier": ["luxury", "premium"]}),
            Attribute("b", "z", traits={"likes": ["Tea", "18-34"]}),
        ]
    )

    assert set(cards.spans) == {"ages", "min_age", "tier"}
    assert cards.spans["ages"][:2].tolist() == [[18, 34], [20, 82.5]]
    assert np.isnan(cards.spans["ages"][2]).all()
    assert cards.spans["tier"][1].tolist() == [3, 4]
    assert cards.words["likes"].tolist() == [[False, False], [False, False], [True, True]]


def test_numbers_too_long_to_be_ages_are_words() -> None:
    cards = read_cards(
        [Attribute("a", "x", traits={"ages": "9" * 400}), Attribute("b", "y", traits={"n": "7"})]
    )

    assert set(cards.spans) == {"n"}
    assert cards.words["ages"].tolist() == [[True], [False]]
