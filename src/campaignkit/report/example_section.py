"""A few campaigns of each label, with the pairs that decide their label."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from campaignkit.dataset import Campaign
from campaignkit.report.subject import Subject
from campaignkit.show import escape, in_words
from campaignkit.show.page import Markup, Section, paragraph, table

_PER_LABEL = 3
_PAIRS = 3  # of each sign told in words
_VALUES = 8  # of each modality


def example_section(subject: Subject) -> Section:
    """The first campaigns of each label, row by row.

    Examples
    --------
    >>> example_section.__name__
    'example_section'
    """
    held = subject.dataset.vocabulary.modalities
    names = [name for name in subject.graph.catalogue.modalities if name in held]
    rows: list[list[object]] = []
    for code, label in enumerate(subject.labels):
        for position in np.flatnonzero(subject.dataset.block.labels == code)[:_PER_LABEL].tolist():
            rows += [_row(subject, label, position, names)]
    head = ["label", "campaign", _unbroken("+ / − / pairs"), "helps (+)", "harms (−)"]
    return Section(
        "Example campaigns",
        paragraph(f"The first {_PER_LABEL} of each label, with up to {_PAIRS} pairs of each sign.")
        + table(head, rows),
    )


def _row(subject: Subject, label: str, position: int, names: list[str]) -> list[object]:
    campaign = subject.dataset[position]
    positive, negative = subject.counts[position].tolist()
    size = int(subject.dataset.block.sizes[position])
    helps, harms = _pairs(subject, campaign, names)
    return [
        subject.named(label),
        Markup("<br>".join(_listed(name, campaign.attributes[name]) for name in names)),
        _unbroken(f"{positive} / {negative} / {size * (size - 1) // 2}"),
        helps,
        harms,
    ]


def _pairs(subject: Subject, campaign: Campaign, names: list[str]) -> tuple[Markup, Markup]:
    keys = [(name, value) for name in names for value in campaign.attributes[name]]
    found: dict[int, list[str]] = {1: [], -1: []}
    for one, other in combinations(keys, 2):
        if one[0] != other[0] and (sign := subject.graph.sign(one, other)):
            found[sign].append(f"{one[1]} × {other[1]}")
    told = []
    for sign in (1, -1):
        more = len(found[sign]) - _PAIRS
        lines = [*found[sign][:_PAIRS], *([f"{more} more"] if more > 0 else [])]
        told.append(Markup("<br>".join(map(escape, lines)) or "–"))
    return told[0], told[1]


def _unbroken(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _listed(name: str, values: tuple[str, ...]) -> str:
    shown = escape(in_words(values, _VALUES)) or "–"
    return f'<span class="muted">{escape(name)}</span> {shown}'
