"""How rare each label's box is, what a campaign cost, and whether its rows mix to the law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from campaignkit.errors import DatasetError
from campaignkit.report.charts.theme import drawing, finished, rows_of
from campaignkit.show.palette import INK, MUTED, NEGATIVE, NEUTRAL, PAPER, POSITIVE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from campaignkit.dataset import CampaignDataset


def acceptance_chart(dataset: CampaignDataset) -> Any:
    """Acceptance of each label's box, steps a campaign, and the share of rows near a bound.

    Rows that crowd at the walls of their box are the sign of a chain that stopped too early: the
    observed share should lie within the error bars of the expected one.

    Parameters
    ----------
    dataset : CampaignDataset
        Drawn by a sampler, so that it carries how each label was sampled.

    Returns
    -------
    altair.HConcatChart

    Raises
    ------
    DatasetError
        If the data set has no record of how it was sampled.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)})
    >>> dataset = ck.AnnealingSampler(graph, profile.suggest({"pos": 20, "neg": 20})).sample()
    >>> len(acceptance_chart(dataset).to_dict()["hconcat"])
    3
    """
    labels: Mapping[str, Any] = dataset.provenance.quality.get("labels", {})
    if not labels:
        raise DatasetError(
            "the data set has no record of how its labels were sampled",
            hint="pass one that AnnealingSampler drew, or that was read from such a folder",
        )
    parts = [_acceptance(labels), _steps(labels), _near_bound(labels)]
    whole = drawing().hconcat(*parts).resolve_scale(color="independent", shape="independent")
    return finished(whole, title="Acceptance and mixing")


def _acceptance(labels: Mapping[str, Any]) -> Any:
    alt = drawing()
    rows = [
        # A box the pilot never met has acceptance 0, which a log axis cannot show.
        {"label": name, "acceptance": max(q["acceptance"], 1e-7), "strategy": q["strategy"]}
        for name, q in labels.items()
    ]
    return (
        alt.Chart(rows_of(rows), width=190, height={"step": 34})
        .mark_point(filled=True, size=110, color=INK)
        .encode(
            x=alt.X("acceptance:Q", scale=alt.Scale(type="log"), title="share of draws in the box",
                    axis=alt.Axis(format="~e", tickCount=4)),
            y=alt.Y("label:N", sort=list(labels), title=None),
            shape=alt.Shape("strategy:N", title="strategy"),
            tooltip=["label:N", "acceptance:Q", "strategy:N"],
        )
    )  # fmt: skip


def _steps(labels: Mapping[str, Any]) -> Any:
    alt = drawing()
    rows = [
        {"label": name, "kind": kind, "a_row": q[field] / max(q["rows"], 1)}
        for name, q in labels.items()
        for kind, field in (
            ("draws", "draws"),
            ("to the box", "arrival_steps"),
            ("inside it", "mixing_steps"),
        )
        if q[field]
    ]
    hues = {"draws": MUTED, "to the box": NEGATIVE, "inside it": POSITIVE}
    kinds = [kind for kind in hues if any(row["kind"] == kind for row in rows)]
    scale = alt.Scale(domain=kinds, range=[hues[kind] for kind in kinds])
    return (
        alt.Chart(rows_of(rows), width=190, height={"step": 34})
        .mark_bar(size=16, stroke=PAPER)
        .encode(
            x=alt.X("a_row:Q", title="draws or steps a campaign"),
            y=alt.Y("label:N", sort=list(labels), title=None),
            color=alt.Color("kind:N", scale=scale, title="effort"),
            tooltip=["label:N", "kind:N", "a_row:Q"],
        )
    )


def _near_bound(labels: Mapping[str, Any]) -> Any:
    alt = drawing()
    rows = []
    for name, q in labels.items():
        expected, error = q["near_bound_expected"], q["near_bound_error"]
        row = {"label": name, "observed": q["near_bound_frac"], "should_be": "not known"}
        if expected is not None:
            reach = 1.96 * (error or 0.0)
            row |= {"low": expected - reach, "high": expected + reach}
            row["should_be"] = f"{expected:.1%} ± {reach:.1%}"
        rows.append(row)
    held = alt.Chart(rows_of(rows), width=190, height={"step": 34})
    y = alt.Y("label:N", sort=list(labels), title=None)
    x = alt.X("low:Q", title="share of rows near a bound", axis=alt.Axis(format="~%"))
    known = alt.Chart(rows_of(row for row in rows if "low" in row))
    bar = known.mark_rule(strokeWidth=6, color=NEUTRAL).encode(x=x, x2="high:Q", y=y)
    dot = held.mark_point(shape="diamond", filled=True, size=90, color=POSITIVE).encode(
        x="observed:Q", y=y, tooltip=["label:N", "observed:Q", "should_be:N"]
    )
    return alt.layer(bar, dot)
