"""Whether a cache fits where it is to be, asked before it is filled."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import torch

from campaignkit.errors import ClassifierError

_MARGIN = 0.9  # of what is free; the rest is for the training itself


def check_room(num_bytes: int, *, place: str, folder: Path | None, device: Any) -> None:
    """Refuse a cache that is larger than what is free.

    Raises
    ------
    ClassifierError
        With both sizes and the other ways.
    """
    free = _free(place, folder, device)
    if free is not None and num_bytes > _MARGIN * free:
        raise ClassifierError(
            f"the frozen layers' output takes {num_bytes / 1e9:,.1f} GB; "
            f"{free / 1e9:,.1f} GB are free in {place}",
            hint='cache_dtype="bfloat16" halves it, a shared_prompt takes the prompt out of it, '
            'cache_place="disk" moves it, cache_frozen=False does without',
        )


def _free(place: str, folder: Path | None, device: Any) -> int | None:
    if place == "disk":
        start = Path(gettempdir()) if folder is None else folder.absolute().parent
        return shutil.disk_usage(start).free if start.is_dir() else None
    if place == "device" and device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    told = Path("/proc/meminfo")
    if not told.is_file():
        return None
    for line in told.read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None
