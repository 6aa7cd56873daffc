"""Recommended campaigns as markup: the five best, why, what a swap changes, what knowing costs."""

from __future__ import annotations

from collections.abc import Mapping

from campaignkit.errors import CampaignkitError
from campaignkit.recommend import Advice, Recommender
from campaignkit.show.bars import bar_chart
from campaignkit.show.page import paragraph, table

_SHOWN = 2  # reasons in a row


def recommendation_view(recommender: Recommender, known: Mapping[str, str]) -> str:
    """The best completions of what is known.

    Parameters
    ----------
    recommender : Recommender
    known : mapping of str to str
        A value by modality; the other modalities are free.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> "Best completions" in recommendation_view(Recommender(graph), {"brand": "Nike"})
    True
    """
    try:
        advice = recommender.complete(known)
    except CampaignkitError as err:
        return paragraph(str(err))
    best = advice[0]
    free = [name for name in best.campaign if name not in known]
    rows = [
        [*(", ".join(of.campaign[name]) for name in free), of.value, ", ".join(map(str, why))]
        for of in advice
        for why in [[*of.reasons[:_SHOWN], *of.reasons[_SHOWN:][-1:]]]
    ]
    changes = [
        [of.modality, str(of).partition(": ")[2]] for of in recommender.what_if(best.campaign)
    ]
    told = "".join(paragraph(f"Note: {warning}.") for warning in best.warnings)
    return (
        "<h3>Best completions</h3>"
        + table([*free, "expected", "why"], rows)
        + told
        + "<h3>What one change of the best would bring</h3>"
        + table(["modality", "change and gain"], changes)
        + _released(recommender, known, best)
    )


def _released(recommender: Recommender, known: Mapping[str, str], best: Advice) -> str:
    """Bars: the best that can be had if a known value were free, so what knowing it costs."""
    bars = {"as chosen": _height(best)}
    for name in known:
        rest = {other: value for other, value in known.items() if other != name}
        bars[f"{name} left free"] = _height(recommender.complete(rest, k=1, explain=False)[0])
    if len(known) > 1:
        bars["all left free"] = _height(recommender.complete({}, k=1, explain=False)[0])
    return bar_chart(bars, title="The best that can be had, by what is known")


def _height(advice: Advice) -> float:
    return max(advice.score if advice.chance is None else advice.chance, 0.0)
