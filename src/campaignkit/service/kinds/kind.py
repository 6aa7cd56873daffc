"""What a kind of job is: a request, a plan of it, and the work."""

from __future__ import annotations

import filecmp
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from campaignkit.service.artifacts import Artifacts
from campaignkit.service.jobs import Cost, Job, Plan
from campaignkit.service.kinds.request import InputFile, Request

Tell = Callable[[int, int], None]  # done and all, in the unit of the plan
R = TypeVar("R", bound=Request)


class Files:
    """Input files of a job under the names that the request gives them.

    Parameters
    ----------
    artifacts : Artifacts
    folder : Path
        Where the names stand; the content is linked, not copied.

    Attributes
    ----------
    folder : Path
    home : Path
        The folder of the service, which has the operator's settings.
    job : Job or None
        Whose files they are; None for a plan.
    """

    def __init__(self, artifacts: Artifacts, folder: Path, job: Job | None = None) -> None:
        self._artifacts = artifacts
        self.folder = folder
        self.home = artifacts.folder.parent
        self.job = job

    def path(self, file: InputFile) -> Path:
        """The path of an input file, to read.

        Raises
        ------
        NotThere
            If its artifact is gone.
        """
        source = self._artifacts.path(file.digest)
        place = self.folder / file.name
        if place.exists() and not filecmp.cmp(source, place, shallow=False):
            place = self.folder / file.digest.removeprefix("sha256:") / file.name
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, place)
            except OSError:  # another disk, or one without links
                shutil.copyfile(source, place)
        return place


class Kind(ABC, Generic[R]):
    """One kind of job.

    Attributes
    ----------
    name : str
        Its name in requests; a key needs the scope of this name.
    request : type
        The model of its requests. Fields of type `InputFile` are artifacts.

    Examples
    --------
    >>> from campaignkit.service import kind_named
    >>> sorted(kind_named("dataset").request.model_fields)
    ['format', 'graph', 'seed', 'spec']
    """

    name: ClassVar[str]
    request: ClassVar[type[Request]]

    @abstractmethod
    def plan(self, request: R, files: Files) -> Plan:
        """What the job would do; raises what the command would, such as SpecError."""

    @abstractmethod
    def run(
        self, request: R, files: Files, out: Path, kept: Path, tell: Tell
    ) -> tuple[Mapping[str, Any], Cost]:
        """Do the work: the summary, as JSON values, and what was used.

        Result files are written into `out`, which is not there yet. Finished parts are kept in
        `kept`, and a later run of the same job continues with them.
        """

    def spent(self, kept: Path) -> Cost:
        """What a run that was ended has used, calls of models above all."""
        del kept
        return Cost()
