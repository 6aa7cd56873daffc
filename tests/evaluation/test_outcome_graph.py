"""A graph learned from results: right where it dares, empty where there is nothing to learn."""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd
import pytest

import campaignkit as ck
from campaignkit.errors import GraphError, MissingExtra
from campaignkit.evaluation import FewEdges

pytestmark = [
    pytest.mark.filterwarnings("ignore::campaignkit.catalogue.ColumnsLeftOut"),
    pytest.mark.filterwarnings("ignore::campaignkit.evaluation.FewEdges"),
]


def _world(num: int, seed: int) -> tuple[pd.DataFrame, dict[tuple[str, str], int]]:
    """Campaigns of a brand, an audience and a place; 20 pairs of 192 help, 20 harm."""
    rng = np.random.default_rng(seed)
    names = {m: [f"{m} {i}" for i in range(8)] for m in ("brand", "audience", "geo")}
    kinds = [("brand", "audience"), ("brand", "geo"), ("audience", "geo")]
    pairs = [(a, b) for m, n in kinds for a in names[m] for b in names[n]]
    signs = dict.fromkeys(pairs, 0)
    chosen = rng.permutation(len(pairs))
    signs |= {pairs[i]: 1 for i in chosen[:20]} | {pairs[i]: -1 for i in chosen[20:40]}
    frame = pd.DataFrame({m: rng.choice(values, num) for m, values in names.items()})
    liked = {value: rng.normal(0, 0.004) for values in names.values() for value in values}
    rate = np.full(num, 0.05) + rng.normal(0, 0.004, num)
    for of in names:
        rate += frame[of].map(liked).to_numpy()
    for m, n in kinds:
        rate += 0.01 * np.array([signs[pair] for pair in zip(frame[m], frame[n], strict=True)])
    shown = rng.choice([300, 30_000], num)
    frame["impressions"] = shown
    frame["ctr"] = rng.binomial(shown, np.clip(rate, 0.001, 1)) / shown
    return frame, signs


def test_edges_that_are_drawn_are_right_and_the_graph_goes_on_into_the_ordinary_path() -> None:
    frame, signs = _world(4_000, seed=1)

    told = ck.graph_from_outcomes(frame, outcome="ctr", exposure="impressions")

    right = wrong = 0
    for edge in told.graph.edges():
        pair = (edge.source[1], edge.target[1])
        true = signs.get(pair, signs.get(pair[::-1], 0))
        right, wrong = right + (edge.sign == true), wrong + (edge.sign != true)
        assert edge.decided_by == "learned"
        assert "campaigns; effect" in edge.reason
        assert edge.probability is not None
        assert edge.probability > 0.5
    assert right >= 25
    assert wrong <= 0.1 * (right + wrong)
    assert len(told.num_campaigns) == told.num_pairs == 192
    assert list(told.to_frame().columns)[:5] == [
        "source_modality", "source_value", "target_modality", "target_value", "sign",
    ]  # fmt: skip
    signs_of = ("brand", "audience", "geo")
    spec = ck.diagnose(told.graph, type_ranges=dict.fromkeys(signs_of, (1, 2)))
    assert len(ck.AnnealingSampler(told.graph, spec.suggest({"pos": 5, "neg": 5})).sample()) == 10


def test_shuffled_outcomes_give_hardly_an_edge() -> None:
    frame, _ = _world(1_500, seed=2)
    drawn = 0
    for seed in range(12):
        order = np.random.default_rng(seed).permutation(len(frame))
        shuffled = frame.assign(
            ctr=frame["ctr"].to_numpy()[order],
            impressions=frame["impressions"].to_numpy()[order],
        )
        told = ck.graph_from_outcomes(shuffled, outcome="ctr", exposure="impressions")
        drawn += bool(told.graph.columns.sign.any())

    assert drawn <= 3  # 5% of 12; four or more come in 0.2% of such tests


def test_results_that_tell_nothing_end_in_words() -> None:
    frame, _ = _world(60, seed=0)

    with pytest.raises(GraphError, match="all equal"):
        ck.graph_from_outcomes(frame.assign(ctr=1.0), outcome="ctr")
    with pytest.raises(GraphError, match="together in 40 of the 60 campaigns"):
        ck.graph_from_outcomes(frame, outcome="ctr")
    with pytest.raises(GraphError, match="one modality alone: brand"):
        ck.graph_from_outcomes(frame[["brand", "ctr"]], outcome="ctr")
    with pytest.raises(GraphError, match="max_false_frac"):
        ck.graph_from_outcomes(frame, outcome="ctr", max_false_frac=0)


