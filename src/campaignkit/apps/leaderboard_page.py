"""The leaderboard's page: from the query of an address to markup. It serves nothing itself."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from os import PathLike
from string import Template

from campaignkit.apps.leaderboard_query import KNOWN, VIEWS, Query, filter_fields, select_field
from campaignkit.errors import CampaignkitError
from campaignkit.recipes import published_runs
from campaignkit.recommend import Recommender
from campaignkit.report.leaderboard import (
    FilterChoices,
    FollowedRead,
    FollowedRuns,
    RunComparison,
    RunFilter,
    Standings,
    choices_of,
    compare_runs,
    compare_with_best,
    dataset_version,
    difficulty_of,
    rank_runs,
    trace_lineage,
)
from campaignkit.report.leaderboard.ranking_view import (
    RankingContext,
    leader_view,
    published_view,
    standings_view,
)
from campaignkit.report.leaderboard.views import (
    COSTS,
    comparison_view,
    cost_view,
    difficulty_view,
    faults_view,
    lineage_view,
    run_view,
)
from campaignkit.report.recommendation_view import recommendation_view
from campaignkit.runs import RunRecord
from campaignkit.show import counted
from campaignkit.show.escape import escape
from campaignkit.show.page import page_style, paragraph
from campaignkit.show.palette import series_colour

PAGE_ROWS = 100
_MOST_TESTED = 100  # selections whose paired tests are kept
MOST_CHOICES = 300  # runs in a list to choose from; the text filter reaches the others


@dataclass(frozen=True)
class _Selection:
    """The runs that a query asks for, and what all views need of them."""

    query: Query
    read: FollowedRead
    kept: Sequence[RunRecord]
    on: str  # the data set version; empty for all of them
    ranked: Standings
    choices: FilterChoices
    colours: Mapping[str, str]


class LeaderboardPage:
    """Run logs as pages.

    Parameters
    ----------
    logs : iterable of path
    shared : bool
        Whether others than the owner of the machine look: no folder is shown then.
    recommender : Recommender, optional
        Of the view that completes campaigns.

    Examples
    --------
    >>> "There are no runs yet" in LeaderboardPage([]).html("")
    True
    """

    def __init__(
        self,
        logs: Iterable[str | PathLike[str]],
        *,
        shared: bool = False,
        recommender: Recommender | None = None,
    ) -> None:
        self.recommender = recommender
        self.runs = FollowedRuns(logs)
        self.shared = shared
        self._published = published_runs()
        self._tested: tuple[FollowedRead | None, dict[str, tuple[RunComparison, ...]]] = None, {}

    def html(self, query: str) -> str:
        """The page that a query asks for.

        Raises
        ------
        ValueError
            If the query has too many fields.
        """
        version, read = self.runs.version, self._read()
        told = Query.of(query)
        if told.view == "recommend" and self.recommender is not None:
            return self._recommended(self.recommender, told, version)
        if not read.records:
            body = paragraph(
                "There are no runs yet. This page shows them as soon as they are written."
            )
            return _framed(told, version, body=self._faults(read) + body)
        chosen = self._select(told, read)
        ranked = chosen.ranked
        without = f", {ranked.num_without:,} without it" if ranked.num_without else ""
        held = counted(len(read.records), "run")
        status = (
            f"{counted(len(ranked.rows), 'run')} with {chosen.query.score} on "
            f"{chosen.on or 'all data sets'}{without}. The logs have {held}."
        )
        make = {"ranking": self._ranking, "compare": _compare, "cost": _cost,
                "difficulty": _difficulty, "run": self._run,
                "recommend": _no_model}[told.view]  # fmt: skip
        fields = filter_fields(chosen.query, chosen.choices, chosen.colours)
        body = self._faults(read) + make(chosen)
        return _framed(chosen.query, version, body=body, status=status, fields=fields)

    def csv(self, query: str) -> str:
        """The ranking that a query asks for, all rows of it, as CSV."""
        return self._select(Query.of(query), self._read()).ranked.to_csv()

    def _read(self) -> FollowedRead:
        """What the logs contain; the garbage collector is spared the records: they have no cycles.

        It would walk all of them again and again: half the time of reading.
        """
        if not self.runs.has_changed():
            return self.runs.read()
        gc.disable()  # the process is the page's own
        try:
            read = self.runs.read()
            gc.freeze()
        finally:
            gc.enable()
        return read

    def _select(self, query: Query, read: FollowedRead) -> _Selection:
        choices = choices_of(read.records)
        scores = choices.scores
        score = query.score if query.score in scores else next(iter(scores), "macro_f1")
        wanted = RunFilter(
            tasks=(query.task,) if query.task else (), families=query.family, text=query.text
        )
        kept = wanted.of(read.records)
        data = _largest(kept, score) if query.data is None else query.data
        on = data if query.view != "difficulty" else ""  # that one compares data sets
        if on:
            kept = [record for record in kept if dataset_version(record) == on]
        published = RunFilter(text=query.text).of(self._published)
        return _Selection(
            query=replace(query, score=score, data=data),
            read=read,
            kept=kept,
            on=on,
            ranked=rank_runs([*kept, *published], score),
            choices=choices,
            colours={name: series_colour(i) for i, name in enumerate(choices.families)},
        )

    def _recommended(self, recommender: Recommender, query: Query, version: str) -> str:
        values = recommender.vocabulary.to_values()
        known = {name: value for name, value in query.known if value in values.get(name, ())}
        fields = "".join(
            select_field(
                KNOWN + name,
                name,
                {"": "to be chosen"} | {value: value for value in listed},
                known.get(name, ""),
            )
            for name, listed in values.items()
        )
        status = "Choose what is known; the rest is completed."
        body = recommendation_view(recommender, known)
        return _framed(query, version, body=body, status=status, fields=fields)

    def _faults(self, read: FollowedRead) -> str:
        if not read.faults:
            return ""
        said = f"{counted(len(read.faults), 'problem')} in the logs"
        return (
            f'<details id="faults"><summary>{said}</summary>{faults_view(read.faults)}</details>'
        )

    def _ranking(self, chosen: _Selection) -> str:
        query, ranked = chosen.query, chosen.ranked
        tested = self._tests(chosen)
        context = RankingContext(
            colours=chosen.colours,
            tested={pair.second.run_id: pair for pair in tested},
            runs=chosen.read.by_id,
            link=query.link,
            one_set=bool(chosen.on),
        )
        pages = max(1, -(-len(ranked.rows) // PAGE_ROWS))
        page = min(max(query.page, 1), pages)
        table = standings_view(ranked, context, first=(page - 1) * PAGE_ROWS, num_rows=PAGE_ROWS)
        links = f'<a href="{escape(query.link("/leaderboard.csv"))}" download>Download CSV</a>'
        if pages > 1:
            around = {"Previous": page - 1, "Next": page + 1}
            turns = "".join(
                f'<a href="{escape(query.link(page=number))}">{name} {PAGE_ROWS}</a>'
                for name, number in around.items()
                if 1 <= number <= pages
            )
            links += f"<span>Page {page:,} of {pages:,}</span>{turns}"
        published = published_view(ranked)
        if published:
            published = (
                '<details id="published"><summary>Published results, measured by others</summary>'
                f"{published}</details>"
            )
        leader = leader_view(ranked, tested, one_set=bool(chosen.on))
        return f'{leader}{table}<p class="links">{links}</p>{published}'

    def _tests(self, chosen: _Selection) -> tuple[RunComparison, ...]:
        """Paired tests of the best run against those behind it; made once for each best run."""
        query, ranked = chosen.query, chosen.ranked
        if query.score != "macro_f1" or not chosen.on or not ranked.rows:
            return ()
        if self._tested[0] is not chosen.read or len(self._tested[1]) > _MOST_TESTED:
            self._tested = chosen.read, {}
        made, key = self._tested[1], query.link()
        if key not in made:
            made[key] = compare_with_best(chosen.read, ranked)
        return made[key]

    def _run(self, chosen: _Selection) -> str:
        run = _chosen_run(chosen, chosen.query.run)
        asked = _choose(chosen, "run", "Run", run)
        if run is None:
            return asked
        folders = [path if path.is_dir() else path.parent for path in self.runs.paths]
        steps = trace_lineage(run, folders)
        made = lineage_view(steps, with_folders=not self.shared)
        return f"{asked}<h3>{escape(run.model.name)}</h3>{run_view(run)}<h3>Made from</h3>{made}"


def style_sheet() -> str:
    """The style of all pages, and the additional style of the leaderboard."""
    return f"{page_style()}\n{page_part('page.css')}"


@cache
def page_part(name: str) -> str:
    """A file of the page: its frame, its style, its script."""
    return (files("campaignkit.report.leaderboard") / name).read_text(encoding="utf-8")


def _framed(query: Query, version: str, *, body: str, status: str = "", fields: str = "") -> str:
    views = "".join(
        f'<li><a href="{escape(query.link(view=view))}"'
        f"{' aria-current=page' if view == query.view else ''}>{title}</a></li>"
        for view, title in VIEWS.items()
    )
    return Template(page_part("page.html")).substitute(
        title=VIEWS[query.view], version=escape(version), views=views, view=query.view,
        fields=fields, status=escape(status), body=body,
    )  # fmt: skip


def _largest(records: Sequence[RunRecord], score: str) -> str:
    """The data set version with most runs of this score; of equals the one with the latest run."""
    counts: Counter[str] = Counter()
    latest: dict[str, str] = {}
    for record in records:
        if score in record.scores:
            version = dataset_version(record)
            counts[version] += 1
            latest[version] = max(record.started_at, latest.get(version, ""))
    return max(counts, key=lambda version: (counts[version], latest[version]), default="")


def _choose(chosen: _Selection, name: str, title: str, run: RunRecord | None) -> str:
    """A list of the best runs, with the chosen one, and what reaches the others."""
    rows = chosen.ranked.rows[:MOST_CHOICES]
    if run is None:
        return paragraph("No run of this selection has this score.")
    named = {run.run_id: f"{run.model.name} · {run.run_id}"}
    named |= {
        row.run_id: f"{row.rank}. {row.model} · {row.score:.3f} · {row.run_id}" for row in rows
    }
    more = len(chosen.ranked.rows) - len(rows)
    note = paragraph(f"The list has the best {len(rows)} of {len(chosen.ranked.rows):,} runs; "
                     "filters reach the others.") if more else ""  # fmt: skip
    return select_field(name, title, named, run.run_id) + note


def _chosen_run(chosen: _Selection, run_id: str, *, at: int = 0) -> RunRecord | None:
    rows = chosen.ranked.rows
    if run_id in chosen.read.by_id:
        return chosen.read.by_id[run_id]
    return chosen.read.by_id[rows[min(at, len(rows) - 1)].run_id] if rows else None


def _compare(chosen: _Selection) -> str:
    first = _chosen_run(chosen, chosen.query.a)
    second = _chosen_run(chosen, chosen.query.b, at=1)
    asked = _choose(chosen, "a", "First run", first) + _choose(chosen, "b", "Second run", second)
    if first is None or second is None:
        return asked
    try:
        found = comparison_view(compare_runs(chosen.read, first.run_id, second.run_id))
    except CampaignkitError as err:
        found = paragraph(err.message)
    return f'<div class="pair">{asked}</div>{found}'


def _cost(chosen: _Selection) -> str:
    titles = {name: title for name, (_, title) in COSTS.items()}
    asked = select_field("cost", "Cost", titles, chosen.query.cost)
    return asked + cost_view(chosen.ranked, chosen.query.cost, chosen.colours)


def _no_model(chosen: _Selection) -> str:
    del chosen
    return paragraph("Start the leaderboard with --recommend MODEL to complete campaigns.")


def _difficulty(chosen: _Selection) -> str:
    return difficulty_view(difficulty_of(chosen.kept), chosen.colours)
