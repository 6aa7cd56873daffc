"""Links between files of the repository, as links between pages of the site."""

from __future__ import annotations

import re

SOURCE = "https://github.com/campaignkit/campaignkit/blob/main/"
PROJECT_FILES = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "README.md")

_OUTSIDE = re.compile(r"\]\(\.\./([^)\s#]+)(#[^)\s]*)?\)")
# Fences that no highlighter knows.
_PLAIN_FENCES = re.compile(r"^```(csv|console)$", re.MULTILINE)


def as_site_page(text: str, *, up: str = "") -> str:
    """A page of docs/ with its links out of docs/ turned; `up` leads from the page to docs/.

    Examples
    --------
    >>> as_site_page("[log](../CHANGELOG.md) [a](../Makefile)")  # doctest: +ELLIPSIS
    '[log](_generated/project/changelog.md) [a](https://.../Makefile)'
    """

    def turned(found: re.Match[str]) -> str:
        return f"]({_target(found[1], up)}{found[2] or ''})"

    return _PLAIN_FENCES.sub("```text", _OUTSIDE.sub(turned, text))


def as_project_page(text: str) -> str:
    """A file of the repository's root as a page in docs/_generated/project.

    Examples
    --------
    >>> as_project_page("[a](docs/spec.md) [b](CHANGELOG.md) [c](https://x.y)")
    '[a](../../spec.md) [b](changelog.md) [c](https://x.y)'
    """

    def turned(found: re.Match[str]) -> str:
        link = found[1]
        if "://" in link or link.startswith("#"):
            return found[0]
        if link.startswith("docs/"):
            return f"](../../{link.removeprefix('docs/')})"
        target = _target(link, "../../")
        return f"]({target.removeprefix('../../_generated/project/')})"

    return _PLAIN_FENCES.sub("```text", re.sub(r"\]\(([^)\s]+)\)", turned, text))


def _target(link: str, up: str) -> str:
    if link in PROJECT_FILES:
        return f"{up}_generated/project/{link.lower()}"
    if link.startswith("examples/") and link.endswith(".ipynb"):
        return f"{up}_generated/project/{link}"
    return SOURCE + link


def with_toctrees(index: str) -> str:
    """The first page with a hidden table of contents for each of its bold headings.

    The list of pages is the page itself: what is linked below a heading comes into its table.

    Examples
    --------
    >>> print(with_toctrees("**Look up**\\n\\n- [a](a.md)").splitlines()[4:])
    ['```{toctree}', ':hidden:', ':caption: Look up', '', 'a', '_generated/reference/index', '```']
    """
    parts = []
    listed: set[str] = set()
    for caption, body in re.findall(r"^\*\*(.+?)\*\*\n(.*?)(?=^\*\*|\Z)", index, re.M | re.S):
        pages = [
            link.removesuffix(".md")
            for link in re.findall(r"\]\(([^)\s]+\.md)\)", body)
            if "://" not in link
        ]
        if caption == "Look up":
            pages.append("_generated/reference/index")
        if caption == "Start here":
            pages.append("_generated/project/notebooks")
        fresh = [page for page in dict.fromkeys(pages) if page not in listed]
        listed |= {*fresh}
        listing = "\n".join(fresh)
        parts.append(f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listing}\n```\n")
    return index + "\n\n" + "\n".join(parts)
