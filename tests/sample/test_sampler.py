"""The sampler's promises: exactly as many, all in range, the same bytes everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numba import njit
from worlds import SIZES, spec_of, structured_graph

from campaignkit.catalogue import Catalogue
from campaignkit.dataset import CampaignDataset
from campaignkit.errors import SamplingFailed, SettingError, SpecError
from campaignkit.graph import Edge, SignedGraph
from campaignkit.sample import Annealing, AnnealingSampler, HeatBath, Rejection, Strategy
from campaignkit.sample.chunks import Chunk, draw_chunk
from campaignkit.sample.moves.defaults import DEFAULT_MOVES
from campaignkit.simulation import published_graph

BOXES = {"pos": ((0.3, 0.6), (0.0, 0.2)), "tail": ((0.5, 1.0), (0.0, 0.1))}
STRATEGIES = [Rejection(), HeatBath(), Annealing(stop="mixed")]


def world() -> SignedGraph:
    return structured_graph(SIZES, pos=38, neg=33)


def in_box(graph: SignedGraph, dataset: CampaignDataset, spec: object) -> bool:
    """Count every pair of every campaign by asking the graph."""
    for campaign in dataset:
        nodes = [(m, v) for m, values in campaign.attributes.items() for v in values]
        signs = [graph.sign(a, b) for i, a in enumerate(nodes) for b in nodes[:i]]
        label = spec.label_params[campaign.label]
        for modality, (low, high) in spec.type_ranges.items():
            assert low <= len(campaign.attributes[modality]) <= high
        for sign, (low, high) in ((1, label.pos_frac_range), (-1, label.neg_frac_range)):
            if not low - 1e-9 <= signs.count(sign) / len(signs) <= high + 1e-9:
                return False
    return True


@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
def test_all_campaigns_are_there_and_in_range(strategy: Strategy) -> None:
    graph, spec = world(), spec_of(BOXES, 150)

    dataset = AnnealingSampler(graph, spec, seed=1, strategy=strategy).sample()

    assert [dataset.label_names[code] for code in dataset.block.labels] == ["pos"] * 150 + [
        "tail"
    ] * 150
    assert in_box(graph, dataset, spec)
    assert dataset.evaluation is not None
    assert dataset.evaluation.in_range_frac == 1.0


@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
def test_a_campaign_depends_on_seed_label_and_index_only(strategy: Strategy) -> None:
    graph = world()
    many = AnnealingSampler(graph, spec_of(BOXES, 40), seed=1, strategy=strategy).sample(
        chunk_rows=7
    )
    few = AnnealingSampler(
        graph, spec_of({"tail": BOXES["tail"]}, 10), seed=1, strategy=strategy
    ).sample()
    other = AnnealingSampler(graph, spec_of(BOXES, 40), seed=2, strategy=strategy).sample()

    tail = many.select(np.flatnonzero(many.block.labels == 1)[:10])
    assert list(tail) == list(few)
    assert list(other) != list(many)


@pytest.mark.parametrize("block", [1, 8])
def test_chunks_workers_and_processes_change_nothing(block: int) -> None:
    graph, spec = world(), spec_of(BOXES, 60)
    sampler = AnnealingSampler(graph, spec, seed=3, strategy=HeatBath(chain_block=block))
    plain = sampler.sample()

    with ThreadPoolExecutor(3) as threads:
        assert sampler.sample(executor=threads, chunk_rows=8) == plain
    with ProcessPoolExecutor(2) as processes:
        assert sampler.sample(executor=processes, chunk_rows=25) == plain
    assert sampler.sample(chunk_rows=1) == plain


def test_the_order_of_rows_and_directions_changes_nothing() -> None:
    graph, spec = world(), spec_of(BOXES, 30)
    turned = [Edge(e.target, e.source, e.sign) for e in graph.edges()][::-1]
    shuffled = SignedGraph.from_edges(turned, catalogue=Catalogue(list(graph.catalogue)[::-1]))

    assert AnnealingSampler(shuffled, spec).sample() == AnnealingSampler(graph, spec).sample()


@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
def test_listed_and_dense_graphs_give_the_same_campaigns(
    strategy: Strategy, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, spec = world(), spec_of(BOXES, 40)
    dense = AnnealingSampler(graph, spec, strategy=strategy).sample()

    monkeypatch.setattr("campaignkit.graph.node_tables.DENSE_NODES", 3)

    assert AnnealingSampler(graph, spec, strategy=strategy).sample() == dense


def test_bytes_are_those_of_every_other_machine(tmp_path: Path) -> None:
    folder = AnnealingSampler(world(), spec_of(BOXES, 25), seed=7).write(tmp_path / "out")

    lines = (folder / "campaigns.jsonl").read_text().splitlines()

    assert (len(lines), lines[0], lines[-1]) == GOLDEN


def test_written_and_sampled_are_the_same(tmp_path: Path) -> None:
    sampler = AnnealingSampler(world(), spec_of(BOXES, 50), seed=7)
    streamed = sampler.write(tmp_path / "one", chunk_rows=9)
    held = sampler.sample().write(tmp_path / "two")

    for name in sorted(path.name for path in streamed.iterdir()):
        assert (streamed / name).read_bytes() == (held / name).read_bytes()
    assert len(list(held.iterdir())) == len(list(streamed.iterdir()))


@pytest.mark.slow
@pytest.mark.parametrize("stop", ["mixed", "first_feasible"])
@pytest.mark.parametrize("best_of", [1, 3])
def test_the_kernel_is_the_reference(stop: str, best_of: int) -> None:
    graph = world()
    spec = spec_of(BOXES, 6, proposals_per_step=best_of, patience=40)
    plain = [(move.py_func, share) for move, share in DEFAULT_MOVES]

    twice = [(njit(move), share) for move, share in plain]
    with pytest.warns(UserWarning, match="slow reference annealer"):
        strategies = [Annealing(stop, moves) for moves in (list(DEFAULT_MOVES), twice, plain)]
    built_in, compiled, reference = (
        AnnealingSampler(graph, spec, strategy=strategy).sample() for strategy in strategies
    )

    assert built_in == compiled == reference


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    strategy=st.sampled_from(STRATEGIES),
    low=st.floats(0, 0.35),
    high_neg=st.floats(0.15, 1),
)
def test_counts_kept_by_steps_are_counts_of_the_set(
    seed: int, strategy: Strategy, low: float, high_neg: float
) -> None:
    """Degrees are updated edge by edge; a recount of the finished set has to agree."""
    graph, spec = world(), spec_of({"x": ((low, 1.0), (0.0, high_neg))}, 5)
    sampler = AnnealingSampler(graph, spec, seed=seed, strategy=strategy)
    (job,) = sampler._jobs()

    rows = draw_chunk(Chunk(job, 0, 5))

    ends = np.cumsum(rows.sizes, dtype=np.int64)
    signs = np.asarray(graph.signs)
    for end, size, counts in zip(ends, rows.sizes.astype(int), rows.counts, strict=True):
        nodes = rows.nodes[end - size : end]
        inside = signs[np.ix_(nodes, nodes)]
        assert ((inside > 0).sum() // 2, (inside < 0).sum() // 2) == tuple(counts)
        per_type = np.diff(np.searchsorted(nodes, np.cumsum([0, *SIZES.values()])))
        assert all(
            lo <= n <= hi for n, (lo, hi) in zip(per_type, spec.type_ranges.values(), strict=True)
        )


def test_the_pilot_says_which_mode_and_why() -> None:
    sampler = AnnealingSampler(
        world(), spec_of({"pos": BOXES["pos"], "rare": ((0.61, 1.0), (0.0, 0.0))}, 5)
    )

    plans = {plan.label: plan for plan in sampler.plans}

    assert (plans["pos"].strategy.name, plans["rare"].strategy.name) == ("rejection", "heat_bath")
    assert "pilot draws are in the box: at least 2%" in plans["pos"].reason
    quality = sampler.sample().provenance.quality["labels"]
    assert quality["pos"]["near_bound_frac"] == pytest.approx(
        quality["pos"]["near_bound_expected"], abs=0.5
    )
    assert quality["pos"]["draws"] >= 5
    assert quality["rare"]["visits"] > 0


@pytest.mark.slow
def test_the_share_near_a_bound_is_estimated_where_the_pilot_met_too_few() -> None:
    graph = published_graph()
    ranges = dict.fromkeys(graph.catalogue.modalities, (1, 1))
    ranges |= {"gender-generation": (5, 6), "interest-and-other-attributes": (3, 5)}
    spec = spec_of({"rare": ((0.42, 1.0), (0.0, 0.09))}, 2_000, ranges)

    rare = AnnealingSampler(graph, spec).sample().provenance.quality["labels"]["rare"]

    assert rare["acceptance"] < 0.003
    assert 0 < rare["near_bound_error"] < 0.05
    difference = abs(rare["near_bound_frac"] - rare["near_bound_expected"])
    assert difference < 3 * rare["near_bound_error"]


class LosingExecutor(ThreadPoolExecutor):
    """Loses every third task, as a cluster loses a worker."""

    tasks = 0

    def submit(self, *args: object, **kwargs: object) -> Future:  # type: ignore[type-arg]
        self.tasks += 1
        if self.tasks % 3:
            return super().submit(*args, **kwargs)  # type: ignore[arg-type]
        lost: Future[object] = Future()
        lost.set_exception(ConnectionResetError("worker left"))
        return lost


def test_a_lost_worker_costs_only_its_chunks() -> None:
    sampler = AnnealingSampler(world(), spec_of(BOXES, 40), seed=3)
    plain = sampler.sample()

    with LosingExecutor(2) as losing:
        assert sampler.sample(executor=losing, chunk_rows=5) == plain
        assert losing.tasks > 16


def exit_once(marker: str) -> None:
    """Kills its worker process the first time."""
    if not Path(marker).exists():
        Path(marker).touch()
        os._exit(1)


def test_a_broken_process_pool_is_outlived(tmp_path: Path) -> None:
    sampler = AnnealingSampler(world(), spec_of(BOXES, 40), seed=3)
    plain = sampler.sample()

    with ProcessPoolExecutor(1) as pool:
        pool.submit(exit_once, str(tmp_path / "marker"))
        assert sampler.sample(executor=pool, chunk_rows=10) == plain


class Interrupt:
    """Presses Ctrl-C after some rows."""

    def update(self, stage: str, done: int, total: int) -> None:
        if stage == "sampling" and done >= 40:
            raise KeyboardInterrupt


def test_an_interrupted_run_leaves_nothing_and_goes_on_from_its_chunks(tmp_path: Path) -> None:
    sampler = AnnealingSampler(world(), spec_of(BOXES, 50), seed=3)
    kept, out = tmp_path / "kept", tmp_path / "out"

    with pytest.raises(KeyboardInterrupt):
        sampler.write(out, checkpoint=kept, chunk_rows=10, progress=Interrupt())

    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    before = {path.name: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert len(before) >= 4
    (kept / sorted(before)[0]).write_bytes(b"cut short")
    other = AnnealingSampler(world(), spec_of(BOXES, 50), seed=4)
    assert other.sample(checkpoint=kept, chunk_rows=10) == other.sample()

    sampler.write(out, checkpoint=kept, chunk_rows=10)

    assert not kept.exists()
    assert CampaignDataset.read(out) == sampler.sample()


KILLED = """
import sys; sys.path.insert(0, {tests!r})
from numba import njit
from worlds import SIZES, spec_of, structured_graph
from campaignkit.sample import Annealing, AnnealingSampler, HeatBath, Rejection, Strategy
class Die:
    def update(self, stage, done, total):
        if stage == "sampling" and done >= 30:
            import os, signal; os.kill(os.getpid(), signal.SIGKILL)
