"""The library's calls, run as jobs by a service: submit, wait, download the same bytes.

Everything that a client asks may be asked twice: a job and an artifact have their digests as their
identity. So a connection that breaks is tried again. Redirects are not followed, and a proxy that
the environment names is not used on this computer's own addresses.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath
from typing import IO, Any, Self, get_args
from urllib.parse import quote, urlencode, urlsplit

from campaignkit import errors
from campaignkit.errors import ArtifactError, CampaignkitError, Fault, ServiceError, SettingError
from campaignkit.llm.network import is_own
from campaignkit.llm.transport import checked_url, retry_after_s
from campaignkit.progress import Progress, listener
from campaignkit.service import jobs
from campaignkit.service.jobs import Cancelled, Job, Plan
from campaignkit.store import atomic_folder, digest_file, readable_file, refuse_occupied

_KEY = re.compile(r"ck_[0-9A-Za-z_-]{16,200}")
_PAUSES_S = (0.1, 0.3, 1.0, 3.0)  # before a question is asked again
_BUSY = (429, 502, 503, 504)
_LONGEST_PAUSE_S = 2.0  # between two looks at a job
_MOST = 64 * 2**20  # bytes of an answer that is no file
_BLOCK = 256 * 2**10
_KINDS: dict[str, type[CampaignkitError]] = {
    name: kind
    for room in (errors, jobs)
    for name, kind in vars(room).items()
    if isinstance(kind, type) and issubclass(kind, CampaignkitError)
}
_BY_STATUS = {
    kind.status: kind
    for kind in _KINDS.values()
    if issubclass(kind, ServiceError) and kind.status != ServiceError.status
}


class _Stay(urllib.request.HTTPRedirectHandler):
    """Another address does not get the key."""

    def redirect_request(self, *args: object) -> None:
        return None


class Client:
    """Asks a service of ``campaignkit serve``, from anywhere and with the core alone.

    Parameters
    ----------
    url : str
        Where the service listens.
    key : str
        A secret of ``campaignkit keys add``.
    timeout_s : float
        How long the service may be silent, in seconds.

    Raises
    ------
    SettingError
        If the address is none, or the key cannot be one.

    Examples
    --------
    >>> Client("http://127.0.0.1:8300", "ck_" + 64 * "0")
    Client('http://127.0.0.1:8300')
    """

    def __init__(self, url: str, key: str, *, timeout_s: float = 60.0) -> None:
        self.url = checked_url(url).rstrip("/")
        if not isinstance(key, str) or not _KEY.fullmatch(key.strip()):
            raise SettingError(
                "the key is none; expected a text that starts with 'ck_'",
                hint="copy the whole line that campaignkit keys add printed",
            )
        self._key, self._timeout_s = key.strip(), timeout_s
        on_this_computer = is_own(urlsplit(self.url).hostname or "")
        proxies = urllib.request.ProxyHandler({} if on_this_computer else None)
        self._opener = urllib.request.build_opener(proxies, _Stay)

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def submit(self, kind: str, **request: object) -> RemoteJob:
        """Have a job done; asking twice for the same work gives the same job.

        Parameters
        ----------
        kind : str
            ``"graph"``, ``"diagnose"``, ``"dataset"``, ``"audit"``, ``"recommend"``,
            ``"classify"``, ``"blind"``.
        **request
            What the kind asks for. Files are given by their paths and uploaded, once.

        Raises
        ------
        CampaignkitError
            The error that the library would raise on this computer, or a `ServiceError`.
        """
        return RemoteJob(self, self._job("POST", "/v1/jobs", self._request(kind, request)))

    def plan(self, kind: str, **request: object) -> Plan:
        """What a job would do and cost, before anything is submitted; see :meth:`submit`."""
        from pydantic import TypeAdapter

        told = self._told("POST", "/v1/jobs", self._request(kind, request) | {"dry_run": True})
        return TypeAdapter(Plan).validate_python(told)

    def jobs(self) -> Iterator[RemoteJob]:
        """All jobs of this key, the newest first."""
        after = ""
        while True:
            query = urlencode({"after": after, "limit": 100} if after else {"limit": 100})
            page = self._told("GET", f"/v1/jobs?{query}")
            yield from (RemoteJob(self, self._read(told)) for told in page["jobs"])
            after = page["next"]
            if not after:
                return

    def job(self, id: str) -> RemoteJob:
        """A job by its id."""
        return RemoteJob(self, self._job("GET", f"/v1/jobs/{quote(id, safe='')}"))

    def upload(self, path: str | os.PathLike[str]) -> str:
        """Give the service a file, unless it has the file: its digest.

        Raises
        ------
        ArtifactError
            If there is no such file.
        ServiceError
            If the file is longer than the service takes, or the quota of bytes is used up.
        """
        file = readable_file(path)
        digest = digest_file(file)
        try:
            self._open("HEAD", f"/v1/artifacts/{digest}").close()
        except jobs.NotThere:
            self._told("POST", f"/v1/artifacts?digest={digest}", file=file)
        return digest

    def _request(self, kind: str, request: Mapping[str, object]) -> dict[str, object]:
        """The body of a submission: where it expects files, paths are uploaded."""
        from campaignkit.service.kinds import kind_named

        fields = kind_named(kind).request.model_fields
        sent = {
            name: self._sent(value) if name in fields and _takes_files(fields[name].annotation)
            else value
            for name, value in request.items()
        }  # fmt: skip
        return {"kind": kind, "request": sent}

    def _sent(self, value: object) -> object:
        if isinstance(value, list | tuple):
            return [self._sent(item) for item in value]
        if not isinstance(value, str | os.PathLike):
            return value
        name = re.sub(r"^[.-]|[^A-Za-z0-9_.-]", "_", Path(value).name)[-100:]
        return {"digest": self.upload(value), "name": name}

    def _job(self, method: str, path: str, body: object = None) -> Job:
        return self._read(self._told(method, path, body))

    def _read(self, told: object) -> Job:
        from pydantic import TypeAdapter, ValidationError

        try:
            return TypeAdapter(Job).validate_python(told)
        except ValidationError:
            raise ServiceError(
                f"{self.url} answered with something that is no job",
                hint="is the service of the same version?",
            ) from None

    def _told(
        self, method: str, path: str, body: object = None, *, file: Path | None = None
    ) -> Any:  # JSON
        with self._open(method, path, body, file=file) as response:
            raw = response.read(_MOST)
        try:
            return json.loads(raw)
        except ValueError:
            raise ServiceError(
                f"{self.url} answered with something that is not JSON",
                hint="is it the address of campaignkit serve?",
            ) from None

    def _open(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        file: Path | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HTTPResponse:
        """An answer whose body is still to be read; asked again where the connection breaks."""
        sent = {"Authorization": f"Bearer {self._key}", "Accept-Encoding": "identity",
                "User-Agent": "campaignkit", **(headers or {})}  # fmt: skip
        data: bytes | IO[bytes] | None = None
        if body is not None:
            data = _json(body)
            sent["Content-Type"] = "application/json"
        for pause in (*_PAUSES_S, None):
            if file is not None:
                data = file.open("rb")
                sent |= {"Content-Type": "application/octet-stream",
                         "Content-Length": str(file.stat().st_size)}  # fmt: skip
            asked = urllib.request.Request(  # noqa: S310  # checked_url lets in http and https
                self.url + path, data=data, headers=sent, method=method
            )
            try:
                opened: HTTPResponse = self._opener.open(asked, timeout=self._timeout_s)
                return opened
            except urllib.error.HTTPError as err:
                with err:
                    wait = retry_after_s(err.headers)
                    is_passing = err.code in _BUSY and (err.code != 429 or wait is not None)
                    if pause is None or not is_passing:
                        raise self._refusal(err) from None
                time.sleep(max(pause, min(wait or 0.0, 60.0)))
            except (OSError, HTTPException) as err:
                why = getattr(err, "reason", err)
                if pause is None or isinstance(why, ssl.SSLError):
                    raise ServiceError(
                        f"{self.url} does not answer: {why}",
                        hint="is campaignkit serve running there, and the address right?",
                    ) from err
                time.sleep(pause)
            finally:
                if file is not None and not isinstance(data, bytes | None):
                    data.close()
        raise AssertionError("the last attempt returns or raises")

    def _refusal(self, err: urllib.error.HTTPError) -> CampaignkitError:
        """The error that the service tells, as its own class of the library's tree."""
        raw = err.read(2**20).decode("utf-8", "replace").replace(self._key, "[key]")
        try:
            told = json.loads(raw)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            kind = _BY_STATUS.get(err.code, ServiceError)
            hint = "is it the address of campaignkit serve?"
            return kind(f"{self.url} answered {err.code} {err.reason}", hint=hint)
        return error_of(told, f"{self.url} answered {err.code}")


