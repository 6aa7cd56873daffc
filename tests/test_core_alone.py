"""The main job needs the core alone: every optional library is kept out of the way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WITHOUT_EXTRAS = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    names = {
        "pandas", "polars", "pyarrow", "duckdb", "yaml", "dask", "distributed", "torch", "sklearn",
        "lightgbm", "transformers", "google", "openai", "tokenizers", "safetensors", "altair",
        "streamlit", "fastapi", "uvicorn", "umap", "hdbscan", "peft", "ibis",
    }

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    def invalidate_caches(self):
        pass

import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: (
    None if name.partition(".")[0] in Absent.names else found(name, *rest))
sys.meta_path.insert(0, Absent())
from campaignkit.apps.cli import main
main(sys.argv[1:])
"""


def _run(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS, *words],
        cwd=place, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


def test_the_main_job_runs_and_verifies_without_any_extra(tmp_path: Path) -> None:
    made = _run(tmp_path, "quickstart")
    checked = _run(
        tmp_path, "dataset", "verify", "quickstart/campaigns", "--edges", "quickstart/edges.csv"
    )

    assert made.returncode == 0, made.stderr
    assert "13,000 campaigns" in made.stdout
    assert "pairwise ordinal" in made.stdout
    assert checked.returncode == 0, checked.stdout


def test_the_other_baselines_say_what_they_need_before_anything_is_trained(tmp_path: Path) -> None:
    asked = _run(tmp_path, "quickstart", "--all-baselines")

    assert asked.returncode == 2
    assert asked.stderr.endswith(
        "error: --all-baselines needs lightgbm, which is not installed\n"
        '  hint: pip install "campaignkit[boost]"\n'
    )
    assert list(tmp_path.iterdir()) == []


def test_what_needs_an_extra_says_which_line_installs_it(tmp_path: Path) -> None:
    assert _run(tmp_path, "graph", "build", "starter-27").returncode == 0
    (tmp_path / "spec.yaml").write_text("max_iters: 5\n")

    yaml = _run(tmp_path, "diagnose", "edges.csv", "--spec", "spec.yaml")

    assert yaml.returncode == 2
    assert yaml.stderr == (
        "error: reading YAML needs yaml, which is not installed\n"
        '  hint: pip install "campaignkit[yaml]"\n'
    )
