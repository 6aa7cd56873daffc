"""The answer first: how many campaigns, are they in range, what a label means."""

from __future__ import annotations

from campaignkit.report.subject import Subject
from campaignkit.show.page import Section, columns, facts, paragraph, table, terms


def overview_section(subject: Subject) -> Section:
    """Key figures, and each label's box in words.

    Examples
    --------
    >>> overview_section.__name__
    'overview_section'
    """
    found = subject.evaluation
    named: dict[str, object] = {
        "campaigns": found.rows,
        "labels": len(subject.spec.label_params),
        "attributes": subject.graph.num_nodes,
        "+ edges": subject.graph.num_positive,
        "− edges": subject.graph.num_negative,
    }
    sizes = ", ".join(
        f"{low} {name}" if low == high else f"{low}–{high} {name}"
        for name, (low, high) in subject.spec.type_ranges.items()
    )
    rows = [
        [subject.named(name), *map(_range, (box.pos_frac_range, box.neg_frac_range)),
         box.num_samples]
        for name, box in subject.spec.label_params.items()
    ]  # fmt: skip
    meanings = {
        "attribute": "one thing that a campaign uses, such as a brand or a place",
        "pair": "any two attributes of a campaign; it helps (+), harms (−), or neither",
        "signed graph": "says of each pair of attributes whether it helps or harms",
        "label": "a box: a range of the share of + pairs, and one of − pairs, out of all pairs",
    }
    return Section(
        "Overview",
        facts(named)
        + paragraph(
            f"A campaign is a set of attributes ({sizes}). Its label follows from its pairs."
        )
        + columns(
            table(["label", "share of + pairs", "share of − pairs", "campaigns asked for"], rows),
            terms(meanings),
        ),
    )


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:g} to {ends[1]:g}"
