"""The frame of a self-contained page: one file, no script, nothing loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from numbers import Integral, Real
from typing import Literal

from campaignkit.show.escape import escape
from campaignkit.show.palette import colour_rules, hue_class

# What a caller has rounded already is a number still.
_NUMBER = re.compile(r"[-+−]?\d[\d,]*(\.\d+)?%?")

_LONG = 30  # letters above which a cell of a table may be broken into lines
_TAG = re.compile("<[^>]*>")

# Nothing may be fetched or run, whatever an attribute's name holds.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

State = Literal["good", "warning", "error", "info"]
# A mark and a word, for those who do not see the colour.
_MARKS = {
    "good": ("✓", "passed"),
    "warning": ("!", "look at this"),
    "error": ("✗", "failed"),
    "info": ("•", "note"),
}


class Markup(str):
    """HTML that this room made: a table shows it as it is, where other text is escaped.

    Examples
    --------
    >>> "&lt;b&gt;" in table(["x"], [[Markup("<b>1</b>")]])
    False
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a verdict: what was checked, what came out, and whether that is good.

    Examples
    --------
    >>> Check("campaigns in range", "12 of 12").state
    'good'
    """

    name: str
    figure: str
    state: State = "good"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page.

    Attributes
    ----------
    title : str
        Plain text.
    body : str
        Markup, made by the functions of this room.

    Examples
    --------
    >>> Section("Balance", paragraph("All labels are there.")).title
    'Balance'
    """

    title: str
    body: str


def page(
    title: str,
    sections: Sequence[Section],
    *,
    lead: str = "",
    opening: str = "",
    style: str = "",
) -> str:
    """A whole HTML page that needs nothing but itself.

    Parameters
    ----------
    lead : str
        Plain text under the title.
    opening : str
        Markup before the links to the sections.
    style : str
        Rules of style of this page's own, added to the house's.

    Examples
    --------
    >>> text = page("Report <1>", [Section("One", paragraph("a & b"))])
    >>> "Report &lt;1&gt;" in text, "a &amp; b" in text, "<script" in text
    (True, True, False)
    """
    links = "".join(
        f'<li><a href="#part-{i}">{escape(part.title)}</a></li>'
        for i, part in enumerate(sections, 1)
    )
    many = len(sections) > 2
    # A fold without content: it shows or hides the list beside it, on phones alone.
    fold = "<details><summary>Contents</summary></details>"
    nav = f'<nav aria-label="Contents">{fold}<ol>{links}</ol></nav>' if many else ""
    parts = "".join(
        f'<section aria-labelledby="part-{i}"><h2 id="part-{i}">{escape(part.title)}</h2>'
        f"{part.body}</section>\n"
        for i, part in enumerate(sections, 1)
    )
    first = f'<p class="lead">{escape(lead)}</p>' if lead else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{page_style()}{style}</style></head>\n"
        '<body><a class="skip" href="#content">Skip to the content</a>\n'
        f"<header><h1>{escape(title)}</h1>{first}{opening}</header>\n"
        f'<div class="frame{"" if many else " single"}">{nav}\n'
        f'<main id="content">{parts}</main></div></body></html>\n'
    )


@cache
def page_style() -> str:
    """The style sheet of every page, with its colours for light and dark screens.

    Examples
    --------
    >>> "prefers-color-scheme:dark" in page_style()
    True
    """
    look = (files("campaignkit.show") / "page.css").read_text(encoding="utf-8")
    return f"{colour_rules()}\n{look}"


def verdict(word: str, reason: str, checks: Sequence[Check] = (), *, state: State) -> str:
    """The answer first: a word in the colour of its state, a sentence, a line for each check.

    Examples
    --------
    >>> band = verdict("PASS", "all is well", [Check("rows", "2 of 2")], state="good")
    >>> '<span class="figure">2 of 2</span>' in band
    True
    """
    lines = "".join(map(_check, checks))
    listed = f'<ul class="checks">{lines}</ul>' if lines else ""
    return (
        f'<div class="verdict {state}"><p><b>{escape(word)}</b> {escape(reason)}</p>{listed}</div>'
    )


