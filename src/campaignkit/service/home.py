"""The home of a service: a folder with its queue, its artifacts and the work under way."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

from campaignkit.errors import ArtifactError, CampaignkitError, Fault
from campaignkit.service.artifacts import Artifacts
from campaignkit.service.jobs import Clock, Job, JobQueue, NotThere, Plan, job_digest
from campaignkit.service.keys import Key, Keys, check_scope
from campaignkit.service.kinds import KINDS, Files, Kind, kind_named
from campaignkit.service.kinds.request import InputFile, Request, checked_request
from campaignkit.service.table import FILE_NAME, SqliteQueue
from campaignkit.store import checked_path, scratch_folder

_PLANS = 1_000  # that are kept: a plan of the same work with another seed is the same


class Home:
    """A service's folder, of this user alone.

    Parameters
    ----------
    path : path
        Made if nothing is there.
    queue : JobQueue or str, optional
        Where jobs and keys are; by default ``service.sqlite`` in the folder. A text is the address
        of a PostgreSQL database: ``postgres://user@host/database``.
    clock : callable
        Seconds since 1970.

    Attributes
    ----------
    path : Path
    queue : JobQueue
    artifacts : Artifacts
    keys : Keys
    kinds : tuple of str
        What can be asked for.

    Raises
    ------
    ArtifactError
        If the folder contains something else, cannot be written, or lies on a network disk.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     home = Home(Path(place, "home"))
    ...     key, secret = home.keys.add("ana", scopes=["dataset"])
    ...     home.keys.check(secret).name
    'ana'
    """

    def __init__(
        self,
        path: Path | str,
        *,
        queue: JobQueue | str | None = None,
        clock: Clock = time.time,
    ) -> None:
        self.path = checked_path(path).absolute()
        if self.path.is_dir() and any(self.path.iterdir()) and not self._of("artifacts").is_dir():
            raise ArtifactError(
                f"{path} is not the home of a service; nothing was written",
                hint="give a new folder",
            )
        try:
            for folder in (self.path, self._of("artifacts"), self._of("work")):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)
        except OSError as err:
            raise ArtifactError(f"{path} cannot be used as a home: {err.strerror}") from err
        if isinstance(queue, str):
            from campaignkit.service.postgres import PostgresQueue

            queue = PostgresQueue(queue, clock=clock)
        self.queue: JobQueue = queue or SqliteQueue(self._of(FILE_NAME), clock=clock)
        self.artifacts = Artifacts(self._of("artifacts"))
        self.keys = Keys(self.queue, clock)
        self.kinds = KINDS
        self._plans: dict[str, Plan] = {}
        self._lock = threading.Lock()

    def work_folder(self, id: str) -> Path:
        """Where a job's work lies while it is under way."""
        return self._of("work") / id

    def upload(
        self, key: Key, parts: Iterable[bytes], *, digest: str | None = None
    ) -> tuple[str, int]:
        """Store an artifact for a key: its digest and its length.

        Raises
        ------
        QuotaExceeded
            If the key's quota of bytes does not cover it.
        ServiceError
            As of :meth:`Artifacts.put`.
        """
        return self.artifacts.put(
            parts, digest=digest, admit=lambda *found: self.queue.hold(key.id, *found)
        )

    def plan(self, key: Key, kind: str, told: object) -> Plan:
        """What a job would do and cost; nothing is written.

        Raises
        ------
        CampaignkitError
            What the command of the same work would raise, such as InfeasibleSpec.
        """
        asked, request = self._checked(key, kind, told)
        same = request.model_dump(mode="json") | ({"seed": 0} if hasattr(request, "seed") else {})
        digest = job_digest(kind, same)
        with self._lock:
            if digest not in self._plans:
                with (
                    scratch_folder(self._of("work")) as folder,
                    catch_warnings(record=True) as said,
                ):
                    simplefilter("always")
                    try:
                        plan = asked.plan(request, Files(self.artifacts, folder))
                    except CampaignkitError as err:
                        raise without_paths(err, folder) from None
                warned = tuple(str(warning.message) for warning in said)
                while len(self._plans) >= _PLANS:
                    self._plans.pop(next(iter(self._plans)))
                self._plans[digest] = replace(plan, notes=plan.notes + warned)
            return self._plans[digest]

    def submit(self, key: Key, kind: str, told: object) -> tuple[Job, bool]:
        """Plan a job and write it, or find the same one; True for a new one.

        Raises
        ------
        QuotaExceeded
            If the key's quota does not cover the plan.
        CampaignkitError
            As of :meth:`plan`.
        """
        _, request = self._checked(key, kind, told)
        dumped = request.model_dump(mode="json")
        if known := self.queue.find(kind, dumped, key.id):
            return known, False
        return self.queue.submit(kind, dumped, key.id, self.plan(key, kind, told))

    def _checked(self, key: Key, name: str, told: object) -> tuple[Kind[Any], Request]:
        kind = kind_named(name)
        check_scope(key, name)
        request = checked_request(kind.request, told)
        for file in _files(dict(request)):
            if not self.queue.holds(key.id, file.digest):
                raise NotThere(
                    f"there is no artifact {file.digest} ({file.name})", hint="upload it first"
                )
        return kind, request

    def _of(self, name: str) -> Path:
        return self.path / name


def without_paths(err: CampaignkitError, folder: Path) -> CampaignkitError:
    """The same error, whose files have the names of the request and no folders."""

    def shown(text: str) -> str:
        for place in (folder.resolve(), folder):
            text = re.sub(re.escape(f"{place}/") + r"(?:[0-9a-f]{64}/)?", "", text)
        return text

    faults = [Fault(shown(f.where), shown(f.found), shown(f.fix)) for f in err.faults]
    return type(err)(shown(err.message), hint=shown(err.hint), faults=faults)


def _files(value: object) -> Iterator[InputFile]:
    """The input files in a request, wherever they are."""
    if isinstance(value, InputFile):
        yield value
    elif isinstance(value, Request):
        yield from _files(dict(value))
    elif isinstance(value, Mapping):
        yield from _files([*value.values()])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _files(item)
