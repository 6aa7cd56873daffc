"""What checks look at: the table, its profile, histograms and samples, each read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from campaignkit.tables import WIDE, Column, OpenTable, Role, TableProfile

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    from campaignkit.auditing.rule import RuleSet

SAMPLE_ROWS = 100_000
MAX_CATEGORIES = 2_000  # a dimension has fewer values than this, and than half its rows


@dataclass
class Scene:
    """A table under audit.

    Attributes
    ----------
    table : OpenTable
        The table.
    rules : RuleSet
        All rules of this audit.
    profile : TableProfile
        Counts of the one pass.

    Examples
    --------
    >>> from campaignkit.auditing import RuleSet
    >>> from campaignkit.tables import open_table, profile_table
    >>> table = open_table({"brand": ["a", "b", "a"]})
    >>> Scene(table, RuleSet(), profile_table(table)).histogram("brand")
    {'a': 2, 'b': 1}
    """

    table: OpenTable
    rules: RuleSet
    profile: TableProfile
    _few: dict[str, bool] = field(default_factory=dict)
    _histograms: dict[str, dict[str | None, int]] = field(default_factory=dict)
    _groups: dict[str, dict[str | None, tuple[int, dict[str, int]]]] = field(default_factory=dict)
    _samples: dict[str, Any] = field(default_factory=dict)
    _counted: dict[str, int] = field(default_factory=dict)
    _garbage: dict[str, list[str]] = field(default_factory=dict)

    @property
    def num_rows(self) -> int:
        """Rows of the table."""
        return self.table.num_rows

    def column(self, name: str) -> Column:
        """A column by own or standard name."""
        return self.table.column(name)

    def role(self, name: str) -> Role | None:
        """The role of one of the table's own columns, where the schema knows it."""
        standard = self.table.matching.standard(name)
        return self.table.schema[standard].role if standard else None

    def metrics(self) -> list[Column]:
        """Number columns that hold amounts: known metrics, or unknown numbers."""
        return [
            c
            for c in self.table.of_kind("number")
            if self.role(c.name) in (None, Role.COUNT, Role.MONEY)
        ]

    def dimensions(self) -> list[Column]:
        """Text columns with few values that are no identifiers."""
        out = []
        for column in self.table.of_kind("text"):
            role = self.role(column.name)
            if role is Role.DIMENSION or (role is None and self.has_few_values(column.name)):
                out.append(column)
        return out

    def key_columns(self) -> list[Column]:
        """Known identifiers and dates."""
        return [
            c for c in self.table.columns.values() if self.role(c.name) in (Role.ID, Role.DATE)
        ]

    @property
    def is_wide(self) -> bool:
        """Whether the table has so many columns that asking one by one takes long."""
        return len(self.table.columns) > WIDE

    def has_few_values(self, name: str) -> bool:
        """Whether a text column looks like a dimension rather than free text or a key."""
        own = self.column(name).name
        if own not in self._few:
            asked = self.table.of_kind("text") if self.is_wide else [self.column(name)]
            self._count_values({c.name: c.raw for c in asked})
        return self._few[own]

    def _count_values(self, raw: Mapping[str, str]) -> None:
        sample = self.table.sampled(SAMPLE_ROWS)
        if len(raw) == 1:
            ((name, sql),) = raw.items()
            found = self.table.row(f"SELECT count(DISTINCT {sql}), count({sql}) FROM {sample}")
            counted = {name: (int(found[0]), int(found[1]))}
        else:
            values = self.table.value_counts(raw, relation=sample)
            filled = {n: [k for v, k in c.items() if v is not None] for n, c in values.items()}
            counted = {n: (len(k), sum(k)) for n, k in filled.items()}
        for name, (distinct, filled_cells) in counted.items():
            most = min(MAX_CATEGORIES, max(filled_cells * 0.5, 1))
            self._few[name] = 0 < distinct <= most

    def histogram(self, name: str) -> dict[str | None, int]:
        """Value -> rows of a text column, the most frequent first; None for null."""
        column = self.column(name)
        if column.name not in self._histograms:
            # Of a wide table all at once, as each of its text columns will be asked for.
            wide = {c.name: c.sql for c in self.table.of_kind("text")} if self.is_wide else {}
            self._histograms |= self.table.value_counts(wide or {column.name: column.sql})
        return self._histograms[column.name]

    def groups(self, name: str) -> dict[str | None, tuple[int, dict[str, int]]]:
        """Value -> rows, and filled cells of each column that has nulls; one query a column.

        For all columns with nulls at once: a dimension is read once, not once a column.
        """
        column = self.column(name)
        if column.name not in self._groups:
            sparse = [n for n, p in self.profile.columns.items() if p.num_nulls]
            asked = "".join(f", count({self.column(n).raw})" for n in sparse)
            rows = self.table.rows(
                f"SELECT {column.sql}, count(*) AS n{asked} FROM {self.table.relation} "
                f"GROUP BY 1 ORDER BY n DESC, 1"
            )
            self._groups[column.name] = {
                r[0]: (int(r[1]), dict(zip(sparse, map(int, r[2:]), strict=True))) for r in rows
            }
            counts = {v: n for v, (n, _) in self._groups[column.name].items()}
            self._histograms.setdefault(column.name, counts)
        return self._groups[column.name]

    def numbers(self, names: Sequence[str]) -> Mapping[str, NDArray[float64]]:
        """Number columns of the sample: float64[sample rows], NaN where null."""
        import numpy as np

        missing = [n for n in names if self.column(n).name not in self._samples]
        if missing:
            asked = ", ".join(
                f"CAST({self.column(n).sql} AS DOUBLE) AS c{i}" for i, n in enumerate(missing)
            )
            found = self.table.numpy(f"SELECT {asked} FROM {self.table.sampled(SAMPLE_ROWS)}")
            for i, name in enumerate(missing):
                values = found[f"c{i}"]
                filled = np.ma.filled(values.astype(np.float64), np.nan)
                self._samples[self.column(name).name] = filled
        return {n: self._samples[self.column(n).name] for n in names}

    def count(self, *conditions: str) -> list[int]:
        """Rows of each condition; those of the one pass are not counted again."""
        known = {**self.profile.counts, **self._counted}
        new = [c for c in dict.fromkeys(conditions) if c not in known]
        for start in range(0, len(new), 200):
            part = new[start : start + 200]
            asked = ", ".join(f"count_if({c})" for c in part)
            found = self.table.row(f"SELECT {asked} FROM {self.table.relation}")
            self._counted |= {c: int(n or 0) for c, n in zip(part, found, strict=True)}
        known |= self._counted
        return [known[c] for c in conditions]
