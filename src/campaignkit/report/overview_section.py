"""The answer first: how many campaigns, are they in range, what a label means."""

from __future__ import annotations

from campaignkit.report.subject import Subject
from campaignkit.show.page import Section, columns, facts, paragraph, table, terms


def overview_section(subject: Subject) -> Section:
    """Key figures, and each label's box in words, if there is a spec.

    Examples
    --------
    >>> overview_section.__name__
    'overview_section'
    """
    found = subject.evaluation
    named: dict[str, object] = {
        "campaigns": found.rows,
        "labels": len(subject.boxes or subject.labels),
        "attributes": subject.graph.num_nodes,
        "+ edges": subject.graph.num_positive,
        "− edges": subject.graph.num_negative,
    }
    spec = subject.spec
    sizes = ", ".join(
        f"{low} {name}" if low == high else f"{low}–{high} {name}"
        for name, (low, high) in (spec or subject.dataset).type_ranges.items()
    )
    rows = [
        [subject.named(name), *map(_range, (box.pos_frac_range, box.neg_frac_range)),
         box.num_samples]
        for name, box in subject.boxes.items()
    ]  # fmt: skip
    meanings = {
        "attribute": "one thing that a campaign uses, such as a brand or a place",
        "pair": "any two attributes of a campaign; it helps (+), harms (−), or neither",
        "signed graph": "says of each pair of attributes whether it helps or harms",
        "label": "a box: a range of the share of + pairs, and one of − pairs, out of all pairs"
        if spec
        else "a part of the campaigns, by their outcome or as the data set gives it",
    }
    source = "follows from its pairs" if spec else "comes with the data set, not from its pairs"
    head = ["label", "share of + pairs", "share of − pairs", "campaigns asked for"]
    tables = [table(head, rows)] if spec else []
    return Section(
        "Overview",
        facts(named)
        + paragraph(f"A campaign is a set of attributes ({sizes}). Its label {source}.")
        + columns(*tables, terms(meanings)),
    )


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:g} to {ends[1]:g}"
