"""SVG elements as text. Attribute values and texts are escaped here and nowhere else."""

from __future__ import annotations

from campaignkit.show.escape import escape
from campaignkit.show.palette import INK

FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
# Width of a letter in the font above, in em: enough to leave room for a label.
_LETTER = 0.56
_ZOOM = 1.2  # letters of 12 are as large as a page's; a phone shows the picture smaller

Value = str | float


def element(name: str, *children: str, **attributes: Value) -> str:
    """An element; children are markup already, `_` in attribute names becomes `-`.

    Examples
    --------
    >>> element("circle", cx=1.0, cy=2.25, r=3, fill_opacity=0.5)
    '<circle cx="1" cy="2.25" r="3" fill-opacity="0.5"/>'
    """
    held = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
    )
    if not children:
        return f"<{name}{held}/>"
    return f"<{name}{held}>{''.join(children)}</{name}>"


def label(
    text: object,
    x: float,
    y: float,
    *,
    anchor: str = "start",
    size: float = 12,
    fill: str = INK,
    **attributes: Value,
) -> str:
    """A text at a point; `anchor` is start, middle or end.

    Examples
    --------
    >>> label("<3", 1, 2)
    '<text x="1" y="2" text-anchor="start" font-size="12" fill="#1F2933">&lt;3</text>'
    """
    return element(
        "text", escape(text), x=x, y=y, text_anchor=anchor, font_size=size, fill=fill, **attributes
    )


def tooltip(text: object) -> str:
    """What a browser shows when the pointer rests on the parent, and a screen reader says."""
    return element("title", escape(text))


def picture(width: float, height: float, title: str, *children: str) -> str:
    """A whole SVG that scales with its page; `title` is its text for those who cannot see it.

    Examples
    --------
    >>> picture(10, 10, "empty")[:65]
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10" width'
    """
    return element(
        "svg",
        tooltip(title),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width * _ZOOM,
        height=height * _ZOOM,
        role="img",
        aria_label=title,
        font_family=FONT,
        style="max-width:100%;height:auto",
    )


def text_width(text: object, size: float = 12) -> float:
    """About how wide a text is, in pixels."""
    return len(str(text)) * size * _LETTER


def number(value: float) -> str:
    """A coordinate to a hundredth, without needless zeros.

    Examples
    --------
    >>> number(1.0), number(2.345), number(-0.001)
    ('1', '2.35', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _value(value: Value) -> str:
    return escape(value) if isinstance(value, str) else number(value)
