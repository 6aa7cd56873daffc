"""Blind evaluation: complete submissions only, few of them, and no label comes out."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

import campaignkit as ck
from campaignkit.errors import ArtifactError, EvaluationError
from campaignkit.evaluation import QuotaSpent
from campaignkit.evaluation.blind_evaluator import answer_bits
from campaignkit.runs.appending import Appender

TRUTH = {f"row {i}": label for i, label in enumerate(["neg", "avg", "pos", "avg"] * 30)}


def told(share_right: float, seed: int = 0) -> dict[str, str]:
    rng = np.random.Generator(np.random.PCG64(seed))
    return {key: label if rng.random() < share_right else "avg" for key, label in TRUTH.items()}


def test_public_and_private_rows_are_all_rows_once_and_alike() -> None:
    blind = ck.BlindEvaluator(TRUTH, public_frac=0.3)

    blind.submit("ana", TRUTH)
    entry = blind.history()[0]

    assert blind.num_public == 36  # 9 neg, 18 avg, 9 pos
    assert entry.public["macro_f1"] == entry.private["macro_f1"] == 1.0


def test_a_submitter_learns_rounded_scores_of_public_rows_and_nothing_else() -> None:
    blind = ck.BlindEvaluator(TRUTH, digits=2)

    score = blind.submit("ana", told(0.6), name="first")

    shown = json.dumps(score.to_dict())
    assert round(score.macro_f1, 2) == score.macro_f1
    assert score.interval[0] <= score.macro_f1 <= score.interval[1]
    assert score.num_rows == 60
    assert "confusion" not in shown and "private" not in shown and "majority" not in shown


@given(missing=st.integers(0, 3), extra=st.integers(0, 3), doubled=st.integers(0, 3))
def test_missing_extra_and_doubled_ids_are_all_counted(
    missing: int, extra: int, doubled: int
) -> None:
    blind = ck.BlindEvaluator(TRUTH)
    pairs = list(TRUTH.items())[missing:]
    pairs += [(f"other {i}", "pos") for i in range(extra)] + pairs[-doubled or len(pairs) :]

    if not missing + extra + doubled:
        assert blind.submit("ana", pairs).macro_f1 == 1.0
        return
    with pytest.raises(EvaluationError) as caught:
        blind.submit("ana", pairs)

    said = str(caught.value)
    assert (f"{missing} missing" in said) == (missing > 0)
    assert (f"{extra} not asked for" in said) == (extra > 0)
    assert (f"{doubled} given more than once" in said) == (doubled > 0)
    assert blind.num_left("ana") == blind.quota  # a refused one is another count
    assert [e.is_accepted for e in blind.history()] == [False]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"row 3": "great"}, "predictions of id 'row 3': 'great'"),
        ({"row 3": [0.1, 0.2, 0.7]}, "labels and probabilities are mixed"),
        ({key: [0.5, 0.5] for key in TRUTH}, "has 2 probabilities; expected 3"),
        ({key: [float("nan")] * 3 for key in TRUTH}, "of id 'row 0': contain NaN"),
        ({key: [0.9, 0.9, 0.9] for key in TRUTH}, "do not add up to 1"),
        (dict.fromkeys(TRUTH, None), "120 of 120 labels are missing"),
        ({key: [10**400, 0, 0] for key in TRUTH}, "probabilities: are not a table of numbers"),
        ({"row 3": 10**400}, "predictions of id 'row 3': 1000"),
        ({"row 3": "\ud800"}, r"predictions of id 'row 3': '.ud800'"),
        ({"row 3": "a\x00"}, "predictions of id 'row 3'"),
    ],
)
def test_predictions_that_are_none_are_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        ck.BlindEvaluator(TRUTH).submit("ana", {**TRUTH, **wrong})


def test_a_quota_is_a_users_own_and_outlives_the_process(tmp_path: Path) -> None:
    log = tmp_path / "submissions.jsonl"
    first = ck.BlindEvaluator(TRUTH, quota=2, log=log)
    first.submit("ana", told(0.4))
    again = ck.BlindEvaluator(TRUTH, quota=2, log=log)
    assert again.submit("ana", told(0.5)).num_left == 0

    with pytest.raises(QuotaSpent, match="ana has used all 2 submissions"):
        again.submit("ana", TRUTH)

    assert again.submit("ben", TRUTH).num_left == 1
    assert [(e.user, e.is_accepted) for e in again.history()] == [
        ("ana", True), ("ana", True), ("ana", False), ("ben", True),
    ]  # fmt: skip


def test_a_quota_of_a_day_comes_back_the_next_day() -> None:
    clock = [datetime(2026, 1, 31, tzinfo=UTC)]
    blind = ck.BlindEvaluator(TRUTH, quota=1, window_s=86_400, now=lambda: clock[0])
    blind.submit("ana", told(0.5))
    with pytest.raises(QuotaSpent, match="of the last 86400 seconds"):
        blind.submit("ana", TRUTH)

    clock[0] += timedelta(days=1, seconds=1)

    assert blind.submit("ana", TRUTH).macro_f1 == 1.0


def test_submissions_at_once_do_not_pass_the_quota(tmp_path: Path) -> None:
    blinds = [ck.BlindEvaluator(TRUTH, quota=3, log=tmp_path / "log.jsonl") for _ in range(2)]
    ended: list[bool] = []

    def one(i: int) -> None:
        try:
            blinds[i % 2].submit("ana", told(0.5, i))
            ended.append(True)
        except QuotaSpent:
            ended.append(False)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ended) == [False] * 7 + [True] * 3
    assert [e.number for e in blinds[0].history()] == list(range(1, 11))


@pytest.mark.parametrize("change", ["edit", "drop", "break"])
def test_a_log_that_was_changed_is_noticed(tmp_path: Path, change: str) -> None:
    log = tmp_path / "log.jsonl"
    blind = ck.BlindEvaluator(TRUTH, log=log)
    for i in range(3):
        blind.submit("ana", told(0.5, i))
    lines = log.read_bytes().splitlines(keepends=True)
    if change == "edit":
        lines[0] = lines[0].replace(b'"user": "ana"', b'"user": "bob"')
    elif change == "drop":
        del lines[1]
    else:
        lines[1] = lines[1][:20] + b"\n"
    log.write_bytes(b"".join(lines))

    with pytest.raises(ArtifactError, match=r"log\.jsonl:2: is not the line that was written"):
        ck.BlindEvaluator(TRUTH, log=log)


def test_refused_submissions_are_used_up_too_and_then_nothing_is_logged() -> None:
    blind = ck.BlindEvaluator(TRUTH, quota=1, refused_quota=3)
    blind.submit("ana", TRUTH)
    for wrong in ({}, dict.fromkeys(TRUTH, "great"), TRUTH):  # the last: beyond the quota
        with pytest.raises(EvaluationError):
            blind.submit("ana", wrong)

    for _ in range(5):
        with pytest.raises(QuotaSpent, match="ana has used all 3 refused submissions"):
            blind.submit("ana", {})

    assert [e.is_accepted for e in blind.history("ana")] == [True, False, False, False]
    assert blind.submit("ben", TRUTH).num_left == 0  # another user's are his own


@pytest.mark.parametrize("name", ["\ud800", "a\x00b", "two\nlines", "x" * 201, 7, None])
def test_a_name_that_nobody_could_read_is_refused_and_counted(name: object) -> None:
    blind = ck.BlindEvaluator(TRUTH)

    with pytest.raises(EvaluationError, match=r"the name is .* without control characters"):
        blind.submit("ana", TRUTH, name=name)  # type: ignore[arg-type]
    with pytest.raises(EvaluationError, match="the user is"):
        blind.submit(name, TRUTH)  # type: ignore[arg-type]

    assert [(e.name, e.is_accepted) for e in blind.history()] == [("", False)]


def test_a_log_is_read_once_however_many_submissions_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def counting(self: Appender, start: int = 0) -> bytes:
        data = whole(self, start)
        read.append(len(data))
        return data

    whole = Appender.read
    monkeypatch.setattr(Appender, "read", counting)
    log = tmp_path / "log.jsonl"
    blinds = [ck.BlindEvaluator(TRUTH, quota=20, log=log) for _ in range(2)]
    for i in range(20):
        blinds[i % 2].submit("ana", told(0.5, i))

    assert sum(read) <= 2 * log.stat().st_size  # each of the two reads each line once
    assert [e.number for e in blinds[0].history()] == list(range(1, 21))


def test_a_log_that_became_shorter_is_noticed_by_who_has_it_open(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    blind = ck.BlindEvaluator(TRUTH, log=log)
    blind.submit("ana", TRUTH)
    log.write_bytes(b"")

    with pytest.raises(ArtifactError, match="is shorter than what was read before"):
        blind.submit("ana", TRUTH)


def test_a_submission_made_twice_under_one_name_counts_once(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    first = ck.BlindEvaluator(TRUTH, quota=1, log=log).submit("ana", told(0.5), once="job 1")
    again = ck.BlindEvaluator(TRUTH, quota=1, log=log).submit("ana", told(0.5), once="job 1")
    other = ck.BlindEvaluator(TRUTH, quota=1, log=log).submit("ben", told(0.5), once="job 1")

    assert first == again
    assert (other.number, other.num_left) == (2, 0)


def test_the_bits_that_answers_can_reveal_are_stated_and_add_up() -> None:
    blind = ck.BlindEvaluator(TRUTH, quota=3)

    first = blind.submit("ana", told(0.5))
    second = blind.submit("ana", {key: [0.2, 0.3, 0.5] for key in TRUTH})

    # Seven numbers of three digits; the log-loss and the calibration error with probabilities.
    assert first.num_bits == pytest.approx(7 * np.log2(1002), abs=0.1)
    assert second.num_bits == pytest.approx(first.num_bits + blind.bits_per_submission, abs=0.1)
    assert blind.bits_per_submission == pytest.approx(8 * np.log2(1002) + np.log2(34_540), abs=0.1)
    assert blind.standings()[0].num_bits == second.num_bits


def test_different_answers_are_no_more_than_the_stated_bits() -> None:
    truth = {f"row {i}": ("good", "bad")[i % 2] for i in range(8)}
    blind = ck.BlindEvaluator(truth, digits=1, quota=300)
    answers = set()
    for i in range(256):
        guess = {key: ("good", "bad")[i >> n & 1] for n, key in enumerate(truth)}
        score = blind.submit("ana", guess)
        answers.add((score.macro_f1, *score.scores.values(), *score.interval))

    assert np.log2(len(answers)) <= answer_bits(["macro_f1", "accuracy", "a", "b", "c", "d"], 1)


def test_standings_keep_the_best_and_hide_the_private_scores_until_asked() -> None:
    blind = ck.BlindEvaluator(TRUTH)
    blind.submit("ana", told(0.3))
    blind.submit("ben", told(0.5))
    blind.submit("ana", told(0.9), name="second")

    shown = blind.standings()

    assert [(s.user, s.name, s.num_submissions) for s in shown] == [
        ("ana", "second", 2), ("ben", "", 1),
    ]  # fmt: skip
    assert {s.private_macro_f1 for s in shown} == {None}
    assert blind.standings(with_private=True)[0].private_macro_f1 > 0.5


def test_labels_of_own_names_are_held_and_their_probabilities_come_in_sorted_order() -> None:
    truth = {f"row {i}": ("great", "poor")[i % 2] for i in range(40)}
    blind = ck.BlindEvaluator(truth)

    by_label = blind.submit("ana", truth)
    by_share = blind.submit(
        "ana",
        {
            key: [float(label == name) for name in blind.label_names]
            for key, label in truth.items()
        },
    )

    assert blind.label_names == ("great", "poor")
    assert by_label.macro_f1 == by_share.macro_f1 == 1.0
    assert set(by_label.scores) >= {"f1_great", "f1_poor"}


@pytest.mark.parametrize(
    ("labels", "settings", "said"),
    [
        ({"a": "good", "b": "neg"}, {}, "labels of id 'a': 'good'"),
        ({"a": "neg", "b": "avg", "c": "pos"}, {}, "leaves one part without it"),
        ({1: "neg", "1": "pos"}, {}, "the same text"),
        (TRUTH, {"public_frac": 1.0, "quota": 0, "digits": 9}, "quota: is 0; expected 1 or more"),
    ],
)
def test_labels_that_cannot_be_held_are_refused(
    labels: dict[object, str], settings: dict[str, object], said: str
) -> None:
    with pytest.raises(EvaluationError, match=said):
        ck.BlindEvaluator(labels, **settings)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\xff\xfei\x00d\x00", "UTF-16"),
        (b"row,label\na,pos\n", "expected id and label"),
        (b"id,label\na,pos\na,neg\n", r"labels\.csv:3: id 'a' is already on line 2"),
        (b"id,label\na\n", "1 cells; expected 2"),
    ],
)
def test_a_label_file_that_is_none_is_a_clear_error(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "labels.csv").write_bytes(content)

    with pytest.raises(EvaluationError, match=said):
        ck.BlindEvaluator.from_csv(tmp_path / "labels.csv")


def test_labels_quota_and_submissions_of_another_kind_are_refused() -> None:
    truth = {f"row {i}": label for i, label in enumerate(["neg", "avg", "pos"] * 20)}
    with pytest.raises(EvaluationError, match="labels are None; expected labels by id"):
        ck.BlindEvaluator(None)  # type: ignore[arg-type]
    with pytest.raises(EvaluationError, match="quota: is 'many'; expected 1 or more"):
        ck.BlindEvaluator(truth, quota="many")  # type: ignore[arg-type]
    with pytest.raises(EvaluationError, match="the submission is None; expected predictions"):
        ck.BlindEvaluator(truth).submit("ana", None)  # type: ignore[arg-type]
