"""The main job needs the core alone: every optional library is kept out of the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaignkit.errors import MissingExtra
from campaignkit.extras import require
from first_session import FirstSession, run_without_extras


def test_the_main_job_runs_and_verifies_without_any_extra(first_session: FirstSession) -> None:
    checked = run_without_extras(
        first_session.place,
        *("dataset", "verify", "quickstart/campaigns", "--edges", "quickstart/edges.csv"),
    )

    assert first_session.code == 0, first_session.err
    assert "13,000 campaigns" in first_session.out
    assert "pairwise ordinal" in first_session.out
    assert checked.returncode == 0, checked.stdout


def test_the_other_baselines_say_what_they_need_before_anything_is_trained(tmp_path: Path) -> None:
    asked = run_without_extras(tmp_path, "quickstart", "--all-baselines")

    assert asked.returncode == 2
    assert asked.stderr.endswith(
        "error: --all-baselines needs lightgbm, which is not installed\n"
        '  hint: pip install "campaignkit[boost]"\n'
    )
    assert list(tmp_path.iterdir()) == []


def test_what_needs_an_extra_says_which_line_installs_it(tmp_path: Path) -> None:
    assert run_without_extras(tmp_path, "graph", "build", "starter-27").returncode == 0
    (tmp_path / "spec.yaml").write_text("max_iters: 5\n")

    yaml = run_without_extras(tmp_path, "diagnose", "edges.csv", "--spec", "spec.yaml")

    assert yaml.returncode == 2
    assert yaml.stderr == (
        "error: reading YAML needs yaml, which is not installed\n"
        '  hint: pip install "campaignkit[yaml]"\n'
    )


def test_a_package_that_shares_its_name_with_others_is_missed_by_its_whole_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sharedname" / "other").mkdir(parents=True)
    (tmp_path / "broken_one.py").write_text("import not_there_either\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(MissingExtra, match=r"needs sharedname\.storage, which is not installed"):
        require("sharedname.storage", extra="cloud", user="this test")
    with pytest.raises(ModuleNotFoundError, match="not_there_either"):
        require("broken_one", extra="cloud", user="this test")
