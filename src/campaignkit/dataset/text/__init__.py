"""Campaigns in words: briefs, descriptions of attributes, prompts for language models."""

from __future__ import annotations

from campaignkit.dataset.text.brief import BRIEF_VERSION, read_brief, render_briefs
from campaignkit.dataset.text.prompts import (
    PROMPT_STYLES,
    PROMPT_TEMPLATES,
    PromptTemplate,
    prompt_template,
    read_prompts,
    render_prompts,
)
from campaignkit.dataset.text.wordings import Wordings, make_wordings

__all__ = [
    "BRIEF_VERSION",
    "PROMPT_STYLES",
    "PROMPT_TEMPLATES",
    "PromptTemplate",
    "Wordings",
    "make_wordings",
    "prompt_template",
    "read_brief",
    "read_prompts",
    "render_briefs",
    "render_prompts",
]
