"""Blind evaluation as a kind of job: limits hold for keys, and nothing of the labels comes out."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from campaignkit.errors import EvaluationError, SettingError
from campaignkit.service import Home, Job, Key, NotThere, run_job, worker
from campaignkit.service.kinds.blind import add_labels, evaluator_at

TRUTH = {f"row {i}": label for i, label in enumerate(["neg", "avg", "pos", "avg"] * 10)}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    rows = "".join(f"{key},{label}\n" for key, label in TRUTH.items())
    (tmp_path / "labels.csv").write_text("id,label\n" + rows)
    home = Home(tmp_path / "home")
    add_labels(home.path, "spring", tmp_path / "labels.csv", quota=2, refused_quota=3)
    return home


def submitted(home: Home, key: Key, content: bytes) -> Job:
    digest, _ = home.upload(key, [content])
    file = {"digest": digest, "name": "mine.json"}
    return home.submit(key, "blind", {"set": "spring", "predictions": file})[0]


def scored(home: Home, key: Key, told: Any) -> Job:
    content = told if isinstance(told, bytes) else json.dumps(told).encode()
    return run_job(home, submitted(home, key, content).id)


def test_scores_and_standings_are_results_and_limits_hold_for_each_key(home: Home) -> None:
    ana, ben = (home.keys.add(name, scopes=["blind"])[0] for name in ("ana", "ben"))
    first = scored(home, ana, {"name": "first", "predictions": TRUTH})
    second = scored(home, ana, {"name": "second", "predictions": dict.fromkeys(TRUTH, "avg")})
    third = scored(home, ana, {"name": "third", "predictions": TRUTH})
    other = scored(home, ben, {"predictions": TRUTH})
    look = run_job(home, home.submit(ben, "blind", {"set": "spring"})[0].id)

    assert [job.state for job in (first, second, third, other)] == [
        "done",
        "done",
        "failed",
        "done",
    ]
    assert (first.result["summary"]["score"]["macro_f1"], second.used.rows) == (1.0, 40)
    assert "has used all 2 submissions" in third.error["message"]
    (file,) = look.result["files"]
    standings = b"".join(home.artifacts.read(file["digest"]))
    assert [row["user"] for row in json.loads(standings)] == [ana.id, ben.id]
    shown = json.dumps([asdict(job) for job in (first, second, third, other)])
    assert b"private" not in standings and "private" not in shown
    assert (
        "at most 94.8 bits each and 190 bits in all"
        in home.plan(ben, "blind", {"set": "spring"}).notes[1]
    )


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"predictions": TRUTH, "name": "\ud800"}).encode(),
        json.dumps({"predictions": TRUTH, "name": "a\x00b"}).encode(),
        json.dumps({"predictions": {key: [10**400, 0, 0] for key in TRUTH}}).encode(),
        json.dumps({"predictions": TRUTH}).replace('"neg"', "NaN").encode(),
        (json.dumps({"predictions": TRUTH})[:-2] + ', "row 0": "pos"}}').encode(),
        b'{"predictions": ' + b"[" * 60_000,
        b'{"predictions": 1' + b"0" * 5_000 + b"}",
        b"\xff\xfe\x00",
        b"",
    ],
)
def test_what_is_no_submission_fails_in_words_and_costs_its_rows(
    home: Home, content: bytes
) -> None:
    ana, ben = (home.keys.add(name, scopes=["blind"])[0] for name in ("ana", "ben"))
    scored(home, ben, {"predictions": TRUTH})

    failed = scored(home, ana, content)
    look = run_job(home, home.submit(ben, "blind", {"set": "spring"})[0].id)

    assert failed.state == "failed"
    assert "ended in" not in failed.error["message"]  # words, no traceback
    assert failed.used.rows == 40
    assert [e.is_accepted for e in evaluator_at(home.path, "spring").history(ana.id)] == [False]
    assert look.state == "done"  # the standings are there for everybody


def test_a_run_that_is_killed_before_it_ends_counts_once(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, _ = home.keys.add("ana", scopes=["blind"])
    job = submitted(home, ana, json.dumps({"predictions": TRUTH}).encode())
    claim = home.queue.claim("doomed", 0.0, job.id)
    assert claim
    with monkeypatch.context() as broken:
        broken.setattr(worker, "_write", lambda *told: None)  # killed before it wrote how it ended
        worker.do_work(home.artifacts, claim.job, home.work_folder(job.id), 1, lambda *far: None)

    done = run_job(home, job.id)

    assert done.state == "done"
    assert done.result["summary"]["score"]["num_left"] == 1
    assert len(evaluator_at(home.path, "spring").history()) == 1


def test_labels_are_no_artifact_and_their_names_no_paths(home: Home, tmp_path: Path) -> None:
    key, _ = home.keys.add("ana", scopes=["blind"])
    content = (tmp_path / "labels.csv").read_bytes()
    assert all(content != path.read_bytes() for path in home.path.rglob("artifacts/*/*"))

    with pytest.raises(SettingError, match="cannot be run"):
        home.plan(key, "blind", {"set": "../spring"})
    with pytest.raises(NotThere, match="there is no set of labels 'autumn'"):
        home.plan(key, "blind", {"set": "autumn"})
    with pytest.raises(EvaluationError, match="wrong settings"):
        add_labels(home.path, "other", tmp_path / "labels.csv", quota=0)
