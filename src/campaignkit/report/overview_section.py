"""The answer first: how many campaigns, are they in range, what a label means."""

from __future__ import annotations

from campaignkit.report.subject import Subject
from campaignkit.show.page import Section, facts, paragraph, table


def overview_section(subject: Subject) -> Section:
    """Key figures, and each label's box in words.

    Examples
    --------
    >>> overview_section.__name__
    'overview_section'
    """
    found = subject.evaluation
    inside = sum(label.in_range or 0 for label in found.labels.values())
    named: dict[str, object] = {
        "campaigns": found.rows,
        "in their label's range": f"{inside:,} of {found.rows:,}",
        "different campaigns": f"{found.distinct_frac:.1%}",
        "attributes": subject.graph.num_nodes,
        "+ edges": subject.graph.num_positive,
        "− edges": subject.graph.num_negative,
    }
    sizes = ", ".join(
        f"{low} {name}" if low == high else f"{low}–{high} {name}"
        for name, (low, high) in subject.spec.type_ranges.items()
    )
    rows = [
        [name, _range(box.pos_frac_range), _range(box.neg_frac_range), box.num_samples]
        for name, box in subject.spec.label_params.items()
    ]
    return Section(
        "Overview",
        facts(named)
        + paragraph(
            f"A campaign is a set of attributes ({sizes}). Each two of its attributes form a "
            "pair; the signed graph says whether the pair helps (+), harms (−) or neither. A "
            "label is a box: it asks for a share of + pairs and a share of − pairs, out of all "
            "pairs of the campaign."
        )
        + table(["label", "share of + pairs", "share of − pairs", "campaigns asked for"], rows),
    )


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:g} to {ends[1]:g}"
