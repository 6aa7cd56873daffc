"""Laws between columns of a row: which rows break them, and which column is to blame."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from campaignkit.auditing.checks.check import Check, found
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.rule import Rule
from campaignkit.auditing.scene import Scene
from campaignkit.tables import ALL_LAWS, AtMost, Law, Needs, NonNegative, OpenTable

# Columns by which the other two of a broken law are judged, the steadiest first.
_ANCHORS = ("spend", "impressions", "video_plays", "clicks", "landing_page_views", "conversions")
# The more basic explains the less.
_FORMS: Mapping[str, Callable[..., Law]] = {
    "non_negative": NonNegative, "needs": Needs, "at_most": AtMost,
}  # fmt: skip


@dataclass(frozen=True)
class LawCheck(Check):
    """Runs ``at_most``, ``needs`` and ``non_negative`` rules.

    Examples
    --------
    >>> LawCheck("at_most").form
    'at_most'
    """

    form: str

    def rules(self, scene: Scene) -> Iterable[Rule]:
        """The marketing laws of this form between columns that are there.

        A warning where rows may break the law by right, or a column is defined otherwise than
        the standard one it stands in for. Rivals of a standard column are never negative either.
        """
        table = scene.table
        for law in _LAWS.values():
            if law_form(law) == self.form and table.has(*law.columns):
                stands_in = len(law.columns) > 1 and {*law.columns} & {*table.matching.stand_ins}
                yield Rule.over(self.form, law.kind, *law.columns,
                                severity="warning" if law.legal or stands_in else "error",
                                reason=f"marketing law: {law.says()}")  # fmt: skip
        for own, name in table.matching.rivals.items():
            if self.form == "non_negative" and (self.form, name) in _LAWS:
                yield Rule.over(self.form, "negative_metrics", own,
                                reason=f"{own} means {name} too")  # fmt: skip

    def applies(self, rule: Rule, table: OpenTable) -> bool:
        """Whether its columns are all numbers, or all dates."""
        return super().applies(rule, table) and (
            {table.column(c).kind for c in rule.columns} in ({"number"}, {"date"})
        )

    def conditions(self, rule: Rule, table: OpenTable) -> Sequence[str]:
        """The law, broken."""
        return [broken_sql(rule, table)]

    def find(self, rule: Rule, scene: Scene) -> Iterable[Finding]:
        """One finding per blamed column, unless a more basic law explains all its rows."""
        broken = broken_sql(rule, scene.table)
        (count,) = scene.count(broken)
        if not count:
            return
        law = law_of(rule)
        by_right = f"; {law.legal}" if law.legal and rule.severity != "error" else ""
        split = _blame(law, broken, scene)
        alone, less = {}, {}
        for blamed, condition in split.items():
            basic = _more_basic(rule, blamed, scene)
            alone[blamed] = (
                f"({condition}) AND NOT coalesce({basic}, FALSE)" if basic else condition
            )
            less[blamed] = _less_basic(rule, blamed, condition, scene)
        # All that may be told of it is asked at once.
        others = itertools.chain(*(known.values() for known in less.values()))
        scene.count(*split.values(), *alone.values(), *others)
        for blamed, condition in split.items():
            whole, own = scene.count(condition, alone[blamed])
            if not own:
                continue
            counts, name = scene.count(*less[blamed].values()), scene.column(blamed).name
            known = {"explained_by_more_basic_faults": whole - own} if whole > own else {}
            yield found(
                rule, scene, whole, where=condition, rows=f"break {law.says()}{by_right}",
                advice=_advice(law, name), blamed=name,
                evidence={"law": law.says()} | known,
                explains={k: n for k, n in zip(less[blamed], counts, strict=True) if n},
            )  # fmt: skip


def law_form(law: Law) -> str:
    """The form of rule a law becomes."""
    return next(form for form, made in _FORMS.items() if made is type(law))


_LAWS = {(law_form(law), *law.columns): law for law in ALL_LAWS}


def law_of(rule: Rule) -> Law:
    """The law a rule of these forms stands for."""
    known = _LAWS.get((rule.form, *rule.columns))
    if known is not None and known.kind == rule.kind:
        return known
    return _FORMS[rule.form](*rule.columns, kind=rule.kind)


def broken_sql(rule: Rule, table: OpenTable) -> str:
    """The rule's law, broken, as SQL over the table."""
    return law_of(rule).broken_sql({c: table.sql(c) for c in rule.columns})