graph = structured_graph(SIZES, pos=38, neg=33)
spec = spec_of({{"pos": ((0.3, 0.6), (0.0, 0.2))}}, 60)
AnnealingSampler(graph, spec).write({out!r}, chunk_rows=10, progress=Die())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_run_leaves_no_folder_that_looks_whole(tmp_path: Path) -> None:
    code = KILLED.format(tests=str(Path(__file__).parent), out=str(tmp_path / "out"))

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert done.returncode == -9
    assert not (tmp_path / "out").exists()


def test_a_box_that_is_never_reached_says_how_close_it_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("campaignkit.sample.sampler.refuse_infeasible", lambda *_: None)
    ranges = {"a": (2, 2), "b": (2, 2), "c": (3, 3)}
    spec = spec_of({"pos": ((0.99, 1.0), (0.0, 0.0))}, 5, ranges, max_iters=200)

    with pytest.raises(SamplingFailed, match=r"'pos'.*within \d+ edges? of the box"):
        AnnealingSampler(world(), spec).sample()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Annealing("soon"), "expected first_feasible or mixed"),
        (lambda: HeatBath(chain_block=0), "chain_block is 0"),
        (lambda: HeatBath(chain_block=True), "chain_block is True"),
        (lambda: HeatBath(chain_block=2**63), "chain_block is"),
        (lambda: HeatBath(rho=0.7), "rho is 0.7"),
        (lambda: Annealing(moves=[]), "moves is empty"),
        (lambda: Annealing(moves=[3]), "3 is not a move"),
        (lambda: Annealing(moves=[(abs, 0)]), "share of a move is 0"),
        (lambda: AnnealingSampler(world(), spec_of(BOXES, 5), seed=None), "expected an integer"),
        (
            lambda: AnnealingSampler(world(), spec_of(BOXES, 5), strategy="fast"),
            "'fast'; expected",
        ),
    ],
)
def test_options_that_make_no_sense_are_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        make()


