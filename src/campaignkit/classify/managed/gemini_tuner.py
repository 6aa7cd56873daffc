"""A Gemini model, tuned by its provider on your rows, and asked for labels."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import KW_ONLY, asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.answers import ModelAnswers, Said
from campaignkit.classify.estimator import CampaignClassifier
from campaignkit.classify.managed.cloud import Cloud
from campaignkit.classify.managed.tuning_job import (
    ADAPTER_SIZES,
    ENDED,
    PUBLISHED_RUNS,
    SUCCEEDED,
    TuningSettings,
    TuningStatus,
    read_job,
    state_of,
)
from campaignkit.classify.managed.tuning_rows import (
    checked_words,
    read_response,
    read_responses,
    sendable_texts,
    write_requests,
    write_tuning_file,
)
from campaignkit.dataset.text import PromptTemplate, prompt_template
from campaignkit.errors import ArtifactError, ClassifierError, NotFitted
from campaignkit.llm import RetryPolicy
from campaignkit.progress import listener
from campaignkit.store import atomic_file, digest_json

_STATE = "tuning.json"
_WORKERS = 7  # as the published runs asked
_CANDIDATES = 5  # of the first token: the three labels, and what competes with them


class DroppedExamples(UserWarning):
    """The service left training rows out; the message says how many.

    Examples
    --------
    >>> issubclass(DroppedExamples, UserWarning)
    True
    """


@dataclass(eq=False, repr=False)
class GeminiTuner(CampaignClassifier):
    """Tunes a Gemini model on campaigns and labels, and asks the tuned model.

    A folder keeps what was sent and which job it became, so that ``fit`` with the same rows and
    settings continues where it stopped: a running job is watched, one that has ended is used, none
    is started, and paid for, twice.

    Parameters
    ----------
    folder : Path or str
        Of this one tuning run; made if need be.
    project, location : str
        Of the cloud project. Tuning does not work through the Developer API.
    bucket : str
        ``"gs://bucket/folder"``, where training rows and batch predictions go.
    settings : TuningSettings
    style : int, str or PromptTemplate
        The prompt that campaigns are written into; texts are taken as whole prompts.
    labels : mapping of label to word, or sequence of words, optional
        What the model says for each label; by default what the prompt asks for. Three words alone
        stand for neg, avg and pos; other words alone are the labels themselves.
    system : str
        A system instruction, for tuning and for asking alike.
    thinking_budget : int or None
        Tokens of thinking before an answer: 0 none, None what the model does by itself. A label
        needs none, and thinking would use up the tokens an answer may have.
    credentials : google.auth credentials, optional
        Those of the environment by default.
    base_url, storage_url : str, optional
        Other addresses than Google's; variables of the environment do not change them.
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
      hint: tuning needs a cloud project: the Developer API, which works with a key alone, omits \
