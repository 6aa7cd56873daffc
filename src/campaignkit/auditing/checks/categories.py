"""Values that are no category, categories never seen, and cells that belong to a neighbour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from campaignkit.auditing.checks.check import Check, standard
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.words import garbage_values
from campaignkit.tables import Role, literal

if TYPE_CHECKING:
    from campaignkit.auditing.scene import Scene

# In a campaign that is one value's own, others are a mixture from this share of the rows on.
_MIXED_FRAC = 0.5
_LISTED = 5_000


class CategoryCheck(Check):
    """Runs ``categories`` rules: the values of a dimension.

    Parameters of the rule: ``known``, the values history vouches for; without it the column's own
    frequent values are the measure. ``within``, an identifier each of whose values has one value
    of this dimension (a campaign has one brand).

    Examples
    --------
    >>> CategoryCheck().form
    'categories'
    """

    form = "categories"

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Known dimensions hold categories."""
        for name in scene.table.own:
            if scene.table.schema[name].role is Role.DIMENSION:
                reason = "values that read like garbage beside the frequent ones"
                yield Rule.over(self.form, "categorical_errors", name, reason=reason)

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """Garbage (error), values of another column (error), unseen values (warning)."""
        if not scene.table.has(*rule.columns) or scene.column(rule.columns[0]).kind != "text":
            return
        column = scene.column(rule.columns[0])
        counts = scene.histogram(column.name)
        known = rule.params.get("known")
        bad = garbage_of(rule, scene)
        shifted = _shifted(rule, counts, scene, known)
        bad = {v: why for v, why in bad.items() if v not in shifted}
        unseen = []
        if known is not None:
            trusted = set(known)
            new = [v for v in counts if v is not None and v not in trusted]
            unseen = [v for v in new if v not in bad and v not in shifted]
            mixed = mixed_values(unseen, rule, scene)
            bad |= dict.fromkeys(mixed, "occurs within campaigns that have another value")
            unseen = [v for v in unseen if v not in mixed]
        if bad:
            yield _finding(
                rule, scene, bad, kind=rule.kind, severity=rule.severity, what="no category"
            )
        if shifted:
            reasons = {v: f"is a value of {c}" for v, c in shifted.items()}
            yield _finding(
                rule,
                scene,
                reasons,
                kind="shifted_columns",
                severity=rule.severity,
                what="of another column",
            )
        if unseen:
            reasons = dict.fromkeys(unseen, "was never seen before")
            yield _finding(
                rule, scene, reasons, kind="unseen_category", severity="warning", what="new"
            )


def garbage_of(rule: Rule, scene: Scene) -> dict[str, str]:
    """The garbage values of a rule's column, with reasons."""
    column = scene.column(rule.columns[0])
    counts = scene.histogram(column.name)
    if len(counts) > _LISTED:
        return {}
    bad = garbage_values(counts, rule.params.get("known"))
    if standard(scene, column.name) == "geo":
        bad.pop("NA", None)  # Namibia, or North America
    return bad


def suspect_values(name: str, scene: Scene) -> list[str]:
    """Values of a dimension that are garbage, at home in another column, or never seen."""
    for rule in scene.rules:
        if rule.form != CategoryCheck.form or not scene.table.has(*rule.columns):
            continue
        if scene.column(rule.columns[0]).name != name:
            continue
        counts = scene.histogram(name)
        known = rule.params.get("known")
        if known is not None:
            trusted = set(known)
            return sorted(v for v in counts if v is not None and v not in trusted)
        return sorted({*garbage_of(rule, scene), *_shifted(rule, counts, scene, None)})
    return []


def _shifted(
    rule: Rule, counts: dict[str | None, int], scene: Scene, known: Sequence[str] | None
) -> dict[str, str]:
    """Values that are rare here and at home in another dimension: value -> that column."""
    name = scene.column(rule.columns[0]).name
    trusted = set(known or ())
    out: dict[str, str] = {}
    for other in scene.rules:
        if other.form != CategoryCheck.form or not scene.table.has(*other.columns):
            continue
        home = scene.column(other.columns[0])
        if home.name == name or home.kind != "text":
            continue
        theirs = scene.histogram(home.name)
        vouched = other.params.get("known")
        theirs_bad = garbage_of(other, scene) if vouched is None else {}
        for value, count in counts.items():
            if value is None or value in trusted or value in out:
                continue
            if vouched is not None:
                at_home = value in vouched
            else:
                at_home = theirs.get(value, 0) > 3 * count and value not in theirs_bad
            if at_home and len(value) > 1:
                out[value] = home.name
    return out


def mixed_values(values: list[str], rule: Rule, scene: Scene) -> set[str]:
    """Unseen values that mostly occur beside other values of the identifier they depend on."""
    within = rule.params.get("within")
    if not values or within is None or not scene.table.has(within):
        return set()
    place, key = scene.table.sql(rule.columns[0]), scene.table.sql(within)
    listed = ", ".join(literal(v) for v in values[:_LISTED])
    (rows,) = scene.rows(
        f"SELECT v AS t0, sum(n) AS n0, "
        f"sum(CASE WHEN n < {_MIXED_FRAC} * total THEN n ELSE 0 END) AS n1 "
        f"FROM (SELECT {place} AS v, {key} AS k, count(*) AS n, "
        f"sum(count(*)) OVER (PARTITION BY {key}) AS total FROM {scene.table.relation} "
        f"GROUP BY 1, 2) WHERE v IN ({listed}) GROUP BY 1", columns="t0, n0, n1",
    )  # fmt: skip
    return {str(v) for v, n, mixed in rows if mixed > _MIXED_FRAC * n}


def _finding(
    rule: Rule, scene: Scene, reasons: dict[str, str], *, kind: str, severity: str, what: str
) -> Finding:
    column = scene.column(rule.columns[0])
    counts = scene.histogram(column.name)
    count = sum(counts[v] for v in reasons)
    listed = ", ".join(literal(v) for v in reasons)
    shown = ", ".join(repr(v) for v in list(reasons)[:4])
    advice = {
        "unseen_category": "if it is new and meant to be there, add it to the rule's known values",
        "shifted_columns": "look for a stray delimiter or a column inserted at the source",
    }.get(kind, f"map the values of {column.name} to its categories at the source")
    return Finding(
        kind, (column.name,), count, count / max(scene.num_rows, 1), severity=severity,
        confidence=0.9 if kind != "unseen_category" else 0.5,
        message=f"{count:,} cells of {column.name} hold {len(reasons)} values that are {what}: "
        f"{shown}",
        advice=advice, blamed=column.name,
        evidence={"values": {v: {"rows": counts[v], "why": reasons[v]}
                             for v in list(reasons)[:20]}},
        rule=rule.id, parts={column.name: f"{column.sql} IN ({listed})"}, table=scene.table,
    )  # fmt: skip
