"""Classifiers of campaigns on simulated worlds: F1, log-loss, calibration, cost.

``python -m benchmarks classifiers`` writes the figures, a plot and the tables of docs/classify.md.
Every part is written as it ends; ``python -m benchmarks.classifiers worlds`` runs one alone.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.classifier_worlds import (
    BALANCED,
    IMBALANCED,
    World,
    low_rank_graph,
    world,
)
from benchmarks.record import RESULTS, record
from campaignkit.catalogue import Catalogue
from campaignkit.classify import (
    BoostedTrees,
    BoostWarning,
    DecisionTuner,
    EmbeddingLogistic,
    MajorityClassifier,
    OneHotLogistic,
    PairLogistic,
    PairwiseOrdinalClassifier,
    TfidfLogistic,
    label_codes,
)
from campaignkit.classify.labels import LABELS, label_positions
from campaignkit.dataset.text import make_wordings, render_briefs
from campaignkit.edges import TraitScorer, build_graph
from campaignkit.embed import HashingEmbedder
from campaignkit.graph import SignedGraph
from campaignkit.metrics import expected_calibration_error, macro_f1, macro_f1_of
from campaignkit.seeds import stream
from campaignkit.show import line_plot

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "classify.md"
PLOT = ROOT / "docs" / "figures" / "classifier-prior.svg"
NUM_FIT = 36_000  # of 42,000; the other 6,000 tune decisions
SIZES = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 42_000)
RULES = ("cuts", "offsets", "tau")
ORDER = (0, 1, 2)  # codes of neg, avg, pos
ABOUT = (
    "Campaigns of five features and 412 values (or of other graphs), 42,000 to learn from "
    "(36,000 fitted, 6,000 to tune decisions) and 18,000 to test on; CPU seconds of one thread"
)

# Tails that make single values tell about as much as in the worlds that were measured before:
# one-hot logistic regression there reached .66-.67 on imbalanced and .71 on balanced data.
WORLDS: dict[str, tuple[float, tuple[float, float, float], str, float]] = {
    "low-rank 90%, imbalanced": (0.9, IMBALANCED, "sampler", 0.003),
    "low-rank 90%, balanced": (0.9, BALANCED, "sampler", 0.01),
    "low-rank 60%, imbalanced": (0.6, IMBALANCED, "sampler", 0.001),
    "low-rank 90%, natural cuts": (0.9, IMBALANCED, "natural", 0.0),
}
MAIN = "low-rank 90%, imbalanced"


def make(name: str) -> World:
    """A world by its name."""
    share, shares, cuts, tail = WORLDS[name]
    graph = low_rank_graph(share=share, seed=1)
    return world(name, graph, shares=shares, cuts=cuts, tail=tail, seed=1)  # type: ignore[arg-type]


def real_graphs() -> list[World]:
    """Campaigns over graphs whose signs no model of ours made."""
    rules = build_graph(Catalogue.bundled("retail-160"), scorer=TraitScorer()).graph
    ranges = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 4)}
    found = [world("retail-160, trait rules", rules, shares=IMBALANCED, cuts="sampler",
                   ranges=ranges, tail=0.003, seed=2)]  # fmt: skip
    data = os.environ.get("CAMPAIGNKIT_TEST_DATA")
    votes = Path(str(data), "graphs", "senate_edges.csv")
    if votes.is_file():
        senate = SignedGraph.read_csv(votes)
        found.append(world("US Senate votes", senate, shares=IMBALANCED, cuts="sampler",
                           ranges={"senator": (3, 6), "bill": (3, 6)}, tail=0.003,
                           seed=2))  # fmt: skip
    return found


def measure(model: Any, fit_on: Any, labels: Any, val: Any, y_val: Any, test: Any, y_test: Any
            ) -> dict[str, Any]:  # fmt: skip
    """Fit, predict, tune; scores and CPU time."""
    start = time.process_time()
    model.fit(fit_on, labels)
    fit_s = time.process_time() - start
    start = time.process_time()
    proba = shares_of(model, test)
    predict_s = time.process_time() - start
    held = shares_of(model, val)
    plain = proba.argmax(axis=1)
    told: dict[str, Any] = {
        "macro_f1": macro_f1(y_test, plain),
        "f1_by_class": by_class(y_test, plain),
        "log_loss": float(
            -np.log(np.maximum(proba[np.arange(len(y_test)), y_test], 1e-15)).mean()
        ),
        "calibration_error": expected_calibration_error(y_test, proba),
        "fit_cpu_s": fit_s,
        "predict_cpu_us_a_row": 1e6 * predict_s / len(y_test),
        "tuned": {},
    }
    for rule in RULES:
        codes = DecisionTuner(rule, order=ORDER).fit(held, y_val).predict(proba)  # type: ignore[arg-type]
        gain, error = gain_of(y_test, plain, codes)
        told["tuned"][rule] = {
            "macro_f1": macro_f1(y_test, codes), "gain": gain, "standard_error": error,
            "changed_by_a_constant": changed_by_constant(held, y_val, proba, rule),
        }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BoostWarning)
        for name, shift in (("boost", 0.0), ("boost, logits + 5", 5.0)):
            tuner = DecisionTuner("published-boost", scale="logits")
            tuner.fit(centred_logits(held) + shift, y_val)
            boosted = tuner.predict(centred_logits(proba) + shift)
            told["tuned"][name] = {"macro_f1": macro_f1(y_test, boosted)}
    return told


def shares_of(model: Any, rows: Any) -> NDArray[np.float64]:
    """The probabilities of neg, avg, pos, in this order."""
    columns = label_positions(LABELS, model.classes_)
    return model.predict_proba(rows)[:, columns]  # type: ignore[no-any-return]


def centred_logits(proba: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-probabilities with a mean of 0 in each row."""
    logits = np.log(np.maximum(proba, 1e-12))
    return logits - logits.mean(axis=1, keepdims=True)  # type: ignore[no-any-return]


