"""What a killed run left is cleaned up by the next one; what lives, or is not ours, stays."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from campaignkit.store import LeftoverRemoved, atomic_file, atomic_folder, scratch_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no locks of folders there")

WAYS = {
    "a folder": ("atomic_folder({place!r})", "(partial / 'a.txt').write_text('half')"),
    "a file": ("atomic_file({place!r})", "partial.write_text('half')"),
    "a scratch folder": ("scratch_folder()", "(partial / 'a.txt').write_text('half')"),
}
_WAIT = "print('there', flush=True); input()"


def _started(program: str, parent: Path) -> subprocess.Popen[str]:
    """A run that has come as far as the moment in which it is killed."""
    child = subprocess.Popen(
        [sys.executable, "-c", f"from campaignkit.store.atomic import *\n{program}"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"TMPDIR": str(parent)},
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "there\n"
    return child


def _kill(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=60)


@pytest.mark.parametrize("way", WAYS)
def test_the_next_run_of_a_target_removes_what_a_killed_one_left(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, half = WAYS[way]
    place = tmp_path / "out"
    program = f"with {door.format(place=str(place))} as partial:\n  {half}\n  {_WAIT}"
    child = _started(program, tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (left,) = tmp_path.iterdir()
    mine = tmp_path / left.name.replace(left.name.split(".")[-2], "my own")
    mine.mkdir()

    def run() -> None:
        if way == "a scratch folder":
            with scratch_folder():
                pass
        elif way == "a file":
            with atomic_file(place) as partial:
                partial.write_text("whole")
        else:
            with atomic_folder(place, replace=True) as partial:
                (partial / "manifest.json").write_text("whole")

    try:
        run()  # the other lives
        assert left.exists()
    finally:
        _kill(child)
    with pytest.warns(LeftoverRemoved, match="a killed run had left") as told:
        run()

    assert left.name in str(told[0].message)
    assert not left.exists()
    assert mine.exists()


def test_what_was_being_replaced_when_a_run_was_killed_comes_back(tmp_path: Path) -> None:
    place = tmp_path / "out"
    with atomic_folder(place) as partial:
        (partial / "manifest.json").write_text("the first")
    # A run that dies between the two renames: the new folder cannot be moved into place.
    program = f"""
from pathlib import Path
renamed = Path.rename
def rename(self, target):
    if str(target) == {str(place)!r}:
        {_WAIT}
    return renamed(self, target)
Path.rename = rename
with atomic_folder({str(place)!r}, replace=True) as partial:
    (partial / "manifest.json").write_text("the second")
"""
    child = _started(program, tmp_path)
    assert not place.exists()
    _kill(child)

    with (
        pytest.warns(LeftoverRemoved) as told,
        pytest.raises(OSError, match="is not empty"),
        atomic_folder(place),
    ):
        pass

    assert "the old content was restored" in str(told[0].message)
    assert (place / "manifest.json").read_text() == "the first"
    with pytest.warns(LeftoverRemoved), atomic_folder(place, replace=True) as partial:
        (partial / "manifest.json").write_text("the second")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert (place / "manifest.json").read_text() == "the second"
