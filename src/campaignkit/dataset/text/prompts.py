"""Prompts that ask for a campaign's outcome: three styles, each text with a version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from campaignkit.checks import check_all, is_count
from campaignkit.dataset.text.brief import read_brief, render_briefs
from campaignkit.dataset.text.wordings import Wordings
from campaignkit.errors import DatasetError

_CUE = "\n\nLabel:\n"  # ends in a line feed: after a space, "0" and " 0" are different tokens

WORDS = ("Underperforming", "Average performance", "Overperforming")
NUMBERS = ("0", "1", "2")


@dataclass(frozen=True)
class PromptTemplate:
    """The text around a brief; `shared` is the same for every campaign and comes first.

    Attributes
    ----------
    name, version : str, int
        Together the template's :attr:`id`. A text that changes gets a new version; the old one
        stays.
    shared : str
        Everything before the brief.
    cue : str
        Everything after it; ends in a line feed, so that labels start a line.
    label_texts : tuple of str
        What the model is to answer: three texts for neg, avg and pos; for labels of other names
        the labels themselves, as many as there are.

    Raises
    ------
    DatasetError
        If a field is no text, the version no number from 1 on, or there are fewer than two
        different label texts.

    Examples
    --------
    >>> template = prompt_template("tally-numbers")
    >>> template.id, template.label_texts
    ('tally-numbers@1', ('0', '1', '2'))
    >>> template.read(template.render("brand: Nike"))
    'brand: Nike'
    >>> own = PromptTemplate("own", 1, "Win or lose?\\n", "\\nLabel:\\n", ("lose", "win"))
    >>> own.render("brand: Nike")
    'Win or lose?\\nbrand: Nike\\nLabel:\\n'
    """

    name: str
    version: int
    shared: str
    cue: str
    label_texts: tuple[str, ...]

    def __post_init__(self) -> None:
        given: object = self.label_texts
        texts = tuple(given) if isinstance(given, list | tuple) else ()
        are_texts = all(isinstance(text, str) and text.strip() for text in texts)
        checks: dict[str, tuple[object, bool, str]] = {
            name: (getattr(self, name), isinstance(getattr(self, name), str), "a text")
            for name in ("name", "shared", "cue")
        }
        checks["version"] = (self.version, is_count(self.version), "1 or more")
        is_right = are_texts and len({*texts}) == len(texts) >= 2
        checks["label_texts"] = (self.label_texts, is_right, "two different texts or more")
        check_all("a prompt template that cannot be used", checks, error=DatasetError)
        object.__setattr__(self, "label_texts", texts)

    @property
    def id(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"

    def render(self, brief: str) -> str:
        """The whole prompt of one brief."""
        return f"{self.shared}{brief}{self.cue}"

    def read(self, prompt: str) -> str:
        """The brief of a prompt of this template.

        Raises
        ------
        DatasetError
            If the prompt does not start and end as this template's do.
        """
        is_own = prompt.startswith(self.shared) and prompt.endswith(self.cue)
        if not is_own or len(prompt) < len(self.shared) + len(self.cue):
            raise DatasetError(
                f"this prompt was not made with the template {self.id}",
                hint=f"templates: {', '.join(sorted(PROMPT_TEMPLATES))}",
            )
        return prompt[len(self.shared) : len(prompt) - len(self.cue)]


_PROFESSIONAL = PromptTemplate(
    "professional",
    1,
    """\
You plan advertising campaigns and have seen many succeed and fail. Read the campaign below and \
say how it will do, compared with others like it.

What the lines mean:
- audience: who is addressed, what they value and what they are interested in
- brand: who advertises, how it is placed in its market, what it stands for, how credible it is
- creative: how the message is told: its tone, what it says, how it persuades
- platform: where the advertisement is shown
- geography (or geo): the places it is shown in, such as zip codes
- any other line: what its name says

What the labels mean:
- Underperforming: fewer than 40% of comparable campaigns earn more than they cost
- Average performance: 40% to 70% of them do
- Overperforming: more than 70% of them do

Judge the parts together: a strong brand shown to people it does not suit still loses money.
Answer with one label and nothing else.

Campaign:
""",
    _CUE,
    WORDS,
)

_TALLY = """\
Predict the outcome of a campaign by counting.

