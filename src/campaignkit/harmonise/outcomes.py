"""Campaigns of the unified rows, each with what was targeted and how it did among its peers."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Catalogue
from campaignkit.checks import check_all, checked_count, is_count, is_share
from campaignkit.dataset import CampaignDataset
from campaignkit.errors import HarmoniseError
from campaignkit.harmonise import enrich
from campaignkit.harmonise.definition import IDS, LEVELS
from campaignkit.harmonise.enrich import facets
from campaignkit.seeds import stream
from campaignkit.tables import connect

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
_AMOUNTS, _LABELS = enrich.words()["amounts"], enrich.words()["labels"]
_COUNT_OF, _EVENTS = _AMOUNTS["values"], (*_AMOUNTS["counts"], *_AMOUNTS["values"])
AMOUNTS = (*_AMOUNTS["measures"], *_EVENTS)
TOLD, PEERS, MODALITIES = _LABELS["told"], _LABELS["peers"], _LABELS["modalities"]
_RANKED = ("rate", "percentile", "percentile_lo", "percentile_hi", "label_stability")
_DRAWS = 200  # of the peers' rates, for intervals and the stability of labels
_STEPS = 50  # of mean and variance in turn
_PERIODS = ("month", "quarter", "year")
_FROM_0 = "a whole number from 0 on"


class Settings(TypedDict, total=False):
    """How campaigns are made and labelled; :meth:`CampaignData.campaigns` tells what each is."""

    outcome: str
    level: str
    period: str
    min_impressions: int
    min_spend: float
    min_peers: int
    quantiles: Sequence[float]
    labels: Sequence[str]
    seed: int


_DEFAULTS = Settings(
    outcome="auto", level="ad", period="quarter", min_impressions=1000, min_spend=0.0,
    min_peers=30, quantiles=(1 / 3, 2 / 3), labels=("neg", "avg", "pos"), seed=0,
)  # fmt: skip


def checked(given: Settings) -> Settings:
    """All settings, those that are not given by default.

    Raises
    ------
    HarmoniseError
        With every setting that is not as expected.

    Examples
    --------
    >>> checked({"level": "ad_group"})["period"]
    'quarter'
    """
    made = _DEFAULTS | given
    cuts, names = ([*g] if isinstance(g, Iterable) else [None]
                   for g in (made["quantiles"], made["labels"]))  # fmt: skip
    ascend = all(map(is_share, cuts)) and cuts == sorted({*cuts})
    differ = all(isinstance(name, str) for name in names) and (
        len({*names}) == len(names) == len(cuts) + 1
    )
    outcomes = ("auto", *AMOUNTS)
    expected = {
        "level": (made["level"] in LEVELS, f"one of {', '.join(LEVELS)}"),
        "period": (made["period"] in _PERIODS, f"one of {', '.join(_PERIODS)}"),
        "outcome": (made["outcome"] in outcomes, f"one of {', '.join(outcomes)}"),
        "min_impressions": (is_count(made["min_impressions"], least=0), _FROM_0),
        "min_spend": (is_share(made["min_spend"], high=inf), "a number from 0 on"),
        "min_peers": (is_count(made["min_peers"]), "1 or more"),
        "quantiles": (ascend, "shares from 0 to 1, ascending"),
        "labels": (differ, "texts, one more than quantiles, all different"),
        "seed": (is_count(made["seed"], least=0), _FROM_0),
    }
    told = {name: (value, *expected.get(name, (False, f"one of {', '.join(expected)}")))
            for name, value in made.items()}  # fmt: skip
    check_all("campaigns cannot be made so", told, error=HarmoniseError)
    return made


def question(name: str, **given: object) -> str:
    """SQL of a file of ``questions``, with what is given in its places.

    Examples
    --------
    >>> question("campaigns", level="ad")[:36]
    '-- One row for each campaign, ad gro'
    """
    text = (
        Path(__file__).with_name("questions").joinpath(f"{name}.sql").read_text(encoding="utf-8")
    )
    for place, value in given.items():
        text = text.replace(f"{{{place}}}", str(value))
    return text


def campaigns_sql(level: str, period: str) -> str:
    """SQL of one row for each campaign, ad group or ad and period, with its sums.

    Parameters
    ----------
    level : {"ad", "ad_group", "campaign"}
    period : {"month", "quarter", "year"}
    """
    key = ", ".join(("platform", *IDS[: 4 - LEVELS.index(level)], "currency", "period"))
    measures, told, amounts = map("|".join, (_AMOUNTS["measures"], TOLD, AMOUNTS))
    return question(
        "campaigns", level=level, period=period, key=key, measures=measures, told=told,
        amounts=amounts,
    )  # fmt: skip


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
        from scipy.stats import t

        checked_count(min_campaigns, "min_campaigns", error=HarmoniseError)
        num = np.arange(1, self.frame.num_rows + 1)
        asked = question("facts", modalities=MODALITIES, least=min_campaigns)
        with closing(connect(None, 1)) as con:  # one thread: sums in one order
            con.register("labelled", self.frame)
            con.register("student", pa.table({"num": num, "q": t.ppf(0.975, num - 1)}))
            return con.sql(asked).to_arrow_table()


def campaigns(rows: Sequence[Mapping[str, Any]], **settings: Unpack[Settings]) -> Campaigns:
    """Give rows of :func:`campaigns_sql` modalities, an outcome and a label.

    Raises
    ------
    HarmoniseError
        If a setting is not as expected, or no row has an outcome.
    """
    import pyarrow as pa

    asked = checked(settings)
    least, min_spend = asked["min_impressions"], asked["min_spend"]
    is_auto = asked["outcome"] == "auto"
    paid_for = enrich.words()["kpis"] if is_auto else {"other": (asked["outcome"],)}
    has_any = {
        (row["platform"], row["account_id"], name)
        for row in rows for name in AMOUNTS if (row[name] or 0) > 0
    }  # fmt: skip
    made: list[dict[str, Any]] = []
    chances: list[tuple[float, ...]] = []  # events, chi2 and weeks of each
    left_out: Counter[str] = Counter()
    for row in rows:
        told = _modalities(row)
        names = paid_for.get(told["objective"][0], paid_for["other"])
        kpi, amount = _kpi(row, names, has_any)
        reason = (
            "no spend" if not row["spend"] or row["spend"] <= 0
            else f"spend below {min_spend:g}" if row["spend"] < min_spend
            else f"fewer than {least:,} impressions" if (row["impressions_paid"] or 0) < least
            else "no count of what it is paid for" if amount is None
            else ""
        )  # fmt: skip
        if amount is None or reason:
            left_out[reason] += 1
            continue
        events = amount if kpi not in _COUNT_OF else row[_COUNT_OF[kpi]] or 0.0
        chances.append((events, row[f"{kpi}_chi2"] or 0.0, row["weeks"]))
        made.append(
            {name: row[name] for name in IDS if name in row} | told
            | {name: row[name] for name in ("creative_text", "period", "currency")}
            | {"kpi": kpi, "outcome": amount / row["spend"], "exposure": row["spend"]}
        )  # fmt: skip
    if not made:
        told_out = ", ".join(f"{reason}: {count:,}" for reason, count in left_out.items())
        raise HarmoniseError(
            f"none of {len(rows):,} campaigns has an outcome ({told_out or 'there is none'})",
            hint="lower min_impressions (--min-impressions), or name a KPI that is counted: "
            "outcome='clicks_platform' (--outcome clicks_platform)",
        )
    _label(made, np.array(chances, np.float64), asked)
    return Campaigns(pa.Table.from_pylist(made), dict(left_out))


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


def _label(rows: list[dict[str, Any]], chances: Floats, asked: Settings) -> None:
    """Rank each row among the closest peers that are enough, and give it its label."""
    amounts = np.column_stack([[row[name] for row in rows] for name in ("outcome", "exposure")])
    told = np.hstack([amounts, chances])
    for names in PEERS:
        groups: dict[str, list[int]] = defaultdict(list)
        for at, row in enumerate(rows):
            alike = row | {"currency": _money(row)}
            shared = (alike[n][0] if isinstance(alike[n], list) else alike[n] for n in names)
            groups[" x ".join(map(str, shared))].append(at)
        for key, own in groups.items():
            is_waiting = any("label" not in rows[at] for at in own)
            if is_waiting and (len(own) >= asked["min_peers"] or names == PEERS[-1]):
                rng = stream(asked["seed"], "harmonise", key)
                codes, *ranked = _rank(told[own], [*asked["quantiles"]], rng)
                level = {"peer_level": " x ".join(names), "num_peers": len(own)}
                for at, code, *values in zip(own, codes, *ranked, strict=True):
                    if "label" not in rows[at]:
                        label = {"label": [*asked["labels"]][code]}
                        rows[at] |= label | dict(zip(_RANKED, values, strict=True)) | level


def _money(row: Mapping[str, Any]) -> str:
    """The currency; unknown currencies of two accounts are two."""
    known = row["currency"] != "XXX"
    return row["currency"] if known else f"XXX of account {row['account_id']}"


def _rank(
    peers: Floats, quantiles: Sequence[float], rng: np.random.Generator
) -> tuple[list[Any], ...]:
    """The place of each rate among its peers', and how far it could be another: by columns.

    Peers are float64[n, 5]: rate, spend, events, chi2 and weeks.
    """
    from scipy.stats import rankdata

    values, spend, events, chi2, weeks = np.ascontiguousarray(peers.T)
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
