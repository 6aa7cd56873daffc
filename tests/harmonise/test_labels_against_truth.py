"""Labels of campaigns in simulated worlds whose true rates are known, with fixed seeds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from campaignkit.harmonise.outcomes import campaigns

sys.path.insert(0, str(Path(__file__).parent.parent.parent))
outcome_labels = pytest.importorskip("benchmarks.outcome_labels", reason="not a checkout")


@pytest.mark.parametrize("kpi", ["purchases", "value"])
@pytest.mark.parametrize("spread", [0.2, 0.5])
def test_intervals_and_stability_mean_what_they_say(kpi: str, spread: float) -> None:
    told = outcome_labels.measure(1500, 3, kpi=kpi, spread=spread)

    assert 0.86 <= told["covered"] <= 0.94  # of 0.9
    assert 0.84 <= told["covered_small"] <= 0.96
    assert abs(told["told"] - told["right"]) < 0.06  # stability: the probability to be right
    assert abs(told["told_small"] - told["right_small"]) < 0.1
    assert told["opposite"] < told["opposite_raw"]
    sure = [share for _, share in told["surely"].values()]
    assert sure == sorted(sure)
    assert sure[-1] > 0.75


def test_rates_are_drawn_together_as_the_known_distribution_would() -> None:
    """Of gamma rates and Poisson counts the best estimate is known: (a + count) / (b + spend)."""
    rng = np.random.default_rng(1)
    spend = rng.lognormal(4, 1.5, 3000)
    true = rng.gamma(4, 0.05, 3000)
    counts = rng.poisson(true * spend)
    rows = [_row(at, s, n) for at, (s, n) in enumerate(zip(spend, counts, strict=True))]
    rate = campaigns(rows).frame["rate"].to_numpy()
    best = (4 + counts) / (1 / 0.05 + spend)

    assert np.square(rate - true).mean() < 1.03 * np.square(best - true).mean()
    assert np.square(rate - true).mean() < 0.5 * np.square(counts / spend - true).mean()


def test_a_few_tiny_rows_do_not_move_the_mean_that_others_are_drawn_to() -> None:
    rng = np.random.default_rng(2)
    rows = [_row(at, 200.0, n) for at, n in enumerate(rng.poisson(200 * rng.gamma(25, 0.02, 40)))]
    tiny = [_row(100 + at, 0.05, 1) for at in range(5)]  # twenty clicks a unit; others have half
    alone, rate = (campaigns(of).frame["rate"].to_numpy()[:40] for of in (rows, rows + tiny))

    assert np.abs(rate - alone).max() < 0.03


def test_where_all_do_the_same_no_label_is_sure() -> None:
    rng = np.random.default_rng(3)
    made = campaigns([_row(at, 100.0, n) for at, n in enumerate(rng.poisson(100, 60))]).frame

    assert np.median(made["label_stability"].to_numpy()) < 0.6
    assert made["percentile_lo"].to_numpy().max() < 0.5 < made["percentile_hi"].to_numpy().min()


def test_large_baskets_make_values_less_sure_than_counts() -> None:
    told = [outcome_labels.measure(400, 5, kpi=kpi)["told"] for kpi in ("purchases", "value")]

    assert told[1] < told[0] - 0.03


def _row(at: int, spend: float, clicks: int) -> dict[str, Any]:
    (plain,), _ = outcome_labels.world(1, 0)
    told = {"campaign_id": str(at), "spend": spend, "clicks_link": float(clicks), "weeks": 1}
    return plain | told | {"purchases": None, "objective_raw": ["TRAFFIC"]}
