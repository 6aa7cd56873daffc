"""How each label was sampled, and why; and whether rows crowd at the walls of their box."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaignkit.report.subject import Subject
from campaignkit.report.verdict_band import near_bound_errors
from campaignkit.show import Interval, interval_plot, percent
from campaignkit.show.page import Section, columns, figure, paragraph, table, terms
from campaignkit.show.palette import INK

_NEAR_BOUND = (
    "A sampler that stopped at the first campaign inside a box would crowd them at its walls. So "
    "the share of campaigns near a bound is shown with the expected share: that of exact "
    "draws, or, where those are too few, of chains four times as long. The two intervals of a "
    "label should overlap."
)


def sampling_section(subject: Subject) -> Section | None:
    """The sampler's own account, by label.

    Examples
    --------
    >>> sampling_section.__name__
    'sampling_section'
    """
    labels: Mapping[str, Any] = subject.dataset.provenance.quality.get("labels", {})
    if not labels:
        return None
    rows = [
        [subject.named(name), told["strategy"].replace("_", " "), told["reason"],
         percent(told["acceptance"]),
         percent(told["near_bound_frac"]), _expected(told)]
        for name, told in labels.items()
    ]  # fmt: skip
    head = ["label", "strategy", "why", "draws accepted", "near a bound", "expected near a bound"]
    return Section(
        "How it was sampled",
        columns(
            paragraph(_NEAR_BOUND),
            _near_bounds(subject, labels),
        )
        + table(head, rows)
        + terms(
            {
                "rejection": "draws until a campaign falls into the box: exact",
                "heat bath": "walks inside a box that few draws reach, until it has mixed",
                "near a bound": "within one edge of a wall of the box",
            }
        ),
    )


def _near_bounds(subject: Subject, labels: Mapping[str, Any]) -> str:
    rows = []
    for name, told in labels.items():
        errors = near_bound_errors(told)
        if errors is None:
            continue
        share, expected = told["near_bound_frac"], told["near_bound_expected"]
        hue = subject.colours[name]
        for said, middle, error, colour in (
            (name, share, errors[0], hue),
            (f"{name}, expected", expected, errors[1], INK),
        ):
            low, high = middle - 2 * error, middle + 2 * error
            rows.append(Interval(said, middle, low, high, colour, percent(middle)))
    drawn = interval_plot(
        rows, title="Campaigns near a bound, with 95% intervals", percent=True, width=440,
        x_label="share of the label's campaigns",
    )  # fmt: skip
    return figure(drawn) if rows else ""


def _expected(told: Mapping[str, Any]) -> str:  # Any: JSON values
    errors = near_bound_errors(told)
    if errors is None:
        return "not known"
    return f"{percent(told['near_bound_expected'])} ± {2 * errors[1]:.1%}"
