"""The leaderboard's logic: runs are followed, filtered, ranked, compared, traced; none is lost."""

from __future__ import annotations

import csv
import doctest
import importlib
import io
import json
import pkgutil
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import campaignkit.report.leaderboard as leaderboard
from campaignkit import (
    AnnealingSampler,
    CampaignDataset,
    Catalogue,
    MajorityClassifier,
    TraitScorer,
    build_graph,
    compare_classifiers,
    diagnose,
)
from campaignkit.errors import ArtifactError
from campaignkit.recipes import published_runs
from campaignkit.report.leaderboard import (
    FollowedRead,
    FollowedRuns,
    RunFilter,
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
    comparison_view,
    cost_view,
    difficulty_view,
    faults_view,
    lineage_view,
    run_view,
)
from campaignkit.runs import RunLog, RunRecord
from campaignkit.store import digest_file
from run_logs import FAMILIES, a_run, log_with_predictions

NASTY = "<script>alert('x')</script>&\"<b>"


@pytest.mark.parametrize("module", [m.name for m in pkgutil.iter_modules(leaderboard.__path__)])
def test_the_examples_in_the_docstrings_run(module: str) -> None:
    loaded = importlib.import_module(f"campaignkit.report.leaderboard.{module}")

    assert doctest.testmod(loaded).failed == 0


def test_logs_are_read_together_and_again_as_they_grow(tmp_path: Path) -> None:
    one, two, later = tmp_path / "one", tmp_path / "two.jsonl", tmp_path / "later"
    RunLog(one).append(a_run(1))
    RunLog(two).append(a_run(2))
    runs = FollowedRuns([one, two, later])

    first = runs.read()
    calm = runs.has_changed()
    RunLog(two).append(a_run(3))
    grown = runs.has_changed()
    RunLog(later).append(a_run(4))
    last = runs.read()

    assert [r.run_id for r in first.records] == ["run-00001", "run-00002"]
    assert (calm, grown) == (False, True)
    assert len(last.records) == 4
    assert runs.read() is last


