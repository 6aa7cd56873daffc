"""The density of unconstrained draws, and which of it each label accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from campaignkit.report.charts.boxes import box_layers
from campaignkit.report.charts.places import gathered, upper
from campaignkit.report.charts.theme import (
    HEIGHT,
    WIDTH,
    area,
    drawing,
    finished,
    percent,
    rows_of,
)

if TYPE_CHECKING:
    from campaignkit.diagnosis import DensityProfile
    from campaignkit.spec import SamplingSpec


def density_chart(profile: DensityProfile, spec: SamplingSpec | None = None) -> Any:
    """Where unconstrained draws lie, with the labels' boxes over them.

    Each dot is a place; its area is the number of draws there, and all draws are counted.

    Parameters
    ----------
    profile : DensityProfile
    spec : SamplingSpec, optional
        Whose boxes are drawn, each named with the share of draws it accepts.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> import campaignkit as ck
    >>> graph = ck.build_graph(ck.Catalogue.bundled("starter-27"), scorer=ck.TraitScorer()).graph
    >>> profile = ck.diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)})
    >>> chart = density_chart(profile, profile.suggest({"pos": 10, "neg": 10}))
    >>> len(chart.to_dict()["layer"])  # the draws, and a frame and a name for each label
    5
    """
    alt = drawing()
    draws = profile.draws
    pairs = draws.pairs.clip(1)
    positive, negative = draws.positives / pairs, draws.negatives / pairs
    places, counts = gathered(positive, negative)
    top = upper(positive), upper(negative)
    if spec is not None:
        # A box that begins beyond all draws is what the reader has to see.
        starts = [
            (box.pos_frac_range[0], box.neg_frac_range[0]) for box in spec.label_params.values()
        ]
        top = upper([top[0], *(s[0] for s in starts)]), upper([top[1], *(s[1] for s in starts)])
    data = rows_of(
        {"pos_frac": x, "neg_frac": y, "draws": count}
        for (x, y), count in zip(places.tolist(), counts.tolist(), strict=True)
    )
    ends = [alt.Scale(domain=[0, high]) for high in top]
    dots = (
        alt.Chart(data, width=WIDTH, height=HEIGHT)
        .mark_circle(color="#5F6B7A", opacity=0.45)
        .encode(
            x=alt.X(**percent("pos_frac:Q", "share of + pairs"), scale=ends[0]),
            y=alt.Y(**percent("neg_frac:Q", "share of − pairs"), scale=ends[1]),
            size=area("draws:Q", counts.tolist(), title="draws", most=260),
            tooltip=["pos_frac:Q", "neg_frac:Q", "draws:Q"],
        )
    )
    said = f"{profile.num_draws:,} draws; type counts allow at most {profile.ceiling:.1%} signed"
    layers = [dots]
    if spec is not None:
        layers += box_layers(spec, top=top)
        accepted = profile.coverage(spec).accepted
        said += "; accepted: " + ", ".join(f"{name} {s:.1%}" for name, s in accepted.items())
    return finished(alt.layer(*layers), title="Unconstrained draws", subtitle=said)
