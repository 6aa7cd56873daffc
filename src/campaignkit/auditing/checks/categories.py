"""Values that are no category, categories never seen, and cells that belong to a neighbour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from campaignkit.auditing.checks.check import Check, cells_with, standard
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import Scene
from campaignkit.auditing.words import garbage_values
from campaignkit.tables import Role, literal

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
    kinds = ("text",)

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """Known dimensions hold categories."""
        for name in scene.table.own:
            if scene.table.schema[name].role is Role.DIMENSION:
                reason = "values that read like garbage among the frequent ones"
                yield Rule.over(self.form, "categorical_errors", name, reason=reason)

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """Garbage (error), values of another column (error), unseen values (warning)."""
        column = scene.column(rule.columns[0])
        counts = scene.histogram(column.name)
        known = rule.params.get("known")
        bad = garbage_of(rule, scene)
        shifted = _shifted(rule, counts, scene, known)
        bad = {v: why for v, why in bad.items() if v not in shifted}
        unseen: list[str] = []
        if known is not None:
            unseen = [v for v in counts if v is not None and v not in {*known, *bad, *shifted}]
            mixed = mixed_values(unseen, rule, scene)
            bad |= dict.fromkeys(mixed, "occurs within campaigns that have another value")
            unseen = [v for v in unseen if v not in mixed]
        # One word of two columns without a history to say so may be at home in both.
        moved = rule.severity if known is not None or len(shifted) > 1 else "info"
        elsewhere = {v: f"is a value of {c}" for v, c in shifted.items()}
        new = dict.fromkeys(unseen, "was never seen before")
        for reasons, kind, severity, sure, what, advice in (
            (bad, rule.kind, rule.severity, 0.9, "no category",
             f"map the values of {column.name} to its categories at the source"),
            (elsewhere, "shifted_columns", moved, 0.9, "of another column",
             "look for a stray delimiter or a column inserted at the source"),
            (new, "unseen_category", "warning", 0.5, "new",
             "if it is new and meant to be there, add it to the rule's known values"),
        ):  # fmt: skip
            if reasons:
                told = {v: {"rows": counts[v], "why": reasons[v]} for v in list(reasons)[:20]}
                yield cells_with(
                    reasons, rule, scene, kind=kind, severity=severity, confidence=sure,
                    cells=f"are {what}: {', '.join(map(repr, list(reasons)[:4]))}",
                    advice=advice, evidence={"values": told},
                )  # fmt: skip


def garbage_of(rule: Rule, scene: Scene) -> dict[str, str]:
    """The garbage values of a rule's column, with reasons."""
    if rule.id not in scene.garbage:
        column = scene.column(rule.columns[0])
        counts = scene.histogram(column.name)
        few = counts if len(counts) <= _LISTED else {}
        bad = garbage_values(few, rule.params.get("known"))
        if standard(scene, column.name) == "geo":
            bad.pop("NA", None)  # Namibia, or North America
        scene.garbage[rule.id] = bad
    return dict(scene.garbage[rule.id])


def suspect_values(name: str, scene: Scene) -> list[str]:
    """Values of a dimension that are garbage, at home in another column, or never seen."""
    rule = _dimensions(scene).get(name)
    if rule is None:
        return []
    counts, known = scene.histogram(name), rule.params.get("known")
    if known is not None:
        return sorted({v for v in counts if v is not None}.difference(known))
    return sorted({*garbage_of(rule, scene), *_shifted(rule, counts, scene, None)})


def _dimensions(scene: Scene) -> dict[str, Rule]:
    """Own name of a text column -> the rule on its categories."""
    check = CategoryCheck()
    held = [r for r in scene.rules if r.form == check.form and check.applies(r, scene.table)]
    return {scene.column(r.columns[0]).name: r for r in held}


def _shifted(
    rule: Rule, counts: dict[str | None, int], scene: Scene, known: Sequence[str] | None
) -> dict[str, str]:
    """Values that are rare here and at home in another dimension: value -> that column."""
    out: dict[str, str] = {}
    doubted = {v: n for v, n in counts.items() if v is not None and v not in (known or ())}
    for home, other in _dimensions(scene).items():
        if home == scene.column(rule.columns[0]).name:
            continue
        theirs, vouched = scene.histogram(home), other.params.get("known")
        bad = garbage_of(other, scene) if vouched is None else {}
        for value, count in doubted.items():
            usual = theirs.get(value, 0) > 3 * count and value not in bad
            if len(value) > 1 and (usual if vouched is None else value in vouched):
                out.setdefault(value, home)
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
