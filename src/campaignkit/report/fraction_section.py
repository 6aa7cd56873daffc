"""Where the campaigns lie: their fractions against the labels' boxes."""

from __future__ import annotations

import numpy as np

from campaignkit.report.subject import Subject
from campaignkit.show import Box, bubble_plot, histogram
from campaignkit.show.page import Section, columns, figure


def fraction_section(subject: Subject) -> Section:
    """A plot of both fractions, and a histogram of each.

    Examples
    --------
    >>> fraction_section.__name__
    'fraction_section'
    """
    held = subject.fractions
    colours = [subject.colours[name] for name in held]
    params = subject.boxes
    top = [
        float(max([shares[:, axis].max(initial=0.0) for shares in held.values()] + [0.05]))
        for axis in (0, 1)
    ]
    limits = [(0.0, min(1.0, np.ceil(high * 20 + 0.5) / 20)) for high in top]
    boxes = {
        name: Box(params[name].pos_frac_range, params[name].neg_frac_range)
        for name in held
        if name in params
    }
    plot = bubble_plot(
        {name: (shares[:, 0], shares[:, 1]) for name, shares in held.items()},
        title="Every label in its box" if boxes else "Campaigns by label",
        x_label="share of + pairs",
        y_label="share of − pairs",
        boxes=boxes,
        limits=(limits[0], limits[1]),
        colours=colours,
        width=440,
        height=450,
    )
    spans = [
        {name: box.x for name, box in boxes.items()},
        {name: box.y for name, box in boxes.items()},
    ]
    bars = [
        histogram(
            {name: shares[:, axis] for name, shares in held.items()},
            title=f"Share of {sign} pairs",
            x_label=f"share of {sign} pairs",
            limits=limits[axis],
            spans=spans[axis],
            colours=colours,
            width=440,
            height=250,
        )
        for axis, sign in enumerate("+−")
    ]
    captions = (
        "Every campaign is in the picture: the area of a dot is the number of campaigns with "
        "these shares. Shares are counts over pairs, so dots sit on a grid."
    )
    if boxes:
        captions += (
            " A dashed frame is the box of a label. Lines under an axis are the labels' ranges. "
            "Where boxes overlap, both labels may use the space."
        )
    spread = "".join(map(figure, bars))
    return Section("Fractions by label", columns(figure(plot, captions), spread))
