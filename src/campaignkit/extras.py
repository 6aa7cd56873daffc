"""Optional dependencies: import one at first use, or say in one line how to install it."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType
from typing import Any

from campaignkit.errors import CampaignkitError, MissingExtra

FRAMES = {"pandas": "frames", "polars": "polars", "pyarrow": "tables"}  # library -> extra


def require(module: str, *, extra: str, user: str) -> ModuleType:
    """Import an optional module, or say what needs it and which command installs it.

    Parameters
    ----------
    module : str
        Dotted name, such as ``"pyarrow.parquet"``.
    extra : str
        The extra of campaignkit that brings it.
    user : str
        What needs it, in the reader's words (``"writing Parquet"``).

    Raises
    ------
    MissingExtra
        If the module is not installed. A module that is installed but broken raises its own
        error, unchanged: reinstalling an extra would not help.

    Examples
    --------
    >>> require("json", extra="tables", user="this example").__name__
    'json'
    """
    absent = module.split(".", maxsplit=1)[0]
    if importlib.util.find_spec(absent) is not None:
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as err:  # several packages share a name such as google
            absent = err.name or ""
            if absent != module and not module.startswith(f"{absent}."):
                raise
    raise MissingExtra(
        f"{user} needs {absent}, which is not installed",
        hint=f'pip install "campaignkit[{extra}]"',
    )


def frame_library(backend: str | None, *, error: type[CampaignkitError]) -> Any:  # narwhals' name
    """The library to make a data frame with: `backend`, or the first that is installed.

    Raises
    ------
    error
        If the backend is none of pandas, polars and pyarrow.
    MissingExtra
        If it is not installed.

    Examples
    --------
    >>> frame_library("pyarrow", error=CampaignkitError)
    'pyarrow'
    """
    chosen = backend or next(filter(importlib.util.find_spec, FRAMES), "pandas")
    if chosen not in FRAMES:
        raise error(f"backend is {backend!r}; expected one of {', '.join(FRAMES)}")
    require(chosen, extra=FRAMES[chosen], user=f"a {chosen} frame")
    return chosen
