"""A Gemini model, tuned by its provider on your rows, and asked for labels."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.labels import LABELS
from campaignkit.classify.managed.answers import ManagedAnswers, gather_answers, read_answer
from campaignkit.classify.managed.batch import read_batch, write_batch
from campaignkit.classify.managed.tuning_client import TuningClient, label_config
from campaignkit.classify.managed.tuning_data import (
    TuningFile,
    checked_answers,
    checked_texts,
    write_tuning_file,
)
from campaignkit.classify.managed.tuning_settings import PUBLISHED_RUNS, TuningSettings
from campaignkit.classify.managed.tuning_status import ENDED, TuningStatus
from campaignkit.errors import ArtifactError, ClassifierError, NotFitted
from campaignkit.llm import RetryPolicy
from campaignkit.store import atomic_file, digest_json

_STATE = "tuning.json"
_WORKERS = 7  # as the published runs asked


class DroppedExamples(UserWarning):
    """The service left training rows out; the message says how many.

    Examples
    --------
    >>> issubclass(DroppedExamples, UserWarning)
    True
    """


class GeminiTuner:
    """Tunes a Gemini model on texts and labels, and asks the tuned model.

    A folder keeps what was sent and which job it became, so that ``fit`` with the same rows and
    settings goes on where it was: a job that runs is watched, one that has ended is used, none is
    started, and paid for, twice.

    Parameters
    ----------
    folder : Path or str
        Of this one tuning run; made if need be.
    project, location : str
        Of the cloud project. Tuning does not work through the Developer API.
    bucket : str
        ``"gs://bucket/folder"``, where training rows and batch predictions go.
    settings : TuningSettings
    answers : (str, str, str)
        What the model says for neg, avg and pos.
    system : str
        A system instruction, for tuning and for asking alike.
    thinking_budget : int or None
        Tokens of thinking before an answer: 0 none, None what the model does by itself. A label
        needs none, and thinking would use up the tokens an answer may have.
    credentials : google.auth credentials, optional
        Those of the environment by default.
    base_url, storage_url : str, optional
        Other addresses than Google's.
    poll_s : float
        Seconds between two looks at a job.
    retry : RetryPolicy, optional

    Raises
    ------
    ClassifierError
        If a setting would be refused or silently ignored.
    WrongKey
        If there are no credentials.
    MissingExtra
        If google-genai is not installed: ``pip install "campaignkit[llm]"``.

    Examples
    --------
    >>> GeminiTuner.published("v25").adapter_size
    16
    >>> GeminiTuner("run", project="", location="us-central1", bucket="gs://mine")
    Traceback (most recent call last):
        ...
    campaignkit.errors.ClassifierError: project is ''; expected a name
      hint: tuning needs a cloud project: the Developer API, which works with a key alone, leaves \