def test_a_graph_of_hardly_an_edge_says_how_many_campaigns_would_be_needed() -> None:
    frame, _ = _world(1_500, seed=2)
    noise = frame.assign(ctr=np.random.default_rng(0).normal(size=1_500))
    few = noise[["brand", "geo"]].head(600).replace("brand 7", "brand 0").assign(y=noise["ctr"])

    with pytest.warns(FewEdges, match=r"23\.4 of the 1,500 .* about 2,600 campaigns are needed"):
        ck.graph_from_outcomes(noise, outcome="ctr")
    with pytest.warns(FewEdges, match="Outcomes may not depend on pairs"):
        ck.graph_from_outcomes(few, outcome="y", min_campaigns=5)
    with pytest.raises(GraphError, match="about 2,600 campaigns have a pair in 40 on average"):
        ck.graph_from_outcomes(noise.head(300), outcome="ctr")


def test_a_table_of_pairs_needs_no_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, _ = _world(1_500, seed=2)
    told = ck.graph_from_outcomes(frame, outcome="ctr", exposure="impressions")
    found = importlib.util.find_spec

    def without_pandas(name: str, package: str | None = None) -> object:
        return None if name == "pandas" else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without_pandas)

    assert type(told.to_frame()).__module__.startswith("polars")
    with pytest.raises(MissingExtra, match="needs pandas, which is not installed"):
        told.to_frame("pandas")
    with pytest.raises(GraphError, match="backend is 'excel'"):
        told.to_frame("excel")


def _unrelated(kind: str, seed: int) -> pd.DataFrame:
    """Campaigns whose outcomes have nothing to do with what they hold."""
    rng = np.random.default_rng(seed)
    num = 1_200 if kind == "copies" else 1_500
    draw = {
        "long tail": lambda: rng.lognormal(sigma=2, size=num),
        "two tails": lambda: rng.standard_cauchy(num),
        "rare successes": lambda: (rng.random(num) < 0.02) * 1.0,
        "copies": lambda: rng.normal(size=num),
    }
    frame = pd.DataFrame({
        m: rng.choice([f"{m} {i}" for i in range(5)], num) for m in ("brand", "geo", "device")
    })  # fmt: skip
    frame["y"] = draw[kind]()
    return pd.concat([frame] * 5, ignore_index=True) if kind == "copies" else frame


@pytest.mark.filterwarnings("ignore::campaignkit.dataset.measured.RowsLeftOut")
@pytest.mark.parametrize("kind", ["long tail", "two tails", "rare successes", "copies"])
def test_outcomes_of_odd_shapes_make_no_edges_by_themselves(kind: str) -> None:
    told = [ck.graph_from_outcomes(_unrelated(kind, s), outcome="y") for s in range(4)]

    assert sum(bool(one.graph.columns.sign.any()) for one in told) <= 1


def test_copies_of_rows_count_once_and_are_told() -> None:
    frame = _unrelated("long tail", 0)

    with pytest.warns(UserWarning, match="1,500 of 3,000 rows repeat another row"):
        told = ck.graph_from_outcomes(pd.concat([frame, frame]), outcome="y")

    alone = ck.graph_from_outcomes(frame, outcome="y")
    assert told.num_rows == alone.num_rows == 1_500
    assert told.num_left_out == 1_500
    assert np.allclose(told.effect, alone.effect)


def test_equal_rows_are_no_copies_where_outcomes_take_few_values() -> None:
    frame = _unrelated("rare successes", 0)

    assert ck.graph_from_outcomes(frame, outcome="y").num_rows == 1_500


def test_what_is_never_apart_is_not_tested() -> None:
    frame = _unrelated("long tail", 1)
    alone = ck.graph_from_outcomes(frame, outcome="y")

    told = ck.graph_from_outcomes(
        frame.assign(country="Peru", line=frame["brand"] + " line"), outcome="y"
    )

    assert len(told.tested.columns) == len(alone.tested.columns) == 75
    assert told.num_pairs > 75
    assert np.allclose(told.p_value, alone.p_value, atol=0.1)


def test_cells_and_exposures_that_are_missing_leave_the_rest() -> None:
    frame, _ = _world(3_000, seed=3)
    rng = np.random.default_rng(0)
    frame.loc[rng.random(3_000) < 0.2, "brand"] = None
    frame.loc[rng.random(3_000) < 0.2, "impressions"] = 0

    with pytest.warns(UserWarning, match="rows have no ctr or no impressions"):
        told = ck.graph_from_outcomes(frame, outcome="ctr", exposure="impressions")

    assert 2_300 < told.num_rows < 2_500
    assert told.graph.columns.sign.any()
