"""Making any text safe inside HTML and SVG. Whatever came from a table passes through here."""

from __future__ import annotations

import html
import re

# Not allowed in XML even as references; a browser would refuse the whole SVG.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def escape(text: object) -> str:
    r"""The text with everything that means something in HTML replaced; also inside attributes.

    Examples
    --------
    >>> escape("<b> & 'x'"), escape("a\x00b")
    ('&lt;b&gt; &amp; &#x27;x&#x27;', 'a\ufffdb')
    """
    return html.escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(text)), quote=True)