def by_class(truth: NDArray[np.int64], codes: NDArray[np.int64]) -> list[float]:
    """F1 of neg, avg, pos."""
    table = np.bincount(truth * 3 + codes, minlength=9).reshape(3, 3)
    both = table.sum(axis=0) + table.sum(axis=1)
    return (2 * np.diag(table) / np.maximum(both, 1)).tolist()  # type: ignore[no-any-return]


def gain_of(
    truth: NDArray[np.int64], before: NDArray[np.int64], after: NDArray[np.int64]
) -> tuple[float, float]:
    """The gain in macro F1 on the same rows, and its standard error (bootstrap of rows)."""
    cells = np.bincount(truth * 9 + before * 3 + after, minlength=27)
    rng = stream(0, "benchmark", "gain")
    drawn = rng.multinomial(len(truth), cells / len(truth), 1000).reshape(-1, 3, 3, 3)
    gains = macro_f1_of(drawn.sum(axis=2)) - macro_f1_of(drawn.sum(axis=3))
    return macro_f1(truth, after) - macro_f1(truth, before), float(gains.std())


def changed_by_constant(held: Any, y_val: Any, proba: Any, rule: Any) -> float:
    """Share of test rows whose label changes when 10 is added to all logits."""
    logits, tuned = np.log(np.maximum(proba, 1e-12)), np.log(np.maximum(held, 1e-12))
    one = DecisionTuner(rule, order=ORDER, scale="logits").fit(tuned, y_val).predict(logits)
    two = (
        DecisionTuner(rule, order=ORDER, scale="logits")
        .fit(tuned + 10, y_val)
        .predict(logits + 10)
    )
    return float((one != two).mean())


def models(name: str) -> dict[str, Any]:
    """The classifiers of a world; all baselines on the main one."""
    found: dict[str, Any] = {
        "majority": MajorityClassifier(),
        "one-hot logistic": OneHotLogistic(),
        "pair logistic": PairLogistic(),
        "LightGBM, tuned": BoostedTrees(),
        "pairwise ordinal": PairwiseOrdinalClassifier(),
    }
    if name == MAIN:
        found["TF-IDF + logistic (names)"] = TfidfLogistic()
        found["TF-IDF + logistic (descriptions)"] = TfidfLogistic()
        found["hashed embedding + logistic (names)"] = EmbeddingLogistic(HashingEmbedder())
    return found


def run_world(told: World, found: dict[str, Any], keep: Callable[[str, Any], None]) -> None:
    """Measure each model on a world; each is kept as it ends."""
    train, val = told.train[:NUM_FIT], told.train[NUM_FIT:]
    y_val, y_test = label_codes(val.labels), label_codes(told.test.labels)
    for name, model in found.items():
        parts: list[Any] = [train, val, told.test]
        if name.endswith("(names)"):
            parts = [render_briefs(part) for part in parts]
        elif name.endswith("(descriptions)"):
            wordings = make_wordings(train.vocabulary.keys, num=4)
            parts = [
                render_briefs(part, wordings=wordings, seed=i) for i, part in enumerate(parts)
            ]
        keep(name, measure(model, parts[0], train.labels, parts[1], y_val, parts[2], y_test))
        if isinstance(model, PairwiseOrdinalClassifier):
            keep("learned graph", agreement(model, told.graph))