training examples from the request without a message
    """

    folder: str | PathLike[str]
    _: KW_ONLY
    project: str
    location: str
    bucket: str
    settings: TuningSettings = field(default_factory=TuningSettings)
    style: int | str | PromptTemplate = 3
    labels: Mapping[Any, str] | Sequence[str] | None = None
    system: str = ""
    thinking_budget: int | None = 0
    credentials: Any = None  # Any: the vendor's credentials
    base_url: str | None = None
    storage_url: str | None = None
    poll_s: float = 60.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def __post_init__(self) -> None:
        self._folder = Path(self.folder)
        checked_words(self._given_words())
        self._cloud = Cloud(
            self.project, self.location, self.bucket, self.credentials, self.base_url,
            self.storage_url, self.retry,
        )  # fmt: skip

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

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        validation: Any = None,
        waits: bool = True,
    ) -> Self:
        """Upload the rows, start the job, wait for its end; or go on with the one of this folder.

        Parameters
        ----------
        X : CampaignDataset, data frame, list of {modality: [values]}, or whole prompts
        y : sequence, optional
            One label per row. Without it the labels that `X` brings.
        sample_weight : None
            The service takes none.
        validation : CampaignDataset or (X, y), optional
            Rows the service reports its loss on.
        waits : bool
            Whether to wait; if not, look at :meth:`status` and call ``fit`` again later.

        Raises
        ------
        ClassifierError
            If rows cannot be tuned on, the folder belongs to other rows or settings, or the job
            failed.
        """
        if sample_weight is not None:
            raise ClassifierError(
                "sample_weight is given; the service gives all rows the same weight"
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        how: dict[str, Any] = {n: getattr(self, n) for n in ("style", "labels", "system")}
        train, words = self._folder / "train.jsonl", dict[Any, str]()
        files = {"train": write_tuning_file(train, X, y, words=words, **how)}
        if validation is not None:
            pair = validation if isinstance(validation, tuple) else (validation, None)
            path = self._folder / "validation.jsonl"
            files["validation"] = write_tuning_file(path, *pair, words=words, **how)
        digest = digest_json({"settings": vars(self.settings), "files": files})
        state = self._state()
        if state and state["digest"] != digest:
            raise ClassifierError(
                f"{self._folder} contains a run of other rows or settings; nothing was sent",
                hint="give another folder, or remove this one",
            )
        if not state.get("job"):
            job = self._start(digest[7:23], [*files])
            self._keep({"digest": digest, "job": job, "labels": list(words.items())})
        self.classes_ = np.array(list(words))
        return self.wait() if waits else self

    def status(self) -> TuningStatus:
        """What the service says of the job: state, steps, checkpoints, model.

        Raises
        ------
        NotFitted
            If no job was started in this folder.
        """
        job, tunings = self._kept("job"), self._cloud.client.tunings
        return read_job(self._cloud.call(lambda: tunings.get(name=job)))

    def wait(self) -> Self:
        """Wait for the end of the job, and keep where the tuned model is.

        Raises
        ------
        ClassifierError
            If the job failed, was cancelled or expired.
        """
        while not (status := self.status()).has_ended:
            listener().update(f"tuning job, {status.state}", 0, 1)
            time.sleep(self.poll_s)
        if not status.has_succeeded:
            raise ClassifierError(
                f"the tuning job {status.job} ended as {status.state}: {status.error or 'why?'}",
                hint="correct what it reports, and tune in another folder",
            )
        if status.num_dropped:
            warnings.warn(
                f"the service left {status.num_dropped:,} of {status.num_examples or 0:,} rows "
                "out, too long ones mostly",
                DroppedExamples,
                stacklevel=2,
            )
        self._keep({**self._state(), "status": asdict(status)})
        return self

    def cancel(self) -> None:
        """Ask the service to stop the job."""
        job, tunings = self._kept("job"), self._cloud.client.tunings
        self._cloud.call(lambda: tunings.cancel(name=job))

    def ask(self, X: Any, *, epoch: int | None = None) -> ModelAnswers:
        """Ask the tuned model about each campaign, seven at a time.

        Parameters
        ----------
        X : as for :meth:`fit`
        epoch : int, optional
            The checkpoint of this epoch; the last model by default.

        Returns
        -------
        ModelAnswers
            It reports rows whose answer is not a label.
        """
        texts, status = sendable_texts(X, self.style), self._kept("status")
        points = {point["epoch"]: point["endpoint"] for point in status["checkpoints"]}
        endpoint = status["endpoint"] if epoch is None else points.get(epoch)
        if not endpoint:
            raise ClassifierError(
                f"there is no checkpoint of epoch {epoch}",
                hint=f"there are: {', '.join(map(str, points)) or 'none'}",
            )
        words = self._words()
        ask, config = self._cloud.client.models.generate_content, self._config(words)

        def answer(text: str) -> Said:
            how = {"model": endpoint, "contents": text, "config": config}
            return read_response(_json(self._cloud.call(lambda: ask(**how), text)), words)

        with ThreadPoolExecutor(_WORKERS) as pool:
            return ModelAnswers.gather(list(pool.map(answer, texts)), len(words))

    def ask_batch(self, X: Any) -> ModelAnswers:
        """Ask all prompts as one batch prediction, which costs less and takes longer.

        A batch of the same prompts to the same model is waited for, not started again.
        """
        texts, status = sendable_texts(X, self.style), self._kept("status")
        cloud, words = self._cloud, self._words()
        name = f"campaignkit-{digest_json([status['endpoint'], texts])[7:23]}"
        batches = cloud.client.batches

        def start() -> Any:
            options = _json(self._config(words))
            options.pop("systemInstruction", None)
            requests = write_requests(texts, self.system, options)
            return batches.create(
                model=status["model"] or status["endpoint"],
                src=cloud.upload(f"{name}-prompts.jsonl", requests),
                config={"dest": cloud.address_of(f"{name}-answers"), "display_name": name},
            )

        job = self._found_or_started(batches, name, start)
        resource = job.name
        while (state := state_of(job.state)) not in ENDED:
            listener().update(f"batch, {state}", 0, 1)
            time.sleep(self.poll_s)
            job = cloud.call(lambda: batches.get(name=resource))
        if state not in SUCCEEDED:
            why = getattr(job.error, "message", None) or "no reason"
            raise ClassifierError(f"the batch prediction ended as {state}: {why}")
        return read_responses(texts, cloud.download(f"{name}-answers"), words)

    def predict(self, X: Any) -> NDArray[Any]:
        """The label of each campaign, written as `fit` was given it.

        Raises
        ------
        ClassifierError
            If an answer is no label: :meth:`ask` gives them as they are.
        """
        return self.ask(X).complete_labels()

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """float64[rows, classes], from the log-probabilities of the first token."""
        return self.ask(X).complete_probabilities()

    def _start(self, digest: str, files: list[str]) -> str:
        cloud, types, name = self._cloud, self._cloud.types, f"campaignkit-{digest}"
        asked, tunings = self.settings, cloud.client.tunings

        def start() -> Any:
            places = {
                what: cloud.upload(
                    f"{name}-{what}.jsonl", (self._folder / f"{what}.jsonl").read_bytes()
                )
                for what in files
            }
            held = places.get("validation")
            config = types.CreateTuningJobConfig(
                validation_dataset=held and types.TuningValidationDataset(gcs_uri=held),
                tuned_model_display_name=name,
                epoch_count=asked.epochs,
                learning_rate_multiplier=asked.learning_rate_multiplier,
                adapter_size=types.AdapterSize(ADAPTER_SIZES[asked.adapter_size]),
                export_last_checkpoint_only=not asked.keeps_checkpoints,
            )
            train = types.TuningDataset(gcs_uri=places["train"])
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", ".*is experimental.*")
                return tunings.tune(
                    base_model=asked.base_model, training_dataset=train, config=config
                )

        return str(self._found_or_started(tunings, name, start).name)

    def _found_or_started(self, jobs: Any, name: str, start: Callable[[], Any]) -> Any:
        """The job of this name: one that an earlier try started is paid for, so it is found."""

        def ask() -> Any:
            for job in jobs.list():
                named = getattr(job, "tuned_model_display_name", None) or job.display_name
                if named == name and state_of(job.state) not in ENDED - SUCCEEDED:
                    return job
            return start()

        return self._cloud.call(ask)

    def _given_words(self) -> Mapping[Any, str] | Sequence[str]:
        return self.labels or prompt_template(self.style).label_texts

    def _words(self) -> dict[Any, str]:
        """The word of each label, of what was tuned in this folder."""
        words = dict(map(tuple, self._kept("labels")))
        self.classes_ = np.array(list(words))
        return words

    def _config(self, words: Mapping[Any, str]) -> Any:
        """How a label is asked for: no chance, no more tokens than it has, with what competed."""
        config: dict[str, Any] = {"response_logprobs": True, "logprobs": _CANDIDATES}
        if self.system:
            config["system_instruction"] = self.system
        if self.thinking_budget is not None:
            config["thinking_config"] = {"thinking_budget": self.thinking_budget}
        if self.thinking_budget == 0:  # thinking would use these up
            # A digit is one token; a word may be several.
            config["max_output_tokens"] = 1 if max(map(len, words.values())) == 1 else 16
        return self._cloud.types.GenerateContentConfig(temperature=0.0, **config)

    def _kept(self, what: str) -> Any:
        if found := self._state().get(what):
            return found
        missing = "no job was started" if what == "job" else "there is no tuned model"
        raise NotFitted(f"{missing} in {self._folder}", hint="call fit first")

    def _state(self) -> dict[str, Any]:
        path = self._folder / _STATE
        try:
            told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            return {**told, "digest": told["digest"]} if told else {}
        except (OSError, ValueError, KeyError, TypeError) as err:
            hint = "give another folder"
            raise ArtifactError(f"{path} cannot be read: {err!r}", hint=hint) from err

    def _keep(self, state: dict[str, Any]) -> None:
        with atomic_file(self._folder / _STATE) as partial:
            partial.write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")

    def __sklearn_clone__(self) -> Self:  # open connections cannot be copied
        return type(self)(**self.get_params())


def _json(value: Any) -> dict[str, Any]:  # Any: an object of the vendor's
    told: dict[str, Any] = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return told
