"""One thing the audit found: what, how bad, who is to blame, and which rows, on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from campaignkit.show import counted, in_words, percent

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

    from campaignkit.tables import OpenTable

_SAMPLE_ROWS = 5
_SHOWN_COLUMNS = 6
_LONGEST_CONDITION = 8_000  # letters
PLAIN = (
    "kind", "columns", "count", "unit", "rate", "sampled", "severity", "confidence", "message",
    "advice", "blamed", "explains", "evidence", "rule", "silenced", "query",
)  # fmt: skip


@dataclass(eq=False)
class Finding:
    """A fault of the table.

    Attributes
    ----------
    kind : str
        What is wrong.
    columns : tuple of str
        The columns it concerns.
    count : int
        Rows affected, or what `unit` names; 0 where it is about the table as a whole.
    rate : float
        Count by rows of the table, in [0, 1]; of dropped columns, by the columns expected.
    severity : str
        ``error``, ``warning`` or ``info``.
    confidence : float
        In (0, 1]: 1 where a law is broken, less where a statistic speaks.
    message : str
        The finding in one sentence.
    advice : str
        What to do next.
    blamed : str or None
        The column whose cells are most likely wrong.
    explains : mapping of str to int
        Other faults the same cells amount to: kind -> rows.
    evidence : mapping
        Numbers behind it; plain values.
    rule : str
        Id of the rule.
    parts : mapping of str to str
        Column -> SQL condition of its faulty cells.
    unit : str
        What is counted: ``row``, ``column``, ``day``, ...
    sampled : int
        Rows of the sample that `count` and `rate` were estimated from; 0 where all were counted.
    title : str
        Of a kind of your own, in plain words; else made of the kind's name.

    Examples
    --------
    >>> Finding("missing_values", ("spend",), 3, 0.1).severity
    'error'
    """

    kind: str
    columns: tuple[str, ...]
    count: int
    rate: float
    severity: str = "error"
    confidence: float = 1.0
    message: str = ""
    advice: str = ""
    blamed: str | None = None
    explains: Mapping[str, int] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    unit: str = "row"
    sampled: int = 0
    title: str = ""
    silenced: str = ""
    finder: Callable[[], NDArray[int64]] | None = None
    table: OpenTable | None = None
    _rows: NDArray[int64] | None = None
    _few: list[dict[str, Any]] | None = None

    def __repr__(self) -> str:
        where = f" in {in_words(self.columns, _SHOWN_COLUMNS)}" if self.columns else ""
        return f"Finding({self.severity}: {self.kind}{where}; {self.extent})"

    @property
    def interval(self) -> tuple[float, float] | None:
        """95% interval of the rate (Wilson), of one estimated from a sample; else None."""
        if not self.sampled:
            return None
        from campaignkit.metrics import wilson_interval

        return wilson_interval(self.rate * self.sampled, self.sampled)

    @property
    def extent(self) -> str:
        """How much is affected, for people: ``382 rows (1.9%)``.

        Examples
        --------
        >>> Finding("outliers", ("spend",), 38_000, 0.019, sampled=2_000).extent
        'about 38,000 rows (1.9%, 95% interval 1.4% to 2.6%)'
        """
        if not self.count:
            return "the table as a whole"
        what = counted(self.count, self.unit)
        if self.unit != "row":
            return what
        if self.interval is None:
            return f"{what} ({percent(self.rate)})"
        low, high = map(percent, self.interval)
        return f"about {what} ({percent(self.rate)}, 95% interval {low} to {high})"

    @property
    def rows(self) -> NDArray[int64]:
        """Positions of the rows, ascending; found at first use.

        Returns
        -------
        int64[count]; empty where the finding is about columns or the table as a whole.
        """
        import numpy as np

        if self._rows is None:
            if self.table is not None and self.table.in_place and self.count:
                self._rows = self.table.positions(self.condition)  # tells that there are none
            elif self.finder is not None:
                self._rows = np.sort(np.asarray(self.finder(), dtype=np.int64))
            elif self.parts and self.table is not None:
                self._rows = self.table.positions(self.condition)
            else:
                self._rows = np.zeros(0, dtype=np.int64)
        return self._rows

    @property
    def condition(self) -> str:
        """The rows as one SQL condition; empty where there is none."""
        return " OR ".join(f"({p})" for p in dict.fromkeys(self.parts.values()))

    @property
    def query(self) -> str:
        """SQL that lists the rows; ``audited`` stands for the table.

        Rows set aside before are left out by their positions; a comment stands for those beyond
        the first thousand. Of a table in a warehouse it is that warehouse's own SQL. Empty where
        there is none, or where it is longer than anybody reads.
        """
        if self.table is None or not 0 < len(self.condition) <= _LONGEST_CONDITION:
            return ""
        return self.table.told(f"SELECT * FROM {self.table.relation} WHERE {self.condition}")

    @property
    def sample(self) -> list[dict[str, Any]]:
        """The first few rows, as dictionaries with their ``position`` (``table.place``).

        Of a table in a warehouse: the finding's own columns of a few rows, asked for once.
        """
        if self.table is None:
            return []
        if self.table.in_place:
            names = [c for c in self.columns if c in self.table.columns][:_SHOWN_COLUMNS]
            if self._few is None and self.parts and names:
                self._few = self.table.rows_where(self.condition, names, _SAMPLE_ROWS)
            return self._few or []
        if self._rows is None and self.parts and self.finder is None:
            first = self.table.positions(self.condition, limit=_SAMPLE_ROWS)
            return self.table.sample_rows(first.tolist())
        return self.table.sample_rows(self.rows[:_SAMPLE_ROWS].tolist())

    def cells(self) -> dict[str, NDArray[int64]]:
        """Column -> positions of its faulty cells."""
        if self.table is None or not self.parts:
            target = self.blamed or (self.columns[0] if len(self.columns) == 1 else None)
            return {target: self.rows} if target and len(self.rows) else {}
        if len(set(self.parts.values())) == 1:
            return dict.fromkeys(self.parts, self.rows)
        return {column: self.table.positions(p) for column, p in self.parts.items()}

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the rows."""
        held = {name: getattr(self, name) for name in PLAIN}
        lists = {"columns": list(self.columns)}
        return held | lists | {"explains": dict(self.explains), "evidence": dict(self.evidence)}
