"""How each label was sampled, and why; and whether rows crowd at the walls of their box."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaignkit.report.subject import Subject
from campaignkit.show.page import Section, paragraph, table


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
        [name, told["strategy"].replace("_", " "), told["reason"], f"{told['acceptance']:.1%}",
         f"{told['near_bound_frac']:.1%}", _expected(told)]
        for name, told in labels.items()
    ]  # fmt: skip
    head = ["label", "strategy", "why", "draws accepted", "near a bound", "expected near a bound"]
    return Section(
        "How it was sampled",
        paragraph(
            "Rejection draws until a campaign falls into the box: exact. Heat-bath annealing "
            "walks inside boxes that few draws reach, until it has mixed. A sampler that stopped "
            "at the first campaign inside would crowd them at the walls of the box: the share "
            "near a bound (within one edge) is set beside that of exact draws, or, where those "
            "are too few, of chains four times as long."
        )
        + table(head, rows),
    )


def _expected(told: Mapping[str, Any]) -> str:  # Any: JSON values
    share, error = told.get("near_bound_expected"), told.get("near_bound_error")
    if share is None or error is None:
        return "not known"
    return f"{share:.1%} ± {2 * error:.1%}"
