"""Both fractions of every campaign of a data set, by label, against the labels' boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from campaignkit.errors import SpecError
from campaignkit.report.charts.boxes import box_layers
from campaignkit.report.charts.places import gathered, upper
from campaignkit.report.charts.theme import (
    HEIGHT,
    WIDTH,
    area,
    colour,
    drawing,
    finished,
    percent,
    rows_of,
    shape,
)

if TYPE_CHECKING:
    from campaignkit.dataset import CampaignDataset
    from campaignkit.graph import SignedGraph
    from campaignkit.spec import SamplingSpec


def fraction_chart(
    dataset: CampaignDataset, graph: SignedGraph, spec: SamplingSpec | None = None
) -> Any:
    """Every campaign by its shares of + and - pairs; each label has a colour and a shape.

    Parameters
    ----------
    dataset : CampaignDataset
    graph : SignedGraph
        The graph that the fractions are counted in.
    spec : SamplingSpec, optional
        Whose boxes are drawn; by default the one the data set was sampled with.

    Returns
    -------
    altair.LayerChart
        Its data are places with the number of campaigns at each; they add up to all campaigns.

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)})
    >>> spec = profile.suggest({"pos": 20, "neg": 20})
    >>> dataset = ck.AnnealingSampler(graph, spec).sample()
    >>> from campaignkit.report.charts import chart_rows
    >>> dots = chart_rows(fraction_chart(dataset, graph))
    >>> sum(dot["campaigns"] for dot in dots)
    40
    """
    from campaignkit.dataset.sign_counts import SignCounter

    alt = drawing()
    held = spec or _own_spec(dataset)
    sizes = dataset.block.sizes.astype(np.int64)
    pairs = np.maximum(sizes * (sizes - 1) // 2, 1)
    shares = SignCounter(graph, dataset.vocabulary).count(dataset.block).signed / pairs[:, None]
    rows: list[dict[str, object]] = []
    for code, name in enumerate(dataset.label_names):
        mine = shares[dataset.block.labels == code]
        places, counts = gathered(mine[:, 0], mine[:, 1])
        rows += [
            {"label": name, "pos_frac": x, "neg_frac": y, "campaigns": count}
            for (x, y), count in zip(places.tolist(), counts.tolist(), strict=True)
        ]
    names = [*dict.fromkeys(str(row["label"]) for row in rows)]
    top = upper(shares[:, 0]), upper(shares[:, 1])
    if held is not None:
        boxes = held.label_params.values()
        top = (
            upper([top[0], *(box.pos_frac_range[0] for box in boxes)]),
            upper([top[1], *(box.neg_frac_range[0] for box in boxes)]),
        )
    ends = [alt.Scale(domain=[0, high]) for high in top]
    dots = (
        alt.Chart(rows_of(rows), width=WIDTH, height=HEIGHT)
        .mark_point(filled=True, opacity=0.55)
        .encode(
            x=alt.X(**percent("pos_frac:Q", "share of + pairs"), scale=ends[0]),
            y=alt.Y(**percent("neg_frac:Q", "share of − pairs"), scale=ends[1]),
            size=area(
                "campaigns:Q",
                (int(str(row["campaigns"])) for row in rows),
                title="campaigns",
                most=240,
            ),
            color=colour("label:N", names, title="label"),
            shape=shape("label:N", names, title="label"),
            tooltip=["label:N", "pos_frac:Q", "neg_frac:Q", "campaigns:Q"],
        )
    )
    layers = [dots, *(box_layers(held, top=top) if held is not None else [])]
    return finished(
        alt.layer(*layers),
        title="Every label in its box",
        subtitle=f"{len(dataset):,} campaigns; the area of a dot is the number of them there",
    )


def _own_spec(dataset: CampaignDataset) -> SamplingSpec | None:
    from campaignkit.spec import SamplingSpec

    told = dataset.provenance.spec
    if not told:
        return None
    try:
        return SamplingSpec.model_validate(told)
    except (SpecError, ValueError):
        return None  # a data set of another tool may carry a spec of its own form
