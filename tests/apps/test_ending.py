"""How commands end when the world interrupts them: signals, closed pipes, a first compile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from campaignkit import Catalogue, TraitScorer, build_graph, diagnose
from command_line import start

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX systems")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """edges.csv, a spec that takes a moment and one that takes hours."""
    folder = tmp_path_factory.mktemp("work")
    graph = build_graph(Catalogue.bundled("starter-27"), scorer=TraitScorer()).graph
    graph.write_csv(folder / "edges.csv")
    ranges = {"brand": (1, 1), "audience": (2, 4), "platform": (1, 2), "geo": (1, 2)}
    spec = diagnose(graph, type_ranges=ranges).suggest({"pos": 20, "neg": 20})
    spec.write(folder / "spec.json")
    told = json.loads((folder / "spec.json").read_bytes())
    told["label_params"]["pos"]["num_samples"] = 2_000_000_000
    (folder / "endless.json").write_text(json.dumps(told))
    return folder


def _stop_in_the_middle(work: Path, out: Path, number: int) -> tuple[int, str]:
    """Start a run that would take hours, stop it when rows are on disk: its code and its words."""
    process = start(
        ["dataset", "generate", work / "edges.csv", work / "endless.json", "--out", out]
    )
    try:
        until = time.monotonic() + 120
        while not any(f.stat().st_size for f in out.parent.glob(".out.*.partial/campaigns.jsonl")):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < until, "no row was written"
            time.sleep(0.02)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    finally:  # a claim that fails must not leave a run of hours behind
        process.kill()
        process.communicate()
    return process.returncode, said


@posix
def test_ctrl_c_leaves_nothing_behind(work: Path, tmp_path: Path) -> None:
    code, said = _stop_in_the_middle(work, tmp_path / "out", signal.SIGINT)

    assert code == 130
    assert said.endswith("stopped; nothing was left half-written\n")
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_polite_kill_leaves_nothing_behind(work: Path, tmp_path: Path) -> None:
    code, said = _stop_in_the_middle(work, tmp_path / "out", signal.SIGTERM)

    assert code == 143
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stop_that_arrives_in_a_finalizer_is_not_lost(number: int, code: int) -> None:
    script = f"""
import signal, sys, time, typer
from campaignkit.apps.ending import run_to_exit_code

signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent may have it ignored

class Finalized:
    def __del__(self):
        signal.raise_signal({int(number)})

app = typer.Typer()

@app.command()
def work_on():
    Finalized()
    time.sleep(60)

sys.exit(run_to_exit_code(app, []))
"""
    started = time.monotonic()

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert time.monotonic() - started < 50


@posix
def test_a_killed_run_leaves_no_folder_that_looks_whole(work: Path, tmp_path: Path) -> None:
    code, _ = _stop_in_the_middle(work, tmp_path / "out", signal.SIGKILL)

    left = [path.name for path in tmp_path.iterdir()]
    again = start(
        ["dataset", "generate", work / "edges.csv", work / "spec.json", "--out", tmp_path / "out"]
    )
    _, said = again.communicate(timeout=120)
    assert code == -signal.SIGKILL
    assert [name for name in left if not name.startswith(".")] == []
    assert not list(tmp_path.glob(".out.*.partial/manifest.json"))
    assert again.returncode == 0, said


@posix
def test_a_reader_that_goes_away_is_no_error(work: Path) -> None:
    process = start(["graph", "compare", work / "edges.csv", work / "edges.csv", "--json"])
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()

    with process.stderr:
        said = process.stderr.read()
    code = process.wait(timeout=60)

    assert said == ""
    assert code in {0, 141}


@pytest.mark.slow
def test_the_first_compile_is_announced_and_only_the_first(work: Path, tmp_path: Path) -> None:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = [
        sys.executable, "-m", "campaignkit", "diagnose", str(work / "edges.csv"),
        "--spec", str(work / "spec.json"),
    ]  # fmt: skip

    said = [
        subprocess.run(command, env=env, capture_output=True, text=True, check=True).stderr
        for _ in range(2)
    ]

    assert said == [
        "campaignkit compiles kernels for this machine, once (a few seconds) ...\n",
        "",
    ]


def test_a_name_that_the_console_cannot_show_is_spelled_out(tmp_path: Path) -> None:
    edges = "source,target,rel,sign\nMoët & Chandon,日本,brand_to_geo,+\n"
    other = "source,target,rel,sign\nNike,Peru,brand_to_geo,+\n"
    (tmp_path / "a.csv").write_text(edges, encoding="utf-8")
    (tmp_path / "b.csv").write_text(other, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "campaignkit", "graph", "compare", "a.csv", "b.csv"],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert r"Mo\xebt & Chandon" in done.stdout
