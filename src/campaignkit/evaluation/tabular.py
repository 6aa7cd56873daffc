"""Results that are shown as a table: one list of cells as text, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Sequence

from campaignkit.show import escape
from campaignkit.show.page import table

Cells = tuple[Sequence[str], Sequence[Sequence[str]]]


class Tabular:
    """A result with a head and rows of cells, perhaps with a line before and notes after.

    Examples
    --------
    >>> class Score(Tabular):
    ...     def cells(self):
    ...         return ["model", "F1"], [["majority", "0.3"]]
    >>> print(Score())
    model      F1
    majority  0.3
    >>> print(Score().to_markdown(), end="")
    | model | F1 |
    |---|---|
    | majority | 0.3 |
    """

    def cells(self) -> Cells:
        """The names of the columns, and the rows."""
        raise NotImplementedError

    @property
    def lead(self) -> str:
        """A line before the table; none by default."""
        return ""

    @property
    def remarks(self) -> Sequence[str]:
        """Sentences after the table; none by default."""
        return ()

    def to_markdown(self) -> str:
        """The table alone."""
        head, rows = self.cells()
        lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
        return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"

    def __str__(self) -> str:
        head, rows = self.cells()
        widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
        lines = [self.lead] if self.lead else []
        for row in (head, *rows):
            cells = [cell.rjust(wide) for cell, wide in zip(row, widths, strict=True)]
            lines.append("  ".join([row[0].ljust(widths[0]), *cells[1:]]).rstrip())
        return "\n".join([*lines, *(f"note: {remark}" for remark in self.remarks)])

    def _repr_html_(self) -> str:
        body = f"<p>{escape(self.lead)}</p>" if self.lead else ""
        notes = "".join(f"<p>{escape(remark)}</p>" for remark in self.remarks)
        return body + table(*self.cells()) + notes


def figure(value: float | None, digits: int = 3) -> str:
    """A number with so many decimals; nothing for None.

    Examples
    --------
    >>> figure(0.5), figure(None)
    ('0.500', '')
    """
    return "" if value is None else f"{value:.{digits}f}"
