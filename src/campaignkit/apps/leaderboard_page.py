"""The leaderboard's page, as Streamlit runs it: it asks and shows; what it shows is made by
:mod:`campaignkit.report.leaderboard` and :mod:`campaignkit.report.charts`.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from campaignkit.errors import CampaignkitError
from campaignkit.recipes import published_runs
from campaignkit.report.leaderboard import (
    FollowedRead,
    FollowedRuns,
    RunFilter,
    Standings,
    choices_of,
    compare_runs,
    compare_with_best,
    difficulty_of,
    rank_runs,
    trace_lineage,
)
from campaignkit.report.leaderboard.views import (
    against_view,
    comparison_view,
    faults_view,
    lineage_view,
    published_view,
    run_view,
    standings_view,
)

VIEWS = ("Ranking", "Compare", "Cost", "Difficulty", "A run")
PAGE_ROWS = 100
MOST_CHOICES = 300  # runs in a list to choose from; the text filter reaches the others
_FOLLOW_S = 2.0
_COSTS = {"fit, CPU s": "fit_s", "predict, CPU s": "predict_s", "money": "money", "calls": "calls"}


def show(paths: Sequence[str]) -> None:
    """Draw the page once; Streamlit calls it again at every click."""
    import streamlit as st

    st.set_page_config(page_title="campaignkit leaderboard", layout="wide")
    st.title("Leaderboard")
    runs = _followed(st, paths)
    read = _read(runs)
    _follow(st, runs, read)
    if read.faults:
        with st.expander(f"{len(read.faults):,} lines or logs could not be read", expanded=False):
            st.html(faults_view(read.faults))
    if not read.records:
        st.info("There are no runs yet. This page shows them as soon as they are written.")
        st.text("\n".join(str(path) for path in runs.paths))
        return
    wanted, score = _ask_filter(st, read)
    kept = wanted.of(read.records)
    published = RunFilter(text=wanted.text).of(published_runs())
    ranked = rank_runs([*kept, *published], score)
    st.text(  # not a caption: those are Markdown, and a score's name is not ours
        f"{len(kept):,} of {len(read.records):,} runs; {len(ranked.rows):,} with {score}, "
        f"{ranked.num_without:,} without"
    )
    view = st.radio("View", VIEWS, horizontal=True, label_visibility="collapsed")
    if view == "Ranking":
        _ranking(st, read, ranked)
    elif view == "Compare":
        _compare(st, read, ranked)
    elif view == "Cost":
        _cost(st, ranked)
    elif view == "Difficulty":
        _difficulty(st, kept)
    else:
        _run(st, read, ranked, runs.paths)


def _followed(st: Any, paths: Sequence[str]) -> FollowedRuns:  # Any: the streamlit module
    held = st.session_state
    more = [line.strip() for line in held.get("more", "").splitlines() if line.strip()]
    wanted = tuple(dict.fromkeys([*paths, *more]))

    # All who look share one reading of the logs.
    @st.cache_resource(show_spinner=False, max_entries=8)  # type: ignore[untyped-decorator]
    def followed(places: tuple[str, ...]) -> FollowedRuns:
        return FollowedRuns(places)

    runs: FollowedRuns = followed(wanted)
    return runs


def _read(runs: FollowedRuns) -> FollowedRead:
    """What the logs hold; the collector of garbage is spared the records, which hold no cycles.

    It would walk all of them again and again: half the time of reading, most of that of a click.
    """
    if not runs.has_changed():
        return runs.read()
    gc.disable()  # the process is the page's own
    try:
        read = runs.read()
        gc.freeze()
    finally:
        gc.enable()
    return read


def _follow(st: Any, runs: FollowedRuns, shown: FollowedRead) -> None:
    if not st.sidebar.toggle("Follow the logs", value=True):
        return

    @st.fragment(run_every=_FOLLOW_S)  # type: ignore[untyped-decorator]
    def look() -> None:
        if _read(runs) is not shown:
            st.rerun(scope="app")

    look()


def _ask_filter(st: Any, read: FollowedRead) -> tuple[RunFilter, str]:
    choices = choices_of(read.records)
    side = st.sidebar
    score = side.selectbox("Rank by", choices.scores or ("macro_f1",))
    wanted = RunFilter(
        tasks=tuple(side.multiselect("Task", choices.tasks)),
        datasets=tuple(side.multiselect("Data set version", choices.datasets)),
        families=tuple(side.multiselect("Model family", choices.families)),
        text=side.text_input("Model or run holds"),
    )
    side.text_area("More folders of runs, one a line", key="more", height=80)
    return wanted, score


def _ranking(st: Any, read: FollowedRead, ranked: Standings) -> None:
    pages = max(1, -(-len(ranked.rows) // PAGE_ROWS))
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page, of {pages}", 1, pages, 1))
    st.html(standings_view(ranked, first=(page - 1) * PAGE_ROWS, num_rows=PAGE_ROWS))
    # Made when it is asked for: 10,000 rows take longer than the page.
    st.download_button("Download CSV", ranked.to_csv, "leaderboard.csv", "text/csv")
    if st.toggle("Paired tests of the first against the next ones on its rows"):
        st.html(against_view(compare_with_best(read, ranked)))
    if st.toggle("Published results, measured by others"):
        st.html(published_view(ranked))


def _choose(st: Any, label: str, ranked: Standings, *, at: int = 0) -> str | None:
    rows = ranked.rows[:MOST_CHOICES]
    if not rows:
        st.info("No run of these has the score that is ranked by.")
        return None
    named = {
        row.run_id: f"{row.rank}. {row.model} · {row.score:.4f} · {row.dataset} · {row.run_id}"
        for row in rows
    }
    chosen: str | None = st.selectbox(
        label, list(named), index=min(at, len(rows) - 1), format_func=named.__getitem__
    )
    if len(ranked.rows) > len(rows):
        st.caption(f"The best {len(rows)} of {len(ranked.rows):,}; the filters reach the others.")
    return chosen


def _compare(st: Any, read: FollowedRead, ranked: Standings) -> None:
    from campaignkit.report.charts import confusion_chart

    left, right = st.columns(2)
    with left:
        first = _choose(st, "First run", ranked)
    with right:
        second = _choose(st, "Second run", ranked, at=1)
    if first is None or second is None:
        return
    try:
        found = compare_runs(read, first, second)
    except CampaignkitError as err:
        st.text(err.message)
        return
    st.html(comparison_view(found))
    for place, run in ((left, found.first), (right, found.second)):
        if run.confusion:
            names = run.labels or [str(i) for i in range(len(run.confusion))]
            chart = confusion_chart(run.confusion, names, title=run.model.name)
            _draw(place, chart)


def _cost(st: Any, ranked: Standings) -> None:
    from campaignkit.report.charts import tradeoff_chart

    known = {
        title: field
        for title, field in _COSTS.items()
        if any(getattr(row, field) is not None for row in ranked.rows)
    }
    if not known:
        st.info("None of these runs says what it cost.")
        return
    title = st.selectbox("Cost", list(known))
    rows = [
        {"model": row.model, "family": row.family, "score": row.score, "low": row.low,
         "high": row.high, "cost": getattr(row, known[title])}
        for row in ranked.rows
        if getattr(row, known[title]) is not None
    ]  # fmt: skip
    _draw(st, tradeoff_chart(rows, score=ranked.rows[0].score_name, cost=title))
    st.caption(f"{len(rows):,} runs; {len(ranked.rows) - len(rows):,} do not say this cost")


def _difficulty(st: Any, kept: Sequence[Any]) -> None:
    from campaignkit.report.charts import difficulty_chart

    found = difficulty_of(kept)
    if found.points:
        _draw(st, difficulty_chart(found.points))
    if found.unknown:
        st.caption("Of these data sets no run says what single attributes reach alone:")
        st.text("\n".join(found.unknown))


def _run(st: Any, read: FollowedRead, ranked: Standings, paths: Sequence[Path]) -> None:
    from campaignkit.report.charts import confusion_chart

    chosen = _choose(st, "Run", ranked)
    if chosen is None:
        return
    record = read.record(chosen)
    st.html(run_view(record))
    if record.confusion:
        names = record.labels or [str(i) for i in range(len(record.confusion))]
        _draw(st, confusion_chart(record.confusion, names))
    st.subheader("Made from")
    places = [path if path.is_dir() else path.parent for path in paths]
    st.html(lineage_view(trace_lineage(record, places)))


def _draw(place: Any, chart: Any) -> None:  # Any: a place on the page, an altair chart
    # As large as it is made: fitted to the page, titles and names are cut off.
    place.altair_chart(chart.properties(autosize="pad"), theme=None, width="content")


if __name__ == "__main__":
    show(sys.argv[1:])
