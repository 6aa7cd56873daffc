"""The leaderboard's tables as markup: every name in them is escaped."""

from __future__ import annotations

import json
from collections.abc import Sequence

from campaignkit.errors import Fault
from campaignkit.report.leaderboard.lineage import LineageStep
from campaignkit.report.leaderboard.run_comparison import RunComparison, ScorePair
from campaignkit.report.leaderboard.run_filter import dataset_version, family_of
from campaignkit.report.leaderboard.standings import LESS_IS_BETTER, Standing, Standings
from campaignkit.runs import RunRecord
from campaignkit.show.page import paragraph, table

STYLE = """<style>
.ck-runs table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14px}
.ck-runs th,.ck-runs td{padding:4px 14px 4px 0;text-align:left;vertical-align:top;
border:0;border-bottom:1px solid #e3e7ec}
.ck-runs td.number,.ck-runs th.number{text-align:right}
.ck-runs th{color:#5f6b7a;font-weight:600}.ck-runs .wide{overflow-x:auto}
</style>"""

_SHOWN_FAULTS = 50
_SHOWN_LABELS = 8
_LONGEST = 400  # characters of a parameter's value


def framed(*parts: str, name: str = "") -> str:
    """Markup of tables with the style they need, confined to them; `name` is a further class.

    Examples
    --------
    >>> framed("<p>a</p>").endswith('<div class="ck-runs"><p>a</p></div>')
    True
    """
    classes = f"ck-runs {name}".rstrip()
    return f'{STYLE}<div class="{classes}">{"".join(parts)}</div>'


def standings_view(standings: Standings, *, first: int = 0, num_rows: int = 100) -> str:
    """Some rows of a ranking, from position `first` on.

    Examples
    --------
    >>> from campaignkit.report.leaderboard import rank_runs
    >>> run = RunRecord(kind="evaluation", task="outcome", dataset={"name": "test"},
    ...                 model={"name": "<b>"}, scores={"macro_f1": 0.9})
    >>> "&lt;b&gt;" in standings_view(rank_runs([run], "macro_f1"))
    True
    """
    shown = standings.rows[first : first + num_rows]
    return framed(_ranking(shown), name="ck-ranking")


def published_view(standings: Standings) -> str:
    """The published results of a ranking, which stand apart; nothing where there are none.

    Examples
    --------
    >>> from campaignkit.report.leaderboard import rank_runs
    >>> from campaignkit.recipes import published_runs
    >>> "V15" in published_view(rank_runs(published_runs(), "macro_f1"))
    True
    """
    if not standings.published:
        return ""
    said = "Published: measured by others on rows of their own, so not to be ranked with yours."
    return framed(paragraph(said), _ranking(standings.published), name="ck-published")


def against_view(found: Sequence[RunComparison]) -> str:
    """Runs against the first of a ranking, each by a paired test on the same rows."""
    rows: list[list[object]] = []
    for pair in found:
        told: list[object] = [pair.untested, "", ""]
        if pair.test is not None:
            low, high = pair.test.interval
            told = [f"{pair.test.difference:+.4f}", _ends(low, high), f"{pair.test.p_value:.4f}"]
        rows.append([pair.second.model.name, *told, pair.second.run_id])
    first = found[0].first.model.name if found else "the first"
    return framed(table(["model", f"{first} is ahead by", "interval", "p", "run"], rows))


def _ranking(rows: Sequence[Standing]) -> str:
    score = rows[0].score_name if rows else "score"
    labels = list(dict.fromkeys(name for row in rows for name in row.per_label))[:_SHOWN_LABELS]
    head = ["rank", "model", "family", score, "interval", *(f"F1 {name}" for name in labels),
            "task", "data set", "rows", "fit, CPU s", "cost", "run"]  # fmt: skip
    cells: list[list[object]] = [
        [
            row.rank, row.model, row.family, f"{row.score:.4f}", _ends(row.low, row.high),
            *(f"{row.per_label[name]:.4f}" if name in row.per_label else "" for name in labels),
            row.task, row.dataset, row.num_rows,
            "" if row.fit_s is None else f"{row.fit_s:.2f}",
            "" if row.money is None else f"{row.money:.4f} {row.currency}", row.run_id,
        ]
        for row in rows
    ]  # fmt: skip
    return table(head, cells)