def _blame(law: Law, broken: str, scene: Scene) -> dict[str, str]:
    """Blamed column -> condition of its rows; the conditions do not overlap."""
    if len(law.columns) == 1 or scene.column(law.columns[-1]).kind == "date":
        return {law.columns[-1]: broken}
    if isinstance(law, Needs):
        # The unmet need is blamed unless nothing else in the row speaks for the first column.
        second, first = law.columns
        other = _phantom(law, scene)
    else:
        first, second = law.columns
        other = _upper_is_off(law, scene)
    return {first: f"({broken}) AND NOT coalesce({other}, FALSE)",
            second: f"({broken}) AND coalesce({other}, FALSE)"}  # fmt: skip


def _phantom(law: Needs, scene: Scene) -> str:
    known = [scene.column(law.column).name, scene.column(law.needed).name]
    steps = ("clicks", "video_plays", "landing_page_views", "conversions")
    others = [
        scene.table.sql(n)
        for n in steps
        if scene.table.has(n) and scene.column(n).name not in known
        and scene.column(n).kind == "number"
    ]  # fmt: skip
    if not others or law.column != "spend":
        return "FALSE"
    ((typical, _, _),) = scene.middles((scene.table.sql(law.column), "TRUE"))
    idle = " AND ".join(f"coalesce({o}, 0) = 0" for o in others)
    return f"({idle}) AND {scene.table.sql(law.column)} > {typical!r}"


def _upper_is_off(law: Law, scene: Scene) -> str:
    """Whether the upper column, rather than the lower, is far from what the row suggests."""
    lower, upper = law.columns
    low, high = scene.table.sql(lower), scene.table.sql(upper)
    sign = f"({high}) < 0 AND ({low}) >= 0"
    anchor = next(
        (a for a in _ANCHORS
         if scene.table.has(a) and scene.column(a).kind == "number"
         and scene.column(a).name not in (scene.column(lower).name, scene.column(upper).name)),
        None,
    )  # fmt: skip
    if anchor is None:
        return sign
    by = scene.table.sql(anchor)
    whole = f"{low} >= 0 AND {high} >= {low} AND {by} > 0 AND {high} > 0"
    ratios = [(f"ln(({value} + 1.0) / ({by} + 1.0))", whole) for value in (low, high)]
    (usual_low, _, num), (usual_high, _, _) = scene.middles(*ratios)
    if num < 30:
        return sign

    def off(value: str, usual: float) -> str:
        ratio = f"(greatest({value}, 0) + 1.0) / (greatest({by}, 0) + 1.0)"
        return f"abs(ln({ratio}) - {usual!r})"

    emptied = f"({high}) = 0 AND ({by}) > 0"
    # Both far off by about as much is the lower's fault: amounts rather grow than shrink twice.
    margin = repr(math.log(2.0))
    worse = f"({by}) > 0 AND {off(high, usual_high)} > {off(low, usual_low)} + {margin}"
    return f"({sign}) OR ({emptied}) OR ({worse})"


def _in_force(scene: Scene) -> Iterable[tuple[Rule, list[str], str]]:
    """The rules of these forms, with their own columns and, as SQL, broken."""
    for rule in scene.rules:
        if rule.form in _FORMS and scene.table.has(*rule.columns):
            own = [scene.column(c).name for c in rule.columns]
            yield rule, own, f"({broken_sql(rule, scene.table)})"


def _more_basic(rule: Rule, blamed: str, scene: Scene) -> str:
    """Condition under which a more basic law is broken by the blamed column."""
    column, own = scene.column(blamed), {scene.column(c).name for c in rule.columns}
    parts, forms = [], list(_FORMS)
    for other, columns, broken in _in_force(scene):
        if _is_learned(rule) and not _is_learned(other):
            # An order that only history showed says nothing new where a law is broken.
            if own.intersection(columns):
                parts.append(broken)
        elif (column.name, column.kind) == (columns[-1], "number"):  # the needed, or only, one
            parts += [broken] if forms.index(other.form) < forms.index(rule.form) else []
    return f"({' OR '.join(parts)})" if parts else ""


def _is_learned(rule: Rule) -> bool:
    return rule.source == "history" and rule.severity != "error"


def _less_basic(rule: Rule, blamed: str, condition: str, scene: Scene) -> dict[str, str]:
    """Less basic laws of the same column that the same rows break: kind -> condition."""
    wanted: dict[str, list[str]] = {}
    for other, columns, broken in _in_force(scene):
        if _is_learned(other) and not _is_learned(rule):
            continue
        if scene.column(blamed).name in columns and other.kind != rule.kind:
            wanted.setdefault(other.kind, []).append(f"(({condition}) AND {broken})")
    return {kind: " OR ".join(parts) for kind, parts in wanted.items()}


def _advice(law: Law, blamed: str) -> str:
    if isinstance(law, NonNegative):
        return f"look for refunds or sign errors in {blamed}; correct or exclude the rows"
    if isinstance(law, Needs):
        return f"reload {blamed} from its source: it reads zero where it cannot be"
    return f"compare {blamed} with its source; a join or an attribution window may repeat it"
