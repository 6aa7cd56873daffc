"""Running the command line as a user does, within this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from campaignkit.apps.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


def run_here(arguments: Sequence[str | Path], capsys: pytest.CaptureFixture[str]) -> Ended:
    """Run a command in this process: quick, for most claims."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    code = ended.value.code
    assert isinstance(code, int)
    return Ended(code, said.out, said.err)


def start(arguments: Sequence[str | Path], **options: object) -> subprocess.Popen[str]:
    """Start a command in a process of its own: for signals and pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "campaignkit", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
        **options,  # type: ignore[call-overload]
    )
