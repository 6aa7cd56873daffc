"""Class balance: campaigns by label, and in each part of a split."""

from __future__ import annotations

from campaignkit.report.subject import Subject
from campaignkit.show import bar_chart, stacked_bars
from campaignkit.show.page import Section, figure


def balance_section(subject: Subject) -> Section:
    """Bars by label; with a split, the shares of its parts.

    Examples
    --------
    >>> balance_section.__name__
    'balance_section'
    """
    counts, hues = subject.dataset.label_counts, subject.colours
    pictures = [bar_chart(dict(counts), title="Campaigns by label", colours=hues, width=440)]
    caption = ""
    if subject.splits:
        parts = {
            f"{name} ({len(part):,})": [part.label_counts.get(label, 0) for label in counts]
            for name, part in subject.splits.items()
        }
        colours = [hues[name] for name in counts]
        title = "Labels in each part of the split"
        pictures.append(stacked_bars(parts, list(counts), title=title, colours=colours, width=440))
        caption = "The split keeps each label's share; identical campaigns are on one side."
    return Section("Class balance", figure(pictures, caption))
