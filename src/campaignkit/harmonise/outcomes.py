"""Campaigns of the unified rows, each with what was targeted and how it did among its peers."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue
from campaignkit.checks import checked_count
from campaignkit.dataset import CampaignDataset
from campaignkit.errors import HarmoniseError
from campaignkit.harmonise import enrich
from campaignkit.harmonise.definition import IDS, LEVELS
from campaignkit.harmonise.enrich import facets
from campaignkit.seeds import stream

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
_AMOUNTS, _LABELS = enrich.words()["amounts"], enrich.words()["labels"]
_BOUGHT, _COUNT_OF = _AMOUNTS["counts"], _AMOUNTS["values"]
RESULTS = f"event IN {tuple(_BOUGHT.values())}"
_SUM = "sum({}) FILTER (WHERE event = '{}')"
_EVENTS = {name: _SUM.format("conversions", event) for name, event in _BOUGHT.items()} | {
    name: _SUM.format("conversion_value", _BOUGHT[of]) for name, of in _COUNT_OF.items()
}
AMOUNTS = {name: f"sum({name})" for name in _AMOUNTS["measures"]} | _EVENTS
OUTCOMES = ("auto", *AMOUNTS)
TOLD, PEERS, MODALITIES = _LABELS["told"], _LABELS["peers"], _LABELS["modalities"]
_RANKED = ("label", "rate", "percentile", "percentile_lo", "percentile_hi", "label_stability")
_DRAWS = 200  # of the peers' rates, for intervals and the stability of labels
_STEPS = 50  # of mean and variance in turn


def campaigns_sql(level: str, period: str, performance: str, conversions: str) -> str:
    """SQL of one row for each campaign, ad group or ad and period, with its sums.

    Next to each amount stands ``<amount>_chi2``: how its rates of single weeks scatter around
    that of the period, as sum((y - r e)^2 / e); ``weeks`` less 1 are its degrees of freedom.

    Parameters
    ----------
    level : {"ad", "ad_group", "campaign"}
    period : {"month", "quarter", "year"}
    performance, conversions : str
        SQL of the unified tables.
    """
    ids = ("platform", *IDS[: 4 - LEVELS.index(level)])
    key = ", ".join((*ids, "currency", "period"))
    levels = ", ".join(f"'{name}'" for name in LEVELS[: LEVELS.index(level) + 1])
    told = ", ".join(f"list_sort(list_distinct(list({name}))) AS {name}" for name in TOLD)
    weekly = ", ".join(f"{sql}::DOUBLE AS {name}" for name, sql in AMOUNTS.items())
    # In the order of weeks: floats that are added up in another differ in the last digit.
    of = {n: f"list_sum(list({n} ORDER BY week))" for n in ("spend", *AMOUNTS)}
    sums = ", ".join(
        f"{of[n]} AS {n}, greatest("
        f"list_sum(list({n} * {n} / spend ORDER BY week) FILTER (WHERE spend > 0)) "
        f"- {of[n]} * {of[n]} / {of['spend']}, 0) AS {n}_chi2"
        for n in AMOUNTS
    )
    return (
        f"WITH r AS (SELECT *, CAST(date_trunc('{period}', date_local) AS DATE) AS period, "
        f"date_trunc('week', date_local) AS week FROM (SELECT * FROM ({performance}) "
        f"UNION ALL BY NAME SELECT * FROM ({conversions}) WHERE is_primary) "
        f"WHERE level IN ({levels})), "
        f"t AS (SELECT {key}, {told} FROM r GROUP BY {key}), "
        f"w AS (SELECT {key}, week, sum(spend)::DOUBLE AS spend, {weekly} FROM r "
        f"GROUP BY {key}, week), "
        f"s AS (SELECT {key}, {of['spend']} AS spend, count(*) FILTER (WHERE spend > 0) AS weeks, "
        f"{sums} FROM w GROUP BY {key}) SELECT * FROM t JOIN s USING ({key}) ORDER BY {key}"
    )


@dataclass(frozen=True)
class Campaigns:
    """Campaigns with their modalities and labels.

    Attributes
    ----------
    frame : pyarrow.Table
        A row a campaign: its identifiers; lists of values for each modality; ``derived_from``, the
        columns that each modality was derived from, and ``conditions``, all conditions of the
        targeting with the platform's own words, both in JSON; ``creative_text``; ``kpi``,
        ``outcome`` (the KPI by unit of spend), ``exposure`` (spend), ``rate`` (the outcome drawn
        towards the peers'), ``percentile`` of that rate among its peers with ``percentile_lo`` and
        ``percentile_hi`` (90%), ``peer_level``, ``num_peers``, ``label``, ``label_stability``.
    left_out : dict of str to int
        Why rows have no label -> how many.
    """

    frame: pa.Table
    left_out: Mapping[str, int]

    def __repr__(self) -> str:
        labels = sorted(Counter(self.frame["label"].to_pylist()).items())
        told = ", ".join(f"{count:,} {label}" for label, count in labels)
        left_out = f"; {sum(self.left_out.values()):,} left out" if self.left_out else ""
        return f"Campaigns({self.frame.num_rows:,} rows: {told}{left_out})"

    @property
    def attributes(self) -> pa.Table:
        """The modalities that occur, and the percentile: what a graph is learned from."""
        used = [m for m in MODALITIES if any(self.frame[m].to_pylist())]
        return self.frame.select([*used, "percentile"])

    def catalogue(self) -> Catalogue:
        """The values of all modalities."""
        attributes = self.attributes.drop_columns(["percentile"])
        return Catalogue.from_campaigns(attributes, separator=None, keep=attributes.column_names)

    def to_dataset(self) -> CampaignDataset:
        """The campaigns as a labelled data set, for the ordinary path."""
        attributes = self.attributes.drop_columns(["percentile"])
        return CampaignDataset.from_frame(
            attributes.append_column("label", self.frame["label"]), label="label", separator=None,
            keep=attributes.column_names,
        )  # fmt: skip

    def facts(self, *, min_campaigns: int = 5) -> pa.Table:
        """What pairs of values achieved, in words, for a model that judges edges.

        One fact a pair of values of different modalities that at least `min_campaigns` campaigns
        share. A campaign counts once, whatever its ads and periods: its percentiles and rates are
        averaged first. Intervals are of 95%, by Student's t over campaigns.
        :meth:`campaignkit.edges.FactTable.from_frame` reads the table.

        Returns
        -------
        pyarrow.Table
            ``modality``, ``value``, ``other_modality``, ``other_value``, ``fact``,
            ``num_campaigns``, the mean ``percentile`` with ``percentile_lo`` and
            ``percentile_hi``; of the most frequent ``kpi`` and ``currency`` the ``rate`` by unit
            of spend with ``rate_lo``, ``rate_hi`` and its ``rate_campaigns``.
        """
        import pyarrow as pa

        checked_count(min_campaigns, "min_campaigns", error=HarmoniseError)
        columns = enrich.words()["facts"]
        pairs: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        for row in self.frame.to_pylist():
            told = [(m, value) for m in MODALITIES for value in row[m]]
            for one, other in combinations(told, 2):
                if one[0] != other[0]:
                    pairs[*one, *other].append(row)
        made = []
        for ends, own in sorted(pairs.items()):
            num, rank, low, high = _by_campaign(own, "percentile")
            if num < min_campaigns:
                continue
            unit, _ = Counter((row["kpi"], _money(row)) for row in own).most_common(1)[0]
            alike = [row for row in own if (row["kpi"], _money(row)) == unit]
            rate_num, rate, rate_lo, rate_hi = _by_campaign(alike, "outcome")
            labels = sorted(Counter(row["label"] for row in own).items())
            counts = ", ".join(f"{count} {label}" for label, count in labels)
            ranked, rates = (num, rank, low, min(high, 1.0)), (rate, rate_lo, rate_hi, rate_num)
            fact = (
                f"{num} campaigns with both: mean rank among peers {rank:.0%} (95% interval "
                f"{low:.0%} to {ranked[-1]:.0%}); {counts}; {unit[0]} per {unit[1]} {rate:.3g} "
                f"({rate_lo:.3g} to {rate_hi:.3g}) in {rate_num}"
            )
            row = (*ends, fact, *ranked, *unit, *rates)
            made.append(dict(zip(columns, row, strict=True)))
        return pa.Table.from_pylist(made, schema=pa.schema([*columns.items()]))


def _by_campaign(
    rows: Sequence[Mapping[str, Any]], column: str
) -> tuple[int, float, float, float]:
    """Number, mean and 95% interval over campaigns: their ads and periods are averaged first."""
    from scipy.stats import t

    own: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for row in rows:
        own[row["platform"][0], row["account_id"], row["campaign_id"]].append(row[column])
    values = np.array([np.mean(of) for of in own.values()])
    num, mean = len(values), float(values.mean())
    half = t.ppf(0.975, num - 1) * values.std(ddof=1) / np.sqrt(num) if num > 1 else np.inf
    return num, mean, max(float(mean - half), 0.0), float(mean + half)


def _money(row: Mapping[str, Any]) -> str:
    """The currency; unknown currencies of two accounts are two."""
    known = row["currency"] != "XXX"
    return row["currency"] if known else f"XXX of account {row['account_id']}"


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
        If no row has an outcome.
    """
    import pyarrow as pa

    paid_for = enrich.words()["kpis"] if outcome == "auto" else {"other": (outcome,)}
    has_any = {
        (row["platform"], row["account_id"], name)
        for row in rows for name in AMOUNTS if (row[name] or 0) > 0
    }  # fmt: skip
    made: list[dict[str, Any]] = []
    left_out: Counter[str] = Counter()
    for row in rows:
        told = _modalities(row)
        names = paid_for.get(told["objective"][0], paid_for["other"])
        kpi, amount = _kpi(row, names, has_any)
        reason = (
            "no spend" if not row["spend"] or row["spend"] <= 0
            else f"spend below {min_spend:g}" if row["spend"] < min_spend
            else f"fewer than {min_impressions:,} impressions"
            if (row["impressions_paid"] or 0) < min_impressions
            else "no count of what it is paid for" if amount is None
            else ""
        )  # fmt: skip
        if reason:
            left_out[reason] += 1
            continue
        made.append(
            {**{n: row[n] for n in IDS if n in row}, **told, "creative_text": row["creative_text"],
             "period": row["period"], "currency": row["currency"], "kpi": kpi, "outcome":
             amount / row["spend"], "exposure": row["spend"], "_events": amount
             if kpi not in _COUNT_OF else row[_COUNT_OF[kpi]] or 0.0, "_weeks": row["weeks"],
             "_chi2": row[f"{kpi}_chi2"] or 0.0}
        )  # fmt: skip
    if not made:
        told_out = ", ".join(f"{reason}: {count:,}" for reason, count in left_out.items())
        raise HarmoniseError(
            f"none of {len(rows):,} campaigns has an outcome ({told_out or 'there is none'})",
            hint="lower min_impressions (--min-impressions), or name a KPI that is counted: "
            "outcome='clicks_platform' (--outcome clicks_platform)",
        )
    _label(made, min_peers, quantiles, seed)
    shown = [{name: value for name, value in row.items() if name[0] != "_"}
             | {"label": labels[row["label"]]} for row in made]  # fmt: skip
    return Campaigns(pa.Table.from_pylist(shown), dict(left_out))


def _kpi(
    row: Mapping[str, Any], names: Sequence[str], has_any: set[tuple[str, str, str]]
) -> tuple[str, float | None]:
    """The KPI of a row and its amount: 0 where only other rows of its account have any."""
    for name in names:
        if (row["platform"], row["account_id"], name) in has_any:
            if row[name] is not None:
                return name, row[name]
            if name in _EVENTS and not row[_COUNT_OF.get(name, name)]:
                return name, 0.0
    name = next((name for name in names if row[name] is not None), names[0])
    return name, row[name]


def _modalities(row: Mapping[str, Any]) -> dict[str, Any]:
    """Values of each modality, what they were derived from, and all conditions."""
    aims = {enrich.objective(text) for text in row["objective_raw"]} or {"other"}
    conditions = [(name, facet) for name in ("targeting", "age", "gender", "geo")
                  for text in row[name] for facet in facets(text, name=name)]  # fmt: skip
    placed = [facet.value for text in row["placement_targeted"] for facet in facets(text)]
    is_placed = any(f.facet == "placement" and f.op != "exclude" for _, f in conditions)
    formats = [enrich.creative_format(text) for text in row["creative_format"]]
    by_report = ("placement", "placement (delivered)", row["placement"])
    lists = [
        ("platform", "platform", [row["platform"]]),
        ("objective", "objective_raw", [aims.pop() if len(aims) == 1 else "several"]),
        ("channel", "channel_raw", row["channel_raw"]),
        ("creative_format", "creative_format", formats),
        ("device", "device (delivered)", row["device"]),
        ("placement", "placement_targeted", placed) if placed or is_placed else by_report,
    ]
    found = [(of, text, source) for of, source, texts in lists for text in texts]
    for source, facet in conditions:
        if facet.op != "exclude":
            found += [(*told, source) for told in enrich.values_of(facet, row["period"].year)]
    if not any(modality == "geo" for modality, _, _ in found):
        places = [enrich.Facet("geo", "include", text, text) for text in row["geo_raw"]]
        found += [(*told, "geo_raw (delivered)") for place in places
                  for told in enrich.values_of(place, row["period"].year)]  # fmt: skip
    told = {m: sorted({value for of, value, _ in found if of == m}) for m in MODALITIES}
    sources = {m: sorted({source for of, _, source in found if of == m}) for m in told if told[m]}
    kept = [{"column": source} | asdict(facet) for source, facet in conditions]
    return told | {"derived_from": json.dumps(sources), "conditions": json.dumps(kept)}


def _label(
    rows: list[dict[str, Any]], min_peers: int, quantiles: Sequence[float], seed: int
) -> None:
    """Rank each row among the closest peers that are enough, and number its label."""
    for row in rows:
        row["_peers"] = {
            "platform": row["platform"][0], "objective": row["objective"][0], "kpi": row["kpi"],
            "currency": _money(row), "period": str(row["period"]),
        }  # fmt: skip
    waiting = set(range(len(rows)))
    for names in PEERS:
        groups: dict[str, list[int]] = {}
        for at, row in enumerate(rows):
            groups.setdefault(" x ".join(row["_peers"][n] for n in names), []).append(at)
        for key, own in groups.items():
            mine = waiting.intersection(own)
            if mine and (len(own) >= min_peers or names == PEERS[-1]):
                ranked = _rank([rows[at] for at in own], quantiles, stream(seed, "harmonise", key))
                level = {"peer_level": " x ".join(names), "num_peers": len(own)}
                for at, *told in zip(own, *ranked, strict=True):
                    if at in mine:
                        rows[at] |= dict(zip(_RANKED, told, strict=True)) | level
                waiting -= mine


def _rank(
    peers: Sequence[Mapping[str, Any]], quantiles: Sequence[float], rng: np.random.Generator
) -> tuple[list[Any], ...]:
    """The place of each rate among its peers', and how far it could be another: by columns."""
    from scipy.stats import rankdata

    values, spend, events, chi2, weeks = (
        np.array([row[name] for row in peers], np.float64)
        for name in ("outcome", "exposure", "_events", "_chi2", "_weeks")
    )
    # Variance by unit of spend: as weeks scatter, and at least that of a Poisson count of events.
    whole, freedom = float(values @ spend), float(np.maximum(weeks - 1, 0).sum())
    least = abs(whole) / spend.sum() * abs(whole) / events.sum() if events.sum() else 0.0
    noise = max(chi2.sum() / freedom if freedom else 0.0, least)
    rates, draws = _drawn_together(values, noise / spend, rng)
    ranks = (rankdata(rates) - 0.5) / len(peers)
    drawn = (rankdata(draws, axis=1) - 0.5) / len(peers)
    codes = np.searchsorted(quantiles, ranks)
    same = (np.searchsorted(quantiles, drawn) == codes).mean(axis=0)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    shares = np.diff([0.0, *quantiles, 1.0])
    if (
        len(peers) * min(shares[shares > 0]) < 1 - 1e-9
    ):  # too few for each label to occur: a label is chance
        low, high, same = np.full_like(ranks, 0.05), np.full_like(ranks, 0.95), shares[codes]
    elif whole and not noise:
        same = np.full(len(peers), None)
    return tuple(column.tolist() for column in (codes, rates, ranks, low, high, same))


def _drawn_together(
    values: Floats, error: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Rates drawn towards their mean, and draws of what each may be: float64[200, n].

    Mean and variance of the true rates are found by maximum likelihood in weighted steps, so that
    rows of little exposure decide neither. A rate is of a gamma distribution, as counts of Poisson
    leave it.

    References
    ----------
    Morris 1983, Parametric empirical Bayes inference: theory and applications.
    """
    tiny = 1e-9 * (float(np.abs(values).mean()) or 1.0)
    between, mean = 0.0, 0.0  # from above a few odd rows of little exposure could hold it there
    for _ in range(_STEPS):
        weight = 1 / np.maximum(between + error, tiny**2)
        mean = float(np.average(values, weights=weight))
        squares = (values - mean) ** 2 * len(values) / max(len(values) - 1, 1)
        between = max(float(np.average(squares - error, weights=weight**2)), 0.0)
    trust = between / np.maximum(between + error, tiny**2)
    rates = mean + trust * (values - mean)
    scale = np.maximum(between * (1 - trust) / max(abs(mean), tiny), tiny)
    shape = np.maximum(rates, tiny) / scale
    return rates, rng.gamma(shape, scale, (_DRAWS, len(values)))
