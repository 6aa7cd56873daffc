"""Rules read off history: a table that was mostly right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any, Unpack

from campaignkit.auditing.checks.categories import mixed_values
from campaignkit.auditing.checks.check import standard, values_of
from campaignkit.auditing.checks.dependencies import voted
from campaignkit.auditing.checks.drift import num_units, scale_of
from campaignkit.auditing.checks.laws import law_form
from campaignkit.auditing.checks.missing import nulls_of
from campaignkit.auditing.checks.outliers import OutlierCheck
from campaignkit.auditing.checks.shifts import shifted
from campaignkit.auditing.rule import Rule, RuleSet
from campaignkit.auditing.scene import Scene
from campaignkit.auditing.words import garbage_values
from campaignkit.errors import NotInPlace, TableError
from campaignkit.progress import Steps
from campaignkit.show import counted
from campaignkit.tables import (
    MARKETING_LAWS,
    AtMost,
    Law,
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
    """The rules of an opened table, but for its shifted rows, whose cells are not their own."""
    laws = [law for law in MARKETING_LAWS if table.has(*law.columns)
            and all(table.column(c).kind == "number" for c in law.columns)]  # fmt: skip
    broken = {law: law.broken_sql({c: table.sql(c) for c in law.columns}) for law in laws}
    profile = profile_table(table, conditions=list(broken.values()))
    scene = Scene(table, RuleSet(), profile)
    aside = []
    with suppress(NotInPlace):  # where a warehouse cannot be asked for them, they stay
        aside = shifted(scene)
    if aside:
        return mined(scene.without(aside), tolerance=tolerance)
    shares = {law: profile.counts[sql] / table.num_rows for law, sql in broken.items()}
    # What rows may break by right gives no dirt away.
    dirt = max((share for law, share in shares.items() if not law.legal), default=0.0)
    miner = _Miner(scene, tolerance, is_dirty=dirt > 0)
    return RuleSet([*miner.laws(shares), *miner.rules()])


@dataclass
class _Miner:
    """Reads rules off a history, which is dirty if it breaks a law that has no exception."""

    scene: Scene
    tolerance: float
    is_dirty: bool

    def rules(self) -> Iterable[Rule]:
        """All but the laws."""
        steps = Steps(None, "mining rules", 7)
        yield from self.structure()
        yield from self.nulls()
        steps.step()
        decided = self.decided()
        steps.step()
        yield from self.categories({column: key for key, column, _ in reversed(decided)})
        steps.step()
        yield from self.key()
        steps.step()
        for key, column, agree in decided:
            yield self.rule(
                "depends", "inconsistent_values", key, column, severity="warning",
                reason=f"{agree:.2%} of history agrees within its {standard(self.scene, key)}",
                confidence=agree,
            )  # fmt: skip
        for rule in OutlierCheck().rules(self.scene):
            usual = f"usually {math.exp(rule.params['median']):.3g} per {rule.columns[1]}"
            yield replace(rule, source="history", support=self.scene.num_rows, reason=usual)
        steps.step()
        if not self.scene.table.in_place:  # single rows vote for orders: they stay in a warehouse
            yield from self.orders()
        steps.step()
        yield from self.drift()
        steps.step()

    def rule(self, form: str, kind: str, *columns: str, **fields: Any) -> Rule:
        """A rule over the table's own columns, which it calls by their standard names."""
        names = (standard(self.scene, c) for c in columns)
        given = {"source": "history", "support": self.scene.num_rows} | fields
        return Rule.over(form, kind, *names, **given)

    def laws(self, shares: Mapping[Law, float]) -> Iterable[Rule]:
        """What history says of the marketing laws.

        One that it breaks beyond the tolerance is kept as a warning; one that rows may break by
        right is a law without exception where a history long enough keeps it, but for its dirt.
        """
        for law, share in shares.items():
            most = self.tolerance if self.is_dirty else 0.0
            sure = bool(law.legal) and share <= most and self.scene.num_rows >= _SUPPORT
            if sure or share > max(self.tolerance, 0.1):
                yield self.rule(
                    law_form(law), law.kind, *law.columns, confidence=1 - share,
                    severity="error" if sure else "warning",
                    reason=f"marketing law that {share:.1%} of history breaks",
                )  # fmt: skip

    def structure(self) -> Iterable[Rule]:
        """The columns, and the types of those that are no text."""
        columns = self.scene.table.columns
        yield self.rule("schema", "dropped_columns", *columns, id="schema",
                        reason="columns of history")  # fmt: skip
        for column in self.scene.table.of_kind("number", "date"):
            yield self.rule("type", "type_changes", column.name, params={"type": column.kind},
                            reason=f"history holds {column.kind}s")  # fmt: skip

    def nulls(self) -> Iterable[Rule]:
        """How much of each column may be empty."""
        for column in self.scene.table.columns.values():
            if self.scene.profile.columns[column.name].num_nulls == self.scene.num_rows:
                continue
            share = nulls_of(column, self.scene)[1] / self.scene.num_rows
            is_dirt = self.is_dirty and share <= 2 * self.tolerance
            why = f"{share:.2%} of history is empty" if share else "never empty in history"
            yield self.rule(
                "not_null", "missing_values", column.name, confidence=1 - share,
                reason="history's nulls are taken for dirt" if is_dirt and share else why,
                params={"max_frac": 0.0 if is_dirt else share, "never_empty": True},
            )  # fmt: skip

    def categories(self, within: Mapping[str, str]) -> Iterable[Rule]:
        """The values of each dimension, in a dirty history without what should not be there."""
        few = 2 * self.tolerance * self.scene.num_rows
        for column in self.scene.dimensions():
            counts = values_of(column.name, self.scene)
            known, params = sorted(counts), dict[str, Any]()
            if column.name in within:
                params["within"] = standard(self.scene, within[column.name])
            if self.is_dirty:
                garbage = garbage_values(counts)
                strays = set(garbage) if sum(counts[v] for v in garbage) <= few else set()
                strays |= {v for v in counts if self.is_stray(v, column.name)}
                # A rare value in campaigns that have another one was written over it.
                rare = [v for v in known if counts[v] <= few and v not in strays]
                probe = Rule("probe", "categories", "", (column.name,), params)
                strays |= mixed_values(rare, probe, self.scene)
                known = [v for v in known if v not in strays]
            yield self.rule(
                "categories", "categorical_errors", column.name, params={"known": known} | params,
                confidence=sum(counts[v] for v in known) / max(sum(counts.values()), 1),
                reason=f"history has {counted(len(known), 'value')}",
            )  # fmt: skip

    def is_stray(self, value: str, name: str) -> bool:
        """Whether a rare value of a dimension is at home in another one."""
        least = 3 * self.scene.histogram(name)[value]
        others = (c.name for c in self.scene.dimensions() if c.name != name)
        return any(self.scene.histogram(c).get(value, 0) > least for c in others)

    def key(self) -> Iterable[Rule]:
        """The smallest of the usual keys that is unique but for the tolerance."""
        keys, table = self.scene.key_columns(), self.scene.table
        dimensions = [c for c in self.scene.dimensions() if self.scene.role(c.name) is not None]
        if not keys:
            return
        (exact,) = self.scene.num_repeated(([c.raw for c in table.columns.values()], ""))
        for candidate in [keys, *[[*keys, d] for d in dimensions], [*keys, *dimensions]]:
            (repeated,) = self.scene.num_repeated(([c.raw for c in candidate], ""))
            extra = (repeated - exact) / table.num_rows
            if repeated / table.num_rows <= 2 * self.tolerance and extra <= self.tolerance:
                rule = self.rule(
                    "unique", "duplicate_rows", *(c.name for c in candidate), id="unique",
                    params={"strict": True}, confidence=1 - repeated / table.num_rows,
                )  # fmt: skip
                names = ", ".join(rule.columns)
                yield replace(
                    rule, reason=f"{counted(repeated, 'row', 'repeat')} {names} in history"
                )
                return

    def decided(self) -> list[tuple[str, str, float]]:
        """(identifier, dimension, share that agrees) where an identifier decides a dimension."""
        ids = [c for c in self.scene.key_columns() if self.scene.role(c.name) is Role.ID]
        pairs = [(key, column) for key in ids for column in self.scene.dimensions()]
        votes = voted([(key.sql, column.sql) for key, column in pairs], self.scene)
        least = 1 - 2 * max(self.tolerance, 0.001)
        told = [(k.name, c.name, v) for (k, c), v in zip(pairs, votes, strict=True) if v]
        return [(k, c, v.agree) for k, c, v in told if v.agree > v.most and v.agree >= least]

    def drift(self) -> Iterable[Rule]:
        """Shares of categories, and levels of metrics."""
        shares: dict[str, dict[str, float]] = {}
        for column in self.scene.dimensions():
            counts = values_of(column.name, self.scene)
            total = sum(counts.values())
            if 1 < len(counts) <= _SHARE_VALUES and total:
                shares[standard(self.scene, column.name)] = {
                    v: round(n / total, 6) for v, n in counts.items() if n >= 0.01 * total
                }
        if shares:
            params = {"shares": shares, "units": num_units(self.scene)}
            yield self.rule("shares", "category_drift", params=params, severity="warning",
                            reason="category shares of history")  # fmt: skip
        scale = scale_of(self.scene, [m for m in _SCALE_METRICS if self.scene.table.has(m)])
        if scale["levels"]:
            yield self.rule("scale", "scale_drift", params=scale, severity="warning",
                            reason="levels and cost per impression of history")  # fmt: skip

    def orders(self) -> Iterable[Rule]:
        """``at_most`` and ``needs`` rules, as warnings: history showed them, no law demands them.

        In a dirty history violations must not fade with the size of the amounts, as those of a
        merely usual order do; a clean one has none.
        """
        import numpy as np

        most = self.tolerance if self.is_dirty else 0.0
        counts = [c for c in self.scene.metrics() if self.scene.role(c.name) in (None, Role.COUNT)]
        names = [standard(self.scene, c.name) for c in counts][:_MOST_ORDERED]
        sample = self.scene.numbers(names) if len(names) > 1 else {}
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
            if wrong.mean() <= most and touches >= _TOUCHES_FRAC and _even(wrong, b[both]):
                found[low, high] = (int(both.sum()), 1 - float(wrong.mean()))
        # What follows from two others says nothing new.
        pairs = {*found, *known}
        through = {(a, d) for a, b in pairs for c, d in pairs if b == c}
        kept = {pair: seen for pair, seen in found.items() if pair not in through}
        for (low, high), seen in kept.items():
            yield self.seen("at_most", f"{low}_exceed_{high}", (low, high), *seen)
        needed = {law.columns for law in MARKETING_LAWS if isinstance(law, Needs)}
        ordered = _closure({*known, *kept}) | needed
        for first, second in (p for p in permutations(whole, 2) if p not in ordered):
            a, b = whole[first], whole[second]
            speaks = (a > 0) & ~np.isnan(b)
            zero = np.nanmean(b == 0) if len(b) else 0.0
            if not 0.05 < zero < 0.95 or speaks.sum() < _SUPPORT:
                continue
            # Two columns that are zero together; more than that is a matter of volume.
            filled = ~np.isnan(a) & ~np.isnan(b)
            apart = float(((a[filled] > 0) != (b[filled] > 0)).mean())
            share = float((b[speaks] == 0).mean())
            if share <= most and apart <= max(most, _APART_FRAC):
                kind, support = f"{first}_without_{second}", int(speaks.sum())
                yield self.seen("needs", kind, (first, second), support, 1 - share)

    def seen(
        self, form: str, kind: str, columns: tuple[str, str], support: int, agree: float
    ) -> Rule:
        """A rule that sampled rows showed."""
        return self.rule(
            form, kind, *columns, severity="warning", support=support, confidence=agree,
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
