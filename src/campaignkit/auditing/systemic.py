"""Several columns with one cause become one finding."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from campaignkit.auditing.blame import Contradiction, blamed_cells
from campaignkit.auditing.finding import Finding
from campaignkit.show import counted, in_words, percent

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

    from campaignkit.auditing.scene import Scene

_SIGMAS = 4.0
# Kinds of which columns have one cause, rather than each its own values.
_ACROSS = ("negative_metrics", "type_changes", "disguised_missing", "not_finite")
_MANY_COLUMNS = 3
_OTHER_FRAC = 0.1  # of the outliers that another cause does not explain


def joined(findings: list[Finding], scene: Scene) -> list[Finding]:
    """Merge nulls at one rate, or in the same rows, across columns into one systemic finding.

    Five columns with 50 nulls of 1,000 rows each are one loss of 5%, not five.
    """
    missing = [f for f in findings if f.kind == "missing_values" and f.parts]
    others = [f for f in findings if f not in missing]
    groups: list[list[Finding]] = []
    for finding in sorted(missing, key=lambda f: (f.severity, f.rate)):
        if groups and _alike(groups[-1], finding, scene.num_rows):
            groups[-1].append(finding)
        else:
            groups.append([finding])
    others = _by_blamed(_explained(others, scene), scene)
    many = _alike_columns(others)
    several = [g for g in groups if len(g) > 1]
    scene.count(*(c for g in several + many for c in _anywhere_and_everywhere(g)))
    others = [f for f in others if not any(f in group for group in many)]
    others += [_same_fault(group, scene) for group in many]
    return others + [_merged(g, scene) if g in several else g[0] for g in groups]


def _alike_columns(findings: list[Finding]) -> list[list[Finding]]:
    """The findings that are one fault in many columns."""
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.kind in _ACROSS and len(finding.parts) == len(finding.columns) == 1:
            alike.setdefault((finding.kind, finding.severity), []).append(finding)
    return [group for group in alike.values() if len(group) >= _MANY_COLUMNS]


def _explained(findings: list[Finding], scene: Scene) -> list[Finding]:
    """Without the outliers of amounts whose unit changed, which explains them."""
    changed = {f.columns: f for f in findings if f.kind == "unit_change"}
    out = []
    for finding in findings:
        cause = changed.get(finding.columns) if finding.kind == "outliers" else None
        if cause is not None:
            # Of amounts that become smaller those before the change are the large ones.
            smaller = "NOT " * (cause.evidence["factor"] > 1)
            other = f"({finding.condition}) AND {smaller}({cause.condition})"
            if scene.count(other)[0] <= _OTHER_FRAC * finding.count:
                cause.explains = {**cause.explains, "outliers": finding.count}
                continue
        out.append(finding)
    return out


def _as_one(group: list[Finding], scene: Scene, rows: int, **fields: Any) -> Finding:
    """The first finding, for all columns of the group."""
    parts = {column: part for f in group for column, part in f.parts.items()}
    return replace(
        group[0], columns=tuple(parts), parts=parts, rule=", ".join(f.rule for f in group),
        confidence=min(f.confidence for f in group), blamed=None, count=rows,
        rate=scene.share(rows), **fields,
    )  # fmt: skip


def _same_fault(group: list[Finding], scene: Scene) -> Finding:
    group.sort(key=lambda f: (-f.count, f.columns))
    rows, _ = scene.count(*_anywhere_and_everywhere(group))
    each = in_words([f"{f.columns[0]} ({f.count:,})" for f in group])
    return _as_one(
        group, scene, rows, explains=dict(sum((Counter(f.explains) for f in group), Counter())),
        message=f"{counted(rows, 'row', 'have')} the same fault in {len(group)} columns: {each}",
        advice=f"one cause: {group[0].advice}",
        evidence={"columns": {f.columns[0]: {"rows": f.count, **f.evidence} for f in group}},
    )  # fmt: skip


def _by_blamed(findings: list[Finding], scene: Scene) -> list[Finding]:
    """Contradictions between columns as one finding for each column to blame, row by row."""
    torn = [f for f in findings if f.kind == "inconsistent_values" and len(f.columns) == 2]
    if len(torn) < 2:
        return findings
    rows = [f.rows for f in torn] if not scene.table.in_place else None
    held, weights = _patterns(torn, scene) if rows is None else (rows, None)
    cells = blamed_cells(
        [Contradiction(f.columns[0], f.columns[1], r) for f, r in zip(torn, held, strict=True)]
    )
    out = [f for f in findings if f not in torn]
    for column, places in cells.items():
        count = len(places) if weights is None else int(weights[places].sum())
        out.append(_blamed(column, places, count, [f for f in torn if column in f.columns]))
    return out


def _patterns(torn: list[Finding], scene: Scene) -> tuple[list[NDArray[int64]], NDArray[int64]]:
    """In which kinds of rows each finding holds, and how many rows there are of each kind.

    A warehouse tells which findings hold together and how often, not where.
    """
    import numpy as np

    asked = [scene.torn[f.rule] for f in torn]
    keys = ", ".join(f"{here} AS k{i}" for i, (here, _) in enumerate(asked))
    held = [f"CASE WHEN w{i}.w IS NULL THEN 0 ELSE 1 END" for i in range(len(asked))]
    joins = " ".join(
        f"LEFT JOIN (SELECT DISTINCT w FROM ({wrong})) AS w{i} ON k{i} = w{i}.w"
        for i, (_, wrong) in enumerate(asked)
    )
    marks = ", ".join(f"{h} AS x{i}" for i, h in enumerate(held))
    by = ", ".join(f"x{i}" for i in range(len(asked)))
    found = scene.table.rows(
        f"SELECT {by}, count(*) FROM (SELECT {marks} FROM (SELECT {keys} "
        f"FROM {scene.table.relation}) AS here {joins}) GROUP BY {by}"
    )
    told = np.asarray(found, dtype=np.int64)
    return [np.flatnonzero(told[:, i]) for i in range(len(asked))], told[:, -1]


def _blamed(column: str, rows: NDArray[int64], count: int, torn: list[Finding]) -> Finding:
    """One column's wrong cells, with the columns and rules that speak against them."""
    table = torn[0].table
    assert table is not None
    others = [*dict.fromkeys(c for f in torn for c in f.columns if c != column)]
    parts = {c: p for f in torn for c, p in f.parts.items()} if table.in_place else {}
    return Finding(
        "inconsistent_values", (column, *others), count, count / table.num_rows,
        severity=torn[0].severity, confidence=max(f.confidence for f in torn), blamed=column,
        message=f"{counted(count, 'row', 'have')} another {column} than the rest of their group",
        advice=f"each of {', '.join(others[:4])} goes with one {column}; correct the minority",
        evidence={"decided_by": others}, rule=", ".join(f.rule for f in torn),
        finder=lambda: rows, parts=parts, table=table,
    )  # fmt: skip


