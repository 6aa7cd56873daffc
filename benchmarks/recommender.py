"""The recommender: how fast its search is proved, and how good its picks are in truth.

    python -m benchmarks recommender

"Search": one completion, warm. "412 values" are 120 audiences, 100 brands, 60 creatives, 120
places and 12 platforms, with the effects of a learned model; "746 values" have the ten modalities
and the ranges of the published size, and random effects, half of their variance of rank 4. Gaps
are in standard deviations of random completions, to the best that eight times as many ascents
found. pytoulbar2, where it is installed, is the independent checker. "Learned": worlds whose graph
has 25% + and 25% - edges; 42,000 random campaigns whose outcome is the standardised net fraction
of signs and as much noise; under the lower and over the upper quartile. Platform and creative are
hidden. True values are the chance over the upper quartile, by the graph. kNN takes the commonest
values among the over-performing of the 50 nearest campaigns. The width of intervals was set on
three other worlds. "Rules": random rules on 27 values. "Many": partial campaigns of 412 values.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from math import erf
from typing import Any

import numpy as np

import campaignkit as ck
from benchmarks.record import record, show_table
from campaignkit.dataset import Block, CampaignDataset, Vocabulary
from campaignkit.recommend.partial import Question
from campaignkit.recommend.search import find_best, pool_of
from campaignkit.simulation import PUBLISHED_SIZES, PUBLISHED_TYPE_RANGES, synthetic_graph

SIZES = {"audience": 120, "brand": 100, "creative": 60, "geo": 120, "platform": 12}
RANGES = {"audience": (2, 4), "brand": (1, 1), "creative": (1, 3), "geo": (1, 3),
          "platform": (1, 2)}  # fmt: skip
HIDDEN = ["creative", "platform"]
WORLDS, ROWS, QUERIES = 5, 42_000, 60
MANY, ALONE, RULED = 100_000, 5_000, 10_000


def main() -> None:
    worlds, effects = [], {}
    for seed in range(12, 12 + WORLDS):
        world, rec = learned(seed)
        worlds.append(world)
    effects["412 values"] = rec.model.effects_  # type: ignore[attr-defined]
    effects["746 values"] = random_effects(PUBLISHED_SIZES)
    figures: dict[str, Any] = {}
    for name, sizes, ranges, frees in (
        ("412 values", SIZES, RANGES, (1, 2, 3, 5)),
        ("746 values", PUBLISHED_SIZES, PUBLISHED_TYPE_RANGES, (1, 2, 3, 6, 9)),
    ):
        for free in frees:
            told = f"search: {name}, {free} free"
            figures[told] = searched(effects[name], sizes, ranges, free)
            show_table({told: figures[told]})
    figures["search: pytoulbar2"] = checked_by_toulbar2()
    figures["rules"] = kept()
    figures["many"] = many(rec)
    show_table({name: figures[name] for name in ("rules", "many")})
    figures["learned"] = {
        key: round(float(np.mean([world[key] for world in worlds])), 4) for key in worlds[0]
    }
    figures["learned, by world"] = {
        key: ", ".join(f"{world[key]:.3g}" for world in worlds) for key in worlds[0]
    }
    show_table({"learned": figures["learned"]})
    about = (__doc__ or "").split("\n\n", 2)[2].replace("\n", " ").strip()
    record("recommender", figures, about=about)


def random_effects(sizes: Mapping[str, int]) -> np.ndarray:
    rng, n = np.random.default_rng(0), sum(sizes.values())
    vectors = rng.standard_normal((n, 4))
    noise = rng.standard_normal((n, n))
    effects: np.ndarray = (noise + noise.T) / 2**0.5 + vectors @ vectors.T / 2
    starts = np.append(0, np.cumsum([*sizes.values()])).tolist()
    for a, b in pairwise(starts):
        effects[a:b, a:b] = 0
    return effects


def searched(
    effects: np.ndarray,
    sizes: Mapping[str, int],
    ranges: Mapping[str, tuple[int, int]],
    free: int,
) -> dict[str, float]:
    """CPU milliseconds, shares and gaps of queries with so many free modalities."""
    rng, spans = np.random.default_rng(free), [*ranges.values()]
    starts = np.append(0, np.cumsum([*sizes.values()])).tolist()
    times, proved, gaps, bounds = [], [], [], []
    for number in range(40 if free <= 3 else 8):
        chosen = rng.permutation(len(sizes))[:free].tolist()
        fixed = [
            node
            for m in range(len(sizes))
            if m not in chosen
            for node in rng.choice(
                np.arange(starts[m], starts[m + 1]), spans[m][0], False
            ).tolist()
        ]
        opened = [(np.arange(starts[m], starts[m + 1]), *spans[m]) for m in chosen]
        opened.sort(key=lambda part: len(part[0]))
        pairs, costs = np.zeros((0, 2), np.int64), np.zeros(len(effects))
        question = Question(np.array(sorted(fixed), np.int64), opened, pairs, costs, np.inf)
        if number == 0:
            find_best(pool_of(question, effects)[0], k=1)
        started = time.process_time()
        found = find_best(pool_of(question, effects)[0], k=1)
        times.append(1000 * (time.process_time() - started))
        proved.append(found.bound == -np.inf)
        best = found
        if not proved[-1]:
            best = find_best(pool_of(question, effects)[0], k=1, num_ascents=2_000)
        spread = np.std([mean_of_random(question, effects, rng) for _ in range(200)])
        gaps.append((best.means[0] - found.means[0]) / spread)
        bounds.append(0.0 if proved[-1] else (found.bound - found.means[0]) / spread)
    return {
        "cpu_ms_median": round(float(np.median(times)), 2),
        "cpu_ms_p95": round(float(np.quantile(times, 0.95)), 2),
        "proved": round(float(np.mean(proved)), 3),
        "gap_sd": round(float(np.max(gaps)), 4),
        "bound_gap_sd": round(float(np.median(bounds)), 2),
    }


def mean_of_random(question: Question, effects: np.ndarray, rng: np.random.Generator) -> float:
    nodes = [*question.fixed.tolist()]
    for own, low, high in question.open:
        nodes += rng.choice(own, rng.integers(low, high + 1), replace=False).tolist()
    return float(effects[np.ix_(nodes, nodes)].sum() / max(len(nodes) * (len(nodes) - 1), 1))


def checked_by_toulbar2() -> dict[str, float]:
    """How often pytoulbar2 finds the same optimum; counts are fixed, as it has no ratios."""
    try:
        import pytoulbar2
    except ImportError:
        return {"installed": 0.0}
    same, rng = [], np.random.default_rng(5)
    for _ in range(5):
        sizes = [12, 20, 30]
        starts = np.append(0, np.cumsum(sizes))
        effects = rng.standard_normal((62, 62)).round(3)
        effects = effects + effects.T
        for a, b in pairwise(starts.tolist()):
            effects[a:b, a:b] = 0
        opened = [(np.arange(a, b), 2, 2) for a, b in pairwise(starts.tolist())]
        none = np.zeros(0, np.int64)
        question = Question(none, opened, np.zeros((0, 2), np.int64), np.zeros(62), np.inf)
        found = find_best(pool_of(question, effects)[0], k=1)
        problem = pytoulbar2.CFN(1_000_000, resolution=3)
        slots = [m for m in range(3) for _ in range(2)]
        for i, m in enumerate(slots):
            problem.AddVariable(f"s{i}", range(sizes[m]))
        for i in range(6):
            for j in range(i + 1, 6):
                a, b = slots[i], slots[j]
                if a == b:  # one order of two values of a modality
                    costs = np.where(np.triu(np.ones((sizes[a], sizes[a])), 1) > 0, 0.0, 100_000.0)
                else:
                    costs = 20 - effects[starts[a] : starts[a + 1], starts[b] : starts[b + 1]]
                problem.AddFunction([f"s{i}", f"s{j}"], costs.ravel().round(3).tolist())
        _, cost, _ = problem.Solve()
        same.append(abs(20 * 12 - cost - 15 * found.means[0]) < 1e-2)
    return {"installed": 1.0, "queries": float(len(same)), "same_optimum": float(np.mean(same))}


def kept() -> dict[str, float]:
    """Questions with random rules, and answers that break one, as told from names alone."""
    graph = synthetic_graph({"a": 9, "b": 7, "c": 6, "d": 5}, pos_frac=0.3, neg_frac=0.2, seed=1)
    rec, rng, told = ck.Recommender(graph), np.random.default_rng(1), Counter[str]()
    values = rec.vocabulary.to_values()
    for _ in range(RULED):
        names = rng.permutation([*values]).tolist()
        free, own = names[: rng.integers(1, 4)], names[-1]
        known = {own: [str(rng.choice(values[own]))]}
        allowed = {free[0]: rng.choice(values[free[0]], 4, False).tolist()}
        forbidden = {name: rng.choice(values[name], 2, False).tolist() for name in free[1:]}
        ranges = {name: (1, int(rng.integers(1, 4))) for name in free}
        keys = [(name, str(rng.choice(values[name]))) for name in (*free, own)]
        pairs = [*pairwise(keys)]
        costs = {key: float(rng.random()) for key in rec.vocabulary.keys}
        budget = costs[own, known[own][0]] + 1.5
        rules = {"allowed": allowed, "forbidden": forbidden, "forbidden_pairs": pairs,
                 "type_ranges": ranges, "costs": costs, "budget": budget}  # fmt: skip
        try:
            advice = rec.complete(known, free=free, explain=False, **rules)
        except ck.errors.SpecError:
            told["refused"] += 1
            continue
        for of in advice:
            chosen = {(name, value) for name, listed in of.campaign.items() for value in listed}
            told["answers"] += 1
            told["violations"] += not (
                of.campaign[own] == known[own]
                and {*of.campaign} == {*free, own}
                and all(low <= len(of.campaign[n]) <= high for n, (low, high) in ranges.items())
                and {*of.campaign[free[0]]} <= {*allowed[free[0]]}
                and not any({*of.campaign[n]} & {*out} for n, out in forbidden.items())
                and not any({*pair} <= chosen for pair in pairs)
                and sum(costs[key] for key in chosen) <= budget + 1e-6
            )
    return {"queries": RULED, **{key: told[key] for key in ("refused", "answers", "violations")}}


def many(rec: ck.Recommender) -> dict[str, float]:
    """CPU seconds of many different partial campaigns on two workers; the first ones also alone.

    Brand, audience and place are known.
    """
    rng, values = np.random.default_rng(2), rec.vocabulary.to_values()
    known = [
        {
            name: rng.choice(values[name], rng.integers(low, high + 1), False).tolist()
            for name, (low, high) in RANGES.items()
            if name not in HIDDEN
        }
        for _ in range(MANY)
    ]
    before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) + time.process_time()
    with ProcessPoolExecutor(2) as workers:
        told = rec.complete_many(known, executor=workers)
    spent = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) + time.process_time() - before
    started = time.process_time()
    same = rec.complete_many(known[:ALONE]) == told[:ALONE]
    alone = time.process_time() - started
    return {"campaigns": MANY, "cpu_s": round(spent, 1), "compared": ALONE, "same": float(same),
            "cpu_ms_alone": round(1000 * alone / ALONE, 2)}  # fmt: skip


def learned(seed: int) -> tuple[dict[str, float], ck.Recommender]:
    """What picks are worth in a world, and the recommender that was learned of it."""
    graph = synthetic_graph(SIZES, pos_frac=0.25, neg_frac=0.25, hubs=0, seed=seed)
    truth, rng = ck.Recommender(graph), np.random.default_rng(seed)
    campaigns, scores = drawn(truth, ROWS + 2 * QUERIES, rng)
    mean, sd = scores.mean(), scores.std()
    outcome = (scores - mean) / sd + rng.standard_normal(len(scores))
    low, high = np.quantile(outcome, [0.25, 0.75])
    codes = np.digitize(outcome, [low, high]).astype(np.uint8)
    block = Block(campaigns.block.nodes, campaigns.block.offsets, codes)
    whole = CampaignDataset(block, campaigns.vocabulary, ["neg", "avg", "pos"])
    parts = np.arange(ROWS), np.arange(ROWS, ROWS + QUERIES)
    train, test = (
        CampaignDataset(block.take(part), whole.vocabulary, whole.label_names) for part in parts
    )

    def chance(net: Any) -> np.ndarray:
        z = (np.asarray(net) - mean) / sd - high
        return np.array([0.5 * (1 + erf(of / 2**0.5)) for of in z])

    started = time.process_time()
    model = ck.PairwiseOrdinalClassifier().fit(train)
    fitted = time.process_time()
    rec = ck.Recommender(model, train)
    assert rec.spread is not None
    halved = time.process_time()
    (score,) = ck.evaluate_recommender(
        rec, test, truth=graph, chance=chance, hide=HIDDEN, num_rows=QUERIES
    )
    told = score.scores
    records = [{m: [*v] for m, v in campaign.attributes.items()} for campaign in test]
    known = [{m: v for m, v in of.items() if m not in HIDDEN} for of in records]

    def true(picks: list[Any]) -> np.ndarray:
        keys = [[(m, v) for m, values in of.items() for v in values] for of in picks]
        sets = [np.array(sorted(truth.vocabulary.node_of[key] for key in of)) for of in keys]
        return chance(truth.scores.of(sets))

    plain = rec.complete_many(known, k=5, diversity=0, free=HIDDEN)
    varied = rec.complete_many(known, k=5, free=HIDDEN)
    room = told["optimum"] - told["random"]
    nearest = true([neighbours(rec, of) for of in known]).mean()
    swaps = []
    for of in records:
        change = next(c for c in rec.what_if(of) if c.kind == "swap")
        gain = float(np.diff(true([of, dict(change.campaign)]))[0])
        assert change.interval is not None
        swaps.append([change.stated, change.gain, gain, gain > 0,
                      change.interval[0] <= gain <= change.interval[1]])  # fmt: skip
    stated, shrunk, gained, better, covered = np.mean(swaps, axis=0).tolist()
    figures = {
        "gain_captured": told["gain_captured"],
        "knn_gain_captured": float((nearest - told["random"]) / room),
        "told": told["told"],
        "true": told["true"],
        "told_less_true": told["told"] - told["true"],
        "interval_covers": told["covered"],
        "pick_shrink": rec.spread.pick(tuple(HIDDEN)),
        "swap_shrink": rec.spread.swap,
        "swap_stated": stated,
        "swap_told": shrunk,
        "swap_true": gained,
        "swap_better": better,
        "swap_interval_covers": covered,
        "likeness": told["likeness"],
        "likeness_without_diversity": likeness(plain),
        "chance_lost_to_diversity": float(
            np.mean([true([a.campaign for a in of]).mean() for of in plain])
            - np.mean([true([a.campaign for a in of]).mean() for of in varied])
        ),
        "log_loss": min(of.log_loss for of in model.candidates_),
        "table_penalty": model.penalty_[0],
        "fit_cpu_s": fitted - started,
        "halves_cpu_s": halved - fitted,
    }
    show_table({f"world {seed}": figures})
    return figures, rec


def drawn(
    truth: ck.Recommender, num: int, rng: np.random.Generator
) -> tuple[CampaignDataset, np.ndarray]:
    """Random campaigns and their net fractions."""
    vocabulary: Vocabulary = truth.vocabulary
    starts, rows = vocabulary.starts.tolist(), []
    for _ in range(num):
        row: list[int] = []
        for m, name in enumerate(vocabulary.modalities):
            low, high = RANGES[name]
            size = starts[m + 1] - starts[m]
            row += (starts[m] + rng.permutation(size)[: rng.integers(low, high + 1)]).tolist()
        rows.append(np.array(sorted(row), np.int64))
    block = Block.of_rows([row.tolist() for row in rows], labels=[0] * num)
    return CampaignDataset(block, vocabulary, ["any"]), truth.scores.of(rows)


def likeness(advice: list[Any]) -> float:
    told = []
    for of in advice:
        sets = [{(m, v) for m in HIDDEN for v in a.campaign[m]} for a in of]
        told += [len(a & b) / len(a | b) for i, a in enumerate(sets) for b in sets[:i]]
    return float(np.mean(told))


def neighbours(rec: ck.Recommender, known: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The commonest hidden values of the over-performing among the 50 nearest campaigns."""
    train, keys = rec.train, rec.vocabulary.keys
    assert train is not None and train.labels is not None
    nodes = np.array([rec.vocabulary.node_of[m, v] for m, of in known.items() for v in of])
    ends = np.append(0, np.cumsum(np.isin(train.nodes, nodes)))[train.offsets]
    shared = np.diff(ends)[:ROWS:4]
    near = 4 * np.argsort(-shared, kind="stable")[:50]
    counts = Counter(int(n) for row in near if train.labels[row] == "pos" for n in train.sets[row])
    best = {m: max((c, n) for n, c in counts.items() if keys[n][0] == m)[1] for m in HIDDEN}
    return {**known, **{m: [keys[n][1]] for m, n in best.items()}}


if __name__ == "__main__":
    main()
