"""The diagnosis: what campaigns look like when no label constrains them."""

from __future__ import annotations

from dataclasses import asdict

from campaignkit.report.subject import Subject
from campaignkit.show import bar_chart, histogram, percent
from campaignkit.show.page import Section, figure, paragraph, table, terms
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
        width=440,
        height=250,
    )
    charts, shared = [chart], ""
    if subject.spec:
        coverage = profile.coverage(subject.spec)
        accepted = {name: round(100 * share, 1) for name, share in coverage.accepted.items()}
        title = "Share of the draws that each label accepts"
        hues = subject.colours
        charts.append(bar_chart(accepted, title=title, unit="%", colours=hues, width=440))
        shared = "; ".join(
            f"{a} and {b} share {percent(share)}"
            for (a, b), share in coverage.overlap.items()
            if share
        )
    return Section(
        "Diagnosis",
        paragraph(
            f"{profile.num_draws:,} draws with the same numbers of attributes and no label. "
            f"Their numbers alone allow at most {percent(profile.ceiling)} of the pairs to be "
            "signed: attributes of one modality share no edge."
        )
        + figure(charts, f"Where labels overlap: {shared}." if shared else "")
        + table(["share of pairs", *_HEADS], rows)
        + terms({"p5, p25, p50, p75, p95": "that many percent of the draws lie below"}),
    )