Take every two attributes from different lines of the campaign below. Each such pair counts
+1 if the two clearly support each other,
-1 if they clearly work against each other,
0 if they have nothing to do with each other or you are not sure.

Every pair has the same weight, whichever lines it comes from. Add the pairs up. How an attribute \
is worded does not matter, only what it means.

{meaning}
Most pairs are 0, and a sum near 0 is {average}.
Answer with one label and nothing else.

Campaign:
"""

_TALLY_WORDS = PromptTemplate(
    "tally-words",
    1,
    _TALLY.format(
        meaning="""\
- clearly more -1 than +1: Underperforming
- mostly 0, or about as many of each: Average performance
- clearly more +1 than -1: Overperforming
""",
        average="Average performance",
    ),
    _CUE,
    WORDS,
)

_TALLY_NUMBERS = PromptTemplate(
    "tally-numbers",
    1,
    _TALLY.format(
        meaning="""\
- clearly more -1 than +1: label 0
- mostly 0, or about as many of each: label 1
- clearly more +1 than -1: label 2
""",
        average="label 1",
    ),
    _CUE,
    NUMBERS,
)

PROMPT_TEMPLATES = {t.id: t for t in (_PROFESSIONAL, _TALLY_WORDS, _TALLY_NUMBERS)}
PROMPT_STYLES = ("professional", "tally-words", "tally-numbers")


def prompt_template(style: str | int | PromptTemplate) -> PromptTemplate:
    """The template of a style (its newest version), or of ``style@version``.

    Parameters
    ----------
    style : str, int or PromptTemplate
        ``"professional"``, ``"tally-words"`` or ``"tally-numbers"``, perhaps with ``@version``;
        or 1, 2 or 3, as the published prompts are numbered; a template is taken as it is.

    Raises
    ------
    DatasetError
        If there is none of this name; the message lists those there are.

    Examples
    --------
    >>> prompt_template("professional@1").label_texts[1]
    'Average performance'
    >>> prompt_template(3).name
    'tally-numbers'
    """
    if isinstance(style, PromptTemplate):
        return style
    if isinstance(style, int) and not isinstance(style, bool) and 1 <= style <= 3:
        style = PROMPT_STYLES[style - 1]
    if style in PROMPT_TEMPLATES:
        return PROMPT_TEMPLATES[style]
    versions = [t for t in PROMPT_TEMPLATES.values() if t.name == style]
    if not versions:
        raise DatasetError(
            f"there is no prompt style {style!r}",
            hint=f"styles: {', '.join(PROMPT_STYLES)}, or 1, 2, 3; "
            f"templates: {', '.join(sorted(PROMPT_TEMPLATES))}",
        )
    return max(versions, key=lambda template: template.version)


def render_prompts(
    records: Any,
    *,
    style: str | int | PromptTemplate = "tally-numbers",
    wordings: Wordings | None = None,
    seed: int = 0,
) -> list[str]:
    """One whole prompt a record, ready for a language model.

    Parameters
    ----------
    records : CampaignDataset, data frame, or list of {modality: [values]}
    style : str, int or PromptTemplate
        As for :func:`prompt_template`.
    wordings, seed
        As for :func:`render_briefs`.

    Examples
    --------
    >>> prompt = render_prompts([{"brand": "Nike"}])[0]
    >>> prompt.startswith(prompt_template("tally-numbers").shared), prompt[-20:]
    (True, 'brand: Nike\\n\\nLabel:\\n')
    """
    template = prompt_template(style)
    briefs = render_briefs(records, wordings=wordings, seed=seed)
    return [template.render(brief) for brief in briefs]


def read_prompts(
    prompts: Sequence[str],
    *,
    style: str | int | PromptTemplate = "tally-numbers",
    wordings: Wordings | None = None,
) -> list[dict[str, list[str]]]:
    """The records that prompts were written from; the inverse of :func:`render_prompts`.

    Raises
    ------
    DatasetError
        If a prompt is another template's, or what it holds is no brief.

    Examples
    --------
    >>> read_prompts(render_prompts([{"brand": "Nike"}]))
    [{'brand': ['Nike']}]
    """
    template = prompt_template(style)
    return [read_brief(template.read(prompt), wordings=wordings) for prompt in prompts]
