"""The evaluation: in range, alike, repeated, and what single attributes give away."""

from __future__ import annotations

from campaignkit.dataset import LeakageBaseline
from campaignkit.report.subject import Subject
from campaignkit.show import bar_chart, percent
from campaignkit.show.page import Section, columns, figure, paragraph, table, terms

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
            subject.named(name),
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
    body += terms(
        {
            "mean +, mean −": "the mean share of pairs that help, that harm; absent is the rest",
            "mean deviation": "the distance of the two shares to the label's box; 0 is inside",
            "duplicates": "campaigns with the attributes of an earlier one of the label",
            "similarity": "the mean Jaccard index of two campaigns of the label: shared "
            "attributes over all attributes of the two",
        }
    )
    shares = found.coverage_frac or {}
    order = [name for name in subject.graph.catalogue.modalities if name in shares]
    coverage = ", ".join(f"{percent(shares[name])} of {name}" for name in order)
    body += paragraph(f"Attributes that occur in some campaign: {coverage}.")
    if found.leakage is not None:
        body += _leakage(subject, found.leakage)
    return Section("Evaluation", body + "".join(paragraph(f"Note: {n}.") for n in found.notes))


def _leakage(subject: Subject, found: LeakageBaseline) -> str:
    bars = bar_chart(
        {
            "always the largest label": round(found.majority_macro_f1, 3),
            "single attributes alone": round(found.macro_f1, 3),
        },
        title="Macro F1 without looking at pairs",
        width=440,
    )
    rows = [
        [f"{modality}: {value}", subject.named(str(label)), f"{weight:.2f}"]
        for modality, value, label, weight in found.strongest[:_STRONGEST]
    ]
    return columns(
        figure(
            bars,
            f"A logistic regression that sees which attributes are there, but no pairs, "
            f"{found.num_folds}-fold cross-validated over {found.num_rows:,} campaigns of this "
            f"report. A model that has learned the pairs of these must beat {found.macro_f1:.3f}.",
        ),
        paragraph("The attributes that give most away, by weight:")
        + table(["attribute", "points to", "weight"], rows),
    )