def test_a_broken_line_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    log.append(a_run(1))
    with (tmp_path / "runs.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"kind": "evaluation", "task"\n')
    log.append(a_run(2))

    read = FollowedRuns([tmp_path]).read()

    assert len(read.records) == 2
    assert [fault.where for fault in read.faults] == ["runs.jsonl:2"]


def test_a_run_in_two_logs_counts_once_and_is_told(tmp_path: Path) -> None:
    for name in ("a", "b"):
        RunLog(tmp_path / name).append(a_run(1))

    read = FollowedRuns([tmp_path / "a", tmp_path / "b"]).read()

    assert len(read.records) == 1
    assert "in another log too" in read.faults[0].found


def test_a_file_that_is_no_log_is_told_not_fatal(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    RunLog(tmp_path / "good").append(a_run(1))

    read = FollowedRuns([tmp_path / "notes.txt", tmp_path / "good"]).read()

    assert len(read.records) == len(read.faults) == 1


def test_filters_keep_exactly_what_is_asked_for() -> None:
    runs = [a_run(i) for i in range(60)]
    choices = choices_of(runs)

    for task in choices.tasks:
        for version in choices.datasets:
            kept = RunFilter(tasks=(task,), datasets=(version,)).of(runs)
            assert kept == [r for r in runs if r.task == task and dataset_version(r) == version]
    assert RunFilter().of(runs) == runs
    assert choices.families == tuple(sorted(FAMILIES))
    assert choices.scores[0] == "macro_f1"
    assert {r.run_id for r in RunFilter(text="ALL").of([a_run(1)])} == set()
    assert RunFilter(text=" PairWise 1").of(runs) == [
        r for r in runs if "pairwise 1" in r.model.name
    ]


def test_versions_of_a_data_set_are_told_apart() -> None:
    versions = choices_of([a_run(i) for i in range(8)]).datasets

    assert len(versions) == 4  # two names, two digests each


@given(st.lists(st.integers(0, 400), unique=True, max_size=40))
def test_a_ranking_holds_every_run_once_best_first(numbers: list[int]) -> None:
    runs = [a_run(i) for i in numbers]

    best, least = rank_runs(runs, "macro_f1"), rank_runs(runs, "log_loss")

    assert sorted(row.run_id for row in best.rows) == sorted(r.run_id for r in runs)
    scores = [row.score for row in best.rows]
    assert scores == sorted(scores, reverse=True)
    assert [row.score for row in least.rows] == sorted(row.score for row in least.rows)
    for row in best.rows:
        assert row.rank == 1 + sum(score > row.score for score in scores)


def test_runs_without_the_score_are_counted() -> None:
    fit = a_run(1, kind="fit", scores={}, intervals={}, confusion=[])

    assert rank_runs([fit, a_run(2)], "macro_f1").num_without == 1


def test_the_csv_holds_all_rows_and_no_formula() -> None:
    runs = [a_run(1, model={"name": "=cmd()", "family": "+x"}), a_run(2)]

    rows = list(csv.DictReader(io.StringIO(rank_runs(runs, "macro_f1").to_csv())))

    assert {row["run_id"] for row in rows} == {"run-00001", "run-00002"}
    assert {row["model"] for row in rows} >= {"'=cmd()"}
    assert {row["family"] for row in rows} >= {"'+x"}


def test_two_runs_with_predictions_are_tested_in_pairs(tmp_path: Path) -> None:
    log_with_predictions(tmp_path)
    read = FollowedRuns([tmp_path]).read()

    found = compare_runs(read, "good", "fair")

    assert found.test is not None
    assert found.test.num_rows == 300
    assert found.test.is_significant
    assert found.test.first_macro_f1 > found.test.second_macro_f1
    assert [pair.name for pair in found.per_label] == ["neg", "avg", "pos"]
    assert {pair.name for pair in found.costs} >= {"calls", "fit, CPU s", "money, USD"}
    assert "good beats fair by 0." in comparison_view(found)
    turned = comparison_view(compare_runs(read, "fair", "good"))
    assert "good beats fair by 0." in turned
    assert "interval 0." in turned  # of the better over the worse, whichever is named first


def test_without_predictions_or_on_other_data_the_reason_is_given(tmp_path: Path) -> None:
    log = log_with_predictions(tmp_path)
    log.append(a_run(3, run_id="elsewhere"))
    read = FollowedRuns([tmp_path]).read()

    bare = compare_runs(read, "good", "bare")
    elsewhere = compare_runs(read, "good", "elsewhere")
    (tmp_path / "runs-predictions" / "good.csv").unlink()
    gone = compare_runs(read, "good", "fair")

    assert bare.untested == "no predictions were kept for bare"
    assert "different data" in elsewhere.untested
    assert "does not exist" in gone.untested
    assert bare.test is elsewhere.test is gone.test is None


def test_predictions_of_other_rows_are_not_compared(tmp_path: Path) -> None:
    log = log_with_predictions(tmp_path)
    path = log.write_predictions("few", ["row 1", "row 2"], ["neg"] * 2, predicted=["neg"] * 2)
    log.append(a_run(2, run_id="few", predictions=path))

    found = compare_runs(FollowedRuns([tmp_path]).read(), "good", "few")

    assert found.untested == "the two prediction files share 2 rows, not all"


def test_a_run_that_is_not_there_is_said() -> None:
    with pytest.raises(ArtifactError, match="no run has the id"):
        compare_runs(FollowedRead((), ()), "a", "b")


def test_money_of_two_currencies_has_no_difference() -> None:
    runs = tuple(
        a_run(2, run_id=name, cost={"money": 1.0, "currency": name}) for name in ("USD", "EUR")
    )

    found = compare_runs(FollowedRead(runs, ()), "USD", "EUR")

    assert "money" not in {pair.name for pair in found.costs}


def test_difficulty_takes_the_best_run_of_each_family() -> None:
    runs = [a_run(i) for i in range(48)]

    found = difficulty_of(runs)

    assert found.unknown == ()
    assert len(found.points) == 12  # four data sets, three families
    for point in found.points:
        group = [
            r
            for r in runs
            if (dataset_version(r), r.model.family) == (point.dataset, point.family)
        ]
        assert point.score == max(r.scores["macro_f1"] for r in group)
        assert point.difficulty == pytest.approx(1 - group[0].scores["one_hot_macro_f1"])


def test_without_a_yardstick_the_baseline_stands_in_and_without_both_it_is_said() -> None:
    bare = {"macro_f1": 0.7}
    runs = [
        a_run(0, scores={"macro_f1": 0.5}, run_id="base"),  # of family baseline, on set 0
        a_run(4, scores=bare, run_id="pair", model={"name": "p", "family": "pairwise"}),
        a_run(3, scores=bare, run_id="other", model={"name": "p", "family": "pairwise"}),
    ]

    found = difficulty_of(runs)

    assert {point.difficulty for point in found.points} == {0.5}
    assert found.unknown == (dataset_version(runs[2]),)


def test_lineage_leads_from_a_run_over_data_set_and_graph_to_the_catalogue(tmp_path: Path) -> None:
    graph = build_graph(Catalogue.bundled("starter-27"), scorer=TraitScorer()).graph
    (tmp_path / "made").mkdir()
    graph.save(tmp_path / "made" / "graph")
    spec = diagnose(graph, type_ranges={"brand": (1, 1), "audience": (2, 4)}).suggest({"pos": 20})
    AnnealingSampler(graph, spec, seed=3).sample().write(tmp_path / "made" / "campaigns")
    manifest = tmp_path / "made" / "campaigns" / "manifest.json"
    run = a_run(1, lineage={"campaigns": digest_file(manifest)})

    steps = trace_lineage(run, [tmp_path])

    named = {step.name: step for step in steps}
    assert [step.depth for step in steps if step.name in {"campaigns", "graph", "catalogue"}] == [
        0, 1, 2,
    ]  # fmt: skip
    assert 20 in named["campaigns"].counts.values()
    assert named["campaigns"].seed == 3
    assert named["graph"].counts["nodes"] == 27
    assert named[f"data set {run.dataset.name}"].folder == named["campaigns"].folder
    assert "27 nodes" in lineage_view(steps)
    assert not trace_lineage(a_run(1), [tmp_path])[0].is_found


def test_a_run_beside_its_campaigns_is_traced_to_all_it_was_made_from(tmp_path: Path) -> None:
    graph = build_graph(Catalogue.bundled("starter-27"), scorer=TraitScorer()).graph
    graph.save(tmp_path / "graph")
    ranges = {"brand": (1, 1), "audience": (2, 4)}
    spec = diagnose(graph, type_ranges=ranges).suggest({"pos": 20, "avg": 20, "neg": 20})
    AnnealingSampler(graph, spec, seed=3).sample().write(tmp_path / "campaigns")
    read = CampaignDataset.read(tmp_path / "campaigns")
    train, test = read.split(test=0.5)

    compare_classifiers(
        {"majority": MajorityClassifier()}, train, test, graph=graph, run_log=tmp_path / "runs"
    )
    runs = FollowedRuns([tmp_path / "runs"]).read().records
    steps = trace_lineage(runs[-1], [tmp_path / "runs"])

    assert all(step.is_found for step in steps)
    assert {step.name for step in steps} == {
        "data set campaigns", "campaigns", "graph", "catalogue", "fit",
    }  # fmt: skip
    assert [Path(step.folder).name for step in steps][:2] == ["campaigns", "campaigns"]


def test_published_results_stand_apart_and_are_ranked_among_themselves() -> None:
    ranked = rank_runs([*published_runs(), a_run(1), a_run(2)], "macro_f1")

    assert len(ranked.rows) == 2
    assert ranked.num_without == 0
    assert ranked.published[0].score == 0.928
    assert ranked.published[0].per_label == {"neg": 0.9215, "avg": 0.9807, "pos": 0.8818}
    assert "0.9280" in published_view(ranked)
    assert "0.9280" not in standings_view(ranked)


def test_a_ranking_shows_the_f1_of_each_label_and_tests_the_first_against_the_next(
    tmp_path: Path,
) -> None:
    log_with_predictions(tmp_path)
    read = FollowedRuns([tmp_path]).read()
    ranked = rank_runs(read.records, "macro_f1")

    found = compare_with_best(read, ranked)

    page = standings_view(ranked, RankingContext(tested={f.second.run_id: f for f in found}))
    assert ">neg</span><br>F1" in page
    assert "f1_neg" in ranked.to_csv().splitlines()[0]
    assert [pair.second.model.name for pair in found] == [
        row.model for row in ranked.rows[1:] if row.dataset == ranked.rows[0].dataset
    ]
    tests = {pair.second.model.name: pair.test for pair in found}
    assert tests["fair"] is not None and tests["fair"].is_significant
    assert tests["bare"] is None
    assert "not tested" in page
    apart = standings_view(ranked, RankingContext(one_set=False))
    assert "badge" not in apart  # the best of scores on different rows is none
    assert page.count('class="badge best"') == 1
    assert "show a difference from 1 model." in leader_view(ranked, found, one_set=True)


def test_models_whose_difference_cannot_be_shown_are_one_group(tmp_path: Path) -> None:
    log = log_with_predictions(tmp_path)
    read = FollowedRuns([tmp_path]).read()
    told = read.logs["good"].read_predictions(read.record("good"))
    swapped = list(told.predicted)
    swapped[:2] = ["neg", "pos"]
    path = log.write_predictions("near", told.ids, told.truth, predicted=swapped)
    log.append(a_run(2, run_id="near", predictions=path, scores={"macro_f1": 0.5},
                     model={"name": "near", "family": "pairwise"}))  # fmt: skip
    read = FollowedRuns([tmp_path]).read()
    ranked = rank_runs([read.record(name) for name in ("good", "fair", "near")], "macro_f1")

    found = compare_with_best(read, ranked)
    page = standings_view(ranked, RankingContext(tested={f.second.run_id: f for f in found}))

    assert {pair.second.run_id: pair.is_tie for pair in found} == {"fair": False, "near": True}
    assert page.count(">tie</span>") == 1
    assert page.count('<tbody class="top">') == 2
    assert "2 models tie for the best." in leader_view(ranked, found, one_set=True)
    assert "No difference can be shown." in comparison_view(compare_runs(read, "good", "near"))


def test_a_fit_is_part_of_its_evaluation() -> None:
    fit = RunRecord(kind="fit", task="outcome", dataset={"name": "train", "num_rows": 4000},
                    model={"name": "m"}, run_id="the-fit")  # fmt: skip
    lone = RunRecord(kind="fit", task="outcome", dataset={"name": "d"}, model={"name": "m"})
    run = a_run(1, lineage={"fit": "the-fit"})

    ranked = rank_runs([fit, run, lone], "macro_f1")
    runs = {record.run_id: record for record in (fit, run)}
    page = standings_view(ranked, RankingContext(runs=runs))

    assert [row.fit_run for row in ranked.rows] == ["the-fit"]
    assert ranked.num_without == 1  # the fit that nothing was evaluated of
    assert "train, 4,000 rows" in page
    assert page.count("<tbody") == 1


def test_costs_and_difficulty_have_a_named_dot_for_each_model() -> None:
    runs = [a_run(i) for i in range(6)]
    free = a_run(7, run_id="free", model={"name": "free", "family": "f"}, cost=None, time=None)
    ranked = rank_runs([*runs, free], "macro_f1")

    cost = cost_view(ranked, "fit", {})
    hard = difficulty_view(difficulty_of(runs), {})

    for run in runs:
        assert f">{run.model.name}</text>" in cost
    assert ">free</text>" not in cost
    assert "1 run without this cost in the log." in cost
    assert ">baseline 0</text>" in hard
    assert "has this cost in its log" in cost_view(rank_runs([free], "macro_f1"), "money", {})


def test_manifests_that_name_each_other_end_the_way(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name).mkdir()
        told = {
            "kind": "x",
            "inputs": {"next": f"sha256:{other}"},
            "files": {"f": f"sha256:{name}"},
        }
        (tmp_path / name / "manifest.json").write_text(json.dumps(told))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "manifest.json").write_text("not json")

    steps = trace_lineage(a_run(1, lineage={"start": "sha256:a"}), [tmp_path])

    assert [step.digest for step in steps if step.name in {"start", "next"}] == [
        "sha256:a", "sha256:b", "sha256:a",
    ]  # fmt: skip


def test_names_from_a_log_are_text_in_every_table(tmp_path: Path) -> None:
    run = a_run(
        1, run_id="n", task=NASTY, notes=NASTY, parameters={NASTY: NASTY},
        model={"name": NASTY, "family": NASTY}, dataset={"name": NASTY}, lineage={NASTY: NASTY},
        scores={NASTY: 0.5}, intervals={},
    )  # fmt: skip
    read = FollowedRead((run, a_run(2)), (leaderboard_fault(),))

    pages = [
        standings_view(rank_runs(read.records, NASTY)),
        run_view(run),
        faults_view(read.faults),
        lineage_view(trace_lineage(run, [])),
        comparison_view(compare_runs(read, "n", "run-00002")),
        cost_view(rank_runs([run, a_run(2)], NASTY), "fit", {}),
        difficulty_view(difficulty_of([run.model_copy(update={"scores": {"macro_f1": 1.0}})]), {}),
    ]

    for page in pages:
        assert "<script" not in page
        assert "&lt;script&gt;" in page


def leaderboard_fault() -> object:
    from campaignkit.errors import Fault

    return Fault(f"{NASTY}:1", NASTY, NASTY)


def test_a_page_of_the_ranking_shows_its_rows_and_no_others() -> None:
    ranked = rank_runs([a_run(i) for i in range(30)], "macro_f1")

    page = standings_view(ranked, first=10, num_rows=10)

    shown = [row.run_id for row in ranked.rows if row.run_id in page]
    assert shown == [row.run_id for row in ranked.rows[10:20]]


def test_a_fit_has_a_page_too() -> None:
    fit = RunRecord(kind="fit", task="outcome", dataset={"name": "d"}, model={"name": "m"})

    assert "fit" in run_view(fit)
    assert "does not name what it was made from" in lineage_view(trace_lineage(fit, []))
