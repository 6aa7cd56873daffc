"""Rules read off history: a table that was mostly right."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import permutations
from typing import Any, Unpack

from campaignkit.auditing.checks.categories import mixed_values
from campaignkit.auditing.checks.check import standard
from campaignkit.auditing.checks.dependencies import voted
from campaignkit.auditing.checks.drift import num_units, scale_of
from campaignkit.auditing.checks.duplicates import num_repeated
from campaignkit.auditing.checks.laws import law_form
from campaignkit.auditing.checks.missing import nulls_of
from campaignkit.auditing.checks.outliers import anchored, ratio_fields, usual_ratios
from campaignkit.auditing.rule import Rule, RuleSet
from campaignkit.auditing.scene import Scene
from campaignkit.auditing.words import garbage_values
from campaignkit.errors import TableError
from campaignkit.tables import (
    MARKETING_LAWS,
    AtMost,
    Needs,
    OpenTable,
    ReadOptions,
    Role,
    open_table,
    profile_table,
)

_SCALE_METRICS = ("impressions", "clicks", "spend", "conversions")
_SHARE_VALUES = 200
_SUPPORT = 200  # rows of history that say that a law has no exception here
_MOST_ORDERED = 24  # columns between which orders are looked for
# An order is a bound, not a matter of scale, if the two are equal in some rows that are not tiny.
_TOUCHES_FRAC = 0.002
_TOUCHES_FROM = 3
_APART_FRAC = 0.001
_EVEN = 4.0  # violations of a true law neither fade with size nor sit in one group


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
    if not table.in_place:  # single rows vote for orders, and they stay in a warehouse
        rules += _orders(scene, tolerance=tolerance if dirt > 0 else 0.0)
    rules += _drift(scene)
    return RuleSet(rules)


def _lawful(table: OpenTable, columns: Iterable[str]) -> bool:
    return all(table.has(c) and table.column(c).kind == "number" for c in columns)


def _mined(scene: Scene, form: str, kind: str, *columns: str, **fields: Any) -> Rule:
    given = {"source": "history", "support": scene.num_rows} | fields
    return Rule.over(form, kind, *columns, **given)


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
        share = nulls_of(column, scene)[1] / scene.num_rows
        is_dirt = is_dirty and share <= 2 * tolerance
        why = f"{share:.2%} of history is empty" if share else "never empty in history"
        yield _mined(
            scene, "not_null", "missing_values", name, confidence=1 - share,
            reason="history's nulls are taken for dirt" if is_dirt and share else why,
            params={"max_frac": 0.0 if is_dirt else share, "never_empty": True},
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
    others = [scene.histogram(c.name) for c in scene.dimensions() if c.name != name]
    return any(other.get(value, 0) > 3 * counts[value] for other in others)


def _key(scene: Scene, *, tolerance: float) -> Iterable[Rule]:
    """The smallest of the usual keys that is unique but for the tolerance."""
    keys = scene.key_columns()
    dimensions = [c for c in scene.dimensions() if scene.role(c.name) is not None]
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


def _orders(scene: Scene, *, tolerance: float) -> Iterable[Rule]:
    """``at_most`` and ``needs`` rules, as warnings: history showed them, no law demands them.

    The tolerance is 0 for a clean history. In a dirty one, violations must not fade with the size
    of the amounts, as those of a merely usual order do.
    """
    import numpy as np

    counts = [c for c in scene.metrics() if scene.role(c.name) in (None, Role.COUNT)]
    names = [standard(scene, c.name) for c in counts][:_MOST_ORDERED]
    sample = scene.numbers(names) if len(names) > 1 else {}
    whole = {n: v for n, v in sample.items() if _is_count(v)}
    known = _closure({law.columns for law in MARKETING_LAWS if isinstance(law, AtMost)})
    found: dict[tuple[str, str], tuple[int, float]] = {}
    for low, high in permutations(whole, 2):
        a, b = whole[low], whole[high]
        both = ~np.isnan(a) & ~np.isnan(b) & (b > 0) & (a >= 0)
        if (low, high) in known or (a[both] > 0).sum() < _SUPPORT:
            continue
        wrong = a[both] > b[both]
        touches = float(((a[both] == b[both]) & (b[both] >= _TOUCHES_FROM)).mean())
        if wrong.mean() <= tolerance and touches >= _TOUCHES_FRAC and _even(wrong, b[both]):
            found[low, high] = (int(both.sum()), 1 - float(wrong.mean()))
    # What follows from two others says nothing new.
    pairs = {*found, *known}
    through = {(a, d) for a, b in pairs for c, d in pairs if b == c}
    kept = {pair: seen for pair, seen in found.items() if pair not in through}
    for (low, high), (support, agree) in kept.items():
        yield _seen(scene, "at_most", f"{low}_exceed_{high}", (low, high), support, agree)
    ordered = _closure({*known, *kept})
    needed = {law.columns for law in MARKETING_LAWS if isinstance(law, Needs)}
    for first, second in permutations(whole, 2):
        a, b = whole[first], whole[second]
        speaks = (a > 0) & ~np.isnan(b)
        zero = np.nanmean(b == 0) if len(b) else 0.0
        if {(first, second)} & (ordered | needed) or not 0.05 < zero < 0.95:
            continue
        if speaks.sum() < _SUPPORT:
            continue
        # Two columns that are zero together; more than that is a matter of volume.
        filled = ~np.isnan(a) & ~np.isnan(b)
        apart = float(((a[filled] > 0) != (b[filled] > 0)).mean())
        share = float((b[speaks] == 0).mean())
        if share <= tolerance and apart <= max(tolerance, _APART_FRAC):
            kind, support = f"{first}_without_{second}", int(speaks.sum())
            yield _seen(scene, "needs", kind, (first, second), support, 1 - share)


def _seen(  # noqa: PLR0917 - one row of the same table each
    scene: Scene, form: str, kind: str, columns: tuple[str, str], support: int, agree: float
) -> Rule:
    return _mined(
        scene, form, kind, *columns, severity="warning", support=support, confidence=agree,
        reason=f"held in {agree:.2%} of {support:,} sampled rows",
    )  # fmt: skip


def _is_count(values: Any) -> bool:
    import numpy as np

    filled = values[~np.isnan(values)]
    return len(filled) >= _SUPPORT and bool((filled == np.rint(filled)).mean() > 0.99)


def _even(wrong: Any, size: Any) -> bool:
    """Whether violations are as frequent among large amounts as among small ones."""
    import numpy as np

    if not wrong.any():
        return True
    large = size > np.median(size)
    small_share, large_share = wrong[~large].mean(), wrong[large].mean()
    return bool(max(small_share, large_share) <= _EVEN * max(min(small_share, large_share), 1e-9))


def _closure(pairs: Iterable[Any]) -> set[tuple[str, str]]:
    import networkx as nx

    return set(nx.transitive_closure(nx.DiGraph(pairs)).edges)
