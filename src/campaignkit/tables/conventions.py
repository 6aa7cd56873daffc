"""What people and exports write in tables, as data: ``conventions.toml`` and ``columns.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


def conventions(name: str) -> dict[str, Any]:
    """One of the data files in this folder.

    Examples
    --------
    >>> conventions("conventions")["signs"]["€"]
    'EUR'
    """
    file = Path(__file__).with_name(f"{name}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


CONVENTIONS = conventions("conventions")