def agreement(model: PairwiseOrdinalClassifier, graph: SignedGraph) -> dict[str, float]:
    """How well the learned effects tell the graph's signs."""
    found = model.effect_graph()
    keys = [attribute.key for attribute in found.catalogue]
    place = [graph.catalogue.index(key) for key in keys]
    edges = found.columns
    signs = graph.signs[np.ix_(place, place)][edges.source, edges.target]
    strength = edges.strength
    assert strength is not None
    num_pos, num_neg = (signs > 0).sum(), (signs < 0).sum()
    both = signs != 0
    ranks = np.argsort(np.argsort(strength[both]))
    area = (ranks[signs[both] > 0].sum() - num_pos * (num_pos - 1) / 2) / (num_pos * num_neg)
    return {
        "correlation_of_strength_and_sign": float(np.corrcoef(strength, signs)[0, 1]),
        "area_under_curve_pos_against_neg": float(area),
    }


def prior_curve(keep: Callable[[str, Any], None]) -> None:
    """With and without a prior graph of 10% wrong signs, by number of rows."""
    for name in (MAIN, "low-rank 90%, natural cuts"):
        told = make(name)
        prior = spoiled(told.graph, share=0.10, seed=4)
        y_test = label_codes(told.test.labels)
        points = []
        for size in SIZES:
            for repeat in range(3 if size <= 5_000 else 1):
                rows = stream(repeat, "benchmark", "rows", size).permutation(len(told.train))
                part = told.train.select(np.sort(rows[:size]))
                plain = PairwiseOrdinalClassifier().fit(part)
                helped = PairwiseOrdinalClassifier(prior=prior).fit(part)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    probas = [shares_of(model, told.test) for model in (plain, helped)]
                codes = [proba.argmax(axis=1) for proba in probas]
                gain, error = gain_of(y_test, *codes)
                losses = [-np.log(np.maximum(p[np.arange(len(y_test)), y_test], 1e-15)).mean()
                          for p in probas]  # fmt: skip
                points.append({
                    "rows": size, "repeat": repeat, "plain_f1": macro_f1(y_test, codes[0]),
                    "prior_f1": macro_f1(y_test, codes[1]), "gain": gain, "standard_error": error,
                    "plain_log_loss": float(losses[0]), "prior_log_loss": float(losses[1]),
                })  # fmt: skip
                keep(name, points)


def spoiled(graph: SignedGraph, *, share: float, seed: int) -> SignedGraph:
    """The graph with a share of all pairs' signs (none included) replaced by another one."""
    rng = stream(seed, "benchmark", "wrong signs")
    signs = graph.signs
    codes = graph.modality_codes
    source, target = np.nonzero(np.triu(codes[:, None] != codes))
    old = signs[source, target].astype(np.int64)
    wrong = rng.random(len(old)) < share
    new = np.where(wrong, (old + 1 + rng.integers(1, 3, len(old))) % 3 - 1, old)
    return SignedGraph.from_arrays(graph.catalogue, source, target, new, neutral="drop")


def main() -> None:
    """All parts, in order of what matters."""
    for part in PARTS:
        run_part(part)
    write_docs()


def run_part(part: str) -> None:
    """One part; its figures are merged with those there are."""

    def keep(group: str, name: str, value: Any) -> None:
        figures = kept()
        figures.setdefault(part, {}).setdefault(group, {})[name] = value
        record("classifiers", figures, about=ABOUT)
        print(f"  {part}, {group}, {name}: {_short(value)}", flush=True)

    if part == "worlds":
        for name in WORLDS:
            run_world(make(name), models(name), lambda n, v, w=name: keep(w, n, v))  # type: ignore[misc]
    elif part == "real graphs":
        for told in real_graphs():
            run_world(told, models(told.name), lambda n, v, w=told.name: keep(w, n, v))  # type: ignore[misc]
    elif part == "prior":
        prior_curve(lambda n, v: keep("points", n, v))
    else:
        raise SystemExit(f"no part {part!r}; there are {', '.join(PARTS)}")


PARTS = ("worlds", "real graphs", "prior")


def kept() -> dict[str, Any]:
    """The figures written so far."""
    path = RESULTS / "classifiers.json"
    if not path.is_file():
        return {}
    return json.loads(path.read_text(encoding="utf-8"))["figures"]  # type: ignore[no-any-return]


def _short(value: Any) -> str:
    if isinstance(value, list):
        value = value[-1]
    told = {k: round(v, 4) for k, v in value.items() if isinstance(v, float)}
    tuned = {k: round(v["macro_f1"], 4) for k, v in value.get("tuned", {}).items()}
    return f"{told} {tuned or ''}"


