"""Managed tuning through the vendor's own client, against a service on this computer."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import campaignkit as ck
import campaignkit.classify.managed
from campaignkit.classify.managed import (
    PUBLISHED_RUNS,
    DroppedExamples,
    GeminiTuner,
    TuningSettings,
    write_tuning_file,
)
from campaignkit.classify.managed.cloud import Cloud
from campaignkit.dataset.text import render_prompts
from campaignkit.errors import ArtifactError, ClassifierError, DatasetError, NotFitted
from campaignkit.llm import RetryPolicy, WrongKey
from tuning_server import BATCH_SIZE, LONGEST, TOKEN, TuningServer

pytest.importorskip("google.genai")
pytest.importorskip("google.cloud.storage")

TEXTS = [f"campaign {i}: Nike, Peru" for i in range(40)]
LABELS = ["neg", "avg", "pos", "avg"] * 10


@pytest.fixture
def server() -> Iterator[TuningServer]:
    with TuningServer() as running:
        yield running


def tuner(server: TuningServer, folder: Path, **more: Any) -> GeminiTuner:
    from google.oauth2.credentials import Credentials

    given: dict[str, Any] = {
        "project": "proj", "location": "us-central1", "bucket": "gs://mine/tuning",
        "credentials": Credentials(token=TOKEN), "base_url": server.url,
        "storage_url": server.url, "poll_s": 0.01,
        "retry": RetryPolicy(first_wait_s=0.001, longest_wait_s=0.01),
    }  # fmt: skip
    return GeminiTuner(folder, **{**given, **more})


def test_rows_go_up_a_job_is_tuned_and_the_model_is_asked(
    server: TuningServer, tmp_path: Path
) -> None:
    made = tuner(server, tmp_path / "run", settings=TuningSettings(epochs=3, adapter_size=8))

    made.fit(TEXTS, LABELS, validation=(TEXTS[:4], LABELS[:4]))
    status = made.status()

    sent = server.sent_to("tuningJobs")
    assert sent["baseModel"] == "gemini-2.5-flash"
    assert sent["supervisedTuningSpec"]["hyperParameters"] == {
        "epochCount": 3, "learningRateMultiplier": 1.0, "adapterSize": "ADAPTER_SIZE_EIGHT",
    }  # fmt: skip
    assert (
        len(server.objects[sent["supervisedTuningSpec"]["trainingDatasetUri"]].splitlines()) == 40
    )
    assert (
        len(server.objects[sent["supervisedTuningSpec"]["validationDatasetUri"]].splitlines()) == 4
    )
    steps = -(-40 // BATCH_SIZE)
    assert (status.state, status.num_steps, status.steps_per_epoch) == (
        "SUCCEEDED", 3 * steps, steps,
    )  # fmt: skip
    assert [(p.epoch, p.step) for p in status.checkpoints] == [(1, 3), (2, 6), (3, 9)]
    assert made.predict(TEXTS).tolist() == LABELS


def test_probabilities_come_from_the_first_token_and_can_be_tuned_on(
    server: TuningServer, tmp_path: Path
) -> None:
    made = tuner(server, tmp_path).fit(TEXTS, LABELS)

    shares = made.predict_proba(TEXTS)
    asked = server.requests[-1][2]["generationConfig"]

    assert shares.shape == (40, 3)
    assert np.allclose(shares.sum(axis=1), 1)
    assert made.classes_[shares.argmax(axis=1)].tolist() == LABELS
    # Of .7, .2 and a word that is no label, .05 is left for the label that did not show.
    assert shares[1].tolist() == pytest.approx([0.7 / 0.95, 0.2 / 0.95, 0.05 / 0.95])
    assert asked["maxOutputTokens"] == 1 and asked["temperature"] == 0.0
    assert ck.evaluate(LABELS, shares).accuracy == 1.0


def test_a_tuned_model_stands_in_a_table_with_its_runs_logged(
    server: TuningServer, tmp_path: Path
) -> None:
    log = ck.RunLog(tmp_path / "runs.jsonl")
    rows = (TEXTS, LABELS)

    table = ck.compare_classifiers(
        {"gemini": tuner(server, tmp_path / "run")}, rows, rows, run_log=log,
        validation=rows, tuner=ck.DecisionTuner("offsets"),
    )  # fmt: skip
    records = log.read().records

    assert table["gemini"].scores.macro_f1 == 1.0
    assert [record.kind for record in records] == ["fit", "evaluation", "evaluation"]
    assert records[0].parameters["settings"]["adapter_size"] == 4
    assert TOKEN not in (tmp_path / "runs.jsonl").read_text()
    assert records[1].model.family == "GeminiTuner"


def test_a_run_goes_on_where_it_was_and_is_paid_for_once(
    server: TuningServer, tmp_path: Path
) -> None:
    tuner(server, tmp_path).fit(TEXTS, LABELS, waits=False)

    again = tuner(server, tmp_path).fit(TEXTS, LABELS)
    other = tuner(server, tmp_path).predict(TEXTS[:2])

    assert len(server.jobs) == 1
    assert again.status().state == "SUCCEEDED"
    assert other.tolist() == LABELS[:2]
    with pytest.raises(ClassifierError, match="other rows or settings"):
        tuner(server, tmp_path).fit(TEXTS[::-1], LABELS)
    with pytest.raises(ClassifierError, match="other rows or settings"):
        tuner(server, tmp_path, settings=TuningSettings(epochs=9)).fit(TEXTS, LABELS)
    assert len(server.jobs) == 1


@pytest.mark.parametrize("starts", [False, True])
def test_a_lost_answer_starts_no_second_job(
    server: TuningServer, tmp_path: Path, starts: bool
) -> None:
    server.refuses = [503, 429]
    server.starts_before_refusing = starts

    tuner(server, tmp_path).fit(TEXTS, LABELS)

    assert len(server.jobs) == 1


def test_a_process_killed_between_start_and_answer_finds_its_job(
    server: TuningServer, tmp_path: Path
) -> None:
    tuner(server, tmp_path).fit(TEXTS, LABELS, waits=False)
    state = json.loads((tmp_path / "tuning.json").read_text())
    del state["job"]
    (tmp_path / "tuning.json").write_text(json.dumps(state))

    tuner(server, tmp_path).fit(TEXTS, LABELS)

    assert len(server.jobs) == 1


def test_a_batch_is_matched_by_prompt_and_its_failures_are_told(
    server: TuningServer, tmp_path: Path
) -> None:
    made = tuner(server, tmp_path).fit(TEXTS, LABELS)
    asked = [TEXTS[2], "fail here", TEXTS[0], TEXTS[2], "never seen"]

    found = made.ask_batch(asked)
    again = tuner(server, tmp_path).ask_batch(asked)

    assert found.labels == ("pos", None, "neg", "pos", "avg") == again.labels
    assert found.failures == {1: "Bad Request: too long"}
    assert len(server.batches) == 1
    with pytest.raises(ClassifierError, match="row 1: Bad Request"):
        found.complete_labels()
    assert made.ask_batch(asked[:1]).labels == ("pos",)
    assert len(server.batches) == 2


def test_labels_of_any_names_are_answered_as_they_were_given(
    server: TuningServer, tmp_path: Path
) -> None:
    for name, given, words in (
        ("codes", [0, 1, 2, 1] * 10, None),
        ("own", ["low", "high"] * 20, {"high": "1", "low": "0"}),
    ):
        made = tuner(server, tmp_path / name, labels=words).fit(TEXTS, given)
        again = tuner(server, tmp_path / name, labels=words)

        assert made.classes_.tolist() == sorted(set(given))
        assert made.predict(TEXTS).tolist() == given == again.predict(TEXTS).tolist()
        assert made.predict_proba(TEXTS).shape == (40, len(set(given)))
        assert made.score(TEXTS, given) == 1.0
        server.memory.clear()
    with pytest.raises(ClassifierError, match="no word is known for 'a', 'b'"):
        tuner(server, tmp_path / "other").fit(TEXTS, ["a", "b"] * 20)


def test_campaigns_are_written_into_the_prompt_of_the_style(
    server: TuningServer, tmp_path: Path
) -> None:
    rows = [{"brand": brand} for brand in ("Nike", "Puma", "Adidas")]

    made = tuner(server, tmp_path, style=2).fit(rows, ["neg", "avg", "pos"])

    first = json.loads((tmp_path / "train.jsonl").read_bytes().splitlines()[0])
    assert first["contents"][0]["parts"][0]["text"] == render_prompts(rows, style=2)[0]
    assert first["contents"][1]["parts"][0]["text"] == "Underperforming"
    assert made.predict(rows).tolist() == ["neg", "avg", "pos"]


def test_what_the_object_says_wins_over_the_environment(
    server: TuningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from google.oauth2.credentials import Credentials

    with TuningServer() as other:
        for name, value in {
            "GOOGLE_VERTEX_BASE_URL": other.url, "GOOGLE_GEMINI_BASE_URL": other.url,
            "STORAGE_EMULATOR_HOST": other.url, "HTTP_PROXY": other.url, "http_proxy": other.url,
            "GOOGLE_API_KEY": "a-key-of-the-environment", "GOOGLE_CLOUD_PROJECT": "elsewhere",
            "GOOGLE_GENAI_USE_VERTEXAI": "false", "GOOGLE_GENAI_API_VERSION": "v7",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)

        tuner(server, tmp_path).fit(TEXTS, LABELS).ask_batch(TEXTS[:1])
        cloud = Cloud("proj", "us-central1", "gs://mine", Credentials(token=TOKEN))

        assert (other.requests, other.objects) == ([], {})
        assert server.headers.isdisjoint({"x-goog-api-key"})
        assert "us-central1-aiplatform.googleapis.com" in str(cloud.base_url)
        assert cloud._files._connection.API_BASE_URL == "https://storage.googleapis.com"


def test_a_large_file_goes_up_in_a_session(server: TuningServer, tmp_path: Path) -> None:
    long = [f"{row} " + "x" * 399_000 for row in range(24)]

    tuner(server, tmp_path).fit(long, LABELS[:24], waits=False)

    name = next(name for name in server.objects if name.endswith("train.jsonl"))
    assert server.objects[name] == (tmp_path / "train.jsonl").read_bytes()


def test_an_earlier_epoch_can_be_asked(server: TuningServer, tmp_path: Path) -> None:
    made = tuner(server, tmp_path, settings=TuningSettings(epochs=2)).fit(TEXTS, LABELS)

    made.ask(TEXTS[:1], epoch=1)

    assert server.requests[-1][1].endswith("endpoints/1-1:generateContent")
    with pytest.raises(ClassifierError, match="no checkpoint of epoch 7"):
        made.ask(TEXTS[:1], epoch=7)


def test_rows_that_the_service_drops_are_said(server: TuningServer, tmp_path: Path) -> None:
    long = [*TEXTS[:39], "x" * (LONGEST + 1)]

    with pytest.warns(DroppedExamples, match="left 1 of 40 rows out"):
        tuner(server, tmp_path).fit(long, LABELS)


def test_a_job_that_fails_says_why(tmp_path: Path) -> None:
    with TuningServer(fails_with="the dataset is too small") as server:
        made = tuner(server, tmp_path)
        with pytest.raises(ClassifierError, match="ended as FAILED: the dataset is too small"):
            made.fit(TEXTS, LABELS)
        with pytest.raises(NotFitted, match="no tuned model"):
            made.predict(TEXTS)


def test_a_job_can_be_cancelled(server: TuningServer, tmp_path: Path) -> None:
    made = tuner(server, tmp_path).fit(TEXTS, LABELS, waits=False)

    made.cancel()

    with pytest.raises(ClassifierError, match="ended as CANCELLED"):
        made.wait()


def test_without_log_probabilities_there_are_labels_and_no_probabilities(
    server: TuningServer, tmp_path: Path
) -> None:
    made = tuner(server, tmp_path).fit(TEXTS, LABELS)
    server.gives_logprobs = False

    assert made.predict(TEXTS).tolist() == LABELS
    with pytest.raises(ClassifierError, match="no log-probabilities"):
        made.predict_proba(TEXTS)


def test_wrong_credentials_stop_at_the_first_call(server: TuningServer, tmp_path: Path) -> None:
    from google.oauth2.credentials import Credentials

    made = tuner(server, tmp_path, credentials=Credentials(token="other"))

    with pytest.raises(WrongKey, match="does not accept the credentials"):
        made.fit(TEXTS, LABELS)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"adapter_size": 3}, "adapter_size: is 3"),
        ({"adapter_size": True}, "adapter_size: is True"),
        ({"epochs": 0}, "epochs: is 0; expected 1 or more; the untuned baseline is Prompted"),
        ({"epochs": 2.5}, "epochs: is 2.5"),
        ({"learning_rate_multiplier": 0}, "learning_rate_multiplier: is 0"),
        ({"learning_rate_multiplier": float("nan")}, "learning_rate_multiplier: is nan"),
        ({"base_model": "gpt-4"}, "base_model: is 'gpt-4'"),
    ],
)
def test_settings_that_would_be_ignored_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ClassifierError, match=said):
        TuningSettings(**given)


def test_the_published_runs() -> None:
    shown = {
        name: (run.epochs, run.learning_rate_multiplier, run.adapter_size)
        for name, run in PUBLISHED_RUNS.items()
    }

    assert shown == {
        "v15": (5, 1.0, 4), "v25": (10, 2.0, 16), "v26": (10, 2.0, 16), "v15-lite": (5, 1.0, 4),
    }  # fmt: skip
    assert {name for name, run in PUBLISHED_RUNS.items() if run.base_model.endswith("lite")} == {
        "v15-lite", "v25", "v26",
    }  # fmt: skip
    with pytest.raises(ClassifierError, match="no published run 'v1'"):
        GeminiTuner.published("v1")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"project": ""}, "Developer API"),
        ({"bucket": "mine"}, "gs://bucket/folder"),
        ({"base_url": "http://example.org"}, "unencrypted"),
        ({"storage_url": "ftp://example.org"}, "unencrypted"),
        ({"labels": ("0",)}, "words, at least two"),
        ({"labels": ("0", "0", "1")}, "two words or more"),
        ({"labels": ("a", "ab", "c")}, "none the beginning of another"),
    ],
)
def test_a_tuner_that_cannot_work_is_refused(
    server: TuningServer, tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ClassifierError, match=said):
        tuner(server, tmp_path, **given)


@pytest.mark.parametrize(
    ("texts", "labels", "said"),
    [
        (TEXTS[:2], ["neg", "avg", "pos"], "3 for 2 texts"),
        (TEXTS[:2], ["neg", "avg"], "no row is 2"),
        (["a", " ", "c"], ["neg", "avg", "pos"], "row 1: is blank"),
        (["a", 3, "c"], ["neg", "avg", "pos"], "row 1: is not a text"),
        (["a", "b", "c" * 400_001], ["neg", "avg", "pos"], "row 2: more than 400,000 letters"),
        (["a", "b", "c"], ["neg", "avg", "good"], "'good'"),
        ("abc", ["neg", "avg", "pos"], "expected one per row"),
        ([], [], "expected one row or more"),
    ],
)
def test_rows_that_cannot_be_tuned_on_are_refused_before_anything_is_sent(
    server: TuningServer, tmp_path: Path, texts: Any, labels: Any, said: str
) -> None:
    with pytest.raises((ClassifierError, DatasetError), match=said):
        tuner(server, tmp_path).fit(texts, labels)

    assert (server.requests, server.objects) == ([], {})


def test_a_state_that_is_none_is_a_clear_error(server: TuningServer, tmp_path: Path) -> None:
    (tmp_path / "tuning.json").write_text("{")

    with pytest.raises(ArtifactError, match="cannot be read"):
        tuner(server, tmp_path).fit(TEXTS, LABELS)


def test_a_line_is_a_conversation_with_its_instruction(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_tuning_file(
        path, ["é", "b", "c"], [0, 1, 2],
        labels=("Underperforming", "Average performance", "Overperforming"), system="Judge.",
    )  # fmt: skip

    first = json.loads(path.read_bytes().splitlines()[0])

    assert first == {
        "systemInstruction": {"role": "system", "parts": [{"text": "Judge."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "é"}]},
            {"role": "model", "parts": [{"text": "Underperforming"}]},
        ],
    }


@pytest.mark.parametrize(
    "name", [m.name for m in pkgutil.iter_modules(campaignkit.classify.managed.__path__)]
)
def test_the_examples_run(name: str) -> None:
    module = importlib.import_module(f"campaignkit.classify.managed.{name}")

    assert doctest.testmod(module).failed == 0
