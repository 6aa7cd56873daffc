"""The provider's two clients, for models and for files: the only file here that knows them."""

from __future__ import annotations

import re
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

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
_LOCAL = {"127.0.0.1", "localhost", "::1"}
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LOGIN = "gcloud auth application-default login"
_TIMEOUT_S = 120.0  # of one call
_KINDS = {404: UnknownModel, 408: ServerFailed, 429: RateLimited}


@dataclass
class Cloud:
    """Models and files of a cloud project, each at one address that no environment changes.

    Parameters
    ----------
    project, location : str
    bucket : str
        ``"gs://bucket"`` or ``"gs://bucket/folder"``.
    credentials : google.auth credentials or None
        None takes those of the environment.
    base_url, storage_url : str or None
        Other addresses than Google's; without TLS on this computer alone.
    retry : RetryPolicy

    Attributes
    ----------
    types, client
        The vendor's types, and its client.

    Raises
    ------
    ClassifierError
        If an address would send the token unencrypted, or project, location or bucket is none.
    WrongKey
        If there are no credentials.
    MissingExtra
        If google-genai or google-cloud-storage is not installed.
    """

    project: str
    location: str
    bucket: str
    credentials: Any = None  # Any: the vendor's credentials
    base_url: str | None = None
    storage_url: str | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def __post_init__(self) -> None:
        for name in ("project", "location"):
            if not re.fullmatch(r"[a-z0-9:.\-]+", str(getattr(self, name))):
                raise ClassifierError(
                    f"{name} is {getattr(self, name)!r}; expected a name",
                    hint="tuning needs a cloud project: the Developer API, which works with a key "
                    "alone, omits training examples from the request without a message",
                )
        found = re.fullmatch(r"gs://([^/]+)/?(.*?)/*", str(self.bucket))
        if found is None:
            wanted = "expected an address such as gs://bucket/folder"
            raise ClassifierError(f"bucket is {self.bucket!r}; {wanted}")
        self._bucket, self._folder = found.groups()
        host = "aiplatform" if self.location == "global" else f"{self.location}-aiplatform"
        if self.location in ("us", "eu"):
            host = f"aiplatform.{self.location}.rep"
        self.base_url = self.base_url or f"https://{host}.googleapis.com"
        self.storage_url = self.storage_url or "https://storage.googleapis.com"
        # A proxy of the environment is for other computers: on this one it would see the token.
        trusts = [not _is_local(url) for url in (self.base_url, self.storage_url)]
        genai, storage, auth = (
            require(module, extra="llm", user="GeminiTuner")
            for module in ("google.genai", "google.cloud.storage", "google.auth")
        )
        try:
            known = self.credentials or auth.default(scopes=[_SCOPE])[0]
        except auth.exceptions.DefaultCredentialsError as err:
            hint = f"{_LOGIN}, or pass credentials="
            raise WrongKey("there are no cloud credentials", hint=hint) from err
        self.types = genai.types
        options = genai.types.HttpOptions(
            base_url=self.base_url, api_version="v1beta1", timeout=round(_TIMEOUT_S * 1000),
            client_args={"trust_env": trusts[0]},
        )  # fmt: skip
        self.client = genai.Client(
            vertexai=True, project=self.project, location=self.location, credentials=known,
            http_options=options,
        )  # fmt: skip
        self._files = storage.Client(
            self.project, known, client_options={"api_endpoint": self.storage_url}
        )
        self._files._http.trust_env = trusts[1]
        for client in (self.client, self._files):
            weakref.finalize(self, client.close)

    def upload(self, name: str, data: bytes) -> str:
        """Write a file into the folder, replacing an earlier one; its address."""
        blob = self._files.bucket(self._bucket).blob(self._path(name))
        self.call(
            lambda: blob.upload_from_string(
                data, content_type="application/jsonl", timeout=_TIMEOUT_S, retry=None
            )
        )
        return self.address_of(name)

    def download(self, folder: str) -> list[bytes]:
        """The JSON lines files below a folder of ours."""
        how = {"timeout": _TIMEOUT_S, "retry": None}
        prefix = f"{self._path(folder)}/"
        blobs = self.call(lambda: [*self._files.list_blobs(self._bucket, prefix=prefix, **how)])
        lines = [blob.download_as_bytes for blob in blobs if blob.name.endswith(".jsonl")]
        return [self.call(lambda read=read: read(**how)) for read in lines]  # type: ignore[misc]

    def address_of(self, name: str) -> str:
        """``gs://...`` of a file in the folder."""
        return f"gs://{self._bucket}/{self._path(name)}"

    def call(self, ask: Callable[[], R], key: str = "") -> R:
        """Ask, and again where that can help; our errors alone come out."""
        failed = 0
        while True:
            try:
                return ask()
            except Exception as err:
                told = self._translated(err)
                if told is None:
                    raise
                failed += 1
                wait = self.retry.wait_s(told, failed, key)
                if wait is None:
                    raise told from err
            time.sleep(wait)

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}" if self._folder else name

    def _translated(self, err: Any) -> CallError | None:  # Any: the vendors' errors, or others
        where, module = str(self.base_url), type(err).__module__
        code = getattr(err, "code", None)
        if module.startswith("google.api_core"):
            where = f"{self.storage_url}/{self._bucket}"
        if module.startswith("google.auth"):
            return WrongKey(f"the credentials are not valid: {str(err)[:300]}", hint=_LOGIN)
        if not module.startswith("google.") or not isinstance(code, int):
            if isinstance(err, ValueError):
                return MalformedReply(f"{where} answered with something that is not a reply")
            return transport_error(err, where=where, timeout_s=_TIMEOUT_S)
        said = str(err.message or "")[:500]
        if code in (401, 403):
            hint = f"{_LOGIN}; the account needs the tuning role, and objects of the bucket"
            return WrongKey(f"{where} does not accept the credentials: {said}", hint=hint)
        kind: type[CallError] = _KINDS.get(code, ServerFailed if code >= 500 else RequestRefused)
        hint = "check the model, the project, the location and the bucket" * (code == 404)
        after = retry_after_s(getattr(err.response, "headers", None))
        return kind(f"{where} answered {int(code)}: {said}", hint=hint, retry_after_s=after)


def _is_local(url: str) -> bool:
    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in _LOCAL
    if not is_local and parts.scheme != "https":
        raise ClassifierError(
            f"the address {parts.scheme}://{parts.hostname} would send the token unencrypted",
            hint="give an https address",
        )
    return is_local
