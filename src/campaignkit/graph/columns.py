"""The edge table of a graph: one array a field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from campaignkit.graph.edge import DECIDED_BY, Edge
from campaignkit.graph.texts import NO_TEXTS, Texts, concat_texts

IMPORTED = DECIDED_BY.index("imported")


@dataclass(frozen=True, slots=True)
class EdgeColumns:
    """The edges of a graph, as arrays of one length m.

    Attributes
    ----------
    source, target : int32[m]
        Node numbers; once settled, source < target, each pair once, in ascending order.
    sign : int8[m]
        -1, 0 or 1.
    decided_by : uint8[m]
        Position in ``edge.DECIDED_BY``.
    probability, strength : float64[m] or None
        NaN where unknown; None where unknown for all.
    round : int32[m] or None
        -1 where unknown; None where unknown for all.
    reason, context : Texts
    """

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    sign: NDArray[np.int8]
    decided_by: NDArray[np.uint8]
    probability: NDArray[np.float64] | None = None
    strength: NDArray[np.float64] | None = None
    round: NDArray[np.int32] | None = None
    reason: Texts = NO_TEXTS
    context: Texts = NO_TEXTS

    def __len__(self) -> int:
        return len(self.source)

    def equals(self, other: EdgeColumns) -> bool:
        """Whether the two tables say the same of the same edges."""
        if len(self) != len(other):
            return False
        for field in fields(self):
            one, two = getattr(self, field.name), getattr(other, field.name)
            if isinstance(one, Texts):
                if one.decoded(len(self)) != two.decoded(len(self)):
                    return False
            elif one is None or two is None:
                if one is not two:
                    return False
            elif not np.array_equal(one, two, equal_nan=one.dtype.kind == "f"):
                return False
        return True

    def take(self, rows: NDArray[np.int64]) -> EdgeColumns:
        """The table of these rows, in this order."""
        return EdgeColumns(
            self.source[rows],
            self.target[rows],
            self.sign[rows],
            self.decided_by[rows],
            probability=None if self.probability is None else self.probability[rows],
            strength=None if self.strength is None else self.strength[rows],
            round=None if self.round is None else self.round[rows],
            reason=self.reason.take(rows),
            context=self.context.take(rows),
        )

    def frozen(self) -> EdgeColumns:
        """The same table with read-only arrays."""
        for field in fields(self):
            column = getattr(self, field.name)
            array = column.codes if isinstance(column, Texts) else column
            if array is not None:
                array.setflags(write=False)
        return self

    def edge(self, row: int, source: tuple[str, str], target: tuple[str, str]) -> Edge:
        """The row as an :class:`Edge` between these two attributes."""
        number = -1 if self.round is None else int(self.round[row])
        return Edge(
            source,
            target,
            int(self.sign[row]),
            decided_by=DECIDED_BY[self.decided_by[row]],
            probability=_number(self.probability, row),
            strength=_number(self.strength, row),
            round=None if number < 0 else number,
            reason=self.reason[row],
            context=self.context[row],
        )


def empty_columns() -> EdgeColumns:
    """A table without rows."""
    none = np.zeros(0, dtype=np.int32)
    return EdgeColumns(none, none, none.astype(np.int8), none.astype(np.uint8))


def columns_of(
    edges: Sequence[Edge], source: NDArray[np.int32], target: NDArray[np.int32]
) -> EdgeColumns:
    """The table of some edges whose node numbers are known."""
    decided = [DECIDED_BY.index(edge.decided_by) for edge in edges]
    return EdgeColumns(
        source=source,
        target=target,
        sign=np.array([edge.sign for edge in edges], dtype=np.int8),
        decided_by=np.array(decided, dtype=np.uint8),
        probability=_optional([edge.probability for edge in edges]),
        strength=_optional([edge.strength for edge in edges]),
        round=_optional_round([edge.round for edge in edges]),
        reason=Texts.of(edge.reason for edge in edges),
        context=Texts.of(edge.context for edge in edges),
    )


def concat_columns(first: EdgeColumns, second: EdgeColumns) -> EdgeColumns:
    """The rows of `first`, then those of `second`."""
    parts, rows = (first, second), (len(first), len(second))
    return EdgeColumns(
        source=np.concatenate([part.source for part in parts]),
        target=np.concatenate([part.target for part in parts]),
        sign=np.concatenate([part.sign for part in parts]),
        decided_by=np.concatenate([part.decided_by for part in parts]),
        probability=_joined([part.probability for part in parts], rows),
        strength=_joined([part.strength for part in parts], rows),
        round=_joined_round([part.round for part in parts], rows),
        reason=concat_texts([part.reason for part in parts], rows),
        context=concat_texts([part.context for part in parts], rows),
    )


def _number(column: NDArray[np.float64] | None, row: int) -> float | None:
    if column is None or np.isnan(column[row]):
        return None
    return float(column[row])


def _optional(values: list[float | None]) -> NDArray[np.float64] | None:
    if all(value is None for value in values):
        return None
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _optional_round(values: list[int | None]) -> NDArray[np.int32] | None:
    if all(value is None for value in values):
        return None
    return np.array([-1 if value is None else value for value in values], dtype=np.int32)


def _joined(
    columns: list[NDArray[np.float64] | None], rows: Sequence[int]
) -> NDArray[np.float64] | None:
    if all(column is None for column in columns):
        return None
    parts = [
        np.full(count, np.nan) if column is None else column
        for column, count in zip(columns, rows, strict=True)
    ]
    return np.concatenate(parts)


def _joined_round(
    columns: list[NDArray[np.int32] | None], rows: Sequence[int]
) -> NDArray[np.int32] | None:
    if all(column is None for column in columns):
        return None
    parts = [
        np.full(count, -1, dtype=np.int32) if column is None else column
        for column, count in zip(columns, rows, strict=True)
    ]
    return np.concatenate(parts)
