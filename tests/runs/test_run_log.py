"""The run log: lines that survive several writers, killed writers and strangers."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydantic
import pytest
from hypothesis import given, strategies as st

import campaignkit.runs
from campaignkit.errors import ArtifactError
from campaignkit.runs import RunLog, RunRecord, machine_facts

LEAST = {
    "kind": "evaluation",
    "task": "outcome",
    "dataset": {"name": "test"},
    "model": {"name": "majority", "family": "baseline"},
}

texts = st.text(max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
records = st.builds(
    RunRecord,
    kind=st.sampled_from(("fit", "evaluation")),
    task=texts,
    dataset=st.fixed_dictionaries({"name": texts, "digest": st.none() | texts}),
    model=st.fixed_dictionaries({"name": texts, "family": texts}),
    parameters=st.dictionaries(texts, values, max_size=3),
    seed=st.none() | st.integers(),
    scores=st.dictionaries(texts, numbers, max_size=3),
    notes=texts,
)


@given(written=st.lists(records, max_size=4))
def test_what_is_appended_is_read_in_order(
    tmp_path_factory: pytest.TempPathFactory, written: list[RunRecord]
) -> None:
    log = RunLog(tmp_path_factory.mktemp("runs") / "runs")
    log.folder.mkdir()
    for record in written:
        log.append(record)

    read = log.read()

    assert (read.records, read.faults) == (tuple(written), ())


def test_a_broken_line_is_told_with_its_number_and_the_rest_is_read(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "runs.jsonl")
    log.append(RunRecord(**LEAST, run_id="first"))
    with log.path.open("ab") as file:
        file.write(b'{"kind": "evaluation"}\n\n\xff\xfe\n[1, 2]\n' + b"[" * 100_000 + b"\n")
        file.write(json.dumps({**LEAST, "run_id": "x", "scores": {"f": "high"}}).encode() + b"\n")
        file.write(b'{"kind": "fi')  # killed here
    log.append(RunRecord(**LEAST, run_id="last"))

    read = log.read()

    assert [record.run_id for record in read.records] == ["first", "last"]
    assert [fault.where.split(":")[1] for fault in read.faults] == list("245678")
    assert "task: Field required" in read.faults[0].found
    assert "scores.f" in read.faults[4].found


def test_several_writers_lose_no_line(tmp_path: Path) -> None:
    code = """
import sys
from campaignkit.runs import RunLog, RunRecord
log = RunLog(sys.argv[1])
for i in range(40):
    log.append(RunRecord(kind="fit", task="t" * 5000, dataset={"name": "d"}, model={"name": "m"},
                         run_id=f"{sys.argv[2]}-{i}"))
