"""The evaluation: in range, alike, repeated, and what single attributes give away."""

from __future__ import annotations

from campaignkit.dataset import LeakageBaseline
from campaignkit.report.subject import Subject
from campaignkit.show import bar_chart
from campaignkit.show.page import Section, figure, paragraph, table

_STRONGEST = 10


def evaluation_section(subject: Subject) -> Section:
    """A table by label, coverage, and the leakage baseline.

    Examples
    --------
    >>> evaluation_section.__name__
    'evaluation_section'
    """
    found = subject.evaluation
    head = [
        "label", "in range", "mean +", "mean −", "mean absent", "mean deviation",
        "duplicates", "distinct", "similarity",
    ]  # fmt: skip
    rows = [
        [
            name,
            "–" if label.in_range is None else f"{label.in_range:,} of {label.rows:,}",
            f"{label.mean_pos_frac:.3f}",
            f"{label.mean_neg_frac:.3f}",
            f"{label.mean_absent_frac:.3f}",
            "–" if label.mean_deviation is None else f"{label.mean_deviation:.4f}",
            label.duplicates,
            f"{label.distinct_frac:.1%}",
            "–" if label.similarity is None else f"{label.similarity.mean:.3f}",
        ]
        for name, label in found.labels.items()
    ]
    body = table(head, rows)
    body += paragraph(
        "Mean deviation is the distance of a campaign's two shares to its label's box, 0 inside. "
        "Similarity is the mean Jaccard index of two campaigns of the label: shared attributes "
        "over all attributes of the two."
    )
    coverage = ", ".join(
        f"{share:.1%} of {name}" for name, share in (found.coverage_frac or {}).items()
    )
    body += paragraph(f"Attributes that occur in some campaign: {coverage}.")
    if found.leakage is not None:
        body += _leakage(found.leakage)
    return Section("Evaluation", body + "".join(paragraph(f"Note: {n}.") for n in found.notes))


def _leakage(found: LeakageBaseline) -> str:
    bars = bar_chart(
        {
            "always the largest label": round(found.majority_macro_f1, 3),
            "single attributes alone": round(found.macro_f1, 3),
        },
        title="Macro F1 without looking at pairs",
    )
    rows = [
        [f"{modality}: {value}", label, f"{weight:.2f}"]
        for modality, value, label, weight in found.strongest[:_STRONGEST]
    ]
    return (
        figure(
            bars,
            f"A logistic regression that sees which attributes are there, but no pairs, "
            f"{found.num_folds}-fold cross-validated over {found.num_rows:,} campaigns. A model "
            f"that has learned the pairs must beat {found.macro_f1:.3f}.",
        )
        + paragraph("The attributes that give most away, by weight:")
        + table(["attribute", "points to", "weight"], rows)
    )
