"""Rules a user states in plain SQL or in Python, and ranges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from campaignkit.auditing.checks.check import Check
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.errors import NotInPlace, TableError
from campaignkit.tables import OpenTable, literal

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

    from campaignkit.auditing.scene import Scene

_BATCH = 1 << 18


@dataclass(frozen=True, slots=True)
class ConditionCheck(Check):
    """Runs ``sql`` and ``range`` rules: rows for which a condition is true are wrong.

    Parameters of an ``sql`` rule: ``wrong``, a SQL condition over the table's own columns. Of a
    ``range`` rule: ``low`` and ``high``, both allowed, either may be missing.

    Examples
    --------
    >>> ConditionCheck("sql").form
    'sql'
    """

    form: str

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        """The condition itself."""
        condition = self._condition(rule, table)
        return [condition] if condition else []

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding where the condition is ever true."""
        condition = self._condition(rule, scene.table)
        if not condition:
            return
        (count,) = scene.count(condition)
        if not count:
            return
        names = tuple(scene.column(c).name for c in rule.columns)
        blamed = names[0] if len(names) == 1 else None
        yield Finding(
            rule.kind, names, count, count / scene.num_rows, severity=rule.severity,
            confidence=rule.confidence, message=f"{count:,} rows: {rule.reason or condition}",
            advice="correct the rows, or the rule", blamed=blamed,
            evidence={"condition": condition}, rule=rule.id,
            parts={blamed or "*": condition}, table=scene.table,
        )  # fmt: skip

    def _condition(self, rule: Rule, table: OpenTable) -> str:
        if not table.has(*rule.columns):
            return ""
        if self.form == "sql":
            return _stated(rule, table)
        value = table.sql(rule.columns[0])
        low, high = rule.params.get("low"), rule.params.get("high")
        parts = [f"{value} < {literal(low)}"] if low is not None else []
        parts += [f"{value} > {literal(high)}"] if high is not None else []
        return " OR ".join(parts)


def _stated(rule: Rule, table: OpenTable) -> str:
    wrong = str(rule.params.get("wrong") or "").strip().rstrip(";")
    if not wrong:
        raise TableError(f"rule {rule.id} states no condition", hint="params: {wrong: spend < 0}")
    try:
        if ";" in wrong:
            raise TableError("one condition, not several statements")
        query = f"SELECT count_if(({wrong})) FROM (SELECT * FROM {table.relation} LIMIT 0)"
        _ = table.told(query) if table.in_place else table.row(query)
    except NotInPlace:
        raise
    except TableError as err:
        raise TableError(
            f"rule {rule.id} is no SQL condition over {table.name}: {err.message}",
            hint=f"its columns are: {', '.join(list(table.columns)[:20])}",
        ) from err
    return f"({wrong})"


class FunctionCheck(Check):
    """Runs ``python`` rules, in batches of 262,144 rows.

    Examples
    --------
    >>> FunctionCheck().form
    'python'
    """

    form = "python"

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding where the function ever says so."""
        if rule.wrong is None or not scene.table.has(*rule.columns):
            return
        if scene.table.in_place:
            raise NotInPlace("a rule in Python would need the cells themselves; state it in SQL")
        rows = _wrong_rows(rule, scene)
        if not len(rows):
            return
        names = tuple(scene.column(c).name for c in rule.columns)
        yield Finding(
            rule.kind, names, len(rows), len(rows) / scene.num_rows, severity=rule.severity,
            confidence=rule.confidence, message=f"{len(rows):,} rows: {rule.reason or rule.id}",
            advice="correct the rows, or the rule", rule=rule.id, table=scene.table,
            blamed=names[0] if len(names) == 1 else None, finder=lambda: rows,
        )  # fmt: skip


def _wrong_rows(rule: Rule, scene: Scene) -> NDArray[int64]:
    import numpy as np

    assert rule.wrong is not None
    asked = ", ".join(f"{scene.table.sql(c)} AS c{i}" for i, c in enumerate(rule.columns))
    result = scene.table.con.sql(f"SELECT {asked} FROM {scene.table.relation}")
    found, start = [], 0
    for batch in result.to_arrow_table().to_batches(max_chunksize=_BATCH):
        cells: dict[str, Any] = {
            name: batch.column(i).to_numpy(zero_copy_only=False)
            for i, name in enumerate(rule.columns)
        }
        mask = np.asarray(rule.wrong(cells))
        if mask.shape != (batch.num_rows,) or mask.dtype != np.bool_:
            raise TableError(
                f"rule {rule.id} returned {mask.dtype}{mask.shape} for {batch.num_rows} rows",
                hint="return a bool array with one entry per row",
            )
        found.append(np.flatnonzero(mask) + start)
        start += batch.num_rows
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
