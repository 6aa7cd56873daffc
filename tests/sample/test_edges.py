"""Shapes at the edge of what a spec can say: each gives its campaigns, or an error in words."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray
from worlds import SIZES, spec_of, structured_graph

from campaignkit.catalogue import Attribute, Catalogue
from campaignkit.dataset import CampaignDataset
from campaignkit.graph import SignedGraph
from campaignkit.sample import Annealing, AnnealingSampler, HeatBath, Rejection, Strategy
from campaignkit.sample.moves import free_node, pick, swap_node
from campaignkit.simulation import published_graph
from campaignkit.spec import SamplingSpec

STRATEGIES = [Rejection(), HeatBath(), Annealing(stop="mixed")]
ANY = ((0.0, 1.0), (0.0, 1.0))
SOFT = ((0.2, 1.0), (0.0, 0.4))


def recount(graph: SignedGraph, dataset: CampaignDataset, spec: SamplingSpec) -> NDArray[np.int64]:
    """Check every campaign by asking the graph's lists of neighbours; int64[r, 3] k, + and -."""
    csr, position = graph.csr, {a.key: i for i, a in enumerate(graph.catalogue)}
    told = []
    for campaign in dataset:
        keys = [(m, v) for m, values in campaign.attributes.items() for v in values]
        nodes = np.array([position[key] for key in keys])
        assert len({*keys}) == len(keys)
        for modality, (low, high) in spec.type_ranges.items():
            assert low <= len(campaign.attributes.get(modality, ())) <= high
        inside = [csr.of(node)[1][np.isin(csr.of(node)[0], nodes)] for node in nodes]
        signs = np.concatenate(inside)
        k, p, g = len(nodes), (signs > 0).sum() // 2, (signs < 0).sum() // 2
        pairs, box = k * (k - 1) / 2, spec.label_params[campaign.label]
        for count, (low_f, high_f) in ((p, box.pos_frac_range), (g, box.neg_frac_range)):
            assert low_f - 1e-9 <= count / pairs <= high_f + 1e-9
        told.append((k, p, g))
    assert len(told) == spec.num_samples
    return np.array(told)


