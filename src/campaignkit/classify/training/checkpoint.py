"""A training under way, as a folder from which it goes on to the same weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from campaignkit import __version__
from campaignkit.classify.training.report import EpochFigures
from campaignkit.errors import ArtifactError, Fault
from campaignkit.store import (
    Manifest,
    atomic_folder,
    checked_path,
    digest_file,
    read_manifest,
    verify_files,
)

_KIND = "training-checkpoint"
_NOW, _BEST, _OPTIMISER = "now.safetensors", "best.safetensors", "optimiser.safetensors"
_WORDS = {
    "model": "the model",
    "labels": "the label words or how they are scored",
    "prompt": "the shared prompt",
    "rows": "the training rows or their labels",
    "validation": "the validation rows or their labels",
    "recipe": "the settings of the training",
    "processes": "the number of processes",
}


@dataclass(slots=True)
class Progressed:
    """How far a training has come; changes as it goes.

    Attributes
    ----------
    epoch : int
        Epochs that are done.
    step : int
        Steps done in the epoch under way.
    losses : list of float
        Of its steps, in this process.
    epochs : list of EpochFigures
    best_epoch : int
        0 before there is one.
    scale : dict
        State of the gradient scaler of fp16.
    """

    epoch: int = 0
    step: int = 0
    losses: list[float] = field(default_factory=list)
    epochs: list[EpochFigures] = field(default_factory=list)
    best_epoch: int = 0
    scale: dict[str, Any] = field(default_factory=dict)  # Any: torch's own

    def to_dict(self, losses: list[list[float]]) -> dict[str, Any]:
        """As JSON values, with the losses of all processes; floats survive the way exactly."""
        epochs = [
            [told.epoch, told.loss, told.validation_macro_f1, told.validation_log_loss]
            for told in self.epochs
        ]
        return {
            "epoch": self.epoch,
            "step": self.step,
            "losses": losses,
            "epochs": epochs,
            "best_epoch": self.best_epoch,
            "scale": self.scale,
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any], *, rank: int) -> Progressed:
        """What :meth:`to_dict` wrote, as one of the processes takes it up."""
        epochs = [EpochFigures(*figures) for figures in told["epochs"]]
        return cls(**{**told, "epochs": epochs, "losses": told["losses"][rank]})


@dataclass(frozen=True, eq=False, slots=True)
class TrainingState:
    """Tensors of a training under way.

    Attributes
    ----------
    weights, best : dict of str to Tensor
        What is trained, now and after the best epoch; `best` is empty before there is one.
    optimiser : dict of str to Tensor
        By ``"<weight>/<state>"``.
    """

    weights: dict[str, Any]
    best: dict[str, Any]
    optimiser: dict[str, Any]


def write_checkpoint(
    folder: str | PathLike[str],
    state: TrainingState,
    progressed: Mapping[str, Any],
    identity: Mapping[str, Any],
) -> None:
    """Write a checkpoint, in place of an earlier one."""
    with atomic_folder(folder, replace=True) as partial:
        parts = {_NOW: state.weights, _BEST: state.best, _OPTIMISER: state.optimiser}
        for name, tensors in parts.items():
            save_file({key: value.contiguous() for key, value in tensors.items()}, partial / name)
        Manifest(
            kind=_KIND,
            made_by={"campaignkit": __version__},
            spec={"identity": dict(identity), "progressed": dict(progressed)},
            files={name: digest_file(partial / name) for name in parts},
        ).write(partial)


def read_checkpoint(
    folder: str | PathLike[str], identity: Mapping[str, Any], *, rank: int
) -> tuple[TrainingState, Progressed]:
    """Read a checkpoint of this very training.

    Raises
    ------
    ArtifactError
        If it is of another model, prompt, data or recipe (all differences are named), or damaged.
    """
    path = checked_path(folder)
    manifest = read_manifest(path, kind=_KIND)
    theirs = manifest.spec["identity"]
    faults = [
        Fault(_WORDS[name], f"{_short(theirs.get(name), mine)} in the checkpoint")
        for name, mine in identity.items()
        if theirs.get(name) != mine
    ]
    if faults:
        raise ArtifactError(
            f"{path} is a checkpoint of another training",
            hint="resume with what it was begun with, or give another folder",
            faults=faults,
        )
    verify_files(path, manifest)
    try:
        now, best, optimiser = (load_file(path / name) for name in (_NOW, _BEST, _OPTIMISER))
    except (OSError, SafetensorError) as err:
        raise ArtifactError(f"{path} cannot be read: {err}") from err
    done = Progressed.from_dict(manifest.spec["progressed"], rank=rank)
    return TrainingState(now, best, optimiser), done


def holds_something(folder: str | PathLike[str]) -> bool:
    """Whether there is anything at a checkpoint's place."""
    path = checked_path(folder)
    return path.exists() and (not path.is_dir() or any(path.iterdir()))


def _short(theirs: Any, mine: Any) -> str:
    if isinstance(theirs, dict) and isinstance(mine, dict):
        keys = sorted(key for key in {*theirs, *mine} if theirs.get(key) != mine.get(key))
        return ", ".join(f"{key} {theirs.get(key)!r}, not {mine.get(key)!r}," for key in keys)
    return f"{theirs!r}, not {mine!r},"
