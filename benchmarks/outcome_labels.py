"""Labels of campaigns against true rates: a simulated world in which every rate is known.

python -m benchmarks.outcome_labels [campaigns]

Spend is lognormal (a few campaigns have most of it), true rates are gamma within peers, counts of
a week scatter more than Poisson, and baskets are lognormal. Compared are labels of the raw rates,
and those of `CampaignData.campaigns`.
"""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

import numpy as np

from benchmarks.record import record
from campaignkit.harmonise.outcomes import AMOUNTS, TOLD, campaigns

WEEKS = 13


def world(
    num_campaigns: int, seed: int, *, kpi: str = "purchases", spread: float = 0.5
) -> tuple[list[dict[str, Any]], np.ndarray[Any, Any]]:
    """Rows as the unified tables give them, and the true rate of each."""
    rng = np.random.default_rng(seed)
    true = rng.gamma(1 / spread**2, 0.05 * spread**2, num_campaigns)
    weekly = rng.lognormal(5, 1.5, num_campaigns)[:, None] * rng.dirichlet(
        np.full(WEEKS, 5.0), num_campaigns
    )
    counts = rng.poisson(true[:, None] * weekly * rng.gamma(8, 1 / 8, weekly.shape))
    amounts = counts.astype(float)
    if kpi == "value":
        amounts = np.vectorize(lambda n: rng.lognormal(3, 1, n).sum())(counts)
        true = true * np.exp(3 + 1 / 2)
    spend = weekly.sum(1)
    chi2 = (amounts**2 / weekly).sum(1) - amounts.sum(1) ** 2 / spend
    told: dict[str, Any] = {name: [] for name in TOLD} | dict.fromkeys(AMOUNTS)
    told |= dict.fromkeys((f"{name}_chi2" for name in AMOUNTS), 0.0) | {
        "platform": "meta", "account_id": "7", "currency": "EUR", "period": date(2025, 1, 1),
        "objective_raw": ["SALES"], "weeks": WEEKS, "impressions_paid": 9_999.0,
    }  # fmt: skip
    rows = [
        told | {"campaign_id": str(at), "spend": spend[at], f"{kpi}_chi2": chi2[at],
                "purchases": float(counts[at].sum()), kpi: amounts[at].sum()}
        for at in range(num_campaigns)
    ]  # fmt: skip
    return rows, true


def measure(
    num_campaigns: int, seed: int, *, kpi: str = "purchases", spread: float = 0.5
) -> dict[str, Any]:
    """How often labels are those of the true rates, intervals cover, and stability is right."""
    rows, true = world(num_campaigns, seed, kpi=kpi, spread=spread)
    made = campaigns(rows, seed=seed).frame
    assert set(made["kpi"].to_pylist()) == {kpi}
    place = (np.argsort(np.argsort(true)) + 0.5) / num_campaigns
    cuts, names = [1 / 3, 2 / 3], np.array(["neg", "avg", "pos"])
    truth = names[np.searchsorted(cuts, place)]
    raw = (np.argsort(np.argsort(made["outcome"].to_numpy())) + 0.5) / num_campaigns
    label, raw_label = np.array(made["label"].to_pylist()), names[np.searchsorted(cuts, raw)]
    right, extreme = label == truth, label != "avg"
    stable = made["label_stability"].to_numpy()
    covered = (made["percentile_lo"].to_numpy() <= place) & (
        place <= made["percentile_hi"].to_numpy()
    )
    small = np.argsort(made["exposure"].to_numpy())[: num_campaigns // 4]
    return {
        "right_raw": (raw_label == truth).mean(),
        "opposite_raw": _opposite(raw_label, truth),
        "opposite": _opposite(label, truth),
        "extremes_right_raw": (raw_label == truth)[raw_label != "avg"].mean(),
        "extremes_right": right[extreme].mean() if extreme.any() else np.nan,
        "right": right.mean(),
        "told": stable.mean(),
        "covered": covered.mean(),
        "covered_small": covered[small].mean(),
        "told_small": stable[small].mean(),
        "right_small": right[small].mean(),
        "surely": {
            f"{low:.1f}-{high:.1f}": [int(at.sum()), round(float(right[at].mean()), 3)]
            for low, high in ((0, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01))
            if (at := (stable >= low) & (stable < high)).any()
        },
    }


def _opposite(label: Any, truth: Any) -> float:
    return float(
        ((label == "pos") & (truth == "neg") | (label == "neg") & (truth == "pos")).mean()
    )


def main(num_campaigns: int = 2000) -> None:
    """Both KPIs, rates that differ much and little, many peers and as few as are accepted."""
    figures: dict[str, Any] = {}
    for kpi in ("purchases", "value"):
        for spread in (0.5, 0.2):
            for peers in (num_campaigns, 30):
                told = [
                    measure(peers, seed, kpi=kpi, spread=spread)
                    for seed in range(max(num_campaigns // peers // 2, 1))
                ]
                figures[f"{kpi}, rates differ by {spread:.0%}, {peers} peers"] = {
                    name: round(float(np.nanmean([one[name] for one in told])), 3)
                    for name in told[0]
                    if name != "surely"
                } | {"right_by_stability": told[0]["surely"]}
    record(
        "outcome_labels",
        figures,
        about="Labels (thirds of the peers) against those of the true rates, simulated: shares of "
        "right and of opposite labels by raw rates and by drawn rates, the mean of "
        "label_stability (told), and how often percentile_lo to percentile_hi (90%) contain the "
        "true percentile; _small: the quarter of least spend.",
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
