"""The active builder from 160 to 1,600 attributes, in simulated worlds, with good and bad cards.

``python -m benchmarks graph_scale`` measures the builds that the results file lacks, the dearest
last, and writes each as it is finished, so that a stop loses one. ``python -m
benchmarks.graph_scale 320`` measures the builds of one size. Take a build out of the file to have
it measured anew: each says at which commit it was. The tables of docs/active-builder.md are
written from the results.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

import campaignkit as ck
from benchmarks.graph_building import RERUN, agreement, bound_runs
from benchmarks.record import RESULTS, commit, cpu_min, record, show_table
from benchmarks.second_graph_world import SecondWorld
from campaignkit.edges import LLMEdgeScorer
from campaignkit.edges.methods.active import builder
from campaignkit.edges.methods.active.ordinal_probit import OrdinalProbit
from campaignkit.edges.methods.active.rounds import NO_ANSWER, likeliest
from campaignkit.edges.pairs import chunks
from campaignkit.edges.prompt_data import read_data
from campaignkit.llm import Budget, Prompt, Reply
from campaignkit.simulation import RehearsalModel, RehearsalWorld

SIZES = {160: 260, 320: 750, 800: 2960, 1600: 8400}  # the published numbers of calls
SEEDS = (21, 22)
WRONG_CARDS = {"cards perfect": 0.0, "15% wrong": 0.15}
WORLDS: dict[str, Callable[..., RehearsalWorld]] = {
    "first world": RehearsalWorld,
    "second world": SecondWorld,
    "second world, no low rank": lambda size, **given: SecondWorld(
        size, rest="own tastes", **given
    ),
}
GOAL = 0.85  # of three-way agreement; how do the calls to it grow?
NEGATIVE_WEIGHTS = (1.0, 2.0, 4.0, 8.0)
BOUND_SIZE, BOUND_ANSWERS = 48, 350
PAGE = Path(__file__).parent.parent / "docs" / "active-builder.md"
START, END = "<!-- simulated: benchmarks/graph_scale.py -->\n", "<!-- end of scale -->\n"
Signs = NDArray[np.int8]


def main(sizes: Sequence[int] = tuple(SIZES)) -> None:
    """Measure each build that is lacking, print it and record what is measured so far."""
    measure(sizes, ("first world", "second world"))
    measure_bound()
    measure_growth()
    measure(sizes, ("second world, no low rank",))
    write_docs(held())


def measure(sizes: Sequence[int], names: Sequence[str]) -> None:
    """Build what the results file lacks; each build is in it as soon as it is finished."""
    for seed, size, name, cards in product(SEEDS, sizes, names, WRONG_CARDS):
        row, figures, start = f"{size} attributes, {name}, {cards}, seed {seed}", held(), cpu_min()
        if row in figures["builds"]:
            continue
        world = WORLDS[name](size, seed=seed, wrong_cards=WRONG_CARDS[cards])
        found = one_build(world, SIZES[size])
        spent = {"commit": commit(), "cpu_min": round(cpu_min() - start, 2)}
        figures["builds"][row] = found | spent
        show_table({row: {"three_way": found["three_way"], "cpu_s": found["cpu_s"]}})
        keep(figures)


def measure_bound() -> None:
    """In how many of 200 builds the bound was lower than what turned out."""
    figures, start = held(), cpu_min()
    if "bound" not in figures:
        found = bound_runs(BOUND_SIZE, BOUND_ANSWERS)
        asked = {"attributes": BOUND_SIZE, "answers": BOUND_ANSWERS, "commit": commit()}
        figures["bound"] = found | asked | {"cpu_min": round(cpu_min() - start, 2)}
        keep(figures)


def measure_growth() -> None:
    """160 attributes become 176 in one store, against a build of 176 with as many calls."""
    figures, start = held(), cpu_min()
    if "growth" in figures:
        return
    told = {}
    for seed in SEEDS:
        world = RehearsalWorld(176, seed=seed)
        few = ck.Catalogue(a for at, a in enumerate(world.catalogue) if at % 11)
        models = [NotingModel(world) for _ in range(3)]
        with tempfile.TemporaryDirectory() as folder:
            stores = [Path(folder) / name for name in ("grown", "grown", "anew")]
            builds = [
                ck.build_graph(
                    catalogue,
                    scorer=LLMEdgeScorer(model),
                    method=ck.ActiveBuilder(target_disagreement=None, card_model=model),
                    budget=Budget(calls=calls),
                    store=store,
                    seed=seed,
                )
                for catalogue, model, calls, store in zip(
                    (few, world.catalogue, world.catalogue),
                    models,
                    (260, 320, 320),
                    stores,
                    strict=True,
                )
            ]
        first, second, _ = models
        _, grown, anew = (build.states.sign for build in builds if build.states is not None)
        told[f"seed {seed}"] = {
            "cards_asked_again": len(first.cards & second.cards),
            "pairs_asked_again": len(first.pairs & second.pairs),
            "new_calls": builds[1].report.calls,
            "three_way_grown": round(float((grown == world.answers(rerun=RERUN)).mean()), 4),
            "three_way_anew": round(float((anew == world.answers(rerun=RERUN)).mean()), 4),
        }
    spent = {"commit": commit(), "cpu_min": round(cpu_min() - start, 2)}
    figures["growth"] = told | spent
    keep(figures)


def one_build(world: RehearsalWorld, calls: int) -> dict[str, Any]:
    """One build with a simulated model: cards, repeats and keys asked again are all paid for."""
    model, reference = TimedModel(world), world.answers(rerun=RERUN)
    seen = Watched(model, reference)
    start = time.process_time()
    with mock.patch.object(builder, "OrdinalProbit", seen.learner):
        build = ck.build_graph(
            world.catalogue,
            scorer=LLMEdgeScorer(model),
            method=ck.ActiveBuilder(target_disagreement=None, card_model=model),
            budget=Budget(calls=calls),
            seed=world.seed,
        )
    cpu_s = time.process_time() - start
    assert build.states is not None
    signs = build.states.sign
    by_weight = {str(weight): seen.weighted(weight, reference) for weight in NEGATIVE_WEIGHTS}
    assert by_weight["1.0"]["three_way"] == round(float((signs == reference).mean()), 4)
    predicted = build.states.is_decided(by="predicted")
    wrong = float((signs != world.answers())[predicted].mean())
    bound = build.report.details["active"]["disagreement is at most"]
    told = {
        "calls": build.report.calls,
        **agreement(signs, reference),
        "three_way_se": standard_error(signs == reference, world.pairs, len(world.catalogue)),
        "negative_precision": float((reference == -1)[signs == -1].mean()),
        "rerun_ceiling": float((world.answers() == reference).mean()),
        "judged_frac": build.report.decided_by["scored"] / world.num_pairs,
        "wrong_frac_of_predicted": wrong,
        "bound": bound,
        "cpu_s": cpu_s,
        "cpu_s_of_the_simulated_model": model.cpu_s,
    }
    rounded = {name: round(value, 4) for name, value in told.items()}
    return rounded | {"by_round": seen.rounds, "by_negative_weight": by_weight}


class TimedModel(RehearsalModel):
    """Counts what it is asked, and the CPU seconds that its own answers take."""

    def __init__(self, world: RehearsalWorld) -> None:
        super().__init__(world)
        self.num_asked, self.cpu_s, self._counting = 0, 0.0, threading.Lock()

    def ask(self, prompt: Prompt, reply_type: type[Any]) -> Reply[Any]:
        start = time.thread_time()
        try:
            return super().ask(prompt, reply_type)
        finally:
            with self._counting:
                self.num_asked += 1
                self.cpu_s += time.thread_time() - start


class NotingModel(RehearsalModel):
    """Notes whose cards it is asked for, and about which pairs."""

    def __init__(self, world: RehearsalWorld) -> None:
        super().__init__(world)
        self.cards: set[str] = set()
        self.pairs: set[frozenset[tuple[str, ...]]] = set()

    def ask(self, prompt: Prompt, reply_type: type[Any]) -> Reply[Any]:
        data = read_data(prompt.user)
        for item in (said for key, said in data.items() if key.startswith("[")):
            if isinstance(item, str):
                self.cards.add(item)
            else:
                ends = (data["primary"], item) if "primary" in data else item
                self.pairs.add(frozenset(tuple(end[:2]) for end in ends))
        return super().ask(prompt, reply_type)


class Watched:
    """Looks over the learner's shoulder: what would the graph be if the build ended now?"""

    def __init__(self, model: TimedModel, reference: Signs) -> None:
        self._model, self._reference = model, reference
        self.rounds: list[dict[str, float]] = []

    def learner(self, *args: Any, **given: Any) -> Watched:
        self._learner = OrdinalProbit(*args, **given)
        return self

    def learn(self, signs: Signs, known: NDArray[np.bool_]) -> None:
        self._learner.learn(signs, known)
        parts = chunks(np.arange(len(signs)), 500_000)
        self._found = np.concatenate([self._learner.probabilities(part) for part in parts])
        self._signs = signs.copy()
        right = self.weighted(1.0, self._reference)["three_way"]
        self.rounds.append({"calls": self._model.num_asked, "three_way": right})

    def probabilities(self, pairs: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._found[pairs]

    def weighted(self, weight: float, reference: Signs) -> dict[str, float]:
        """What a weight of negatives makes of what is not judged."""
        guess, _ = likeliest(self._found * np.array([weight, 1, 1], dtype=np.float32))
        signs = np.where(self._signs == NO_ANSWER, guess, self._signs)
        negative, called = reference == -1, signs == -1
        told = {
            "three_way": (signs == reference).mean(),
            "negative_recall": called[negative].mean(),
            "negative_precision": negative[called].mean(),
        }
        return {name: round(float(value), 4) for name, value in told.items()}


def standard_error(right: NDArray[np.bool_], pairs: NDArray[np.int32], num: int) -> float:
    """Of a share of pairs, which are not independent: those of one attribute go together.

    Cluster-robust for dyads, as in Aronow, Samii and Assenova 2015.
    """
    off = right - right.mean()
    of_attribute = sum(np.bincount(side, off, minlength=num) for side in pairs.T)
    return float(np.sqrt(max(np.square(of_attribute).sum() - np.square(off).sum(), 0))) / len(off)


def calls_to_goal(rounds: Sequence[Mapping[str, float]]) -> float | None:
    """The calls after which a build agrees enough, between rounds by their logarithm."""
    for before, after in zip([rounds[0], *rounds], rounds, strict=False):
        if after["three_way"] >= GOAL:
            gain = after["three_way"] - before["three_way"]
            part = (GOAL - before["three_way"]) / gain if gain > 0 else 1.0
            return float(before["calls"] * (after["calls"] / before["calls"]) ** part)
    return None


def summary(builds: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The seeds of each row together: means, and intervals of agreement of 95%."""
    told: dict[str, dict[str, Any]] = {}
    for size, name, cards in product(SIZES, WORLDS, WRONG_CARDS):
        row = f"{size} attributes, {name}, {cards}"
        found = [builds[key] for s in SEEDS if (key := f"{row}, seed {s}") in builds]
        if not found:
            continue
        mean = {key: float(np.mean([one[key] for one in found])) for key in (
            "calls", "three_way", "recall", "precision", "negative_recall", "negative_precision",
            "rerun_ceiling", "judged_frac", "bound", "cpu_s", "cpu_s_of_the_simulated_model",
        )}  # fmt: skip
        half = 1.96 * float(np.sqrt(sum(one["three_way_se"] ** 2 for one in found))) / len(found)
        reached = [calls_to_goal(one["by_round"]) for one in found]
        weighted = {
            weight: {
                key: round(
                    float(np.mean([one["by_negative_weight"][weight][key] for one in found])), 4
                )
                for key in ("three_way", "negative_recall", "negative_precision")
            }
            for weight in map(str, NEGATIVE_WEIGHTS)
        }
        told[row] = {key: round(value, 4) for key, value in mean.items()} | {
            "seeds": len(found),
            "three_way_low": round(mean["three_way"] - half, 4),
            "three_way_high": round(mean["three_way"] + half, 4),
            "three_way_of_seeds": [one["three_way"] for one in found],
            f"calls_to_{GOAL}": None if None in reached else round(float(np.mean(reached))),
            "by_negative_weight": weighted,
        }
    return told


def exponents(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """How calls to the goal grow with attributes: the slope of their logarithms."""
    told = {}
    for name, cards in product(WORLDS, WRONG_CARDS):
        calls = {
            size: rows.get(f"{size} attributes, {name}, {cards}", {}).get(f"calls_to_{GOAL}")
            for size in SIZES
        }
        reached = {size: num for size, num in calls.items() if num is not None}
        if len(reached) > 1:
            slope = np.polyfit(np.log(list(reached)), np.log(list(reached.values())), 1)[0]
            told[f"{name}, {cards}"] = {"exponent": round(float(slope), 2), "calls": calls}
    return told


def held() -> dict[str, Any]:
    """What the results file has."""
    path = RESULTS / "graph_scale.json"
    figures = json.loads(path.read_text(encoding="utf-8"))["figures"] if path.exists() else {}
    return {"builds": {}} | figures


def keep(figures: dict[str, Any]) -> None:
    """Record the builds, and what they come to."""
    builds = figures["builds"]
    rows = summary(builds)
    figures |= {"rows": rows, f"exponent of calls to {GOAL}": exponents(rows)}
    spent = [one["cpu_min"] for one in builds.values()]
    spent += [figures[name]["cpu_min"] for name in ("bound", "growth") if name in figures]
    record(
        "graph_scale",
        figures,
        cpu=sum(spent),
        about=(
            "Simulated: a model with 5% flips and 1% malformed answers in worlds of different "
            "laws, two seeds each, the active builder within the published numbers of calls. "
            "Agreement is with an independent brute-force run of the same model; its interval of "
            "95% is cluster-robust by attribute and says nothing of other worlds. The calls to "
            f"{GOAL} are read between the rounds of the same builds. Weights of negatives "
            "act on the predictions of builds whose questions are those of weight 1. cpu_s is "
            "this library's and the simulated model's together."
        ),
    )


def write_docs(figures: Mapping[str, Any]) -> None:
    """Put the tables between the marks of the docs page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    parts = [_agreement_table(figures), _goal_table(figures), _weight_table(figures)]
    if "bound" in figures:
        parts.append(_bound_told(figures["bound"]))
    if "growth" in figures:
        parts.append(_growth_told(figures["growth"]))
    told = "\n\n".join(parts)
    PAGE.write_text(f"{before}{START}\n{told}\n\n{END}{after}", encoding="utf-8")


def _bound_told(bound: Mapping[str, Any]) -> str:
    return (
        f"The bound was violated in {bound['violated']} of {bound['runs']} builds of "
        f"{bound['attributes']} attributes with {bound['answers']:,} answers each; delta = "
        f"{bound['delta']} allows for {int(bound['delta'] * bound['runs'])}. On average the bound "
        f"was {bound['mean_slack']:.2f} above the true disagreement."
    )


def _growth_told(growth: Mapping[str, Any]) -> str:
    seeds = [told for name, told in growth.items() if name.startswith("seed")]
    again = sum(told["cards_asked_again"] + told["pairs_asked_again"] for told in seeds)
    grown, anew = (
        " and ".join(f"{told[name]:.3f}" for told in seeds)
        for name in ("three_way_grown", "three_way_anew")
    )
    return (
        f"A catalogue of 160 attributes, built with 260 calls, grew to 176 and had 60 calls more. "
        f"{again} cards and pairs were asked about again. Three-way agreement of two seeds was "
        f"{grown}; builds of the 176 attributes with 320 calls had {anew}."
    )


def _agreement_table(figures: Mapping[str, Any]) -> str:
    lines = [
        "| | calls | three-way (95%) | seeds | recall | precision | recall of - | precision of - "
        "| bound | CPU s |",
        "|---" * 10 + "|",
    ]
    for name, row in figures["rows"].items():
        seeds = " / ".join(f"{one:.3f}" for one in row["three_way_of_seeds"])
        lines.append(
            f"| {name} | {row['calls']:,.0f} | **{row['three_way']:.3f}** "
            f"({row['three_way_low']:.3f} to {row['three_way_high']:.3f}) | {seeds} "
            f"| {row['recall']:.3f} | {row['precision']:.3f} | {row['negative_recall']:.3f} "
            f"| {row['negative_precision']:.3f} | {row['bound']:.3f} | {row['cpu_s']:.0f} |"
        )
    return "\n".join(lines)


def _goal_table(figures: Mapping[str, Any]) -> str:
    lines = [
        f"Calls to a three-way agreement of {GOAL}, read between the rounds of these builds, and "
        "the exponent with which they grow over the sizes that reach it:\n",
        "| | " + " | ".join(f"{size:,}" for size in SIZES) + " | exponent |",
        "|---" * (len(SIZES) + 2) + "|",
    ]
    growth = figures[f"exponent of calls to {GOAL}"]
    for name, cards in product(WORLDS, WRONG_CARDS):
        cells = []
        for size in SIZES:
            row = figures["rows"].get(f"{size} attributes, {name}, {cards}")
            num = None if row is None else row[f"calls_to_{GOAL}"]
            cells.append("" if row is None else "not reached" if num is None else f"{num:,}")
        if any(cells):
            slope = growth.get(f"{name}, {cards}", {}).get("exponent")
            cells.append("" if slope is None else f"{slope:.2f}")
            lines.append(f"| {name}, {cards} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _weight_table(figures: Mapping[str, Any]) -> str:
    lines = [
        "What a weight of `-` makes of the predictions alone in the same builds, of the largest "
        "size measured in each world: recall of `-` / precision of `-` / three-way agreement:\n",
        "| | " + " | ".join(f"{weight:g}" for weight in NEGATIVE_WEIGHTS) + " |",
        "|---" * (len(NEGATIVE_WEIGHTS) + 1) + "|",
    ]
    for name, cards in product(WORLDS, WRONG_CARDS):
        rows = (f"{size} attributes, {name}, {cards}" for size in sorted(SIZES, reverse=True))
        largest = next((row for row in rows if row in figures["rows"]), None)
        if largest is not None:
            told = figures["rows"][largest]["by_negative_weight"].values()
            names = "negative_recall", "negative_precision", "three_way"
            cells = (" / ".join(f"{one[key]:.3f}" for key in names) for one in told)
            lines.append(f"| {largest} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or tuple(SIZES))