class RemoteJob:
    """A job of a service.

    Attributes
    ----------
    last : Job
        The job as the service told it last; :meth:`refresh` asks again.

    Examples
    --------
    >>> from campaignkit.service import Cost
    >>> client = Client("http://127.0.0.1:8300", "ck_" + 64 * "0")
    >>> RemoteJob(client, Job("job_1", "dataset", "key_1", "queued", {}, "", Cost(), 0.0))
    RemoteJob('job_1', 'dataset', 'queued', 0/0)
    """

    def __init__(self, client: Client, told: Job) -> None:
        self._client, self.last = client, told

    def __repr__(self) -> str:
        last = self.last
        return f"RemoteJob({last.id!r}, {last.kind!r}, {last.state!r}, {last.done:,}/{last.all:,})"

    @property
    def id(self) -> str:
        """What :meth:`Client.job` finds the job by."""
        return self.last.id

    @property
    def state(self) -> str:
        """``"queued"``, ``"running"``, ``"done"``, ``"failed"`` or ``"cancelled"``."""
        return self.last.state

    def refresh(self) -> Self:
        """Ask how far the job is."""
        self.last = self._client._job("GET", f"/v1/jobs/{self.id}")
        return self

    def cancel(self) -> Self:
        """Stop the job; one that has ended is left as it is."""
        self.last = self._client._job("POST", f"/v1/jobs/{self.id}/cancel")
        return self

    def wait(self, *, progress: Progress | None = None, timeout_s: float | None = None) -> Self:
        """Wait until the job is done. To stop waiting (Ctrl-C) does not stop the job.

        Raises
        ------
        CampaignkitError
            The error of a job that failed.
        Cancelled
            If the job was cancelled.
        ServiceError
            If the job has not ended after `timeout_s` seconds.
        """
        tell, end, pause = listener(progress), time.monotonic() + (timeout_s or 0.0), 0.05
        while not self.refresh().last.has_ended:
            if self.last.all:
                tell.update(f"{self.last.kind} ({self.last.unit})", self.last.done, self.last.all)
            if timeout_s is not None and time.monotonic() >= end:
                raise ServiceError(
                    f"the job {self.id} has not ended after {timeout_s:g} s: it is {self.state}",
                    hint=f"client.job({self.id!r}).wait() waits again",
                )
            time.sleep(pause)
            pause = min(1.3 * pause, _LONGEST_PAUSE_S)
        if self.last.all:
            tell.update(f"{self.last.kind} ({self.last.unit})", self.last.all, self.last.all)
        if self.state == "failed":
            raise error_of(self.last.error or {}, f"the job {self.id} failed")
        if self.state == "cancelled":
            raise Cancelled(f"the job {self.id} was cancelled")
        return self

    def download(self, out: str | os.PathLike[str], *, replace: bool = False) -> Path:
        """Put the job's files into a folder, which appears whole; each has its digest checked.

        The bytes of an interrupted download stay in a folder next to `out`; the next download
        continues with them.

        Parameters
        ----------
        out : path
        replace : bool
            Whether the result of an earlier run may be replaced.

        Raises
        ------
        ServiceError
            If the job is not done.
        ArtifactError
            If the folder cannot be written, or a file is not what its digest says.
        """
        path = refuse_occupied(out, replace=replace)
        if self.state != "done":
            raise ServiceError(f"the job {self.id} is {self.state}; expected one that is done",
                               hint="job.wait() waits for that")  # fmt: skip
        part = path.absolute().with_name(f".{path.name[:40]}.{self.id}.download")
        files = (self.last.result or {}).get("files", ())
        for file in files:
            self._fetch(part / _checked_name(file["name"]), file["digest"], file["bytes"])
        with atomic_folder(out, replace=replace) as folder:
            for file in files:
                target = folder / file["name"]
                target.parent.mkdir(parents=True, exist_ok=True)
                (part / file["name"]).replace(target)
        shutil.rmtree(part, ignore_errors=True)
        return path

    def _fetch(self, path: Path, digest: str, size: int) -> None:
        """A file, from the byte on that is missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        for pause in (*_PAUSES_S, None):
            have = path.stat().st_size
            if have >= size:
                break
            ask = {"Range": f"bytes={have}-"} if have else {}
            where = f"/v1/artifacts/{quote(digest)}"
            with self._client._open("GET", where, headers=ask) as response:
                try:
                    with path.open("ab" if response.status == 206 else "wb") as sink:
                        while block := response.read(_BLOCK):
                            sink.write(block)
                except (ConnectionError, TimeoutError, HTTPException):
                    if pause is None:
                        raise
                    time.sleep(pause)
        if path.stat().st_size != size or digest_file(path) != digest:
            path.unlink()
            raise ArtifactError(
                f"{path.name} is not the file that its digest {digest[:19]}... says",
                hint="download it again; if it stays so, the service's folder is damaged",
            )


def error_of(told: Mapping[str, Any], otherwise: str) -> CampaignkitError:
    """An error that a service told, as the class that the library raises.

    Examples
    --------
    >>> error_of({"type": "urn:campaignkit:SpecError", "detail": "no labels"}, "it failed")
    SpecError('no labels')
    """
    kind = _KINDS.get(str(told.get("type")).rpartition(":")[2], ServiceError)
    faults = [
        Fault(*(str(fault.get(name) or "") for name in ("where", "found", "fix")))
        for fault in told.get("faults") or ()
    ]
    message = str(told.get("detail") or told.get("message") or told.get("title") or otherwise)
    return kind(message, hint=str(told.get("hint") or ""), faults=faults)


def _json(body: object) -> bytes:
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError) as err:
        raise SettingError(
            f"the request cannot be sent as JSON: {err}",
            hint="give texts, finite numbers, lists and mappings; files by their paths",
        ) from err


def _takes_files(form: object) -> bool:
    from campaignkit.service.kinds.request import InputFile

    is_one = isinstance(form, type) and issubclass(form, InputFile)
    return is_one or any(map(_takes_files, get_args(form)))


def _checked_name(name: str) -> str:
    """The name of a file below a folder; a service names files nowhere else."""
    parts = PurePosixPath(name)
    if (
        parts.is_absolute()
        or not parts.parts
        or {"..", ""} & {*name.split("/")}
        or set(name) & {*"\\:\0"}
    ):
        raise ArtifactError(f"the service names a file {name!r:.80}; expected one in the folder")
    return name
