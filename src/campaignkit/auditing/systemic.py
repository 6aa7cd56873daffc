"""Several columns with one cause become one finding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from campaignkit.auditing.finding import Finding

if TYPE_CHECKING:
    from campaignkit.auditing.scene import Scene

_SIGMAS = 4.0


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
    others = _by_blamed(others)
    return others + [_merged(g, scene) if len(g) > 1 else g[0] for g in groups]


def _by_blamed(findings: list[Finding]) -> list[Finding]:
    """Contradictions of one column, voted for by several others, as one finding."""
    out: list[Finding] = []
    first: dict[str | None, Finding] = {}
    for finding in findings:
        if finding.kind != "inconsistent_values":
            out.append(finding)
        elif finding.blamed not in first:
            first[finding.blamed] = finding
            out.append(finding)
        else:
            _take_in(first[finding.blamed], finding)
    return out


def _take_in(one: Finding, other: Finding) -> None:
    assert one.blamed is not None
    assert one.table is not None
    one.parts = {one.blamed: f"({one.condition}) OR ({other.condition})"}
    one.columns = (*dict.fromkeys([*one.columns, *other.columns]),)
    one.rule = f"{one.rule}, {other.rule}"
    one.confidence = max(one.confidence, other.confidence)
    (count,) = one.table.row(f"SELECT count_if({one.condition}) FROM {one.table.relation}")
    one.count, one.rate = int(count), int(count) / one.table.num_rows
    decides = [c for c in one.columns if c != one.blamed]
    one.message = f"{one.count:,} rows have another {one.blamed} than the rest of their group"
    one.evidence = {"decided_by": decides}
    one.advice = f"each of {', '.join(decides[:4])} had one {one.blamed}; correct the minority"


def _alike(group: list[Finding], finding: Finding, num_rows: int) -> bool:
    if group[0].severity != finding.severity:
        return False
    mean = sum(f.rate for f in group) / len(group)
    spread = math.sqrt(max(mean * (1 - mean), 1e-12) / num_rows * (1 + 1 / len(group)))
    return finding.rate - mean <= _SIGMAS * spread


def _merged(group: list[Finding], scene: Scene) -> Finding:
    parts = {column: part for f in group for column, part in f.parts.items()}
    anywhere = " OR ".join(f"({p})" for p in dict.fromkeys(parts.values()))
    everywhere = " AND ".join(f"({p})" for p in dict.fromkeys(parts.values()))
    rows, together = scene.count(anywhere, everywhere)
    same = together >= 0.9 * rows
    rates = {f.columns[0]: round(f.rate, 6) for f in group}
    names = tuple(parts)
    how = "in the same rows" if same else "at one rate"
    mean = sum(f.rate for f in group) / len(group)
    return Finding(
        "missing_values", names, rows, rows / scene.num_rows, severity=group[0].severity,
        confidence=min(f.confidence for f in group),
        message=f"{len(names)} columns are empty {how} ({mean:.1%} each): {', '.join(names)}",
        advice="one cause: look for a failed join or a batch that arrived without these columns"
        if same else "one cause: look at the step that touches all of these columns",
        blamed=None, evidence={"systemic": how, "null_rates": rates, "rows_with_all": together},
        rule=", ".join(f.rule for f in group), parts=parts, table=scene.table,
    )  # fmt: skip
