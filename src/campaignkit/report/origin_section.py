"""Where it comes from: what another person needs to make the same bytes."""

from __future__ import annotations

from campaignkit import __version__
from campaignkit.report.subject import Subject
from campaignkit.show.page import Section, paragraph, table


def origin_section(subject: Subject) -> Section:
    """Digests, seed, version and steps.

    Examples
    --------
    >>> origin_section.__name__
    'origin_section'
    """
    origin = subject.dataset.provenance
    rows: list[list[object]] = [
        ["campaignkit", __version__],
        ["seed", "–" if origin.seed is None else str(origin.seed)],
        ["graph", subject.graph.digest],
        ["spec", subject.spec.digest if subject.spec else "–"],
    ]
    rows += [["step", step] for step in origin.steps]
    told = "The same version, graph, spec and seed give the same campaigns, byte for byte."
    if not subject.spec:
        told = "The campaigns and their labels were given: no spec says how to make them again."
    return Section("Where it comes from", paragraph(told) + table(["what", "which"], rows))
