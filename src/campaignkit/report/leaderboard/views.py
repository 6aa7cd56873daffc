"""The leaderboard's other views as markup: every name in them is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from campaignkit.errors import Fault
from campaignkit.report.leaderboard.difficulty import DifficultyTable
from campaignkit.report.leaderboard.lineage import LineageStep
from campaignkit.report.leaderboard.ranking_view import interval_text, short_name, value_text
from campaignkit.report.leaderboard.run_comparison import RunComparison, ScorePair
from campaignkit.report.leaderboard.run_filter import dataset_version, family_of
from campaignkit.report.leaderboard.standings import LESS_IS_BETTER, Standings
from campaignkit.runs import RunRecord
from campaignkit.show import counted, figure, heat_map
from campaignkit.show.axes import shorten
from campaignkit.show.dot_plot import Dot, dot_plot
from campaignkit.show.interval_plot import Interval, interval_plot
from campaignkit.show.page import label_name, paragraph, table, verdict
from campaignkit.show.palette import SERIES

_SHOWN_FAULTS = 50
_TABLED = 100  # dots of a chart whose numbers are listed below it, too
COSTS = {"fit": ("fit_s", "fit, CPU s"), "predict": ("predict_s", "predict, CPU s"),
         "money": ("money", "money"), "calls": ("calls", "calls")}  # fmt: skip


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
    return table(["where", "what", "what to do"], rows) + rest


def comparison_view(found: RunComparison) -> str:
    """The verdict on two runs; then scores, labels, costs and confusions side by side."""
    names = _two_names(found)
    parts = [verdict_view(found), _intervals(found, names)]
    tables = []
    for title, pairs, of_scores in (
        ("score", found.scores, True),
        ("F1 of label", found.per_label, True),
        ("cost", found.costs, False),
    ):
        if pairs:
            head = [title, *names, "difference", *(["better"] if of_scores else [])]
            tables.append(table(head, [_pair(pair, names, of_scores=of_scores) for pair in pairs]))
    parts.append(f'<div class="tables">{"".join(tables)}</div>')
    pictures = [
        confusion_picture(run, title=name)
        for run, name in zip((found.first, found.second), names, strict=True)
        if run.confusion
    ]
    return "".join(parts) + (figure(pictures, _CONFUSION) if pictures else "")


def verdict_view(found: RunComparison) -> str:
    """Which of two runs is better, by how much and how surely; or that it cannot be shown.

    Examples
    --------
    >>> run = RunRecord(kind="evaluation", task="t", dataset={"name": "d"}, model={"name": "m"})
    >>> "No paired test" in verdict_view(RunComparison(run, run, (), (), (), None, "no rows"))
    True
    """
    if found.test is None:
        return verdict("No paired test", f"{found.untested[:1].upper()}{found.untested[1:]}.",
                       state="warning")  # fmt: skip
    test = found.test
    names = _two_names(found)
    sign, (better, worse) = (1, names) if test.difference >= 0 else (-1, names[::-1])
    low, high = sorted(sign * end for end in test.interval)
    measured = (
        f"{test.level:.0%} interval {low:.3f} to {high:.3f}, paired randomisation test "
        f"{_p(test.p_value)}, {counted(test.num_rows, 'row')}"
    )
    counts = (
        f"{counted(test.num_only_first, 'row')} right by {names[0]} alone, "
        f"{test.num_only_second:,} by {names[1]} alone; McNemar test {_p(test.mcnemar_p)}."
    )
    gap = f"{abs(test.difference):.3f}"
    if found.is_tie:
        said = f"Macro F1 differs by {gap} ({measured}). {counts}"
        return verdict("No difference can be shown.", said, state="info")
    return verdict(f"{better} beats {worse} by {gap}.", f"Macro F1: {measured}. {counts}",
                   state="good")  # fmt: skip


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
    facts += [[name, value_text(value)] for name, value in record.machine.items()]
    facts = [[name, value] for name, value in facts if value not in (None, "")]
    scores = [
        [name, f"{value:.4f}", interval_text(*record.intervals.get(name, (None, None)))]
        for name, value in record.scores.items()
    ]
    parameters = [[name, value_text(value)] for name, value in record.parameters.items()]
    parts = [table(["fact", "value"], facts)]
    if scores:
        parts.append(table(["score", "value", "interval"], scores))
    if record.confusion:
        parts.append(figure(confusion_picture(record), _CONFUSION))
    if parameters:
        parts.append(table(["parameter", "value"], parameters))
    return f'<div class="tables">{"".join(parts)}</div>'


def lineage_view(steps: Sequence[LineageStep], *, with_folders: bool = True) -> str:
    """The way back from a run, a step a row; deeper steps are indented.

    Parameters
    ----------
    with_folders : bool
        Whether folders are shown whole; by their last name otherwise.
    """
    if not steps:
        return paragraph("The run does not name what it was made from.")
    rows = []
    for step in steps:
        counts = ", ".join(f"{value:,} {name}" for name, value in step.counts.items())
        seed = f"seed {step.seed}" if step.seed is not None else ""
        made = ", ".join(f"{name} {version}" for name, version in step.made_by.items())
        folder = step.folder if with_folders else Path(step.folder).name
        rows.append(
            [
                "\N{NO-BREAK SPACE}" * 4 * step.depth + step.name, step.kind, step.digest[:24],
                folder or "no manifest with this digest was found",
                "; ".join(part for part in (counts, seed, made) if part),
            ]
        )  # fmt: skip
    return table(["made from", "kind", "digest", "where", "what"], rows)


def cost_view(standings: Standings, cost: str, colours: Mapping[str, str]) -> str:
    """Scores against one cost, a named dot a run, with the numbers below."""
    field, title = COSTS[cost]
    rows = [row for row in standings.rows if getattr(row, field) is not None]
    missing = len(standings.rows) - len(rows)
    note = paragraph(f"{counted(missing, 'run')} without this cost in the log.") if missing else ""
    if not rows:
        return paragraph("No run of this selection has this cost in its log.")
    dots = [
        Dot(row.model, row.family, float(getattr(row, field)), row.score, row.low, row.high)
        for row in rows
    ]
    score = rows[0].score_name
    drawn = dot_plot(
        dots, title=f"{score} against {title}", x_label=f"{title} (logarithmic)", y_label=score,
        colours=colours, log_x=True,
    )  # fmt: skip
    listed = table(
        ["model", "family", score, "interval", title],
        [[row.model, row.family, f"{row.score:.3f}", interval_text(row.low, row.high),
          f"{getattr(row, field):,.4g}"] for row in rows[:_TABLED]],
    )  # fmt: skip
    return figure(drawn) + note + listed + _rest(len(rows))


def difficulty_view(found: DifficultyTable, colours: Mapping[str, str]) -> str:
    """The best F1 of each family by the difficulty of the data set, with the numbers below."""
    parts = []
    if found.points:
        points = sorted(found.points, key=lambda point: -point.score)
        drawn = dot_plot(
            [Dot(point.model, point.family, point.difficulty, point.score) for point in points],
            title="Best macro F1 of each family by difficulty of the data set",
            x_label="difficulty: 1 less the macro F1 that single attributes reach alone",
            y_label="macro F1", colours=colours,
            limits=((0.0, 1.0), (0.0, 1.0)), line=((0.0, 1.0), (1.0, 0.0)),
        )  # fmt: skip
        caption = "On the dashed line a model has learned nothing beyond single attributes."
        parts += [
            figure(drawn, caption),
            table(
                ["data set", "difficulty", "family", "best model", "macro F1"],
                [[p.dataset, f"{p.difficulty:.3f}", p.family, p.model, f"{p.score:.3f}"]
                 for p in sorted(points, key=lambda p: (p.difficulty, -p.score))[:_TABLED]],
            ),
            _rest(len(points)),
        ]  # fmt: skip
    if found.unknown:
        parts.append(paragraph("For these data sets no run reports what single attributes reach:"))
        parts.append(table(["data set"], [[name] for name in found.unknown[:_TABLED]]))
        parts.append(_rest(len(found.unknown)))
    return "".join(parts) or paragraph("No run of this selection has a macro F1.")


_CONFUSION = (
    "Rows are true labels, columns predicted ones. A cell's colour is its share of the row."
)


def confusion_picture(record: RunRecord, *, title: str = "Confusion") -> str:
    """What a run took for what: counts, coloured by their share of the true label's rows.

    Examples
    --------
    >>> run = RunRecord(kind="evaluation", task="t", dataset={"name": "d"}, model={"name": "m"},
    ...                 labels=["pos", "neg"], confusion=[[8, 2], [1, 9]])
    >>> "80.0%" in confusion_picture(run)
    True
    """
    names = record.labels or [str(number) for number in range(len(record.confusion))]
    short = [shorten(name, 140) for name in names]
    shares = [[count / (sum(row) or 1) for count in row] for row in record.confusion]
    texts = [
        [f"{share:.1%}\n{count:,}" for share, count in zip(*pair, strict=True)]
        for pair in zip(shares, record.confusion, strict=True)
    ]
    return heat_map(short, short, shares, title=shorten(title, 400, 15), texts=texts)


def _intervals(found: RunComparison, names: tuple[str, str]) -> str:
    """Macro F1 and the F1 of each label of both runs, a dot on its interval."""
    rows = []
    for key in ("macro_f1", *(f"f1_{pair.name}" for pair in found.per_label)):
        name = key.removeprefix("f1_").replace("macro_f1", "macro F1")
        for run, hue in zip((found.first, found.second), SERIES, strict=False):
            if key in run.scores:
                low, high = run.intervals.get(key, (None, None))
                score = run.scores[key]
                rows.append(Interval(name, score, low, high, hue, f"{score:.3f}"))
    if not rows:
        return ""
    legend = "".join(
        f"<span>{label_name(name, hue)}</span>" for name, hue in zip(names, SERIES, strict=False)
    )
    drawn = interval_plot(rows, title="F1 with 95% intervals", x_label="F1", width=760)
    return f'<p class="legend">{legend}</p>{figure(drawn)}'


def _two_names(found: RunComparison) -> tuple[str, str]:
    names = short_name(found.first.model.name), short_name(found.second.model.name)
    if names[0] == names[1]:
        return f"{names[0]} ({found.first.run_id})", f"{names[1]} ({found.second.run_id})"
    return names


def _pair(pair: ScorePair, names: tuple[str, str], *, of_scores: bool) -> list[object]:
    gap = pair.difference
    row: list[object] = [pair.name, _figure(pair.first), _figure(pair.second),
                         "" if gap is None else f"{gap:+.4f}"]  # fmt: skip
    if not of_scores:
        return row
    if not gap:
        return [*row, ""]
    first_wins = (gap > 0) != (pair.name in LESS_IS_BETTER)
    return [*row, names[0] if first_wins else names[1]]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:,.4f}"


def _p(value: float) -> str:
    return f"p {value:.4f}" if value >= 0.0001 else "p < 0.0001"


def _rest(number: int) -> str:
    if number <= _TABLED:
        return ""
    return paragraph(
        f"The table lists the first {_TABLED} of {number:,}; filters reach the others."
    )
