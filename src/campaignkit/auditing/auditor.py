"""Find what is wrong with a table without being told: rules, one pass, findings.

1. Open the table. 2. Gather rules: the marketing pack, rules mined from history, the user's.
3. Profile all columns and count all row conditions in one pass. 4. Run each rule's check.
5. Join what has one cause, set aside what is silenced, sort.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from campaignkit.auditing.audit_report import AuditReport
from campaignkit.auditing.checks import ALL_CHECKS, Check
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.mining import mine_rules
from campaignkit.auditing.rule import Rule, RuleSet
from campaignkit.auditing.scene import Scene, in_rounds
from campaignkit.auditing.systemic import joined
from campaignkit.errors import Fault, TableError
from campaignkit.progress import Progress, listener
from campaignkit.show import counted, in_words
from campaignkit.tables import (
    MARKETING_LAWS,
    OpenTable,
    ReadOptions,
    open_table,
    profile_table,
)
from campaignkit.tables.profile import TableProfile
from campaignkit.tables.read_options import shared_read

_DUPLICATES = ("unique",)
_SHOWN_ROWS = 20


def audit(
    table: Any,
    rules: RuleSet | Iterable[Rule] | str | Path | None = None,
    *,
    history: Any = None,
    pack: bool = True,
    tolerance: float = 0.05,
    duplicates: bool = True,
    checks: Iterable[Check] = (),
    memory_mb: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    history_read: ReadOptions | None = None,
    **read: Unpack[ReadOptions],
) -> AuditReport:
    """Audit a table.

    Parameters
    ----------
    table : frame, path or DatabaseTable
        pandas, polars, pyarrow, a DuckDB relation, a dict of columns, Parquet, CSV or JSON, a
        database table; it may be larger than memory.
    rules : RuleSet, rules, or path of a rule file
        Your own; a rule with the id of a mined or built-in one takes its place.
    history : frame or path
        Earlier data to mine rules from (:func:`mine_rules`).
    pack : bool
        Whether the built-in marketing rules, and rules read off the table itself, apply.
    tolerance : float
        Share of the history that may be wrong itself.
    duplicates : bool
        Whether to look for duplicate rows, which is a stage, and most of the time, of its own.
    checks : iterable of Check
        Checks for rule forms of your own.
    memory_mb : int or None
        Budget for the table's blocks; above it work goes to temporary files.
    threads : int or None
        Threads for the scans.
    progress : Progress or None
        Told as each rule is done.
    history_read : ReadOptions or None
        How the history is to be read; None: as the table, as far as that applies to it.
    **read : ReadOptions
        What overrules the decisions made for the whole table: ``header``, ``skip``,
        ``delimiter``, ``encoding``, ``decimal``, ``day_first``, ``columns``, ``summary_rows``
        (:class:`campaignkit.tables.ReadOptions` tells each).

    Returns
    -------
    AuditReport
        Findings with kind, columns, rows (on demand), count, rate, severity and more.

    Raises
    ------
    TableError
        If the table or the history cannot be read, or a rule cannot be run.

    Examples
    --------
    >>> report = audit({"clicks": [3, 700], "impressions": [90, 50], "spend": [1.0, 2.0]})
    >>> report.findings[0].message
    '1 row breaks clicks <= impressions'
    """
    clock = _Clock()
    stated = stated_rules(rules)
    held = Held(stated, {**ALL_CHECKS, **{c.form: c for c in checks}}, pack=pack)
    _refuse_unknown_forms(stated, held.checks)
    if history is not None:
        as_told = shared_read(read, history) if history_read is None else history_read
        learned = mine_rules(history, tolerance=tolerance, memory_mb=memory_mb, **as_told)
        held.given = learned | stated
        clock.lap("mining")
    opened = open_table(table, memory_mb=memory_mb, threads=threads, **read)
    try:
        clock.lap("opening")
        return _run(opened, held, listener(progress), clock, duplicates=duplicates)
    except BaseException:
        if opened is not table:
            opened.close()
        raise


def _run(
    table: OpenTable, held: Held, told: Progress, clock: _Clock, *, duplicates: bool
) -> AuditReport:
    early = {form for form, check in held.checks.items() if check.sets_aside}
    if table.in_place:  # a statement more is asked only where rows may have to be set aside
        scene = replace(held, given=RuleSet()).scene(table, forms=early)
    else:
        scene = held.scene(table)
    steps = held.finding(scene, early)
    if table.in_place:
        aside = in_rounds(scene, steps, refused=held.refused)
    else:
        aside = [f for step in steps.values() for f in step()]
    if aside:
        rest = scene.without(aside)
        scene = held.scene(rest, left_out=table.num_rows - rest.num_rows)
    elif table.in_place:
        scene = held.scene(table)
    clock.lap("profile")
    found = [*_about_the_input(table), *aside]
    usual = {f for f, c in held.checks.items() if not c.sets_aside and f not in _DUPLICATES}
    # Duplicates last: they are their own stage, and most of the time.
    stages = {"checks": held.finding(scene, usual)}
    if duplicates and table.in_place:  # no statement is spent there on having them apart
        stages = {"checks": held.finding(scene, {*usual, *_DUPLICATES})}
    elif duplicates:
        stages["duplicates"] = held.finding(scene, _DUPLICATES)
    count, whole = itertools.count(1), sum(map(len, stages.values()))

    def tell(_: str) -> None:
        told.update("auditing", next(count), whole)

    for stage, steps in stages.items():
        found += in_rounds(scene, steps, refused=held.refused, done=tell)
        if steps:
            clock.lap(stage)
    kept, quiet = _without_silenced(joined(found, scene), scene.rules)
    refused = [f"{rule}: {why}" for rule, why in held.refused.items()]
    return AuditReport(
        kept, table.num_rows, len(table.columns), table.name, scene.rules, silenced=quiet,
        notes=[str(n) for n in table.notes], seconds=clock.laps, table=table,
        unchecked=[*_unchecked(table, pack=held.pack), *refused],
    )  # fmt: skip


@dataclass
class Held:
    """What a table is held to, and the way from its rules to what they find.

    Attributes
    ----------
    given : RuleSet
        Rules of the user, and of history.
    checks : mapping of str to Check
        Form -> the check that runs its rules.
    pack : bool
        Whether the checks state rules themselves.
    refused : dict
        Filled with the rules that a warehouse is not asked: id -> reason.
    """

    given: RuleSet
    checks: dict[str, Check]
    pack: bool = True
    refused: dict[str, str] = field(default_factory=dict)

    def scene(
        self, table: OpenTable, *, left_out: int = 0, forms: Container[str] | None = None
    ) -> Scene:
        """The rules in force, of some forms or all, and the one pass over the table for them."""
        scene = Scene(table, RuleSet(), TableProfile(table.num_rows, {}, {}), left_out=left_out)
        checks = {f: c for f, c in self.checks.items() if forms is None or f in forms}
        stating = {f: self.step(c.rules, scene) for f, c in checks.items()}
        stated = in_rounds(scene, stating if self.pack else {}, refused=self.refused)
        scene.rules = RuleSet(stated) | self.given
        if forms is not None and not len(scene.rules):
            return scene
        asked = {r.id: self.step(_asked, check, r, table) for r, check in self._held(scene)}
        conditions = in_rounds(scene, asked, refused=self.refused)
        scene.profile = profile_table(table, conditions=list(dict.fromkeys(conditions)))
        _keep_to_finite(scene)
        return scene

    def finding(self, scene: Scene, forms: Container[str]) -> dict[str, Callable[[], Any]]:
        """Rule of one of these forms -> the step that gives its findings."""
        return {r.id: self.step(check.find, r, scene)
                for r, check in self._held(scene) if r.form in forms}  # fmt: skip

    def _held(self, scene: Scene) -> list[tuple[Rule, Check]]:
        """The rules that the table can be held to, with their checks."""
        pairs = ((r, self.checks[r.form]) for r in scene.rules if r.id not in self.refused)
        return [(r, check) for r, check in pairs if check.applies(r, scene.table)]

    def step(self, run: Callable[..., Iterable[Any]], *given: Any) -> Callable[[], Iterable[Any]]:
        """What :func:`in_rounds` takes."""
        return partial(run, *given)


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = self.laps.get(stage, 0.0) + now - self._last
        self._last = now


def stated_rules(rules: RuleSet | Iterable[Rule] | str | Path | None) -> RuleSet:
    """The rules a user gave, in whatever form."""
    if rules is None:
        return RuleSet()
    if isinstance(rules, str | Path):
        return RuleSet.load(rules)
    return rules if isinstance(rules, RuleSet) else RuleSet(rules)


def _refuse_unknown_forms(rules: RuleSet, checks: dict[str, Check]) -> None:
    faults = [
        Fault(r.id, f"form {r.form!r} has no check", f"forms: {', '.join(checks)}")
        for r in rules
        if r.form not in checks
    ]
    if faults:
        raise TableError("some rules cannot be run", faults=faults)


def _asked(check: Check, rule: Rule, table: OpenTable) -> Iterable[str]:
    """What the one pass counts for a rule, as far as the table's engine is asked it."""
    for condition in check.conditions(rule, table):
        if table.in_place:
            table.told(f"SELECT count_if({condition}) FROM {table.relation}")
        yield condition


