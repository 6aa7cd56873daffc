"""Building graphs in simulated worlds: plans, active builder and pre-filter.

``python -m benchmarks graph_building`` measures, and writes the tables of docs/active-builder.md.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import campaignkit as ck
from benchmarks.record import RESULTS, record, show_table
from campaignkit.edges import PACKINGS, LLMEdgeScorer, PairTable, pack
from campaignkit.edges.methods.active.ordinal_probit import OrdinalProbit
from campaignkit.edges.methods.active.rounds import NO_ANSWER, ActiveLearning
from campaignkit.edges.methods.packing import fewest_calls
from campaignkit.embed import HashingEmbedder
from campaignkit.llm import Budget
from campaignkit.seeds import stream
from campaignkit.simulation import RehearsalModel, RehearsalWorld

Signs = NDArray[np.int8]

WORLDS = (1, 2, 3)
DENSITIES = {"50% +, 9% -": (0.5, 0.09), "20% +, 30% -": (0.2, 0.3)}
ROWS = ((160, 265), (160, 100), (320, 750), (800, 2960), (1600, 8400))
PREFILTERED = (160, 320, 800, 1600)
BOUND_RUNS, BOUND_DELTA, BOUND_ANSWERS = 200, 0.05, 4000
RERUN = 1
PAGE = Path(__file__).parent.parent / "docs" / "active-builder.md"
START, END = "<!-- simulated: benchmarks/graph_building.py -->\n", "<!-- end -->\n"


def main() -> None:
    """Measure, print and record."""
    figures: dict[str, Any] = {"plans": plans(), "bound": bound_runs()}  # Any: JSON values
    show_table({"bound": figures["bound"]})
    for name, shares in DENSITIES.items():
        rows: dict[str, Any] = {}
        for size, calls in ROWS:
            row = f"active, {size} attributes, {calls} calls"
            rows[row] = active_row(size, calls, shares)
            show_table({f"{name}: {row}": rows[row]})
        for size in PREFILTERED:
            row = f"pre-filter, {size} attributes"
            rows[row] = prefilter_row(size, shares)
            show_table({f"{name}: {row}": rows[row]})
        figures[name] = rows
    keep(figures)
    write_docs()


def keep(figures: Mapping[str, Any]) -> None:
    """Record the figures."""
    record(
        "graph_building",
        figures,
        about=(
            "Simulated: worlds of RehearsalWorld, a model with 5% flips and 1% malformed answers, "
            "15% wrong card entries. Means over three worlds, and sd over them. Agreement is with "
            "an independent brute-force run of the same model, whose own rerun gives the ceiling. "
            "random_share judges as many pairs by chance and gives the commonest sign elsewhere. "
            "Calls are all calls: trait cards, repeats and keys asked for again included. cpu_s "
            "is this library's and the simulated model's together."
        ),
    )


def write_docs() -> None:
    """Put the tables between the marks of the docs page."""
    held = json.loads((RESULTS / "graph_building.json").read_text(encoding="utf-8"))["figures"]
    parts = [
        f"**A world of {name}**\n\n{_table(held[name])}" for name in DENSITIES if name in held
    ]
    bound = held["bound"]
    parts.append(
        f"The bound was violated in {bound['violated']} of {bound['runs']} runs at 160 attributes "
        f"with {BOUND_ANSWERS:,} answers each; delta = {bound['delta']} allows for "
        f"{int(bound['delta'] * bound['runs'])}. On average it was {bound['mean_slack']:.2f} "
        "above the true disagreement."
    )
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    told = "\n\n".join(parts)
    PAGE.write_text(f"{before}{START}\n{told}\n\n{END}{after}", encoding="utf-8")


_COLUMNS = {
    "calls": "calls",
    "recall": "recall",
    "precision": "precision",
    "sign_agreement": "sign",
    "negative_recall": "recall of -",
    "three_way": "three-way",
    "random_share_three_way": "random",
    "gain": "gain",
    "rerun_ceiling": "ceiling",
    "bound": "bound",
    "cpu_s": "CPU s",
}


def _table(rows: Mapping[str, Mapping[str, float]]) -> str:
    lines = ["| | " + " | ".join(_COLUMNS.values()) + " |", "|---" * (len(_COLUMNS) + 1) + "|"]
    for name, row in rows.items():
        cells = [_cell(column, row) for column in _COLUMNS]
        lines.append(f"| {', '.join(name.split(', ')[:2])} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(column: str, row: Mapping[str, float]) -> str:
    if column not in row:
        return ""
    if column == "calls":
        return f"{row[column]:,.0f}"
    if column == "cpu_s":
        return f"{row[column]:.1f}"
    sd = row.get("three_way_sd") if column == "three_way" else None
    spread = "" if sd is None else f" ({sd:.3f})"
    return f"{row[column]:.3f}{spread}"


def plans() -> dict[str, dict[str, int]]:
    """Calls of brute force by packing."""
    catalogues = {
        "27": ck.Catalogue.bundled("starter-27"),
        "160": ck.Catalogue.bundled("retail-160"),
    }
    catalogues |= {str(size): RehearsalWorld(size).catalogue for size in (320, 800, 1600)}
    told = {}
    for size, catalogue in catalogues.items():
        table = PairTable(catalogue)
        told[size] = {packing: len(pack(table, packing)) for packing in PACKINGS}
        told[size]["least with one primary"] = fewest_calls(table, one_primary=True)
    return told


def bound_runs(size: int = 160, num_answers: int = BOUND_ANSWERS) -> dict[str, Any]:
    """How often the bound was lower than what turned out: at most delta of the runs should."""
    violated, slack, cpu_s = 0, [], []
    for run in range(BOUND_RUNS):
        world = RehearsalWorld(size, seed=1000 + run)
        answers = world.answers()
        start = time.process_time()
        result = ActiveLearning(
            OrdinalProbit(world.carded(), seed=run),
            lambda calls, stage, round, answers=answers: answers[np.concatenate(calls)],
            np.full(len(answers), NO_ANSWER, dtype=np.int8),
            most=num_answers,
            delta=BOUND_DELTA,
            seed=run,
        ).run(None)
        cpu_s.append(time.process_time() - start)
        rest = ~result.judged
        realised = float((result.sign != answers)[rest].mean())
        bound = result.rounds[-1].bound
        violated += realised > bound
        slack.append(bound - realised)
    return {
        "runs": BOUND_RUNS,
        "delta": BOUND_DELTA,
        "violated": violated,
        "mean_slack": round(float(np.mean(slack)), 3),
        "least_slack": round(float(np.min(slack)), 3),
        "cpu_s_a_run": round(float(np.mean(cpu_s)), 2),
    }


def active_row(size: int, calls: int, shares: tuple[float, float]) -> dict[str, Any]:
    """The active builder within some calls, and its rivals in the same worlds."""
    worlds = [
        RehearsalWorld(size, seed=seed, pos_frac=shares[0], neg_frac=shares[1]) for seed in WORLDS
    ]
    return _spread([_active(world, calls) for world in worlds])


def prefilter_row(size: int, shares: tuple[float, float]) -> dict[str, Any]:
    """The cluster pre-filter in the same worlds, with as many calls as it needs."""
    worlds = [
        RehearsalWorld(size, seed=seed, pos_frac=shares[0], neg_frac=shares[1]) for seed in WORLDS
    ]
    return _spread([_prefiltered(world) for world in worlds])


def _prefiltered(world: RehearsalWorld) -> dict[str, float]:
    model = RehearsalModel(world)
    build = ck.build_graph(
        world.catalogue,
        scorer=LLMEdgeScorer(model),
        method=ck.ClusterPrefilter(model=model, embedder=HashingEmbedder(), brute_force_from=None),
        seed=world.seed,
    )
    assert build.states is not None
    assert build.report.calls is not None
    signs, reference = build.states.sign, world.answers(rerun=RERUN)
    # With the calls that it needed, against as many by chance.
    random_share = _random_share(world, build.report.calls)
    told = agreement(signs, reference)
    by_chance = float((random_share == reference).mean())
    return {
        "calls": build.report.calls,
        **told,
        "random_share_three_way": by_chance,
        "gain": told["three_way"] - by_chance,
    }


def _active(world: RehearsalWorld, calls: int) -> dict[str, float]:
    model = RehearsalModel(world)
    start = time.process_time()
    build = ck.build_graph(
        world.catalogue,
        scorer=LLMEdgeScorer(model),
        method=ck.ActiveBuilder(target_disagreement=None, card_model=model),
        budget=Budget(calls=calls),
        seed=world.seed,
    )
    cpu_s = time.process_time() - start
    assert build.states is not None
    assert build.report.calls is not None
    assert build.report.calls <= calls
    signs, reference = build.states.sign, world.answers(rerun=RERUN)
    told = agreement(signs, reference)
    random_share = _random_share(world, calls)
    return {
        "calls": build.report.calls,
        **told,
        "three_way_with_truth": float((signs == world.truth).mean()),
        "random_share_three_way": float((random_share == reference).mean()),
        "gain": told["three_way"] - float((random_share == reference).mean()),
        "rerun_ceiling": float((world.answers() == reference).mean()),
        "bound": build.report.details["active"]["disagreement is at most"],
        "judged_share": build.report.decided_by["scored"] / world.num_pairs,
        "cpu_s": cpu_s,
    }


def agreement(signs: Signs, reference: Signs) -> dict[str, float]:
    """How a build agrees with a reference, as the published comparison counts it."""
    ours, theirs = signs != 0, reference != 0
    both = ours & theirs
    three_way = float((signs == reference).mean())
    chance = sum(float((signs == s).mean() * (reference == s).mean()) for s in (-1, 0, 1))
    negative = reference == -1
    return {
        "recall": float(both.sum() / theirs.sum()),
        "precision": float(both.sum() / ours.sum()),
        "sign_agreement": float((signs == reference)[both].mean()),
        "three_way": three_way,
        "kappa": (three_way - chance) / (1 - chance),
        "negative_recall": float((signs == -1)[negative].mean()),
    }


def _random_share(world: RehearsalWorld, calls: int) -> Signs:
    answers = world.answers()
    chosen = stream(world.seed, "benchmark", "random share").permutation(world.num_pairs)
    judged = chosen[: calls * 25]
    values, counts = np.unique(answers[judged], return_counts=True)
    signs = np.full(world.num_pairs, values[counts.argmax()], dtype=np.int8)
    signs[judged] = answers[judged]
    return signs


def _spread(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    told = {}
    for name in rows[0]:
        found = [row[name] for row in rows]
        told[name] = round(float(np.mean(found)), 4)
        told[f"{name}_sd"] = round(float(np.std(found, ddof=1)), 4)
    return told


if __name__ == "__main__":
    main()