@pytest.mark.parametrize(
    ("options", "words"),
    [({"chunk_rows": 0}, "chunk_rows is 0"), ({"executor": 4}, "executor is 4")],
)
def test_runs_that_make_no_sense_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        AnnealingSampler(world(), spec_of(BOXES, 5)).sample(**options)


def test_what_is_no_graph_or_spec_is_refused() -> None:
    with pytest.raises(SpecError, match="expected a SamplingSpec"):
        AnnealingSampler(world(), spec_of(BOXES, 5).model_dump())
    with pytest.raises(SettingError, match="expected a SignedGraph"):
        AnnealingSampler("edges.csv", spec_of(BOXES, 5))


def test_more_campaigns_than_memory_holds_are_refused_at_once() -> None:
    sampler = AnnealingSampler(world(), spec_of(BOXES, 30_000_000))

    with pytest.raises(SettingError, match="use write"):
        sampler.sample()


def test_rejection_of_a_box_too_rare_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaignkit.sample.strategies.rejection._MAX_DRAWS", 50)
    spec = spec_of({"rare": ((0.6, 1.0), (0.0, 0.0))}, 5)

    with pytest.raises(SamplingFailed, match=r"among 50 unconstrained draws.*too few"):
        AnnealingSampler(world(), spec, strategy=Rejection()).sample()


def test_a_label_with_too_few_different_campaigns_is_warned_of() -> None:
    spec = spec_of({"x": ((0.0, 1.0), (0.0, 1.0))}, 500, {"a": (1, 1), "b": (1, 1)})

    with pytest.warns(UserWarning, match="allow 30 different ones: expect repeats"):
        dataset = AnnealingSampler(world(), spec).sample()

    assert len({tuple(dataset.block.row(row)) for row in range(500)}) == 30


def test_labels_that_overlap_wholly_are_warned_of() -> None:
    box = ((0.3, 1.0), (0.0, 0.2))

    with pytest.warns(UserWarning, match="the same box"):
        AnnealingSampler(world(), spec_of({"x": box, "y": box}, 5))


def test_a_spec_of_another_graph_is_refused() -> None:
    with pytest.raises(SpecError, match="the graph has no such modality"):
        AnnealingSampler(world(), spec_of(BOXES, 5, {"brand": (1, 1), "a": (1, 1)}))


GOLDEN = (
    50,
    '{"a":["000","004"],"b":["000","002"],"c":["002","005","008"],"label":"pos"}',
    '{"a":["001"],"b":["005"],"c":["001"],"label":"tail"}',
)
