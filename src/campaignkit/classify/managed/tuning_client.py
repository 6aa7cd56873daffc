"""The provider's client for tuning: the only file here that knows google-genai."""

from __future__ import annotations

import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

from campaignkit.classify.managed.cloud_bucket import CloudBucket
from campaignkit.classify.managed.tuning_settings import ADAPTER_SIZES, TuningSettings
from campaignkit.classify.managed.tuning_status import TuningStatus, read_job, state_of
from campaignkit.errors import ClassifierError
from campaignkit.extras import require
from campaignkit.llm import (
    CallError,
    MalformedReply,
    RateLimited,
    RequestRefused,
    RetryPolicy,
    ServerFailed,
    UnknownModel,
    WrongKey,
)
from campaignkit.llm.transport import retry_after_s, transport_error

R = TypeVar("R")
_USER = "GeminiTuner"
_LOCAL = {"127.0.0.1", "localhost", "::1"}
_CANDIDATES = 5  # of the first token: the three labels, and what competes with them


class TuningClient:
    """Starts, watches and asks tuned models.

    Parameters
    ----------
    project, location : str
    credentials : google.auth credentials or None
        None takes those of the environment.
    base_url, storage_url : str or None
        Other addresses than Google's; without TLS on this computer alone.
    timeout_s : float
        For one call.
    retry : RetryPolicy

    Raises
    ------
    ClassifierError
        If an address would send the token in the clear, or project or location is blank.
    WrongKey
        If there are no credentials.
    MissingExtra
        If google-genai is not installed.
    """

    def __init__(
        self,
        *,
        project: str,
        location: str,
        credentials: Any = None,  # Any: the vendor's credentials
        base_url: str | None = None,
        storage_url: str | None = None,
        timeout_s: float = 120.0,
        retry: RetryPolicy | None = None,
    ) -> None:
        for name, value in (("project", project), ("location", location)):
            if not isinstance(value, str) or not value.strip():
                raise ClassifierError(
                    f"{name} is {value!r}; expected a name",
                    hint="tuning needs a cloud project: the Developer API, which works with a key "
                    "alone, leaves training examples out of the request without a word",
                )
        for url in (base_url, storage_url):
            _check_address(url)
        genai = require("google.genai", extra="llm", user=_USER)
        self._types: Any = genai.types
        self._retry = retry or RetryPolicy()
        self._timeout_s = timeout_s
        self._where = base_url or "the tuning service"
        self._storage_url = storage_url
        self._credentials = credentials if credentials is not None else _found_credentials()
        self._client: Any = genai.Client(
            vertexai=True,
            project=project,
            location=location,
            credentials=self._credentials,
            http_options=genai.types.HttpOptions(
                base_url=base_url, timeout=max(1, round(timeout_s * 1000))
            ),
        )
        weakref.finalize(self, self._client.close)

    def bucket(self, address: str) -> CloudBucket:
        """The files below an address, with the same credentials."""
        return CloudBucket(
            address, token=self._token, base_url=self._storage_url, timeout_s=self._timeout_s
        )

    def start(
        self, settings: TuningSettings, *, train: str, validation: str | None, name: str
    ) -> TuningStatus:
        """Start a job, or take over the one of this name that an earlier try started."""
        types = self._types
        config = types.CreateTuningJobConfig(
            validation_dataset=(
                types.TuningValidationDataset(gcs_uri=validation) if validation else None
            ),
            tuned_model_display_name=name,
            epoch_count=settings.epochs,
            learning_rate_multiplier=settings.learning_rate_multiplier,
            adapter_size=types.AdapterSize(ADAPTER_SIZES[settings.adapter_size]),
            export_last_checkpoint_only=not settings.keeps_checkpoints,
        )

        def ask(client: Any, again: bool) -> Any:
            # A try whose answer was lost may have started the job: it is paid for, so it is found.
            if again and (job := self._named(client, name)) is not None:
                return job
            with _quietly():
                return client.tunings.tune(
                    base_model=settings.base_model,
                    training_dataset=types.TuningDataset(gcs_uri=train),
                    config=config,
                )

        return read_job(self._call(ask, key=name))

    def find(self, name: str) -> TuningStatus | None:
        """The job with this name, if there is one."""
        job = self._call(lambda client, _: self._named(client, name), key=f"find {name}")
        return None if job is None else read_job(job)

    def status(self, job: str) -> TuningStatus:
        """What the service says of a job now."""

        def ask(client: Any, again: bool) -> Any:
            del again
            with _quietly():
                return client.tunings.get(name=job)

        return read_job(self._call(ask, key=job))

    def cancel(self, job: str) -> None:
        """Ask the service to stop a job."""

        def ask(client: Any, again: bool) -> None:
            del again
            with _quietly():
                client.tunings.cancel(name=job)

        self._call(ask, key=f"cancel {job}")

    def answer(self, endpoint: str, prompt: str, config: dict[str, Any]) -> dict[str, Any]:
        """One prompt's response, as JSON."""
        made = self._types.GenerateContentConfig(**config)
        response = self._call(
            lambda client, _: client.models.generate_content(
                model=endpoint, contents=prompt, config=made
            ),
            key=prompt,
        )
        told: dict[str, Any] = response.model_dump(mode="json", exclude_none=True)
        return told

    def start_batch(self, model: str, source: str, target: str, *, name: str) -> str:
        """Start a batch prediction; the job's name."""
        config = self._types.CreateBatchJobConfig(dest=target, display_name=name)
        job = self._call(
            lambda client, _: client.batches.create(model=model, src=source, config=config),
            key=name,
        )
        return str(job.name)

    def batch_state(self, job: str) -> tuple[str, str]:
        """State and error of a batch prediction."""
        found = self._call(lambda client, _: client.batches.get(name=job), key=job)
        return state_of(found.state), str(getattr(found.error, "message", None) or "")

    def _named(self, client: Any, name: str) -> Any:
        with _quietly():
            for job in client.tunings.list():
                if job.tuned_model_display_name == name:
                    return job
        return None

    def _call(self, ask: Callable[[Any, bool], R], *, key: str) -> R:
        """Run ``ask(client, again)``, and again where that can help; our errors alone come out."""
        failed = 0
        while True:
            try:
                return ask(self._client, failed > 0)
            except Exception as err:
                told = self._translated(err)
                if told is None:
                    raise
                failed += 1
                wait = self._retry.wait_s(told, failed, key)
                if wait is None:
                    raise told from err
            time.sleep(wait)

    def _translated(self, err: Exception) -> CallError | None:
        if isinstance(err, CallError):
            return err
        code = getattr(err, "code", None)
        if type(err).__module__.startswith("google.genai") and isinstance(code, int):
            return self._of_status(err, code)
        if type(err).__module__.startswith("google.auth"):
            return WrongKey(
                f"the credentials are not valid: {str(err)[:300]}",
                hint="gcloud auth application-default login",
            )
        if isinstance(err, ValueError):
            return MalformedReply(f"{self._where} answered with something that is no reply")
        return transport_error(err, where=self._where, timeout_s=self._timeout_s)

    def _of_status(self, err: Any, code: int) -> CallError:  # Any: the vendor's APIError
        said = str(err.message or err.status or "")[:500]
        told = f"{self._where} answered {code}: {said}"
        after = retry_after_s(getattr(err.response, "headers", None))
        if code in (401, 403):
            return WrongKey(
                f"{self._where} does not accept the credentials: {said}",
                hint="gcloud auth application-default login; the account needs the tuning role",
            )
        if code == 404:
            return UnknownModel(told, hint="check the model, the project and the location")
        if code == 429:
            return RateLimited(told, retry_after_s=after)
        if code >= 500 or code == 408:
            return ServerFailed(told, retry_after_s=after)
        return RequestRefused(told)

    def _token(self) -> str:
        if not self._credentials.valid:
            transport = require("google.auth.transport.requests", extra="llm", user=_USER)
            try:
                self._credentials.refresh(transport.Request())
            except Exception as err:
                told = self._translated(err)
                if told is None:
                    raise
                raise told from err
        return str(self._credentials.token)


def label_config(system: str, *, longest: int, thinking_budget: int | None) -> dict[str, Any]:
    """How a label is asked for: no chance, no more tokens than it has, with what competed."""
    config: dict[str, Any] = {
        "temperature": 0.0,
        "response_logprobs": True,
        "logprobs": _CANDIDATES,
    }
    if system:
        config["system_instruction"] = system
    if thinking_budget is not None:
        config["thinking_config"] = {"thinking_budget": thinking_budget}
    if thinking_budget == 0:
        config["max_output_tokens"] = longest  # thinking would use these up
    return config


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the client's word at every call that tuning is experimental there."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is experimental.*")
        yield


def _check_address(url: str | None) -> None:
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise ClassifierError(
            f"the address {parts.scheme}://{parts.hostname} would send the token in the clear",
            hint="give an https address",
        )


def _found_credentials() -> Any:
    auth = require("google.auth", extra="llm", user=_USER)
    try:
        return auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])[0]
    except auth.exceptions.DefaultCredentialsError as err:
        raise WrongKey(
            "there are no cloud credentials",
            hint="gcloud auth application-default login, or pass credentials=",
        ) from err
