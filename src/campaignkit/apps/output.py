"""Where a command's results go: stdout, as text or JSON, and files that are not trampled."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from campaignkit.errors import ArtifactError
from campaignkit.store import checked_path, kind_of_file


def print_json(value: object) -> None:
    """Print a JSON value; ASCII, so that it survives any console and pipe.

    Examples
    --------
    >>> print_json({"rows": 2})
    {
      "rows": 2
    }
    """
    print(json.dumps(value, indent=2))


def program() -> str:
    """How to call the command line again from here: as it was called.

    Examples
    --------
    >>> isinstance(program(), str)
    True
    """
    script = Path(sys.argv[0])
    if script.stem == "__main__":
        return f"{Path(sys.executable).stem} -m campaignkit"
    found = shutil.which(script.name)
    on_path = found is not None and Path(found).absolute() == script.absolute()
    return script.name if on_path else str(script)


def refuse_existing(path: Path, *, replace: bool) -> None:
    """Raise ArtifactError if a file cannot be put at `path`, or may not be.

    For a file that is written at the end of long or paid work, which must not be lost to this.
    Pipes and devices, such as ``/dev/stdout``, are written to and never replaced.

    Examples
    --------
    >>> refuse_existing(Path("nowhere.csv"), replace=False)
    """
    kind = kind_of_file(checked_path(path))
    if kind not in ("", "a file", "a pipe", "a device"):
        raise ArtifactError(
            f"{path} is {kind}; expected a file name; nothing was written",
            hint="give a file name",
        )
    if not path.parent.is_dir():
        raise ArtifactError(
            f"the folder {path.parent} does not exist; nothing was written",
            hint="make it first, or give another name",
        )
    if kind == "a file" and not replace:
        raise ArtifactError(
            f"{path} is already there; nothing was written",
            hint="give another name, or --replace",
        )
