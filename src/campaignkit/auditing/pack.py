"""The built-in rules for campaign tables, and rules any table can be held to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from campaignkit.auditing.checks.outliers import ANCHORS, usual_ratio
from campaignkit.auditing.checks.structure import expected_type
from campaignkit.auditing.rule import Rule, RuleSet
from campaignkit.auditing.scene import Scene
from campaignkit.tables import MARKETING_LAWS, AtMost, Law, Needs, Role

_SELF_NULL_FRAC = 0.2  # an unknown column with more nulls than this is taken to allow them
_SELF_COLUMNS = 60  # dependencies among more columns than this are not searched for


def marketing_pack(scene: Scene) -> RuleSet:
    """The marketing rules that apply to a table's known columns.

    Examples
    --------
    >>> from campaignkit.tables import open_table, profile_table
    >>> table = open_table({"clicks": [1], "impressions": [5]})
    >>> rules = marketing_pack(Scene(table, RuleSet(), profile_table(table)))
    >>> rules["at_most:clicks,impressions"].kind
    'clicks_exceed_impressions'
    """
    return RuleSet([*_laws(scene), *_columns(scene), *_table(scene)])


def rule_id(form: str, *columns: str) -> str:
    """The id of a rule of a form over columns.

    Examples
    --------
    >>> rule_id("at_most", "clicks", "impressions")
    'at_most:clicks,impressions'
    """
    return f"{form}:{','.join(columns)}" if columns else form


def law_form(law: Law) -> str:
    """The form of rule a law becomes."""
    if isinstance(law, AtMost):
        return "at_most"
    return "needs" if isinstance(law, Needs) else "non_negative"


def _laws(scene: Scene) -> Iterable[Rule]:
    for law in MARKETING_LAWS:
        if scene.table.has(*law.columns):
            form = law_form(law)
            yield Rule(
                rule_id(form, *law.columns),
                form,
                law.kind,
                law.columns,
                source="pack",
                reason=f"marketing law: {law.says()}",
            )


def _columns(scene: Scene) -> Iterable[Rule]:
    table = scene.table
    for standard in table.own:
        role = table.schema[standard].role
        yield Rule(
            rule_id("not_null", standard),
            "not_null",
            "missing_values",
            (standard,),
            source="pack",
            reason="known columns are filled where they exist",
        )
        wanted = expected_type(role)
        if wanted:
            yield Rule(
                rule_id("type", standard),
                "type",
                "type_changes",
                (standard,),
                {"type": wanted},
                source="pack",
                reason=f"{role} columns hold {wanted}s",
            )
        if role is Role.DIMENSION:
            yield Rule(
                rule_id("categories", standard),
                "categories",
                "categorical_errors",
                (standard,),
                source="pack",
                reason="values that read like garbage beside the frequent ones",
            )
        yield from _ratio(standard, scene)


def _ratio(standard: str, scene: Scene) -> Iterable[Rule]:
    """The metric against its first anchor, by the table's own sample."""
    for anchor in ANCHORS.get(standard, ()):
        names = (standard, anchor)
        if not scene.table.has(anchor) or any(scene.column(n).kind != "number" for n in names):
            continue
        sample = scene.numbers(names)
        usual = usual_ratio(sample[standard], sample[anchor])
        if usual is not None:
            yield Rule(
                rule_id("ratio", standard),
                "ratio",
                "outliers",
                names,
                {"median": usual[0], "spread": usual[1]},
                source="pack",
                reason=f"{standard} moves with {anchor}, by the table's own median",
            )
        return


def _table(scene: Scene) -> Iterable[Rule]:
    table = scene.table
    yield Rule(
        "schema",
        "schema",
        "dropped_columns",
        table.schema.names,
        {"groups": True},
        source="pack",
        reason="columns that come together are all there",
        confidence=0.7,
    )
    keys = [c.name for c in scene.key_columns()]
    others = [c.name for c in scene.dimensions()]
    named = [table.matching.standard(c) or c for c in [*keys, *others]] if keys else []
    yield Rule(
        "unique",
        "unique",
        "duplicate_rows",
        tuple(named),
        source="pack",
        reason="a row is identified by its day, its ids and its dimensions",
    )
    if table.has("event_date", "campaign_id"):
        yield Rule(
            "days",
            "days",
            "missing_days",
            ("event_date", "campaign_id"),
            severity="warning",
            source="pack",
            reason="running campaigns report daily",
        )
    if table.has("event_date", "conversions", "clicks"):
        yield Rule(
            "late",
            "late",
            "late_data",
            ("event_date", "conversions", "clicks"),
            severity="warning",
            source="pack",
            reason="conversions arrive late",
        )


def own_rules(scene: Scene) -> RuleSet:
    """Rules for columns the schema does not know, read off the table itself.

    The table may be dirty, so these are warnings, apart from cells that do not fit their column.

    Examples
    --------
    >>> from campaignkit.tables import open_table, profile_table
    >>> table = open_table({"ounces": ["12 oz", "12 oz.", "16 ounce"]})
    >>> [r.form for r in own_rules(Scene(table, RuleSet(), profile_table(table)))]
    ['type', 'units', 'spelling']
    """
    rules: list[Rule] = []
    for name in scene.table.matching.unknown + scene.table.matching.ambiguous:
        rules += _own(name, scene)
    if len(scene.table.columns) <= _SELF_COLUMNS:
        from campaignkit.auditing.dependency_mining import voted_dependencies

        rules += voted_dependencies(scene)
    return RuleSet(rules)


def _own(name: str, scene: Scene) -> Iterable[Rule]:
    """The rules one unknown column can be held to."""
    column, counts = scene.table.columns[name], scene.profile.columns[name]
    if column.is_text and column.kind in ("number", "date"):
        yield _own_rule("type", "type_changes", name, f"most cells are {column.kind}s",
                        params={"type": column.kind}, severity="error")  # fmt: skip
    elif column.kind == "number" and counts.num_not_finite:
        yield _own_rule("type", "type_changes", name, "numbers are finite",
                        params={"type": "number"}, severity="error")  # fmt: skip
    if column.kind == "text":
        yield _own_rule("type", "type_changes", name, "an empty cell says so by being empty",
                        params={"type": "text", "allowed_frac": _SELF_NULL_FRAC})  # fmt: skip
        yield _own_rule("units", "inconsistent_units", name,
                        "numbers keep their unit out of the cell")  # fmt: skip
        yield _own_rule("spelling", "misspelt_values", name,
                        "rare values close to a frequent one are slips")  # fmt: skip
    if 0 < counts.num_nulls <= _SELF_NULL_FRAC * scene.num_rows:
        yield _own_rule("not_null", "missing_values", name,
                        "the column is filled almost everywhere", confidence=0.6)  # fmt: skip


def _own_rule(
    form: str,
    kind: str,
    name: str,
    reason: str,
    *,
    params: Mapping[str, object] | None = None,
    severity: str = "warning",
    confidence: float = 1.0,
) -> Rule:
    return Rule(
        rule_id(form, name), form, kind, (name,), params or {},
        severity=severity, confidence=confidence, source="pack", reason=reason,
    )  # fmt: skip