def _alike(group: list[Finding], finding: Finding, num_rows: int) -> bool:
    if group[0].severity != finding.severity:
        return False
    mean = sum(f.rate for f in group) / len(group)
    spread = math.sqrt(max(mean * (1 - mean), 1e-12) / num_rows * (1 + 1 / len(group)))
    return finding.rate - mean <= _SIGMAS * spread


def _merged(group: list[Finding], scene: Scene) -> Finding:
    rows, together = scene.count(*_anywhere_and_everywhere(group))
    same = together >= 0.9 * rows
    how = "in the same rows" if same else "at one rate"
    low, high = (percent(share(f.rate for f in group)) for share in (min, max))
    each = f"{low} each" if low == high else f"{low} to {high}"
    return _as_one(
        group, scene, rows,
        message=f"{len(group)} columns are empty {how} ({each}): "
        f"{', '.join(f.columns[0] for f in group)}",
        advice="one cause: look for a failed join or a batch that arrived without these columns"
        if same else "one cause: look at the step that touches all of these columns",
        evidence={"systemic": how, "rows_with_all": together,
                  "null_rates": {f.columns[0]: round(f.rate, 6) for f in group}},
    )  # fmt: skip


def _anywhere_and_everywhere(group: list[Finding]) -> tuple[str, str]:
    parts = [f"({p})" for p in sorted({p for f in group for p in f.parts.values()})]
    return " OR ".join(parts), " AND ".join(parts)