def _keep_to_finite(scene: Scene) -> None:
    """Read NaN and infinity as null from here on: they break no law, they are no numbers."""
    strange = [n for n, p in scene.profile.columns.items() if p.num_not_finite]
    if not strange:
        return
    columns = dict(scene.table.columns)
    for name in strange:
        sql = columns[name].sql
        finite = f"CASE WHEN isfinite(CAST({sql} AS DOUBLE)) THEN {sql} END"
        columns[name] = replace(columns[name], sql=finite)
    scene.table = replace(scene.table, columns=columns)
    scene.profile = TableProfile(scene.profile.num_rows, scene.profile.columns, {})


def _about_the_input(table: OpenTable) -> Iterable[Finding]:
    import numpy as np

    tell = partial(Finding, table=table)
    if not table.num_rows:
        yield tell("empty_table", (), 0, 0.0, message=f"{table.name} has no rows",
                   advice="look whether the export or the filter before it failed")  # fmt: skip
    if table.repeated:
        yield tell(
            "repeated_columns", table.repeated, len(table.repeated), 0.0, severity="warning",
            unit="column", message=f"column names occur twice: {in_words(table.repeated)}",
            advice="rename them at the source; the later ones carry a number here",
        )  # fmt: skip
    refused = table.lines.num_refused if table.lines else 0
    if table.lines and refused:
        yield tell(
            "ragged_rows", (), refused, refused / (refused + table.num_rows),
            message=f"{counted(refused, 'row')} could not be read, left out of all other checks; "
            f"first {table.lines.refused[0]:.120}",
            advice="quote delimiters inside cells at the source, and double the quotes",
            evidence={"first": list(table.lines.refused)},
        )  # fmt: skip
    if table.summary_rows:
        rows = sorted(table.summary_rows)
        why = [f"row {row}: {table.summary_rows[row]}" for row in rows[:_SHOWN_ROWS]]
        yield tell(
            "summary_rows", (), len(rows), len(rows) / (len(rows) + table.num_rows),
            severity="warning", confidence=0.95, finder=lambda: np.array(rows, dtype=np.int64),
            message=f"{counted(len(rows), 'row', 'sum')} up others "
            f"({table.summary_rows[rows[0]]}): left out of all other checks",
            advice="export without totals, or keep them: summary_rows='keep'",
            evidence={"first": why},
        )  # fmt: skip
    rivals = table.matching.ambiguous
    if rivals:
        yield tell(
            "ambiguous_columns", rivals, len(rivals), 0.0, severity="info", unit="column",
            message=f"{in_words(rivals)} may be a standard column that another column already "
            "stands for",
            advice="rename or drop the one that is not meant",
        )  # fmt: skip