"""
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "runs.jsonl"), str(n)])
        for n in range(4)
    ]
    ended = [writer.wait(timeout=120) for writer in writers]

    read = RunLog(tmp_path / "runs.jsonl").read()

    assert ended == [0] * 4
    assert read.faults == ()
    assert {r.run_id for r in read.records} == {f"{n}-{i}" for n in range(4) for i in range(40)}


def test_a_folder_is_all_its_logs_and_a_run_met_twice_is_told(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        RunLog(tmp_path / name).append(RunRecord(**LEAST, run_id="same"))
    RunLog(tmp_path).append(RunRecord(**LEAST, run_id="own"))
    (tmp_path / "notes.txt").write_text("not a log")

    read = RunLog(tmp_path).read()

    assert [record.run_id for record in read.records] == ["same", "own"]
    assert [str(f) for f in read.faults] == [
        "b.jsonl:1: run id same is already at a.jsonl:1 (keep one of the two lines)"
    ]


def test_a_log_that_is_none_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\x00")
    (tmp_path / "odd.jsonl").write_bytes(b"\xff\xfe{\x00}\x00")

    with pytest.raises(ArtifactError, match="no run log at"):
        RunLog(tmp_path / "absent.jsonl").read()
    with pytest.raises(ArtifactError, match=r"does not end in \.jsonl"):
        RunLog(tmp_path / "picture.png")
    assert "binary or in UTF-16" in RunLog(tmp_path / "odd.jsonl").read().faults[0].found


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"scores": {"macro_f1": float("nan")}}, "finite"),
        ({"confusion": [[1, 2]]}, "square"),
        ({"confusion": [[-1]]}, "greater than or equal to 0"),
        ({"intervals": {"macro_f1": (0.9, 0.8)}}, "low end above"),
        ({"predictions": "../other.csv"}, "leaves the log's folder"),
        ({"predictions": "/etc/other.csv"}, "leaves the log's folder"),
        ({"started_at": "2026-01-31T12:00:00"}, "time zone"),
        ({"run_id": "a/b"}, "pattern"),
        ({"score": {}}, "Extra inputs"),
    ],
)
def test_a_record_that_says_nonsense_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=said):
        RunRecord(**{**LEAST, **wrong})


def test_array_numbers_are_taken_as_plain_ones() -> None:
    record = RunRecord(
        **LEAST,
        parameters={
            "cuts": np.array([0.5, 1.0]),
            "rank": np.int64(8),
            "on": {"a": np.bool_(1)},
        },
        scores={"macro_f1": np.float32(0.5)},
        confusion=np.eye(2, dtype=np.int64),
        machine=machine_facts(),
    )

    assert record.parameters == {"cuts": [0.5, 1.0], "rank": 8, "on": {"a": True}}
    assert RunRecord.model_validate_json(record.model_dump_json()) == record


def test_predictions_stand_beside_the_log_and_come_back(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "runs.jsonl")
    name = log.write_predictions(
        "r1", ["a", 'b,"'], ["pos", "neg"], predicted=["pos", "pos"],
        probabilities=[[0.1, 0.9], [0.25, 0.75]], labels=["neg", "pos"],
    )  # fmt: skip
    record = RunRecord(**LEAST, run_id="r1", predictions=name)

    read = log.read_predictions(record)

    assert read.ids == ("a", 'b,"')
    assert read.probabilities == ((0.1, 0.9), (0.25, 0.75))
    with pytest.raises(ArtifactError, match="kept no predictions"):
        log.read_predictions(RunRecord(**LEAST))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "starts with ''"),
        (b"\xff\xfe", "cannot be read as predictions"),
        (b"id,truth,predicted,p_neg\na,pos,pos,nan\n", "not between 0 and 1"),
        (b"id,truth,predicted,p_neg\na,pos,pos,x\n", "not a number"),
        (b"id,truth,predicted\na,pos\n", r"one\.csv:2: 2 cells"),
        (b"id,truth,predicted\na,pos,pos\na,pos,pos\n", "repeated"),
    ],
)
def test_a_prediction_file_that_is_none_is_a_clear_error(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "one.csv").write_bytes(content)
    log = RunLog(tmp_path / "runs.jsonl")

    with pytest.raises(ArtifactError, match=said):
        log.read_predictions(RunRecord(**LEAST, predictions="one.csv"))


def test_ten_thousand_runs_are_read(tmp_path: Path) -> None:
    lines = [
        RunRecord(**LEAST, run_id=f"r{i}", scores={"macro_f1": 0.5, "log_loss": 1.0},
                  intervals={"macro_f1": (0.4, 0.6)}, confusion=[[5, 1, 0], [1, 5, 1], [0, 1, 5]],
                  machine=machine_facts()).model_dump_json()
        for i in range(10_000)
    ]  # fmt: skip
    (tmp_path / "runs.jsonl").write_text("\n".join(lines))

    read = RunLog(tmp_path / "runs.jsonl").read()

    assert len(read.records) == 10_000


@pytest.mark.parametrize("name", [m.name for m in pkgutil.iter_modules(campaignkit.runs.__path__)])
def test_the_examples_of_the_room_run(name: str) -> None:
    module = importlib.import_module(f"campaignkit.runs.{name}")

    assert doctest.testmod(module).failed == 0


def test_what_is_no_record_is_not_appended(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "runs.jsonl")
    with pytest.raises(ArtifactError, match="'a run' is not a record; nothing was appended"):
        log.append("a run")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
