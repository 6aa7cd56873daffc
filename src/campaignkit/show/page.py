"""The frame of a self-contained page: one file, no script, nothing loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real

from campaignkit.show.escape import escape
from campaignkit.show.svg import FONT

# What a caller has rounded already is a number still.
_NUMBER = re.compile(r"[-−]?\d[\d,]*(\.\d+)?%?")

# Nothing may be fetched or run, whatever an attribute's name holds.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_STYLE = f"""
:root {{ color-scheme: light; }}
body {{ font: 15px/1.55 {FONT}; color: #1f2933; background: #fff;
  max-width: 1080px; margin: 0 auto; padding: 32px 24px 64px; }}
h1 {{ font-size: 28px; line-height: 1.2; margin: 0 0 4px; }}
h2 {{ font-size: 20px; margin: 44px 0 10px; padding-top: 14px; border-top: 1px solid #e3e7ec; }}
p {{ max-width: 74ch; margin: 8px 0; }}
p.lead {{ color: #5f6b7a; font-size: 17px; margin-bottom: 24px; }}
nav {{ margin: 16px 0; }}
nav a {{ display: inline-block; margin-right: 18px; color: #0072b2; text-decoration: none; }}
table {{ border-collapse: collapse; margin: 14px 0; font-variant-numeric: tabular-nums; }}
th, td {{ padding: 5px 14px 5px 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #e3e7ec; }}
th {{ color: #5f6b7a; font-weight: 600; border-bottom-color: #b4b8be; }}
td.number, th.number {{ text-align: right; }}
figure {{ margin: 18px 0; }} figcaption {{ color: #5f6b7a; font-size: 13px; max-width: 84ch; }}
dl.facts {{ display: flex; flex-wrap: wrap; gap: 12px; margin: 18px 0; }}
dl.facts div {{ border: 1px solid #e3e7ec; border-radius: 8px; padding: 10px 18px; }}
dl.facts dt {{ color: #5f6b7a; font-size: 13px; }}
dl.facts dd {{ margin: 0; font-size: 22px; font-weight: 600; }}
.wide {{ overflow-x: auto; }}
code, pre {{ font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; background: #f5f7f9; }}
pre {{ padding: 12px 14px; border-radius: 8px; overflow-x: auto; }}
@media print {{ body {{ padding: 0; font-size: 12px; }} nav {{ display: none; }}
  .wide {{ overflow: visible; }} h2 {{ break-after: avoid; }}
  h2, figure, tr {{ break-inside: avoid; }} }}
"""


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
        f'<a href="#part-{i}">{escape(part.title)}</a>' for i, part in enumerate(sections, 1)
    )
    nav = f"<nav>{links}</nav>" if len(sections) > 2 else ""
    parts = "".join(
        f'<section><h2 id="part-{i}">{escape(part.title)}</h2>{part.body}</section>\n'
        for i, part in enumerate(sections, 1)
    )
    first = f'<p class="lead">{escape(lead)}</p>' if lead else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>{first}{opening}{nav}\n{parts}</body></html>\n"
    )


def paragraph(text: object) -> str:
    """A paragraph of plain text.

    Examples
    --------
    >>> paragraph("1 < 2")
    '<p>1 &lt; 2</p>'
    """
    return f"<p>{escape(text)}</p>"


def figure(picture: str, caption: str = "") -> str:
    """A picture (SVG markup) with a caption (plain text).

    Examples
    --------
    >>> figure("<svg/>", "Fig. 1")
    '<figure class="wide"><svg/><figcaption>Fig. 1</figcaption></figure>'
    """
    said = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="wide">{picture}{said}</figure>'


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
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(tag: str, text: object, *, flush: bool) -> str:
    kind = ' class="number"' if flush else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"


def _is_number(value: object) -> bool:
    return isinstance(value, Real) or bool(_NUMBER.fullmatch(str(value)))


def _said(value: object) -> object:
    if isinstance(value, bool) or value is None:
        return "" if value is None else ("yes" if value else "no")
    if isinstance(value, Integral):
        return f"{int(value):,}"
    return f"{float(value):.4g}" if isinstance(value, Real) else value
