"""The frozen layers run once over all rows, and what they give kept for every epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from campaignkit.classify.constrained.token_rows import TokenRows
from campaignkit.classify.training.cache_key import CACHE_KIND, CacheKey, check_key
from campaignkit.classify.training.cache_room import check_room
from campaignkit.classify.training.row_states import (
    PROMPT_FILE,
    STATES_FILE,
    FileStates,
    KeptStates,
    RowStates,
    Tokens,
    prompt_tokens,
)
from campaignkit.classify.training.trainee import Trainee
from campaignkit.progress import Progress
from campaignkit.store import (
    Manifest,
    atomic_folder,
    digest_file,
    read_manifest,
    verify_files,
)


@contextmanager
def kept_states(
    trainee: Trainee,
    rows: TokenRows,
    key: CacheKey,
    *,
    place: str,
    folder: Path | None,
    batch_size: int,
    device: Any,
    autocast: Callable[[], AbstractContextManager[Any]],
    progress: Progress,
) -> Iterator[RowStates]:
    """Run the frozen layers once over all rows and keep what they give.

    Parameters
    ----------
    folder : Path or None
        Where a cache on disk is kept; one that lies there is used if its key is this one.

    Raises
    ------
    ArtifactError
        If the folder holds a cache of another model, cut, prompt, type or other rows, or one that
        was changed since.
    ClassifierError
        If the cache would not fit where it is to be.
    """
    num_bytes = int(rows.offsets[-1]) * key.width * getattr(torch, key.dtype).itemsize
    check_room(num_bytes, place=place, folder=folder, device=device)
    fill = _Fill(trainee, rows, key, batch_size=batch_size, autocast=autocast, progress=progress)
    if place != "disk":
        target = device if place == "device" else torch.device("cpu")
        dtype = getattr(torch, key.dtype)
        states = torch.empty((int(rows.offsets[-1]), key.width), dtype=dtype, device=target)
        for tokens, part in fill.parts():
            states[torch.from_numpy(tokens).to(target)] = part.to(target)
        yield KeptStates(rows, states, fill.prompt(), device)
        return
    if folder is not None:
        _write_or_check(folder, fill)
        yield FileStates(rows, folder, key, device)
        return
    with TemporaryDirectory(prefix="campaignkit-") as temporary:
        kept = Path(temporary, "states")
        _write_or_check(kept, fill)
        yield FileStates(rows, kept, key, device)


class _Fill:
    """One pass of the frozen layers over all rows, those of like length together."""

    def __init__(
        self,
        trainee: Trainee,
        rows: TokenRows,
        key: CacheKey,
        *,
        batch_size: int,
        autocast: Callable[[], AbstractContextManager[Any]],
        progress: Progress,
    ) -> None:
        self.rows, self.key = rows, key
        self._trainee, self._batch_size = trainee, batch_size
        self._autocast, self._progress = autocast, progress
        self._tokens = Tokens(rows)
        self._dtype = getattr(torch, key.dtype)

    def prompt(self) -> Any:
        """Tensor[1, P, hidden] or None."""
        tokens = prompt_tokens(self.rows)
        if tokens is None:
            return None
        with torch.no_grad(), self._autocast():
            return self._trainee.below(tokens, None)[0].to(self._dtype)

    def parts(self) -> Iterator[tuple[NDArray[np.int64], Any]]:
        """Places in the flat array of states, ascending within a row, and the states there."""
        order = np.argsort(self.rows.lengths, kind="stable")
        for start in range(0, len(order), self._batch_size):
            chosen = order[start : start + self._batch_size]
            own, lengths, prompt = self._tokens.batch(chosen)
            with torch.no_grad(), self._autocast():
                hidden = self._trainee.below(own, prompt)[0].to(self._dtype)
            real = torch.arange(own.shape[1])[None] < lengths[:, None]
            spans = [np.arange(*self.rows.offsets[row : row + 2]) for row in chosen]
            yield np.concatenate(spans), hidden[real.to(hidden.device)]
            self._progress.update("frozen layers", start + len(chosen), len(order))


def _write_or_check(folder: Path, fill: _Fill) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        manifest = read_manifest(folder, kind=CACHE_KIND)
        check_key(folder, manifest.spec, fill.key)
        verify_files(folder, manifest)
        return
    with atomic_folder(folder) as partial:
        prompt = fill.prompt()
        if prompt is not None:
            _bytes(prompt).tofile(partial / PROMPT_FILE)
        row_bytes = fill.key.width * getattr(torch, fill.key.dtype).itemsize
        with (partial / STATES_FILE).open("wb") as file:
            for tokens, part in fill.parts():
                _write_runs(file, tokens, _bytes(part).reshape(-1, row_bytes), row_bytes)
        files = sorted(file.name for file in partial.iterdir())
        Manifest(
            kind=CACHE_KIND,
            spec=fill.key.to_dict(),
            files={name: digest_file(partial / name) for name in files},
            counts={"rows": len(fill.rows), "tokens": int(fill.rows.offsets[-1])},
        ).write(partial)


def _write_runs(file: Any, places: NDArray[np.int64], data: Any, row_bytes: int) -> None:
    begins = np.flatnonzero(np.diff(places, prepend=places[0] - 2) != 1)
    for begin, end in zip(begins, [*begins[1:], len(places)], strict=True):
        file.seek(int(places[begin]) * row_bytes)
        file.write(data[begin:end].tobytes())


def _bytes(states: Any) -> NDArray[np.uint8]:
    flat: NDArray[np.uint8] = (
        states.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    )
    return flat
