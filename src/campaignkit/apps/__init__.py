"""The command line: parse, call, print. No logic of its own."""

from __future__ import annotations

__all__: list[str] = []
