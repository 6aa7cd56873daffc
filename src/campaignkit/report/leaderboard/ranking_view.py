"""The ranking as markup: a dot with its interval for each model, the best and its ties marked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from campaignkit.report.leaderboard.run_comparison import RunComparison
from campaignkit.report.leaderboard.standings import Standing, Standings
from campaignkit.runs import RunRecord
from campaignkit.show import counted, in_words
from campaignkit.show.axes import shorten
from campaignkit.show.escape import escape
from campaignkit.show.page import label_name, paragraph, table, verdict
from campaignkit.show.palette import INK, label_colours
from campaignkit.show.strip import Strip

_SHOWN_LABELS = 8
_LONGEST = 400  # characters of a parameter's value


@dataclass(frozen=True)
class RankingContext:
    """What a ranking shows in addition to its scores.

    Attributes
    ----------
    colours : mapping of str to str
        The colour of each family.
    tested : mapping of str to RunComparison
        The best run against others, by their run ids.
    runs : mapping of str to RunRecord
        Runs by id, for the details.
    link : callable
        ``link(view=..., run=...)`` is the address of another view.
    one_set : bool
        Whether all runs are on the same rows; of others none is marked as the best.

    Examples
    --------
    >>> RankingContext().tested
    {}
    """

    colours: Mapping[str, str] = field(default_factory=dict)
    tested: Mapping[str, RunComparison] = field(default_factory=dict)
    runs: Mapping[str, RunRecord] = field(default_factory=dict)
    link: Callable[..., str] | None = None
    one_set: bool = True

    @property
    def has_tests(self) -> bool:
        """Whether some paired test was made, so that distances from the best are shown."""
        return any(pair.test is not None for pair in self.tested.values())


def standings_view(
    standings: Standings,
    context: RankingContext | None = None,
    *,
    first: int = 0,
    num_rows: int = 100,
) -> str:
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
    return _ranking(shown, standings.rows[:1], context or RankingContext())


def leader_view(standings: Standings, tested: Sequence[RunComparison], *, one_set: bool) -> str:
    """Which model is the best and whether others tie with it: the answer before the table."""
    if not standings.rows:
        return verdict("No scores", "No run of this selection has this score.", state="info")
    best = replace(standings.rows[0], model=short_name(standings.rows[0].model))
    found = f"{best.model} leads."
    score = f"{best.score_name} is {best.score:.3f}."
    if not one_set:
        said = "The runs are on different data sets: choose one to see which models tie."
        return verdict(found, f"{score} {said}", state="info")
    made = [pair for pair in tested if pair.test is not None]
    ties = [f"“{short_name(pair.second.model.name)}”" for pair in made if pair.is_tie]
    if not made:
        return verdict(found, f"{score} {_untested(standings, tested)}", state="info")
    rows = counted(made[0].test.num_rows if made[0].test else 0, "row")
    shown = f"show a difference from {counted(len(made) - len(ties), 'model')}"
    if not ties:
        return verdict(found, f"{score} Paired tests on {rows} {shown}.", state="good")
    return verdict(
        f"{len(ties) + 1} models tie for the best.",
        f"“{best.model}” has a {best.score_name} of {best.score:.3f}. Paired tests on {rows} show "
        f"no difference from {in_words(ties, 4)}; they {shown}.",
        state="info",
    )


def _untested(standings: Standings, tested: Sequence[RunComparison]) -> str:
    if tested:
        return f"Ties are not known: {tested[0].untested}."
    if standings.rows[0].score_name != "macro_f1":
        return "Paired tests are made for macro_f1 alone."
    return "There is no other run to compare it with."


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
    said = "Others measured these scores on rows of their own, so they are not ranked with yours."
    labels = _labels(standings.published)
    rows = [
        [row.rank, row.model, row.dataset, f"{row.score:.4f}",
         *(_label_score(row, name) for name in labels)]
        for row in standings.published
    ]  # fmt: skip
    head = ["rank", "model", "data set", standings.published[0].score_name]
    return paragraph(said) + table([*head, *(f"F1 {name}" for name in labels)], rows)


def _ranking(rows: Sequence[Standing], best: Sequence[Standing], context: RankingContext) -> str:
    if not rows:
        return ""
    labels = _labels(rows)
    strip = Strip.over(
        end for row in rows for end in (row.score, row.low, row.high) if end is not None
    )
    hues = label_colours(labels)
    heads = "".join(
        f'<th class="number f1">{label_name(shorten(name, 84), hues[name])}<br>F1</th>'
        for name in labels
    )
    score = escape(rows[0].score_name)
    behind = '<th class="number behind">behind the best</th>' if context.has_tests else ""
    head = (
        f'<tr><th class="number">rank</th><th>model</th><th class="number">{score}</th>'
        f'<th class="strip"><span>{score}, 95% interval</span>{strip.axis()}</th>'
        f"{behind}{heads}</tr>"
    )
    body = "".join(_row(row, best[0], strip, (labels, context)) for row in rows)
    return (
        f'<div class="wide"><table class="ranking"><caption class="unseen">Runs by {score}'
        f"</caption><thead>{head}</thead>{body}</table></div>"
    )


def _row(
    row: Standing, best: Standing, strip: Strip, shared: tuple[list[str], RankingContext]
) -> str:
    labels, context = shared
    pair = context.tested.get(row.run_id)
    is_best = row is best and context.one_set
    mark = ""
    if is_best:
        mark = '<span class="badge best">best</span>'
    elif pair is not None and pair.is_tie:
        mark = '<span class="badge">tie</span>'
    hue = context.colours.get(row.family, INK)
    ends = interval_text(row.low, row.high)
    said = f"{row.model}: {row.score:.4f}" + (f", {ends}" if ends else "")
    dot = strip.dot(row.score, row.low, row.high, said=said, colour=hue,
                    best=best.score if context.one_set else None)  # fmt: skip
    behind = f'<td class="number behind">{_behind(pair, is_best=is_best)}</td>'
    cells = "".join(f'<td class="number f1">{_label_score(row, name)}</td>' for name in labels)
    return (
        f'<tbody class="{"top" if mark else ""}"><tr><td class="number">{row.rank}</td>'
        f'<td class="model">{label_name(shorten(row.model, 540), hue)} {mark}</td>'
        f'<td class="number">{row.score:.3f}<small>{ends}</small></td><td class="strip">{dot}</td>'
        f"{behind if context.has_tests else ''}{cells}</tr>"
        f'<tr class="more"><td></td><td colspan="{len(labels) + 4}">{_details(row, context)}</td>'
        "</tr></tbody>"
    )


def _behind(pair: RunComparison | None, *, is_best: bool) -> str:
    if is_best:
        return ""
    if pair is None or pair.test is None:
        return '<span class="muted">not tested</span>'
    return f"{pair.test.difference:.3f}<small>{interval_text(*pair.test.interval)}</small>"


def _details(row: Standing, context: RankingContext) -> str:
    """What is known of a run beyond its scores; its fit is a part of it."""
    record, fit = context.runs.get(row.run_id), context.runs.get(row.fit_run)
    short = [row.family, counted(row.num_rows, "row") if row.num_rows is not None else "",
             f"fitted in {row.fit_s:.2g} CPU s" if row.fit_s is not None else "",
             f"{row.money:,.4f} {row.currency}" if row.money is not None else "",
             row.started_at[:10]]  # fmt: skip
    facts: list[list[object]] = [["model", row.model], ["run", row.run_id],
                                 ["task", row.task], ["data set", row.dataset]]  # fmt: skip
    if fit is not None:
        rows = counted(fit.dataset.num_rows or 0, "row")
        facts += [["fitted on", f"{fit.dataset.name}, {rows}"], ["fit", fit.run_id]]
    if record is not None:
        facts += [["seed", record.seed], ["notes", record.notes]]
        facts += [[name, value_text(value)] for name, value in record.parameters.items()]
    links = ""
    if context.link is not None:
        links = (
            f'<p><a href="{escape(context.link(view="run", run=row.run_id))}">All of this run</a> '
            f'<a href="{escape(context.link(view="compare", b=row.run_id))}">Compare</a></p>'
        )
    listed = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
        for name, value in facts
        if value not in (None, "")
    )
    about = " · ".join(part for part in short if part)
    return (
        f'<details id="run-{escape(row.run_id)}"><summary>{escape(about)}</summary>'
        f'<dl class="terms">{listed}</dl>{links}</details>'
    )


def value_text(value: object) -> str:
    """A JSON value as text, cut to some hundred characters.

    Examples
    --------
    >>> value_text({"rank": 8}), value_text("plain")
    ('{"rank": 8}', 'plain')
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def short_name(name: str) -> str:
    """A model's name for a sentence or the head of a column.

    Examples
    --------
    >>> len(short_name("long " * 40))
    48
    """
    return shorten(name, 325)


def interval_text(low: float | None, high: float | None) -> str:
    """The ends of an interval; nothing where one is missing.

    Examples
    --------
    >>> interval_text(0.4, 0.61).split()
    ['0.400', 'to', '0.610']
    """
    return (
        ""
        if low is None or high is None
        else f"{low:.3f}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{high:.3f}"
    )


def _labels(rows: Sequence[Standing]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.per_label))[:_SHOWN_LABELS]


def _label_score(row: Standing, name: str) -> str:
    return f"{row.per_label[name]:.3f}" if name in row.per_label else ""
