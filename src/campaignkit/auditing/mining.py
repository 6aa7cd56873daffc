"""Rules read off history: a table that was mostly right."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Unpack

from campaignkit.auditing.checks.categories import mixed_values
from campaignkit.auditing.checks.check import standard
from campaignkit.auditing.checks.dependencies import voted
from campaignkit.auditing.checks.drift import num_units, scale_of
from campaignkit.auditing.checks.duplicates import num_repeated
from campaignkit.auditing.checks.laws import law_form
from campaignkit.auditing.checks.missing import absent_groups
from campaignkit.auditing.checks.outliers import anchored, ratio_fields, usual_ratios
from campaignkit.auditing.order_mining import mined_orders
from campaignkit.auditing.rule import Rule, RuleSet
from campaignkit.auditing.scene import Scene
from campaignkit.auditing.words import garbage_values
from campaignkit.errors import TableError
from campaignkit.tables import (
    MARKETING_LAWS,
    OpenTable,
    ReadOptions,
    Role,
    literal,
    open_table,
    profile_table,
)

_SCALE_METRICS = ("impressions", "clicks", "spend", "conversions")
_SHARE_VALUES = 200
_SUPPORT = 200  # rows of history that say that a law has no exception here


def mine_rules(
    history: Any,
    *,
    tolerance: float = 0.05,
    memory_mb: int | None = None,
    **read: Unpack[ReadOptions],
) -> RuleSet:
    """Read rules off a table that was mostly right.

    Parameters
    ----------
    history : frame or path
        Earlier data of the same kind.
    tolerance : float
        Share of wrong rows the history may hold, in [0, 0.5). Nulls and odd values up to this
        share are taken for dirt if the history breaks marketing laws too, and for usual if it
        breaks none.
    memory_mb : int or None
        As for :func:`audit`.
    **read : ReadOptions
        As for :func:`audit`.

    Returns
    -------
    RuleSet
        Schema, types, nulls, categories, key, dependencies, ratios, orders, shares and scale;
        each with its reason, support and confidence.

    Raises
    ------
    TableError
        If the history has no rows, or the tolerance is out of range.

    Examples
    --------
    >>> from campaignkit.tables import synthetic_table
    >>> rules = mine_rules(synthetic_table(3000))
    >>> rules["depends:campaign_id,brand"].confidence
    1.0
    """
    if not 0 <= tolerance < 0.5:
        raise TableError(
            f"tolerance is {tolerance}; expected at least 0, below 0.5",
            hint="0.05 allows for 5% wrong rows",
        )
    table = open_table(history, memory_mb=memory_mb, **read)
    try:
        if not table.num_rows:
            raise TableError("the history has no rows", hint="leave it out: audit(table)")
        return mined(table, tolerance=tolerance)
    finally:
        if table is not history:
            table.close()


def mined(table: OpenTable, *, tolerance: float) -> RuleSet:
    """The rules of an opened table."""
    laws = [law for law in MARKETING_LAWS if _lawful(table, law.columns)]
    broken = [law.broken_sql({c: table.sql(c) for c in law.columns}) for law in laws]
    profile = profile_table(table, conditions=broken)
    scene = Scene(table, RuleSet(), profile)
    # What rows may break by right gives no dirt away.
    sure = [b for law, b in zip(laws, broken, strict=True) if not law.legal]
    dirt = max((profile.counts[b] / table.num_rows for b in sure), default=0.0)
    rules: list[Rule] = [*_laws_kept(laws, broken, scene, tolerance, is_dirty=dirt > 0)]
    rules += _structure(scene)
    rules += _nulls(scene, tolerance=tolerance, is_dirty=dirt > 0)
    decided = _decided(scene, tolerance=max(tolerance, 0.001))
    rules += _categories(scene, decided, tolerance=tolerance, is_dirty=dirt > 0)
    rules += _key(scene, tolerance=tolerance)
    rules += [_depends(scene, *found) for found in decided]
    rules += _ratios(scene)
    rules += mined_orders(scene, tolerance=tolerance if dirt > 0 else 0.0)
    rules += _drift(scene)
    return RuleSet(rules)


def _lawful(table: OpenTable, columns: Iterable[str]) -> bool:
    return all(table.has(c) and table.column(c).kind == "number" for c in columns)


def _mined(scene: Scene, form: str, kind: str, *columns: str, **fields: Any) -> Rule:
    return Rule.over(form, kind, *columns, source="history", support=scene.num_rows, **fields)


def _laws_kept(
    laws: list[Any], broken: list[str], scene: Scene, tolerance: float, *, is_dirty: bool
) -> Iterable[Rule]:
    """What history says of the marketing laws.

    One that it breaks beyond the tolerance is kept as a warning; one that rows may break by right
    is a law without exception where a history long enough keeps it, but for its dirt.
    """
    for law, condition in zip(laws, broken, strict=True):
        share = scene.profile.counts[condition] / scene.num_rows
        keeps = share <= (tolerance if is_dirty else 0.0) and scene.num_rows >= _SUPPORT
        if share > max(tolerance, 0.1) or (law.legal and keeps):
            severity = "error" if law.legal and keeps else "warning"
            yield _mined(
                scene, law_form(law), law.kind, *law.columns,
                severity=severity, confidence=1 - share,
                reason=f"marketing law that {share:.1%} of history breaks",
            )  # fmt: skip


def _structure(scene: Scene) -> Iterable[Rule]:
    columns = list(scene.table.columns.values())
    names = tuple(standard(scene, c.name) for c in columns)
    yield _mined(scene, "schema", "dropped_columns", *names, id="schema",
                 reason="columns of history")  # fmt: skip
    for column in columns:
        if column.kind in ("number", "date"):
            yield _mined(
                scene, "type", "type_changes", standard(scene, column.name),
                params={"type": column.kind}, reason=f"history holds {column.kind}s",
            )  # fmt: skip


def _nulls(scene: Scene, *, tolerance: float, is_dirty: bool) -> Iterable[Rule]:
    for column in scene.table.columns.values():
        nulls = scene.profile.columns[column.name].num_nulls
        name = standard(scene, column.name)
        if nulls == scene.num_rows:
            continue
        if nulls:
            group, absent, unclear = absent_groups(column.name, scene)
            if group is not None:
                gone = {*absent, *unclear}
                place = scene.table.sql(group)
                (nulls,) = scene.count(
                    f"{column.raw} IS NULL AND {place} IS NOT NULL "
                    f"AND {place} NOT IN ({', '.join(map(literal, sorted(gone)))})"
                )
        share = nulls / scene.num_rows
        dirt = is_dirty and share <= 2 * tolerance
        accepted = 0.0 if dirt else share
        why = (
            "history's nulls are taken for dirt"
            if dirt and nulls
            else (f"{share:.2%} of history is empty" if nulls else "never empty in history")
        )
        yield _mined(
            scene, "not_null", "missing_values", name, confidence=1 - share, reason=why,
            params={"max_frac": accepted, "never_empty": True},
        )  # fmt: skip


def _categories(
    scene: Scene, decided: list[tuple[str, str, float]], *, tolerance: float, is_dirty: bool
) -> Iterable[Rule]:
    within = {column: key for key, column, _ in reversed(decided)}
    for column in scene.dimensions():
        counts = {v: n for v, n in scene.histogram(column.name).items() if v is not None}
        garbage = garbage_values(dict(counts))
        odd = sum(counts[v] for v in garbage) <= max(2 * tolerance, 0.0) * scene.num_rows
        known = sorted(v for v in counts if not (odd and is_dirty and v in garbage))
        if is_dirty:
            known = [v for v in known if not _stray(v, counts, scene, column.name)]
        name = standard(scene, column.name)
        params: dict[str, Any] = {"known": known}
        if column.name in within:
            params["within"] = standard(scene, within[column.name])
            if is_dirty:
                # A rare value in campaigns that have another one was written over it.
                rare = [v for v in known if counts[v] <= 2 * tolerance * scene.num_rows]
                probe = Rule("probe", "categories", "", (column.name,), params)
                mixed = mixed_values(rare, probe, scene)
                params["known"] = known = [v for v in known if v not in mixed]
        left = sum(counts[v] for v in known) / max(sum(counts.values()), 1)
        yield _mined(
            scene, "categories", "categorical_errors", name, params=params, confidence=left,
            reason=f"history has {len(known)} values",
        )  # fmt: skip


def _stray(value: str, counts: dict[str, int], scene: Scene, name: str) -> bool:
    """Whether a rare value of a dirty history is at home in another dimension."""
    for other in scene.dimensions():
        if other.name != name and scene.histogram(other.name).get(value, 0) > 3 * counts[value]:
            return True
    return False


def _key(scene: Scene, *, tolerance: float) -> Iterable[Rule]:
    """The smallest of the usual keys that is unique but for the tolerance."""
    keys = scene.key_columns()
    dimensions = [
        c
        for c in scene.dimensions()
        if standard(scene, c.name) != c.name or c.name in scene.table.own
    ]
    if not keys:
        return
    exact = num_repeated(scene.table, [c.raw for c in scene.table.columns.values()])
    candidates = [keys, *[[*keys, d] for d in dimensions], [*keys, *dimensions]]
    for candidate in candidates:
        repeated = num_repeated(scene.table, [c.raw for c in candidate])
        extra = (repeated - exact) / scene.num_rows
        if repeated / scene.num_rows <= 2 * tolerance and extra <= tolerance:
            names = tuple(standard(scene, c.name) for c in candidate)
            yield _mined(
                scene, "unique", "duplicate_rows", *names, id="unique", params={"strict": True},
                confidence=1 - repeated / scene.num_rows,
                reason=f"{repeated} rows of history repeat {', '.join(names)}",
            )  # fmt: skip
            return


def _decided(scene: Scene, *, tolerance: float) -> list[tuple[str, str, float]]:
    """(identifier, dimension, share that agrees) where an identifier decides a dimension."""
    pairs = [
        (key, column) for key in scene.key_columns() if scene.role(key.name) is Role.ID
        for column in scene.dimensions()
    ]  # fmt: skip
    votes = voted([(key.sql, column.sql) for key, column in pairs], scene)
    least = 1 - 2 * tolerance
    told = [(k.name, c.name, vote) for (k, c), vote in zip(pairs, votes, strict=True) if vote]
    return [(k, c, v.agree) for k, c, v in told if v.agree > v.most and v.agree >= least]


def _depends(scene: Scene, key: str, column: str, agree: float) -> Rule:
    names = (standard(scene, key), standard(scene, column))
    return _mined(
        scene, "depends", "inconsistent_values", *names, severity="warning", confidence=agree,
        reason=f"{agree:.2%} of history agrees within its {names[0]}",
    )  # fmt: skip


def _ratios(scene: Scene) -> Iterable[Rule]:
    pairs = anchored(scene)
    for pair, usual in zip(pairs, usual_ratios(pairs, scene), strict=True):
        if usual is not None:
            yield _mined(
                scene, "ratio", "outliers", *pair[:2], **ratio_fields(pair, usual),
                reason=f"usually {math.exp(usual[0]):.3g} per {pair[1]}",
            )  # fmt: skip


def _drift(scene: Scene) -> Iterable[Rule]:
    table = scene.table
    units = num_units(scene)
    shares: dict[str, dict[str, float]] = {}
    for column in scene.dimensions():
        counts = {v: n for v, n in scene.histogram(column.name).items() if v is not None}
        total = sum(counts.values())
        if 1 < len(counts) <= _SHARE_VALUES and total:
            shares[standard(scene, column.name)] = {
                v: round(n / total, 6) for v, n in counts.items() if n >= 0.01 * total
            }
    if shares:
        yield _mined(scene, "shares", "category_drift", params={"shares": shares, "units": units},
                     severity="warning", reason="category shares of history")  # fmt: skip
    scale = scale_of(scene, [m for m in _SCALE_METRICS if table.has(m)])
    if scale["levels"]:
        yield _mined(scene, "scale", "scale_drift", params=scale, severity="warning",
                     reason="levels and cost per impression of history")  # fmt: skip