def _without_silenced(
    findings: list[Finding], rules: RuleSet
) -> tuple[list[Finding], list[Finding]]:
    quiet_rules = {r.id: r.silence for r in rules if r.silence is not None}
    kept, quiet = [], []
    today = date.today()
    for finding in findings:
        # A systemic finding is silent only if every rule it joins is.
        silences = [quiet_rules.get(i) for i in finding.rule.split(", ")] if finding.rule else []
        covered = [s for s in silences if s is not None and s.covers(finding.rate, today=today)]
        if silences and len(covered) == len(silences):
            finding.silenced = "; ".join(dict.fromkeys(s.reason for s in covered))
            quiet.append(finding)
        else:
            kept.append(finding)
    return kept, quiet


def _unchecked(table: OpenTable, *, pack: bool) -> list[str]:
    out = [
        f"the values of {c.name}: they can be read in two ways"
        for c in table.columns.values() if c.undecided
    ]  # fmt: skip
    if not table.own:
        out.append(
            "no column of a campaign table was recognised: no marketing law was checked; types, "
            "nulls, spelling, dependencies and exact duplicates were"
        )
        return out
    if not pack:
        return out
    for law in MARKETING_LAWS:
        absent = [c for c in law.columns if not table.has(c)]
        if absent and len(law.columns) > 1:
            out.append(f"{law.says()}: the table has no {' and no '.join(absent)}")
    return out
