"""A training in progress, as a folder from which it continues to the same weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from campaignkit import __version__
from campaignkit.classify.llm.config import EpochFigures, TrainerState
from campaignkit.classify.llm.states import check_same
from campaignkit.errors import ArtifactError
from campaignkit.store import (
    Manifest,
    atomic_folder,
    checked_path,
    digest_file,
    read_manifest,
    verify_files,
)

_KIND, _FILE = "training-checkpoint", "tensors.safetensors"
_WORDS = {
    "model": "the model",
    "labels": "the label words or how they are scored",
    "prompt": "the shared prompt",
    "rows": "the training rows, their labels or weights",
    "validation": "the validation rows or their labels",
    "config": "the settings of the training",
    "processes": "the number of processes",
}


@dataclass(frozen=True, slots=True)
class CheckpointPlan:
    """Where a training is kept while it runs.

    Attributes
    ----------
    folder : path
    every : int or None
        Steps between checkpoints; there is one after each epoch in any case.
    resume : bool
        Whether to continue from the checkpoint in the folder.
    identity : mapping
        What a checkpoint to resume from must agree with.

    Raises
    ------
    ArtifactError
        If there is something at its place, and the training is not to continue from it.
    """

    folder: str | PathLike[str]
    every: int | None
    resume: bool
    identity: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.holds_something and not self.resume:
            raise ArtifactError(
                f"{self.folder} is not empty",
                hint="pass resume=True to continue from a checkpoint, or give another folder",
            )

    @property
    def holds_something(self) -> bool:
        """Whether there is anything at its place."""
        path = checked_path(self.folder)
        return path.exists() and (not path.is_dir() or any(path.iterdir()))

    def write(
        self,
        tensors: Mapping[str, Any],
        state: TrainerState,
        *,
        losses: list[list[float]],
        scale: Mapping[str, Any],
    ) -> None:
        """Write a checkpoint in place of an earlier one.

        Parameters
        ----------
        tensors : mapping of str to Tensor
        losses : list of list of float
            Of the epoch under way, by process.
        scale : mapping
            State of the gradient scaler of fp16.
        """
        progress = {**asdict(state), "losses": losses, "scale": dict(scale)}
        with atomic_folder(self.folder, replace=True) as partial:
            save_file({name: one.contiguous() for name, one in tensors.items()}, partial / _FILE)
            Manifest(
                kind=_KIND,
                made_by={"campaignkit": __version__},
                spec={"identity": dict(self.identity), "progress": progress},
                files={_FILE: digest_file(partial / _FILE)},
            ).write(partial)

    def read(self, *, rank: int) -> tuple[dict[str, Any], TrainerState, dict[str, Any]]:
        """The tensors, the state and the scaler's state of a checkpoint of this very training.

        Raises
        ------
        ArtifactError
            If it is of another model, prompt, data or config (all differences are named), or
            damaged.
        """
        path = checked_path(self.folder)
        manifest = read_manifest(path, kind=_KIND)
        check_same(
            manifest.spec["identity"], self.identity, _WORDS,
            f"{path} is a checkpoint of another training",
            hint="resume with what it was begun with, or give another folder",
        )  # fmt: skip
        verify_files(path, manifest)
        try:
            tensors = load_file(path / _FILE)
        except (OSError, SafetensorError) as err:
            raise ArtifactError(f"{path} cannot be read: {err}") from err
        told = dict(manifest.spec["progress"])
        scale, losses = told.pop("scale"), told.pop("losses")[rank]
        epochs = [EpochFigures(**figures) for figures in told.pop("epochs")]
        return tensors, TrainerState(**told, losses=losses, epochs=epochs), scale