training examples out of the request without a word
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        project: str,
        location: str,
        bucket: str,
        settings: TuningSettings | None = None,
        answers: Sequence[str] = ("0", "1", "2"),
        system: str = "",
        thinking_budget: int | None = 0,
        credentials: Any = None,  # Any: the vendor's credentials
        base_url: str | None = None,
        storage_url: str | None = None,
        poll_s: float = 60.0,
        retry: RetryPolicy | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.settings = settings or TuningSettings()
        self.answers = checked_answers(answers)
        self.system = system
        self.classes_ = np.array(LABELS)
        self._thinking_budget = thinking_budget
        self._poll_s = poll_s
        self._client = TuningClient(
            project=project, location=location, credentials=credentials, base_url=base_url,
            storage_url=storage_url, retry=retry,
        )  # fmt: skip
        self._bucket = self._client.bucket(bucket)

    @staticmethod
    def published(run: str) -> TuningSettings:
        """The settings of a published run: ``"v15"``, ``"v25"``, ``"v26"``, ``"v15-lite"``.

        Raises
        ------
        ClassifierError
            If there is no such run.
        """
        if run not in PUBLISHED_RUNS:
            raise ClassifierError(
                f"there is no published run {run!r}",
                hint=f"there are: {', '.join(PUBLISHED_RUNS)}",
            )
        return PUBLISHED_RUNS[run]

    def get_params(self) -> dict[str, Any]:
        """What a run log keeps of it."""
        return {
            **self.settings.to_dict(),
            "answers": list(self.answers),
            "system": self.system,
            "thinking_budget": self._thinking_budget,
        }

    def fit(
        self,
        texts: Sequence[str],
        labels: Any,
        *,
        validation: tuple[Sequence[str], Any] | None = None,
        waits: bool = True,
    ) -> Self:
        """Upload the rows, start the job, wait for its end; or go on with the one of this folder.

        Parameters
        ----------
        texts : sequence of str
            Whole prompts.
        labels : sequence
            neg, avg, pos, or 0, 1, 2, or the published words.
        validation : (texts, labels), optional
            Rows the service reports its loss on.
        waits : bool
            Whether to wait; if not, look at :meth:`status` and call ``fit`` again later.

        Raises
        ------
        ClassifierError
            If rows cannot be tuned on, the folder belongs to other rows or settings, or the job
            failed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        state = self._read_state()
        files = {"train": self._write("train", texts, labels)}
        if validation is not None:
            files["validation"] = self._write("validation", *validation)
        wanted = digest_json(
            {
                "settings": self.settings.to_dict(),
                "files": {name: file.digest for name, file in files.items()},
            }
        )
        if state and state["digest"] != wanted:
            raise ClassifierError(
                f"{self.folder} holds a run of other rows or settings; nothing was sent",
                hint="give another folder, or remove this one",
            )
        if not state.get("job"):
            self._start(wanted, files)
        return self.wait() if waits else self

    def status(self) -> TuningStatus:
        """What the service says of the job: state, steps, checkpoints, model.

        Raises
        ------
        NotFitted
            If no job was started in this folder.
        """
        return self._client.status(self._job())

    def wait(self) -> Self:
        """Wait for the end of the job, and keep where the tuned model is.

        Raises
        ------
        ClassifierError
            If the job failed, was cancelled or expired.
        """
        status = self._until(self.status, lambda found: found.has_ended)
        if not status.has_succeeded:
            raise ClassifierError(
                f"the tuning job {status.job} ended as {status.state}: {status.error or 'why?'}",
                hint="mend what it says, and tune in another folder",
            )
        if status.num_dropped:
            warnings.warn(
                f"the service left {status.num_dropped:,} of {status.num_examples or 0:,} rows "
                "out, too long ones mostly",
                DroppedExamples,
                stacklevel=2,
            )
        self._keep({**self._read_state(), "status": status.to_dict()})
        return self

    def cancel(self) -> None:
        """Ask the service to stop the job."""
        self._client.cancel(self._job())

    def ask(self, texts: Sequence[str], *, epoch: int | None = None) -> ManagedAnswers:
        """Ask the tuned model each prompt, seven at a time.

        Parameters
        ----------
        texts : sequence of str
        epoch : int, optional
            The checkpoint of this epoch; the last model by default.

        Returns
        -------
        ManagedAnswers
            Rows whose answer is no label are told in it.
        """
        rows = checked_texts(texts)
        endpoint = self._endpoint(epoch)
        config = self._label_config()
        with ThreadPoolExecutor(_WORKERS) as pool:
            told = list(pool.map(lambda row: self._client.answer(endpoint, row, config), rows))
        return gather_answers([read_answer(response, self.answers) for response in told])

    def ask_batch(self, texts: Sequence[str], *, name: str = "batch") -> ManagedAnswers:
        """Ask all prompts as one batch prediction, which costs less and takes longer.

        A folder keeps the job's name: the same `name` and texts go on waiting for the same job.
        """
        rows = checked_texts(texts)
        data = write_batch(rows, self._label_config())
        digest = digest_json(rows)
        path = self.folder / f"{name}.json"
        kept = _read_json(path)
        if kept and kept["digest"] != digest:
            raise ClassifierError(
                f"{path} is a batch of other prompts; nothing was sent", hint="give another name"
            )
        if not kept:
            source = self._bucket.write(f"{name}-prompts.jsonl", data)
            target = self._bucket.address_of(f"{name}-answers")
            job = self._client.start_batch(
                self._model(), source, target, name=f"{name}-{digest[7:19]}"
            )
            kept = {"digest": digest, "job": job, "target": target}
            _write_json(path, kept)
        state, error = self._until(
            lambda: self._client.batch_state(kept["job"]), lambda found: found[0] in ENDED
        )
        if state not in ("SUCCEEDED", "PARTIALLY_SUCCEEDED"):
            raise ClassifierError(
                f"the batch prediction ended as {state}: {error or 'no reason'}",
                hint=f"remove {path} to ask again",
            )
        found = [a for a in self._bucket.find(kept["target"]) if a.endswith(".jsonl")]
        return read_batch(rows, [self._bucket.read(a) for a in found], self.answers)

    def predict(self, texts: Sequence[str]) -> NDArray[np.str_]:
        """str[rows], the label of each prompt.

        Raises
        ------
        ClassifierError
            If an answer is no label: :meth:`ask` gives them as they are.
        """
        return self.ask(texts).complete_labels()

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """float64[rows, 3], from the log-probabilities of the first token."""
        return self.ask(texts).complete_probabilities()

    def _start(self, digest: str, files: dict[str, TuningFile]) -> None:
        name = f"campaignkit-{digest[7:23]}"
        # The name comes to disk before the job is started: if the answer is lost, it is found.
        known = self._client.find(name) if self._read_state() else None
        self._keep({"digest": digest, "name": name, "settings": self.settings.to_dict()})
        if known is None:
            places = {
                what: self._bucket.write(f"{name}-{what}.jsonl", file.path.read_bytes())
                for what, file in files.items()
            }
            known = self._client.start(
                self.settings,
                train=places["train"],
                validation=places.get("validation"),
                name=name,
            )
        self._keep({**self._read_state(), "job": known.job})

    def _write(self, what: str, texts: Sequence[str], labels: Any) -> TuningFile:
        return write_tuning_file(
            self.folder / f"{what}.jsonl", texts, labels,
            answers=self.answers, system=self.system, is_training=what == "train",
        )  # fmt: skip

    def _label_config(self) -> dict[str, Any]:
        # A digit is one token; a word may be several.
        longest = 1 if all(len(answer) == 1 for answer in self.answers) else 16
        return label_config(self.system, longest=longest, thinking_budget=self._thinking_budget)

    def _until(self, look: Callable[[], Any], is_over: Callable[[Any], bool]) -> Any:
        found = look()
        while not is_over(found):
            time.sleep(self._poll_s)
            found = look()
        return found

    def _job(self) -> str:
        job = self._read_state().get("job")
        if not job:
            raise NotFitted(f"no job was started in {self.folder}", hint="call fit first")
        return str(job)

    def _endpoint(self, epoch: int | None) -> str:
        status = self._ended_status()
        if epoch is None:
            return str(status["endpoint"])
        points = {point["epoch"]: point["endpoint"] for point in status["checkpoints"]}
        if not points.get(epoch):
            raise ClassifierError(
                f"there is no checkpoint of epoch {epoch}",
                hint=f"there are: {', '.join(map(str, points)) or 'none'}",
            )
        return str(points[epoch])

    def _model(self) -> str:
        status = self._ended_status()
        return str(status["model"] or status["endpoint"])

    def _ended_status(self) -> dict[str, Any]:
        status: dict[str, Any] | None = self._read_state().get("status")
        if not status:
            raise NotFitted(f"there is no tuned model in {self.folder}", hint="call fit first")
        return status

    def _read_state(self) -> dict[str, Any]:
        return _read_json(self.folder / _STATE)

    def _keep(self, state: dict[str, Any]) -> None:
        _write_json(self.folder / _STATE, state)


def _read_json(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise ArtifactError(f"{path} cannot be read: {err}", hint="give another folder") from err
    if not isinstance(told, dict) or "digest" not in told:
        raise ArtifactError(f"{path} is no state of a tuning run", hint="give another folder")
    return told


def _write_json(path: Path, value: dict[str, Any]) -> None:
    with atomic_file(path) as partial:
        partial.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
