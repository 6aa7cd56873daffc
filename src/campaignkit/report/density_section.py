"""The diagnosis: what campaigns look like when no label constrains them."""

from __future__ import annotations

from dataclasses import asdict

from campaignkit.report.subject import Subject
from campaignkit.show import histogram
from campaignkit.show.page import Section, figure, paragraph, table
from campaignkit.show.palette import NEGATIVE, POSITIVE

_HEADS = ("mean", "p5", "p25", "p50", "p75", "p95")


def density_section(subject: Subject) -> Section | None:
    """The density profile and what each label accepts of it.

    Examples
    --------
    >>> density_section.__name__
    'density_section'
    """
    profile = subject.profile
    if profile is None:
        return None
    stats = {"+": profile.positive, "−": profile.negative, "absent": profile.absent}
    rows = [[name, *(f"{v:.3f}" for v in asdict(held).values())] for name, held in stats.items()]
    draws = profile.draws
    chart = histogram(
        {"+": draws.positives / draws.pairs, "−": draws.negatives / draws.pairs},
        title="Unconstrained draws",
        x_label="share of pairs",
        colours=(POSITIVE, NEGATIVE),
        width=760,
    )
    coverage = profile.coverage(subject.spec)
    accepted = [[name, f"{share:.1%}"] for name, share in coverage.accepted.items()]
    shared = "; ".join(
        f"{a} and {b} share {share:.1%}" for (a, b), share in coverage.overlap.items() if share
    )
    return Section(
        "Diagnosis",
        paragraph(
            f"{profile.num_draws:,} draws with the same numbers of attributes and no label. "
            f"Their numbers alone allow at most {profile.ceiling:.1%} of the pairs to be signed: "
            "attributes of one modality share no edge."
        )
        + table(["share of pairs", *_HEADS], rows)
        + figure(chart)
        + paragraph("Share of unconstrained draws that each label's box accepts:")
        + table(["label", "accepts"], accepted)
        + (paragraph(f"Overlaps: {shared}.") if shared else ""),
    )
