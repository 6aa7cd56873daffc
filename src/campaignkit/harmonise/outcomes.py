"""Campaigns of the unified rows, each with what was targeted and how it did among its peers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.checks import checked_count
from campaignkit.dataset import CampaignDataset
from campaignkit.dataset.measured import reliability
from campaignkit.errors import HarmoniseError
from campaignkit.harmonise.definition import LEVELS
from campaignkit.harmonise.enrich import ages, facets, generation, geography, objective
from campaignkit.seeds import stream

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
# What a campaign of an objective is paid for; of several the first that was counted.
KPIS = {
    "sales": ("value", "purchases"), "leads": ("leads",), "app": ("installs",),
    "video": ("video_completions", "video_plays"), "awareness": ("impressions_paid",),
    "traffic": ("clicks_link", "clicks_platform"), "engagement": ("clicks_platform",),
    "other": ("clicks_link", "clicks_platform"),
}  # fmt: skip
# Peers, from the closest on: the first group that is large enough is taken.
PEERS = (
    ("platform", "objective", "kpi", "currency", "period"),
    ("platform", "objective", "kpi", "currency"),
    ("objective", "kpi", "currency"),
)
MODALITIES = (
    "platform", "objective", "channel", "placement", "device", "age", "generation", "gender",
    "geo", "sub_region", "creative_format",
)  # fmt: skip
_DRAWS = 200  # of counts, for the stability of a label


def campaigns_sql(level: str, period: str, performance: str, conversions: str) -> str:
    """SQL of one row for each campaign, ad group or ad and period, with its sums.

    Parameters
    ----------
    level : {"ad", "ad_group", "campaign"}
    period : {"month", "quarter", "year"}
    performance, conversions : str
        SQL of the unified tables.
    """
    ids = ["platform", "account_id", "campaign_id", "ad_group_id", "ad_id"]
    ids = ids[: 5 - LEVELS.index(level)]
    key = ", ".join((*ids, "currency", "period"))
    levels = ", ".join(f"'{name}'" for name in LEVELS[: LEVELS.index(level) + 1])
    when = f"date_trunc('{period}', date_local) AS period"
    texts = ("objective_raw", "channel_raw", "targeting", "age", "gender", "geo",
             "placement_targeted", "creative_format")  # fmt: skip
    amounts = ("spend", "impressions_paid", "clicks_platform", "clicks_link", "video_plays",
               "video_completions")  # fmt: skip
    counted = {"purchases": "purchase", "leads": "lead", "installs": "install"}
    events = ", ".join(
        f"sum(conversions) FILTER (WHERE event = '{event}') AS {name}"
        for name, event in counted.items()
    )
    return (
        f"WITH p AS (SELECT {key}, {', '.join(f'min({t}) AS {t}' for t in texts)}, "
        f"list_sort(list_distinct(list(device))) AS devices, "
        f"list_sort(list_distinct(list(placement))) AS placements, "
        f"{', '.join(f'CAST(sum({a}) AS DOUBLE) AS {a}' for a in amounts)} "
        f"FROM (SELECT *, {when} FROM ({performance})) WHERE level IN ({levels}) GROUP BY {key}), "
        f"c AS (SELECT {key}, {events}, "
        f"sum(conversion_value) FILTER (WHERE event = 'purchase') AS value "
        f"FROM (SELECT *, {when} FROM ({conversions})) WHERE is_primary AND level IN ({levels}) "
        f"GROUP BY {key}) "
        f"SELECT p.*, c.purchases::DOUBLE AS purchases, c.leads::DOUBLE AS leads, "
        f"c.installs::DOUBLE AS installs, c.value::DOUBLE AS value "
        f"FROM p LEFT JOIN c USING ({key}) ORDER BY {key}"
    )


@dataclass(frozen=True)
class Campaigns:
    """Campaigns with their modalities and labels.

    Attributes
    ----------
    frame : pyarrow.Table
        A row a campaign: its identifiers, lists of values for each modality, ``kpi``, ``outcome``
        (the KPI by unit of spend), ``exposure`` (spend), ``percentile`` among its peers with
        ``percentile_lo`` and ``percentile_hi``, ``peer_level``, ``num_peers``, ``label`` and
        ``label_stability``.
    left_out : dict of str to int
        Why rows have no label -> how many.
    """

    frame: pa.Table
    left_out: Mapping[str, int]

    @property
    def attributes(self) -> pa.Table:
        """The modalities that occur, and the label: what classifiers and graphs learn from."""
        used = [m for m in MODALITIES if any(self.frame[m].to_pylist())]
        return self.frame.select([*used, "label", "outcome", "exposure"])

    def facts(self, *, min_campaigns: int = 5) -> pa.Table:
        """What pairs of values achieved, in words, for a model that judges edges.

        One fact a pair of values of different modalities that at least `min_campaigns` campaigns
        share: their number, how many of each label, and their mean percentile among peers with
        its 95% interval. :meth:`campaignkit.edges.FactTable.from_frame` reads the table.

        Returns
        -------
        pyarrow.Table
            ``modality``, ``value``, ``other_modality``, ``other_value``, ``fact`` and
            ``num_campaigns``.
        """
        import pyarrow as pa

        checked_count(min_campaigns, "min_campaigns", error=HarmoniseError)
        pairs: dict[tuple[tuple[str, str], tuple[str, str]], list[int]] = {}
        rows = self.frame.to_pylist()
        for at, row in enumerate(rows):
            told = [(m, value) for m in MODALITIES for value in row[m]]
            for one, other in combinations(told, 2):
                if one[0] != other[0]:
                    pairs.setdefault((one, other), []).append(at)
        made = []
        for (one, other), shared in sorted(pairs.items()):
            if len(shared) < min_campaigns:
                continue
            percentiles = np.array([rows[at]["percentile"] for at in shared])
            half = (
                1.96 * percentiles.std(ddof=1) / np.sqrt(len(shared)) if len(shared) > 1 else 1.0
            )
            low, high = max(percentiles.mean() - half, 0), min(percentiles.mean() + half, 1)
            counts = Counter(rows[at]["label"] for at in shared)
            named = ", ".join(f"{count} {label}" for label, count in sorted(counts.items()))
            fact = (
                f"{len(shared)} campaigns with both: {named}; mean rank among peers "
                f"{percentiles.mean():.0%} (95% interval {low:.0%} to {high:.0%})"
            )
            names = ("modality", "value", "other_modality", "other_value")
            made.append(dict(zip(names, (*one, *other), strict=True))
                        | {"fact": fact, "num_campaigns": len(shared)})  # fmt: skip
        return pa.Table.from_pylist(made)

    def to_dataset(self) -> CampaignDataset:
        """The campaigns as a labelled data set, for the ordinary path."""
        attributes = self.attributes
        return CampaignDataset.from_frame(
            attributes.drop_columns(["outcome", "exposure"]), label="label", separator=None,
            keep=attributes.column_names[:-3],
        )  # fmt: skip


def campaigns(
    rows: Sequence[Mapping[str, Any]],
    *,
    outcome: str = "auto",
    min_impressions: int = 1000,
    min_spend: float = 0.0,
    min_peers: int = 30,
    quantiles: Sequence[float] = (1 / 3, 2 / 3),
    labels: Sequence[str] = ("neg", "avg", "pos"),
    seed: int = 0,
) -> Campaigns:
    """Give rows of :func:`campaigns_sql` modalities, an outcome and a label.

    Raises
    ------
    HarmoniseError
        If no row has an outcome, or `outcome` is unknown.
    """
    import pyarrow as pa

    known = ("auto", *dict.fromkeys(name for names in KPIS.values() for name in names))
    if outcome not in known:
        raise HarmoniseError(f"outcome is {outcome!r:.40}; expected one of {', '.join(known)}")
    made: list[dict[str, Any]] = []
    left_out: dict[str, int] = {}
    for row in rows:
        told = _modalities(row)
        kpi, amount = _kpi(row, told["objective"][0], outcome)
        reason = (
            "no spend" if not row["spend"] or row["spend"] <= 0
            else f"spend below {min_spend:g}" if row["spend"] < min_spend
            else f"fewer than {min_impressions:,} impressions"
            if (row["impressions_paid"] or 0) < min_impressions
            else "no count of what it is paid for" if amount is None
            else ""
        )  # fmt: skip
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
            continue
        ids = {
            n: row[n] for n in ("account_id", "campaign_id", "ad_group_id", "ad_id") if n in row
        }
        made.append(
            {**ids, **told, "period": row["period"], "currency": row["currency"], "kpi": kpi,
             "amount": amount, "events": row["purchases"] if kpi == "value" else amount,
             "outcome": amount / row["spend"], "exposure": row["spend"]}
        )  # fmt: skip
    if not made:
        told_out = ", ".join(f"{reason}: {count:,}" for reason, count in left_out.items())
        raise HarmoniseError(
            f"none of {len(rows):,} campaigns has an outcome ({told_out or 'there is none'})",
            hint="lower min_impressions, or name a KPI that is counted: outcome='clicks_platform'",
        )
    _label(made, min_peers, quantiles, labels, stream(seed, "harmonise"))
    for row in made:
        del row["events"], row["amount"]
    return Campaigns(pa.Table.from_pylist(made), left_out)


def _kpi(row: Mapping[str, Any], aim: str, outcome: str) -> tuple[str, float | None]:
    names = KPIS[aim] if outcome == "auto" else (outcome,)
    name = next((name for name in names if row[name] is not None), names[0])
    return name, row[name]


def _modalities(row: Mapping[str, Any]) -> dict[str, list[str]]:
    """Values of each modality; of a facet those that are included."""
    told: dict[str, list[str]] = {name: [] for name in MODALITIES}
    conditions = [
        *facets(row["targeting"]), *facets(row["age"], name="age"),
        *facets(row["gender"], name="gender"), *facets(row["geo"], name="geo"),
    ]  # fmt: skip
    for facet in conditions:
        if facet.op != "exclude" and facet.facet in ("age", "gender", "geo"):
            told[facet.facet].append(facet.value)
    told["platform"] = [row["platform"]]
    told["objective"] = [objective(row["objective_raw"])]
    told["channel"] = [row["channel_raw"]] if row["channel_raw"] else []
    targeted = [f.value for f in facets(row["placement_targeted"], name="placement")]
    told["placement"] = targeted or [name for name in row["placements"] or () if name]
    told["device"] = [name for name in row["devices"] or () if name]
    told["creative_format"] = [row["creative_format"]] if row["creative_format"] else []
    for bracket in filter(None, map(ages, told["age"])):
        told["generation"].append(generation(*bracket, row["period"].year)[0])
    for place in filter(None, map(geography, told["geo"])):
        told["sub_region"].append(place.sub_region)
    return {name: sorted(set(values)) for name, values in told.items()}


def _label(
    rows: list[dict[str, Any]],
    min_peers: int,
    quantiles: Sequence[float],
    labels: Sequence[str],
    rng: np.random.Generator,
) -> None:
    """Rank each row among its peers, after its rate was drawn towards theirs; add the labels."""
    for row in rows:
        row["platform_"], row["objective_"] = row["platform"][0], row["objective"][0]
        # Unknown currencies of two accounts are two.
        of = row.get("account_id", "") if row["currency"] == "XXX" else ""
        row["currency_"] = row["currency"] + of
    waiting = set(range(len(rows)))
    for number, names in enumerate(PEERS):
        groups: dict[tuple[Any, ...], list[int]] = {}
        keys = [f"{n}_" if n in ("platform", "objective", "currency") else n for n in names]
        for at, row in enumerate(rows):
            groups.setdefault(tuple(row[key] for key in keys), []).append(at)
        left: set[int] = set()
        for own in groups.values():
            mine = [at for at in own if at in waiting]
            if len(own) >= min_peers or number == len(PEERS) - 1:
                _rank(rows, own, mine, peer_level=" x ".join(names), quantiles=quantiles,
                      labels=labels, rng=rng)  # fmt: skip
            else:
                left.update(mine)
        waiting = left
    for row in rows:
        del row["platform_"], row["objective_"], row["currency_"]


def _rank(
    rows: list[dict[str, Any]],
    peers: list[int],
    mine: list[int],
    *,
    peer_level: str,
    quantiles: Sequence[float],
    labels: Sequence[str],
    rng: np.random.Generator,
) -> None:
    values = np.array([rows[at]["outcome"] for at in peers])
    spend = np.array([rows[at]["exposure"] for at in peers])
    trust = reliability(values, spend) if len(peers) > 2 else np.ones(len(peers))
    shrunk = values.mean() + trust * (values - values.mean())
    ladder = np.sort(shrunk)
    places = {at: number for number, at in enumerate(peers)}
    for at in mine:
        row, number = rows[at], places[at]
        events = max(row["events"] or 0.0, 0.0)
        again = rng.poisson(events, _DRAWS) / events if events else np.ones(_DRAWS)
        drawn = values.mean() + trust[number] * (values[number] * again - values.mean())
        ranks = _ranks(ladder, np.append(drawn, shrunk[number]))
        codes = np.searchsorted(quantiles, ranks)
        low, high = np.quantile(ranks[:-1], [0.05, 0.95])
        row |= {
            "percentile": float(ranks[-1]), "percentile_lo": float(low),
            "percentile_hi": float(high), "peer_level": peer_level, "num_peers": len(peers),
            "label": labels[int(codes[-1])],
            "label_stability": None if row["events"] is None
            else float((codes[:-1] == codes[-1]).mean()),
        }  # fmt: skip


def _ranks(ladder: Floats, values: Floats) -> Floats:
    """Shares of the ladder below each value; of equal ones half."""
    both = np.searchsorted(ladder, values, "left") + np.searchsorted(ladder, values, "right")
    return np.asarray(both / (2 * len(ladder)))
