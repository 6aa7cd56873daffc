"""An environment as a fresh install leaves it: the core, and the extras that are asked for."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Collection, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent


def run_in_core(
    place: Path, *words: str, extras: Collection[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run Python with these words in `place`, where nothing but the core and the extras is there.

    Nothing is downloaded: of what is installed here, those packages alone are on the path.
    """
    path = os.pathsep.join([str(ROOT / "src"), str(_site(tuple(sorted(extras))))])
    return subprocess.run(
        [sys.executable, "-S", *words], cwd=place, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, check=False, timeout=1000,
    )  # fmt: skip


@cache
def _site(extras: tuple[str, ...]) -> Path:
    """A folder of links to what an install of the core and these extras leaves."""
    site = Path(tempfile.mkdtemp(prefix="fresh_core_"))
    atexit.register(shutil.rmtree, site)
    for distribution in _closure(extras):
        for top in {file.parts[0] for file in distribution.files or ()}:
            link = site / top
            if top not in {"..", "__pycache__"} and not top.endswith(".pth") and not link.exists():
                link.symlink_to(Path(str(distribution.locate_file(top))))
    return site


def _closure(extras: tuple[str, ...]) -> Iterator[metadata.Distribution]:
    """What the core and these extras need, by pyproject.toml and by what those packages need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = {name: list(map(Requirement, needs)) for name, needs in
                project["optional-dependencies"].items()}  # fmt: skip
    needs = [(need, "") for need in map(Requirement, project["dependencies"])]
    needs += [(need, "") for extra in extras for need in optional[extra]]
    seen: set[str] = set()
    while needs:
        need, extra = needs.pop()
        met = need.marker is None or need.marker.evaluate({"extra": extra})
        if not met or str(need) in seen:
            continue
        seen.add(str(need))
        if need.name == "campaignkit":  # an extra that another one includes
            needs += [(inner, "") for name in need.extras for inner in optional[name]]
            continue
        distribution = metadata.distribution(need.name)
        yield distribution
        inner_needs = [Requirement(text) for text in distribution.requires or ()]
        needs += [(inner, name) for inner in inner_needs for name in need.extras or {""}]