def faults_view(faults: Sequence[Fault]) -> str:
    """What could not be read: place, fault, what to do.

    Examples
    --------
    >>> "runs.jsonl:3" in faults_view([Fault("runs.jsonl:3", "is no run record")])
    True
    """
    rows = [[fault.where, fault.found, fault.fix] for fault in faults[:_SHOWN_FAULTS]]
    more = len(faults) - len(rows)
    rest = paragraph(f"and {more:,} more") if more > 0 else ""
    return framed(table(["where", "what", "what to do"], rows), rest)


def comparison_view(found: RunComparison) -> str:
    """Scores, labels and costs of two runs beside one another, and the paired test in words."""
    names = (found.first.model.name, found.second.model.name)
    if names[0] == names[1]:
        names = (f"{names[0]} ({found.first.run_id})", f"{names[1]} ({found.second.run_id})")
    parts = []
    for title, pairs, of_scores in (
        ("score", found.scores, True),
        ("F1 of label", found.per_label, True),
        ("cost", found.costs, False),
    ):
        if pairs:
            head = [title, *names, "difference", "" if not of_scores else "better"]
            parts.append(table(head, [_pair(pair, names, of_scores=of_scores) for pair in pairs]))
    parts.append(paragraph(paired_words(found)))
    return framed(*parts)


def paired_words(found: RunComparison) -> str:
    """What the paired test says, or why there is none."""
    if found.test is None:
        return f"No paired test: {found.untested}."
    verdict = (
        "more than luck would give" if found.test.is_significant else "within what luck would give"
    )
    return f"Paired test on {found.test.num_rows:,} rows: {found.test}. That is {verdict}."


def run_view(record: RunRecord) -> str:
    """One run: what it was, its scores with intervals, its parameters, its cost."""
    facts: list[list[object]] = [
        ["run", record.run_id], ["kind", record.kind], ["started", record.started_at],
        ["task", record.task], ["model", record.model.name], ["family", family_of(record)],
        ["data set", dataset_version(record)], ["rows", record.dataset.num_rows],
        ["seed", record.seed], ["notes", record.notes],
    ]  # fmt: skip
    for part in (record.cost, record.time):
        if part is not None:
            facts += [[name, value] for name, value in part.model_dump().items()]
    facts += [[name, _json(value)] for name, value in record.machine.items()]
    facts = [[name, value] for name, value in facts if value not in (None, "")]
    scores = [
        [name, f"{value:.4f}", _ends(*record.intervals.get(name, (None, None)))]
        for name, value in record.scores.items()
    ]
    parameters = [[name, _json(value)] for name, value in record.parameters.items()]
    parts = [table(["", ""], facts)]
    if scores:
        parts.append(table(["score", "value", "interval"], scores))
    if parameters:
        parts.append(table(["parameter", "value"], parameters))
    return framed(*parts)


def lineage_view(steps: Sequence[LineageStep]) -> str:
    """The way back from a run, a step a row; deeper steps are indented."""
    if not steps:
        return framed(paragraph("The run names nothing that it was made from."))
    rows = []
    for step in steps:
        counts = ", ".join(f"{value:,} {name}" for name, value in step.counts.items())
        seed = f"seed {step.seed}" if step.seed is not None else ""
        made = ", ".join(f"{name} {version}" for name, version in step.made_by.items())
        rows.append(
            [
                "\N{NO-BREAK SPACE}" * 4 * step.depth + step.name, step.kind, step.digest[:24],
                step.folder or "no manifest with this digest was found",
                "; ".join(part for part in (counts, seed, made) if part),
            ]
        )  # fmt: skip
    return framed(table(["made from", "kind", "digest", "where", "what"], rows))


def _pair(pair: ScorePair, names: tuple[str, str], *, of_scores: bool) -> list[object]:
    gap = pair.difference
    better = ""
    if of_scores and gap:
        first_wins = (gap > 0) != (pair.name in LESS_IS_BETTER)
        better = names[0] if first_wins else names[1]
    return [pair.name, _figure(pair.first), _figure(pair.second),
            "" if gap is None else f"{gap:+.4f}", better]  # fmt: skip


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:,.4f}".rstrip("0").rstrip(".")


def _ends(low: float | None, high: float | None) -> str:
    return (
        ""
        if low is None or high is None
        else f"{low:.4f}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{high:.4f}"
    )


def _json(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
