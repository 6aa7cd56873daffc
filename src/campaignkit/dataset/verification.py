"""What an independent check of a data set found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

MAX_PROBLEMS = 50  # kept in words; all are counted


@dataclass
class LabelCheck:
    """One label: campaigns asked for, found, and found inside its ranges.

    Examples
    --------
    >>> LabelCheck(requested=2, found=2, in_range=1).in_range
    1
    """

    requested: int
    found: int = 0
    in_range: int = 0


@dataclass
class Verification:
    """The outcome of a check that shares no code with what made the data set.

    Attributes
    ----------
    rows : int
        Lines looked at.
    labels : dict of str to LabelCheck
        By label of the spec.
    num_distinct : int
        Different node sets among the rows.
    num_problems : int
        The number of all problems, including those that are not listed.
    problems : list of str
        The first fifty, each with its line or file.
    checked : list of str
        What was compared, in words.
    notes : list of str
        What could not be checked, and why.

    Examples
    --------
    >>> found = Verification()
    >>> found.is_sound
    True
    >>> found.add("campaigns.jsonl:3", "is not JSON")
    >>> found.is_sound, found.problems
    (False, ['campaigns.jsonl:3: is not JSON'])
    """

    rows: int = 0
    labels: dict[str, LabelCheck] = field(default_factory=dict)
    num_distinct: int = 0
    num_problems: int = 0
    problems: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.num_problems == 0

    def add(self, where: str, what: str) -> None:
        """Note one more problem."""
        self.num_problems += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(f"{where}: {what}")

    def to_dict(self) -> dict[str, Any]:
        """The outcome as JSON values."""
        return {"is_sound": self.is_sound, **asdict(self)}

    def __str__(self) -> str:
        lines = [
            f"{name}: {label.found:,} of {label.requested:,}, {label.in_range:,} in range"
            for name, label in self.labels.items()
        ]
        lines.append(f"{self.rows:,} campaigns, {self.num_distinct:,} different node sets")
        lines += [f"checked: {what}" for what in self.checked]
        lines += [f"note: {what}" for what in self.notes]
        lines += self.problems
        if self.num_problems > len(self.problems):
            lines.append(f"... and {self.num_problems - len(self.problems):,} more")
        lines.append("sound" if self.is_sound else f"NOT SOUND: {self.num_problems:,} problems")
        return "\n".join(lines)
