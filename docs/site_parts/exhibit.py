"""One chart of the gallery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Exhibit:
    """A chart with its name, its function and what to see in it."""

    name: str
    title: str
    function: str
    text: str
    chart: Any
