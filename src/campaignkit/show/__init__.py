"""Pictures and pages: numbers in, text out. Self-contained, escaped, readable in print."""

from __future__ import annotations

from campaignkit.show.bars import bar_chart, stacked_bars
from campaignkit.show.bubble_plot import Box, bubble_plot
from campaignkit.show.escape import escape
from campaignkit.show.heat_map import heat_map
from campaignkit.show.histogram import histogram
from campaignkit.show.interval_plot import Interval, interval_plot
from campaignkit.show.line_plot import line_plot
from campaignkit.show.outline import Block, as_html, as_markdown, as_text, print_blocks
from campaignkit.show.page import (
    Check,
    Markup,
    Section,
    columns,
    facts,
    figure,
    label_name,
    page,
    page_style,
    paragraph,
    table,
    terms,
    verdict,
)
from campaignkit.show.words import counted, in_words, percent

__all__ = [
    "Block",
    "Box",
    "Check",
    "Interval",
    "Markup",
    "Section",
    "as_html",
    "as_markdown",
    "as_text",
    "bar_chart",
    "bubble_plot",
    "columns",
    "counted",
    "escape",
    "facts",
    "figure",
    "heat_map",
    "histogram",
    "in_words",
    "interval_plot",
    "label_name",
    "line_plot",
    "page",
    "page_style",
    "paragraph",
    "percent",
    "print_blocks",
    "stacked_bars",
    "table",
    "terms",
    "verdict",
]
