"""The frozen layers run once over all rows, and what they give kept for every epoch."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from campaignkit.classify.llm.config import TrainingConfig
from campaignkit.classify.llm.forward import LabelModel
from campaignkit.classify.llm.labels import TokenRows
from campaignkit.errors import ArtifactError, ClassifierError, Fault
from campaignkit.progress import Progress

_KIND, _FILE = "frozen-states", "states.bin"
_MARGIN = 0.9  # of what is free; the rest is for the training itself
_IDLE_SETTINGS = ("_name_or_path", "architectures", "id2label", "label2id", "dtype")
# All that the frozen layers' output depends on, so that stale states are never used.
_KEY_WORDS = {
    "weights": "the frozen weights",
    "config": "the model's settings",
    "cut": "the number of frozen layers",
    "prompt": "the shared prompt",
    "rows": "the rows",
    "dtype": "the type of the states",
    "precision": "the precision",
}


class FrozenStates:
    """The states at the cut of a shared prompt and all rows, one after the other.

    Parameters
    ----------
    model : LabelModel
        With its cut set.
    rows : TokenRows
    config : TrainingConfig
    name : str
        Of these rows in a cache's folder.
    stack : ExitStack
        Removes a temporary folder when the training ends.

    Raises
    ------
    ArtifactError
        If a folder contains states of another model, cut, prompt, type or other rows, or some that
        were changed since.
    ClassifierError
        If the states would not fit where they are to be.
    """

    def __init__(
        self,
        model: LabelModel,
        rows: TokenRows,
        config: TrainingConfig,
        *,
        name: str,
        stack: ExitStack,
        progress: Progress | None,
    ) -> None:
        table = model.decoder.embed_tokens.weight
        own_type = str(table.dtype).removeprefix("torch.")
        self._dtype = getattr(torch, config.cache_dtype or own_type)
        self._model, self._rows, self._config = model, rows, config
        self._progress = progress
        self.lengths, self._starts = rows.lengths, rows.offsets + len(rows.prompt)
        self._shape = int(self._starts[-1]), table.shape[1]
        self.num_bytes = self._shape[0] * self._shape[1] * self._dtype.itemsize
        self._check_room()
        self._flat: Any = None  # Tensor[P + total, hidden]
        if config.cache_place == "disk":
            self._open(name, stack)
        else:
            place = model.device if config.cache_place == "device" else "cpu"
            self._fill(torch.empty(self._shape, dtype=self._dtype, device=place))

    def batch(self, rows: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """``own, lengths, prompt`` of the rows; at padding, rubbish that nobody reads."""
        lengths, num = self.lengths[rows], len(self._rows.prompt)
        places = np.minimum(
            self._starts[rows][:, None] + np.arange(lengths.max()), self._shape[0] - 1
        )
        own = self._flat[torch.from_numpy(places).to(self._flat.device)]
        prompt = self._flat[None, :num].to(self._model.device) if num else None
        return own.to(self._model.device), torch.from_numpy(lengths), prompt

    def _fill(self, flat: Any) -> None:
        """Run the frozen layers over all rows, those of like length together."""
        prompt = self._rows.batch(np.zeros(1, np.int64))[2]
        if prompt is not None:
            flat[: prompt.shape[1]] = self._below(prompt, None)[0].to(flat.device)
        order = np.argsort(self.lengths, kind="stable")
        for start in range(0, len(order), self._config.batch_size):
            chosen = order[start : start + self._config.batch_size]
            own, lengths, prompt = self._rows.batch(chosen)
            states = self._below(own, prompt).to(flat.device)
            for row, num, found in zip(chosen, lengths.tolist(), states, strict=True):
                flat[self._starts[row] : self._starts[row] + num] = found[:num]
            if self._progress:
                self._progress.update("frozen layers", start + len(chosen), len(order))
        self._flat = flat

    def _below(self, own: Any, prompt: Any) -> Any:
        with autocast(self._model.device, self._config.precision):
            return self._model.frozen_states(own, prompt)[0].to(self._dtype)

    def _check_room(self) -> None:
        place, free = self._config.cache_place, _free_bytes(self._config, self._model.device)
        if free is not None and self.num_bytes > _MARGIN * free:
            raise ClassifierError(
                f"the frozen layers' output takes {self.num_bytes / 1e9:,.1f} GB; "
                f"{free / 1e9:,.1f} GB are free in {place}",
                hint='cache_dtype="bfloat16" halves it, a shared prompt needs less of it, '
                'cache_place="disk" moves it, cache_frozen=False uses no cache',
            )

    def _open(self, name: str, stack: ExitStack) -> None:
        """Write the states into a folder, or use those there if they are of this key."""
        from campaignkit.store import (
            Manifest,
            atomic_folder,
            digest_file,
            read_manifest,
            scratch_folder,
            verify_files,
        )

        kept = self._config.cache_folder
        root = kept or stack.enter_context(scratch_folder())
        folder, key = Path(root, name), self._key() if kept else {}
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            told = f"the cache_folder {root} cannot be made: {err.strerror}"
            raise ArtifactError(told, hint="give another folder") from err
        if folder.is_dir() and any(folder.iterdir()):
            manifest = read_manifest(folder, kind=_KIND)
            check_same(
                manifest.spec, key, _KEY_WORDS,
                f"{folder} contains the frozen layers' output of another training",
                hint="give another cache_folder, or remove this one",
            )  # fmt: skip
            verify_files(folder, manifest)
            self._flat = self._mapped(folder / _FILE)
            return
        with atomic_folder(folder) as partial:
            self._fill(self._mapped(partial / _FILE))
            files = {_FILE: digest_file(partial / _FILE)}
            counts = {"rows": len(self.lengths), "tokens": self._shape[0]}
            Manifest(kind=_KIND, spec=key, files=files, counts=counts).write(partial)

    def _mapped(self, path: Path) -> Any:
        """A file as a tensor; what is written goes to the disk."""
        num = self._shape[0] * self._shape[1]
        flat = torch.from_file(str(path), shared=True, size=num, dtype=self._dtype)
        return flat.reshape(self._shape)

    def _key(self) -> dict[str, Any]:
        decoder, cut = self._model.decoder, self._model.cut
        settings = decoder.config.to_dict() | {"attention": decoder.config._attn_implementation}
        frozen = [("embed_tokens", decoder.embed_tokens.weight)]
        frozen += torch.nn.ModuleList(list(decoder.layers)[:cut]).named_parameters()
        return {
            **self._rows.digests(),
            "weights": digest_weights(frozen),
            "config": {n: repr(settings[n]) for n in sorted({*settings} - {*_IDLE_SETTINGS})},
            "cut": cut,
            "dtype": str(self._dtype).removeprefix("torch."),
            "precision": self._config.precision,
        }


def autocast(device: Any, precision: str) -> Any:
    """The arithmetic of a precision, as a context."""
    dtype = torch.float16 if precision == "fp16" else torch.bfloat16
    return torch.autocast(device.type, dtype=dtype, enabled=precision != "fp32")


def digest_weights(named: Iterable[tuple[str, Any]]) -> str:
    """``"sha256:..."`` of names, types, shapes and bytes of tensors, in the order given."""
    hasher = hashlib.sha256()
    for name, weight in named:
        hasher.update(f"{name}:{weight.dtype}:{tuple(weight.shape)};".encode())
        flat = weight.detach().cpu().contiguous().reshape(-1)
        hasher.update(flat.view(torch.uint8).numpy() if flat.numel() else b"")
    return "sha256:" + hasher.hexdigest()


def check_same(
    found: Mapping[str, Any],
    expected: Mapping[str, Any],
    words: Mapping[str, str],
    message: str,
    *,
    hint: str,
) -> None:
    """Refuse what was kept of something else.

    Raises
    ------
    ArtifactError
        With everything that differs, in `words`.
    """
    faults = [
        Fault(words[name], _difference(found.get(name), now))
        for name, now in expected.items()
        if found.get(name) != now
    ]
    if faults:
        raise ArtifactError(message, hint=hint, faults=faults)


def _difference(kept: Any, now: Any) -> str:
    if isinstance(kept, dict) and isinstance(now, dict):
        keys = sorted(key for key in {*kept, *now} if kept.get(key) != now.get(key))
        return ", ".join(f"{key} {_difference(kept.get(key), now.get(key))}" for key in keys)
    return f"{kept!r} kept, {now!r} now"


def _free_bytes(config: TrainingConfig, device: Any) -> int | None:
    """Free space in the place of the states, where it can be known."""
    if config.cache_place == "disk":
        folder = config.cache_folder
        start = Path(gettempdir()) if folder is None else Path(folder).absolute().parent
        return shutil.disk_usage(start).free if start.is_dir() else None
    if config.cache_place == "device" and device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    told = Path("/proc/meminfo")
    lines = told.read_text(encoding="ascii").splitlines() if told.is_file() else []
    available = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    return available[0] * 1024 if available else None