@pytest.mark.filterwarnings("ignore:.*expect repeats:UserWarning")
@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
@pytest.mark.parametrize(
    ("sizes", "ranges"),
    [
        ({"a": 4, "b": 5, "c": 3}, {"a": (1, 1), "b": (1, 1), "c": (0, 0)}),  # pairs, an idle type
        ({"a": 1, "b": 6, "c": 6}, {"a": (1, 1), "b": (1, 2), "c": (0, 2)}),  # a single node
        ({"a": 1, "b": 6, "c": 6}, {"a": (0, 1), "b": (2, 2), "c": (0, 6)}),  # a whole modality
        ({"a": 64, "b": 65, "c": 128}, {"a": (0, 2), "b": (1, 3), "c": (2, 64)}),  # whole words
        ({"a": 3, "b": 700, "c": 63}, {"a": (2, 3), "b": (1, 2), "c": (1, 1)}),  # many to few
    ],
)
def test_ranges_of_every_shape_are_kept(
    sizes: dict[str, int], ranges: dict[str, tuple[int, int]], strategy: Strategy
) -> None:
    apart = (sum(sizes.values()) ** 2 - sum(n * n for n in sizes.values())) // 2
    graph = structured_graph(sizes, pos=apart // 2, neg=apart // 3)
    box = ((0.1, 1.0), (0.0, 0.5))

    if ranges["c"] == (0, 0):
        with pytest.warns(UserWarning, match=r"no campaign contains a 'c'"):
            sampler = AnnealingSampler(
                graph, spec_of({"x": box}, 40, ranges), seed=1, strategy=strategy
            )
    else:
        sampler = AnnealingSampler(
            graph, spec_of({"x": box}, 40, ranges), seed=1, strategy=strategy
        )
    counts = recount(graph, sampler.sample(), sampler.spec)

    if all(low == high for low, high in ranges.values()):
        assert {*counts[:, 0]} == {sum(low for low, _ in ranges.values())}
    else:
        assert len({*counts[:, 0]}) > 1


@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
@pytest.mark.parametrize(
    ("sizes", "ranges", "box"),
    [
        # The most nodes there can be, and thousands of edges: bounds beyond a byte.
        ({"a": 130, "b": 140}, {"a": (110, 130), "b": (100, 125)}, ((0.49, 0.6), (0.0, 0.0))),
        # One node with 254 edges into the campaign, others with one.
        ({"a": 2, "b": 300}, {"a": (1, 1), "b": (250, 254)}, ((0.0078, 1.0), (0.0, 0.0))),
    ],
)
def test_campaigns_of_255_nodes_are_counted_right(
    sizes: dict[str, int], ranges: dict[str, tuple[int, int]], box: object, strategy: Strategy
) -> None:
    a, b = sizes.values()
    source, target = np.repeat(np.arange(a), b), np.tile(np.arange(a, a + b), a)
    catalogue = Catalogue([Attribute(m, f"{i:03d}") for m, n in sizes.items() for i in range(n)])
    graph = SignedGraph.from_arrays(catalogue, source, target, np.ones(a * b, np.int8))
    spec = spec_of({"x": box}, 30, ranges)

    counts = recount(graph, AnnealingSampler(graph, spec, strategy=strategy).sample(), spec)

    assert counts[:, 0].max() >= 254 or counts[:, 0].max() >= counts[:, 0].min() + 3


@pytest.fixture(scope="module")
def large_graph() -> SignedGraph:
    """70,012 nodes, of which twelve have all the edges."""
    sizes = {"a": 30_000, "b": 40_000, "c": 12}
    n = sum(sizes.values())
    rng = np.random.default_rng(2)
    catalogue = Catalogue([Attribute(m, f"{i:05d}") for m, k in sizes.items() for i in range(k)])
    last = np.repeat(np.arange(n - 12, n), 30_000)
    other = np.concatenate([rng.permutation(n - 12)[:30_000] for _ in range(12)])
    sign = rng.choice(np.array([-1, 1], np.int8), len(last))
    return SignedGraph.from_arrays(catalogue, other, last, sign)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
def test_node_numbers_above_16_bits_are_themselves(
    strategy: Strategy, large_graph: SignedGraph
) -> None:
    spec = spec_of({"x": ((0.1, 1.0), (0.0, 0.4))}, 60, {"a": (1, 2), "b": (1, 3), "c": (1, 4)})

    dataset = AnnealingSampler(large_graph, spec, strategy=strategy).sample()

    recount(large_graph, dataset, spec)
    assert (dataset.block.nodes > 1 << 16).any()


@pytest.mark.parametrize("seed", [-1, 10**40, np.int64(5), 2**64 - 1])
def test_any_integer_is_a_seed_and_no_two_are_the_same(seed: int) -> None:
    graph, spec = structured_graph(SIZES, pos=38, neg=33), spec_of({"x": SOFT}, 30)

    campaigns = list(AnnealingSampler(graph, spec, seed=seed).sample())

    assert campaigns == list(AnnealingSampler(graph, spec, seed=int(seed)).sample())
    for other in (0, abs(int(seed)) + 1, -int(seed)):
        assert campaigns != list(AnnealingSampler(graph, spec, seed=other).sample())


@pytest.mark.parametrize(
    "label", ["pilot", "plan", "ünïcode ⚡ 的", 'a/b"c\\d', "<b>", "0", "x" * 300]
)
def test_any_printable_label_is_a_label(label: str, tmp_path: Path) -> None:
    graph, spec = structured_graph(SIZES, pos=38, neg=33), spec_of({label: SOFT, "y": ANY}, 20)
    with pytest.warns(UserWarning, match="is completely inside"):
        sampler = AnnealingSampler(graph, spec)

    folder = sampler.write(tmp_path / "out", checkpoint=tmp_path / "kept")

    dataset = CampaignDataset.read(folder)
    recount(graph, dataset, spec)
    assert dataset == sampler.sample()
    assert dataset.label_names == (label, "y")


def test_a_label_called_pilot_does_not_repeat_the_pilot() -> None:
    """The pilot chooses the mode; rows that were its own draws would have been chosen with it."""
    graph = structured_graph(SIZES, pos=38, neg=33)
    with pytest.warns(UserWarning, match="same box"):
        sampler = AnnealingSampler(
            graph, spec_of({"pilot": ANY, "x": ANY}, 500), strategy=Rejection()
        )

    block, pilot = sampler.sample().block, sampler._pilot.draws

    sizes = np.diff(block.offsets)[:500]
    assert (sizes == pilot.sizes[:500]).mean() < 0.5


@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
def test_one_campaign_and_more_room_than_campaigns(strategy: Strategy) -> None:
    graph, spec = structured_graph(SIZES, pos=38, neg=33), spec_of({"x": SOFT}, 1)

    (one,) = AnnealingSampler(graph, spec, strategy=strategy).sample(chunk_rows=10**15)

    (first, *_) = AnnealingSampler(graph, spec_of({"x": SOFT}, 5), strategy=strategy).sample()
    assert one == first


def test_a_block_longer_than_the_run_begins_like_any_other() -> None:
    graph = structured_graph(SIZES, pos=38, neg=33)
    options = {"strategy": HeatBath(chain_block=1000)}

    few = AnnealingSampler(graph, spec_of({"x": SOFT}, 7), **options).sample()
    many = AnnealingSampler(graph, spec_of({"x": SOFT}, 50), **options).sample(chunk_rows=3)

    assert list(few) == list(many)[:7]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)