def write_docs() -> None:
    """The tables of docs/classify.md and the plot of the prior."""
    figures = kept()
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition("<!-- table: classifiers -->")
    _, _, tail = rest.partition("<!-- end: classifiers -->")
    parts = [main_table(figures), world_table(figures), told_of_prior(figures)]
    table = "\n\n".join([*parts, *figures.get("notes", [])])
    PAGE.write_text(
        f"{head}<!-- table: classifiers -->\n{table}\n<!-- end: classifiers -->{tail}",
        encoding="utf-8",
    )
    series: dict[str, list[tuple[float, float]]] = {}
    for name, points in figures.get("prior", {}).get("points", {}).items():
        for which in ("plain", "prior"):
            label = (
                f"{name.split(', ')[1]}, {'10% wrong prior' if which == 'prior' else 'no prior'}"
            )
            series[label] = [
                (size, float(np.mean([p[f"{which}_f1"] for p in points if p["rows"] == size])))
                for size in SIZES if any(p["rows"] == size for p in points)
            ]  # fmt: skip
    if series:
        PLOT.write_text(
            line_plot(series, title="Macro F1 by training rows", x_label="training rows",
                      y_label="macro F1", log_x=True), encoding="utf-8",
        )  # fmt: skip


NEEDS = {"LightGBM, tuned": "`boost`"}


def rule_of(name: str) -> str:
    """The decision rule that is shown: fixed beforehand, not the best on the test rows."""
    return "cuts" if name == "pairwise ordinal" else "offsets"


def main_table(figures: dict[str, Any]) -> str:
    """All classifiers on the main world."""
    rows = dict(figures["worlds"][MAIN])
    rows.pop("learned graph", None)
    order = sorted(rows, key=lambda name: rows[name]["macro_f1"])
    lines = [
        f"**Simulated only.** {MAIN.capitalize()}: 412 values, labels decided by a graph, "
        "minority classes from the far tails;\n"
        "36,000 rows fitted, 6,000 to tune decisions, 18,000 tested.",
        "",
        "| classifier | macro F1, argmax | tuned (offsets; cuts for the ordinal) | log-loss | "
        "calibration error | cost | training, CPU-s | a prediction, CPU-µs | needs |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in order:
        row = rows[name]
        tuned = row["tuned"][rule_of(name)]["macro_f1"]
        shown = f"**{name}**" if name == "pairwise ordinal" else name
        lines.append(
            f"| {shown} | {row['macro_f1']:.3f} | {tuned:.3f} | {row['log_loss']:.3f} | "
            f"{row['calibration_error']:.3f} | none | {row['fit_cpu_s']:.1f} | "
            f"{row['predict_cpu_us_a_row']:.0f} | {NEEDS.get(name, '')} |"
        )
    return "\n".join(lines)


def world_table(figures: dict[str, Any]) -> str:
    """Macro F1 of some classifiers on every world."""
    groups = {**figures["worlds"], **figures.get("real graphs", {})}
    names = (
        "majority",
        "one-hot logistic",
        "LightGBM, tuned",
        "pair logistic",
        "pairwise ordinal",
    )
    lines = [
        "Macro F1, argmax / tuned as above, on every world (the last two: signs that no model of "
        "ours made;\ncampaigns and labels drawn here):",
        "",
        "| world | " + " | ".join(names) + " | learned strength against true sign |",
        "|---|" + "---|" * (len(names) + 1),
    ]
    for world_name, rows in groups.items():
        cells = []
        for name in names:
            if name not in rows:
                cells.append("")
                continue
            tuned = rows[name]["tuned"][rule_of(name)]["macro_f1"]
            cells.append(f"{rows[name]['macro_f1']:.3f} / {tuned:.3f}")
        learned = rows.get("learned graph", {})
        area = learned.get("area_under_curve_pos_against_neg")
        cells.append("" if area is None else f"AUC {area:.3f}")
        lines.append(f"| {world_name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def told_of_prior(figures: dict[str, Any]) -> str:
    """The gain that a prior graph brings, by number of rows."""
    points = figures.get("prior", {}).get("points", {})
    if not points:
        return ""
    lines = [
        "Gain in macro F1 from a prior graph with 10% wrong signs (simulated; +- one standard "
        "error on the test rows; mean of\nthree draws of rows up to 5,000):",
        "",
        "| rows | " + " | ".join(points) + " |",
        "|---|" + "---|" * len(points),
    ]
    for size in SIZES:
        cells = []
        for found in points.values():
            here = [p for p in found if p["rows"] == size]
            if not here:
                cells.append("")
                continue
            plain, prior, gain = (
                np.mean([p[k] for p in here]) for k in ("plain_f1", "prior_f1", "gain")
            )
            error = np.sqrt(np.mean([p["standard_error"] ** 2 for p in here]))
            cells.append(f"{plain:.3f} -> {prior:.3f} ({gain:+.3f} +- {error:.3f})")
        lines.append(f"| {size:,} | " + " | ".join(cells) + " |")
    lines += ["", "![Macro F1 with and without a prior](figures/classifier-prior.svg)"]
    return "\n".join(lines)


if __name__ == "__main__":
    for asked in sys.argv[1:] or PARTS:
        write_docs() if asked == "docs" else run_part(asked)