def _check(check: Check) -> str:
    mark, said = _MARKS[check.state]
    return (
        f'<li class="{check.state}"><span class="mark"><span aria-hidden="true">{mark}</span>'
        f'<span class="unseen">{said}: </span></span><span>{escape(check.name)}</span>'
        f'<span class="figure">{escape(check.figure)}</span></li>'
    )


def label_name(name: str, colour: str) -> Markup:
    """A label's name with a dot of its colour, one of the palette's.

    Examples
    --------
    >>> label_name("<pos>", "#0072B2")
    '<span class="label hue-0072b2">&lt;pos&gt;</span>'
    """
    return Markup(f'<span class="label {hue_class(colour)}">{escape(name)}</span>')


def terms(meanings: Mapping[str, str]) -> str:
    """Terms, each with what it means in one line.

    Examples
    --------
    >>> terms({"pair": "two attributes"})
    '<dl class="terms"><dt>pair</dt><dd>two attributes</dd></dl>'
    """
    lines = "".join(
        f"<dt>{escape(term)}</dt><dd>{escape(meaning)}</dd>" for term, meaning in meanings.items()
    )
    return f'<dl class="terms">{lines}</dl>'


def paragraph(text: object) -> str:
    """A paragraph of plain text.

    Examples
    --------
    >>> paragraph("1 < 2")
    '<p>1 &lt; 2</p>'
    """
    return f"<p>{escape(text)}</p>"


def figure(pictures: str | Sequence[str], caption: str = "") -> str:
    """A picture (SVG markup), or several side by side, with a caption (plain text).

    Examples
    --------
    >>> figure("<svg/>", "Fig. 1")
    '<figure class="wide" tabindex="0"><svg/><figcaption>Fig. 1</figcaption></figure>'
    """
    single = isinstance(pictures, str)
    kind = "wide" if single else "wide pictures"
    said = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="{kind}" tabindex="0">{"".join(pictures)}{said}</figure>'


def columns(*parts: str) -> str:
    """Parts of a section side by side, below each other where there is no room.

    Examples
    --------
    >>> columns("<p>1</p>", "<p>2</p>")
    '<div class="columns"><div><p>1</p></div><div><p>2</p></div></div>'
    """
    cells = "".join(f"<div>{part}</div>" for part in parts)
    return f'<div class="columns">{cells}</div>'


def facts(named: Mapping[str, object]) -> str:
    """A few figures, large, each under its name.

    Examples
    --------
    >>> facts({"rows": 13000})
    '<dl class="facts"><div><dt>rows</dt><dd>13,000</dd></div></dl>'
    """
    cards = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(_said(value))}</dd></div>"
        for name, value in named.items()
    )
    return f'<dl class="facts">{cards}</dl>'


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; columns that hold numbers alone are set flush right.

    Examples
    --------
    >>> table(["label", "rows"], [["pos", 4000]]).count('class="number"')
    2
    """
    right = [bool(rows) and all(_is_number(row[j]) for row in rows) for j in range(len(header))]
    head = "".join(_cell("th", name, flush=r) for name, r in zip(header, right, strict=True))
    body = "".join(
        "<tr>"
        + "".join(_cell("td", _said(v), flush=r) for v, r in zip(row, right, strict=True))
        + "</tr>"
        for row in rows
    )
    # A phone scrolls it sideways: so it must be reached by the keyboard, and needs a name.
    named = escape(", ".join(map(str, header)))
    return (
        f'<div class="wide" tabindex="0" role="group" aria-label="Table: {named}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(tag: str, text: object, *, flush: bool) -> str:
    long = len(_TAG.sub("", text) if isinstance(text, Markup) else str(text)) > _LONG
    kind = ' class="number"' if flush else ' class="long"' * long
    return f"<{tag}{kind}>{text if isinstance(text, Markup) else escape(text)}</{tag}>"


def _is_number(value: object) -> bool:
    return isinstance(value, Real) or bool(_NUMBER.fullmatch(str(value)))


def _said(value: object) -> object:
    if isinstance(value, bool) or value is None:
        return "" if value is None else ("yes" if value else "no")
    if isinstance(value, Integral):
        return f"{int(value):,}"
    return f"{float(value):.4g}" if isinstance(value, Real) else value