def test_steps_without_end_are_no_overflow(strategy: Strategy) -> None:
    graph = structured_graph(SIZES, pos=38, neg=33)
    endless = {
        "max_iters": 10**30, "patience": 10**30, "start_temp": 1e3, "end_temp": 1e-300,
    }  # fmt: skip
    used = {name: value for name, value in endless.items() if name in strategy.parameters}
    spec = spec_of({"x": SOFT}, 10, **used)

    recount(graph, AnnealingSampler(graph, spec, strategy=strategy).sample(), spec)


def test_a_chain_that_starts_again_starts_elsewhere() -> None:
    """Few steps, so most chains fail first: each must get there in the end, on other draws."""
    graph = structured_graph(SIZES, pos=38, neg=33)
    spec = spec_of({"x": ((0.53, 1.0), (0.0, 0.05))}, 300, max_iters=150)
    sampler = AnnealingSampler(graph, spec, strategy=HeatBath())

    dataset = sampler.sample()

    quality = dataset.provenance.quality["labels"]["x"]
    recount(graph, dataset, spec)
    assert quality["restarts"] > 100


class StopAfter:
    """Ctrl-C after some rows."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def update(self, stage: str, done: int, total: int) -> None:
        if stage == "sampling" and done >= self.rows:
            raise KeyboardInterrupt


def stopped(sampler: AnnealingSampler, kept: Path) -> list[Path]:
    with pytest.raises(KeyboardInterrupt):
        sampler.sample(checkpoint=kept, chunk_rows=10, progress=StopAfter(30))
    return sorted(kept.iterdir())


def test_a_finished_run_leaves_the_chunks_of_others(tmp_path: Path) -> None:
    graph, spec = structured_graph(SIZES, pos=38, neg=33), spec_of({"x": SOFT}, 50)
    one, two = (AnnealingSampler(graph, spec, seed=seed) for seed in (1, 2))
    chunks = stopped(one, tmp_path / "kept")

    two.sample(checkpoint=tmp_path / "kept", chunk_rows=10)

    assert sorted((tmp_path / "kept").iterdir()) == chunks


def test_chunks_stay_until_their_folder_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, spec = structured_graph(SIZES, pos=38, neg=33), spec_of({"x": SOFT}, 50)
    sampler = AnnealingSampler(graph, spec)
    out = tmp_path / "out"

    def full(self: object, *args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr("campaignkit.dataset.DatasetWriter.describe", full)
        with pytest.raises(OSError, match="No space"):
            sampler.write(out, checkpoint=tmp_path / "kept", chunk_rows=10)

    assert len(list((tmp_path / "kept").iterdir())) == 5
    assert not out.exists()


@pytest.mark.slow  # two annealers are compiled
def test_chunks_of_another_move_of_the_same_name_are_not_taken(tmp_path: Path) -> None:
    graph, spec = structured_graph(SIZES, pos=38, neg=33), spec_of({"x": SOFT}, 50)
    one, two = (
        AnnealingSampler(graph, spec, strategy=Annealing(moves=[a_move(word)])) for word in (0, 1)
    )
    stopped(one, tmp_path / "kept")

    dataset = two.sample(checkpoint=tmp_path / "kept", chunk_rows=10)

    assert dataset == two.sample()
    assert dataset != one.sample()


def a_move(word: int) -> object:
    """A swap that takes its words in one order or the other."""
    if word:

        @njit
        def move(first, second, state):  # type: ignore[no-untyped-def]
            return swap_node(second, first, state)
    else:

        @njit
        def move(first, second, state):  # type: ignore[no-untyped-def]
            return swap_node(first, second, state)

    return move


@njit
def trade(first, second, state):  # type: ignore[no-untyped-def]
    """One node of the first type leaves, one of the second joins, or the other way round."""
    gives, takes = np.int64(first & np.uint64(1)), 1 - np.int64(first & np.uint64(1))
    if state.counts[gives] <= state.low[gives] or state.counts[takes] >= state.high[takes]:
        return np.int64(-1), np.int64(-1)
    leaving = state.slots[state.slot_start[gives] + pick(first, state.counts[gives])]
    return leaving, free_node(second, takes, state)


@pytest.mark.slow  # an annealer is compiled
def test_a_move_across_modalities_minds_the_edge_between_the_two() -> None:
    """The node that joins counts no edge to the one that leaves; swaps of a type have none."""
    graph, spec = structured_graph(SIZES, pos=38, neg=33), spec_of({"x": SOFT}, 8)
    compiled = AnnealingSampler(graph, spec, strategy=Annealing("mixed", [swap_node, trade]))
    with pytest.warns(UserWarning, match="slow reference annealer"):
        slow = Annealing("mixed", [swap_node.py_func, trade.py_func])
    reference = AnnealingSampler(graph, spec, strategy=slow)

    dataset = compiled.sample()

    recount(graph, dataset, spec)
    assert dataset == reference.sample()


def test_an_interrupt_begins_no_more_chunks() -> None:
    """However long its traceback is looked at: what was not begun is cancelled at once."""
    graph, spec = structured_graph(SIZES, pos=38, neg=33), spec_of({"x": SOFT}, 900)
    sampler = AnnealingSampler(graph, spec)
    gate, futures = Event(), []

    class Gated(ThreadPoolExecutor):
        def submit(self, *args: object, **kwargs: object) -> Future:  # type: ignore[type-arg]
            if len(futures) == 4:
                super().submit(gate.wait)
            futures.append(super().submit(*args, **kwargs))  # type: ignore[arg-type]
            return futures[-1]

    with Gated(1) as executor:
        try:
            with pytest.raises(KeyboardInterrupt) as caught:
                sampler.sample(executor=executor, chunk_rows=10, progress=StopAfter(30))
            waiting = [future for future in futures[4:] if not future.cancelled()]
        finally:
            gate.set()

    assert caught.tb is not None
    assert len(futures) > 20
    assert waiting == []


@pytest.mark.parametrize("rare", [((0.48, 0.5), (0.46, 0.5))])
def test_a_box_that_takes_long_to_reach_gets_a_soft_wall_all_the_same(rare: object) -> None:
    """A hard wall would keep each chain on the island where it arrived."""
    ranges = dict.fromkeys(published_graph().catalogue.modalities, (1, 2))
    sampler = AnnealingSampler(published_graph(), spec_of({"x": rare}, 5, ranges))

    (plan,) = sampler.plans

    assert isinstance(plan.strategy, HeatBath)
    assert plan.strategy.rho > 0
