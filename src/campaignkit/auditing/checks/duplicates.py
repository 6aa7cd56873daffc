"""Rows that arrive twice: exactly, or under the same key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from campaignkit.auditing.checks.categories import suspect_values
from campaignkit.auditing.checks.check import Check, standard
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.show import counted
from campaignkit.tables import OpenTable, Role, literal

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

    from campaignkit.auditing.scene import Scene

_IS_KEY_FRAC = 0.9
_MOST_REPEATED_FRAC = 0.6
# Two rows with the same small numbers are no duplicate where nothing identifies a row.
_TELLING_AMOUNT = 10


class DuplicateCheck(Check):
    """Runs ``unique`` rules: no two rows share the key; without columns, all columns are the key.

    Parameters of the rule: ``strict``, whether rows that share the key but differ elsewhere are
    duplicates too; otherwise they are a warning.

    Examples
    --------
    >>> DuplicateCheck().form
    'unique'
    """

    form = "unique"

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """A row is identified by its day, its ids and its dimensions."""
        keys = scene.key_columns()
        named = [standard(scene, c.name) for c in [*keys, *scene.dimensions()]] if keys else []
        reason = "a row is identified by its day, its ids and its dimensions"
        yield Rule.over(self.form, "duplicate_rows", *named, id=self.form, reason=reason)

    def applies(self, rule: Rule, table: OpenTable) -> bool:
        """Wherever there are two rows: a key that lost a column is made up for."""
        return not 0 <= table.num_rows < 2

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """Second and later arrivals."""
        table = scene.table
        whole = [c.raw for c in table.columns.values() if c.kind != "other" or not table.in_place]
        keys = _key_columns(rule, scene)
        vouched = bool(rule.params.get("strict")) and table.has(*rule.columns)
        # Rows whose key was spoiled share it by accident: of those, only exact copies count.
        good = _unspoilt(rule, scene) if vouched else ""
        bad, telling = f"NOT coalesce({good}, FALSE)", _telling(scene)
        if keys and table.in_place:
            scene.num_repeated((keys, ""), (whole, ""))  # both by one statement
        by_key = scene.num_repeated((keys, ""))[0] if keys else 0
        if keys and not by_key:
            return  # rows that differ in the key cannot be equal
        (exact,) = scene.num_repeated((whole, ""))
        distinct = scene.num_rows - exact
        is_key = bool(keys) and scene.num_rows - by_key >= _IS_KEY_FRAC * distinct
        # History vouches for its key even where copies were changed after they were made.
        if vouched and by_key <= _MOST_REPEATED_FRAC * scene.num_rows:
            if good:
                by_key = sum(scene.num_repeated((keys, good), (whole, bad)))
            if by_key:
                found = _finding(rule, scene, keys, by_key, exact=exact, where=good)
                if good:
                    found.finder = _Later(table, ((keys, good), (whole, bad)))
                yield found
            return
        telling = "" if is_key else telling
        if exact and telling:
            (exact,) = scene.num_repeated((whole, telling))
        if exact:
            yield _finding(rule, scene, whole, exact, exact=exact, where=telling)
        if is_key and by_key > exact:
            near = by_key - exact
            found = _finding(rule, scene, keys, near, exact=0)
            found.kind, found.severity, found.confidence = "duplicate_keys", "warning", 0.5
            found.message = (
                f"{counted(near, 'row', 'share')} a key with an earlier row, not the rest"
            )
            found.finder = _Later(table, ((keys, ""),), apart_from=tuple(whole))
            yield found


def _key_columns(rule: Rule, scene: Scene) -> list[str]:
    """The key; one that lost a column is made up for by all identifiers and dimensions left."""
    if scene.table.has(*rule.columns):
        return [scene.column(c).raw for c in rule.columns]
    return [c.raw for c in (*scene.key_columns(), *scene.dimensions())]


@dataclass(frozen=True, slots=True)
class _Later:
    """Finds the positions of later arrivals; of near duplicates, those that differ elsewhere.

    `sets` are columns and a condition each, of which no row meets two.
    """

    table: OpenTable
    sets: Sequence[tuple[Sequence[str], str]]
    apart_from: Sequence[str] = ()

    def __call__(self) -> NDArray[int64]:
        import numpy as np

        rows = np.sort(np.concatenate([self._later(*one) for one in self.sets]))
        if self.apart_from:
            rows = np.setdiff1d(rows, self._later(self.apart_from), assume_unique=True)
        return rows

    def _later(self, columns: Sequence[str], where: str = "") -> NDArray[int64]:
        import numpy as np

        table, hashed = self.table, f"hash({', '.join(columns)})"
        limit = f" WHERE {where}" if where else ""
        found: dict[str, Any] = table.numpy(
            f"SELECT {table.place} AS position, {hashed} AS h FROM {table.numbered()}{limit}"
        )
        order = np.lexsort((found["position"], found["h"]))
        hashes, positions = found["h"][order], found["position"][order]
        again = np.zeros(len(hashes), dtype=bool)
        again[1:] = hashes[1:] == hashes[:-1]
        later: NDArray[int64] = positions[again].astype(np.int64)
        return later


def _unspoilt(rule: Rule, scene: Scene) -> str:
    """Condition under which no dimension of the key is null or holds a value it should not."""
    parts = []
    for name in rule.columns:
        column = scene.column(name)
        if scene.profile.columns[column.name].num_nulls:
            parts.append(f"{column.raw} IS NOT NULL")
        if scene.role(column.name) is not Role.DIMENSION:
            continue
        suspect = suspect_values(column.name, scene)
        if suspect:
            parts.append(f"{column.sql} NOT IN ({', '.join(literal(v) for v in suspect)})")
    return f"({' AND '.join(parts)})" if parts else ""


def _telling(scene: Scene) -> str:
    metrics = [c.sql for c in scene.metrics()]
    return " OR ".join(f"{m} >= {_TELLING_AMOUNT}" for m in metrics)


def _finding(
    rule: Rule, scene: Scene, columns: Sequence[str], count: int, *, exact: int, where: str = ""
) -> Finding:
    names = tuple(scene.column(c).name for c in rule.columns if scene.table.has(c))
    keyed = f" on {', '.join(names)}" if names else ""
    keyed = " in every cell" if 0 < count <= exact else keyed
    has_time = any(scene.role(c.name) in (Role.DATE, Role.ID) for c in scene.key_columns())
    severity = rule.severity if has_time or rule.source == "history" else "warning"
    return Finding(
        rule.kind, names or tuple(scene.table.columns), count, scene.share(count),
        severity=severity,
        confidence=rule.confidence if has_time else 0.5,
        message=f"{counted(count, 'row', 'are')} duplicated{keyed}",
        advice="load each batch once; keep the first of each, or deduplicate on the key",
        evidence={"exact_copies": exact}, rule=rule.id, table=scene.table,
        finder=_Later(scene.table, ((columns, where),)),
    )  # fmt: skip
