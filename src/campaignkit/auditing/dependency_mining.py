"""Which column decides which, voted for by the rows of a table that may be dirty itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from campaignkit.auditing.rule import Rule
from campaignkit.tables import Role

if TYPE_CHECKING:
    from campaignkit.auditing.scene import Scene

_MIN_GROUP_ROWS = 4  # rows of a group before its majority means anything
_MIN_GROUPS = 5
_AGREE_FRAC = 0.85
_BASELINE_GAP = 0.15  # better than always guessing the most frequent value
_ROWS = 200_000


def voted_dependencies(scene: Scene) -> list[Rule]:
    """``depends`` rules among a table's unknown columns, each with the share that agrees.

    A column decides another if, within its groups of at least four rows, nine rows in ten agree
    with their group's majority, and that is clearly better than the column's overall majority.
    """
    names = [
        c.name for c in scene.table.columns.values()
        if scene.role(c.name) is None and c.kind in ("text", "number")
    ]  # fmt: skip
    if len(names) < 2 or not scene.num_rows:
        return []
    source = scene.table.sampled(_ROWS)
    raw = {n: scene.table.columns[n].raw for n in names}
    distinct = scene.table.row(
        f"SELECT count(*), {', '.join(f'count(DISTINCT {raw[n]})' for n in names)} FROM {source}"
    )
    total = int(distinct[0])
    sizes = dict(zip(names, distinct[1:], strict=True))
    deciding = [n for n in names if _MIN_GROUPS <= sizes[n] <= total / 3]
    rules = []
    for name in deciding:
        rules += _decided_by(name, [o for o in names if o != name and sizes[o] > 1], scene, source)
    return rules


def _decided_by(name: str, others: list[str], scene: Scene, source: str) -> list[Rule]:
    raw = scene.table.columns[name].raw
    out = []
    for other in others:
        follows = scene.table.columns[other].raw
        grouped, agreeing, groups, most, kinds = scene.table.row(
            f"WITH pairs AS (SELECT {raw} AS d, {follows} AS f, count(*) AS n FROM {source} "
            f"WHERE {raw} IS NOT NULL AND {follows} IS NOT NULL GROUP BY 1, 2), "
            f"voted AS (SELECT d, sum(n) AS total, max(n) AS best FROM pairs GROUP BY 1 "
            f"HAVING sum(n) >= {_MIN_GROUP_ROWS}), "
            f"overall AS (SELECT sum(n) AS n FROM pairs GROUP BY f) "
            f"SELECT sum(total), sum(best), count(*), "
            f"(SELECT max(n)::DOUBLE / sum(n) FROM overall), (SELECT count(*) FROM overall) "
            f"FROM voted"
        )
        if not grouped or groups < _MIN_GROUPS or kinds < 2:
            continue
        agree = float(agreeing) / float(grouped)
        if agree < _AGREE_FRAC or agree < float(most) + _BASELINE_GAP * (1 - float(most)):
            continue
        out.append(
            Rule(
                f"depends:{name},{other}", "depends", "inconsistent_values", (name, other),
                severity="warning", source="pack", support=int(grouped), confidence=agree,
                reason=f"within its {int(groups)} groups {agree:.1%} of the rows agree",
            )
        )  # fmt: skip
    return out


def identifier_dependencies(scene: Scene, *, tolerance: float) -> list[tuple[str, str, float]]:
    """(identifier, dimension, share that agrees) where an identifier decides a known dimension."""
    out = []
    table = scene.table
    ids = [c for c in scene.key_columns() if scene.role(c.name) is Role.ID]
    for key in ids:
        for column in scene.dimensions():
            grouped, agreeing, most = table.row(
                f"WITH pairs AS (SELECT {key.sql} AS d, {column.sql} AS f, count(*) AS n "
                f"FROM {table.sampled(_ROWS)} WHERE {key.sql} IS NOT NULL "
                f"AND {column.sql} IS NOT NULL GROUP BY 1, 2) "
                f"SELECT sum(total), sum(best), (SELECT max(n)::DOUBLE / sum(n) FROM "
                f"(SELECT sum(n) AS n FROM pairs GROUP BY f)) "
                f"FROM (SELECT sum(n) AS total, max(n) AS best FROM pairs GROUP BY d "
                f"HAVING sum(n) >= {_MIN_GROUP_ROWS})"
            )
            if not grouped:
                continue
            agree = float(agreeing) / float(grouped)
            if agree >= 1 - max(2 * tolerance, 0.001) and agree > float(most):
                out.append((key.name, column.name, agree))
    return out
