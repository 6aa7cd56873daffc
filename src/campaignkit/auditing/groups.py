"""Findings as people read them: by kind with a plain title, weightiest first; the verdict."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from campaignkit.show import counted, in_words, percent

if TYPE_CHECKING:
    from campaignkit.auditing.finding import Finding

CARE_FRAC = 0.01  # share of rows with an error up to which the rest of the table is usable
ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class Group:
    """All findings of one kind and severity.

    Attributes
    ----------
    title, about : str
        The kind in plain words, and one sentence about it.
    kind, severity : str
    findings : tuple of Finding
        The weightiest first; never empty.

    Examples
    --------
    >>> import campaignkit as ck
    >>> ck.audit({"clicks": [1, -9], "impressions": [5, 5]}).groups[0].title
    'Negative amounts'
    """

    title: str
    about: str
    kind: str
    severity: str
    findings: tuple[Finding, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns its findings concern, those to blame alone where they are known."""
        named = [(f.blamed,) if f.blamed else f.columns for f in self.findings]
        return tuple(dict.fromkeys(name for names in named for name in names))

    @property
    def where(self) -> str:
        """The columns in words, to follow the title."""
        named = in_words(self.columns, 4)
        if self.findings[0].unit == "column":
            return f" ({named})"
        return f" in {named}" if named else ""

    @property
    def advice(self) -> str:
        """What to do next."""
        others = [c for c in self.columns if c not in self.findings[0].columns]
        likewise = f"; likewise for {in_words(others, 3)}" if others else ""
        return f"{self.findings[0].advice}{likewise}"

    @property
    def extent(self) -> str:
        """How much is affected: of several findings, the widest."""
        widest = max(self.findings, key=lambda f: (f.rate, f.count)).extent
        return widest if len(self.findings) == 1 else f"up to {widest} each"


def grouped(findings: Iterable[Finding], num_rows: int) -> tuple[Group, ...]:
    """Findings by severity and kind; groups and their findings, the weightiest first."""
    held: dict[tuple[str, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda f: (*weight(f, num_rows), f.kind, f.columns)):
        held.setdefault((finding.severity, finding.kind), []).append(finding)
    out = []
    for (severity, kind), members in held.items():
        title, about = titled(kind)
        out.append(Group(members[0].title or title, about, kind, severity, tuple(members)))
    return tuple(out)


def weight(finding: Finding, num_rows: int) -> tuple[int, float]:
    """Sort key: severity, then rows affected times the faults that they amount to.

    What is about columns, or the table as a whole, concerns every row.
    """
    rows = finding.count if finding.unit == "row" and finding.count else num_rows
    faults = 1 + len(finding.explains) + finding.rule.count(", ")
    return ORDER.get(finding.severity, 3), -rows * faults * finding.confidence


def judged(groups: tuple[Group, ...], num_rows: int, num_rules: int) -> str:
    """Whether the table can be used, and why, in one sentence.

    Errors in more than 1% of the rows, or in no row in particular, forbid use.
    """
    if not groups or groups[0].severity == "info":
        held = f"{counted(num_rows, 'row')} held to {counted(num_rules, 'rule')}"
        return f"Usable: no error and no warning in {held}."
    first = groups[0]
    found = [f for g in groups for f in g.findings if g.severity == first.severity]
    chief = f"{first.title[0].lower()}{first.title[1:]}{first.where}, {first.extent}"
    kinds = sum(g.severity == first.severity for g in groups)
    reason = f"{kinds} kinds of {first.severity}s, first of all {chief}" if kinds > 1 else chief
    if first.severity == "warning":
        return f"Usable with care: {reason}; a person should look at it."
    touched = sum(f.rate for f in found)
    if touched <= CARE_FRAC and all(f.unit == "row" and f.count for f in found):
        return (
            f"Usable with care: {reason}; correct or leave out these rows, at most "
            f"{percent(touched)} of the table."
        )
    return f"Not usable as it is: {reason}."


def titled(kind: str) -> tuple[str, str]:
    """Title of a kind in plain words, and a sentence about it; empty for kinds of your own.

    Examples
    --------
    >>> titled("negative_metrics")[0], titled("odd_day_parts")[0]
    ('Negative amounts', 'Odd day parts')
    """
    return _titles().get(kind) or (kind.replace("_", " ").capitalize(), "")


@cache
def _titles() -> Mapping[str, tuple[str, str]]:
    text = (files("campaignkit.auditing") / "titles.toml").read_text(encoding="utf-8")
    return {kind: (title, about) for kind, (title, about) in tomllib.loads(text).items()}
