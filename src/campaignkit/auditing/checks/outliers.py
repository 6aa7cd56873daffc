"""Amounts far beyond what the rest of the row suggests: 200,000 clicks for 500."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from campaignkit.auditing.checks.check import Check, found
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import Scene
from campaignkit.tables import OpenTable, literal

# A metric is held against the nearest one that moves with it.
ANCHORS = {
    "impressions": ("spend", "video_plays"),
    "clicks": ("impressions", "spend"),
    "landing_page_views": ("clicks", "impressions", "spend"),
    "add_to_cart": ("landing_page_views", "clicks", "impressions"),
    "purchases": ("add_to_cart", "clicks", "impressions"),
    "conversions": ("clicks", "impressions", "spend"),
    "leads": ("clicks", "impressions", "spend"),
    "app_installs": ("clicks", "impressions", "spend"),
    "video_plays": ("impressions", "spend"),
    "video_completions": ("video_plays", "impressions"),
    "spend": ("impressions", "video_plays", "clicks"),
}
_LEAST_FACTOR = 30.0  # nothing below thirtyfold is called an outlier
_SIGMAS = 9.0  # robust; log ratios of clean tables have longer tails than the normal's
_LEAST_AMOUNT = 50.0
_MIN_ROWS = 50
_MOST_CURRENCIES = 20


def usual_ratios(
    pairs: Sequence[tuple[str, str, str]], scene: Scene
) -> list[tuple[float, float] | None]:
    """Median and robust spread of ln((metric + 1) / (anchor + 1)); None on too few rows."""
    asked = []
    for *pair, currency in pairs:
        value, by = (f"CAST({scene.table.sql(n)} AS DOUBLE)" for n in pair)
        told = f"{value} > 0 AND {by} > 0{_in(currency, scene.table)}"
        asked.append((f"ln(({value} + 1.0) / ({by} + 1.0))", told))
    found = scene.middles(*asked)
    return [(middle, spread) if num >= _MIN_ROWS else None for middle, spread, num in found]


def anchored(scene: Scene) -> list[tuple[str, str, str]]:
    """Each known metric with its first anchor that is there; money in each currency apart.

    The third is the currency, empty where the table has one or none.
    """
    own = [c for c in scene.table.own if scene.column(c).kind == "number"]
    firsts = ((m, next((a for a in ANCHORS[m] if a in own), None)) for m in ANCHORS if m in own)
    named = scene.histogram("currency") if scene.table.has("currency") else {}
    several = [c for c in named if c][:_MOST_CURRENCIES]
    return [
        (metric, anchor, currency)
        for metric, anchor in firsts if anchor is not None
        for currency in (several if len(several) > 1 and "spend" in (metric, anchor) else [""])
    ]  # fmt: skip


def _in(currency: str, table: OpenTable) -> str:
    return f" AND {table.sql('currency')} = {literal(currency)}" if currency else ""


class OutlierCheck(Check):
    """Runs ``ratio`` rules: a metric against the one it moves with.

    Parameters of the rule: ``median`` and ``spread`` of the log ratio, from history; without them
    the table's own sample gives them; ``currency``, of which rows alone it speaks.

    Examples
    --------
    >>> OutlierCheck().form
    'ratio'
    """

    form = "ratio"
    kinds = ("number", "number")

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Each metric against its first anchor, by the table's own sample."""
        pairs = anchored(scene)
        for pair, usual in zip(pairs, usual_ratios(pairs, scene), strict=True):
            if usual is not None:
                metric, anchor, currency = pair
                told = {"median": round(usual[0], 6), "spread": round(usual[1], 6)}
                yield Rule.over(
                    self.form, "outliers", metric, anchor,
                    id=":".join(filter(None, (self.form, metric, currency))),
                    params=told | ({"currency": currency} if currency else {}),
                    reason=f"{metric} moves with {anchor}, by the table's own median",
                )  # fmt: skip

    def applies(self, rule: Rule, table: OpenTable) -> bool:
        """Whether the currency is known, too."""
        return super().applies(rule, table) and (
            not rule.params.get("currency") or table.has("currency")
        )

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        """With the ratio known from history, the outliers can be counted in the one pass."""
        usual = _known(rule)
        return [_condition(rule, table, usual)] if usual else []

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """Rows far above the usual ratio, whatever laws they break too."""
        metric, anchor = rule.columns
        asked = (metric, anchor, str(rule.params.get("currency", "")))
        usual = _known(rule) or usual_ratios([asked], scene)[0]
        condition = _condition(rule, scene.table, usual) if usual else "FALSE"
        (count,) = scene.count(condition)
        if usual is None or not count:
            return
        metric, anchor = (scene.column(c).name for c in rule.columns)
        factor = _factor(usual)
        yield found(
            rule, scene, count, metric, where=condition, confidence=0.8,
            rows=f"have more than {factor:,.0f} times the {metric} that their {anchor} suggests",
            advice=f"check these rows of {metric} at the source before they move any total",
            evidence={"usual_ratio": round(math.exp(usual[0]), 6), "factor": round(factor, 1)},
        )  # fmt: skip


def _known(rule: Rule) -> tuple[float, float] | None:
    params: Any = rule.params
    if params.get("median") is None:
        return None
    return float(params["median"]), float(params["spread"])


def _factor(usual: tuple[float, float]) -> float:
    return max(_LEAST_FACTOR, math.exp(min(_SIGMAS * usual[1], 12.0)))


def _condition(rule: Rule, table: OpenTable, usual: tuple[float, float]) -> str:
    metric, anchor = (table.sql(c) for c in rule.columns)
    # With an exponent the literals are DOUBLE: a DECIMAL of 17 digits would overflow.
    most = f"{math.exp(usual[0]) * _factor(usual):.17e}"
    of = f"{_LEAST_AMOUNT} AND {anchor} > 0{_in(rule.params.get('currency', ''), table)}"
    return f"{metric} >= {of} AND {metric} > {most} * ({anchor} + 1e0)"
